"""What the server, exchangelib and the network throw, as errors named by what to do about them. The only place.

Only the kinds of errors are looked at: their texts may quote addresses, or a letter.
"""

from __future__ import annotations

import ssl
from datetime import timedelta

from exchangelib import errors as ews

from connectors.exchange.codes import (
    CHANGED,
    LOST,
    NEVER,
    NO_ENTRY,
    NO_MAILBOX,
    NOT_ALLOWED,
    NOT_HERE,
    NOT_NOW,
    NOT_PRIMARY,
    NotHere,
)
from connectors.exchange.options import Settings, host_of, is_online, online_error
from daemon.core.errors import (
    Conflict,
    CursorExpired,
    KithError,
    NeedsUser,
    OutcomeUnknown,
    Refused,
    SignInRefused,
    TryLater,
)

BUSY = timedelta(seconds=10)
"""What exchangelib writes into a busy fault that named no time."""

PERHAPS_DONE = ("closed connection", "ErrorInternalServerTransientError", "ErrorTimeoutExpired")
"""Other troubles that exchangelib words as a busy server."""

HANDS_OFF = "Nothing more is tried for six hours; `kith once` tries at once."


def named(settings: Settings, url: str, error: Exception, *, write: bool) -> Exception:
    """The error of ours for one of theirs; with ``write`` a lost answer leaves the outcome unknown."""
    if isinstance(error, KithError):
        return error
    host = host_of(url)
    if found := _token(settings, host, error):
        return found
    for kind, (what, remedy) in NO_ENTRY.items():
        if isinstance(error, kind):
            return SignInRefused(what.format(host=host, user=settings.user), f"{remedy} {HANDS_OFF}")
    if _is_sign_in(error):
        return sign_in_refused(settings, host)
    if found := _network(error, host, write=write):
        return found
    if isinstance(error, NotHere):
        return TryLater(f"{host} {NOT_HERE[error.status].format(user=settings.user)}")
    if isinstance(error, ews.ErrorInvalidSyncStateData):
        return CursorExpired("The server does not know this position any more.")
    if isinstance(error, NOT_NOW):
        if write and any(sign in str(error) for sign in PERHAPS_DONE):
            return OutcomeUnknown(f"{host} has trouble.")
        seconds = getattr(error, "back_off", None)
        after = timedelta(seconds=float(seconds)) if seconds else None
        return TryLater(f"{host} is busy.", after if after != BUSY else None)
    if isinstance(error, CHANGED):
        return Conflict("The item is not what we last saw.")
    if isinstance(error, NO_MAILBOX):
        return NeedsUser(f"{host} has no mailbox {settings.address}.", "Check the account's address.")
    if isinstance(error, NOT_ALLOWED):
        return NeedsUser(
            f"The application may not open the mailbox {settings.address}.",
            "Give it the right to, for that mailbox (docs/exchange.md).",
        )
    if isinstance(error, ews.ErrorQuotaExceeded):
        return NeedsUser("The mailbox is full.", "Delete something from it.")
    if isinstance(error, NOT_PRIMARY):
        return NeedsUser(
            f"{settings.address} is not the main address of its mailbox on {host}.",
            "Let address be the main one; the others go into addresses, under [me].",
        )
    if isinstance(error, ews.RedirectError):
        target = getattr(error, "url", "")
        if is_online(target):
            return online_error(settings.account, host_of(target))
        return NeedsUser(f"{host} redirects to {host_of(target)}.", "If you trust it, name that address in ews_url.")
    if isinstance(error, (ews.ErrorInvalidServerVersion, ews.ErrorInvalidSchemaVersionForMailboxVersion)):
        return NeedsUser(f"{host} speaks no version of EWS that is known here.", "Exchange Server 2010 SP2 is needed.")
    if write and isinstance(error, NEVER):
        return Refused(f"{host} refused it ({type(error).__name__}).")
    if isinstance(error, LOST):
        lost: type[TryLater] = OutcomeUnknown if write else TryLater
        return lost(f"{host} has trouble ({type(error).__name__}).")
    if isinstance(error, ews.EWSError):
        return Refused(f"{host} refused ({type(error).__name__}).")
    return error  # a defect of ours: let it be seen


