"""What the server, the library and the network throw, as errors named by what to do about them. The only place."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError

from connectors.imap.options import Settings
from daemon.core.errors import KithError, NeedsUser, OutcomeUnknown, Refused, SignInRefused, TryLater

# RFC 5530: these say "not now"; everything else a server refuses it will refuse again
_NOT_NOW = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN|THROTTLED)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\S+@\S+")


@contextmanager
def translated(settings: Settings, *, write: bool = False) -> Iterator[None]:
    """Everything inside raises only `daemon.core.errors`.

    With ``write`` a connection lost inside leaves the outcome unknown: the request may have been applied.
    """
    try:
        yield
    except KithError:
        raise
    except Exception as error:
        raise _named(settings, error, write) from None


def _named(settings: Settings, error: Exception, write: bool) -> Exception:
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return NeedsUser(
            f"The certificate of {where} is not to be trusted ({error.verify_message or 'verification failed'}).",
            "Check the host name; for a server of your own, name its certificate authority in ca_file.",
        )
    if isinstance(error, LoginError):
        # A connection that broke off says nothing of the password: the library calls that a LoginError, too.
        if isinstance(error.__context__, IMAPClientAbortError):
            return _named(settings, error.__context__, write)
        return _login(settings, str(error))
    lost: type[TryLater] = OutcomeUnknown if write else TryLater
    if isinstance(error, ssl.SSLError):
        if "WRONG_VERSION_NUMBER" in str(error) or "HTTP_REQUEST" in str(error):
            return NeedsUser(f"{where} does not speak TLS.", 'Check the port, or set tls = "starttls".')
        return lost(f"The encrypted connection to {where} broke.")
    if isinstance(error, socket.gaierror):
        return lost(f"The server {settings.host} cannot be found: check the name, and whether you are online.")
    if isinstance(error, TimeoutError):
        return lost(f"{where} did not answer in time: trying again later.")
    if isinstance(error, OSError):
        return lost(f"{where} cannot be reached ({error.strerror or 'connection lost'}): check host, port and network.")
    if isinstance(error, (IMAPClientAbortError, ProtocolError)):
        return lost(f"{where} broke off the conversation: trying again later.")
    if isinstance(error, IMAPClientError):
        return refusal(settings, str(error))
    if isinstance(error, (ValueError, AttributeError, TypeError, LookupError, AssertionError, EOFError)):
        return lost(f"{where} sent something that is not IMAP ({type(error).__name__}): trying again later.")
    return error  # a defect of ours: let it be seen


def refusal(settings: Settings, said: str) -> KithError:
    """The error for a NO or BAD."""
    if _NOT_NOW.search(said):
        return TryLater(f"{settings.host} cannot do it just now ({_short(said)}).")
    return Refused(f"{settings.host} refused ({_short(said)}).")


def _login(settings: Settings, said: str) -> KithError:
    if _NOT_NOW.search(said):
        return TryLater(f"{settings.host} lets nobody in just now ({_short(said)}).")
    if settings.auth == "xoauth2":
        return SignInRefused(
            f"{settings.host} refused the access token of {settings.user}.",
            "Run the token command by hand and look at what it prints; the grant may have been revoked.",
        )
    return SignInRefused(
        f"{settings.host} refused the password of {settings.user}.",
        "Check user and password; many providers want an app password here.",
    )


def _short(said: str) -> str:
    # a server's own words, without anybody's address
    return _ADDRESS.sub("...", " ".join(said.split()))[:120]
