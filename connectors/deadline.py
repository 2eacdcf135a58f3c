"""An end to an exchange, whatever the server does.

The timeout of a socket starts anew with each byte: a server that trickles its status line and headers never trips it,
and those are read inside the library. So a timer ends the connection under its reader.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Deadline(HTTPAdapter):
    """An adapter whose connections can be ended from another thread, also in the middle of a TLS handshake."""

    def __init__(self, **more: Any) -> None:
        self._handles: WeakSet[socket.socket] = WeakSet()
        self.struck = False
        super().__init__(**more)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """End every connection after so many seconds, if the block has not come to its end; `struck` tells."""
        self.struck = False
        timer = threading.Timer(seconds, self.strike)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def strike(self) -> None:
        """End every connection now; whoever reads from one gets an error."""
        self.struck = True
        for handle in list(self._handles):
            with suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """As the library's, with connections that are known here."""
        super().init_poolmanager(*arguments, **more)
        handles = self._handles

        class Known:
            """Keeps a second handle of the socket: TLS takes the first one away."""

            _handle: socket.socket | None = None

            def _new_conn(self) -> socket.socket:
                made: socket.socket = super()._new_conn()  # type: ignore[misc]
                self._handle = made.dup()
                handles.add(self._handle)
                return made

            def close(self) -> None:
                try:
                    super().close()  # type: ignore[misc]
                finally:
                    handle, self._handle = self._handle, None
                    if handle is not None:
                        handle.close()

        class Plain(Known, HTTPConnection):
            pass

        class Secure(Known, HTTPSConnection):
            pass

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
