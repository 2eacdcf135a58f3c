"""The facts a letter or a reminder is written from, gathered from the store."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, true

from daemon.core.errors import Refused
from daemon.core.model import Direction, Form, OutgoingDraft, OutgoingEvent
from daemon.core.states import OPEN
from daemon.core.wants import ASKED, DIGEST, DRAFT, KEEP_IN_TOUCH, NEW_DRAFTS, PROMISE, THANKS, UPDATE, Person, Want
from daemon.service.deps import Deps
from daemon.service.new_drafts import listed
from daemon.service.news import News
from daemon.service.overview import Digest, Happened, Waiting
from daemon.service.papers import Papers
from daemon.service.routing import latest_thread, own_address, recipient
from daemon.service.updates import Update
from daemon.service.variables import DraftFacts, ReminderFacts
from daemon.service.week_digest import named_in
from daemon.store import agendas
from daemon.store.tables import hand_log, interaction, ledger

TOPICS_OF = timedelta(days=365)
"""Topics logged longer ago are not mentioned any more."""

ALARM = timedelta(0)


def draft_facts(
    deps: Deps,
    conn: Connection,
    person: Person,
    want: Want,
    news: News | None,
    now: datetime,
    papers: Papers | None = None,
) -> DraftFacts:
    """What the letter may say. ``papers``: those of many people, where letters to many are looked at."""
    papers = papers or Papers(conn, [person.contact_id])
    row = papers.contact(person.contact_id)
    edition = news.edition(person.speaks) if news is not None and want.purpose == UPDATE else None
    form = row.form or person.policy.form or "formal"
    offer, question = edition.ends(form) if edition else ("", "")
    zone = ZoneInfo(deps.settings.hours.zone)
    last = person.last.in_touch()
    details = dict(want.details)
    return DraftFacts(
        purpose=want.purpose,
        occasion=want.occasion,
        name=row.name,
        given=row.given,
        family=row.family,
        patronymic=row.patronymic,
        form=form,
        language=person.speaks,
        my_name=deps.settings.me.name,
        signature=deps.settings.me.signature,
        today=now.astimezone(zone).date(),
        occasion_date=want.occasion_date,
        occasion_title=edition.subject if edition else details.get("title", ""),
        topics=papers.topics(person.contact_id, _topics_since(want, zone, now)),
        organisation=row.organisation,
        news=_news(news, edition, person) or details.get("news", ""),
        offer=offer,
        question=question,
        reach=details.get("reach", ""),
        years=int(details.get("years", "0")),
        company=details.get("company", ""),
        place=details.get("place", ""),
        until=as_day(details.get("until", "")),
        link=details.get("link", ""),
        words=details.get("words", ""),
        note=details.get("note", ""),
        other=details.get("other", ""),
        other_work=details.get("other_work", ""),
        why=details.get("why", ""),
        one_sided=person.one_sided,
        last_contact=last.astimezone(zone).date() if last else None,
        circle=person.circles[0] if person.circles else "",
        own_message=_is_mine(conn, person.contact_id, want),
    )


def _news(news: News | None, edition: Update | None, person: Person) -> str:
    """The quarter's news as far as they are for them and new to them."""
    return edition.text_for(person.circles, person.told_before(news.quarter)) if news and edition else ""


def _is_mine(conn: Connection, contact_id: int, want: Want) -> bool:
    """Whether the message the user flagged is a letter of their own: then there is none to give thanks for."""
    if not want.period.startswith(ASKED):
        return False
    found = conn.execute(
        select(interaction.c.direction)
        .where(
            interaction.c.contact_id == contact_id,
            interaction.c.identity == want.period.removeprefix(ASKED),
        )
        .limit(1)
    ).scalar_one_or_none()
    return bool(found == Direction.OUT.value)


def _topics_since(want: Want, zone: ZoneInfo, now: datetime) -> datetime:
    """From when on topics may be mentioned: thanks for a meeting are about that one, not about last winter's call."""
    if want.purpose == THANKS and want.occasion_date is not None:
        return datetime.combine(want.occasion_date, time(), zone)
    return now - TOPICS_OF


