"""A strict Exchange server on loopback: real HTTP, real NTLM, EWS over it, and failures on demand.

Everything the client does that no server would take, or that would send something, is kept in ``wrong``: whoever
opened the server looks there at the end (`open_ews` does).
"""

from __future__ import annotations

import base64
import os
import queue
import ssl
import tempfile
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lxml import etree

from tests.doubles.ews import answers, operations
from tests.doubles.ews.mailbox import Mailbox
from tests.doubles.ews.xml import ERRORS, MESSAGES, NS, SOAP, TYPES, NotEws, local, make, validate
from tests.support import web

PATH = "/EWS/Exchange.asmx"
USER, PASSWORD = "EXAMPLE\\petra", "correct-horse"

BUSY_500, BUSY_200, BUSY_MESSAGE = "busy with 500", "busy with 200", "busy in the response"
DROP_BEFORE, DROP_AFTER, INTERNAL, SILENT = "drop before", "drop after", "internal error", "silent"


@dataclass
class Ews:
    """One server with mailboxes by address. ``calls`` counts operations, ``attempts`` sign-ins that carried a password.

    ``auth`` is basic, ntlm, bearer, or negotiate (where the password stands for a Kerberos ticket).
    ``faults`` are (operation or "" for any write, what happens), used up one by one: a constant above, or a word and
    what it is of: ``fault CODE`` (SOAP, HTTP 500), ``answer CODE`` (in the response message), ``status NUMBER TEXT``.
    ``away`` is how each request is answered by a server whose mailbox is elsewhere: a status and where to.
    ``refusal`` are header fields that come along with the 401 to a wrong password, ``token_answer`` is what the token
    endpoint says in place of a token.
    """

    boxes: dict[str, Mailbox] = field(default_factory=dict)
    auth: str = "basic"
    password: str = PASSWORD
    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    refused: int = 0
    tokens: int = 0
    refusal: dict[str, str] = field(default_factory=dict)
    token_answer: tuple[int, bytes] | None = None
    away: tuple[int, str] | None = None
    wrong: list[str] = field(default_factory=list)
    faults: deque[tuple[str, str]] = field(default_factory=deque)
    streams: list[queue.Queue[str]] = field(default_factory=list)
    listener: threading.Event = field(default_factory=threading.Event)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def box(self, address: str) -> Mailbox:
        """The mailbox of an address, made when first asked for."""
        with self.lock:
            return self.boxes.setdefault(address.lower(), Mailbox.ordinary(address.lower()))

    def fault(self, name: str) -> str:
        """What happens to this call."""
        for place, (wanted, what) in enumerate(self.faults):
            if wanted == name or (not wanted and name in operations.WRITES):
                del self.faults[place]
                return what
        return ""

    def notify(self) -> None:
        """Something is new: whoever listens is told."""
        for stream in self.streams:
            stream.put(_notification("OK"))

    def hang_up(self) -> None:
        """End every stream, as after its time has run out."""
        for stream in self.streams:
            stream.put("")


