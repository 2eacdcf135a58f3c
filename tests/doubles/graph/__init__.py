"""A strict double of Microsoft Graph v1.0 and of the sign-in before it: a real HTTP server on loopback.

What it does not know it complains of, and the test that brought it about fails; so does anything that could send.
"""

from __future__ import annotations

from tests.doubles.graph.server import Fault, GraphDouble, running

__all__ = ["Fault", "GraphDouble", "running"]