def sign_in_refused(settings: Settings, host: str) -> SignInRefused:
    """What to tell about a 401."""
    if settings.auth == "kerberos":
        return SignInRefused(f"{host} refused the Kerberos ticket.", "Get a fresh one with kinit, and check `klist`.")
    if settings.auth == "oauth2":
        return SignInRefused(
            f"{host} refused the application {settings.client_id}.",
            "Check tenant, client_id and the secret; secrets of applications run out.",
        )
    return SignInRefused(
        f"{host} refused the password of {settings.user}.",
        "It may have expired, or the account be locked or disabled: Outlook on the web says which. Nothing "
        "more is tried with it for six hours, so that the account is not locked; `kith once` tries at once.",
    )


NO_TOKEN = {"MissingTokenError", "ServerError", "TemporarilyUnavailableError"}
"""oauthlib's names for an endpoint that has trouble, or that something else answered for."""


def _token(settings: Settings, host: str, error: Exception) -> KithError | None:
    """What went wrong in asking for a token; None where it was not that, or the application itself was refused."""
    kind = type(error).__name__
    if kind == "InsecureTransportError":
        return NeedsUser("The application's secret would be sent in the open.", "Let token_url begin with https.")
    if kind in NO_TOKEN:
        where = host_of(settings.token_url) or "Microsoft's sign-in"
        return TryLater(f"{where} has trouble, and gave no token for {host}.")
    return None


UNREACHED = {"NewConnectionError", "NameResolutionError", "ConnectTimeout", "ConnectTimeoutError"}
"""The names of what the libraries raise before anything is sent."""


def _is_sign_in(error: BaseException) -> bool:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    return "UnauthorizedError" in kinds or "OAuth2Error" in kinds


def _network(error: Exception, host: str, *, write: bool) -> KithError | None:
    """What a connection that failed means; None where it is nothing of the kind."""
    chain = _chain(error)
    names = {type(one).__name__ for one in chain}
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            said = one.verify_message or "verification failed"
            return NeedsUser(
                f"The certificate of {host} is not to be trusted ({said}).",
                "Check the host name; for a server of your own, name its certificate authority in ca_file.",
            )
    if any("CA certificate bundle" in str(one) for one in chain if isinstance(one, OSError)):
        return NeedsUser("The file named in ca_file cannot be read.", "Check its path and its permissions.")
    if names & UNREACHED:
        return TryLater(f"{host} cannot be reached: check its name, and whether you are online.")
    if "SSLError" in names:
        if any("WRONG_VERSION_NUMBER" in str(one) for one in chain):
            return NeedsUser(f"{host} does not speak TLS.", "Check server or ews_url.")
        return TryLater(f"The encrypted connection to {host} broke.")
    lost: type[TryLater] = OutcomeUnknown if write else TryLater
    if names & {"ReadTimeout", "ReadTimeoutError", "TimeoutError"}:
        return lost(f"{host} did not answer in time.")
    if names & {"ConnectionError", "ChunkedEncodingError", "ConnectionResetError", "ProtocolError", "BrokenPipeError"}:
        return lost(f"{host} broke the connection off.")
    return None


def not_there(error: Exception) -> bool:
    """Whether the server is not, or not any more, the one to ask: nothing was done."""
    if isinstance(error, (NotHere, ews.RedirectError, *NO_MAILBOX)):
        return True
    names = {type(one).__name__ for one in _chain(error)}
    return bool(names & {*UNREACHED, "SSLCertVerificationError"})


def broke_off(error: Exception) -> bool:
    """Whether a kept connection was found closed: a read may be asked once more, on a new one."""
    names = {type(one).__name__ for one in _chain(error)}
    return bool(names & {"RemoteDisconnected", "ConnectionResetError", "BrokenPipeError"})


def _chain(error: BaseException) -> list[BaseException]:
    """The error and all it was made of: exchangelib, requests and urllib3 wrap each other."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo and len(found) < 30:
        now = todo.pop()
        if not isinstance(now, BaseException) or now in found:
            continue
        found.append(now)
        todo += [*now.args, getattr(now, "reason", None), now.__cause__, now.__context__]
    return found
