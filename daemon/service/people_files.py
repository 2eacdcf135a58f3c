"""People in files and folders: which reader is for which file, and what several files say together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from daemon.core.errors import UserMistake
from daemon.core.model import Broken, Card
from daemon.core.names import compatible
from daemon.core.people import global_id
from daemon.formats.plain_people import looks_plain

SUFFIXES = frozenset({".vcf", ".vcard", ".csv"})
"""What is read of a folder."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The people of one file. ``source`` names the kind of file, never its path: it may move."""

    source: str
    cards: Sequence[Card]
    broken: Sequence[Broken] = ()


def read_paths(paths: Iterable[Path]) -> list[Batch]:
    """The people in these files and folders (searched through for .vcf, .vcard and .csv). Touches no store.

    Raises:
        UserMistake: a path does not exist or cannot be read.
    """
    batches: list[Batch] = []
    for path in paths:
        if not path.exists():
            raise UserMistake(f"There is no file or folder {path}.")
        files = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if path.is_dir() and not files:
            raise UserMistake(f"{path} holds no .vcf, .vcard or .csv file.")
        for file in files:
            try:
                batches.append(_read_file(file))
            except OSError as e:
                if not path.is_dir():
                    raise UserMistake(f"{file} cannot be read ({e.strerror}).") from None
                batches.append(Batch("", (), (Broken(file.name, f"It cannot be read ({e.strerror})."),)))
    return _joined(batches)


def _read_file(path: Path) -> Batch:
    data = path.read_bytes()
    # Looked at by content, not by suffix; UTF-16 has a zero byte after each ASCII letter.
    if b"BEGIN:VCARD" in data.replace(b"\0", b"").upper() or path.suffix.lower() in (".vcf", ".vcard"):
        from daemon.formats.vcard import read_cards

        source = "vcard"
        cards, broken = read_cards(data)
        if not cards and not broken:
            broken = [Broken("file", "No vCard was found in it.")]
    elif looks_plain(data):
        from daemon.formats.plain_people import read_lines

        source = "list"
        cards, broken = read_lines(data)
    else:
        from daemon.formats.contact_csv import read_csv

        source, cards, broken = read_csv(data)
    return Batch(source, cards, [replace(b, item_id=f"{path.name}: {b.item_id}") for b in broken])


def _joined(batches: Sequence[Batch]) -> list[Batch]:
    """One batch a source: a folder holds one vCard a file, and what they share must be seen together."""
    by_source: dict[str, tuple[dict[str, Card], list[Broken]]] = {}
    for batch in batches:
        cards, broken = by_source.setdefault(batch.source, ({}, []))
        for card in batch.cards:
            record, n = card.record_id, 1
            while record in cards and not _same_person(cards[record], card):
                n += 1
                record = f"{card.record_id}#{n}"
            cards[record] = replace(card, record_id=record)
        broken += batch.broken
    return [Batch(source, list(cards.values()), broken) for source, (cards, broken) in by_source.items()]


def _same_person(a: Card, b: Card) -> bool:
    return bool(global_id(a.record_id)) or compatible(a.name, b.name) or bool(set(a.addresses) & set(b.addresses))
