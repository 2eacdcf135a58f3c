"""The head of a text file: TOML between ``+++`` lines, or ``name: value`` lines between ``---``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from daemon.core.errors import UserMistake
from daemon.core.plain import one_line


def split(raw: str, path: Path) -> tuple[Mapping[str, object], str]:
    """What the head says, by name, and the text below it; a text without a head has none.

    Raises:
        UserMistake: the head cannot be read; the sentence names the file and says what is allowed.
    """
    first, _, rest = raw.lstrip("\n").partition("\n")
    fence = first.strip()
    if fence not in ("+++", "---"):
        return {}, raw
    head, found, text = _at_fence(rest, fence)
    if not found:
        raise UserMistake(f"{path}: its head begins with {fence} and never ends; close it with another {fence}.")
    if fence == "---":
        return _plain_pairs(head, path), text
    try:
        return tomllib.loads(head), text
    except tomllib.TOMLDecodeError as e:
        raise UserMistake(f"{path}: its head is no valid TOML: {one_line(str(e))}.") from None


def _at_fence(rest: str, fence: str) -> tuple[str, bool, str]:
    lines = rest.split("\n")
    for i, line in enumerate(lines):
        if line.strip() == fence:
            return "\n".join(lines[:i]), True, "\n".join(lines[i + 1 :])
    return rest, False, ""


def _plain_pairs(head: str, path: Path) -> Mapping[str, object]:
    pairs: dict[str, object] = {}
    last = ""
    for number, line in enumerate(head.split("\n"), start=2):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        if stripped.startswith("- ") and last:  # a list, an item a line
            pairs[last] = ", ".join(filter(None, (str(pairs[last]), bare(stripped[2:]))))
            continue
        key, colon, value = stripped.partition(":")
        if not colon:
            raise UserMistake(f"{path}, line {number}: “{one_line(stripped, 60)}” is not “name: value”.")
        last = key.strip()
        pairs[last] = bare(value)
    return pairs


def bare(value: str) -> str:
    """A value without the blanks and quotation marks around it."""
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
