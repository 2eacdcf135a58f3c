"""The time zone an event says it recurs in, as iCalendar.

A known Windows name is left to `daemon.formats.zones`. Only a zone the server defines word for word (a custom one, or
one with rules of its own) becomes a VTIMEZONE: its periods, and the dates or yearly rules of changing between them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.exchange import elements
from daemon.core.errors import BrokenItem
from daemon.formats.zones import Zone, Zones

_DURATION = re.compile(r"(-)?P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?\Z")
DAYS = {
    "Sunday": "SU",
    "Monday": "MO",
    "Tuesday": "TU",
    "Wednesday": "WE",
    "Thursday": "TH",
    "Friday": "FR",
    "Saturday": "SA",
}
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time


def zone_of(element: Any, path: str) -> tuple[str, str]:
    """(name, VTIMEZONE) of the zone an event names; the second is "" where the name must do.

    Raises:
        BrokenItem: it names none, though it should.
    """
    found = element.find(path, elements.NS)
    if found is None:
        raise BrokenItem("it does not say in which time zone it recurs")
    name = (found.get("Id") or found.get("Name") or "").replace('"', "'").strip()
    if not name:
        raise BrokenItem("it does not say in which time zone it recurs")
    return name, vtimezone(name, found)


def zone(name: str, shipped: str, user: str) -> Zone:
    """What clocks show there.

    Raises:
        BrokenItem: no table knows the name.
    """
    return Zones(user, {name: shipped} if shipped else {}).find(name)


def vtimezone(name: str, definition: Any) -> str:
    """A definition (t:Periods, t:TransitionsGroups, t:Transitions) as a VTIMEZONE; "" where there is none."""
    biases = {
        p.get("Id", ""): _offset(p.get("Bias", "")) for p in definition.findall("t:Periods/t:Period", elements.NS)
    }
    groups = {
        g.get("Id", ""): list(g) for g in definition.findall("t:TransitionsGroups/t:TransitionsGroup", elements.NS)
    }
    outer = [(_starts(t), _target(t)) for t in definition.findall("t:Transitions/*", elements.NS)]
    if not biases or not outer:
        return ""
    parts: list[str] = []
    before: timedelta | None = None
    for place, (start, target) in enumerate(outer):
        end = outer[place + 1][0] if place + 1 < len(outer) else None
        steps = groups.get(target, []) if target in groups else None
        if steps is None:
            steps_of = [(None, biases.get(target))]
        else:
            steps_of = [(step, biases.get(_target(step))) for step in steps]
        told = [(step, bias) for step, bias in steps_of if bias is not None]
        if not told:
            continue
        # what holds as the group begins: the step of it that comes last in a year
        first = before if before is not None else told[-1][1]
        for number, (step, after) in enumerate(told):
            old = told[number - 1][1] if number or len(told) > 1 else first
            parts += _observance(step, old if old is not None else after, after, start, end)
            before = after
    return "\n".join([f"TZID:{name}", *parts]) if parts else ""


def _observance(
    step: Any, before: timedelta, after: timedelta, start: datetime | None, end: datetime | None
) -> list[str]:
    """A STANDARD or DAYLIGHT: from ``start`` on, each year till ``end``; once where the step has no rule."""
    since = start or EPOCH
    lines = ["BEGIN:STANDARD", f"TZOFFSETFROM:{_written(before)}", f"TZOFFSETTO:{_written(after)}"]
    rule = _rule(step)
    if rule is None:
        return [*lines, f"DTSTART:{since:%Y%m%dT%H%M%S}", "END:STANDARD"]
    month, text, at = rule
    first = datetime(since.year, month, 1) + at  # noqa: DTZ001 - a wall time
    until = f";UNTIL={end - timedelta(seconds=1):%Y%m%dT%H%M%S}" if end else ""
    return [*lines, f"DTSTART:{first:%Y%m%dT%H%M%S}", f"RRULE:FREQ=YEARLY;{text}{until}", "END:STANDARD"]


def _rule(step: Any) -> tuple[int, str, timedelta] | None:
    """(month, rule, time of day) of a yearly transition; None for one that has no date."""
    if step is None:
        return None
    month = elements.text(step, "t:Month")
    if not month.isdigit() or not 1 <= int(month) <= 12:
        return None
    at = _offset(elements.text(step, "t:TimeOffset")) * -1
    kind = str(step.tag).rpartition("}")[2]
    if kind == "RecurringDayTransition":
        day = DAYS.get(elements.text(step, "t:DayOfWeek"))
        nth = elements.text(step, "t:Occurrence")
        if day is None or nth not in ("1", "2", "3", "4", "-1"):
            raise BrokenItem("its time zone changes on a day that is none")
        return int(month), f"BYMONTH={int(month)};BYDAY={nth}{day}", at
    if kind == "RecurringDateTransition":
        day = elements.text(step, "t:Day")
        return int(month), f"BYMONTH={int(month)};BYMONTHDAY={int(day or 1)}", at
    return None


def _starts(transition: Any) -> datetime | None:
    said = elements.text(transition, "t:DateTime")
    try:
        return datetime.fromisoformat(said).replace(tzinfo=None) if said else None
    except ValueError:
        return None


def _target(transition: Any) -> str:
    return elements.text(transition, "t:To")


def _offset(bias: str) -> timedelta:
    """The offset east of UTC a bias (ISO 8601 duration, west positive) stands for."""
    match = _DURATION.match(bias)
    if not match:
        return timedelta(0)
    length = timedelta(
        days=int(match[2] or 0), hours=int(match[3] or 0), minutes=int(match[4] or 0), seconds=int(match[5] or 0)
    )
    return length if match[1] else -length


def _written(offset: timedelta) -> str:
    seconds = int(abs(offset).total_seconds())
    sign = "-" if offset < timedelta(0) else "+"
    return f"{sign}{seconds // 3600:02}{seconds % 3600 // 60:02}"


def stamp(moment: datetime) -> str:
    """A moment as iCalendar writes it in UTC."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
