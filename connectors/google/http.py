"""httplib2 with an end to every exchange: its own timeout starts anew with each byte that comes in."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httplib2

PATIENCE = 5
"""A call may take so many times the timeout in all."""


class Http(httplib2.Http):  # type: ignore[misc]  # the library has no types
    """One thread's connections to Google.

    With ``once`` nothing is sent twice: the library would repeat whatever found no answer, writes included, because
    the connection may have gone stale. Reading may profit from that: ``before_again`` is called first, and by raising
    it forbids it.
    """

    once = False
    before_again: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, seconds: float) -> None:
        super().__init__(timeout=seconds)
        self._seconds = seconds

    def request(self, *args: Any, **more: Any) -> Any:
        """As the library's; whatever the server does, it ends after `PATIENCE` timeouts.

        After any failure the connections are dropped: half an answer may be left in them.
        """
        timer = threading.Timer(self._seconds * PATIENCE, self._cut)
        timer.daemon = True
        timer.start()
        try:
            return super().request(*args, **more)
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()

    def _conn_request(self, conn: Any, request_uri: str, method: str, body: Any, headers: Any) -> Any:
        getresponse = type(conn).getresponse
        tried = False

        def answer() -> Any:
            nonlocal tried
            try:
                return getresponse(conn)
            except (http.client.BadStatusLine, http.client.ResponseNotReady):
                if self.once:
                    raise ConnectionResetError("the connection ended without an answer") from None
                if not tried:  # the library repeats it once
                    tried = True
                    self.before_again()
                raise

        conn.getresponse = answer
        return super()._conn_request(conn, request_uri, method, body, headers)

    def _cut(self) -> None:
        for connection in list(self.connections.values()):
            if connection.sock is not None:
                with suppress(OSError):
                    # of the plain class: on a TLS socket shutdown() would take the TLS object from under its reader
                    socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
