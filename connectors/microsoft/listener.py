"""The address on this machine a browser comes back to after signing in (RFC 8252 7.3)."""

from __future__ import annotations

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

PAGE = b"<!doctype html><meta charset=utf-8><title>kith</title><p>Thank you: go back to the terminal."
HEADERS = (
    ("Content-Type", "text/html; charset=utf-8"),
    ("Content-Length", str(len(PAGE))),
    ("Cache-Control", "no-store"),
    ("Referrer-Policy", "no-referrer"),
)


class Listener:
    """Waits on a free port of 127.0.0.1 for as long as it is entered."""

    def __init__(self) -> None:
        answers: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                told = dict(parse_qsl(urlsplit(self.path).query))
                mine = bool(told.keys() & {"code", "error"})  # browsers ask for an icon, too
                self.send_response(200 if mine else 404)
                for name, value in HEADERS if mine else (("Content-Length", "0"),):
                    self.send_header(name, value)
                self.end_headers()
                if mine:
                    self.wfile.write(PAGE)
                    answers.put(told)

            def log_message(self, *_: object) -> None:
                """Nothing: the request line holds the code."""

        self._answers = answers
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def address(self) -> str:
        """As registered with the app: Microsoft lets a public client's http://localhost have any port."""
        return f"http://localhost:{self._server.server_address[1]}"

    def wait(self, seconds: float) -> dict[str, str] | None:
        """What the browser came back with, None where it did not come in time."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
