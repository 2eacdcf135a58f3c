"""iCalendar objects (RFC 5545) read for what kithd keeps of them, and our own reminders written.

What happens inside: `ics_scan` cuts the text into events by UID and drops what is not needed, `ics_people` finds the
known people, `ics_series` with `recur` and `zones` lays out the instances, `ics_write` makes and reads back reminders.

Why not recurring-ical-events: it names an instance moved by THISANDFUTURE after its new start (we need the original,
it is the identity), and it cannot be stopped (a rule that never matches runs to the year 9999). The tests compare with
it where the two must agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from daemon.core.errors import BrokenItem
from daemon.core.model import Answer, Broken, EventItem, Interest, Meeting, Window
from daemon.core.plain import one_line
from daemon.formats.content_lines import fold
from daemon.formats.ics_people import People, people_of, reduced_lines
from daemon.formats.ics_scan import TIMES, Scanned, name_of, scan, unescape, value_of
from daemon.formats.ics_series import build, lay_out, shipped_for
from daemon.formats.ics_write import event_state, is_ours, is_reminder, reword, write_event

__all__ = [
    "busy",
    "event_state",
    "expand",
    "is_reminder",
    "read",
    "read_all",
    "reduce",
    "reword",
    "uids",
    "write_event",
]

MAX_BYTES = 20_000_000
"""A single calendar object above this is not read."""


def read(item_id: str, data: bytes, interest: Interest, window: Window, zone: str = "UTC") -> EventItem:
    """One calendar object: the events of one UID (RFC 4791 4.1).

    ``zone`` is the user's own (IANA name): floating times are in it and whole days begin at its midnight. Instances in
    which nobody known takes part are left out. An object without an event (a task) or with nobody known gives an item
    without meetings and master.

    Raises:
        BrokenItem: it cannot be read, or holds events of several UIDs (see `read_all`).
    """
    _limit(data)
    found = scan(data)
    if not found:
        return EventItem(item_id, "")
    if len(found) > 1:
        raise BrokenItem(f"it holds {len(found)} different events in one calendar object")
    return _item(item_id, found[0], interest, window, zone)


def read_all(
    item_id: str, data: bytes, interest: Interest, window: Window, zone: str = "UTC"
) -> tuple[list[EventItem], list[Broken]]:
    """All events of an .ics file, each an item of its own named ``item_id#uid``; what cannot be read stands apart.

    Never raises for what is in the data.
    """
    items: list[EventItem] = []
    broken: list[Broken] = []
    try:
        _limit(data)
        found = scan(data)
    except BrokenItem as error:
        return [], [Broken(item_id, str(error))]
    for scanned in found:
        name = f"{item_id}#{scanned.uid}"
        try:
            items.append(_item(name, scanned, interest, window, zone))
        except BrokenItem as error:
            broken.append(Broken(name, str(error)))
    return items, broken


def uids(data: bytes) -> list[str]:
    """The UIDs of the events in the data, in order of appearance."""
    return [scanned.uid for scanned in scan(data)]


def reduce(data: bytes, interest: Interest) -> str:
    """The object (one UID) as iCalendar text, reduced to what expansion needs and to known people; "" for nobody known.

    Subject, times, rules and status stay; descriptions, places, alarms and strangers do not: of these only their number
    (X-KITH-PEOPLE), and what kind of event a provider says it is (X-KITH-SPECIAL). ``expand(reduce(x))`` gives the same
    meetings as ``read(x)``.
    """
    return "".join(_reduced(scanned, interest) for scanned in scan(data)[:1] if scanned.concerns(interest))


def expand(master: str, interest: Interest, window: Window, zone: str = "UTC") -> tuple[Meeting, ...]:
    """The instances a reduced object has in another window, with the people known now.

    Raises:
        BrokenItem: there are too many of them.
    """
    return tuple(m for scanned in scan(master.encode()) for m in _meetings(scanned, interest, window, zone))


def busy(
    objects: Iterable[bytes], window: Window, zone: str = "UTC", me: frozenset[str] = frozenset()
) -> Sequence[Window]:
    """When the user (``me``: their addresses) is taken by these events, inside the window, merged and ascending.

    Events shown as free, cancelled or declined ones and our own reminders do not count; nor do whole days unless shown
    as busy explicitly (a birthday blocks nothing). An event that cannot be read takes no time: what is broken is said
    where calendars are read.
    """
    spans: list[tuple[datetime, datetime]] = []
    nobody = Interest(frozenset(), me)
    for data in objects:
        for scanned in scan(data) if len(data) <= MAX_BYTES else ():
            if is_ours(scanned):
                continue
            try:
                scanned.check_size()
                for instance in lay_out(build(scanned, zone), window):
                    lines = instance.part.lines
                    if instance.part.cancelled or not _shown_busy(lines, instance.all_day):
                        continue
                    if people_of(lines, nobody).answer is Answer.DECLINED:
                        continue
                    spans.append((max(instance.start, window.start), min(instance.end, window.end)))
            except BrokenItem:
                continue
    merged: list[tuple[datetime, datetime]] = []
    for start, end in sorted(s for s in spans if s[0] < s[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [Window(start, end) for start, end in merged]


def _limit(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise BrokenItem(f"it is larger than {MAX_BYTES // 1_000_000} MB")


def _item(item_id: str, scanned: Scanned, interest: Interest, window: Window, zone: str) -> EventItem:
    if is_ours(scanned):
        return EventItem(item_id, scanned.uid, ours=True)
    scanned.check_size()
    if not scanned.concerns(interest):
        return EventItem(item_id, scanned.uid)
    master = _reduced(scanned, interest)
    if not master:
        return EventItem(item_id, scanned.uid)
    return EventItem(item_id, scanned.uid, _meetings(scanned, interest, window, zone), master)


def _meetings(scanned: Scanned, interest: Interest, window: Window, zone: str) -> tuple[Meeting, ...]:
    series = build(scanned, zone)
    known: dict[tuple[str, ...], tuple[People, str, str]] = {}
    meetings: list[Meeting] = []
    for instance in lay_out(series, window):
        lines = instance.part.lines
        if lines not in known:
            known[lines] = (people_of(lines, interest), _text(lines, "SUMMARY"), _text(lines, "X-KITH-SPECIAL"))
        people, subject, special = known[lines]
        if not people.anybody:
            continue
        meetings.append(
            Meeting(
                uid=scanned.uid,
                original=instance.original,
                start=instance.start,
                end=instance.end,
                subject=subject,
                all_day=instance.all_day,
                cancelled=instance.part.cancelled,
                recurring=series.recurring,
                organiser=people.organiser,
                attendees=people.attendees,
                people=people.others + 1,
                answer=people.answer,
                special=special,
            )
        )
    return tuple(meetings)


def _reduced(scanned: Scanned, interest: Interest) -> str:
    """The reduced object; "" where nobody known takes part in any instance."""
    if not any(people_of(event, interest).anybody for event in scanned.events):
        return ""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//kithd//EN"]
    for text in shipped_for(scanned):
        lines += ["BEGIN:VTIMEZONE", *text.split("\n"), "END:VTIMEZONE"]
    for event in scanned.events:
        lines += ["BEGIN:VEVENT", f"UID:{scanned.uid}"]
        lines += [line for line in event if name_of(line) in _REDUCED]
        if scanned.cancelled:
            lines.append("STATUS:CANCELLED")
        lines += [*reduced_lines(event, interest), "END:VEVENT"]
    return "".join(fold(line) for line in [*lines, "END:VCALENDAR"])


_REDUCED = TIMES | {"DTSTAMP", "SEQUENCE", "STATUS", "SUMMARY", "X-KITH-SPECIAL"}


def _text(lines: tuple[str, ...], name: str) -> str:
    for line in lines:
        if name_of(line) == name:
            return one_line(unescape(value_of(line)))
    return ""


def _shown_busy(lines: tuple[str, ...], all_day: bool) -> bool:
    shown = {name_of(line): value_of(line).strip().upper() for line in lines}
    if shown.get("TRANSP") == "TRANSPARENT" or shown.get("X-MICROSOFT-CDO-BUSYSTATUS") == "FREE":
        return False
    return not all_day or shown.get("TRANSP") == "OPAQUE" or shown.get("X-MICROSOFT-CDO-BUSYSTATUS") in ("BUSY", "OOF")
