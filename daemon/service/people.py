"""From rows to `core.desired.Person`: everything planning and listings read about a contact, in few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, or_, select

from daemon.config.settings import Settings
from daemon.core.address import may_be_written
from daemon.core.again import base_period
from daemon.core.cadence import LastContact
from daemon.core.countries import country_code
from daemon.core.errors import UserMistake
from daemon.core.language import choose_language
from daemon.core.model import Form
from daemon.core.organisations import fold_organisation
from daemon.core.pieces import told_of
from daemon.core.resolve import Resolver
from daemon.core.states import NEVER_BEGUN, OPEN, TAKEN_BACK, WITHDRAWN
from daemon.core.wants import CHECK_IN, DRAFT, UPDATE, Dismissal, Person, Promise
from daemon.service import exchanges, reasons_of
from daemon.service.unread import held_people, in_first_reading, unread_accounts
from daemon.store import addresses, asks, contacts, favours, reasons
from daemon.store.bulk import chunks
from daemon.store.tables import (
    address,
    address_state,
    contact,
    contact_circle,
    dismissal,
    evidence,
    hand_log,
    interaction,
    ledger,
)

if TYPE_CHECKING:
    from daemon.service.deps import Deps


def people(
    conn: Connection,
    settings: Settings,
    now: datetime,
    *,
    kept_only: bool = False,
    with_asked: bool = False,
    only: Collection[int] | None = None,
) -> list[Person]:
    """All contacts (or the kept, or ``only`` these) with the facts planning reads, by name.

    ``with_asked`` adds to the kept those whom the user asked for a draft to by a flag on a message.
    """
    scope = select(contact.c.id)
    if only is not None:
        scope = scope.where(contact.c.id.in_(list(only)))
    elif kept_only:
        kept = or_(contact.c.tier != "", contact.c.id.in_(select(contact_circle.c.contact_id)))
        asked = [*asks.contact_ids(conn), *favours.asked_of(conn)] if with_asked else []
        scope = scope.where(or_(kept, contact.c.id.in_(asked)) if with_asked else kept)
    everyone = only is None and not kept_only

    def within(column: Any) -> Any:
        return True if everyone else column.in_(scope)

    rows = conn.execute(select(contact).where(within(contact.c.id)).order_by(contact.c.name, contact.c.id)).all()
    me = frozenset(settings.me.addresses)
    circles = _grouped(conn, select(contact_circle).where(within(contact_circle.c.contact_id)), lambda r: r.circle)
    written = _addresses(conn, within)
    read_by_several = addresses.read_by_several(
        conn, None if only is None else {a for m in written.values() for a in m}
    )
    last = exchanges.last(conn, within, now)
    streak, owed = exchanges.since_answer(conn, within, now)
    upcoming = exchanges.upcoming(conn, within, now)
    dismissed = _grouped(
        conn,
        select(dismissal).where(within(dismissal.c.contact_id)).order_by(dismissal.c.id),
        lambda r: Dismissal(r.purpose, r.base, r.n, r.not_before, r.at, r.why == WITHDRAWN),
    )
    promises = _grouped(
        conn,
        select(hand_log).where(
            within(hand_log.c.contact_id),
            hand_log.c.next_by != "",
            hand_log.c.next_done_at.is_(None),
            hand_log.c.undone_at.is_(None),
        ),
        lambda r: Promise(r.identity, date.fromisoformat(r.next_by), r.next_step),
    )
    thanked = _grouped(
        conn,
        select(ledger.c.contact_id, ledger.c.period, ledger.c.created_at).where(
            within(ledger.c.contact_id), ledger.c.purpose == "thanks", ledger.c.state.not_in(NEVER_BEGUN)
        ),
        lambda r: (base_period(r.period), r.created_at),
    )
    told: dict[int | str, list[tuple[str, frozenset[str]]]] = defaultdict(list)  # a contact, or an address of several
    for letter in conn.execute(
        select(ledger.c.contact_id, ledger.c.recipient, ledger.c.occasion, ledger.c.state).where(
            or_(within(ledger.c.contact_id), ledger.c.recipient.in_(sorted(read_by_several))),
            ledger.c.purpose == UPDATE,
            ledger.c.kind == DRAFT,
            ledger.c.state.not_in(TAKEN_BACK),
        )
    ):
        told[letter.contact_id].append(told_of(letter.occasion))
        if letter.state not in OPEN:  # what lies in Drafts has told nobody else yet
            told[letter.recipient].append(told_of(letter.occasion))
    wished = asks.of_contacts(conn)
    days = reasons_of.days(conn, within)
    noted = reasons.of_contacts(conn, within)
    done = favours.of_contacts(conn, within)
    errands = favours.errands_of(conn, within, now)
    given = favours.given_by_letter(conn, within)
    companies = reasons.companies(conn)
    met = exchanges.met(conn, within, now, settings.me.organisation, written, settings.hours.zone)
    configured = {a.account.name for a in settings.accounts}
    unread = unread_accounts(conn, configured, now)
    held = held_people(conn, within, unread) if unread else set()
    nobody_yet = in_first_reading(conn, configured)

    policies = Resolver(settings.policies, now.astimezone(ZoneInfo(settings.hours.zone)).date())

    found = []
    for row in rows:
        mine = written.get(row.id, {})
        accepted = timedelta(days=row.cadence_days) if row.cadence_days else None
        policy = policies.of({row.name.casefold(), *mine}, circles.get(row.id, ()), row.tier, accepted)
        at = last.get(row.id, LastContact())
        works = {a for a, frozen in mine.items() if not frozen and may_be_written(a, me)}
        mailboxes = frozenset() if works - read_by_several else frozenset(works)
        found.append(
            Person(
                contact_id=row.id,
                uid=row.uid,
                name=row.name,
                circles=tuple(sorted(circles.get(row.id, ()))),
                tier=row.tier,
                state=contacts.standing(row.state, row.paused_until, now),
                policy=policy,
                last=at,
                reset_at=at.reset(policy.resets),
                unanswered=streak.get(row.id, 0),
                owed=tuple(owed.get(row.id, ())),
                next_meeting=upcoming.get(row.id),
                met=tuple(met.get(row.id, ())),
                zone=row.time_zone,
                promises=tuple(promises.get(row.id, ())),
                asked=tuple(wished.get(row.id, ())),
                dismissals=tuple(dismissed.get(row.id, ())),
                thanked=tuple(thanked.get(row.id, ())),
                favours=tuple(done.get(row.id, ())),
                errands=tuple(errands.get(row.id, ())),
                given=given.get(row.id, 0),
                told=tuple(t for reader in (row.id, *sorted(mailboxes)) for t in told.get(reader, ())),
                kept_since=row.kept_at or row.created_at,
                reachable=bool(works),
                mailboxes=mailboxes,
                speaks=row.language or policy.nearer_language,
                held=nobody_yet or row.id in held,
                noted=tuple(noted.get(row.id, ())),
                profession=row.profession,
                country=country_code(row.country),
                city=row.city,
                belongs=reasons_of.belongs(row.organisation, mine),
                **reasons_of.yearly(days.get(row.id, ()), companies.get(fold_organisation(row.organisation))),
            )
        )
    return found


def with_languages(conn: Connection, found: Collection[Person], spoken: Collection[str], *, news: bool) -> list[Person]:
    """The same people, each with the language a letter to them would be in, where a letter is thinkable.

    It is their own or what a policy of theirs says, else that of past mail, else the default policy's; none where that
    is a language no template speaks. ``news``: there is something to tell to anybody.
    """
    silent = [p for p in found if not p.speaks and (news or _letter_thinkable(p))]
    heard = _heard(conn, [p.contact_id for p in silent])
    out = []
    for person in found:
        speaks = person.speaks
        if not speaks and person.contact_id not in heard:
            out.append(person)
            continue
        language = choose_language(speaks, *heard.get(person.contact_id, ([], []))) or person.policy.language
        known = language in spoken
        out.append(replace(person, speaks=language if known else "", foreign="" if known else language))
    return out


def _letter_thinkable(person: Person) -> bool:
    return bool(
        person.met
        or person.birthday
        or person.yearly
        or person.noted
        or person.profession
        or person.asked
        or person.errands
        or person.favours
        or CHECK_IN in person.policy.drafts
    )


LANGUAGE_OF = 20
"""So many of their latest letters tell somebody's language."""


