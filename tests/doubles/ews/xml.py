"""XML of EWS: names, order of elements, and the providers' own schemas where they are at hand."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
NS = {"s": SOAP, "m": MESSAGES, "t": TYPES, "e": ERRORS}

ITEM = (
    "MimeContent ItemId ParentFolderId ItemClass Subject Sensitivity Body Attachments DateTimeReceived Size Categories "
    "Importance InReplyTo IsSubmitted IsDraft IsFromMe IsResend IsUnmodified InternetMessageHeaders DateTimeSent "
    "DateTimeCreated ResponseObjects ReminderDueBy ReminderIsSet ReminderNextTime ReminderMinutesBeforeStart DisplayCc "
    "DisplayTo DisplayBcc HasAttachments ExtendedProperty Culture EffectiveRights LastModifiedName LastModifiedTime "
    "IsAssociated ConversationId"
).split()
ORDER = {
    "Message": ITEM
    + (
        "Sender ToRecipients CcRecipients BccRecipients IsReadReceiptRequested IsDeliveryReceiptRequested "
        "ConversationIndex ConversationTopic From InternetMessageId IsRead IsResponseRequested References ReplyTo"
    ).split(),
    "CalendarItem": ITEM
    + (
        "UID RecurrenceId DateTimeStamp Start End OriginalStart IsAllDayEvent LegacyFreeBusyStatus Location When "
        "IsMeeting IsCancelled IsRecurring MeetingRequestWasSent IsResponseRequested CalendarItemType MyResponseType "
        "Organizer RequiredAttendees OptionalAttendees Resources Duration AppointmentState Recurrence FirstOccurrence "
        "LastOccurrence ModifiedOccurrences DeletedOccurrences MeetingTimeZone StartTimeZone EndTimeZone"
    ).split(),
    "Contact": ITEM
    + (
        "FileAs FileAsMapping DisplayName GivenName Initials MiddleName Nickname CompleteName CompanyName "
        "EmailAddresses PhysicalAddresses PhoneNumbers AssistantName Birthday BusinessHomePage Children Companies "
        "ContactSource Department Generation ImAddresses JobTitle Manager Mileage OfficeLocation PostalAddressIndex "
        "Profession SpouseName Surname WeddingAnniversary"
    ).split(),
}
"""The order of elements in types.xsd, as far as items here have them."""

FOLDER = "FolderId ParentFolderId FolderClass DisplayName TotalCount".split()


class NotEws(AssertionError):
    """The client sent what no Exchange server takes."""


def make(tag: str, *children: Any, **attributes: str) -> Any:
    """An element ``t:Name``; strings among the children are its text, None is left out."""
    prefix, _, name = tag.partition(":")
    element = etree.Element(f"{{{NS[prefix]}}}{name}", attributes, nsmap={"m": MESSAGES, "t": TYPES})
    for child in children:
        if isinstance(child, str):
            element.text = (element.text or "") + child
        elif child is not None:
            element.append(child)
    return element


def local(element: Any) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def copied(element: Any) -> Any:
    """A copy that may be put elsewhere."""
    return etree.fromstring(etree.tostring(element))


def text(element: Any, path: str) -> str:
    """The text of a descendant, "" where there is none."""
    found = element.find(path, NS)
    return (found.text or "") if found is not None else ""


def in_order(element: Any, order: list[str]) -> None:
    """The element's children are known and stand as the schema wants them."""
    place = -1
    for child in element:
        name = local(child)
        if name not in order:
            raise NotEws(f"{local(element)} has no {name}")
        if order.index(name) < place:
            raise NotEws(f"{name} stands too late in {local(element)}")
        place = order.index(name)


@cache
def _schema() -> Any:
    shared = os.environ.get("KITH_SHARED", "")
    file = Path(shared, "schemas", "ews", "messages.xsd")
    return etree.XMLSchema(etree.parse(str(file))) if shared and file.exists() else None


def validate(element: Any, what: str) -> None:
    """Hold the content of a SOAP body against messages.xsd, where that is at hand."""
    schema = _schema()
    if schema is not None and not schema.validate(element):
        raise NotEws(f"{what}: {schema.error_log.last_error.message}")
