"""What became of every sample: counted, written to a table, held against the list in docs/CORPUS.md."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 2.0
"""Seconds one file may take, of the processor's time (the machine may be busy with other things)."""

COLUMNS = ("kind", "path", "identity", "from", "to", "date", "verdict", "rule", "quarantined")


@dataclass(frozen=True, slots=True)
class Row:
    """One message, one instance of an event, or one person. Addresses are normalised, ``date`` is UTC.

    ``verdict`` is ``counted``, ``not counted``, ``person`` or "" (nothing came of it); ``quarantined`` the reason.
    """

    kind: str
    path: str
    identity: str = ""
    sender: str = ""
    to: str = ""
    date: str = ""
    verdict: str = ""
    rule: str = ""
    quarantined: str = ""


@dataclass
class Tally:
    """The outcome of one kind. ``wrong`` are broken promises that are no crash: a row for a stranger, say."""

    kind: str
    files: int = 0
    rows: list[Row] = field(default_factory=list)
    quarantined: dict[str, str] = field(default_factory=dict)  # path -> reason
    crashed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def consumed(self) -> int:
        """Files read, whether anything came of them or not."""
        return self.files - len(self.quarantined.keys() | self.crashed.keys())

    @property
    def slow(self) -> dict[str, float]:
        """Files beyond the limit."""
        return {path: s for path, s in self.seconds.items() if s > LIMIT}

    def quarantine(self, path: str, reason: str) -> None:
        """Note why something in a file could not be read; several reasons of one file are all kept."""
        known = self.quarantined.get(path, "")
        if reason not in known.split("; "):
            self.quarantined[path] = f"{known}; {reason}" if known else reason

    @property
    def good(self) -> bool:
        """Whether every promise held."""
        return not (self.crashed or self.slow or self.wrong)


def lines(tallies: Iterable[Tally]) -> list[str]:
    """The report for people."""
    out = []
    for t in tallies:
        slowest = max(t.seconds, key=t.seconds.__getitem__, default="")
        out.append(
            f"{t.kind}: {t.files} read, {t.consumed} consumed, {len(t.quarantined)} quarantined, "
            f"{len(t.crashed)} crashed; slowest {t.seconds.get(slowest, 0):.3f} s ({slowest or 'none'})"
        )
        out += [f"  {note}" for note in t.notes]
        out += [f"  quarantined {path}: {reason}" for path, reason in sorted(t.quarantined.items())]
        out += [f"  CRASHED {path}: {why}" for path, why in sorted(t.crashed.items())]
        out += [f"  TOO SLOW {path}: {seconds:.1f} s" for path, seconds in sorted(t.slow.items())]
        out += [f"  WRONG {what}" for what in t.wrong]
    return out


def write_table(path: Path, tallies: Iterable[Tally]) -> None:
    """corpus.tsv: one row a message, instance or person, to be compared with what other parsers make of it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, lineterminator="\n")
        table.writerow(COLUMNS)
        for t in tallies:
            for r in t.rows:
                cells = (r.kind, r.path, r.identity, r.sender, r.to, r.date, r.verdict, r.rule, r.quarantined)
                table.writerow([re.sub(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]", " ", cell) for cell in cells])


_ENTRY = re.compile(r"^\| (\w+) \| `([^`]+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def compare_with_list(document: Path, tallies: Iterable[Tally]) -> list[str]:
    """What the list of quarantined files (kind, file, reason, why that is right) says otherwise than was seen."""
    listed = {(kind, path): reason for kind, path, reason, _ in _ENTRY.findall(document.read_text("utf-8"))}
    seen = {(t.kind, path): reason.replace("|", "/") for t in tallies for path, reason in t.quarantined.items()}
    wrong = [f"{document.name} does not list {kind} {path}: {seen[kind, path]}" for kind, path in seen.keys() - listed]
    wrong += [f"{document.name} lists {kind} {path}, which was read" for kind, path in listed.keys() - seen.keys()]
    wrong += [
        f"{document.name} gives another reason for {kind} {path}: it was {seen[kind, path]!r}"
        for kind, path in listed.keys() & seen.keys()
        if listed[kind, path] != seen[kind, path]
    ]
    return sorted(wrong)
