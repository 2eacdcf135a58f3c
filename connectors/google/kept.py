"""Small things kept between runs in the account's own folder: each a file of JSON, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


def read(path: Path) -> Any:
    """What was kept.

    Raises:
        OSError, ValueError: nothing was, or it cannot be read.
    """
    return json.loads(path.read_text("utf-8"))


def write(path: Path, value: object) -> None:
    """Keep it in place of what was kept before.

    Raises:
        OSError: the disk is full, or may not be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(value), "utf-8")
    temporary.replace(path)
