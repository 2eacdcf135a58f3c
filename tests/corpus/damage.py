"""Bytes nobody should be sent, and every door they could come in by.

``python -m tests.corpus.damage DIR ROUNDS`` damages the files of a corpus at random for as long as one likes.
"""

from __future__ import annotations

import json
import random
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from daemon.core.errors import BrokenItem
from daemon.core.model import Interest, Window
from daemon.formats import ics
from daemon.formats.bounces import failed_recipients
from daemon.formats.contact_csv import read_csv
from daemon.formats.headers import parse_mail
from daemon.formats.lines import head
from daemon.formats.mime import digest
from daemon.formats.prefilter import Prefilter
from daemon.formats.vcard import read_cards
from tests.corpus import feed_google
from tests.corpus.files import KINDS, samples
from tests.corpus.installation import GivenUp, patience, timed, told
from tests.corpus.report import LIMIT

KNOWN = frozenset({"anna@example.org", "boris@example.org"})
INTEREST = Interest(KNOWN, frozenset({"petra@example.org"}))
WINDOW = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
NOW = datetime(2026, 11, 21, tzinfo=UTC)

_BITS = (
    *(b"\0", b"\r", b"\n", b"\r\n\r\n", b"(", b'"', b"\\", b"<", b">", b"@", b",", b";", b":", b"=?utf-8?b?", b"?="),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\x80", b"=", b"BEGIN:VEVENT\r\n", b"END:VCALENDAR\r\n", b"BEGIN:VCARD\r\n"),
    *(b"RRULE:FREQ=SECONDLY\r\n", b"99999999999999999999", b"-1", b"T", b"Z", b"\xd0", b"anna@example.org", b"%00"),
)


def mail(raw: bytes) -> None:
    """A message: the prefilter, the parser and the reader of delivery reports, which must agree."""
    block = head(raw)
    passes = Prefilter(INTEREST).maybe(block)
    try:
        found = parse_mail("1", raw, received=NOW)
    except BrokenItem:
        found = None
    if found and not passes:
        assert not KNOWN & {*found.senders, *found.to, *found.cc, *found.bounced}, "the prefilter passed it over"
    failed_recipients(raw)
    digest(raw[:200_000])


def calendar(raw: bytes) -> None:
    """A calendar: its events, these expanded anew, and the time they take up."""
    items, broken = ics.read_all("1", raw, INTEREST, WINDOW, "Europe/Berlin")
    assert all(one.reason for one in broken)
    for item in items:
        if item.master:
            assert ics.expand(item.master, INTEREST, WINDOW, "Europe/Berlin") == item.meetings
    ics.busy([raw], WINDOW, "Europe/Berlin", INTEREST.me)
    ics.uids(raw)


def cards(raw: bytes) -> None:
    """A vCard file."""
    found, broken = read_cards(raw)
    assert all(card.name or card.addresses for card in found) and all(one.reason for one in broken)


def table(raw: bytes) -> None:
    """A table of contacts."""
    _, found, broken = read_csv(raw)
    assert all(card.name or card.addresses for card in found) and all(one.reason for one in broken)


def api(raw: bytes) -> None:
    """A web service's answer, as long as it is JSON: each event in it is read or refused."""
    try:
        told = json.loads(raw)
    except (ValueError, RecursionError):
        return
    for name, parts in feed_google.series(list(feed_google.events(told))).items():
        try:
            _, same = feed_google.read(name, parts, WINDOW)
        except BrokenItem:
            continue
        assert same


DOORS: Mapping[str, Callable[[bytes], None]] = {
    "mail": mail,
    "ical": calendar,
    "vcard": cards,
    "contacts": table,
    "api": api,
}


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The data with one to six things done to it."""
    made = bytearray(data[: 1 << 16])
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(made) + 1)
        length = dice.choice((1, 2, 8, 60, 400))
        what = dice.randrange(7)
        if what == 0:
            del made[at:]
        elif what == 1:
            del made[at : at + length]
        elif what == 2 and made:
            made[at % len(made)] ^= 1 << dice.randrange(8)
        elif what == 3:
            made[at:at] = dice.choice(_BITS) * dice.choice((1, 1, 2, 30))
        elif what == 4:
            made[at:at] = made[at : at + length] * dice.choice((1, 3))
        elif what == 5:
            other = dice.randrange(len(made) + 1)
            made[at : at + length] = made[other : other + length]
        else:
            made[at : at + length] = dice.randbytes(length)
    return bytes(made)


def rounds(root: Path, count: int, seed: int = 1) -> Iterator[tuple[str, str, bytes, float, str]]:
    """(kind, path, bytes, seconds, what went wrong or ""): each sample damaged ``count`` times, the same every time."""
    for kind in KINDS:
        for sample in samples(root, kind):
            dice = random.Random(zlib.crc32(sample.path.encode()) + seed)  # noqa: S311 - no secret
            for _ in range(count):
                raw = damaged(sample.data, dice)
                try:
                    _, seconds = timed(lambda kind=kind, raw=raw: DOORS[kind](raw))  # type: ignore[misc]
                except (Exception, GivenUp) as error:
                    yield kind, sample.path, raw, 0.0, told(error)
                else:
                    yield kind, sample.path, raw, seconds, ""


def main() -> int:
    """The command."""
    count = bad = 0
    worst = 0.0
    with patience():
        for _, path, raw, seconds, wrong in rounds(Path(sys.argv[1]), int(sys.argv[2]), int([*sys.argv, "1"][3])):
            count += 1
            worst = max(worst, seconds)
            if wrong or seconds > LIMIT:
                bad += 1
                Path(f"damaged-{bad}").write_bytes(raw)
                sys.stdout.write(f"{path}: {wrong or f'{seconds:.1f} s'} (damaged-{bad})\n")
    sys.stdout.write(f"{count} damaged files, {bad} wrong, slowest {worst:.2f} s\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
