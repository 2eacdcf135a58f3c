"""What the server answers, as errors named by what to do about them (the network: `connectors.network`)."""

from __future__ import annotations

import requests

from connectors.network import retry_after
from daemon.core.errors import KithError, NeedsUser, OutcomeUnknown, Refused, SignInRefused, TryLater

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
"""Methods that change nothing: only these are sent again after a lost connection or a redirect."""


class Status(Refused):
    """The server said no with this HTTP status. ``said`` are the names of DAV:error conditions (RFC 4918 16)."""

    def __init__(self, host: str, method: str, code: int, said: frozenset[str] = frozenset()) -> None:
        detail = f", {', '.join(sorted(said))}" if said else ""
        super().__init__(f"{host} refused a {method} request ({code}{detail}).")
        self.code = code
        self.said = said


def of_answer(response: requests.Response, host: str, method: str, said: frozenset[str], user: str) -> KithError | None:
    """What a status means; None where it is a success (2xx)."""
    code = response.status_code
    if 200 <= code < 300:
        return None
    if code == 401:
        return SignInRefused(
            f"{host} refused the password of {user}.",
            "Check user and password; iCloud, Fastmail, Nextcloud, Yandex and Mail.ru want an app password here.",
        )
    if code == 407:
        return NeedsUser("A proxy in between wants a password.", "Check the proxy settings of this machine.")
    if code in (429, 503):
        return TryLater(f"{host} is busy ({code}).", retry_after(response.headers))
    if code in (408, 425) or (code >= 500 and code not in (501, 505, 507)):
        unknown = method not in SAFE and code != 425
        return (OutcomeUnknown if unknown else TryLater)(f"{host} has trouble ({code}).", retry_after(response.headers))
    return Status(host, method, code, said)