def _heard(conn: Connection, ids: Sequence[int]) -> dict[int, tuple[list[str], list[str]]]:
    """contact -> subjects and Content-Languages of the latest letters exchanged, the latest first."""
    found: dict[int, tuple[list[str], list[str]]] = {who: ([], []) for who in ids}
    i, e = interaction.c, evidence.c
    for chunk in chunks(ids):
        place = func.row_number().over(partition_by=i.contact_id, order_by=i.at.desc()).label("place")
        latest = (
            select(i.contact_id, i.at, i.subject, e.language, place)
            .join(evidence, (e.identity == i.identity) & (e.account == i.account))
            .where(i.contact_id.in_(chunk), i.counted.is_(True), i.form == Form.MAIL.value)
            .subquery()
        )
        for row in conn.execute(
            select(latest).where(latest.c.place <= LANGUAGE_OF).order_by(latest.c.contact_id, latest.c.place)
        ):
            subjects, headers = found[row.contact_id]
            subjects.append(row.subject)
            headers.append(row.language)
    return found


def person_of(deps: Deps, conn: Connection, contact_id: int, now: datetime) -> Person:
    """One contact as planning sees them.

    Raises:
        UserMistake: the contact is gone.
    """
    found = people(conn, deps.settings, now, only=[contact_id])
    if not found:
        raise UserMistake("This contact is no longer there.")
    return found[0]


def _grouped(conn: Connection, query: Select[Any], make: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in conn.execute(query):
        found[row.contact_id].append(make(row))
    return found


def _addresses(conn: Connection, within: Any) -> dict[int, dict[str, bool]]:
    """contact -> address -> whether it is frozen."""
    found: dict[int, dict[str, bool]] = defaultdict(dict)
    for row in conn.execute(
        select(address.c.contact_id, address.c.address, address_state.c.frozen_at)
        .join(address_state, address_state.c.address == address.c.address, isouter=True)
        .where(within(address.c.contact_id))
    ):
        found[row.contact_id][row.address] = row.frozen_at is not None
    return found
