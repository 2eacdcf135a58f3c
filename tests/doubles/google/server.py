"""The server: requests in, checked against the documents, handed to handlers, counted, and failed on demand."""

from __future__ import annotations

import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.parser import BytesParser
from http.client import responses
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.doubles.google import calendar, gmail, people
from tests.doubles.google.call import Call, Fault, Handler, Refusal, utc_now
from tests.doubles.google.fields import masked
from tests.doubles.google.oauth import Sign, basic, client_file
from tests.doubles.google.schema import Malformed, Method, find
from tests.support import web

__all__ = ["Account", "Call", "Fault", "GoogleDouble", "Refusal", "running"]

SENDS = (".send", "messages.import", ".batchDelete", "messages.delete", "threads.delete", "drafts.delete", "sendAs")
"""Ends of methods nobody here may ever call: they send, or delete for good."""

BATCH = 50
"""Google's advice is at most so many calls in one batch; more is refused here."""


@dataclass
class Account:
    """One person's Google account."""

    email: str
    gmail: gmail.Mailbox
    calendar: calendar.Calendars
    people: people.Book


@dataclass
class GoogleDouble:
    """The state of the whole server. ``complaints`` must be empty at the end of a test.

    ``calls`` counts calls by method's id, inner ones of a batch each; ``units`` adds up Gmail's quota units, ``spent``
    keeps when they were. ``limit`` is how many a minute are granted (None: any number). ``traffic`` lists each call as
    (method, arguments, body).
    """

    endpoint: str = ""
    now: Callable[[], datetime] = utc_now
    accounts: dict[str, Account] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    calls: Counter[str] = field(default_factory=Counter)
    batches: int = 0
    units: int = 0
    limit: int | None = 6_000
    spent: deque[tuple[datetime, int]] = field(default_factory=deque)
    traffic: list[tuple[str, Mapping[str, Any], dict[str, Any]]] = field(default_factory=list)
    on_call: Callable[[str], None] = lambda method: None
    handlers: dict[str, Handler] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    sign: Sign = field(init=False)

    def __post_init__(self) -> None:
        self.sign = Sign(lambda: self.now(), self.complaints.append)
        for module in (gmail, calendar, people):
            self.handlers.update(module.HANDLERS)

    def account(self, email: str) -> Account:
        """A person's account, made when first asked for."""
        if email not in self.accounts:
            state = (gmail.Mailbox(email), calendar.Calendars(email), people.Book(email))
            for one in state:
                one.clock = lambda: self.now()
            self.accounts[email] = Account(email, *state)
        return self.accounts[email]

    def client_file(self) -> dict[str, Any]:
        """The downloaded file of a Desktop client of this server's."""
        return client_file(self.endpoint)

    # -- one request

    def answer(self, verb: str, target: str, headers: Mapping[str, str], raw: bytes, *, inner: bool) -> _Answer | None:
        """The answer to one request; None where the connection is to end without one."""
        parts = urlsplit(target)
        query = parse_qsl(parts.query, keep_blank_values=True)
        if verb == "POST" and headers.get("x-http-method-override"):  # what the library makes of a very long GET
            verb, query, raw = headers["x-http-method-override"], parse_qsl(raw.decode()), b""
        method = find(verb, parts.path)
        if method is None:
            return self._complain(f"{verb} {parts.path} is nothing Google has")
        try:
            arguments = method.arguments(parts.path, query)
            body = method.body(raw)
        except Malformed as error:
            return self._complain(str(error))
        with self.lock:
            return self._dispatch(method, arguments, body, headers, inner)

    def _dispatch(
        self,
        method: Method,
        arguments: Mapping[str, Any],
        body: dict[str, Any],
        headers: Mapping[str, str],
        inner: bool,
    ) -> _Answer | None:
        if method.id.endswith(SENDS):
            return self._complain(f"{method.id} is never called")
        handler = self.handlers.get(method.id)
        if handler is None:
            return self._complain(f"{method.id} has no handler in this double")
        self.calls[method.id] += 1
        self.traffic.append((method.id, arguments, body))
        self.on_call(method.id)
        write = method.verb != "GET"
        fault = next((f for f in self.faults if f.fits(method.id, write, inner)), None)
        if fault is not None:
            self.faults.remove(fault)
            if fault.kind == "refuse":
                return _Answer.refusal(fault.refusal)
            if fault.kind == "drop-before":
                return None
        refused = self._authorised(method, headers) or self._metered(method)
        if isinstance(refused, Refusal):
            return _Answer.refusal(refused)
        grant = self.sign.access[headers["authorization"].removeprefix("Bearer ")]
        account = self.account(grant.email)
        for name in ("userId",):
            if arguments.get(name, "me") not in ("me", grant.email):
                return _Answer.refusal(Refusal(403, "forbidden", f"Delegation denied for {grant.email}"))
        call = Call(self, account, method.id, arguments, body, grant.scopes, headers)
        found = handler(call)
        if fault is not None and fault.kind == "drop-after":
            return None
        if fault is not None and fault.kind == "page":
            return _Answer(200, "<!doctype html><title>Please sign in to the network</title>")
        if fault is not None and fault.kind == "lost-part":
            return _Answer(0, "")
        if isinstance(found, Refusal):
            return _Answer.refusal(found)
        if not method.answers:
            return _Answer(204, "")
        return _Answer(200, masked(found, arguments.get("fields", "")))

    def _authorised(self, method: Method, headers: Mapping[str, str]) -> Refusal | None:
        grant = self.sign.access.get(headers.get("authorization", "").removeprefix("Bearer "))
        if grant is None or grant.expires <= self.now():
            return Refusal(401, "authError", "Invalid Credentials")
        if not method.scopes & grant.scopes:
            return Refusal(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        return None

    def _metered(self, method: Method) -> Refusal | None:
        if method.api != "gmail":
            return None
        cost, now = gmail.UNITS[method.id], self.now()
        while self.spent and self.spent[0][0] <= now - timedelta(minutes=1):
            self.spent.popleft()
        if self.limit is not None and sum(units for _, units in self.spent) + cost > self.limit:
            self.calls["refused"] += 1
            return Refusal(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Queries' and limit 'per minute'")
        self.spent.append((now, cost))
        self.units += cost
        return None

    def _complain(self, what: str) -> _Answer:
        self.complaints.append(what)
        return _Answer.refusal(Refusal(400, "badRequest", what))

    # -- batches

    def batch(self, headers: Mapping[str, str], raw: bytes) -> _Answer | None:
        """A multipart/mixed of requests, each answered in its place."""
        self.batches += 1
        message = BytesParser().parsebytes(b"content-type: " + headers["content-type"].encode() + b"\r\n\r\n" + raw)
        parts = [p for p in message.get_payload() if not isinstance(p, str)]
        if len(parts) > BATCH:
            return self._complain(f"{len(parts)} calls in one batch")
        pieces: list[str] = []
        for part in parts:
            text = str(part.get_payload())
            first, _, rest = text.partition("\n")
            verb, target, _ = first.split(" ")
            head, _, body = rest.partition("\n\n")
            told = dict(headers) | {
                name.strip().lower(): value.strip() for name, _, value in (h.partition(":") for h in head.splitlines())
            }
            answer = self.answer(verb, target, told, body.encode(), inner=True)
            if answer is None:
                return None
            if not answer.status:
                continue
            content_id = str(part["Content-ID"]).replace("<", "<response-", 1)
            pieces.append(
                f"--batch_kith\r\nContent-Type: application/http\r\nContent-ID: {content_id}\r\n\r\n"
                f"HTTP/1.1 {answer.status} {responses[answer.status]}\r\n"
                + "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
                + f"Content-Type: application/json; charset=UTF-8\r\n\r\n{answer.raw().decode()}\r\n"
            )
        whole = "".join(pieces) + "--batch_kith--\r\n"
        return _Answer(200, whole, {"Content-Type": "multipart/mixed; boundary=batch_kith"})


@dataclass(frozen=True)
class _Answer:
    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def refusal(cls, refusal: Refusal) -> _Answer:
        detail = {"domain": "global", "reason": refusal.reason, "message": refusal.message}
        error = {"code": refusal.status, "message": refusal.message, "errors": [detail]}
        return cls(
            refusal.status, {"error": error}, {"Retry-After": refusal.retry_after} if refusal.retry_after else {}
        )

    def raw(self) -> bytes:
        if self.status == 204:
            return b""
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


class _Handler(web.Handler):
    double: GoogleDouble

    def serve(self) -> None:
        raw = self.told()
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = urlsplit(self.path).path
        answer: _Answer | None
        if path == "/token" and self.command == "POST":
            with self.double.lock:
                fault = next((f for f in self.double.faults if f.method == "token"), None)
                if fault is not None:
                    self.double.faults.remove(fault)
                    answer = _Answer.refusal(fault.refusal) if fault.kind == "refuse" else None
                else:
                    answer = _Answer(*self.double.sign.token(dict(parse_qsl(raw.decode())) | basic(headers)))
        elif path.startswith("/batch") and self.command == "POST":
            answer = self.double.batch(headers, raw)
        else:
            answer = self.double.answer(self.command, self.path, headers, raw, inner=False)
        if answer is None:
            self.close_connection = True
            return
        self.reply(
            answer.status, {"Content-Type": "application/json; charset=UTF-8"} | dict(answer.headers), answer.raw()
        )


@contextmanager
def running(now: Callable[[], datetime] = utc_now) -> Iterator[GoogleDouble]:
    """A server for the length of the block. It does not look at the complaints: its user does."""
    double = GoogleDouble(now=now)
    with web.serving(_Handler, double.complaints.append, double=double) as double.endpoint:
        yield double
