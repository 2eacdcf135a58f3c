"""What `kith status` tells, gathered from the store; and the questions that wait for the user, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from daemon.config.settings import Settings
from daemon.core.states import OPEN
from daemon.core.wants import REMINDER, Person, whom
from daemon.service import holder
from daemon.service.digest import late, waiting
from daemon.service.news import told_news
from daemon.service.people import people
from daemon.store import backfills, cursors, enablement, health, lease, metas, questions, spending
from daemon.store.tables import contact, ledger, outbox, quarantine

QUESTIONS = {
    "reminders-gone": "{n} of our reminders vanished at once from {account}. Did you delete them? `kith confirm {id}`",
    "drafts-gone": "{n} of our drafts vanished at once from {account}. Did you delete them? `kith confirm {id}`",
    "events-gone": "{n} events vanished at once from a calendar of {account}. Is that right? `kith confirm {id}`",
    "stranger-flagged": "You flagged a message for a letter ({items[1]}), and {items[3]} <{items[2]}> is no contact of "
    "yours yet. Add them? `kith confirm {id}`",
    "shared-flagged": "You flagged a message for a letter ({items[1]}) from {items[2]}, an address several share. "
    "Whose is it? `kith contacts assign {items[2]} NAME`, or `kith confirm {id} --no` to leave it",
    "account-gone": "{n} of our reminders and drafts stand under “{account}”, an account your configuration names no "
    "more, and nobody looks after them. If you renamed it, give it its old name back. Is it gone for good? "
    "`kith confirm {id}`: then the reminders come anew in another account",
    "cards-gone": "{n} people vanished at once from an address book of {account}. Is that right? `kith confirm {id}`",
}


def asked(question: questions.Question) -> str:
    """A question in words, with the command that answers it."""
    text = QUESTIONS.get(question.kind, "{n} things of {account} wait for your word: `kith confirm {id}`")
    return text.format(n=question.count, account=question.account, id=question.id, items=question.items)


@dataclass(frozen=True, slots=True)
class AccountState:
    """How one account is. ``since``: writing enabled for occasions from then on (UTC). ``takes``: reminders have a
    place there; true as long as nobody has looked.
    ``units``: what the last round spent of the provider's quota; ``goes_on``: when reading does that has used it up.
    """

    name: str
    kind: str
    read_at: datetime | None
    since: datetime | None
    trouble: str = ""
    takes: bool = True
    units: int | None = None
    goes_on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A write that failed for a reason of its own, the account being well, and is tried again; the reason."""

    name: str
    kind: str
    purpose: str
    error: str


@dataclass
class Overview:
    """Everything `kith status` shows. ``people`` are the kept, ``late`` those of them who are due, since when."""

    contacts: int = 0
    people: Sequence[Person] = ()
    late: Mapping[int, datetime] = field(default_factory=dict)
    waiting: int = 0
    open_reminders: list[tuple[str, int]] = field(default_factory=list)
    open_drafts: list[tuple[str, int]] = field(default_factory=list)
    accounts: list[AccountState] = field(default_factory=list)
    worker: str = ""
    backfills: int = 0
    quarantined: int = 0
    questions: list[str] = field(default_factory=list)
    unwritten: list[Unwritten] = field(default_factory=list)
    observing: bool = True
    reminders_to: str = ""
    news_fault: str = ""  # what is wrong with the quarter's file

    @property
    def trouble(self) -> bool:
        """Whether some account does not work."""
        return any(a.trouble for a in self.accounts)

    def as_json(self) -> dict[str, Any]:
        """The documented form of `kith status --json`."""
        return {
            "contacts": self.contacts,
            "kept": len(self.people),
            "due": len(self.late),
            "waiting": self.waiting,
            "reminders": dict(self.open_reminders),
            "drafts": dict(self.open_drafts),
            "accounts": [
                {
                    "name": a.name,
                    "kind": a.kind,
                    "read_at": a.read_at,
                    "enabled_since": a.since,
                    "trouble": a.trouble,
                    "reminders": a.takes,
                    "quota_units": a.units,
                    "goes_on_at": a.goes_on,
                }
                for a in self.accounts
            ],
            "reminders_to": self.reminders_to,
            "news_fault": self.news_fault,
            "backfills": self.backfills,
            "quarantined": self.quarantined,
            "questions": self.questions,
            "unwritten": [
                {"contact": u.name, "what": u.kind, "purpose": u.purpose, "error": u.error} for u in self.unwritten
            ],
            "observing": self.observing,
        }


def overview(conn: Connection, settings: Settings, now: datetime) -> Overview:
    """The state of everything, from the store alone."""
    found = Overview()
    found.contacts = conn.execute(select(func.count()).select_from(contact)).scalar_one()
    kept = people(conn, settings, now, kept_only=True)
    found.people = kept
    found.late = late(kept, now)
    found.waiting = len(waiting(conn, kept, found.late, now))
    for kind, state, n in conn.execute(
        select(ledger.c.kind, ledger.c.state, func.count())
        .where(ledger.c.state.in_(OPEN))
        .group_by(ledger.c.kind, ledger.c.state)
        .order_by(ledger.c.kind, ledger.c.state)
    ):
        (found.open_reminders if kind == REMINDER else found.open_drafts).append((state, n))
    since = enablement.all_since(conn)
    found.observing = not since
    troubles: dict[str, list[str]] = {}
    paced: dict[str, datetime] = {}
    for row in health.rows(conn):
        if row.error:
            troubles.setdefault(row.account, []).append(row.error)
        elif row.retry_at is not None and row.retry_at > now:
            paced[row.account] = min(paced.get(row.account, row.retry_at), row.retry_at)
    read: dict[str, datetime] = {}
    for place in cursors.rows(conn):
        if place.read_at is not None:
            read[place.account] = max(read.get(place.account, place.read_at), place.read_at)
    looked = metas.get(conn, metas.TAKERS)
    takers = (looked or "").split()
    found.reminders_to = next(iter(takers), "")
    for each in settings.accounts:
        name = each.account.name
        takes = looked is None or name in takers
        told = "; ".join(dict.fromkeys(troubles.get(name, ())))
        found.accounts.append(
            AccountState(
                name,
                each.account.kind,
                read.get(name),
                since.get(name),
                told,
                takes,
                spending.get(conn, name),
                paced.get(name),
            )
        )
    worker = lease.current(conn)
    if worker is not None and worker.expires_at > now and not holder.dead(worker.holder):
        found.worker = holder.shown(worker.holder)
    found.backfills = len({b.address for b in backfills.rows(conn)})
    found.quarantined = conn.execute(select(func.count()).select_from(quarantine)).scalar_one()
    _, found.news_fault = told_news(settings.updates, now, settings.hours.zone)
    found.questions = [asked(q) for q in questions.open_rows(conn)]
    found.unwritten = _unwritten(conn, set(troubles))
    return found


def _unwritten(conn: Connection, ailing: set[str]) -> list[Unwritten]:
    """``ailing`` are the accounts that do not work: what waits for them waits for that."""
    rows = conn.execute(
        select(contact.c.name, ledger.c.kind, ledger.c.purpose, ledger.c.account, outbox.c.error)
        .join(ledger, ledger.c.key == outbox.c.key)
        .join(contact, contact.c.id == ledger.c.contact_id)
        .where(outbox.c.error != "")
        .order_by(outbox.c.id)
    )
    return [Unwritten(whom(r.purpose, r.name), r.kind, r.purpose, r.error) for r in rows if r.account not in ailing]
