"""What was exchanged with each contact, out of the interactions: when last, who owes an answer, what is ahead.

``within`` in all of these narrows a column of contact ids to the people asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, or_, select

from daemon.core.address import domain_of
from daemon.core.cadence import LastContact
from daemon.core.due import REPLY_LAPSES, THANKS_LASTS
from daemon.core.model import Direction, Form
from daemon.core.verdict import UPCOMING
from daemon.core.wants import Met
from daemon.store.bulk import chunks
from daemon.store.tables import evidence, hand_log, interaction

MEETING, CALL, INBOUND = Form.MEETING.value, Form.CALL.value, Direction.IN.value
BY_HAND = (Form.CALL.value, Form.CHAT.value, Form.LINKEDIN.value)


def last(conn: Connection, within: Any, now: datetime) -> dict[int, LastContact]:
    """The dates of last contact: inbound, outbound, meeting, and logged in another form."""
    best: dict[int, dict[str, datetime]] = defaultdict(dict)
    i = interaction.c
    for who, direction, form, at in conn.execute(
        select(i.contact_id, i.direction, i.form, func.max(i.at))
        .where(within(i.contact_id), i.counted.is_(True), i.at <= now)
        .group_by(i.contact_id, i.direction, i.form)
    ):
        if form == MEETING:
            slot = "meeting"
        elif form in BY_HAND:
            slot = "logged"
        else:
            slot = "inbound" if direction == INBOUND else "outbound"
        here = best[who]
        here[slot] = max(here.get(slot, at), at)
        if form == CALL:
            here["call"] = max(here.get("call", at), at)
    return {who: LastContact(**dates) for who, dates in best.items()}


def since_answer(
    conn: Connection, within: Any, now: datetime
) -> tuple[dict[int, int], Mapping[int, Sequence[datetime]]]:
    """Per contact: days on which the user wrote since they last answered, and their late letters nobody answered."""
    i = interaction.c
    counted = i.counted.is_(True)

    def latest(*directions: Direction) -> Any:
        names = [d.value for d in directions]
        return (
            select(i.contact_id, func.max(i.at).label("at"))
            .where(within(i.contact_id), counted, i.direction.in_(names))
            .group_by(i.contact_id)
            .subquery()
        )

    theirs = latest(Direction.IN, Direction.MUTUAL)
    ours = latest(Direction.OUT, Direction.MUTUAL)
    days: dict[int, set[date]] = defaultdict(set)
    for row in conn.execute(
        select(i.contact_id, i.at)
        .join(theirs, theirs.c.contact_id == i.contact_id, isouter=True)
        .where(within(i.contact_id), counted, i.direction == Direction.OUT.value)
        .where(or_(theirs.c.at.is_(None), i.at > theirs.c.at))
    ):
        days[row.contact_id].add(row.at.astimezone(UTC).date())
    owed: dict[int, list[datetime]] = defaultdict(list)
    for row in conn.execute(
        select(i.contact_id, i.at)
        .join(ours, ours.c.contact_id == i.contact_id, isouter=True)
        .where(within(i.contact_id), counted, i.direction == Direction.IN.value, i.form == Form.MAIL.value)
        .where(or_(ours.c.at.is_(None), i.at > ours.c.at), i.at >= now - REPLY_LAPSES)
        .order_by(i.at)
    ):
        owed[row.contact_id].append(row.at)
    return {who: len(found) for who, found in days.items()}, owed


def upcoming(conn: Connection, within: Any, now: datetime) -> dict[int, datetime]:
    """When the next meeting of each begins, or the one they are in just now began: it counts only once it is over."""
    i, e = interaction.c, evidence.c
    return {
        row.contact_id: row.at
        for row in conn.execute(
            select(i.contact_id, func.min(i.at).label("at"))
            .join(evidence, (e.identity == i.identity) & (e.account == i.account), isouter=True)
            .where(within(i.contact_id), i.form == Form.MEETING.value, i.rule == UPCOMING)
            .where(or_(i.at > now, e.ends_at > now))
            .group_by(i.contact_id)
        )
    }


FIRST_WITHIN = timedelta(days=60)
"""A meeting is the first where there was no talk before it, and no letter older than this: those arranged it."""


def met(
    conn: Connection,
    within: Any,
    now: datetime,
    organisation: frozenset[str],
    written: Mapping[int, Mapping[str, bool]],
    zone: str,
) -> dict[int, list[Met]]:
    """Meetings that took place lately enough to thank for, out of calendars or logged by hand.

    ``written``: contact -> address -> whether it is frozen. A meeting logged by hand on the day (of the user's
    ``zone``) of one in the calendar is that one: what the user said of it holds for both. A reminder ticked off says
    too little for a letter.
    """
    i, e = interaction.c, evidence.c
    since = now - THANKS_LASTS - timedelta(days=1)
    held: dict[int, list[tuple[datetime, Met]]] = defaultdict(list)
    for row in conn.execute(
        select(i.contact_id, i.identity, i.at, i.account, e.ends_at, e.recipients, e.recurring)
        .join(evidence, (e.identity == i.identity) & (e.account == i.account))
        .where(within(i.contact_id), i.form == Form.MEETING.value, i.counted.is_(True), e.ends_at > since)
        .order_by(e.ends_at)
    ):
        inside = any(domain_of(a) in organisation for a in written.get(row.contact_id, ()))
        one = Met(row.identity, row.ends_at, row.recipients, row.recurring, inside, source=row.account)
        held[row.contact_id].append((row.at, one))
    local = ZoneInfo(zone)
    for said in conn.execute(
        select(i.contact_id, i.identity, i.at, hand_log.c.interview)
        .join(hand_log, hand_log.c.identity == i.identity)
        .where(within(i.contact_id), i.form == Form.MEETING.value, i.counted.is_(True), i.at > since, i.at <= now)
        .where(hand_log.c.ticked.is_(False))
        .order_by(i.at)
    ):
        mine = held[said.contact_id]
        day = said.at.astimezone(local).date()
        same = next((n for n, (at, _) in enumerate(mine) if at.astimezone(local).date() == day), None)
        if same is not None:
            at, one = mine[same]
            mine[same] = (at, replace(one, interview=one.interview or said.interview))
            continue
        inside = any(domain_of(a) in organisation for a in written.get(said.contact_id, ()))
        mine.append((said.at, Met(said.identity, said.at, 2, False, inside, interview=said.interview)))
    firsts = _firsts(conn, sorted(held))
    return {
        who: [
            replace(one, first=who in firsts and firsts[who] == at)
            for at, one in sorted(mine, key=lambda m: (m[1].ended_at, m[1].identity))
        ]
        for who, mine in held.items()
    }


def _firsts(conn: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """contact -> when the two first talked, where nothing else was much before that."""
    i = interaction.c
    earliest: dict[int, datetime] = {}
    talked: dict[int, datetime] = {}
    for chunk in chunks(ids):
        for row in conn.execute(
            select(i.contact_id, i.form, func.min(i.at).label("at"))
            .where(i.contact_id.in_(chunk), i.counted.is_(True))
            .group_by(i.contact_id, i.form)
        ):
            earliest[row.contact_id] = min(earliest.get(row.contact_id, row.at), row.at)
            if row.form != Form.MAIL:
                talked[row.contact_id] = min(talked.get(row.contact_id, row.at), row.at)
    return {who: at for who, at in talked.items() if earliest[who] >= at - FIRST_WITHIN}
