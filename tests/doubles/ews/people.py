"""Letters, events and cards as their users make them, in the shape an Exchange server gives them."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape
from typing import Any

from daemon.formats.vcard import read_cards
from tests.doubles.ews.mailbox import Item
from tests.doubles.ews.xml import make

SENDER_TAG = ("tag", "5d02")
HEADERS_TAG = ("tag", "7d")
PARTICIPANTS = ("participants", "")
"""Not a property but what the server's index of words knows."""

RESPONSES = {"ACCEPTED": "Accept", "DECLINED": "Decline", "TENTATIVE": "Tentative"}
DAYS = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}


def stamp(moment: datetime) -> str:
    """A moment as EWS writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- letters --------------------------------------------------------------------------------------


def letter(raw: bytes, *, draft: bool = False, received: bool = False, at: datetime | None = None) -> Item:
    """A message out of its MIME. Only what was ``received`` keeps its header block."""
    parsed = message_from_bytes(raw)
    item = Item("Message", raw=raw)
    item.put("ItemClass", "IPM.Note")
    item.put("Subject", _decoded(parsed, "Subject"))
    item.put("IsDraft", "true" if draft else "false")
    item.put("DateTimeReceived", stamp(at or datetime(2026, 11, 18, 8, 0, tzinfo=UTC)))
    who: dict[str, list[tuple[str, str]]] = {}
    for name in ("From", "To", "Cc", "Bcc"):
        who[name] = [pair for pair in getaddresses([_decoded(parsed, name)]) if pair[1]]
    if who["From"]:
        item.put("From", _mailbox(*who["From"][0]))
        item.extended[SENDER_TAG] = who["From"][0][1]
    for name in ("To", "Cc", "Bcc"):
        if who[name]:
            item.put(f"{name}Recipients", *(_mailbox(*pair) for pair in who[name]))
    for name in ("To", "Cc"):
        item.put(f"Display{name}", "; ".join(label or address for label, address in who[name]))
    for name, header in (
        ("InternetMessageId", "Message-ID"),
        ("InReplyTo", "In-Reply-To"),
        ("References", "References"),
    ):
        if said := " ".join(_decoded(parsed, header).split()):
            item.put(name, said)
    with contextlib.suppress(ValueError, TypeError, AttributeError):
        item.put("DateTimeSent", stamp(parsedate_to_datetime(parsed["Date"])))
    topic = re.sub(r"(?i)^(re|aw|fw):\s*", "", _decoded(parsed, "Subject"))
    item.put("ConversationId", Id=base64.b64encode(hashlib.sha256(topic.encode()).digest()[:12]).decode())
    item.put("Body", _html(parsed), BodyType="HTML")
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    if received:
        item.extended[HEADERS_TAG] = head.decode("utf-8", "replace") + "\r\n\r\n"
    everybody = [address for pairs in who.values() for _, address in pairs]
    item.extended[PARTICIPANTS] = " ".join([*everybody, head.decode("utf-8", "replace")])
    return item


def _decoded(parsed: Message, name: str) -> str:
    said = ", ".join(str(make_header(decode_header(str(value)))) for value in parsed.get_all(name, []))
    try:  # raw UTF-8 in a header comes out of the parser as escapes
        return said.encode("ascii", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return said


def _mailbox(name: str, address: str) -> Any:
    return make(
        "t:Mailbox", make("t:Name", name or address), make("t:EmailAddress", address), make("t:RoutingType", "SMTP")
    )


def _html(parsed: Message) -> str:
    for part in parsed.walk():
        if part.get_content_type() == "text/html":
            break
    else:
        part = next((p for p in parsed.walk() if p.get_content_maintype() == "text"), parsed)
    payload = part.get_payload(decode=True)
    text = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return f"<html><body>{text}</body></html>"


def plain(raw: bytes) -> str:
    """The text of a letter, made of its HTML where it has no other, with XML's line ends."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    said = str(part.get_content()).replace("\r\n", "\n")
    if part.get_content_subtype() == "plain":
        return said
    seen = re.sub(r"(?is)<(head|style)\b.*?</\1>", "", said)
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"(?i)<br[^>]*>|</p>|</div>", "\n", seen))).strip()


