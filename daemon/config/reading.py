"""Reading tables of a TOML file key by key, collecting every mistake instead of stopping at the first."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from daemon.config.errors import ConfigError, Problem
from daemon.config.values import NotAllowed, Reader

T = TypeVar("T")

_HEADER = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")

Key = tuple[str, ...]


def line_numbers(source: str) -> dict[Key, int]:
    """Where each key and table is named (from 1). Good for people's files; never decides anything."""
    found: dict[Key, int] = {}
    section: Key = ()
    quote = ""
    for number, line in enumerate(source.splitlines(), 1):
        if not quote:
            if header := _HEADER.match(line):
                section = _parts(header[1])
                found.setdefault(section, number)
            elif key := _KEY.match(line):
                found.setdefault(section + _parts(key[1]), number)
        for mark in ('"""', "'''"):  # inside a text of several lines nothing is a key
            if quote in ("", mark) and line.count(mark) % 2:
                quote = "" if quote else mark
    return found


def _parts(dotted: str) -> Key:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def dotted(key: Key) -> str:
    """A key path as it is written in TOML."""
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"' for part in key)


class Problems:
    """The mistakes of one file."""

    def __init__(self, path: Path, lines: Mapping[Key, int]) -> None:
        self.path = path
        self._lines = lines
        self._found: list[Problem] = []
        self.asked: set[Key] = set()  # every key this version reads; a test holds the example file against it

    def add(self, key: Key, what: str) -> None:
        """Note a mistake."""
        line = next((self._lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in self._lines), 0)
        self._found.append(Problem(dotted(key), what, line))

    def raise_if_any(self) -> None:
        """Tell them all, in the file's order.

        Raises:
            ConfigError: there are any.
        """
        if self._found:
            raise ConfigError(self.path, tuple(sorted(self._found, key=lambda p: p.line)))


class Section:
    """One table of the file. What is not asked for until `finish` is unknown."""

    def __init__(self, problems: Problems, key: Key, table: object) -> None:
        self.key = key
        self._problems = problems
        self._known: set[str] = set()
        self._table: Mapping[str, object] = {}
        if isinstance(table, dict):
            self._table = table
        elif table is not None:
            problems.add(key, f"is {shown(table)}; allowed is a table: [{dotted(key)}]")

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def names(self) -> list[str]:
        """The keys found."""
        return list(self._table)

    def knows(self, names: Iterable[str]) -> None:
        """Say that these keys are read elsewhere."""
        for name in names:
            self._know(name)

    def _know(self, name: str) -> None:
        self._known.add(name)
        self._problems.asked.add((*self.key, name))

    def raw(self, name: str) -> object:
        """A value as it stands, None where there is none."""
        self._know(name)
        return self._table.get(name)

    def get(self, name: str, reader: Reader[T], default: T) -> T:
        """A value, or the default where there is none or a wrong one (which is noted)."""
        found = self.maybe(name, reader)
        return default if found is None else found

    def maybe(self, name: str, reader: Reader[T]) -> T | None:
        """A value, or None where there is none or a wrong one (which is noted)."""
        value = self.raw(name)
        if value is None:
            return None
        try:
            return reader(value)
        except NotAllowed as e:
            self.problem(name, f"is {shown(value)}; allowed is {e}")
            return None

    def require(self, name: str, why: str) -> None:
        """Note it as a mistake if the key is not there."""
        if name not in self._table:
            self.problem(name, f"is missing: {why}")

    def table(self, name: str) -> Section:
        """A table inside this one; an empty one where there is none."""
        return Section(self._problems, (*self.key, name), self.raw(name))

    def tables(self, name: str) -> list[Section]:
        """The tables of a list of them (TOML's ``[[name]]``); none where there is none."""
        found = self.raw(name)
        if found is not None and not isinstance(found, list):
            self.problem(name, f"is {shown(found)}; allowed are tables: [[{dotted((*self.key, name))}]]")
            return []
        return [Section(self._problems, (*self.key, name), each) for each in found or ()]

    def problem(self, name: str, what: str) -> None:
        """Note a mistake at one of the keys."""
        self._problems.add((*self.key, name), what)

    def whole(self, what: str) -> None:
        """Note a mistake of the table itself."""
        self._problems.add(self.key, what)

    def finish(self) -> None:
        """Note every key nobody asked for, with the nearest known one."""
        for name in self._table:
            if name not in self._known:
                self.problem(name, f"is not known here.{nearest(name, self._known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The sentence that names the nearest known key, or all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f" Did you mean {near[0]}?" if near else f" Known are {', '.join(names)}."


def shown(value: object) -> str:
    """What was found, short enough for a sentence."""
    if isinstance(value, dict):
        return "a table"
    text = str(value).lower() if isinstance(value, bool) else f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
