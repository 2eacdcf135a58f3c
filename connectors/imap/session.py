"""Logged-in connections: how they are opened, kept private, given a deadline, and replaced when they died."""

from __future__ import annotations

import logging
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from connectors.imap.dialing import Client, Line
from connectors.imap.errors import translated
from connectors.imap.options import Settings
from daemon.core.errors import BrokenItem, Conflict, CursorExpired, KithError, NeedsUser, Refused
from daemon.core.ports import SecretStore

# The library logs whole conversations on DEBUG: strangers' addresses, subjects.
logging.getLogger("imapclient").setLevel(logging.WARNING)

PATIENCE = 5
"""A call may take so many times the timeout in all: a server that trickles bytes never trips the timeout itself."""

STALE_AFTER = 20.0
"""Seconds a connection may lie idle before it is asked for life on its next use."""

KEPT = 2
"""Idle connections kept: one to read with, one beside it."""


@dataclass(frozen=True, slots=True)
class Box:
    """What the server said when a folder was opened. ``next`` and ``modseq`` are None where it does not say."""

    validity: int
    next: int | None
    modseq: int | None
    exists: int
    keywords: frozenset[str]


class Session:
    """One logged-in connection."""

    def __init__(self, client: IMAPClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.used = time.monotonic()
        self.sound = True
        with self.guard():
            self.capabilities = frozenset(name.decode("ascii", "replace") for name in client.capabilities())

    @contextmanager
    def guard(self, *, write: bool = False) -> Iterator[None]:
        """Errors translated, and an end to it after `PATIENCE` timeouts whatever the server does."""
        timer = threading.Timer(self.settings.timeout * PATIENCE, self._cut)
        timer.daemon = True
        timer.start()
        try:
            with translated(self.settings, write=write):
                yield
        finally:
            timer.cancel()
            self.used = time.monotonic()

    @contextmanager
    def asking(self, may_write: Callable[[], None]) -> Iterator[None]:
        """For writes: inside, ``may_write`` is asked before anything is sent, and what it raises keeps it back.

        Also before a letter's text, which follows only when the server has said "+": who was stopped while waiting
        for that must not go on as if nothing had happened. The server drops a command that does not come to its end.
        """
        imap = self.client._imap
        send = imap.send

        def asked(data: bytes) -> None:
            may_write()
            send(data)

        imap.send = asked
        try:
            yield
        finally:
            imap.send = send

    def _cut(self) -> None:
        self.sound = False
        with suppress(OSError, AttributeError):
            # of the plain socket class: on a TLS socket shutdown() would take the TLS object from under its reader
            socket.socket.shutdown(self.client.socket(), socket.SHUT_RDWR)

    def open(self, folder: str, *, write: bool = False) -> Box:
        """Open a folder, read-only unless said otherwise; one round trip.

        Raises:
            Refused: there is no such folder, or it is read-only and was to be written.
        """
        with self.guard():
            answer = self.client.select_folder(folder, readonly=not write)
        flags = answer.get(b"FLAGS", ())
        return Box(
            validity=int(answer.get(b"UIDVALIDITY", 0)),
            next=_number(answer.get(b"UIDNEXT")),
            modseq=_number(answer.get(b"HIGHESTMODSEQ")),
            exists=int(answer.get(b"EXISTS", 0)),
            keywords=frozenset(flag.decode("ascii", "replace").lower() for flag in flags),
        )

    def spoke(self) -> bool:
        """Whether something came unasked: mostly the end of the connection."""
        try:
            return bool(select.select([self.client.socket()], [], [], 0)[0])
        except (OSError, ValueError):
            return True

    def alive(self) -> bool:
        """Whether the server still answers."""
        try:
            with self.guard():
                self.client.noop()
        except KithError:
            return False
        return True

    def close(self) -> None:
        """Drop the connection, without manners: it may have half an answer in it."""
        with suppress(Exception):
            self.client.shutdown()

    def logout(self) -> None:
        """Say goodbye and close."""
        try:
            with self.guard():
                self.client.logout()
        except Exception:
            self.close()


class Sessions:
    """The connections of one account. What died is opened anew at its next use."""

    def __init__(
        self, settings: Settings, secrets: SecretStore, before_write: Callable[[], None] = lambda: None
    ) -> None:
        self.settings = settings
        self.before_write = before_write
        self._secrets = secrets
        self._idle: list[Session] = []

    @contextmanager
    def use(self, *, sure: bool = False) -> Iterator[Session]:
        """A connection for the length of the block; with ``sure`` asked for life first, as before any write.

        If the block fails in any way that may leave half an answer unread, the connection is not used again.
        """
        session = self._take(sure)
        try:
            yield session
        except (Refused, Conflict, CursorExpired, BrokenItem):
            self._give_back(session)
            raise
        except BaseException:  # GeneratorExit among them: a caller that stops between pages
            session.close()
            raise
        self._give_back(session)

    def _take(self, sure: bool) -> Session:
        while self._idle:
            session = self._idle.pop()
            fresh = time.monotonic() - session.used < STALE_AFTER and not session.spoke()
            if (fresh and not sure) or session.alive():
                return session
            session.close()
        return connect(self.settings, self._secrets)

    def _give_back(self, session: Session) -> None:
        if session.sound and len(self._idle) < KEPT:
            self._idle.append(session)
        else:
            session.close()

    def close(self) -> None:
        """Let go of all connections."""
        while self._idle:
            self._idle.pop().logout()


def connect(settings: Settings, secrets: SecretStore) -> Session:
    """Open, secure and log in.

    Raises:
        NeedsUser: bad certificate, refused or missing password, no STARTTLS.
        TryLater: unreachable or slow.
    """
    if settings.ca_file and not Path(settings.ca_file).is_file():
        raise NeedsUser(f"There is no file {settings.ca_file}.", "Correct ca_file in the config.")
    with translated(settings):
        context = None if settings.tls == "plain" else ssl.create_default_context(cafile=settings.ca_file or None)
        line = Line()
        with line.within(settings.timeout * PATIENCE):
            client = Client(
                settings.host, settings.port, settings.timeout, context if settings.tls == "tls" else None, line
            )
        try:
            client._imap.debug = 0  # the library would format every line it reads, for a log nobody keeps
            client.folder_encode = False  # names stay as they are on the wire: whatever they are, they round-trip
            client.normalise_times = False
            session = Session(client, settings)
            with session.guard():
                if settings.tls == "starttls" and context is not None:
                    _starttls(client, settings, context)
                _login(client, settings, secrets)
                session.capabilities = frozenset(c.decode("ascii", "replace") for c in client.capabilities())
                if session.capabilities >= {"ENABLE", "CONDSTORE"}:
                    client.enable("CONDSTORE")  # without it Dovecot names no HIGHESTMODSEQ when a folder is opened
        except BaseException:
            with suppress(Exception):
                client.shutdown()
            raise
    return session


def _starttls(client: IMAPClient, settings: Settings, context: ssl.SSLContext) -> None:
    if not client.has_capability("STARTTLS"):
        raise NeedsUser(
            f"{settings.host} offers no STARTTLS, so the password would travel in the clear.",
            'Use tls = "tls" (port 993); "plain" only for a server on your own machine.',
        )
    client.starttls(context)


def _login(client: IMAPClient, settings: Settings, secrets: SecretStore) -> None:
    token = settings.auth == "xoauth2"
    secret = secrets.get(settings.account, "token" if token else "password")
    if not secret:
        kind = "token" if token else "password"
        raise NeedsUser(
            f"There is no {kind} for the account {settings.account}.",
            f"Set {kind}_command in its section of the config.",
        )
    if token:
        client.oauth2_login(settings.user, secret)
    elif secret.isascii() and settings.user.isascii():
        client.login(settings.user, secret)
    elif client.has_capability("AUTH=PLAIN"):  # LOGIN takes ASCII only, SASL PLAIN any UTF-8 (RFC 4616)
        client.plain_login(settings.user, secret)
    else:
        raise LoginError("beyond ASCII")


def _number(value: object) -> int | None:
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    return int(value) if isinstance(value, (int, bytes, str)) and str(value) else None
