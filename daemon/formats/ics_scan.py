"""Calendar objects cut out of iCalendar text by UID, before anything costly looks at them (RFC 5545 3.1, 3.4).

Only the lines that matter here are kept: what expansion needs, who takes part, and our own marks. Descriptions,
places, attachments and alarms never get any further, so what is broken in them breaks nothing either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

from daemon.core.address import match, normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import Interest

TIMES = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"})
KEPT = TIMES | {
    "UID",
    "DTSTAMP",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "TRANSP",
    "CATEGORIES",
    "ORGANIZER",
    "ATTENDEE",
    "X-KITH-KEY",
    "X-KITH-PEOPLE",
    "X-KITH-SPECIAL",
    "X-MICROSOFT-CDO-BUSYSTATUS",
}
ZONE_KEPT = frozenset({"DTSTART", "TZOFFSETFROM", "TZOFFSETTO", "RRULE", "RDATE", "TZID", "BEGIN", "END"})

MAX_LINE = 64 * 1024
"""Characters of one line: more than a thousand dates."""
MAX_LINES = 50_000
"""Lines of all events of one UID."""

_NAME = re.compile(r"[A-Za-z0-9-]+")
_ADDRESS = re.compile(r"""[^\s:;,"'<>=@]+@[^\s:;,"'<>=@]+""")
_PARAM = re.compile(r';\s*([A-Za-z0-9-]+)\s*=\s*(?:"([^"]*)"|([^;"]*))')


@dataclass(frozen=True)
class Scanned:
    """All VEVENTs of one UID, as unfolded lines, with the VTIMEZONEs of the text they came in."""

    uid: str
    events: tuple[tuple[str, ...], ...]
    zones: tuple[str, ...] = ()
    cancelled: bool = False  # METHOD:CANCEL: the whole object says the event is off

    def concerns(self, interest: Interest) -> bool:
        """Whether anybody known may take part. May say yes too often, never no wrongly."""
        for line in self._people:
            if "%" in line or not line.isascii():
                line = unquote(line)
            for found in _ADDRESS.findall(line):
                if match(normalise(found), interest.known):
                    return True
        return False

    def check_size(self) -> None:
        """Make sure that looking at it takes no longer than anybody waits.

        Raises:
            BrokenItem: a line of it is too long, or there are too many.
        """
        if sum(map(len, self.events)) > MAX_LINES:
            raise BrokenItem(f"it has more than {MAX_LINES} lines")
        if any(len(line) > MAX_LINE for event in self.events for line in event):
            raise BrokenItem(f"one of its lines is longer than {MAX_LINE // 1024} KiB")

    @cached_property
    def _people(self) -> list[str]:
        return [line for event in self.events for line in event if name_of(line) in ("ATTENDEE", "ORGANIZER")]

    @cached_property
    def tzids(self) -> frozenset[str]:
        """The time zones its times are given in."""
        lines = (line for event in self.events for line in event if name_of(line) in TIMES)
        return frozenset(params_of(line).get("TZID", "") for line in lines)


def name_of(line: str) -> str:
    """The property's name, in capitals."""
    found = _NAME.match(line)
    return found[0].upper() if found else ""


def value_of(line: str) -> str:
    """What stands after the first colon outside quotes (RFC 5545 3.1)."""
    return line[_colon(line) + 1 :]


def params_of(line: str) -> dict[str, str]:
    """The parameters by upper-case name, of several values the first.

    A TZID has one value only: Outlook's "Kuala Lumpur, Singapore" comes unquoted, too, and with the comma escaped.
    """
    found: dict[str, str] = {}
    for got in _PARAM.finditer(line[: _colon(line)]):
        name, value = got[1].upper(), got[2] if got[2] is not None else got[3]
        if name == "TZID":
            value = unescape(value)
        elif got[2] is None:
            value = value.partition(",")[0]
        found.setdefault(name, value.strip())
    return found


def tzid_of(lines: Iterable[str]) -> str:
    """The name a VTIMEZONE gives itself; "" where it gives none."""
    return next((unescape(value_of(line)).strip() for line in lines if name_of(line) == "TZID"), "")


def _colon(line: str) -> int:
    quoted = False
    for i, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            return i
    # a quote never closed, or no value at all
    return line.find(":") if ":" in line else len(line)


def unescape(text: str) -> str:
    """A TEXT value as it is meant (RFC 5545 3.3.11)."""
    return re.sub(r"\\([nN]|.)", lambda m: "\n" if m[1] in "nN" else m[1], text)


def unfold(data: bytes) -> list[str]:
    """The content lines. Unfolded as bytes, for a fold may split a character (RFC 5545 3.1)."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # Outlook's "Unicode" export
        data = data.decode("utf-16", "replace").encode()
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = data.replace(b"\n ", b"").replace(b"\n\t", b"").decode("utf-8", "replace")
    return [line for line in text.split("\n") if line.strip()]


def scan(data: bytes) -> list[Scanned]:
    """The events in iCalendar text, gathered by UID in order of appearance. Never raises.

    Text that is no iCalendar gives none, as does a calendar of tasks and journals.
    """
    zones: dict[str, str] = {}
    groups: dict[str, list[tuple[str, ...]]] = {}
    off: set[str] = set()
    cancelled = False
    for kind, lines in blocks(unfold(data)):
        if kind == "VTIMEZONE":
            kept = [line for line in lines if name_of(line) in ZONE_KEPT]
            zones.setdefault(tzid_of(kept), "\n".join(kept))
        elif kind == "VEVENT":
            event = tuple(line for line in lines if name_of(line) in KEPT)
            uid = next((value_of(line).strip() for line in event if name_of(line) == "UID"), "")
            if not uid:  # not allowed, but seen: the same event gets the same one again
                uid = "no-uid-" + hashlib.sha256("\n".join(event).encode()).hexdigest()[:24]
            groups.setdefault(uid, []).append(event)
            if cancelled:
                off.add(uid)
        elif kind == "METHOD":
            cancelled = lines[0].upper() == "CANCEL"
        else:
            cancelled = False
    shipped = tuple(zones.values())
    return [Scanned(uid, tuple(events), shipped, uid in off) for uid, events in groups.items()]


def blocks(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each VEVENT and VTIMEZONE with its own lines (those of nested components left out of events)."""
    kind = ""
    depth = 0
    inside: list[str] = []
    for line in lines:
        name = name_of(line)
        if name == "BEGIN":
            what = value_of(line).strip().upper()
            if what == "VEVENT" or (what == "VTIMEZONE" and not kind):
                # an event that was never ended is over where the next begins
                if kind == "VEVENT":
                    yield kind, inside
                kind, depth, inside = what, 0, []
                continue
            if what == "VCALENDAR":
                yield what, []
            if kind:
                depth += 1
                if kind == "VTIMEZONE":
                    inside.append(line.strip())
        elif name == "END":
            what = value_of(line).strip().upper()
            if kind and (what == kind or what == "VCALENDAR"):
                yield kind, inside
                kind, depth = "", 0
            elif kind and depth:
                depth -= 1
                if kind == "VTIMEZONE":
                    inside.append(line.strip())
        elif kind:
            if not depth or kind == "VTIMEZONE":
                inside.append(line)
        elif name == "METHOD":
            yield "METHOD", [value_of(line).strip()]
    if kind == "VEVENT":
        yield kind, inside
