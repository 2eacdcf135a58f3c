"""Letters, events and cards of the contract suite as Graph would hold them, and back as other programs see them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses, parsedate_to_datetime
from html import unescape
from typing import Any

import icalendar
import vobject

Item = dict[str, Any]

WRAPPED = (
    '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head><body>{}</body></html>'
)
"""What Exchange makes of any HTML it is given."""

_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentativelyAccepted"}


def stamp(at: datetime) -> str:
    """A DateTimeOffset."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def wall(at: datetime) -> Item:
    """A dateTimeTimeZone in UTC, with the seven digits Graph writes."""
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000"), "timeZone": "UTC"}


# -- letters -------------------------------------------------------------------------------------------


def message_of(raw: bytes, now: datetime, *, draft: bool = False) -> Item:
    """A message as it stands in a mailbox."""
    fields = _fields(raw)
    first = {name.lower(): value for name, value in reversed(fields)}
    try:
        sent = parsedate_to_datetime(first.get("date", ""))
        told = stamp(sent if sent.tzinfo else sent.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        told = stamp(now)
    senders = _people(first.get("from", ""))
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("html", "plain"))
    content = body.get_content() if body is not None else ""
    kind = "html" if body is not None and body.get_content_type() == "text/html" else "text"
    return {
        "from": senders[0] if senders else None,
        "sender": senders[0] if senders else None,
        "toRecipients": _people(first.get("to", "")),
        "ccRecipients": _people(first.get("cc", "")),
        "bccRecipients": _people(first.get("bcc", "")),
        "subject": str(message["subject"] or ""),
        "sentDateTime": told,
        "receivedDateTime": stamp(now),
        "internetMessageId": first.get("message-id", f"<made-up-{hash(raw)}@exchange.example>"),
        "internetMessageHeaders": [{"name": name, "value": value} for name, value in fields],
        "isDraft": draft,
        "isRead": False,
        "categories": [],
        "hasAttachments": False,
        "body": {"contentType": kind, "content": content},
        "_properties": {
            name: first[field]
            for name, field in (("String 0x1042", "in-reply-to"), ("String 0x1039", "references"))
            if field in first
        },
        "_raw": raw,
    }


def _fields(raw: bytes) -> list[tuple[str, str]]:
    head = raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    lines = re.sub(r"\r\n[ \t]+", " ", head).split("\r\n")
    return [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines) if _]


def _people(value: str) -> list[Item]:
    return [{"emailAddress": {"name": name, "address": spec}} for name, spec in getaddresses([value]) if "@" in spec]


def letter(message: Mapping[str, Any]) -> bytes:
    """A message as MIME: as it came, or as Exchange writes one that was made here."""
    if message.get("_raw"):
        return bytes(message["_raw"])
    made = EmailMessage(policy=policy.SMTP)
    for name, source in (("From", "from"), ("To", "toRecipients"), ("Cc", "ccRecipients"), ("Bcc", "bccRecipients")):
        value = message.get(source) or []
        people = [one["emailAddress"] for one in (value if isinstance(value, list) else [value])]
        if people:
            made[name] = ", ".join(f'"{p.get("name", "")}" <{p["address"]}>' for p in people)
    made["Subject"] = message["subject"]
    made["Message-ID"] = message["internetMessageId"]
    for name, field in (("String 0x1042", "In-Reply-To"), ("String 0x1039", "References")):
        if name in message["_properties"]:
            made[field] = message["_properties"][name]
    html = message["body"]["content"]
    made.set_content(as_text(html), cte="quoted-printable")
    made.add_alternative(html, subtype="html", cte="quoted-printable")
    made.set_boundary("=_exchange")
    return bytes(made)


def as_text(html: str) -> str:
    """HTML as plain text, as Exchange makes it."""
    text = re.sub(r"(?is)<head>.*?</head>", "", html)
    text = re.sub(r"(?i)</p>\s*<p[^>]*>", "\n\n", text)
    text = re.sub(r"(?i)<br[^>]*>", "\n", text)
    return unescape(re.sub(r"<[^>]+>", "", text)).strip()


# -- events --------------------------------------------------------------------------------------------


def events_of(raw: bytes) -> list[Item]:
    """The parts of one iCalendar object: the event or series first, then its exceptions (with ``originalStart``)."""
    found = [_event(one) for one in icalendar.Calendar.from_ical(raw.decode()).walk("VEVENT")]
    return sorted(found, key=lambda one: "originalStart" in one)