def compose(
    deps: Deps,
    conn: Connection,
    person: Person,
    want: Want,
    account: str,
    message_id: str,
    news: News | None,
    now: datetime,
) -> tuple[OutgoingDraft, str]:
    """The letter, ready to be laid into Drafts; and which words it uses, for the next one not to use them again.

    Raises:
        Refused: it cannot be written (no address that works, or too little is known by now).
    """
    facts = draft_facts(deps, conn, person, want, news, now)
    thread = latest_thread(conn, person.contact_id, account, want, now)
    to = thread.reply_to or recipient(conn, person.contact_id, want)
    if not to:
        raise Refused("no address of theirs works")
    letter = deps.renderer.render_draft(
        want.purpose, want.occasion, person.speaks, facts, want.key, _words_used(conn, person.contact_id, want, now)
    )
    if letter is None:
        raise Refused("too little is known to write it")
    draft = OutgoingDraft(
        key=want.key,
        message_id=message_id,
        sender=(deps.settings.me.name, own_address(deps, account, thread)),
        recipient=(person.name, to),
        subject=f"Re: {thread.subject}" if thread.subject else letter.subject,
        text=letter.text,
        html=letter.html,
        date=now,
        language=person.speaks,
        in_reply_to=thread.in_reply_to,
        references=thread.references,
        thread=thread.thread,
    )
    return draft, f"{letter.template}#{letter.variant}"


def _words_used(conn: Connection, contact_id: int, want: Want, now: datetime) -> dict[str, str]:
    """Template -> the variant their last letter from it was in. ``now``: when this letter was intended."""
    rows = conn.execute(
        select(ledger.c.words)
        .where(
            ledger.c.contact_id == contact_id,
            ledger.c.words != "",
            ledger.c.key != want.key,
            ledger.c.created_at <= now,
        )
        .order_by(ledger.c.created_at, ledger.c.key)
    ).scalars()
    return {template: variant for template, _, variant in (words.rpartition("#") for words in rows)}


def remind(
    deps: Deps,
    conn: Connection,
    person: Person,
    want: Want,
    uid: str,
    start: datetime,
    end: datetime,
    account: str = "",
) -> OutgoingEvent:
    """The reminder, ready to be put into the calendar of ``account``. ``start`` and ``end`` in UTC."""
    zone = ZoneInfo(deps.settings.hours.zone)
    new = listed(deps, conn, account, want.due) if want.purpose == NEW_DRAFTS else ()
    week = named_in(deps, conn, account, deps.now()) if want.purpose == DIGEST else Digest((), (), ())
    details = dict(want.details)
    last, form, who = _last_contact(conn, person, deps.now())
    step, by = _next_step(conn, person.contact_id, want)
    subject, where = _prepared(conn, person.contact_id)
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
            topics=Papers(conn, [person.contact_id]).topics(person.contact_id, want.due - TOPICS_OF),
            next_step=step,
            next_by=by if want.purpose != PROMISE else None,
            agenda=tuple(r.text for r in agendas.of_contact(conn, person.contact_id) if not r.confidential),
            form=person.turn.form if want.purpose == KEEP_IN_TOUCH else "",
            prepared_draft=subject,
            prepared_in=where,
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


def _last_contact(conn: Connection, person: Person, now: datetime) -> tuple[datetime | None, str, str]:
    """When there was contact last, in which form, and who wrote, where one of the two did: "me" or "them"."""
    at = person.last.reset(("inbound", "outbound", "meeting", "logged"))
    if at is None:
        return None, "", ""
    row = conn.execute(
        select(interaction.c.form, interaction.c.direction)
        .where(interaction.c.contact_id == person.contact_id, interaction.c.counted.is_(True), interaction.c.at == at)
        .order_by(interaction.c.form != Form.MEETING.value, interaction.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return at, "", ""
    return at, row.form, {Direction.IN.value: "them", Direction.OUT.value: "me"}.get(row.direction, "")


def _names(entries: Iterable[Waiting | Happened]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.name for e in entries))


def _next_step(conn: Connection, contact_id: int, want: Want) -> tuple[str, date | None]:
    """What was promised last, and by when; in the reminder of one promise that very one."""
    this_one = hand_log.c.identity == want.occasion if want.purpose == PROMISE else true()
    row = conn.execute(
        select(hand_log.c.next_step, hand_log.c.next_by)
        .where(
            this_one,
            hand_log.c.contact_id == contact_id,
            hand_log.c.next_step != "",
            hand_log.c.next_done_at.is_(None),
            hand_log.c.undone_at.is_(None),
            hand_log.c.confidential.is_(False),
        )
        .order_by(hand_log.c.at.desc())
        .limit(1)
    ).one_or_none()
    return (row.next_step, as_day(row.next_by)) if row is not None else ("", None)


def _prepared(conn: Connection, contact_id: int) -> tuple[str, str]:
    """The subject of a draft that lies ready for them, and the account it lies in."""
    row = conn.execute(
        select(ledger.c.title, ledger.c.account)
        .where(ledger.c.contact_id == contact_id, ledger.c.kind == DRAFT, ledger.c.state.in_(OPEN))
        .order_by(ledger.c.created_at.desc())
        .limit(1)
    ).one_or_none()
    return (row.title, row.account) if row is not None and row.title else ("", "")


def as_day(text: str) -> date | None:
    """An ISO date, or None for ""."""
    return date.fromisoformat(text) if text else None
