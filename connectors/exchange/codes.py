"""What Exchange answers when it does not do something (ResponseCodeType, MS-OXWSCDATA), by what to do about it."""

from __future__ import annotations

from exchangelib import errors as ews

NOT_NOW = (
    ews.ErrorServerBusy,
    ews.ErrorExceededConnectionCount,
    ews.ErrorTooManyObjectsOpened,
    ews.ErrorExceededSubscriptionCount,
    ews.ErrorMailboxMoveInProgress,
    ews.ErrorMailboxStoreUnavailable,
    ews.ErrorMailboxFailover,
    ews.ErrorADUnavailable,
)
"""The server did nothing and may do it later."""

NO_MAILBOX = (ews.ErrorNonExistentMailbox, ews.ErrorMissingEmailAddress, ews.ErrorInvalidSmtpAddress)
NOT_PRIMARY = ews.ErrorNonPrimarySmtpAddress
NOT_ALLOWED = (ews.ErrorImpersonateUserDenied, ews.ErrorImpersonationDenied, ews.ErrorImpersonationFailed)
CHANGED = (ews.ErrorIrresolvableConflict, ews.ErrorStaleObject, ews.ErrorInvalidChangeKey)

LOCKED_OUT = b"account is currently locked out"
"""Words of Windows that Exchange hands on, with whatever status."""


class Locked(Exception):
    """HTTP 456, which Exchange answers for an account that is locked (so EWS Managed API names it), or its words."""


NO_ENTRY: dict[type[Exception], tuple[str, str]] = {
    Locked: (
        "{host} says that the account {user} is locked.",
        "See which program still tries an old password; the administrator can unlock it, or it passes.",
    ),
    ews.ErrorAccountDisabled: ("{host} says that the account {user} is disabled.", "Ask the administrator."),
    ews.ErrorPasswordExpired: (
        "{host} says that the password of {user} has expired.",
        "Set a new one in Outlook on the web, and put it where kith takes it from.",
    ),
    ews.ErrorPasswordChangeRequired: (
        "{host} says that the password of {user} has to be changed first.",
        "Set a new one in Outlook on the web, and put it where kith takes it from.",
    ),
}
"""The account is known and not let in. Nothing is gained by trying again: each attempt may count as one too many."""


NOT_HERE = {
    403: "does not let {user} use its web services (403): they may be switched off for this mailbox.",
    404: "has no web services at this address (404): check server or ews_url.",
    405: "has no web services at this address (405): check server or ews_url.",
}
"""What is done with none of a request. Servers say so for a while, too, as they are being mended."""


class NotHere(Exception):
    """One of these statuses."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


WHOLE = (
    *NOT_NOW,
    *NO_MAILBOX,
    NOT_PRIMARY,
    *(kind for kind in NO_ENTRY if issubclass(kind, ews.EWSError)),
    ews.ErrorConnectionFailed,
    ews.ErrorIncorrectSchemaVersion,
    ews.ErrorInternalServerTransientError,
    ews.ErrorInvalidSchemaVersionForMailboxVersion,
    ews.ErrorInvalidServerVersion,
    ews.ErrorTimeoutExpired,
)
"""Answers about one item that are about the mailbox or the server."""

NEVER = (
    ews.ErrorAccessDenied,
    ews.ErrorCalendarDurationIsTooLong,
    ews.ErrorCalendarEndDateIsEarlierThanStartDate,
    ews.ErrorCalendarOutOfRange,
    ews.ErrorCannotCreateCalendarItemInNonCalendarFolder,
    ews.ErrorInvalidArgument,
    ews.ErrorInvalidIdMalformed,
    ews.ErrorInvalidOperation,
    ews.ErrorInvalidPropertySet,
    ews.ErrorInvalidRecipients,
    ews.ErrorInvalidValueForProperty,
    ews.ErrorItemSavePropertyError,
    ews.ErrorMessageSizeExceeded,
    ews.ErrorMimeContentConversionFailed,
    ews.ErrorMimeContentInvalid,
    ews.ErrorMimeContentInvalidBase64String,
    ews.ErrorPropertyValidationFailure,
    ews.ErrorRequiredPropertyMissing,
    ews.ErrorSchemaValidation,
    ews.ErrorTimeZone,
    ews.ErrorUnsupportedMimeConversion,
    ews.ErrorUnsupportedPropertyDefinition,
)
"""What is written is not wanted like this: not now and not later."""

LOST = (ews.TransportError, ews.CASError)
"""Whether the server did it is not known. All that it answers of an item is a `TransportError` to exchangelib, most of
it of no concern here: it is looked at anew.
"""
