"""The prefilter may say yes too often, never no too often."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.core.address import without_tag
from daemon.core.errors import BrokenItem
from daemon.core.model import Interest
from daemon.formats.headers import parse_mail
from daemon.formats.prefilter import Prefilter
from tests.support.headers import address_values


def knows(*addresses: str) -> Prefilter:
    return Prefilter(Interest(frozenset(addresses), frozenset({"petra@example.org"})))


def found_in(raw: bytes) -> set[str]:
    try:
        mail = parse_mail("1", raw, received=None)
    except BrokenItem:
        return set()
    return {*mail.senders, *mail.to, *mail.cc, *mail.bounced}


@given(
    st.sampled_from(["From", "to", "CC", "X-Failed-Recipients"]), address_values(), st.sampled_from([b"\r\n", b"\n"])
)
@example("From", b"anna@\r\n example.org", b"\r\n")
@example("From", b"a . b @ example . org", b"\r\n")
@example("From", b"anna+x@example.org", b"\r\n")
@example("From", b"anna@example.org.", b"\r\n")
@example("From", b"anna@example(c).org", b"\r\n")
@example("From", b"john.q. public@example.org", b"\r\n")
def test_it_misses_nothing_the_parser_finds(name: str, value: bytes, end: bytes) -> None:
    raw = b"Date: Mon, 02 Nov 2026 12:00:00 +0300" + end + name.encode() + b": " + value + end + b"Subject: x" + end * 2
    for address in found_in(raw):
        assert knows(address).maybe(raw), address
        assert knows(without_tag(address)).maybe(raw), address


@pytest.mark.parametrize(
    "line",
    [
        "From: Anna <anna@example.org>",
        "To: petra@example.org, ANNA@Example.ORG",
        "Cc: anna+news@example.org",
        "From: Anna <annа@example.org>",  # 8-bit: only the parser can tell
        "From: MAILER-DAEMON@mx.example.net",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        'Content-Type: multipart/report; boundary=x; report-type="delivery-status"',
    ],
)
def test_candidates(line: str) -> None:
    assert knows("anna@example.org").maybe(line.encode() + b"\r\n\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "From: Joanna <joanna@example.org>",
        "From: Anna <anna@example.org.test>",
        "From: Boris <boris+anna@example.org>",
        "Date: Mon, 02 Nov 2026 12:00:00 +0300 (MSK)",
        "Subject: Re. (no) subject, C:\\anna. ",
    ],
)
def test_strangers_cost_nothing(line: str) -> None:
    assert not knows("anna@example.org").maybe(line.encode() + b"\r\nTo: petra@example.org\r\n\r\n")


def test_knowing_nobody_nothing_is_of_interest() -> None:
    for line in (b"From: anna@example.org", "From: тест".encode(), b"From: MAILER-DAEMON@x.test (x)"):
        assert not knows().maybe(line + b"\r\n\r\n")
