"""Mistakes in the configuration, told all together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from daemon.core.errors import UserMistake


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is (dotted key path, line from 1 or 0 where not known), what was found, what is allowed."""

    key: str
    what: str
    line: int = 0

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.key} {self.what}".strip()


class ConfigError(UserMistake):
    """The configuration cannot be used. ``problems`` holds every mistake found."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.path = path
        self.problems = problems
        if len(problems) == 1:
            text = f"The configuration {path} has a mistake: {problems[0]}"
        else:
            text = f"The configuration {path} has {len(problems)} mistakes:"
            text += "".join(f"\n  {problem}" for problem in problems)
        super().__init__(text)
