"""Drafts as a recipient's and the user's programs see them, and the digest that tells an edit."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import BrokenItem
from daemon.core.model import OutgoingDraft
from daemon.formats.mime import build, digest, resembles

LONG_ID = f"<{'x' * 120}@mail.example.net>"
DRAFT = OutgoingDraft(
    key="k" * 32,
    message_id="<abc.def@example.org>",
    sender=("Петра Ильина", "petra@example.org"),
    recipient=('Anna "Ann" O., Example', "anna@example.com"),
    subject="Спасибо за встречу в пятницу, было очень полезно поговорить о новом проекте",
    text="Здравствуйте, Анна!\n\nСпасибо = да.\n.\nПетра",
    html="<p>Здравствуйте, Анна!</p>",
    date=datetime(2026, 11, 2, 12, 22, tzinfo=UTC),
    language="ru",
    in_reply_to=LONG_ID,
    references=("<1@example.com>", LONG_ID),
)
NAMES = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Language",
    "MIME-Version",
    "Content-Type",
]


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_it_reads_as_meant() -> None:
    raw = build(DRAFT)
    message = parsed(raw)
    assert message.keys() == NAMES
    assert message["Subject"] == DRAFT.subject
    (sender,), (recipient,) = message["From"].addresses, message["To"].addresses
    assert (sender.display_name, sender.addr_spec) == DRAFT.sender
    assert (recipient.display_name, recipient.addr_spec) == DRAFT.recipient
    assert message["Date"].datetime == DRAFT.date
    assert str(message["In-Reply-To"]) == LONG_ID and str(message["References"]).split() == list(DRAFT.references)
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert text.get_content_type() == "text/plain" and html.get_content_type() == "text/html"
    assert (
        text.get_content().replace("\r\n", "\n").rstrip("\n") == DRAFT.text and html.get_content().strip() == DRAFT.html
    )
    assert text["MIME-Version"] is None and html["MIME-Version"] is None


def test_the_bytes_are_fit_for_any_server() -> None:
    raw = build(DRAFT)
    assert raw.isascii() and not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)
    assert max(map(len, raw.split(b"\r\n"))) < 200
    assert all(len(word) <= 75 for word in re.findall(rb"=\?\S*\?=", raw))
    assert LONG_ID.encode() in raw, "long ids are never folded or encoded"
    assert build(DRAFT) == raw
    assert b"kith" not in raw.lower()


def test_without_a_thread_or_language_there_are_no_such_fields() -> None:
    bare = replace(DRAFT, in_reply_to="", references=(), language="")
    assert parsed(build(bare)).keys() == [
        n for n in NAMES if n not in ("In-Reply-To", "References", "Content-Language")
    ]


EVIL = "x\r\nBcc: victim@example.net\r\n\r\nbody\u202e\x00, Mallory <m@example.net>"


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_becomes_a_header_or_a_second_recipient(name: str, subject: str) -> None:
    for evil in (name, EVIL + name, 'x"\r\nBcc: victim@example.net\r\n\\'):
        draft = replace(
            DRAFT,
            sender=(evil, "petra@example.org"),
            recipient=(evil, "anna@example.com"),
            subject=evil + subject,
            language=evil,
            in_reply_to=evil,
            references=(evil, f"<a@b.test>{EVIL}", "<1@example.com>"),
        )
        raw = build(draft)
        message = parsed(raw)
        assert set(message.keys()) <= set(NAMES) and len(message.keys()) == len(set(message.keys()))
        assert [a.addr_spec for a in message["To"].addresses] == ["anna@example.com"]
        assert [a.addr_spec for a in message["From"].addresses] == ["petra@example.org"]
        assert not re.search("[\x00-\x1f\u202a-\u202e]", message["To"].addresses[0].display_name)
        assert str(message["References"]) == "<1@example.com>"
        assert not re.search("[\x00-\x1f\u202a-\u202e\u2066-\u2069]", str(message["Subject"]))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "a@example.com, b@example.com",
        "a@example.com,b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "<a@example.com>",
        "a b@example.com",
        "a@b@example.com",
    ],
)
def test_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(BrokenItem):
        build(replace(DRAFT, recipient=("Anna", address)))
    with pytest.raises(BrokenItem):
        build(replace(DRAFT, sender=("Anna", address)))


def test_a_bad_message_id_is_refused() -> None:
    for bad in ("", "abc@example.org", "<a b@example.org>", "<a@example.org>\r\nX: y"):
        with pytest.raises(BrokenItem):
            build(replace(DRAFT, message_id=bad))


def test_an_international_domain_is_written_in_ascii() -> None:
    raw = build(replace(DRAFT, recipient=("", "anna@пример.test")))
    assert b"To: anna@xn--e1afmkfd.test\r\n" in raw


def test_the_digest_survives_what_servers_do() -> None:
    raw = build(DRAFT)
    same = digest(raw)
    assert digest(raw.replace(b"\r\n", b"\n")) == same
    assert digest(b"Received: from x\r\nX-UID: 7\r\nStatus: RO\r\n" + raw) == same
    assert digest(raw + b"\r\n\r\n") == same
    other = EmailMessage(policy=policy.SMTP)  # the same letter in another transfer encoding
    for name in ("From", "To", "Subject", "Message-ID"):
        other[name] = str(parsed(raw)[name])
    other.set_content(DRAFT.text, cte="base64")
    other.add_alternative(DRAFT.html, subtype="html", cte="8bit")
    assert digest(other.as_bytes()) == same


@pytest.mark.parametrize(
    "change",
    [
        {"text": DRAFT.text + "!"},
        {"html": "<p>Other</p>"},
        {"subject": "Other"},
        {"recipient": ("Anna", "other@example.com")},
        {"sender": ("Petra", "other@example.org")},
    ],
)
def test_the_digest_tells_an_edit(change: dict[str, str]) -> None:
    assert digest(build(replace(DRAFT, **change))) != digest(build(DRAFT))  # type: ignore[arg-type]


def test_the_digest_tells_added_people_and_attachments() -> None:
    raw = build(DRAFT)
    assert digest(b"Cc: boris@example.net\r\n" + raw) != digest(raw)
    assert digest(b"Bcc: boris@example.net\r\n" + raw) != digest(raw)
    message = parsed(raw)
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="cv.pdf")
    assert digest(message.as_bytes(policy=policy.SMTP)) != digest(raw)


@given(st.binary(max_size=300))
def test_any_bytes_have_a_digest(raw: bytes) -> None:
    assert len(digest(raw)) == 64


@pytest.mark.parametrize(
    ("to", "subject", "answers", "same"),
    [
        ("anna@example.com", "Re: Coffee", "", True),
        ("Anna <ANNA@example.com>, b@example.net", "COFFEE", "", True),
        ("anna@example.com", "AW: Re: Coffee", "", True),
        ("anna@example.com", "=?utf-8?q?Coffee?=", "", True),
        ("anna@example.com", "Tea", "<7@example.com>", True),
        ("anna@example.com", "Tea", "<8@example.com>", False),
        ("anna@example.com", "", "", False),
        ("boris@example.com", "Coffee", "<7@example.com>", False),
    ],
)
def test_an_edited_copy_is_known_by_person_and_subject_or_thread(
    to: str, subject: str, answers: str, same: bool
) -> None:
    raw = f"To: {to}\r\nSubject: {subject}\r\nIn-Reply-To: {answers}\r\n\r\nx\r\n".encode()
    assert resembles(raw, "anna@example.com", "Coffee", "<7@example.com>") == same
    if not answers:
        assert not resembles(b"To: anna@example.com\r\nSubject:\r\n\r\n", "anna@example.com", "", "")
