"""``kith`` as it is, but one function waits before it begins (or after it has ended) until it is told to go on.

``python -m tests.support.paused MODULE:NAME before|after FOLDER [kith's arguments]``: at the function's first call a
byte comes out of the pipe ``FOLDER/reached``; the call goes on when one is put into ``FOLDER/go``. So a test stops a
real process at a place of its choice, without waiting for the right moment.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
from pathlib import Path
from typing import Any


def pipes(folder: Path) -> None:
    """The two pipes, made by the test before it starts the process."""
    folder.mkdir()
    os.mkfifo(folder / "reached")
    os.mkfifo(folder / "go")


def plant(target: str, when: str, folder: Path) -> None:
    """Put the pause in place."""
    module_name, _, path = target.partition(":")
    owner: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    real = getattr(owner, name)
    passed: list[bool] = []

    def pause() -> None:
        if not passed:
            passed.append(True)
            (folder / "reached").write_bytes(b"!")
            (folder / "go").read_bytes()

    @functools.wraps(real)
    def paused(*args: Any, **more: Any) -> Any:
        if when == "before":
            pause()
        result = real(*args, **more)
        if when == "after":
            pause()
        return result

    setattr(owner, name, paused)


if __name__ == "__main__":
    plant(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    from daemon.cli.main import main

    main(sys.argv[4:])
