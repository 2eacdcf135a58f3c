"""The opening of one letter's text, where the user allowed reading it: its text part alone, never an attachment.

Two requests a letter, 40 quota units: the first asks what parts it has and how large they are, the second for the
contents of those Gmail does not keep as attachments. A text that is too large to be one is left alone.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from email.message import Message
from typing import Any

from connectors.google.errors import Rejected
from connectors.google.session import Session
from daemon.core.own_words import OPENING
from daemon.formats.html_text import readable
from daemon.formats.opening import FETCHED, decoded

DEPTH = 4
"""So many levels of parts inside parts are looked at: text beside HTML, beside pictures, beside attachments, signed."""


def _mask(told: str, depth: int = DEPTH) -> str:
    return told if not depth else f"{told},parts({_mask(told, depth - 1)})"


SHAPE = f"payload({_mask('mimeType,filename,body/size')})"
CONTENT = f"payload({_mask('mimeType,filename,headers,body/data')})"


class Texts:
    """`daemon.core.ports.TextSource` of a Gmail account."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def text(self, stream: str, item_id: str) -> str:
        """See `TextSource.text`.

        Raises:
            Paced: the minute's quota is used up.
        """
        shape = self._asked(item_id, SHAPE)
        sizes = [int(part.get("body", {}).get("size") or 0) for part in _texts(shape)]
        if not any(sizes) or sum(sizes) > 4 * FETCHED:  # beside its text, the same in HTML, which is longer
            return ""
        parts = list(_texts(self._asked(item_id, CONTENT)))
        for kind in ("text/plain", "text/html"):
            for part in parts:
                if part.get("mimeType") == kind and (text := _text(part)).strip():
                    return text[:OPENING]
        return ""

    def _asked(self, item_id: str, fields: str) -> Mapping[str, Any]:
        request = self._session.gmail.messages().get(userId="me", id=item_id, format="full", fields=fields)
        try:
            found = self._session.call(request, bulk=True).get("payload")
        except Rejected as error:
            if error.absent:
                return {}
            raise
        return found if isinstance(found, dict) else {}


def _texts(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts a reader sees as the letter. One with a file's name is an attachment."""
    kind = str(part.get("mimeType", ""))
    if kind.startswith("multipart/"):
        for one in part.get("parts", ()):
            yield from _texts(one)
    elif kind in ("text/plain", "text/html") and not part.get("filename"):
        yield part


def _text(part: Mapping[str, Any]) -> str:
    said = str(part.get("body", {}).get("data") or "")
    try:
        raw = base64.urlsafe_b64decode(said + "=" * (-len(said) % 4))
    except (binascii.Error, ValueError):
        return ""
    head = Message()
    for one in part.get("headers", ()):
        if str(one.get("name", "")).lower() == "content-type":
            head["Content-Type"] = str(one.get("value", ""))
            break
    text = decoded(raw, head.get_content_charset(""))
    return readable(text) if part.get("mimeType") == "text/html" else text
