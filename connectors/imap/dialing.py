"""Opening a connection with an end to it: the library reads the greeting while it is being made, and a server that
trickles it (or a TLS handshake) byte by byte never trips the timeout of a socket.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from imapclient import IMAPClient


class Client(IMAPClient):  # type: ignore[misc]  # the library has no types
    """The library's client, whose connection ``line`` can end from another thread from its first byte on."""

    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext | None, line: Line) -> None:
        self._line = line
        super().__init__(host, port=port, ssl=context is not None, ssl_context=context, timeout=timeout)

    def _create_IMAP4(self) -> imaplib.IMAP4:  # noqa: N802 - the library's name
        return _Dialled(self.host, self.port, self._timeout.connect, self.ssl_context if self.ssl else None, self._line)


class Line:
    """A second handle of the socket while it is opened: TLS takes the first one away."""

    def __init__(self) -> None:
        self._handle: socket.socket | None = None

    def hold(self, made: socket.socket) -> None:
        """Called when the socket is connected."""
        self._handle = made.dup()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """End the connection after so many seconds, if the block has not come to its end."""
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.close()

    def _cut(self) -> None:
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)


class _Dialled(imaplib.IMAP4):
    def __init__(self, host: str, port: int, timeout: float, context: ssl.SSLContext | None, line: Line) -> None:
        self._context = context
        self._line = line
        super().__init__(host, port, timeout)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        made = socket.create_connection((self.host, self.port), timeout)
        self._line.hold(made)
        return made if self._context is None else self._context.wrap_socket(made, server_hostname=self.host)
