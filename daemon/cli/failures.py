"""A failure nobody foresaw: one sentence for the user, the place in the code for whoever mends it."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.cli.context import Ctx


def describe(error: Exception, kith: Ctx) -> str:
    """The sentence for the user. Where it happened is kept in `errors.log` of the state folder.

    Only file, line and function are kept: an exception's text may quote a letter or an address.
    """
    what = type(error).__name__
    try:
        folder = _state(kith)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = folder / "errors.log"
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
            file.write(f"{kith.now():%Y-%m-%d %H:%M:%S} UTC {what}\n{_frames(error)}\n")
    except OSError:
        return f"Something went wrong inside kith ({what}). KITH_DEBUG=1 shows where."
    return f"Something went wrong inside kith ({what}). Where is noted in {log}; KITH_DEBUG=1 shows it here."


def _state(kith: Ctx) -> Path:
    settings = kith.__dict__.get("settings")  # only if it was loaded: the mistake may lie in loading it
    if settings is not None:
        return Path(settings.state)
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "kithd"


def _frames(error: BaseException) -> str:
    lines = []
    link: BaseException | None = error
    while link is not None:
        lines.append(f"  {type(link).__name__}")
        lines += [f"    {f.filename}:{f.lineno} in {f.name}" for f in traceback.extract_tb(link.__traceback__)]
        link = link.__cause__ or link.__context__
    return "\n".join(lines)
