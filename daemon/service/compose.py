"""The facts a letter or a reminder is written from, gathered from the store."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from daemon.core.errors import Refused
from daemon.core.model import Direction, OutgoingDraft
from daemon.core.states import TAKEN_BACK
from daemon.core.wants import ASKED, CONGRATULATIONS, DRAFT, THANKS, UPDATE, Person, Want
from daemon.service.deps import Deps
from daemon.service.news import News
from daemon.service.papers import Papers
from daemon.service.routing import latest_thread, own_address, recipient
from daemon.service.updates import Update
from daemon.service.variables import DraftFacts
from daemon.store.tables import interaction, ledger

TOPICS_OF = timedelta(days=365)
"""Topics logged longer ago are not mentioned any more."""


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
    place = ZoneInfo(person.zone) if person.zone and want.purpose == CONGRATULATIONS else zone  # whose day it is
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
        today=now.astimezone(place).date(),
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
    to = thread.reply_to or recipient(conn, person.contact_id, want, deps.settings.me.addresses)
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


def _words_used(conn: Connection, contact_id: int, want: Want, now: datetime) -> dict[str, list[str]]:
    """Template -> the variants their last two letters from it were in. ``now``: when this letter was intended.

    Two, for of letters that lie in Drafts together the user may send either last. What was taken back by then, they
    did not get.
    """
    rows = conn.execute(
        select(ledger.c.words)
        .where(
            ledger.c.contact_id == contact_id,
            ledger.c.kind == DRAFT,
            ledger.c.words != "",
            ledger.c.key != want.key,
            ledger.c.created_at <= now,
            ledger.c.state.not_in(TAKEN_BACK) | (ledger.c.changed_at > now),
        )
        .order_by(ledger.c.created_at, ledger.c.key)
    ).scalars()
    used: defaultdict[str, list[str]] = defaultdict(list)
    for template, _, variant in (words.rpartition("#") for words in rows):
        used[template] = [*used[template], variant][-2:]
    return used


def as_day(text: str) -> date | None:
    """An ISO date, or None for ""."""
    return date.fromisoformat(text) if text else None
