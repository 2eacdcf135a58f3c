"""Address books through the product: read and brought in as ``kith contacts import`` does it, one file at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from daemon.service.importing import read_paths
from tests.corpus.files import Sample
from tests.corpus.installation import GivenUp, Installation, timed, told
from tests.corpus.report import Row, Tally


def feed(kind: str, books: Sequence[Sample], root: Path, work: Path, template: Path) -> Tally:
    """All files of one kind into one address book, then once more: the second time changes nothing."""
    tally = Tally(kind, len(books))
    installation = Installation(work / "state", template)
    for sample in books:
        path = root / sample.path
        try:
            batches, reading = timed(partial(read_paths, [path]))
            _, taking = timed(partial(installation.take, batches))
        except (Exception, GivenUp) as error:
            tally.crashed[sample.path] = told(error)
            continue
        tally.seconds[sample.path] = reading + taking
        for batch in batches:
            for card in batch.cards:
                rest = ", ".join(card.addresses[1:])
                first = card.addresses[0] if card.addresses else card.name
                when = next((d.when for d in card.dates if d.kind == "birthday"), "")
                tally.rows.append(Row(kind, sample.path, card.record_id, first, rest, when, "person"))
            for broken in batch.broken:
                _, _, place = broken.item_id.partition(": ")
                tally.quarantine(sample.path, broken.reason if place == "file" else f"{place}: {broken.reason}")
                tally.rows.append(Row(kind, sample.path, broken.item_id, quarantined=broken.reason))
    first = _people(installation)
    if books and not tally.crashed:
        for sample in books:
            installation.take(read_paths([root / sample.path]))
        if _people(installation) != first:
            tally.wrong.append(f"importing the {kind} files once more changed the address book")
    tally.notes.append(f"{len(installation.rows('contact'))} people, {len(installation.rows('address'))} addresses")
    installation.close()
    return tally


def _people(installation: Installation) -> dict[str, list[str]]:
    return {
        name: sorted(
            repr({k: v for k, v in r._mapping.items() if not k.endswith("_at")}) for r in installation.rows(name)
        )
        for name in ("contact", "contact_source", "contact_date", "address")
    }
