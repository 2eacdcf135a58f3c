"""The ids of past mail with known people, found by the server: asked for address by address, kept until all are read.

Many addresses make a query, and one message may answer several: so everything is listed first (5 quota units for 500
ids) and each message got once (20 units), newest first. The ids wait in a file of the account's folder: a first scan
takes many minutes' quota, and listing anew each time would cost more than it need. Ids are put in order here, whatever
order the server lists them in, so that the last one read says which remain, with the file or without.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import Any

from connectors.google import kept
from connectors.google.session import Session
from daemon.core.errors import StoreBusy

QUERY = 1_500
"""Characters of one query: with its parameters the URL stays below the 2,048 some proxies allow."""

LISTED = 500
"""Ids a page; Google gives no more."""

A_DAY = 86_400
"""Seconds after which a list is not gone on with; so wide is the span around a moment, as clocks may differ."""

BOUNCES = "from:mailer-daemon"
NO_MAIL = "-in:chats -in:drafts"


class Scan:
    """One search for the mail of many people.

    Args:
        name: tells the file of a first scan from a back-fill's.
        addresses: whose mail.
        labels: ids of labels whose messages are wanted whoever wrote them.
        bounces: mail that came back, too.
        around: only what came within a day of this moment (seconds of the epoch); 0 for all there is.
    """

    def __init__(
        self,
        session: Session,
        name: str,
        addresses: Iterable[str],
        labels: Sequence[str] = (),
        *,
        bounces: bool = False,
        around: int = 0,
    ) -> None:
        self._session = session
        self._file = session.folder / f"{name}.json"
        terms = ([BOUNCES] if bounces else []) + [term for a in sorted(addresses) for term in asked(a)]
        span = f" after:{around - A_DAY} before:{around + A_DAY}" if around else ""
        self._asks: list[dict[str, Any]] = [{"q": f"{{{' '.join(some)}}} {NO_MAIL}{span}"} for some in chunks(terms)]
        self._asks += [{"labelIds": [label]} for label in labels]
        self._name = sha256(json.dumps(self._asks).encode()).hexdigest()

    @property
    def begun(self) -> str:
        """What `ids` was given when this very search was begun, within the last day; "" where it was not."""
        return str(self._kept().get("about", ""))

    def ids(self, about: str) -> list[str]:
        """All ids, the highest (newest) first; listing goes on where it was left, for the same ``about``.

        Raises:
            Paced: the minute's quota is used up; what has been listed is kept.
        """
        held = self._kept()
        found: set[str] = set()
        done = 0
        if held.get("about") == about:
            found, done = set(held["ids"]), int(held["done"])
        for number in range(done, len(self._asks)):
            found |= set(self._listed(self._asks[number]))
            self._keep(about, number + 1, found)
        return sorted(found, key=lambda i: (len(i), i), reverse=True)

    def _listed(self, ask: dict[str, Any]) -> Iterator[str]:
        messages, token = self._session.gmail.messages(), None
        while True:
            more: dict[str, Any] = {"pageToken": token} if token else {}
            request = messages.list(userId="me", maxResults=LISTED, fields="messages/id,nextPageToken", **ask, **more)
            answer = self._session.call(request, bulk=True)
            for message in answer.get("messages", ()):
                yield str(message["id"])
            token = answer.get("nextPageToken")
            if not token:
                return

    def _kept(self) -> dict[str, Any]:
        try:
            held = kept.read(self._file)
            age = self._session.around.now().timestamp() - held["at"]
            if held["name"] == self._name and 0 <= age < A_DAY and {"about", "done", "ids"} <= held.keys():
                return dict(held)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        return {}

    def _keep(self, about: str, done: int, found: set[str]) -> None:
        at = self._session.around.now().timestamp()
        try:
            held = {"name": self._name, "at": at, "about": about, "done": done, "ids": sorted(found)}
            kept.write(self._file, held)
        except OSError as error:
            raise StoreBusy(f"What Gmail listed cannot be kept ({error.strerror}).") from None

    def forget(self) -> None:
        """All ids have been read."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def asked(address: str) -> list[str]:
    """Search terms for one address in From, To and Cc; a domain beyond ASCII is looked for in both spellings.

    Gmail finds words: more than it should (names that look like the address), never less, but for ``+tags``.
    """
    local, _, domain = address.rpartition("@")
    spellings = [address]
    if "xn--" in domain:
        with suppress(UnicodeError):
            spellings.append(f"{local}@{domain.encode('ascii').decode('idna')}")
    plain = [_quoted(spelling) for spelling in spellings]
    return [f"{field}:{spelling}" for spelling in plain for field in ("from", "to", "cc")]


def _quoted(address: str) -> str:
    safe = "".join(c for c in address if c not in '"\\' and not c.isspace())
    return f'"{safe}"' if set(safe) & set("(){}:'") or safe != address else safe


def chunks(terms: Sequence[str]) -> Iterator[list[str]]:
    """The terms, as many together as fit into one query."""
    some: list[str] = []
    length = 0
    for term in terms:
        if some and length + len(term) > QUERY:
            yield some
            some, length = [], 0
        some.append(term)
        length += len(term) + 1
    if some:
        yield some
