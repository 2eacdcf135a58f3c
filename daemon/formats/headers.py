"""One message's header block as a `Mail`. Bodies are not looked at."""

from __future__ import annotations

import re
from datetime import datetime

from daemon.core.automated import signals
from daemon.core.errors import BrokenItem
from daemon.core.model import Mail, Signal
from daemon.formats.addresses import parse_addresses
from daemon.formats.dates import parse_date
from daemon.formats.encoded import clean, decode_words
from daemon.formats.lines import head, split_fields

FIELDS = (
    "From Sender Reply-To To Cc Bcc Date Message-ID In-Reply-To References Subject Content-Type Content-Language "
    "Auto-Submitted Precedence List-Id List-Post List-Unsubscribe Feedback-ID Return-Path "
    "X-Auto-Response-Suppress X-Autoreply X-Autorespond X-Autoreply-From X-Auto-Reply-From "
    "X-Failed-Recipients Content-Class"
).split()
"""All header fields the rules read, in the order a source asks for them; nothing else is ever fetched."""

MAX_REFERENCES = 50
MAX_HEADER = 256 * 1024
"""Bytes of a header block that are read; servers take no more than a fraction of it."""

_ID = re.compile(r"<([^<>]+)>")


def parse_mail(
    item_id: str,
    raw: bytes,
    *,
    received: datetime | None,
    draft: bool = False,
    asks: frozenset[str] = frozenset(),
) -> Mail:
    """The facts of one message.

    Args:
        item_id: its name in its stream.
        raw: the header block, or the whole message (nothing after the first empty line is read).
        received: the server's own date, UTC.
        draft: whether the source holds it for an unsent draft.
        asks: purposes the user asked for by a flag on it.

    Raises:
        BrokenItem: nothing here is a header, it is too long, or the standard library's parser broke on it.
    """
    try:
        return _parse(item_id, raw, received, draft, asks)
    except BrokenItem:
        raise
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError, OverflowError) as e:
        # all of them seen out of the standard library's parsers on real mail
        raise BrokenItem(f"The header cannot be parsed ({type(e).__name__}).") from None


def _parse(item_id: str, raw: bytes, received: datetime | None, draft: bool, asks: frozenset[str]) -> Mail:
    if len(raw) > MAX_HEADER and len(head(raw)) > MAX_HEADER:
        raise BrokenItem(f"Its header is longer than {MAX_HEADER // 1024} KiB.")
    fields = split_fields(raw)
    if not fields:
        raise BrokenItem("There is no header field in it.")
    told = fields.get

    def addresses(name: str) -> tuple[str, ...]:
        return parse_addresses(fields[name]) if name in fields else ()

    senders, to, cc = addresses("from"), addresses("to"), addresses("cc")
    subject = clean(decode_words(told("subject", "")))
    found = signals(fields, senders[0] if len(senders) == 1 else "", subject)
    return Mail(
        item_id=item_id,
        message_id=message_id(told("message-id", "")),
        date=parse_date(told("date", "")),
        received=received,
        senders=senders,
        to=to,
        cc=cc,
        recipients=len({*to, *cc, *addresses("bcc")}),
        subject=subject,
        raw_from=clean(decode_words(told("from", ""))),
        in_reply_to=message_id(told("in-reply-to", "")),
        references=_references(told("references", "")),
        language=clean(told("content-language", "").partition(",")[0], 35),
        signals=found,
        bounced=addresses("x-failed-recipients") if Signal.BOUNCE in found else (),
        draft=draft,
        asks=asks,
        reply_to=addresses("reply-to"),
    )


def message_id(text: str) -> str:
    """The first message id in the text (RFC 5322 3.6.4), in angle brackets; "" where there is none.

    ``<>`` is none. One written without brackets gets them.
    """
    if not text:
        return ""
    found = _ID.search(text)
    if found:
        return _squeeze(found[1]) if found[1].strip() else ""
    words = text.replace("<", " ").replace(">", " ").split()
    return f"<{words[0]}>" if words and "@" in words[0] else ""


def _references(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    found = tuple(dict.fromkeys(map(_squeeze, _ID.findall(text))))
    return found if len(found) <= MAX_REFERENCES else found[:1] + found[1 - MAX_REFERENCES :]


def _squeeze(inner: str) -> str:
    # folded inside by some programs, and never meant to hold a blank
    return f"<{inner}>" if " " not in inner and "\t" not in inner else f"<{''.join(inner.split())}>"
