"""What the network and the server answer, as errors named by what to do about them. The only place."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests
from requests import exceptions as failures

from daemon.core.errors import KithError, NeedsUser, OutcomeUnknown, Refused, TryLater

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
"""Methods that change nothing: only these are sent again after a lost connection or a redirect."""


class Status(Refused):
    """The server said no with this HTTP status. ``said`` are the names of DAV:error conditions (RFC 4918 16)."""

    def __init__(self, host: str, method: str, code: int, said: frozenset[str] = frozenset()) -> None:
        detail = f", {', '.join(sorted(said))}" if said else ""
        super().__init__(f"{host} refused a {method} request ({code}{detail}).")
        self.code = code
        self.said = said


def of_exception(error: Exception, host: str, method: str) -> KithError:
    """What a failed exchange means. A request that may have reached the server leaves a write's outcome unknown."""
    if isinstance(error, failures.SSLError):
        cause = _cause(error, ssl.SSLCertVerificationError)
        if cause is not None or "CERTIFICATE" in str(error).upper():
            said = getattr(cause, "verify_message", "") or "verification failed"
            return NeedsUser(
                f"The certificate of {host} is not to be trusted ({said}).",
                "Check the host name; for a server of your own, name its certificate authority in ca_file.",
            )
        if "WRONG_VERSION_NUMBER" in str(error) or "HTTP_REQUEST" in str(error):
            return NeedsUser(f"{host} does not speak TLS.", "Check the port in url.")
        return TryLater(f"The encrypted connection to {host} broke.")
    if isinstance(error, (failures.InvalidURL, failures.MissingSchema, failures.InvalidSchema)):
        return NeedsUser(f"{host} is no address of a server.", "Check url.")
    if isinstance(error, OSError) and "CA certificate bundle" in str(error):
        return NeedsUser("The file named in ca_file cannot be read.", "Check its path and its permissions.")
    if _never_sent(error):
        return TryLater(f"{host} cannot be reached: check its name, and whether you are online.")
    lost: type[TryLater] = TryLater if method in SAFE else OutcomeUnknown
    if isinstance(error, (failures.Timeout, TimeoutError)):
        return lost(f"{host} did not answer in time.")
    return lost(f"{host} broke the connection off.")


def _never_sent(error: Exception) -> bool:
    if isinstance(error, failures.ConnectTimeout):
        return True
    return any("NewConnectionError" in name or "NameResolution" in name for name in _chain(error))


def _chain(error: BaseException) -> list[str]:
    """The class names of what urllib3 wrapped in what."""
    names: list[str] = []
    todo: list[object] = [error]
    while todo and len(names) < 20:
        now = todo.pop()
        if not isinstance(now, BaseException):
            continue
        names.append(type(now).__name__)
        todo += [*now.args, getattr(now, "reason", None)]
    return names


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    todo: list[object] = [error]
    for _ in range(20):
        if not todo:
            break
        now = todo.pop()
        if isinstance(now, kind):
            return now
        if isinstance(now, BaseException):
            todo += [*now.args, getattr(now, "reason", None), now.__cause__, now.__context__]
    return None


def of_answer(response: requests.Response, host: str, method: str, said: frozenset[str], user: str) -> KithError | None:
    """What a status means; None where it is a success (2xx)."""
    code = response.status_code
    if 200 <= code < 300:
        return None
    if code == 401:
        return NeedsUser(
            f"{host} refused the password of {user}.",
            "Check user and password; iCloud, Fastmail, Nextcloud, Yandex and Mail.ru want an app password here.",
        )
    if code == 407:
        return NeedsUser("A proxy in between wants a password.", "Check the proxy settings of this machine.")
    if code in (429, 503):
        return TryLater(f"{host} is busy ({code}).", retry_after(response))
    if code in (408, 425) or (code >= 500 and code not in (501, 505, 507)):
        unknown = method not in SAFE and code != 425
        return (OutcomeUnknown if unknown else TryLater)(f"{host} has trouble ({code}).", retry_after(response))
    return Status(host, method, code, said)


def retry_after(response: requests.Response) -> timedelta | None:
    """How long the server asks us to wait (RFC 9110 10.2.3): seconds or a date, at most a day."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdigit():
        return timedelta(seconds=min(int(value), 86_400))
    try:
        until = parsedate_to_datetime(value)
        told = parsedate_to_datetime(response.headers.get("Date", "")) if response.headers.get("Date") else None
    except (ValueError, TypeError):
        return None
    now = told or datetime.now(UTC)
    if until.tzinfo is None or now.tzinfo is None:
        return None
    return min(max(until - now, timedelta(0)), timedelta(days=1))
