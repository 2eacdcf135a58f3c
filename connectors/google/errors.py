"""Google's errors and those of the libraries below, as errors by what to do about them. Bodies are never repeated."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from googleapiclient.errors import BatchError, HttpError

from connectors.google.options import Settings
from connectors.network import retry_after
from daemon.core.errors import Conflict, KithError, NeedsUser, OutcomeUnknown, Refused, SignInRefused, TryLater

PAUSE = timedelta(minutes=1)
"""How long a rate limit is respected where Google does not say: its limits are by the minute."""

RATE = frozenset(
    (
        "rateLimitExceeded userRateLimitExceeded quotaExceeded concurrentLimitExceeded "
        "RATE_LIMIT_EXCEEDED RESOURCE_EXHAUSTED"
    ).split()
)
DAILY = frozenset(("dailyLimitExceeded", "dailyLimitExceededUnreg"))
SCOPES = frozenset(("insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"))
OFF = frozenset(("accessNotConfigured", "SERVICE_DISABLED"))

NETWORK = (httplib2.HttpLib2Error, http.client.HTTPException, OSError)
"""What breaks on the way."""


class Rejected(Refused):
    """An answer that means something only where it was asked: 404 and 410 (not there), 409, 400 and their kin; of a
    batch, also a 5xx that this one request brings about each time.
    """

    def __init__(self, what: str, status: int, reason: str) -> None:
        super().__init__(what)
        self.status = status
        self.reason = reason

    @property
    def absent(self) -> bool:
        """Whether Google says that this very item does not exist."""
        return self.status in (404, 410)

    @property
    def late(self) -> bool:
        """Whether Google failed at it; it may do better another time."""
        return self.status >= 500


class Faulty(TryLater):
    """Google failed at this very request (5xx) and asks for no pause: it may be the request, it may be Google."""

    def __init__(self, status: int) -> None:
        super().__init__(f"Google is busy ({status}).")
        self.status = status


@contextmanager
def translated(settings: Settings, *, write: bool = False) -> Iterator[None]:
    """Turn what Google's libraries raise inside the block into errors of ours.

    Raises:
        SignInRefused: the grant is gone, whatever it was for.
        NeedsUser: it is too narrow, an API is switched off.
        OutcomeUnknown: a write whose answer was lost (only with ``write``).
        TryLater: busy, rate-limited, unreachable.
        Conflict: a precondition did not hold (412).
        Rejected: any other 4xx.
    """
    try:
        yield
    except HttpError as error:
        raise answer(error, settings, write=write) from None
    except RefreshError as error:
        raise grant(error, settings) from None
    except TransportError as error:  # while a token was made: nothing of the write was sent
        raise _busy(error, TryLater) from None
    except GoogleAuthError as error:
        what = f"Google refused the sign-in of {settings.account} ({type(error).__name__})."
        raise SignInRefused(what, remedy(settings)) from None
    except ssl.SSLCertVerificationError:
        raise NeedsUser(
            "Google's certificate cannot be verified.", "Is a proxy in the way, or the clock of this machine wrong?"
        ) from None
    except BatchError:
        raise TryLater("Google's answer to a batch cannot be read.") from None
    except NETWORK as error:
        raise _busy(error, OutcomeUnknown if write else TryLater) from None


def _busy(error: BaseException, kind: type[TryLater]) -> TryLater:
    if isinstance(error, httplib2.ServerNotFoundError):  # nothing was sent
        return TryLater("Google cannot be reached: its name is not found.")
    if isinstance(error, TransportError) and isinstance(found := getattr(error, "after", None), timedelta):
        return kind("Google is busy.", found)
    return kind(f"Google did not answer ({type(error).__name__}).")


def remedy(settings: Settings) -> str:
    """What helps against most troubles with a grant."""
    if settings.service_account_file:
        return "Look at the service account's key and its domain-wide delegation (docs/google.md)."
    return f"Sign in again: kith login {settings.account}"


def unauthorized(error: RefreshError) -> bool:
    """Whether a service account may not do for that mailbox what it asked for, or a part of it."""
    return "unauthorized_client" in str(error.args)


def grant(error: RefreshError, settings: Settings) -> KithError:
    """Why there is no access token."""
    account = settings.account
    told = [a for a in error.args if isinstance(a, dict)]
    code = str(told[0].get("error", "")) if told else ""
    text = f"{code} {error.args[0] if error.args else ''}"
    if getattr(error, "retryable", False):
        return TryLater("Google's sign-in is busy.")
    if "invalid_grant" in text:
        return SignInRefused(f"Google no longer accepts the sign-in of {account}.", remedy(settings))
    if unauthorized(error):
        return SignInRefused(
            f"The service account of {account} may not act for that mailbox.",
            "Allow its client id and permissions under domain-wide delegation in the Workspace admin console; "
            f"kith check --account {account} says which are missing.",
        )
    if "invalid_client" in text:
        return SignInRefused(f"Google does not know the client of {account}.", "Download client_file anew.")
    return SignInRefused(f"Google refused the sign-in of {account} ({code or type(error).__name__}).", remedy(settings))


def answer(error: HttpError, settings: Settings, *, write: bool) -> KithError:
    """What an error answer of one of the APIs means."""
    account = settings.account
    status = int(error.resp.status)
    reasons = _reasons(error)
    reason = next(iter(reasons), "")
    after = pause(error.resp)
    if status == 429 or reasons & RATE:
        return TryLater("Google asks for a pause: too many requests.", after or PAUSE)
    if reasons & DAILY:
        return TryLater("Google's daily limit is used up.", after or timedelta(hours=1))
    if status == 401:
        return SignInRefused(f"Google no longer accepts the sign-in of {account}.", remedy(settings))
    if reasons & SCOPES:
        return NeedsUser(f"The sign-in of {account} does not cover all it is used for.", remedy(settings))
    if reasons & OFF:
        return NeedsUser(
            f"An API that {account} needs is switched off in its Google Cloud project.",
            "Enable Gmail, Calendar and People there (docs/google.md).",
        )
    if status == 412:
        return Conflict("Google holds another version than the one last seen.")
    if status >= 500 or status == 408:
        if status >= 500 and not after and not write:
            return Faulty(status)
        kind = OutcomeUnknown if write and status != 503 else TryLater
        return kind(f"Google is busy ({status}).", after)
    return Rejected(f"Google refused the request ({status}{' ' + reason if reason else ''}).", status, reason)


def pause(headers: Mapping[str, str]) -> timedelta | None:
    """How long an answer asks us to wait; None where it does not say. httplib2 has headers in lower case."""
    return retry_after({"Retry-After": headers.get("retry-after", ""), "Date": headers.get("date", "")})


def _reasons(error: HttpError) -> set[str]:
    try:
        told: Any = json.loads(error.content)["error"]
        found = {str(e.get("reason", "")) for e in told.get("errors", ())}
        found |= {str(d.get("reason", "")) for d in told.get("details", ()) if isinstance(d, dict)}
        return (found | {str(told.get("status", ""))}) - {""}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()
