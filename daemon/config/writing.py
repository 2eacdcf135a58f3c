"""Writing a first configuration file: the little TOML that `kith init` needs."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from daemon.core.errors import UserMistake

Value = str | bool | int | Sequence[str]


def to_toml(tables: Mapping[str, Mapping[str, Value]], heading: str) -> str:
    """Tables of plain values as TOML. ``heading`` becomes comment lines."""
    parts = ["".join(f"# {line}\n" for line in heading.splitlines())]
    for name, table in tables.items():
        parts.append(f"[{name}]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in table.items()))
    return "\n".join(parts)


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped as well.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return "[" + ", ".join(_value(entry) for entry in value) + "]"


def write_new(path: Path, text: str) -> None:
    """Write a file for the user's eyes only; the folder is made.

    Raises:
        UserMistake: there is one already (it stays as it is), or it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise UserMistake(f"The folder {path.parent} cannot be made: {e.strerror}.") from None
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserMistake(
            f"There is {path} already; it stays as it is. Edit it, or name another by --config."
        ) from None
    except OSError as e:
        raise UserMistake(f"{path} cannot be written: {e.strerror}.") from None
