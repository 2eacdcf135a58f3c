"""Which account a reminder or a draft goes to, and from which address a draft is written."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from daemon.config.settings import AccountSettings
from daemon.core.address import may_be_written, normalise
from daemon.core.model import Direction, Form, Role
from daemon.core.reasons import INTRODUCTION, RECOMMENDATION
from daemon.core.subject import base_subject, shares_a_word
from daemon.core.wants import ASKED, DRAFT, NEWS, THANKS, Person, Want
from daemon.service.deps import Deps
from daemon.store import addresses, enablement
from daemon.store.tables import address, address_state, evidence, interaction, participant


@dataclass(frozen=True, slots=True)
class Thread:
    """The letter a draft answers to: headers for threading (RFC 5322 3.6.4)."""

    account: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    thread: str = ""
    subject: str = ""  # without "Re:"
    own_address: str = ""  # of the user's, the one the letter was written to or from
    reply_to: str = ""  # where its writer wants the answer, if not at the address in From


THREAD_WITHIN = timedelta(days=14)
THREADS_LOOKED_AT = 50


def takers(deps: Deps) -> list[str]:
    """Accounts with a calendar that takes reminders, the one they go to first."""
    able = [
        each.account.name
        for each in deps.settings.accounts
        if each.reminders
        and (connection := deps.connections.get(each.account.name)) is not None
        and connection.reminders is not None
    ]
    return sorted(able, key=lambda name: name != deps.settings.reminders_to)


def may_hold(settings: AccountSettings, kind: str, hunting: bool) -> bool:
    """Whether something of this kind may stand in that account; ``hunting``: an employer must not hear of it."""
    if settings.account.employer and hunting:
        return False
    return settings.drafts if kind == DRAFT else settings.reminders


def reaches(deps: Deps, account: str, kind: str) -> bool:
    """Whether what stands in that account can be written to at all."""
    connection = deps.connections.get(account)
    return connection is not None and (connection.drafts if kind == DRAFT else connection.reminders) is not None


class Router:
    """Routes of one cycle. ``enabled`` are the accounts that may be written to."""

    def __init__(self, deps: Deps, conn: Connection) -> None:
        self.deps = deps
        self.enabled = enablement.all_since(conn)

    def _allowed(self, name: str, person: Person, kind: str, hunting: bool) -> bool:
        settings = self.deps.accounts.get(name)
        if settings is None or not may_hold(settings, kind, person.job_hunting or hunting):
            return False
        return reaches(self.deps, name, kind)

    def _employers(self, name: str) -> bool:
        return self.deps.accounts[name].account.employer

    def candidates(self, person: Person, kind: str, *, hunting: bool = False) -> list[str]:
        """Accounts that can take it, best first, enabled or not. ``hunting``: it speaks of an employer's forbidden."""
        names = [a.account.name for a in self.deps.settings.accounts]
        wish = self.deps.settings.reminders_to
        if kind != DRAFT and wish in names:
            names = [wish, *(n for n in names if n != wish)]
        return [n for n in names if self._allowed(n, person, kind, hunting)]

    def account_for(self, conn: Connection, person: Person, want: Want) -> str:
        """The account the want goes to; "" where none can take it or none of them is enabled yet.

        A draft goes where the latest exchange with the contact was seen; one asked for, to where the message is.
        """
        possible = self.candidates(person, want.kind, hunting=want.about_hunting)
        # Accounts this round leaves out: what is theirs waits for them.
        absent = [
            a.account.name
            for a in self.deps.settings.accounts
            if a.account.name not in self.deps.connections
            and a.drafts
            and not (a.account.employer and (person.job_hunting or want.about_hunting))
        ]
        if want.kind == DRAFT and want.period.startswith(ASKED):
            here = _accounts_of(conn, want.period.removeprefix(ASKED))
            # where it is, or else, if that may not hold it, anywhere; but it waits there until that account is enabled
            possible = [name for name in (*possible, *absent) if name in here] or possible
        elif want.kind == DRAFT:
            latest = conn.execute(
                select(interaction.c.account)
                .where(
                    interaction.c.contact_id == person.contact_id,
                    interaction.c.form == Form.MAIL.value,
                    interaction.c.account.in_([*possible, *absent]),
                    interaction.c.counted.is_(True),
                )
                .order_by(interaction.c.at.desc())
                .limit(1)
            ).scalar_one_or_none()
            possible = [latest] if latest else possible
            if want.purpose == NEWS:  # of leaving an employer one does not write in the employer's mailbox, if one can
                possible = sorted(self.candidates(person, want.kind), key=lambda n: (self._employers(n), n != latest))
        found = next((name for name in possible if name in self.enabled), "")
        return found if found in self.deps.connections else ""


def _accounts_of(conn: Connection, identity: str) -> set[str]:
    return set(conn.execute(select(evidence.c.account).where(evidence.c.identity == identity)).scalars())


