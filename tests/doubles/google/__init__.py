"""Google's three APIs and its sign-in as a real HTTP server on loopback, and a strict one.

`server` takes each request, finds it in the bundled discovery documents (`schema`) and hands it to a handler registered
under the method's id (`gmail`, `calendar`, `people`: ``HANDLERS``). Whatever the documents do not know, whatever has no
handler here and every way to send or to invite is answered with an error and kept as a complaint, which fails the test.
"""

from __future__ import annotations

from tests.doubles.google.server import Account, Call, Fault, GoogleDouble, Refusal, running

__all__ = ["Account", "Call", "Fault", "GoogleDouble", "Refusal", "running"]
