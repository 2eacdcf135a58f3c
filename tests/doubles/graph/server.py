"""The server: requests in, checked, handed to handlers, counted, and failed on demand."""

from __future__ import annotations

import json
import re
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.doubles.graph.call import Call, Refusal, Strange
from tests.doubles.graph.csdl import metadata
from tests.doubles.graph.mailbox import Mailbox
from tests.doubles.graph.odata import BadOption
from tests.doubles.graph.routes import ROUTES, Route
from tests.doubles.graph.signin import SignIn
from tests.support import web

BATCH = 20
AT_A_TIME = 4
HALF = "half"
"""Among the header fields of an answer: only half of it is sent."""


@dataclass
class Fault:
    """What goes wrong with the next request it fits: once.

    ``kind`` is drop-before (nothing is done), drop-after (done, and no answer comes), half (done, and the connection
    ends in the middle of the answer), noise (a page that is not Microsoft's) or a status to answer with.
    ``path`` is a pattern to be found in method and path. ``lasting``: every time, not once.
    """

    kind: str | int
    path: str = ""
    writes: bool = False
    code: str = "generalException"
    retry_after: str = ""
    inner: bool = False  # of a batch, one part
    lasting: bool = False

    def fits(self, method: str, path: str, write: bool, inner: bool) -> bool:
        """Whether this request is meant."""
        return (
            (self.inner is inner or self.lasting)
            and (write or not self.writes)
            and bool(re.search(self.path, f"{method} {path}"))
        )


