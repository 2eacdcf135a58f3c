"""A small Graph client: one request at a time, tokens renewed once, refusals translated, links kept relative."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from connectors.microsoft import errors
from connectors.microsoft.options import Settings
from connectors.microsoft.refusals import not_accepted
from connectors.microsoft.tokens import Tokens
from connectors.microsoft.transport import GRAPH, Reply, Transport
from daemon.core.errors import OutcomeUnknown, TryLater

Json = dict[str, Any]

BASE = f"{GRAPH}/v1.0"
BATCH = 20
"""Requests in one $batch, at most. The service works on four of them at a time, which is all one mailbox allows:
so nothing else may be asked while one is under way.
"""

MAX_PAGES = 100_000


@dataclass(frozen=True, slots=True)
class Part:
    """One answer out of a batch."""

    status: int
    body: Json = field(default_factory=dict)


class Client:
    """Talks to Graph for one mailbox. Not for several threads at once."""

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        transport: Transport,
        now: Callable[[], datetime],
        before_write: Callable[[], None],
    ) -> None:
        self.settings = settings
        self.now = now
        self._tokens = tokens
        self._transport = transport
        self._before_write = before_write

    def get(self, path: str, *, text: bool = False) -> Json:
        """One resource or page. ``text``: bodies as plain text, not as HTML.

        Raises:
            Status: refused (`errors.Status`); CursorExpired, NeedsUser, TryLater as for every call.
        """
        return _object(self._call("GET", path, headers=self._prefer(text)), TryLater)

    def raw(self, path: str) -> bytes:
        """A message as MIME."""
        return self._call("GET", path, headers=self._prefer(False)).body

    def find(self, path: str, *, text: bool = False) -> Json | None:
        """One resource, None where the server positively says that it does not exist."""
        try:
            return self.get(path, text=text)
        except errors.Status as error:
            if error.missing:
                return None
            raise

    def pages(self, path: str) -> Iterator[tuple[list[Json], str]]:
        """A collection page by page, each with the link to the next; "" for the last."""
        for _ in range(MAX_PAGES):
            answer = self.get(path)
            further = self.link(answer, "@odata.nextLink")
            yield values(answer), further
            if not further:
                return
            path = _onward(path, further)
        raise TryLater("Microsoft's answer never comes to an end.")

    def every(self, path: str) -> list[Json]:
        """A whole collection; for those that are small."""
        return [item for items, _ in self.pages(path) for item in items]

    def write(self, method: str, path: str, body: Json | None = None, *, if_match: str = "") -> Json:
        """Change something.

        Raises:
            OutcomeUnknown: no answer came: it may have been applied.
        """
        headers = self._prefer(False)
        if if_match:
            headers["If-Match"] = if_match
        reply = self._call(method, path, body, headers, write=True)
        return {} if reply.status == 204 else _object(reply, OutcomeUnknown)

    def batch(self, paths: Sequence[str], *, text: bool = False) -> list[Part]:
        """Several resources read at once, in the order asked for; what is missing or fails alone has its own status.

        Raises:
            TryLater: one of them is to be asked for later: then all are.
        """
        found: list[Part] = []
        for start in range(0, len(paths), BATCH):
            some = paths[start : start + BATCH]
            headers = self._prefer(text)
            requests = [
                {"id": str(n), "method": "GET", "url": path, "headers": headers} for n, path in enumerate(some, 1)
            ]
            body: Json = {"requests": requests}
            answers = values(_object(self._call("POST", "/$batch", body, {}), TryLater), "responses")
            by_id = {str(one.get("id")): one for one in answers}
            others = any(one.get("status") == 200 for one in answers)
            for n, path in enumerate(some, 1):
                answer = by_id.get(str(n))
                if answer is not None and answer.get("status") == 500 and (others or len(some) == 1):
                    found.append(self._alone(path, headers))
                else:
                    found.append(self._part(answer))
        return found

    def link(self, answer: Mapping[str, Any], name: str) -> str:
        """A link to go on with, without the host; "" where there is none.

        Raises:
            TryLater: it leads elsewhere: a token goes to nobody but Graph.
        """
        url = answer.get(name)
        if not url:
            return ""
        if not str(url).lower().startswith(f"{BASE}/"):
            raise TryLater("Microsoft's answer goes on at a place that is not Microsoft's.")
        return str(url)[len(BASE) :]

    def follow(self, answer: Mapping[str, Any], asked: str) -> tuple[str, str]:
        """How a delta query goes on from the link that was ``asked``: (next link, delta link), one of them empty.

        Raises:
            TryLater: the answer has neither, and so no position to come back to; or it leads round in a circle.
        """
        further, final = self.link(answer, "@odata.nextLink"), self.link(answer, "@odata.deltaLink")
        if not further and not final:
            raise TryLater("Microsoft's answer does not say how to go on.")
        return _onward(asked, further), final

    # -- one exchange ----------------------------------------------------------------------------

    def _alone(self, path: str, headers: Mapping[str, str]) -> Part:
        """One the server failed at while it answers others. Failing again is an answer: it must not hide them."""
        self.get(query("/me/mailFolders/inbox", select="id"))  # does it answer at all?
        reply = self._authorised("GET", path, None, headers, False, fresh=False)
        if reply.status == 500:
            return Part(500)
        return self._part({"status": reply.status, "headers": dict(reply.headers), "body": reply.json()})

    def _part(self, answer: Json | None) -> Part:
        if answer is None:
            raise TryLater("Microsoft left out a part of its answer.")
        status = answer.get("status")
        body = answer.get("body")
        part = Part(status if isinstance(status, int) else 500, body if isinstance(body, dict) else {})
        if part.status != 404:
            told = answer.get("headers")
            headers = {str(k): str(v) for k, v in told.items()} if isinstance(told, dict) else {}
            error = errors.of_answer(self.settings, part.status, headers, part.body, write=False)
            if error is not None and not isinstance(error, errors.Status):
                raise error
        return part

    def _call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        write: bool = False,
    ) -> Reply:
        reply = self._authorised(method, path, body, headers or {}, write, fresh=False)
        if reply.status == 401:  # run out or taken back: a new one once
            reply = self._authorised(method, path, body, headers or {}, write, fresh=True)
            if reply.status == 401:
                raise not_accepted(self.settings)
        said = reply.json() if reply.status >= 400 else {}
        if error := errors.of_answer(self.settings, reply.status, reply.headers, said, write=write):
            raise error
        return reply

    def _authorised(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str], write: bool, *, fresh: bool
    ) -> Reply:
        sent = {**headers, "Authorization": f"Bearer {self._tokens.bearer(fresh=fresh)}", "Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        if write:
            self._before_write()
        return self._transport.exchange(method, BASE + path, body=data, headers=sent, write=write)

    def _prefer(self, text: bool) -> dict[str, str]:
        return {
            "Prefer": ", ".join(
                (
                    'IdType="ImmutableId"',
                    f"odata.maxpagesize={self.settings.page}",
                    'outlook.timezone="UTC"',
                    f'outlook.body-content-type="{"text" if text else "html"}"',
                )
            )
        }


def _onward(asked: str, further: str) -> str:
    """The next link. One that is the link just asked would be followed for ever."""
    if further == asked:
        raise TryLater("Microsoft's answer leads round in a circle.")
    return further


def _object(reply: Reply, lost: type[TryLater]) -> Json:
    """The body of a success. Something in between may have answered in Microsoft's place."""
    found = reply.json()
    if not found:
        raise lost("Microsoft's answer is none of its own.")
    return found


def values(answer: Mapping[str, Any], name: str = "value") -> list[Json]:
    """The objects of a collection."""
    held = answer.get(name)
    return [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []


def query(path: str, **options: str) -> str:
    """A path with OData system options: ``query("/me/messages", select="id", top="5")``."""
    told = "&".join(f"${name}={quote(value, safe=LEGIBLE)}" for name, value in options.items() if value)
    return f"{path}?{told}" if told else path


LEGIBLE = "$,()/:;'=*@"
"""Characters that mean nothing in a query part (RFC 3986 3.4)."""


def seg(identifier: str) -> str:
    """An id as one segment of a path: some hold slashes and equal signs."""
    return quote(identifier, safe="")


def text_of(value: str) -> str:
    """A text as an OData literal."""
    return "'" + value.replace("'", "''") + "'"
