"""Why no token was given, as sentences. Microsoft's own words are not repeated: they name people and devices.

The numbers are Entra's (AADSTS...): https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.microsoft.options import Settings
from daemon.core.errors import KithError, NeedsUser, SignInRefused, TryLater

_NUMBER = re.compile(r"AADSTS(\d+)")
_GUIDE = "docs/microsoft.md shows it step by step."

_BY_NUMBER: tuple[tuple[frozenset[int], str, str], ...] = (
    (
        frozenset({90094, 90093, 90095, 650056}),
        "Your organisation lets only an administrator approve an app.",
        "Ask them to grant consent to it in Microsoft Entra, then sign in again: {login}",
    ),
    (
        frozenset({65001, 65004, 65005}),
        "The app may not read this mailbox: nobody consented to it.",
        "Sign in and accept what is asked for: {login}",
    ),
    (
        frozenset({530036, 50199}),
        "Your organisation does not allow signing in by a code.",
        'Set sign_in = "browser" for this account and sign in: {login}',
    ),
    (
        frozenset({53000, 53001, 53002, 53003, 53004, 530002, 530003, 530032, 530033, 530035, 50005, 50131, 50158}),
        "Your organisation's rules (Conditional Access) refuse this sign-in.",
        "Ask the administrator which sign-in is allowed from this machine; the other way may be: sign_in = "
        '"browser" or "device".',
    ),
    (
        frozenset({7000218, 7000215}),
        "The app registration is not set up for a program on your own machine.",
        f'In Microsoft Entra, under Authentication, switch "Allow public client flows" on. {_GUIDE}',
    ),
    (
        frozenset({50011, 500113, 900971}),
        "The app registration lacks the address the browser comes back to.",
        f'In Microsoft Entra add http://localhost under "Mobile and desktop applications". {_GUIDE}',
    ),
    (
        frozenset({700016, 7000229, 700038, 500011}),
        "There is no app of this client_id where you signed in.",
        f"Check client_id and tenant. {_GUIDE}",
    ),
    (
        frozenset({50194, 9002346, 9002331, 50020, 9001011, 700054, 9002332, 500201}),
        "The app registration is for other accounts than this one.",
        f"Check tenant (an ID for one organisation, consumers for Outlook.com), or who may use the app. {_GUIDE}",
    ),
    (frozenset({90002, 900023, 90023, 900021}), "There is no such tenant.", "Check tenant."),
    (
        frozenset({50173, 50133, 50132, 70008, 700082, 700084, 70043, 700003, 50089, 54005, 50034, 50057}),
        "The sign-in of {account} has run out or was revoked.",
        "Sign in again: {login}",
    ),
    (
        frozenset({50076, 50079, 50074, 50078, 50072, 50125, 50055, 50144, 16000, 50058}),
        "Microsoft wants to see {account} sign in again.",
        "Sign in again: {login}",
    ),
)

_BY_WORD = {
    "access_denied": ("The sign-in was declined.", "If that was a mistake: {login}"),
    "authorization_declined": ("The sign-in was declined.", "If that was a mistake: {login}"),
    "expired_token": ("The code was not entered in time.", "Try again: {login}"),
    "code_expired": ("The code was not entered in time.", "Try again: {login}"),
    "consent_required": (
        "The app may not read this mailbox: nobody consented to it.",
        "Sign in and accept what is asked for: {login}",
    ),
    "invalid_client": (
        "The app registration is not set up for a program on your own machine.",
        f'In Microsoft Entra, under Authentication, switch "Allow public client flows" on. {_GUIDE}',
    ),
    "unauthorized_client": (
        "The app registration does not allow this sign-in.",
        f"Check client_id, tenant and who may use the app. {_GUIDE}",
    ),
    "interaction_required": ("Microsoft wants to see {account} sign in again.", "Sign in again: {login}"),
    "invalid_grant": ("The sign-in of {account} has run out or was revoked.", "Sign in again: {login}"),
}

_LATER = frozenset({"temporarily_unavailable", "server_error"})


def refusal(settings: Settings, result: Mapping[str, Any]) -> KithError:
    """The error for what the token endpoint or the browser came back with (RFC 6749 5.2, 4.1.2.1)."""
    word = str(result.get("error", ""))
    told = result.get("error_codes")
    numbers = {n for n in told if isinstance(n, int)} if isinstance(told, list) else set()
    numbers |= {int(n) for n in _NUMBER.findall(str(result.get("error_description", "")))}
    if word in _LATER:
        return TryLater("Microsoft's sign-in has trouble.")
    for group, what, remedy in _BY_NUMBER:
        if numbers & group:
            return _refused(settings, what, remedy)
    if word in _BY_WORD:
        return _refused(settings, *_BY_WORD[word])
    name = f"AADSTS{min(numbers)}" if numbers else word[:60] or "no reason"
    return _refused(settings, f"Microsoft refused the sign-in of {{account}} ({name}).", "Sign in again: {login}")


def not_signed_in(settings: Settings) -> NeedsUser:
    """Nobody has signed in, or only to be forgotten since."""
    return _said(settings, "Nobody has signed in to {account} yet.", "Sign in: {login}")


def unknown_tenant(settings: Settings) -> NeedsUser:
    """The authority does not exist."""
    return _said(settings, "There is no such tenant.", "Check tenant.")


def not_accepted(settings: Settings) -> SignInRefused:
    """A token straight from the server, refused by the mailbox."""
    return _refused(settings, "Microsoft does not accept the sign-in of {account}.", "Sign in again: {login}")


def not_granted(settings: Settings) -> NeedsUser:
    """The token does not cover what was asked for."""
    return _said(
        settings,
        "The sign-in of {account} does not cover what was asked for (mail, calendars and contacts).",
        f"Check the app's permissions, then sign in again: {{login}} {_GUIDE}",
    )


def no_mailbox(settings: Settings) -> NeedsUser:
    """Whoever signed in has no mailbox in Microsoft's cloud."""
    return _said(
        settings,
        "There is no mailbox in Microsoft 365 or Outlook.com for {account}.",
        "Check who signed in (kith check); a mailbox on a server of your own is an account of kind exchange.",
    )


def _said(settings: Settings, what: str, remedy: str) -> NeedsUser:
    return NeedsUser(*_filled(settings, what, remedy))


def _refused(settings: Settings, what: str, remedy: str) -> SignInRefused:
    return SignInRefused(*_filled(settings, what, remedy))


def _filled(settings: Settings, what: str, remedy: str) -> tuple[str, str]:
    login = f"kith login {settings.account}"
    return what.format(account=settings.account), remedy.format(login=login, account=settings.account)
