"""Errors, named by what to do about them.

A connector translates its provider's errors into these in one place; nothing above a connector
sees a provider's own exception. Messages are sentences for the user: they carry no secret, no
message body and no stranger's address.
"""

from __future__ import annotations

from datetime import timedelta


class KithError(Exception):
    """Base of every error this project raises on purpose. ``str(e)`` is one clear sentence."""


class UserMistake(KithError):
    """The user asked for something that cannot be done as asked; the sentence says what can.

    The command line prints it and exits with 2.
    """


class NeedsUser(KithError):
    """Nothing will change until the user acts: a wrong password, a bad certificate, a revoked grant.

    ``remedy`` is the sentence that says how to mend it. The account stops; the others go on.
    """

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}".strip())
        self.what = what
        self.remedy = remedy


class SignInRefused(NeedsUser):
    """The server refused the password, token or ticket itself: nothing else of the account is tried with it either.

    One attempt per back-off, whatever has how many parts: servers lock accounts for less.
    """


class TryLater(KithError):
    """The server is busy, unreachable or slow: the same call may work later.

    ``after`` is how long the server asked us to wait, or None where it did not say.
    """

    def __init__(self, what: str, after: timedelta | None = None) -> None:
        super().__init__(what)
        self.after = after


class OutcomeUnknown(TryLater):
    """A write was sent and its answer was lost: it may or may not have been applied.

    The caller must look (by key) before it writes again.
    """


class Paced(TryLater):
    """A budget of our own is used up for now (a provider's quota): nothing is wrong, work goes on after ``after``.

    It is no failure: nobody need look, and the distance between attempts does not grow.
    """


class CursorExpired(KithError):
    """The server no longer knows our position (UIDVALIDITY, sync token, historyId): one full pass."""


class Conflict(KithError):
    """The remote item is not what we last saw: read it again before deciding anything."""


class Refused(KithError):
    """The server understood and will not do it (a 4xx, NO or BAD): trying the same again is useless."""


class BrokenItem(KithError):
    """One message, event or card cannot be read. It is quarantined with this reason; the next goes on."""


class LeaseLost(KithError):
    """Another process holds the cycle now: stop, write nothing more."""


class StoreBusy(KithError):
    """The database is locked, full or read-only. Nothing was lost: no cursor moved."""