@dataclass
class GraphDouble:
    """The state of the whole server. ``complaints`` must be empty at the end of a test.

    ``calls`` counts requests by method and route, inner ones of a batch each. ``lagging`` are ids a search does not
    find yet. ``limit`` is how many hits a search tells. ``reply_drops`` are properties createReply is told
    and does not keep. ``replay``: a delta tells again what it told last.
    """

    endpoint: str = ""
    box: Mailbox = field(default_factory=Mailbox)
    sign: SignIn = field(default_factory=SignIn)
    faults: list[Fault] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    lagging: set[str] = field(default_factory=set)
    limit: int = 1000
    replay: bool = False
    reply_drops: frozenset[str] = frozenset()
    on_call: Callable[[str], None] = lambda what: None
    lock: threading.RLock = field(default_factory=threading.RLock)
    counting: threading.Lock = field(default_factory=threading.Lock)
    busy: int = 0

    def __post_init__(self) -> None:
        self.sign.complaints = self.complaints

    # -- Graph

    def graph(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], Any]:
        """The answer to a request; an empty status means that none comes."""
        path = urlsplit(target).path
        with self.counting:
            self.requests += 1
            self.busy += 1
            many = self.busy > AT_A_TIME
        try:
            if many:
                return 429, {"Retry-After": "1"}, Refusal(429, "ApplicationThrottled").body()
            with self.lock:
                if path == "/v1.0/$batch" and method == "POST":
                    return self._batch(headers, raw)
                return self._one(method, target, headers, raw, inner=False)
        finally:
            with self.counting:
                self.busy -= 1

    def _batch(self, headers: dict[str, str], raw: bytes) -> tuple[int, dict[str, str], Any]:
        told = json.loads(raw)
        if set(told) != {"requests"} or not 0 < len(told["requests"]) <= BATCH:
            return self._complain(f"a batch of {len(told.get('requests', []))}")
        fault = self._fault("POST", "/$batch", False, False)
        if fault is not None and str(fault.kind).startswith("drop"):
            return 0, {}, None
        if fault is not None:
            return self._failed(fault)
        answers = []
        for one in told["requests"]:
            if set(one) - {"id", "method", "url", "headers", "body"} or one["method"] != "GET":
                return self._complain(f"{one.get('method')} {one.get('url')} in a batch")
            inner = {name.lower(): value for name, value in one.get("headers", {}).items()}
            inner["authorization"] = headers.get("authorization", "")
            status, more, body = self._one("GET", "/v1.0" + one["url"], inner, b"", inner=True)
            if status == 401:
                return 401, {}, body
            answers.append({"id": one["id"], "status": status, "headers": more, "body": body})
        return 200, {}, {"responses": answers[::-1]}  # in whatever order

    def _one(
        self, method: str, target: str, headers: dict[str, str], raw: bytes, *, inner: bool
    ) -> tuple[int, dict[str, str], Any]:
        parts = urlsplit(target)
        if not parts.path.startswith("/v1.0/me/"):
            return self._complain(f"{method} {parts.path} is not of the user's own mailbox")
        segments = [unquote(s) for s in parts.path.removeprefix("/v1.0/me/").split("/")]
        if segments[-1].lower() in ("send", "sendmail", "forward", "reply", "replyall", "permanentdelete"):
            return self._complain(f"{method} {parts.path} sends or destroys")
        found = next(((r, ids) for r in ROUTES if (ids := r.ids(method, segments)) is not None), None)
        if found is None:
            return self._complain(f"{method} {parts.path} is nothing this double knows")
        route, ids = found
        name = f"{method} {route.path}"
        self.calls[name] += 1
        self.on_call(name)
        write = method != "GET"
        fault = self._fault(method, parts.path, write, inner)
        if fault is not None and fault.kind == "drop-before":
            return 0, {}, None
        if fault is not None and (isinstance(fault.kind, int) or fault.kind == "noise"):
            return self._failed(fault)
        scopes = self.sign.access.get(headers.get("authorization", "").removeprefix("Bearer "))
        if scopes is None:
            return 401, {}, Refusal(401, "InvalidAuthenticationToken").body()
        if route.scope not in scopes:
            return 403, {}, Refusal(403, "ErrorAccessDenied").body()
        try:
            options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
            body = json.loads(raw) if raw else {}
            if wrong := self._wrong(route, segments, options, headers, body):
                return self._complain(wrong)
            # the path as it was asked for, for links: with its ids
            path = "/me/" + parts.path.removeprefix("/v1.0/me/")
            call = Call(
                self.box, method, unquoted(path), ids, options, headers, body, self.replay, self.reply_drops,
                self.lagging, self.limit,
            )  # fmt: skip
            status, answer = route.handler(call)
        except Refusal as refusal:
            return refusal.status, refusal.headers, refusal.body()
        except (Strange, BadOption, ValueError) as error:
            return self._complain(f"{method} {target}: {error}")
        if fault is not None and fault.kind == "drop-after":
            return 0, {}, None
        return status, {HALF: ""} if fault is not None and fault.kind == "half" else {}, answer

    def _wrong(
        self, route: Route, segments: list[str], options: dict[str, str], headers: dict[str, str], body: Any
    ) -> str:
        """What of a request Graph would not understand, or should not have been asked; "" if nothing."""
        if 'IdType="ImmutableId"' not in headers.get("prefer", ""):
            return f"{route.method} {route.path} without immutable ids"
        if more := set(options) - route.options:
            return f"{route.method} {route.path} with {sorted(more)}"
        known = metadata()
        if known is None:
            return ""
        if wrong := known.wrong_path(segments):
            return f"{'/'.join(segments)}: {wrong}"
        for name in filter(None, options.get("$select", "").split(",")):
            if not known.has(route.kind, name):
                return f"$select: {route.kind} has no {name}"
        held = body.get("message", {}) if route.body == "reply" else body
        kind = "message" if route.body == "reply" else route.body
        return known.wrong_body(kind, held) if kind not in ("", "move") else ""

    def _fault(self, method: str, path: str, write: bool, inner: bool) -> Fault | None:
        fault = next((f for f in self.faults if f.fits(method, path, write, inner)), None)
        if fault is not None and not fault.lasting:
            self.faults.remove(fault)
        return fault

    def _failed(self, fault: Fault) -> tuple[int, dict[str, str], Any]:
        if fault.kind == "noise":
            return 200, {"Content-Type": "text/html"}, b"<html>Please sign in to the network</html>"
        assert isinstance(fault.kind, int)
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        return fault.kind, headers, Refusal(fault.kind, fault.code).body()

    def _complain(self, what: str) -> tuple[int, dict[str, str], Any]:
        self.complaints.append(what)
        return 400, {}, Refusal(400, "BadRequest").body()

    # -- the sign-in

    def login(self, method: str, target: str, raw: bytes) -> tuple[int, dict[str, str], Any]:
        """The answer of the sign-in."""
        parts = urlsplit(target)
        tenant, _, path = parts.path.lstrip("/").partition("/")
        with self.lock:
            if (fault := self._fault(method, f"/login/{path}", False, False)) is not None:
                return (0, {}, None) if str(fault.kind).startswith("drop") else self._failed(fault)
            if method == "GET":
                status, body = self.sign.get(tenant, path, dict(parse_qsl(parts.query)))
            else:
                status, body = self.sign.post(tenant, path, dict(parse_qsl(raw.decode())))
        return status, ({"Location": body["Location"]} if status == 302 else {}), body


def unquoted(path: str) -> str:
    """A path whose segments stand apart by NUL, for ids hold slashes."""
    return "\0".join(unquote(segment) for segment in path.split("/"))


class _Handler(web.Handler):
    timeout = 60
    double: GraphDouble

    def serve(self) -> None:
        raw = self.told()
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            if self.path.startswith("/graph/"):
                status, more, body = self.double.graph(self.command, self.path[len("/graph") :], headers, raw)
            elif self.path.startswith("/login/"):
                status, more, body = self.double.login(self.command, self.path[len("/login") :], raw)
            else:
                status, more, body = self.double._complain(f"{self.command} {self.path}")
        except Exception:
            self.double.complaints.append(traceback.format_exc())
            status, more, body = 500, {}, {}
        if not status:
            self.close_connection = True
            return
        whole = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        half = more.pop(HALF, None) is not None
        self.reply(status, {"Content-Type": "application/json"} | more, whole, half=half)


@contextmanager
def running() -> Iterator[GraphDouble]:
    """A server for the length of the block. It does not look at the complaints: its user does."""
    double = GraphDouble()
    with web.serving(_Handler, double.complaints.append, double=double) as double.endpoint:
        yield double
