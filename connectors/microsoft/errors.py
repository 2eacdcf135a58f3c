"""What Graph answers, as errors named by what to do about them (the network: `connectors.network`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.microsoft.options import Settings
from connectors.microsoft.refusals import no_mailbox, not_granted
from connectors.network import retry_after
from daemon.core.errors import CursorExpired, KithError, NeedsUser, OutcomeUnknown, Refused, TryLater

EXPIRED = frozenset(
    {"syncstatenotfound", "syncstateinvalid", "resyncrequired", "resyncchangesapplydifferences",
     "resyncchangesuploaddifferences", "fullsyncrequired"}
)  # fmt: skip
"""Codes that come with 410 or with 400: the delta token means nothing any more."""

_NO_MAILBOX = frozenset(
    {"mailboxnotenabledforrestapi", "mailboxnothostedinexchangeonline", "mailboxnotsupportedforrestapi",
     "errornonexistentmailbox"}
)  # fmt: skip
_BUSY = frozenset(
    {"applicationthrottled", "toomanyrequests", "activitylimitreached", "errorserverbusy", "mailboxconcurrency",
     "errormailboxstoreunavailable", "errormailboxmovedinprogress", "serviceunavailable"}
)  # fmt: skip


class Status(Refused):
    """Graph said no with this HTTP status and error code (lower case)."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"Microsoft refused a request ({status}{', ' + code[:60] if code else ''}).")
        self.status = status
        self.code = code

    @property
    def missing(self) -> bool:
        """Whether what was asked for positively does not exist."""
        return self.status == 404

    @property
    def changed(self) -> bool:
        """Whether it is not what we last saw (If-Match, or a conflict the service found itself)."""
        return self.status in (409, 412)


def of_answer(
    settings: Settings, status: int, headers: Mapping[str, str], body: Mapping[str, Any], *, write: bool
) -> KithError | None:
    """What a status means; None for a success. 401 is the client's own business."""
    if 200 <= status < 300:
        return None
    told = body.get("error")
    code = str(told.get("code", "")).lower() if isinstance(told, dict) else ""
    if status in (429, 503) or code in _BUSY:
        return TryLater(f"Microsoft is busy ({status}).", retry_after(headers))
    if status >= 500 and status not in (501, 507):
        return (OutcomeUnknown if write else TryLater)(f"Microsoft has trouble ({status}).", retry_after(headers))
    if code in EXPIRED or (status == 410 and not write):
        return CursorExpired("Microsoft does not know this position any more.")
    if code in _NO_MAILBOX:
        return no_mailbox(settings)
    if status == 403:
        return not_granted(settings)
    if status == 507 or code == "errorquotaexceeded":
        return NeedsUser(f"The mailbox of {settings.account} is full.", "Delete something from it.")
    if status == 401:
        return TryLater("Microsoft wants to be asked anew.")  # of a part; the whole is renewed where it happens
    return Status(status, code)