# -- events ---------------------------------------------------------------------------------------


def event(raw: bytes, me: str) -> tuple[Item, list[Item]]:
    """An event out of its iCalendar object, with the items of its exceptions."""
    import icalendar

    calendar = icalendar.Calendar.from_ical(raw.decode())
    parts: list[Any] = list(calendar.walk("VEVENT"))
    master = next(p for p in parts if "RECURRENCE-ID" not in p)
    item = _occurrence(master, me)
    item.source = raw
    others = [_occurrence(p, me) for p in parts if p is not master]
    if "RRULE" in master:
        item.put("CalendarItemType", "RecurringMaster")
        item.put("Recurrence", *_recurrence(master))
        item.put("StartTimeZone", Id=_zone(master), Name="(UTC) somewhere")
        deleted = master.get("EXDATE")
        dates = [d.dt for one in (deleted if isinstance(deleted, list) else [deleted]) if one for d in one.dts]
        if dates:
            item.put(
                "DeletedOccurrences", *(make("t:DeletedOccurrence", make("t:Start", stamp(_utc(d)))) for d in dates)
            )
    for part, other in zip([p for p in parts if p is not master], others, strict=True):
        other.hidden = True
        other.put("CalendarItemType", "Exception")
        other.put("OriginalStart", stamp(_utc(part["RECURRENCE-ID"].dt)))
    return item, others


def link(item: Item, others: list[Item]) -> None:
    """Tell the master of its exceptions, once they have ids."""
    if others:
        item.put(
            "ModifiedOccurrences",
            *(
                make(
                    "t:Occurrence",
                    other.id_element(),
                    *(make(f"t:{n}", other.text(n)) for n in ("Start", "End", "OriginalStart")),
                )
                for other in others
            ),
        )


def _occurrence(part: Any, me: str) -> Item:
    item = Item("CalendarItem")
    item.put("ItemClass", "IPM.Appointment")
    item.put("UID", str(part["UID"]))
    item.put("Subject", str(part.get("SUMMARY", "")))
    item.put("Sensitivity", "Normal")
    start, end = part["DTSTART"].dt, part["DTEND"].dt
    item.put("Start", stamp(_utc(start)))
    item.put("End", stamp(_utc(end)))
    item.put("IsAllDayEvent", "false" if isinstance(start, datetime) else "true")
    free = str(part.get("TRANSP", "")).upper() == "TRANSPARENT"
    item.put("LegacyFreeBusyStatus", "Free" if free else "Busy")
    cancelled = str(part.get("STATUS", "")).upper() == "CANCELLED"
    item.put("IsCancelled", "true" if cancelled else "false")
    attendees = part.get("ATTENDEE", [])
    attendees = attendees if isinstance(attendees, list) else [attendees]
    organiser = str(part.get("ORGANIZER", f"mailto:{me}")).removeprefix("mailto:")
    item.put("IsMeeting", "true" if attendees else "false")
    item.put("AppointmentState", str((1 if attendees else 0) | (4 if cancelled else 0)))
    item.put("Organizer", _mailbox("", organiser))
    mine = "Organizer" if organiser == me else "Unknown"
    people = []
    for attendee in attendees:
        address = str(attendee).removeprefix("mailto:")
        response = RESPONSES.get(str(attendee.params.get("PARTSTAT", "")), "Unknown")
        if address == me:
            mine = mine if mine == "Organizer" else response
        else:
            people.append(make("t:Attendee", _mailbox("", address), make("t:ResponseType", response)))
    item.put("MyResponseType", mine)
    if people:
        item.put("RequiredAttendees", *people)
    item.put("CalendarItemType", "Single")
    item.put("StartTimeZone", Id="UTC", Name="(UTC) Coordinated Universal Time")
    return item


def _utc(moment: date) -> datetime:
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _zone(part: Any) -> str:
    return str(part["DTSTART"].params.get("TZID", "UTC"))


