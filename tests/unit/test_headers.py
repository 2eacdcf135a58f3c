"""Header blocks as `Mail`s: the plain ones, and those real programs write."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import BrokenItem
from daemon.core.model import Mail, Signal
from daemon.formats.addresses import get_addresses, parse_addresses, parse_slowly
from daemon.formats.bounces import failed_recipients
from daemon.formats.dates import parse_date
from daemon.formats.encoded import clean, decode_bytes, decode_words
from daemon.formats.headers import FIELDS, parse_mail
from tests.support.headers import address_values

PLAIN = b"""\
From: Anna Example <Anna@Example.org>\r
To: petra@example.org, "Titov, Boris" <boris@example.net>\r
Cc: Team <team@example.com>\r
Date: Mon, 02 Nov 2026 12:22:07 +0300\r
Message-ID: <1.2@example.org>\r
In-Reply-To: <0.1@example.org>\r
References: <0.0@example.org>\r
 <0.1@example.org>\r
Subject: =?utf-8?b?0J/RgNC40LLQtdGC?=\r
Content-Language: ru, en\r
\r
From: not@a.header
"""


def mail(raw: bytes) -> Mail:
    return parse_mail("1", raw, received=None)


def one(name: str, value: bytes | str) -> Mail:
    return mail(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) + b"\r\n\r\n")


def test_a_plain_message() -> None:
    received = datetime(2026, 11, 2, 10, tzinfo=UTC)
    found = parse_mail("7", PLAIN, received=received, draft=True, asks=frozenset({"thanks"}))
    assert found == Mail(
        item_id="7",
        message_id="<1.2@example.org>",
        date=datetime(2026, 11, 2, 9, 22, 7, tzinfo=UTC),
        received=received,
        senders=("anna@example.org",),
        to=("petra@example.org", "boris@example.net"),
        cc=("team@example.com",),
        recipients=3,
        subject="Привет",
        raw_from="Anna Example <Anna@Example.org>",
        in_reply_to="<0.1@example.org>",
        references=("<0.0@example.org>", "<0.1@example.org>"),
        language="ru",
        draft=True,
        asks=frozenset({"thanks"}),
    )


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_line_ends_of_any_kind(end: bytes) -> None:
    assert mail(PLAIN.replace(b"\r\n", end)) == mail(PLAIN)


def test_an_mbox_line_is_no_field() -> None:
    assert mail(b"From anna@example.org Mon Nov  2 12:22:07 2026\n" + PLAIN.replace(b"\r\n", b"\n")) == mail(PLAIN)


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"no field at all", b"\n\nFrom: anna@example.org\n"])
def test_what_has_no_header_is_broken(raw: bytes) -> None:
    with pytest.raises(BrokenItem):
        mail(raw)


@pytest.mark.parametrize("what", ["(", "a:", "<", '"', "=?utf-8?q?x?= ", "(x", "\\"])
def test_what_is_too_deep_for_the_standard_library_is_read_between_its_separators(what: str) -> None:
    found = mail(f"From: anna@example.org\nTo: petra@example.org, {what * 10_000}\n\n".encode())
    assert found.senders == ("anna@example.org",)
    assert found.to in (("petra@example.org",), ())


def test_a_header_beyond_reason_is_broken() -> None:
    assert mail(PLAIN + b"\r\n" + b"x" * 1_000_000).senders  # a body may be of any size
    with pytest.raises(BrokenItem, match="256 KiB"):
        mail(b"To: " + b"a@example.org, " * 20_000 + b"\r\n\r\n")


def test_what_the_standard_library_makes_nothing_of() -> None:
    assert one("From", "anna@example.org " + "(" * 100_000).senders == ("anna@example.org",)
    assert one("From", "a@example.org b@example.net").senders == ("a@example.org", "b@example.net")
    assert one("From", '"anna@example.org" <>').senders == ()
    assert one("From", "anna@mx b@exam ple").senders == ()


def test_a_byte_order_mark_hides_nothing() -> None:
    assert mail(b"\xef\xbb\xbf" + PLAIN) == mail(PLAIN)


def test_two_senders_are_both_named() -> None:
    assert one("From", "a@example.org, B <b@example.org>").senders == ("a@example.org", "b@example.org")
    assert one("From", "a@example.org <b@example.net>").senders == ("a@example.org", "b@example.net")
    assert mail(b"From: a@example.org\nFrom: b@example.org\n\n").senders == ("a@example.org", "b@example.org")
    assert one("From", "a@example.org <A@example.org>").senders == ("a@example.org",)
    assert one("From", '"b@example.net" <a@example.org>').senders == ("a@example.org",)


def test_the_lax_reading_is_the_same_on_every_python() -> None:
    # later patch releases read this strictly, and find nothing, unless told otherwise
    assert get_addresses("a@example.org)b@example.net") == ["a@example.org", "b@example.net"]
    assert get_addresses("a@example.org <b@example.net>") == ["a@example.org", "b@example.net"]
    assert getaddresses(["A <a@example.org>"]) == [("A", "a@example.org")]


def test_4096_recipients() -> None:
    people = [f'"Person, {n}" <p{n}@example.org>' for n in range(4096)]
    found = one("To", ",\r\n ".join(people))
    assert found.recipients == len(found.to) == 4096
    assert one("To", ",\r\n ".join(["(x) a@example.org", *people])).recipients == 4097


def test_recipients_are_distinct_and_count_bcc() -> None:
    assert (
        mail(b"To: a@example.org, A@EXAMPLE.org\nCc: a@example.org, b@example.org\nBcc: c@x.test\n\n").recipients == 3
    )


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Friends: a@example.org, B <b@example.org>;", ("a@example.org", "b@example.org")),
        ("undisclosed-recipients:;", ()),
        ("a(comment)@example.org (Anna)", ("a@example.org",)),
        ("a . b @ example . org", ("a.b@example.org",)),
        ('"a"@example.org', ("a@example.org",)),
        ("<@relay.example:a@example.org>", ("a@example.org",)),
        ("Anna", ()),
        ("a@exam ple.org", ()),
        ("anna@пример.test", ("anna@xn--e1afmkfd.test",)),
        ("a+news@example.org", ("a+news@example.org",)),
        ("=?utf-8?q?Anna=2C_a=40x=2Etest?= <a@example.org>", ("a@example.org",)),
        ("a@example.org,,b@example.org,", ("a@example.org", "b@example.org")),
        ("'a@example.org' <a@example.org>", ("'a@example.org'", "a@example.org")),
    ],
)
def test_addresses_as_they_are_written(value: str, wanted: tuple[str, ...]) -> None:
    assert one("To", value).to == wanted


@given(address_values())
def test_the_fast_reading_is_the_slow_one(value: bytes) -> None:
    def outcome(read: object) -> object:
        try:
            return read(decode_bytes(value))  # type: ignore[operator]
        except (ValueError, IndexError, AttributeError, RecursionError) as e:
            return type(e)

    assert outcome(parse_addresses) == outcome(parse_slowly)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_broken(raw: bytes) -> None:
    for text in (raw, b"From: " + raw, b"Subject: =?utf-8?b?" + raw, b"Date: " + raw, b"References: " + raw):
        try:
            found = mail(text)
        except BrokenItem:
            continue
        assert len(found.subject) <= 998 and "\n" not in found.subject + found.raw_from + found.message_id


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("=?utf-8?B?0J/RgNC4\r\n 0LLQtdGC?=", "Привет"),  # folded inside the word
        ("=?koi8-r?Q?=F0=D2=C9=D7=C5=D4?=", "Привет"),
        ("=?utf-8?b?0J/RgNA=?= =?utf-8?b?uNCy0LXRgg==?=", "Привет"),  # split inside a letter
        ("=?utf-8?q?a_b?= c =?us-ascii*en?q?d?=", "a b c d"),
        ("=?no-such-charset?q?caf=C3=A9?=", "café"),
        ("=?utf-8?b?!!!?= x", "x"),
        ("Re: =?utf-8?q?unfinished", "Re: =?utf-8?q?unfinished"),
        ("a\x00b\x1b\u202ec\td", "a b c d"),
    ],
)
def test_subjects(text: str, wanted: str) -> None:
    assert one("Subject", text).subject == wanted


@pytest.mark.parametrize("charset", ["utf-8", "koi8-r", "cp1251"])
def test_raw_cyrillic(charset: str) -> None:
    assert one("Subject", "Встреча в пятницу".encode(charset)).subject == "Встреча в пятницу"


def test_raw_latin() -> None:
    assert decode_bytes("Réunion à Besançon".encode("cp1252")) == "Réunion à Besançon"


def test_a_subject_is_capped() -> None:
    assert len(one("Subject", "x " * 100_000).subject) <= 998
    assert clean("a" * 5000) == "a" * 998


@given(st.text(max_size=200))
def test_decoding_words_never_fails(text: str) -> None:
    decode_words(text)
    decode_words(f"=?utf-8?q?{text}?= =?{text}?b?{text}?=")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Mon, 02 Nov 2026 12:22:07 +0300", datetime(2026, 11, 2, 9, 22, 7, tzinfo=UTC)),
        ("2 Nov 2026 12:22 -0030 (some place)", datetime(2026, 11, 2, 12, 52, tzinfo=UTC)),
        ("Mon, 02 Nov 2026 12:22:60 GMT", datetime(2026, 11, 2, 12, 22, 59, tzinfo=UTC)),
        ("Mon Nov  2 12:22:07 2026", datetime(2026, 11, 2, 12, 22, 7, tzinfo=UTC)),
        ("Fri, 21 Nov 97 09:55:06 EST", datetime(1997, 11, 21, 14, 55, 6, tzinfo=UTC)),
        ("Mon, 30 Jun 3609 15:33:50 +0600", None),
        ("Thu, 01 Jan 1601 00:00:00 +0000", None),
        ("31 Feb 2026 12:00:00 +0000", None),
        ("1 Nov 2026 25:00:00 +0000", None),
        ("2 Nov 2026 12:00:00 +9999", None),
        ("the day before yesterday", None),
        ("", None),
    ],
)
def test_dates(text: str, wanted: datetime | None) -> None:
    assert parse_date(text) == wanted


@given(
    st.datetimes(datetime(1970, 1, 3), datetime(2199, 12, 30)),  # noqa: DTZ001
    st.integers(-1439, 1439),
)
def test_plain_dates_are_read_as_the_library_reads_them(naive: datetime, offset: int) -> None:
    sign = "-" if offset < 0 else "+"
    hours, minutes = divmod(abs(offset), 60)
    text = (
        f"{naive:%d} {'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split()[naive.month - 1]} {naive:%Y %H:%M:%S}"
    )
    plain = f"{text} {sign}{hours:02}{minutes:02}"
    # a comment after two blanks fits no simple pattern
    assert parse_date(plain) == parse_date(plain + "  (x)") is not None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("<a@example.org>", "<a@example.org>"),
        ("<>", ""),
        ("", ""),
        ("a@example.org", "<a@example.org>"),
        ("\r\n <a@exam\r\n ple.org>", "<a@example.org>"),
        ("<a@example.org> (added by hand)", "<a@example.org>"),
        ("nonsense", ""),
    ],
)
def test_message_ids(text: str, wanted: str) -> None:
    assert one("Message-ID", text).message_id == wanted


def test_references_are_capped_keeping_the_first() -> None:
    found = one("References", "\r\n ".join(f"<{n}@example.org>" for n in range(500))).references
    assert len(found) == 50 and found[0] == "<0@example.org>" and found[-1] == "<499@example.org>"


def test_a_bounce_names_who_failed() -> None:
    found = mail(b"From: MAILER-DAEMON\nX-Failed-Recipients: anna@example.org, b@example.org\n\n")
    assert Signal.BOUNCE in found.signals and found.bounced == ("anna@example.org", "b@example.org")
    assert one("X-Failed-Recipients", "").bounced == ()


def test_a_delivery_report() -> None:
    part = (
        b"Reporting-MTA: dns; mx.example.org\r\n\r\n"
        b"Final-Recipient: rfc822; Anna@Example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"Final-Recipient: rfc822;slow@example.org\r\nAction: delayed\r\n\r\n"
        b"Original-Recipient: rfc822; <c@example.org>\r\nFinal-Recipient: X400; c=us\r\nAction: failed (bad)\r\n"
    )
    assert failed_recipients(part) == ("anna@example.org", "c@example.org")
    assert failed_recipients(b"Hello, your mail could not be delivered") == ()


@given(st.binary(max_size=300))
def test_any_delivery_report_is_read(part: bytes) -> None:
    failed_recipients(b"Final-Recipient: rfc822; " + part)


def test_no_field_is_fetched_twice() -> None:
    assert len({name.lower() for name in FIELDS}) == len(FIELDS)
