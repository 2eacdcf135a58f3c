"""EWS samples through the product: every item in every answer read as the connector reads it.

Documentation writes its namespaces with https, which no server does; that is put right first. Into every event a guest
the user knows is put, and what is stored of a series is expanded anew. Every refusal in them, in an answer or as a SOAP
fault, goes through exchangelib and is to come out as an error named by what to do about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from exchangelib.services.common import EWSService
from lxml import etree

from connectors.exchange import contacts, errors, events, letters
from connectors.exchange.options import Settings
from daemon.core.errors import BrokenItem, CursorExpired, KithError, NeedsUser, Refused, TryLater
from daemon.core.identity import meeting_identity
from daemon.core.model import Interest, Window
from daemon.formats import ics
from daemon.service.calendar_in import window
from tests.contract.rig import ME
from tests.corpus.feed_calendars import GUEST
from tests.corpus.files import Sample
from tests.corpus.installation import NOW, GivenUp, timed, told
from tests.corpus.report import Row, Tally
from tests.doubles.ews.xml import MESSAGES, NS, SOAP, TYPES, local, make, text

FOLDERS = ("api/ews-", "api/exchangelib/")
KNOWN = Interest(frozenset({GUEST}), frozenset({ME}))
ZONE = "Europe/Berlin"
MAIL = frozenset({"Message", "MeetingRequest", "MeetingResponse", "MeetingCancellation", "MeetingMessage"})

SETTINGS = Settings("corpus", ME, "https://mail.example.org/EWS/Exchange.asmx", "petra")
MEANS: dict[str, type[KithError]] = {
    "ErrorServerBusy": TryLater,
    "ErrorTooManyObjectsOpened": TryLater,
    "ErrorInvalidSyncStateData": CursorExpired,
    "ErrorNonExistentMailbox": NeedsUser,
    "ErrorItemNotFound": TryLater,
}
"""What some refusals have to come to; of all others only that they come to something."""

_YEAR = re.compile(rb"<t:(?:Start|StartDate)>(\d{4})-")


def feed(files: Sequence[Sample], tally: Tally) -> None:
    """Every item in every file, added to what is known of the kind."""
    files = [one for one in files if one.path.startswith(FOLDERS)]
    tally.files += len(files)
    before, read_, refusals = len(tally.rows), 0, 0
    for sample in files:
        if ".malformed." in sample.path:
            continue  # no server's answer: pages of documentation cut short
        try:
            (found, refused), spent = timed(partial(_read, sample, tally))
        except (Exception, GivenUp) as error:
            tally.crashed[sample.path] = told(error)
            continue
        tally.seconds[sample.path] = spent
        tally.rows += found
        refusals += refused
        read_ += 1
    items = len(tally.rows) - before
    tally.notes.append(f"Exchange: {read_} requests and answers, {items} items and {refusals} refusals in them")


def _read(sample: Sample, tally: Tally) -> tuple[list[Row], int]:
    """The items of a file, and how many refusals it holds."""
    data = sample.data.replace(b"https://schemas.", b"http://schemas.").strip()
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(data, parser)
    if root is None:
        return [], 0
    years = [int(year) for year in _YEAR.findall(data)]
    span = window(min(NOW, datetime(max(years, default=NOW.year) + 1, 6, 1, tzinfo=UTC)))
    rows: list[Row] = []
    for element in root.iter(f"{{{TYPES}}}*"):
        try:
            rows += _item(sample.path, element, span, tally)
        except BrokenItem as error:
            tally.quarantine(sample.path, f"{local(element)}: {error}")
    return rows, sum(_refusal(sample.path, code, error, tally) for code, error in _refusals(root))


def _refusals(root: Any) -> Iterator[tuple[str, Exception]]:
    """Every error in an answer, as exchangelib raises it."""
    for fault in root.iter(f"{{{SOAP}}}Fault"):
        try:
            EWSService._raise_soap_errors(fault)
        except Exception as error:
            yield text(fault, "detail/e:ResponseCode").strip(), error
    for answer in root.iter(f"{{{MESSAGES}}}*"):
        if answer.get("ResponseClass") == "Error":
            code, words = (text(answer, f"m:{name}").strip() for name in ("ResponseCode", "MessageText"))
            yield code, EWSService._get_exception(code, words, answer.find("m:MessageXml", NS))


def _refusal(path: str, code: str, error: Exception, tally: Tally) -> bool:
    for write in (False, True):
        named = errors.named(SETTINGS, SETTINGS.url, error, write=write)
        if not isinstance(named, MEANS.get(code, KithError)) or (isinstance(named, Refused) and not write):
            tally.wrong.append(f"{path}: {code} comes to {named!r}")
    return True


def _item(path: str, element: Any, span: Window, tally: Tally) -> Iterator[Row]:
    name = local(element)
    if name == "CalendarItem" and element.find("t:Start", NS) is not None and element.find("t:End", NS) is not None:
        yield from _event(path, element, span, tally)
    elif name in MAIL and element.find("t:From", NS) is not None:
        mail = letters.read(element)
        yield Row("api", path, mail.message_id, ", ".join(mail.senders), ", ".join(mail.to), verdict="read")
    elif name == "Contact" and element.find("t:DisplayName", NS) is not None:
        card = contacts.read("id", element, ZONE)
        yield Row("api", path, card.name, ", ".join(card.addresses), verdict="person")


def _event(path: str, element: Any, span: Window, tally: Tally) -> Iterator[Row]:
    invited = element.find("t:RequiredAttendees", NS)
    if invited is None:
        invited = make("t:RequiredAttendees")
        element.append(invited)
    guest = make("t:Mailbox", make("t:EmailAddress", GUEST))
    invited.append(make("t:Attendee", guest, make("t:ResponseType", "Accept")))
    raw = events.calendar(element, {}, ME, ZONE)
    item = ics.read("id", raw, KNOWN, span, ZONE)
    if ics.expand(item.master, KNOWN, span, ZONE) != item.meetings:
        tally.wrong.append(f"{path}: {item.uid} expanded anew is another")
    for one in item.meetings:
        verdict = "not counted" if one.cancelled or one.all_day else "counted"
        yield Row("api", path, meeting_identity(one), one.organiser, GUEST, one.start.isoformat(), verdict)