def _recurrence(part: Any) -> list[Any]:
    rule = part["RRULE"]
    freq = rule["FREQ"][0]
    every = make("t:Interval", str(rule.get("INTERVAL", [1])[0]))
    start = part["DTSTART"].dt
    first = make("t:StartDate", f"{start:%Y-%m-%d}Z")
    if freq == "DAILY":
        pattern = make("t:DailyRecurrence", every)
    elif freq == "WEEKLY":
        days = [DAYS[str(d)] for d in rule.get("BYDAY", [list(DAYS)[start.weekday()]])]
        pattern = make(
            "t:WeeklyRecurrence", every, make("t:DaysOfWeek", " ".join(days)), make("t:FirstDayOfWeek", "Monday")
        )
    else:
        raise AssertionError(f"the double makes no {freq} series")
    if "COUNT" in rule:
        end = make("t:NumberedRecurrence", first, make("t:NumberOfOccurrences", str(rule["COUNT"][0])))
    else:
        end = make("t:NoEndRecurrence", first)
    return [pattern, end]


def occurrences(item: Item, start: datetime, end: datetime) -> Iterator[tuple[Item, datetime, datetime]]:
    """(item, start, end) of what a CalendarView of this span shows of an event."""
    if "Recurrence" in item.props:
        import icalendar
        import recurring_ical_events

        found = recurring_ical_events.of(icalendar.Calendar.from_ical(item.source.decode())).between(start, end)
        for one in found:
            yield item, _utc(one["DTSTART"].dt), _utc(one["DTEND"].dt)
        return
    at, until = (datetime.fromisoformat(item.text(name)) for name in ("Start", "End"))
    if at < end and until > start:
        yield item, at, until


# -- cards ----------------------------------------------------------------------------------------


def contact(raw: bytes) -> Item:
    """A contact out of its vCard."""
    (card,), _ = read_cards(raw)
    item = Item("Contact")
    item.put("ItemClass", "IPM.Contact")
    for name, said in (
        ("DisplayName", card.name),
        ("GivenName", card.given),
        ("Surname", card.family),
        ("CompanyName", card.organisation),
        ("JobTitle", card.title),
    ):
        if said:
            item.put(name, said)
    entries = [make("t:Entry", a, Key=f"EmailAddress{n}") for n, a in enumerate(card.addresses[:3], 1)]
    if entries:
        item.put("EmailAddresses", *entries)
    for named in card.dates:
        if named.kind == "birthday":
            item.put("Birthday", f"{named.when.replace('--', '1604-')}T11:59:00Z")
    if card.labels:
        item.put("Categories", *(make("t:String", label) for label in card.labels))
    return item


def dragged(item: Item, start: datetime) -> None:
    """The user moves an event, keeping its length."""
    length = datetime.fromisoformat(item.text("End")) - datetime.fromisoformat(item.text("Start"))
    item.put("Start", stamp(start))
    item.put("End", stamp(start + length))


def ical_of(item: Item) -> bytes:
    """A reminder as another application would show it."""

    def plain(text: str) -> str:
        return text.replace("\\", "\\\\").replace("\r", "").replace("\n", "\\n").replace(",", "\\,").replace(";", "\\;")

    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//double//EN", "BEGIN:VEVENT"]
    lines += [f"UID:{item.text('UID')}", f"SUMMARY:{plain(item.text('Subject'))}"]
    lines += [f"DTSTART:{_compact(item.text('Start'))}", f"DTEND:{_compact(item.text('End'))}"]
    lines += [f"DESCRIPTION:{plain(item.text('Body'))}"]
    if item.text("LegacyFreeBusyStatus") == "Free":
        lines.append("TRANSP:TRANSPARENT")
    if item.text("Sensitivity") == "Private":
        lines.append("CLASS:PRIVATE")
    if item.text("ReminderIsSet") == "true":
        minutes = item.text("ReminderMinutesBeforeStart") or "0"
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x", f"TRIGGER:-PT{minutes}M", "END:VALARM"]
    for name in ("RequiredAttendees", "OptionalAttendees"):
        lines += ["ATTENDEE:mailto:somebody@example.org"] if name in item.props else []
    return "\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""]).encode()


def _compact(said: str) -> str:
    return said.replace("-", "").replace(":", "")
