"""What a reminder says, and which of those that stand would say something else by now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.core.errors import KithError
from daemon.core.making import LACKING
from daemon.core.model import OutgoingEvent
from daemon.core.plan import Refresh, Row
from daemon.core.refreshing import refreshes, words_of
from daemon.core.wants import DIGEST, KEEP_IN_TOUCH, NEW_DRAFTS, PROMISE, Person, Want
from daemon.service.compose import TOPICS_OF
from daemon.service.deps import Deps
from daemon.service.digest import Digest, Happened, Waiting
from daemon.service.new_drafts import listed
from daemon.service.notes import Notes
from daemon.service.variables import ReminderFacts
from daemon.service.wanted import Wanted
from daemon.service.week_digest import named_in
from daemon.store import enablement
from daemon.store.tables import ledger

ALARM = timedelta(0)


def remind(
    deps: Deps,
    conn: Connection,
    person: Person,
    want: Want,
    uid: str,
    start: datetime,
    end: datetime,
    account: str = "",
    notes: Notes | None = None,
) -> OutgoingEvent:
    """The reminder, ready to be put into the calendar of ``account``. ``start`` and ``end`` in UTC.

    Of one that stands nothing it says may depend on the day it is asked: it would be written anew day by day.
    ``notes``: those of many people, where many reminders are looked at.
    """
    notes = notes or Notes(conn, [person])
    zone = ZoneInfo(deps.settings.hours.zone)
    new = listed(deps, conn, account, want.due) if want.purpose == NEW_DRAFTS else ()
    week = named_in(deps, conn, account, deps.now()) if want.purpose == DIGEST else Digest((), (), ())
    details = dict(want.details)
    last, form, who = notes.last_contact(person)
    step, by = notes.next_step(person.contact_id, want)
    settings = deps.accounts.get(account)
    # an employer's calendar names no letter that lies elsewhere: it may be about what they must not hear of
    employers = settings is not None and settings.account.employer
    subject, where = notes.prepared(person.contact_id, within=account if employers else "")
    summary, description = deps.renderer.render_reminder(
        ReminderFacts(
            purpose=want.purpose,
            detail=deps.settings.reminders.detail,
            name=person.name,
            due=want.occasion_date or want.due.astimezone(zone).date(),
            language=deps.settings.me.language,
            last_contact=last.astimezone(zone).date() if last else None,
            last_form=form,
            last_by=who,
            occasion=want.occasion,
            occasion_title=details.get("title") or details.get("company") or details.get("place") or "",
            topics=notes.topics(person.contact_id, want.due - TOPICS_OF),
            next_step=step,
            next_by=by if want.purpose != PROMISE else None,
            agenda=notes.agenda(person.contact_id),
            form=person.turn.form if want.purpose == KEEP_IN_TOUCH else "",
            prepared_draft=subject,
            prepared_in=where,
            lacking="" if subject else details.get(LACKING, ""),
            drafts=tuple((d.name, d.subject) for d in new),
            waiting=_names(week.waiting),
            drafted=_names(week.drafted),
            lapsed=_names(week.lapsed),
        )
    )
    return OutgoingEvent(
        key=want.key,
        uid=uid,
        start=start,
        end=end,
        zone=deps.settings.hours.zone,
        summary=summary,
        description=description,
        alarm=ALARM,
    )


def words_now(deps: Deps, conn: Connection, found: Wanted, rows: Sequence[Row]) -> tuple[Refresh, ...]:
    """Which of these reminders would say something else now, in accounts that may be written to and can be."""
    if not rows:
        return ()
    keys = {row.key: row for row in rows}
    enabled = enablement.all_since(conn).keys() & deps.connections.keys()
    account = {
        r.key: r.account
        for r in conn.execute(select(ledger.c.key, ledger.c.account).where(ledger.c.contact_id.in_(_whose(rows))))
        if r.key in keys and r.account in enabled
    }
    notes = Notes(conn, [found.people[i] for i in _whose(row for row in rows if row.key in account)])
    said: dict[str, str] = {}
    for key in account:
        row = keys[key]
        if row.created_at is None or row.starts_at is None or row.ends_at is None:
            continue
        person = found.people[row.contact_id]
        want = replace(found.wants[key], due=row.created_at, occasion=row.occasion)  # as it is made from the ledger
        try:
            event = remind(deps, conn, person, want, "", row.starts_at, row.ends_at, account[key], notes)
        except KithError:
            continue  # a template of the user's that is broken: they hear of it where something new is to be written
        said[key] = words_of(event.summary, event.description)
    return refreshes(rows, said)


def _whose(rows: Iterable[Row]) -> list[int]:
    return sorted({row.contact_id for row in rows})


def _names(entries: Iterable[Waiting | Happened]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.name for e in entries))
