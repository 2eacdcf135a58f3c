"""Whether each letter in Drafts is still right, judged by the diary and what docs/reminders-and-drafts.md promises."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.year.people import DAY, ZONE, Neighbour, Reason, at
from tests.year.town import Town

THANKED = {"meeting", "interview", "recommendation", "introduction", "event"}
CONGRATULATED = {"job", "achievement"}
MOMENT = timedelta(minutes=1)
CATCHING_UP = 5 * DAY  # after a quiet period
BELATED = 8 * DAY  # what was over so long before its end is left
LASTS = 30 * DAY  # a thing shared, an introduction, an outcome, one's own news


@lru_cache(maxsize=4096)
def parsed(raw: bytes) -> EmailMessage:
    """The message."""
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def header(raw: bytes, name: str) -> str:
    """A header's text; "" where there is none."""
    return str(parsed(raw).get(name, ""))


def address_in(raw: bytes) -> str:
    """The one address a letter goes to."""
    message = parsed(raw)
    assert not message["Cc"] and not message["Bcc"], header(raw, "Message-ID")
    (to,) = message["To"].addresses
    return str(to.addr_spec)


def text_of(raw: bytes) -> str:
    """What it says."""
    body = parsed(raw).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def base(period: str) -> str:
    """What a letter or reminder is about, whichever time it stands for it."""
    return re.sub(r"[/~]\d+\Z", "", period)


def still_right(town: Town, row: Any, one: Neighbour) -> bool:
    """Whether there is a reason now for a letter nobody has touched."""
    rule = RULES[row.purpose]
    return one.active(town.now) and rule(town, row, one)


def _thanks(town: Town, row: Any, one: Neighbour) -> bool:
    now = town.now
    met = [Reason("meeting", m.end) for m in one.meetings(now) if not m.routine and m.people <= 5]
    reasons = [r for r in (*met, *one.reasons) if r.kind in THANKED and r.begins <= row.created_at + MOMENT]
    return any(_lasts(town, r.begins, r.begins + 7 * DAY) and not _wrote(one, r.begins) for r in reasons)


def _congratulations(town: Town, row: Any, one: Neighbour) -> bool:
    now = town.now
    noted = [r for r in one.reasons if r.kind in CONGRATULATED and r.begins <= now]
    if any(_lasts(town, r.begins, r.begins + 3 * DAY) and not _wrote(one, r.begins) for r in noted):
        return True
    zone = ZoneInfo(one.zone) if one.zone else ZONE
    for month_day in filter(None, (one.birthday, *one.days.values())):
        for year in (now.year - 1, now.year):
            begins = datetime.combine(date.fromisoformat(f"{year}-{month_day}"), datetime.min.time(), zone)
            if begins <= now and _lasts(town, begins, begins + 4 * DAY) and not _wrote(one, begins):
                return True
    return False


def _update(town: Town, row: Any, one: Neighbour) -> bool:
    quarter = base(row.period)
    written = town.quarters.get(quarter)
    if written is None:
        return False
    year, number = int(quarter[:4]), int(quarter[-1])
    closes = at(date(year + number // 4, number % 4 * 3 + 1, 1)) + LASTS
    return town.now < closes and not _talked(town, one, at(written))


def _news(town: Town, row: Any, one: Neighbour) -> bool:
    return any(_young(town, told) and not _talked(town, one, told) for told in town.tidings)


def _visit(town: Town, row: Any, one: Neighbour) -> bool:
    for trip in town.journeys:
        over = at(trip.ends + DAY)
        ahead = max(trip.told, at(trip.begins) - 14 * DAY)
        meets = any(m.start < over and m.end > town.now and one.counts(m) for m in one.met)
        touched = _talked(town, one, ahead + MOMENT) or _wrote(one, ahead + MOMENT)
        if trip.city == one.city and ahead <= town.now < over and not meets and not touched:
            return True
    return False


def _share(town: Town, row: Any, one: Neighbour) -> bool:
    return any(_young(town, asked) for asked in one.shared)


def _introduce(town: Town, row: Any, one: Neighbour) -> bool:
    return any(_young(town, asked) and _may_be_named(town, other) for asked, other in one.introduced)


def _may_be_named(town: Town, other: Neighbour) -> bool:
    return other.active(town.now) and other not in town.forgotten


def _outcome(town: Town, row: Any, one: Neighbour) -> bool:
    return any(_young(town, told) and not _talked(town, one, told) for told in one.outcomes)


def _check_in(town: Town, row: Any, one: Neighbour) -> bool:
    last = one.any_contact(town.now)
    return last is None or last <= row.created_at


RULES: dict[str, Callable[[Town, Any, Neighbour], bool]] = {
    "thanks": _thanks,
    "congratulations": _congratulations,
    "update": _update,
    "news": _news,
    "visit": _visit,
    "share": _share,
    "introduce": _introduce,
    "outcome": _outcome,
    "check-in": _check_in,
}


def _lasts(town: Town, begins: datetime, ends: datetime) -> bool:
    """Whether it is not over; what came up in quiet time may follow in the first days after it."""
    if town.now <= ends:
        return True
    for quiet in town.house.settings.quiet:
        over = at(quiet.last + DAY)
        if over - BELATED <= ends and begins < over <= town.now <= over + CATCHING_UP:
            return True
    return False


def _young(town: Town, since: datetime) -> bool:
    return since <= town.now < since + LASTS


def _wrote(one: Neighbour, since: datetime) -> bool:
    return any(when >= since for when in one.wrote)


def _talked(town: Town, one: Neighbour, since: datetime) -> bool:
    last = one.talked(town.now)
    return last is not None and last >= since


# -- the words -----------------------------------------------------------------------------------------


def named(raw: bytes, names: Iterable[str]) -> list[str]:
    """Whose names stand in it."""
    said = text_of(raw) + header(raw, "Subject") + header(raw, "To")
    return [name for name in names if re.search(rf"\b{name}\b", said)]


MINE = re.compile(
    r"https?://|Gardens|plans|Person N|Have a look|Взгляните|new with me|нового за квартал|I lead|группа|May|мае"
)


def wording(raw: bytes) -> frozenset[str]:
    """The sentences that are the template's: no greeting, no signature, nothing of what the user gave."""
    lines = [line for line in text_of(raw).splitlines() if line.strip()][1:]
    sentences = re.split(r"(?<=[.!?…])\s+", " ".join(lines))
    return frozenset(s for s in sentences if not MINE.search(s))