def recipient(conn: Connection, contact_id: int, want: Want, me: Collection[str]) -> str:
    """The address to write to: of those that work and somebody else reads, that of the latest exchange, else the first.
    One that others read, too, only where they have none of their own.

    What was asked for on a message goes to the address that message came from, or went to.
    """
    mine = list(
        conn.execute(
            select(address.c.address)
            .join(address_state, address_state.c.address == address.c.address, isouter=True)
            .where(address.c.contact_id == contact_id, address_state.c.frozen_at.is_(None))
            .order_by(address.c.id)
        ).scalars()
    )
    usable = [a for a in mine if may_be_written(a, frozenset(me))]
    if len(usable) < 2:
        return usable[0] if usable else ""
    seen = (
        select(participant.c.address)
        .join(evidence, evidence.c.id == participant.c.evidence_id)
        .where(participant.c.address.in_(usable), evidence.c.form == Form.MAIL.value)
        .limit(1)
    )
    if want.period.startswith(ASKED):
        there = conn.execute(
            seen.where(evidence.c.identity == want.period.removeprefix(ASKED)).order_by(
                participant.c.role != Role.FROM.value, participant.c.role != Role.TO.value, participant.c.address
            )
        ).scalar_one_or_none()
        if there is not None:
            return str(there)
    others = addresses.read_by_several(conn, usable)
    own = [a for a in usable if a not in others] or usable
    latest = conn.execute(
        seen.where(participant.c.address.in_(own)).order_by(evidence.c.at.desc())
    ).scalar_one_or_none()
    return str(latest or own[0])


def latest_thread(conn: Connection, contact_id: int, account: str, want: Want, now: datetime) -> Thread:
    """The exchange a letter goes on from: for thanks, the one about the meeting (from the fortnight before it on).

    What was asked for on a message answers that very message. Other letters begin a conversation of their own; to
    hang them onto an old one, or thanks for a meeting onto one about something else, would only puzzle the reader.
    """
    facts = select(evidence).limit(1)
    if want.period.startswith(ASKED):
        identity = want.period.removeprefix(ASKED)
        row = conn.execute(
            facts.where(evidence.c.identity == identity).order_by(evidence.c.account != account, evidence.c.id)
        ).one_or_none()
        return _answering(conn, contact_id, account, row)
    if want.purpose != THANKS:
        return Thread()
    about = _thanked_for(conn, contact_id, want)
    rows = conn.execute(
        facts.limit(THREADS_LOOKED_AT)
        .join(interaction, interaction.c.identity == evidence.c.identity)
        .where(
            interaction.c.contact_id == contact_id,
            interaction.c.counted.is_(True),
            interaction.c.form == Form.MAIL.value,
            evidence.c.account == account,
            evidence.c.message_id != "",
            evidence.c.subject != "",
            evidence.c.at > want.due - THREAD_WITHIN,
            evidence.c.at <= now,
        )
        .order_by(evidence.c.at.desc())
    )
    row = next((r for r in rows if about is None or shares_a_word(r.subject, about)), None)
    return _answering(conn, contact_id, account, row)


def _thanked_for(conn: Connection, contact_id: int, want: Want) -> str | None:
    """In words, the meeting or event thanked for; None for what came by a letter: a recommendation, an introduction."""
    if want.occasion.partition(":")[0] in (RECOMMENDATION, INTRODUCTION):
        return None
    met = select(interaction.c.subject).where(
        interaction.c.contact_id == contact_id, interaction.c.identity == want.period
    )
    return " ".join([*conn.execute(met).scalars(), dict(want.details).get("title", "")])


def _answering(conn: Connection, contact_id: int, account: str, row: Any) -> Thread:
    """The headers of an answer (RFC 5322 3.6.4); a message without an id of its own has no answers in its thread."""
    if row is None:
        return Thread()
    found = Thread(
        account,
        subject=base_subject(row.subject),
        own_address=row.own_address,
        reply_to=row.reply_to if _theirs(conn, contact_id, row) else "",
    )
    if not row.message_id:
        return found
    references = tuple(dict.fromkeys((*row.refs.split(), row.message_id)))
    return replace(found, in_reply_to=row.message_id, references=references, thread=row.thread)


def _theirs(conn: Connection, contact_id: int, row: Any) -> bool:
    """Whether an answer to them may go where the message asks for it: they wrote it, it works, it is no other's."""
    if not row.reply_to or row.direction != Direction.IN.value:
        return False
    wrote = conn.execute(
        select(participant.c.address)
        .join(address, address.c.address == participant.c.address)
        .where(
            participant.c.evidence_id == row.id,
            participant.c.role == Role.FROM.value,
            address.c.contact_id == contact_id,
        )
    ).first()
    users = set(conn.execute(select(address.c.contact_id).where(address.c.address == row.reply_to)).scalars())
    state = conn.execute(select(address_state).where(address_state.c.address == row.reply_to)).one_or_none()
    works = state is None or (state.frozen_at is None and not state.shared)
    return wrote is not None and works and users <= {contact_id}


def own_address(deps: Deps, account: str, thread: Thread) -> str:
    """From: the address of the account the letter answered was written to, if it is one of this account's."""
    settings = deps.accounts[account]
    mine = (settings.account.address, *settings.aliases)
    written_to = next((a for a in mine if a and normalise(a) == thread.own_address), "")
    return written_to or settings.account.address or deps.settings.me.addresses[0]
