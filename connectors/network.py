"""What the network does to a conversation over `requests`, as errors named by what to do about them.

Shared by the connectors that speak HTTP through it; what a server answers is each connector's own business.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests
from requests import exceptions as failures

from daemon.core.errors import KithError, NeedsUser, OutcomeUnknown, TryLater


def of_exception(error: Exception, host: str, *, write: bool) -> KithError:
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
    lost: type[TryLater] = OutcomeUnknown if write else TryLater
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


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long the server asks us to wait (RFC 9110 10.2.3): seconds or a date, at most a day."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return timedelta(seconds=min(int(value[:20]), 86_400))
    try:
        until = parsedate_to_datetime(value)
        told = parsedate_to_datetime(headers.get("Date", "")) if headers.get("Date") else None
    except (ValueError, TypeError):
        return None
    now = told or datetime.now(UTC)
    if until.tzinfo is None or now.tzinfo is None:
        return None
    return min(max(until - now, timedelta(0)), timedelta(days=1))


def read_body(response: requests.Response, limit: int) -> bytes | None:
    """The body of a streamed answer, unpacked; None where it has more bytes than ``limit``.

    Raises:
        requests.RequestException, OSError: the connection broke.
    """
    pieces: list[bytes] = []
    size = 0
    while piece := _piece(response):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            return None
    return b"".join(pieces)


def _piece(response: requests.Response) -> bytes:
    try:
        # read1: what is there now, so that not much more than the limit is ever held
        return bytes(response.raw.read1(1 << 16, decode_content=True))
    except Exception as error:  # urllib3's own, which requests translates only in its own iterator
        if isinstance(error, (OSError, requests.RequestException)):
            raise
        raise requests.ConnectionError(type(error).__name__) from error
