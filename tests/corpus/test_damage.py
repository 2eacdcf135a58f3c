"""Whatever the bytes are: a result or a reason, and soon."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.corpus.damage import DOORS, rounds
from tests.corpus.installation import patience, timed

OWN = Path(__file__).parent.parent / "data" / "corpus"
HUGE = 10_000_000
HEAD = 250_000

FAR_TOO_LONG = 20.0
"""Seconds of the processor's time: work that grows with the square takes minutes, whatever the machine. The two seconds
a file may take are held by `make corpus`."""
"""Nearly as much of a header as is read."""
EVENT = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261102T120000Z\r\nATTENDEE:mailto:anna@example.org\r\n"
CARD = b"BEGIN:VCARD\r\nVERSION:2.1\r\nEMAIL:anna@example.org\r\n"


def filled(before: bytes, unit: bytes, after: bytes = b"\n\n", size: int = HUGE) -> Callable[[], bytes]:
    return lambda: before + unit * (size // len(unit)) + after


def garbage() -> bytes:
    return random.Random(7).randbytes(HUGE)  # noqa: S311 - no secret


MONSTERS: dict[str, tuple[str, Callable[[], bytes]]] = {
    **{f"{kind}-garbage": (kind, garbage) for kind in DOORS},
    **{f"{kind}-nulls": (kind, filled(b"", b"\0")) for kind in DOORS},
    **{f"{kind}-line-ends": (kind, filled(b"", b"\r\n")) for kind in DOORS},
    **{f"{kind}-quotes": (kind, filled(b"", b'"')) for kind in DOORS},
    **{f"{kind}-folds": (kind, filled(b"From:", b"\n ")) for kind in DOORS},
    **{
        f"{name}-{what}": ("mail", filled(name.encode() + b": ", unit, size=HEAD))
        for name in ("From", "To", "Subject", "Date", "Message-ID", "References", "Content-Type", "List-Id")
        for what, unit in (
            ("open", b"("),
            ("angle", b"<"),
            ("group", b"a:"),
            ("digits", b"1"),
            ("words", b"=?utf-8?q?a?= "),
            ("unfinished", b"=?"),
            ("blanks", b" "),
            ("backslash", b"\\"),
            ("at", b"@"),
            ("comma", b","),
        )
    },
    "To-nested-comments": ("mail", filled(b"From: anna@example.org\nTo: ", b"(", b")" * 100_000 + b"\n\n", 100_000)),
    "To-nested-groups": ("mail", filled(b"From: anna@example.org\nTo: ", b"a:", b";" * 100_000 + b"\n\n", 200_000)),
    "To-many": ("mail", filled(b"To: ", b"a@example.org, ", size=HEAD)),
    "To-huge": ("mail", filled(b"From: anna@example.org\nTo: ", b"a@example.org, ")),
    "fields-many": ("mail", filled(b"", b"X-A: b\n", size=HEAD)),
    "fields-same": ("mail", filled(b"", b"From: a@example.org\n", size=HEAD)),
    "fields-huge": ("mail", filled(b"", b"From: a@example.org\n")),
    "nested-events": ("ical", filled(EVENT, b"BEGIN:VEVENT\r\n", size=1_400_000)),
    "nested-alarms": ("ical", filled(EVENT, b"BEGIN:VALARM\r\n", size=1_400_000)),
    "nested-ends": ("ical", filled(EVENT, b"END:VEVENT\r\n", size=1_400_000)),
    "long-summary": ("ical", filled(EVENT + b"SUMMARY:", b"\\n", b"\r\nEND:VEVENT\r\n")),
    "params": ("ical", filled(EVENT + b"ATTENDEE", b";A=b", b":mailto:b@example.org\r\nEND:VEVENT\r\n")),
    "quoted-params": ("ical", filled(EVENT + b"ATTENDEE;A=", b'"a"', b"\r\nEND:VEVENT\r\n")),
    "bydays": ("ical", filled(EVENT + b"RRULE:FREQ=YEARLY;BYDAY=", b"MO,", b"TU\r\nEND:VEVENT\r\n")),
    "rule-parts": ("ical", filled(EVENT + b"RRULE:FREQ=DAILY", b";BYHOUR=1", b"\r\nEND:VEVENT\r\n")),
    "rdates": ("ical", filled(EVENT + b"RDATE:", b"20261103T120000Z,", b"\r\nEND:VEVENT\r\n")),
    "rules": ("ical", filled(EVENT, b"RRULE:FREQ=MINUTELY\r\n", b"END:VEVENT\r\n", 200_000)),
    "attendees": ("ical", filled(EVENT, b"ATTENDEE:mailto:b@example.org\r\n", b"END:VEVENT\r\n", 3_000_000)),
    "zones": (
        "ical",
        filled(b"", b"BEGIN:VTIMEZONE\r\nTZID:a\r\nEND:VTIMEZONE\r\n", EVENT + b"END:VEVENT\r\n", 3_000_000),
    ),
    "years": ("ical", filled(EVENT + b"DTEND:", b"9", b"1231T235959Z\r\nEND:VEVENT\r\n", 1000)),
    "nested-cards": ("vcard", filled(CARD, b"BEGIN:VCARD\r\n", size=1_300_000)),
    "card-name": ("vcard", filled(CARD + b"FN:", b"\\,", b"\r\nEND:VCARD\r\n")),
    "card-quoted": ("vcard", filled(CARD + b"FN;ENCODING=QUOTED-PRINTABLE:", b"=41=\r\n", b"\r\nEND:VCARD\r\n")),
    "card-params": ("vcard", filled(CARD + b"TEL", b";TYPE=a", b":1\r\nEND:VCARD\r\n")),
    "card-labels": ("vcard", filled(CARD + b"CATEGORIES:", b"a,", b"b\r\nEND:VCARD\r\n")),
    "card-photo": ("vcard", filled(CARD + b"PHOTO;ENCODING=b:", b"QUJD\r\n ", b"\r\nEND:VCARD\r\n")),
    "columns": ("contacts", filled(b"First Name,Last Name,E-mail Address", b",a", b"\nA,B,a@example.org\n", 2_000_000)),
    "cell": ("contacts", filled(b"First Name,Last Name,E-mail Address\n", b"a", b",B,a@example.org\n")),
    "preamble": ("contacts", filled(b"", b"Notes:\n")),
}


@pytest.mark.parametrize("name", MONSTERS)
def test_a_monster_is_read_or_refused_in_time(name: str) -> None:
    kind, make = MONSTERS[name]
    with patience():
        _, seconds = timed(partial(DOORS[kind], make()))
    assert seconds < FAR_TOO_LONG


def test_damaged_samples_are_read_or_refused() -> None:
    with patience():
        tried = list(rounds(OWN, 20))
    assert len(tried) > 500
    assert [(path, wrong) for _, path, _, _, wrong in tried if wrong] == []
    assert max(seconds for _, _, _, seconds, _ in tried) < FAR_TOO_LONG