class _Handler(web.Handler):
    wbufsize = -1
    ews: Ews
    _context: Any = None
    _signed_in = False

    def serve(self) -> None:
        if self.command == "POST":
            self._posted()
        elif self.path.lower().startswith("/autodiscover/autodiscover.json"):
            self._send(200, b'{"Protocol":"EWS","Url":"%s"}' % self.ews.url.encode(), "application/json")
        else:
            self._send(404, b"")

    def _posted(self) -> None:
        raw = self.told()
        if self.path == "/token":
            self._token(raw)
            return
        if self.path.lower() != PATH.lower():
            self.ews.wrong.append(f"asked {self.path}")
            self._send(404, b"")
            return
        if not self._authorised():
            return
        if self.ews.away is not None:
            status, location = self.ews.away
            self._send(status, b"<html>It is not here.</html>", "text/html", location=location)
            return
        try:
            self._answer(raw)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except (NotEws, Exception) as error:
            self.ews.wrong.append(f"{type(error).__name__}: {error}")
            self._send(400, b"")

    # -- signing in ------------------------------------------------------------------------------

    def _authorised(self) -> bool:
        said = self.headers.get("Authorization", "")
        kind, _, value = said.partition(" ")
        ews = self.ews
        if ews.auth == "ntlm":
            return self._ntlm(kind, value)
        if ews.auth == "negotiate":
            good = said == "Negotiate " + base64.b64encode(ews.password.encode()).decode()
        elif ews.auth == "bearer":
            good = said == "Bearer token-of-the-double"
        else:
            good = said == "Basic " + base64.b64encode(f"{USER}:{ews.password}".encode()).decode()
        if said and not self._signed_in:
            ews.attempts += 1
        if not good:
            ews.refused += bool(said)
            self._refuse({"basic": 'Basic realm="ews"', "bearer": "Bearer", "negotiate": "Negotiate"}[ews.auth])
        else:
            self._signed_in = True
        return good

    def _ntlm(self, kind: str, value: str) -> bool:
        """MS-NLMP: negotiate, challenge, authenticate; then the connection is this user's."""
        if self._signed_in and not value:
            return True
        if kind not in ("NTLM", "Negotiate") or not value:
            self._refuse("NTLM")
            return False
        import spnego

        token = base64.b64decode(value)
        if self._context is None or token[8:12] == b"\x01\0\0\0":
            self._context = spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        last = token[8:12] == b"\x03\0\0\0"
        self.ews.attempts += last
        try:
            answer = self._context.step(token)
        except spnego.exceptions.SpnegoError:
            answer = None
        if last and self._context.complete:
            self._signed_in = True
            return True
        if last or answer is None:
            self.ews.refused += 1
            self._context = None
            self._refuse("NTLM")
        else:
            self._refuse(f"NTLM {base64.b64encode(answer).decode()}")
        return False

    def _refuse(self, challenge: str) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", challenge)
        for name, value in self.ews.refusal.items() if self.ews.refused else ():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _token(self, raw: bytes) -> None:
        self.ews.attempts += 1
        if self.ews.token_answer is not None:
            self._send(*self.ews.token_answer, "application/json")
            return
        said = raw.decode()
        if "grant_type=client_credentials" not in said or f"client_secret={self.ews.password}" not in said:
            self.ews.refused += 1
            self._send(401, b'{"error":"invalid_client","error_description":"no"}', "application/json")
            return
        self.ews.tokens += 1
        self._send(
            200, b'{"access_token":"token-of-the-double","token_type":"Bearer","expires_in":3600}', "application/json"
        )

    # -- answering -------------------------------------------------------------------------------

    def _answer(self, raw: bytes) -> None:
        ews = self.ews
        envelope: Any = etree.fromstring(raw)
        request = envelope.find("s:Body", NS)[0]
        name = local(request)
        version = envelope.find("s:Header/t:RequestServerVersion", NS)
        if version is None or not version.get("Version", "").startswith("Exchange20"):
            raise NotEws("no version is asked for")
        if ews.auth == "bearer" and envelope.find("s:Header/t:ExchangeImpersonation", NS) is None:
            raise NotEws("an application names the mailbox it means")
        validate(request, name)
        with ews.lock:
            ews.calls[name] += 1
            what = ews.fault(name)
            if what == SILENT:
                self.close_connection = True
                ews.streams.append(waiting := queue.Queue[str]())
            elif what and what != DROP_AFTER:
                self._fail(name, what)
                return
        if what == SILENT:
            waiting.get()
            return
        if name == "GetStreamingEvents":
            self._stream()
            return
        with ews.lock:
            address = self.headers.get("X-AnchorMailbox", "")
            try:
                response = operations.dispatch(ews.box(address), request)
            except answers.Answer as error:
                more = [make("m:SyncState"), make("m:IncludesLastItemInRange", "true")] if "Sync" in name else []
                failed = answers.failure(name, error.code, error.message, *more)
                response = make(f"m:{name}Response", make("m:ResponseMessages", failed))
        validate(response, f"{name}Response")
        self._send(200, _envelope(response), half=what == DROP_AFTER)

    def _fail(self, name: str, what: str) -> None:
        if what == DROP_BEFORE:
            self.close_connection = True
        elif what == BUSY_MESSAGE:
            failed = answers.failure(name, "ErrorServerBusy", "Busy.")
            self._send(200, _envelope(make(f"m:{name}Response", make("m:ResponseMessages", failed))))
        elif what.startswith("answer "):
            failed = answers.failure(name, what.split()[1], "No.")
            self._send(200, _envelope(make(f"m:{name}Response", make("m:ResponseMessages", failed))))
        elif what.startswith("fault "):
            self._send(500, _busy().replace(b"ErrorServerBusy", what.split()[1].encode()))
        elif what.startswith("status "):
            _, status, text = what.split(" ", 2)
            self._send(int(status), text.encode(), "text/html")
        elif what == INTERNAL:
            self._send(503, b"")
        else:
            self._send(500 if what == BUSY_500 else 200, _busy())

    def _send(
        self, status: int, body: bytes, kind: str = "text/xml; charset=utf-8", *, half: bool = False, location: str = ""
    ) -> None:
        headers = {"Content-Type": kind} | ({"Location": location} if location else {})
        with suppress(BrokenPipeError, ConnectionResetError):
            self.reply(status, headers, body, half=half)
            self.wfile.flush()

    def _stream(self) -> None:
        """MS-OXWSNTIF 3.1.4.2: documents one after the other in one answer that does not end."""
        mine: queue.Queue[str] = queue.Queue()
        self.ews.streams.append(mine)
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        mine.put(_notification("OK", news=False))
        self.ews.listener.set()
        try:
            while said := mine.get():
                data = said.encode()
                self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        finally:
            self.ews.streams.remove(mine)


