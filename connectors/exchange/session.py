"""One mailbox on one server: how it is signed in to, how every call gets an end, and what a refused password does.

exchangelib's own retries are off (`FailFast`: its other policy sleeps for up to an hour and takes a 401 for "busy").
Its probing of authentication and versions is off as well: both are said. So a wrong password makes exactly one attempt;
after it this object asks the server nothing more, and the service leaves the account alone until its time has come.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from exchangelib import DELEGATE, IMPERSONATION, Account, Configuration
from exchangelib.errors import UnauthorizedError
from exchangelib.ewsdatetime import UTC
from exchangelib.protocol import FailFast, Protocol
from exchangelib.transport import AUTH_TYPE_MAP, BASIC, GSSAPI, NTLM, OAUTH2
from exchangelib.version import EXCHANGE_2013_SP1, Version

from connectors.deadline import Deadline
from connectors.exchange import codes, errors, finding
from connectors.exchange.credentials import credentials
from connectors.exchange.options import Settings, check_url, host_of
from daemon.core.errors import LeaseLost, NeedsUser, SignInRefused, TryLater
from daemon.core.ports import SecretStore

T = TypeVar("T")

PATIENCE = 10
"""The whole of one call may take this many times the timeout: a server that trickles is given up."""

AGAIN = 3600.0
"""Seconds till a server that was found by the address, and is not there, is looked for once more."""

MICROSOFT = "https://login.microsoftonline.com/"
"""Where tokens come from if nothing else is said; the organisation's own authority does not vouch for it."""

AUTH = {"ntlm": NTLM, "basic": BASIC, "kerberos": GSSAPI, "oauth2": OAUTH2}

for _name in ("exchangelib", "requests_oauthlib", "oauthlib", "requests_gssapi"):
    # they log requests whole, letters, addresses, secrets and tokens included
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


class _Once(FailFast):  # type: ignore[misc]  # the library has no types
    """A refusal is one, whatever stands in its header: exchangelib looks at that first and sees a busy server."""

    def raise_response_errors(self, response: Any) -> None:
        if response.status_code == 456 or (response.status_code >= 400 and codes.LOCKED_OUT in response.content):
            raise codes.Locked
        if response.status_code == 401:
            raise UnauthorizedError("401")
        if response.status_code in codes.NOT_HERE:
            raise codes.NotHere(response.status_code)
        super().raise_response_errors(response)