def _event(one: Any) -> Item:
    start, end = one["DTSTART"].dt, one["DTEND"].dt
    whole = not isinstance(start, datetime)
    organiser = _address(one["ORGANIZER"]) if "ORGANIZER" in one else ""
    invited = one.get("ATTENDEE", [])
    attendees = []
    mine = "none"
    for who in invited if isinstance(invited, list) else [invited]:
        response = _ANSWERS.get(str(who.params.get("PARTSTAT", "")).upper(), "none")
        address = _address(who)
        if address == "petra@example.org":
            mine = response
            if organiser == address:
                continue  # Graph leaves the organiser out of the list
        attendees.append(
            {
                "type": "required",
                "status": {"response": response, "time": "0001-01-01T00:00:00Z"},
                "emailAddress": {"name": address, "address": address},
            }
        )
    made: Item = {
        "iCalUId": str(one["UID"]),
        "subject": str(one.get("SUMMARY", "")),
        "start": wall(_moment(start)),
        "end": wall(_moment(end)),
        "isAllDay": whole,
        "isCancelled": str(one.get("STATUS", "")).upper() == "CANCELLED",
        "showAs": "free" if str(one.get("TRANSP", "")).upper() == "TRANSPARENT" else "busy",
        "attendees": attendees,
        "organizer": {"emailAddress": {"name": organiser, "address": organiser}} if organiser else None,
        "responseStatus": {"response": "organizer" if organiser == "petra@example.org" else mine, "time": stamp_zero()},
        "originalStartTimeZone": "UTC",
        "originalEndTimeZone": "UTC",
        "type": "singleInstance",
        "seriesMasterId": None,
        "recurrence": None,
        "categories": [],
        "body": {"contentType": "text", "content": str(one.get("DESCRIPTION", ""))},
        "_properties": {},
    }
    if "RECURRENCE-ID" in one:
        made["originalStart"] = stamp(_moment(one["RECURRENCE-ID"].dt))
    return made


def stamp_zero() -> str:
    """Graph's way to say never."""
    return "0001-01-01T00:00:00Z"


def _address(who: Any) -> str:
    return str(who)[len("mailto:") :]


def _moment(at: date | datetime) -> datetime:
    if isinstance(at, datetime):
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime(at.year, at.month, at.day, tzinfo=UTC)


def when(value: Mapping[str, str]) -> datetime:
    """The moment a dateTimeTimeZone means, written by a client: in UTC or under a Windows name."""
    from zoneinfo import ZoneInfo

    from babel.core import get_global

    names = {"UTC": "UTC"} | {str(k): str(v) for k, v in get_global("windows_zone_mapping").items()}
    at = datetime.fromisoformat(value["dateTime"])
    return at.replace(tzinfo=ZoneInfo(names[value["timeZone"]])).astimezone(UTC)


def shown(event: Mapping[str, Any], uid: str) -> bytes:
    """A reminder as a calendar application would write it down: one VCALENDAR."""
    calendar, made = icalendar.Calendar(), icalendar.Event()
    made.add("uid", uid)
    made.add("dtstart", when(event["start"]))
    made.add("dtend", when(event["end"]))
    made.add("summary", event["subject"])
    made.add("description", event["body"]["content"])
    made.add("transp", "TRANSPARENT" if event["showAs"] == "free" else "OPAQUE")
    made.add("class", event.get("sensitivity", "normal").upper())
    made.add("categories", event["categories"])
    for one in event.get("attendees") or ():
        made.add("attendee", f"mailto:{one['emailAddress']['address']}")
    if event.get("isReminderOn"):
        alarm = icalendar.Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("trigger", -timedelta(minutes=event["reminderMinutesBeforeStart"]))
        made.add_component(alarm)
    calendar.add_component(made)
    return bytes(calendar.to_ical())


# -- contacts ------------------------------------------------------------------------------------------


def contact_of(raw: bytes) -> Item:
    """A vCard as a contact."""
    card = vobject.readOne(raw.decode())
    name = card.n.value if "n" in card.contents else None
    return {
        "displayName": card.fn.value if "fn" in card.contents else "",
        "givenName": name.given if name else None,
        "middleName": None,
        "surname": name.family if name else None,
        "nickName": None,
        "emailAddresses": [{"name": one.value, "address": one.value} for one in card.contents.get("email", ())],
        "companyName": card.org.value[0] if "org" in card.contents else None,
        "jobTitle": card.title.value if "title" in card.contents else None,
        "profession": None,
        "birthday": f"{card.bday.value}T11:59:00Z" if "bday" in card.contents else None,
        "businessAddress": {},
        "homeAddress": {},
        "businessHomePage": None,
        "categories": [],
    }