def _envelope(body: Any) -> bytes:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"s": SOAP})
    header = etree.SubElement(envelope, f"{{{SOAP}}}Header")
    info = {"MajorVersion": "15", "MinorVersion": "2", "MajorBuildNumber": "1748", "MinorBuildNumber": "10"}
    etree.SubElement(header, f"{{{TYPES}}}ServerVersionInfo", {**info, "Version": "V2017_07_11"})
    etree.SubElement(envelope, f"{{{SOAP}}}Body").append(body)
    return b'<?xml version="1.0" encoding="utf-8"?>' + bytes(etree.tostring(envelope))


def _busy() -> bytes:
    return f"""<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault>
<faultcode xmlns:a="{TYPES}">a:ErrorServerBusy</faultcode><faultstring xml:lang="en-US">Busy.</faultstring><detail>
<e:ResponseCode xmlns:e="{ERRORS}">ErrorServerBusy</e:ResponseCode><e:Message xmlns:e="{ERRORS}">Busy.</e:Message>
<t:MessageXml xmlns:t="{TYPES}"><t:Value Name="BackOffMilliseconds">297749</t:Value></t:MessageXml></detail>
</s:Fault></s:Body></s:Envelope>""".encode()


def _notification(status: str, *, news: bool = True) -> str:
    told = ""
    if news:
        told = (
            "<m:Notifications><m:Notification><t:SubscriptionId>c3Vic2NyaXB0aW9u</t:SubscriptionId><t:NewMailEvent>"
            "<t:TimeStamp>2026-11-18T09:00:00Z</t:TimeStamp><t:ItemId Id='a' ChangeKey='b'/>"
            "<t:ParentFolderId Id='c' ChangeKey='d'/></t:NewMailEvent></m:Notification></m:Notifications>"
        )
    return (
        f"<?xml version='1.0' encoding='utf-8'?><soap11:Envelope xmlns:soap11='{SOAP}'><soap11:Header/><soap11:Body>"
        f"<m:GetStreamingEventsResponse xmlns:m='{MESSAGES}' xmlns:t='{TYPES}'><m:ResponseMessages>"
        "<m:GetStreamingEventsResponseMessage ResponseClass='Success'><m:ResponseCode>NoError</m:ResponseCode>"
        f"{told}<m:ConnectionStatus>{status}</m:ConnectionStatus></m:GetStreamingEventsResponseMessage>"
        "</m:ResponseMessages></m:GetStreamingEventsResponse></soap11:Body></soap11:Envelope>"
    )


@contextmanager
def open_ews(*, auth: str = "basic", tls: ssl.SSLContext | None = None) -> Iterator[Ews]:
    """A server while the block lasts; what the client did wrong fails the test at its end."""
    ews = Ews(auth=auth)
    with tempfile.TemporaryDirectory(prefix="kith-ews-") as folder:
        users = Path(folder, "users")
        domain, _, user = USER.partition("\\")
        users.write_text(f"{domain}:{user}:{PASSWORD}\n")
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(users)
        try:
            with web.serving(_Handler, ews.wrong.append, tls, ews=ews) as url:
                ews.url = url + PATH
                try:
                    yield ews
                finally:
                    ews.hang_up()
        finally:
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before
    assert not ews.wrong, ews.wrong