class Session:
    """The account on its server. Not for several threads at once; `cut` may be called from any."""

    def __init__(
        self,
        settings: Settings,
        secrets: SecretStore,
        state: str = "",
        before_write: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self._secrets = secrets
        self._state = state
        self._before_write = before_write
        self._account: Any = None
        self._url = settings.url
        self._refused: SignInRefused | None = None
        self._worked = False
        self._next_look = 0.0
        self._deadlines: list[Deadline] = []
        self._closing = threading.Lock()

    def read(self, ask: Callable[[Any], T]) -> T:
        """Ask something of the account (`exchangelib.Account`); once more where a kept connection was found closed.

        Raises:
            SignInRefused, NeedsUser, TryLater, CursorExpired, Refused: as for every call.
        """
        try:
            return self._call(ask, write=False)
        except _Closed:
            return self._call(ask, write=False, again=True)

    def write(self, do: Callable[[Any], T]) -> T:
        """Change something, after asking whether this process still may.

        Raises:
            OutcomeUnknown: it was sent and no answer came. Also all that `read` raises, Conflict, LeaseLost.
        """
        self._before_write()
        return self._call(do, write=True)

    def listen(self, ask: Callable[[Any], T], seconds: float) -> T:
        """Like `read`, for an answer that may go on for so long."""
        return self._call(ask, write=False, again=True, limit=seconds)

    @property
    def host(self) -> str:
        """The server's name, for sentences."""
        return host_of(self._url) or self.settings.address.rpartition("@")[2]

    def close(self) -> None:
        """Let go of the connections."""
        with self._closing:
            account, self._account = self._account, None
            if account is not None:
                account.protocol.close()

    def cut(self) -> None:
        """End whatever is waited for, from another thread."""
        for deadline in self._deadlines:
            deadline.strike()

    def _call(self, what: Callable[[Any], T], *, write: bool, again: bool = False, limit: float = 0.0) -> T:
        if self._refused is not None:
            raise self._refused
        try:
            account = self._opened()
            timer = threading.Timer(limit or PATIENCE * self.settings.timeout, self.cut)
            timer.daemon = True
            timer.start()
            try:
                done = what(account)
            finally:
                timer.cancel()
        except (LeaseLost, _Closed):
            raise
        except Exception as error:
            if not write and not again and self._worked and errors.broke_off(error):
                raise _Closed from None
            if errors.not_there(error) and self._moved():
                if write:
                    self._before_write()
                return self._call(what, write=write, again=True, limit=limit)
            found = errors.named(self.settings, self._url, error, write=write)
            if isinstance(found, SignInRefused):
                self._refused = found
                if not self.settings.url:  # it may be another's by now: before the next attempt, in hours, it is asked
                    finding.forget(self._state)
            raise found from None
        self._worked = True
        return done

    def _moved(self) -> bool:
        """Whether Autodiscover, asked anew, names another server than the one that does not answer as it should.

        It is asked without a password. What it says of Exchange Online is raised.
        """
        if self.settings.url or not self._url or time.monotonic() < self._next_look:
            return False
        self._next_look = time.monotonic() + AGAIN
        try:
            url = finding.look(self.settings, self._state)
        except TryLater:
            return False
        if url == self._url:
            return False
        self.close()
        self._url = url
        return True

    # -- opening ---------------------------------------------------------------------------------

    def _opened(self) -> Any:
        if self._account is None:
            self._account = self._open()
        return self._account

    def _open(self) -> Any:
        settings = self.settings
        if not settings.address:
            raise NeedsUser(f"Account {settings.account} has no address.", "Give it one: address = ...")
        if not self._url:
            self._url = finding.endpoint(settings, self._state)
        check_url(settings.account, self._url)
        auth = AUTH[settings.auth]
        if auth not in AUTH_TYPE_MAP:
            raise NeedsUser(
                "auth = kerberos needs the Python package requests-gssapi, which is not installed.",
                "Install it into the environment kith runs from: pip install 'kithd[kerberos]'",
            )
        config = Configuration(
            service_endpoint=self._url,
            auth_type=auth,
            credentials=credentials(settings, self._secrets, self._url),
            retry_policy=_Once(),
            # the oldest version that has all we ask for; an older server says so and is asked in its own
            version=Version(build=EXCHANGE_2013_SP1),
            max_connections=1,
        )
        account = Account(
            primary_smtp_address=settings.address,
            config=config,
            access_type=IMPERSONATION if settings.auth == "oauth2" else DELEGATE,
            default_timezone=UTC,
            locale="en_US",
        )
        # `Account` takes its protocol out of a cache all accounts of the process share, passwords and all
        Protocol._protocol_cache.pop(Protocol._cache_key(config), None)
        account.protocol = type.__call__(self._protocol(), config=config)
        return account

    def _protocol(self) -> type[Any]:
        held, ca_file = self._deadlines, self.settings.ca_file

        class Adapter(Deadline):
            def __init__(self, **more: Any) -> None:
                super().__init__(**more)
                held.append(self)

            def send(self, request: Any, *arguments: Any, **more: Any) -> Any:
                # said with each request: of a session, REQUESTS_CA_BUNDLE would overrule it
                if ca_file and not request.url.startswith(MICROSOFT):
                    more["verify"] = ca_file
                return super().send(request, *arguments, **more)

        timeout = self.settings.timeout

        class Line(Protocol):  # type: ignore[misc]  # the library has no types
            HTTP_ADAPTER_CLS = Adapter
            TIMEOUT = timeout
            USERAGENT = "kith"

        return Line


class _Closed(TryLater):
    """The server had closed a connection we kept."""

    def __init__(self) -> None:
        super().__init__("The connection was closed.")
