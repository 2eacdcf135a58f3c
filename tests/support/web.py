"""An HTTP server on loopback for the length of a block: what the doubles of web services stand on."""

from __future__ import annotations

import ssl
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GONE = (ConnectionError, TimeoutError, ssl.SSLError)
"""Whoever asked died, or did not like what it saw: a test's business, not the server's."""


class Handler(BaseHTTPRequestHandler):
    """Hands whole requests to `serve`, whatever their method, and is silent."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self) -> None:
        """Answer one request."""
        raise NotImplementedError

    def _any(self) -> None:
        self.serve()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_PROPFIND = do_REPORT = do_MKCALENDAR = _any  # noqa: N815

    def told(self) -> bytes:
        """The request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, status: int, headers: Mapping[str, str], body: bytes, *, half: bool = False) -> None:
        """Send an answer, or ``half`` of it and break the connection off."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        self.close_connection |= half

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


@contextmanager
def serving(
    handler: type[Handler], complain: Callable[[str], object], tls: ssl.SSLContext | None = None, **given: Any
) -> Iterator[str]:
    """A server while the block lasts, by the beginning of its URL.

    ``given`` are attributes of the handlers; ``complain`` is told what broke in one of them.
    """

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            if not isinstance(sys.exc_info()[1], GONE):
                complain(traceback.format_exc())

    server = Server(("127.0.0.1", 0), type("Handler", (handler,), given))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
