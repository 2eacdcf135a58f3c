"""Drafts as RFC 5322 messages, and a digest of what a server holds of them.

Exactly the intended headers, one recipient, no product name and no header of ours: a recipient sees a letter
like any other.
"""

from __future__ import annotations

import json
import re
from email.header import Header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import SMTP, compat32
from email.utils import format_datetime
from hashlib import sha256

from daemon.core.address import normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import OutgoingDraft
from daemon.core.subject import same_subject
from daemon.formats.addresses import parse_addresses
from daemon.formats.encoded import clean, decode_bytes, decode_words
from daemon.formats.headers import message_id
from daemon.formats.lines import split_fields

_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f<>()\[\],;:\\\"@]+@[^\s\x00-\x20\x7f<>()\[\],;:\\\"@]+")
_ID = re.compile(r"<[!-;=?-~]+@[!-;=?-~]+>")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE = 76


def build(draft: OutgoingDraft) -> bytes:
    """The letter as bytes with CRLF line ends, the same for the same draft.

    Line breaks, control and text-direction characters in any header field become blanks.

    Raises:
        BrokenItem: sender or recipient is not one plain address, or the Message-ID is none.
    """
    if not _ID.fullmatch(draft.message_id):
        raise BrokenItem("The draft's Message-ID is not one.")
    headers = [
        b"From: " + _mailbox(*draft.sender),
        b"To: " + _mailbox(*draft.recipient),
        b"Subject: " + _words(clean(draft.subject), len("Subject: ")),
        b"Date: " + format_datetime(draft.date).encode(),
        b"Message-ID: " + draft.message_id.encode(),
    ]
    if _ID.fullmatch(draft.in_reply_to):
        headers.append(b"In-Reply-To: " + draft.in_reply_to.encode())
    references = [one for one in draft.references if _ID.fullmatch(one)]
    if references:
        headers.append(b"References: " + "\r\n ".join(references).encode())
    if _LANGUAGE.fullmatch(draft.language):
        headers.append(b"Content-Language: " + draft.language.encode())
    # The library lays out the parts only: its folding turns long Message-IDs into encoded words.
    return b"\r\n".join(headers) + b"\r\n" + _parts(draft)


def _parts(draft: OutgoingDraft) -> bytes:
    message = EmailMessage(policy=SMTP)
    message.set_content(_text(draft.text), cte="quoted-printable")
    message.add_alternative(_text(draft.html), subtype="html", cte="quoted-printable")
    for part in message.iter_parts():
        del part["MIME-Version"]  # the library puts one on the second part; it belongs to the whole alone
    # "=_" cannot occur in quoted-printable text (RFC 2045 6.7)
    message.set_boundary("=_" + sha256(draft.message_id.encode()).hexdigest()[:24])
    return message.as_bytes()


def _text(text: str) -> str:
    return _NO_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _words(text: str, used: int) -> bytes:
    if text.isascii() and "=?" not in text:
        return Header(text, "us-ascii", maxlinelen=_LINE, header_name="x" * (used - 2)).encode(linesep="\r\n").encode()
    return Header(text, "utf-8", maxlinelen=_LINE, header_name="x" * (used - 2)).encode(linesep="\r\n").encode()


def _mailbox(name: str, address: str) -> bytes:
    local, _, domain = address.rpartition("@")
    plain = normalise(address)
    if not _ADDRESS.fullmatch(address) or not plain:
        raise BrokenItem("A draft needs exactly one plain address on each side.")
    # the local part as written, the domain as ASCII (RFC 5891); a local part beyond ASCII is RFC 6532's
    spec = f"{local}@{plain.rpartition('@')[2] if not domain.isascii() else domain}".encode()
    name = clean(name, 200)
    if not name:
        return spec
    if name.isascii() and "=?" not in name:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'.encode() + b" <" + spec + b">"
    return _words(name, len("From: ")) + b"\r\n <" + spec + b">"


def digest(raw: bytes) -> str:
    """A digest of a letter's content: who, to whom, about what, each text part and attachment.

    Stable against what servers may change without anyone touching the letter: line ends, added or reordered
    fields, transfer encoding, blank lines at the end. Any edit a person can see changes it.
    """
    try:
        content = _content(raw)
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError):
        content = [sha256(raw).hexdigest()]
    return sha256(json.dumps(content).encode()).hexdigest()


def digest_of(draft: OutgoingDraft) -> str:
    """The digest of the letter as `build` writes it."""
    return digest(build(draft))


def _content(raw: bytes) -> list[object]:
    fields = split_fields(raw)
    who = [sorted(parse_addresses(fields.get(name, ""))) for name in ("from", "to", "cc", "bcc")]
    subject = clean(decode_words(fields.get("subject", "")))
    parts: list[object] = []
    message: Message = BytesParser(policy=compat32).parsebytes(raw)
    for part in message.walk():
        if part.is_multipart():
            continue
        payload = part.get_payload(decode=True)
        body = payload if isinstance(payload, bytes) else b""
        kind = part.get_content_type()
        if kind.startswith("text/"):
            parts.append([kind, _lines(body, part.get_content_charset() or "")])
        else:
            parts.append([kind, clean(part.get_filename() or ""), sha256(body).hexdigest()])
    return [who, subject, parts]


def _lines(body: bytes, charset: str) -> list[str]:
    try:
        text = body.decode(charset or "utf-8")
    except (LookupError, ValueError):
        text = decode_bytes(body)
    return [line.rstrip() for line in text.strip().splitlines()]


def resembles(raw: bytes, recipient: str, subject: str, in_reply_to: str) -> bool:
    """Whether a letter (or its header block) may be an edited copy of one to ``recipient``.

    It goes to the same address, and has the same subject, reply prefixes aside, or answers the same message.
    """
    fields = split_fields(raw)
    if normalise(recipient) not in parse_addresses(fields.get("to", "")):
        return False
    told = clean(decode_words(fields.get("subject", "")))
    answers = fields.get("in-reply-to", "")
    return same_subject(told, subject) or bool(in_reply_to and in_reply_to in answers)


def letter_message_id(raw: bytes) -> str:
    """The Message-ID of a letter or header block; "" where it has none."""
    return message_id(split_fields(raw).get("message-id", ""))
