"""The opening of a message's text: the one thing ever read of a letter's body, and only where the user allowed it.

Nothing here keeps anything. Attachments, letters sent along and reports are never looked into.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from daemon.core.own_words import OPENING
from daemon.formats.encoded import decode_bytes
from daemon.formats.html_text import readable

FETCHED = 64 * 1024
"""Bytes of a message that are asked for, header and encoding included: its text stands before its attachments."""

_CHARSET = re.compile(r"[\w.:-]{1,60}\Z")


def opening(raw: bytes) -> str:
    """The opening of the text of a message, of which ``raw`` is the beginning: `OPENING` characters at most.

    Plain text before HTML, which is read as a person would see it. "" where there is none, or none that can be
    decoded. Never raises.
    """
    try:
        message: Message = BytesParser(policy=compat32).parsebytes(raw[:FETCHED])
        parts = list(_texts(message))
        for kind in ("plain", "html"):
            for part in parts:
                if part.get_content_subtype() == kind and (text := _text(part, html=kind == "html")).strip():
                    return text[:OPENING]
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, AssertionError):
        pass  # all of them seen out of the standard library's parser on real mail
    return ""


def decoded(raw: bytes, charset: str = "") -> str:
    """Bytes of a text: in UTF-8 if they are that, whatever is said of them, else as said, else the likeliest.

    Programs lie about the charset, and providers that hand text out re-encoded do not change what is said. A character
    cut off at the end is dropped. Never raises.
    """
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(raw)  # not final: the end may be missing
    except UnicodeDecodeError:
        pass
    if charset and _CHARSET.match(charset):
        try:
            return str(codecs.getincrementaldecoder(charset)("replace").decode(raw))
        except (LookupError, UnicodeError, ValueError, TypeError):
            pass
    return decode_bytes(raw)


def _texts(part: Message) -> Iterator[Message]:
    """The parts a reader sees as the letter, in their order."""
    kind = part.get_content_maintype()
    if kind == "multipart":
        held = part.get_payload()
        for one in held if isinstance(held, list) else ():
            if isinstance(one, Message):
                yield from _texts(one)
    elif kind == "text" and part.get_content_disposition() != "attachment" and not part.get_filename():
        yield part


def _text(part: Message, *, html: bool) -> str:
    held = part.get_payload(decode=True)
    if not isinstance(held, bytes):
        return ""
    if part.get_content_charset("") in ("utf-7", "utf_7"):  # nobody writes it, and it hides what is written
        return ""
    text = decoded(held, part.get_content_charset(""))
    return readable(text) if html else text
