"""Real Radicale and Xandikos servers on loopback, each in a folder of its own, stopped by pid."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

PASSWORD = "correct-horse"
READING = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
_RADICALE = re.compile(r"\] ([A-Z]+) request for '([^']*)'")
_XANDIKOS = re.compile(r'\] "([A-Z]+) (\S+) HTTP/')
_BIN = Path(sys.executable).parent


@dataclass
class DavServer:
    """A running server. ``kind`` is radicale or xandikos."""

    kind: str
    folder: Path
    port: int
    accounts: int = 0
    _read: int = 0
    _marks: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> list[tuple[str, str]]:
        """(method, path) of each request since the last call."""
        # a server answers first and logs afterwards: a last request of ours shows that all before it stand there
        self._marks += 1
        mark = f"/mark-{self._marks}"
        requests.get(self.url + mark, timeout=20)
        pattern = _RADICALE if self.kind == "radicale" else _XANDIKOS
        for _ in range(400):
            text = (self.folder / "log").read_text(errors="replace")
            found: list[tuple[str, str]] = pattern.findall(text[self._read :])
            if any(path == mark for _, path in found):
                self._read = len(text)
                return [one for one in found if one[1] != mark]
            time.sleep(0.025)
        raise AssertionError("the server does not log what it is asked")

    @contextmanager
    def account(self, tls: Path | None = None) -> Iterator[DavAccount]:
        """A fresh user with one calendar and one address book. ``tls``: the certificate to trust."""
        self.accounts += 1
        if self.kind == "radicale":
            user = f"user{self.accounts}@example.org"
            with (self.folder / "users").open("a") as users:
                users.write(f"{user}:{PASSWORD}\n")
            made = DavAccount(self, user, f"/{user}/", f"/{user}/home/", f"/{user}/people/")
        else:
            # one user only: every account has collections of its own, and clears them away
            root = "/petra"
            made = DavAccount(
                self,
                "petra@example.org",
                f"{root}/calendars/",
                f"{root}/calendars/home{self.accounts}/",
                f"{root}/contacts/people{self.accounts}/",
            )
        made.trust(tls)
        made.make_calendar(made.calendar, "Home")
        made.make_book(made.book, "People")
        try:
            yield made
        finally:
            made.close()


@dataclass
class DavAccount:
    """One user of a server, acted for as a calendar application would."""

    server: DavServer
    user: str
    home: str  # path calendars are under
    calendar: str  # path of the user's own calendar
    book: str

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.auth = (self.user, PASSWORD)
        self._url = self.server.url

    def trust(self, certificate: Path | None) -> None:
        """Speak TLS from now on."""
        if certificate:
            self._session.trust_env = False  # REQUESTS_CA_BUNDLE would overrule what follows
            self._session.verify = str(certificate)
            self._url = f"https://localhost:{self.server.port}"  # the name certificates are made out to

    @property
    def kept(self) -> Path:
        """Where Radicale keeps this user's collections."""
        return self.server.folder / "data" / "collection-root" / self.user

    def close(self) -> None:
        if self.server.kind == "xandikos":
            for href in self.collections():
                self.request("DELETE", href)
        self._session.close()

    def request(self, method: str, path: str, data: bytes | None = None, **headers: str) -> requests.Response:
        """Any request; it must succeed."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = self._url + urlsplit(path).path
        response = self._session.request(method, url, data=data, headers=sent, timeout=20)
        assert response.status_code < 400, f"{method} {path}: {response.status_code} {response.text[:300]}"
        return response

    def exists(self, path: str) -> bool:
        return self._session.get(self._url + path, timeout=20).status_code == 200

    def put(self, path: str, data: bytes) -> str:
        kind = "text/vcard" if path.endswith(".vcf") else "text/calendar"
        self.request("PUT", path, data, Content_Type=f"{kind}; charset=utf-8")
        return path

    def delete(self, path: str) -> None:
        self.request("DELETE", path)

    def get(self, path: str) -> bytes:
        return self.request("GET", path).content

    def members(self, collection: str) -> list[str]:
        """Paths of the objects in a collection."""
        found = self.request("PROPFIND", collection, Depth="1").text
        hrefs = re.findall(r"<(?:\w+:)?href>([^<]*)</", found)
        paths = {urlsplit(h).path.replace("%40", "@") for h in hrefs}
        return sorted(p for p in paths if p.startswith(collection) and not p.endswith("/"))

    def collections(self) -> list[str]:
        """Paths of all calendars and address books."""
        roots = [self.home] if self.server.kind == "radicale" else ["/petra/calendars/", "/petra/contacts/"]
        found: list[str] = []
        for root in roots:
            text = self.request("PROPFIND", root, Depth="1").text
            hrefs = {urlsplit(h).path.replace("%40", "@") for h in re.findall(r"<(?:\w+:)?href>([^<]*)</", text)}
            found += sorted(h for h in hrefs if h.startswith(root) and h.endswith("/") and h not in roots)
        return found

    def make_calendar(self, path: str, name: str) -> None:
        body = (
            '<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
            f"<D:displayname>{name}</D:displayname></D:prop></D:set></C:mkcalendar>"
        )
        self.request("MKCALENDAR", path, body.encode(), Content_Type="application/xml")

    def make_book(self, path: str, name: str) -> None:
        body = (
            '<D:mkcol xmlns:D="DAV:" xmlns:A="urn:ietf:params:xml:ns:carddav"><D:set><D:prop><D:resourcetype>'
            f"<D:collection/><A:addressbook/></D:resourcetype><D:displayname>{name}</D:displayname>"
            "</D:prop></D:set></D:mkcol>"
        )
        self.request("MKCOL", path, body.encode(), Content_Type="application/xml")


@contextmanager
def dav_server(kind: str, folder: Path, *, certificate: tuple[Path, Path] | None = None) -> Iterator[DavServer]:
    """Starts a server in ``folder``; ``certificate`` (cert, key) makes a Radicale speak TLS."""
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    with ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(
            _command(kind, folder, port, certificate), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        stack.callback(_stop, process)
        _wait_for(port, process, folder)
        yield DavServer(kind, folder, port)


def _command(kind: str, folder: Path, port: int, certificate: tuple[Path, Path] | None) -> Sequence[str]:
    if kind == "xandikos":
        return [
            *(str(_BIN / "xandikos"), "serve", "-d", str(folder / "data"), "--defaults"),
            *("--current-user-principal", "/petra/", "-l", "127.0.0.1", "-p", str(port)),
            *("--no-detect-systemd", "--state-dir", str(folder / "state")),
        ]
    (folder / "users").touch()
    options = {
        "server-hosts": f"127.0.0.1:{port}",
        "server-delay-on-error": "0",
        "storage-filesystem-folder": str(folder / "data"),
        "auth-type": "htpasswd",
        "auth-htpasswd-filename": str(folder / "users"),
        "auth-htpasswd-encryption": "plain",
        "auth-delay": "0",
    }
    if certificate:
        options |= {
            "server-ssl": "True",
            "server-certificate": str(certificate[0]),
            "server-key": str(certificate[1]),
        }
    return [str(_BIN / "radicale"), "--config", "", *(f"--{name}={value}" for name, value in options.items())]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {(folder / 'log').read_text(errors='replace')[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
