"""A small WebDAV client: one session, a deadline on every call, errors translated, redirects kept in hand."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from connectors.caldav import dav, errors
from connectors.caldav.options import Settings
from connectors.deadline import Deadline
from connectors.network import of_exception, read_body
from daemon.core.errors import NeedsUser, OutcomeUnknown, TryLater
from daemon.core.ports import SecretStore

MAX_BODY = 200_000_000
"""Bytes of one answer; more is not read."""

MAX_REDIRECTS = 5
PATIENCE = 10
"""The whole of one answer may take this many times the timeout: a server that trickles is given up."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read to its end. ``url`` is where it finally came from."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str

    @property
    def etag(self) -> str:
        """The entity tag as sent, quotes included."""
        return self.headers.get("ETag", "").strip()


class _Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class Client:
    """Talks to one server. Not for several threads at once."""

    def __init__(
        self, settings: Settings, secrets: SecretStore, before_write: Callable[[], None] = lambda: None
    ) -> None:
        self.settings = settings
        self._before_write = before_write
        self._secrets = secrets
        self._auth: AuthBase | None = None
        self._home = ""  # the host credentials were meant for
        self.session = requests.Session()
        self._deadline = Deadline()
        self.session.mount("http://", self._deadline)
        self.session.mount("https://", self._deadline)
        self.session.headers["User-Agent"] = "kith"

    def close(self) -> None:
        """Let go of the connections."""
        self.session.close()

    def call(self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One request, and its answer if that is a success.

        Raises:
            Status: the server refused (`errors.Status`); NeedsUser, TryLater, OutcomeUnknown as for every call.
        """
        for _ in range(MAX_REDIRECTS + 1):
            reply, response = self._authorised(method, url, body, headers or {})
            if reply.status not in (301, 302, 303, 307, 308) or method not in errors.SAFE:
                break
            target = urljoin(url, reply.headers.get("Location", ""))
            self.may_follow(url, target)
            url = target
        host = urlsplit(url).netloc
        said = dav.conditions(reply.body) if reply.status >= 400 and reply.body[:1] == b"<" else frozenset()
        if error := errors.of_answer(response, host, method, said, self.settings.user):
            raise error
        return reply

    def multistatus(self, method: str, url: str, body: bytes, depth: str = "") -> dav.Multistatus:
        """A PROPFIND or REPORT."""
        headers = {"Content-Type": "application/xml; charset=utf-8"}
        if depth:
            headers["Depth"] = depth
        reply = self.call(method, url, body, headers)
        return dav.multistatus(reply.body, urlsplit(url).netloc)

    # -- one exchange ----------------------------------------------------------------------------

    def _authorised(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Reply, requests.Response]:
        if self._auth is None:
            self._auth = self._credentials(url)
        reply, response = self._exchange(method, url, body, headers)
        if reply.status == 401:
            offered = response.headers.get("WWW-Authenticate", "").lower()
            again = self.settings.auth == "bearer"  # the token may have run out: the command prints a new one
            if self.settings.auth == "auto" and "digest" in offered and not isinstance(self._auth, HTTPDigestAuth):
                self._auth = HTTPDigestAuth(self.settings.user, self._secret("password"))
                again = True
            elif again:
                self._auth = _Bearer(self._secret("token"))
            if again:
                reply, response = self._exchange(method, url, body, headers)
        return reply, response

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Reply, requests.Response]:
        host = urlsplit(url).netloc
        tries = 2 if method in errors.SAFE else 1
        while True:
            tries -= 1
            if method not in errors.SAFE:
                self._before_write()
            try:
                with self._deadline.within(PATIENCE * self.settings.timeout):
                    return self._once(method, url, body, headers)
            except (requests.RequestException, OSError) as error:
                if self._deadline.struck:
                    lost = TryLater if method in errors.SAFE else OutcomeUnknown
                    raise lost(f"{host} sends too much or too slowly.") from None
                found = of_exception(error, host, write=method not in errors.SAFE)
                # a connection kept open is closed by the server without a word: once more, on a new one
                if tries and type(found) is TryLater and not isinstance(error, requests.Timeout):
                    continue
                raise found from None

    def _once(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[Reply, requests.Response]:
        timeout = self.settings.timeout
        with self.session.request(
            method,
            url,
            data=body,
            headers=dict(headers),
            auth=self._auth,
            timeout=(timeout, timeout),
            # said with each request: of a session, REQUESTS_CA_BUNDLE would overrule it
            verify=self.settings.ca_file or True,
            allow_redirects=False,
            stream=True,
        ) as response:
            body = read_body(response, MAX_BODY)
            if body is None:
                lost = TryLater if method in errors.SAFE else OutcomeUnknown
                raise lost(f"{urlsplit(url).netloc} sends too much.")
            return Reply(response.status_code, response.headers, body, url), response

    # -- credentials -----------------------------------------------------------------------------

    def _credentials(self, url: str) -> AuthBase:
        kind, user = self.settings.auth, self.settings.user
        if kind != "digest":
            _private_enough(url)
        if kind == "bearer":
            return _Bearer(self._secret("token"))
        password = self._secret("password")
        # as bytes: requests would write Cyrillic as latin-1 and fail (RFC 7617 2.1 allows UTF-8)
        return HTTPDigestAuth(user, password) if kind == "digest" else HTTPBasicAuth(user.encode(), password.encode())

    def _secret(self, name: str) -> str:
        value = self._secrets.get(self.settings.account, name)
        if value is None:
            raise NeedsUser(
                f"There is no {name} for the account {self.settings.account}.",
                f"Give it a {name}_command in the configuration.",
            )
        return value

    def may_follow(self, url: str, target: str) -> None:
        """Credentials stay with the people they were given to."""
        old, new = urlsplit(url), urlsplit(target)
        if not new.hostname or new.scheme not in ("http", "https"):
            raise TryLater(f"{old.netloc} redirects to nowhere.")
        if old.scheme == "https" and new.scheme != "https":
            raise NeedsUser(
                f"{old.netloc} redirects to an unencrypted address.", "If you trust it, name that address in url."
            )
        if not same_people(old.hostname or "", new.hostname):
            raise NeedsUser(
                f"{old.netloc} redirects to {new.netloc}, which is somebody else's.",
                "If you trust it, name that address in url.",
            )


def same_people(one: str, other: str) -> bool:
    """Whether two hosts are the same, one under the other, or neighbours (p01-caldav.icloud.com, caldav.icloud.com)."""
    if one == other:
        return True
    if _is_ip(one) or _is_ip(other):
        return False
    if one.endswith("." + other) or other.endswith("." + one):
        return "." in one and "." in other
    parent = one.partition(".")[2]
    # under co.uk or com.ru everybody is a neighbour
    return parent == other.partition(".")[2] and parent.count(".") >= 1 and len(parent.partition(".")[0]) > 3


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _private_enough(url: str) -> None:
    """A password does not travel the internet in the open."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or "." not in host or host.endswith((".local", ".lan", ".home.arpa", ".localhost")):
        return
    if _is_ip(host) and ipaddress.ip_address(host).is_private:
        return
    raise NeedsUser(f"{host} would be sent your password in the open.", "Let url begin with https.")
