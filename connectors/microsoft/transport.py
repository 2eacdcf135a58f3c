"""One exchange over the network: a deadline on the whole of it, its body read to the end, failures translated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.deadline import Deadline
from connectors.network import of_exception, read_body
from daemon.core.errors import OutcomeUnknown, TryLater

GRAPH = "https://graph.microsoft.com"
LOGIN = "https://login.microsoftonline.com"

MAX_BODY = 100_000_000
"""Bytes of one answer; more is not read."""

PATIENCE = 10
"""The whole of one answer may take this many times the timeout: a server that trickles is given up."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as an object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class Transport:
    """The connections of one account. Not for several threads at once.

    ``endpoint`` takes the place of Microsoft's hosts: a server on loopback, for tests; nothing else is believed.
    """

    def __init__(self, timeout: float, endpoint: str = "") -> None:
        if endpoint and urlsplit(endpoint).hostname != "127.0.0.1":
            raise ValueError("an endpoint is on this machine")
        self._timeout = timeout
        self._endpoint = endpoint
        self._session = requests.Session()
        self._deadline = Deadline()
        self._session.mount("http://", self._deadline)
        self._session.mount("https://", self._deadline)
        self._session.headers["User-Agent"] = "kith"

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def exchange(
        self,
        method: str,
        url: str,
        *,
        body: bytes | str | Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        write: bool = False,
    ) -> Reply:
        """Ask once, and once more where a connection kept open had died meanwhile and nothing can have been written.

        Raises:
            TryLater, NeedsUser: no answer came.
            OutcomeUnknown: no answer came to a ``write``.
        """
        host = urlsplit(url).netloc
        tries = 1 if write else 2
        while True:
            tries -= 1
            try:
                with self._deadline.within(PATIENCE * self._timeout):
                    return self._once(method, url, body, headers, params, write)
            except (requests.RequestException, OSError) as error:
                if self._deadline.struck:
                    raise _lost(write)(f"{host} sends too much or too slowly.") from None
                found = of_exception(error, host, write=write)
                if tries and type(found) is TryLater and not isinstance(error, requests.Timeout):
                    continue
                raise found from None

    def _once(
        self,
        method: str,
        url: str,
        body: bytes | str | Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        write: bool,
    ) -> Reply:
        with self._session.request(
            method,
            self._at(url),
            data=body,
            headers=dict(headers or {}),
            params=params,
            timeout=(self._timeout, self._timeout),
            allow_redirects=False,  # nothing asked for here redirects, and a token goes nowhere else
            stream=True,
        ) as response:
            found = read_body(response, MAX_BODY)
            if found is None:
                raise _lost(write)(f"{urlsplit(url).netloc} sends too much.")
            return Reply(response.status_code, response.headers, found)

    def _at(self, url: str) -> str:
        if not self._endpoint:
            return url
        for host, path in ((GRAPH, "/graph"), (LOGIN, "/login")):
            if url.startswith(host + "/"):
                return self._endpoint + path + url.removeprefix(host)
        return url


def _lost(write: bool) -> type[TryLater]:
    return OutcomeUnknown if write else TryLater
