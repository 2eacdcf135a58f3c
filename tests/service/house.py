"""A whole installation on a rig: contacts, settings, a clock that is set by hand, and cycles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from daemon.config.settings import AccountSettings, Settings
from daemon.config.shipped import shipped_folder
from daemon.core.model import Account
from daemon.core.policy import Me, WorkingHours
from daemon.core.ports import Connection
from daemon.service import contacts as book
from daemon.service.cycle import run_cycle
from daemon.service.deps import CycleReport, Deps
from daemon.service.judging import Rules
from daemon.service.people import people
from daemon.service.render import Renderer
from daemon.store import enablement
from daemon.store.engine import Store
from daemon.store.tables import interaction, ledger, metadata
from tests.contract.rig import ME, Rig
from tests.contract.samples import NOW, event, mail

ASIDE = frozenset({"cursor", "health", "lease", "meta"})
"""Tables a cycle that finds nothing new may still write: places, health, whose turn it is."""


SECRET = b"0" * 32


@cache
def _shipped() -> Renderer:
    """What kithd ships, compiled once a process: it does not change meanwhile."""
    return Renderer(shipped_folder("templates"))


class House:
    """``rigs`` maps account names to backends; the first that can takes drafts, the first that can reminders."""

    def __init__(self, store: Store, folder: Path, rigs: Mapping[str, Rig], **settings: Any) -> None:
        self.store = store
        self.rigs = dict(rigs)
        self.clock = NOW
        base = Settings(
            path=folder / "config.toml",
            state=folder,
            store_url=store.url,
            me=Me("Петра Ильина", (ME,), language="ru"),
            accounts=tuple(AccountSettings(Account(name, "memory", ME)) for name in rigs),
            hours=WorkingHours(zone="Europe/Berlin"),
            updates=folder / "updates",
        )
        self.settings = replace(base, **settings)

    def connections(self) -> dict[str, Connection]:
        return {name: rig.connection() for name, rig in self.rigs.items()}

    def deps(self, **more: Any) -> Deps:
        return Deps(
            settings=self.settings,
            store=self.store,
            connections=self.connections(),
            key_secret=SECRET,
            now=lambda: self.clock,
            renderer=_shipped(),
            holder=f"test-{id(self)}",
            **more,
        )

    def cycle(self, *, after: timedelta = timedelta(minutes=15)) -> CycleReport:
        """Let some time pass and do one round; it must go well."""
        self.clock += after
        report = run_cycle(self.deps())
        assert not report.failed, (report.errors, report.accounts)
        return report

    def enable(self, days: int = 21) -> None:
        with self.store.write() as conn:
            for name in self.rigs:
                enablement.enable(conn, name, self.clock - timedelta(days=days), self.clock)

    # -- people ----------------------------------------------------------------------------------

    def person(
        self,
        name: str,
        *addresses: str,
        circles: tuple[str, ...] = ("partner",),
        tier: str = "",
        birthday: str = "",
        **fields: str,
    ) -> int:
        dates = {"birthday": birthday} if birthday else {}
        given = book.Change(fields=fields, addresses=addresses, dates=dates, circles=circles, tier=tier)
        with self.store.write() as conn:
            return book.add(conn, Rules(self.settings.policies, self.clock), name, given, secret=SECRET, shared=True)

    def last(self, who: int) -> tuple[datetime | None, datetime | None, datetime | None]:
        """Last inbound, outbound, meeting."""
        with self.store.read() as conn:
            (found,) = people(conn, self.settings, self.clock, only=[who])
        return found.last.inbound, found.last.outbound, found.last.meeting

    def interactions(self, who: int) -> list[tuple[str, str, bool, str]]:
        """(form, direction, counted, rule), the earliest first."""
        with self.store.read() as conn:
            rows = conn.execute(
                select(interaction).where(interaction.c.contact_id == who).order_by(interaction.c.at, interaction.c.id)
            )
            return [(r.form, r.direction, r.counted, r.rule) for r in rows]

    def ledger(self, **where: str) -> list[Any]:
        with self.store.read() as conn:
            rows = conn.execute(select(ledger).order_by(ledger.c.created_at, ledger.c.key)).all()
        return [r for r in rows if all(getattr(r, k) == v for k, v in where.items())]

    def facts(self) -> dict[str, list[Any]]:
        """Everything stored but places and health, comparable."""
        with self.store.read() as conn:
            return {
                t.name: sorted(map(tuple, conn.execute(select(t))), key=repr)
                for t in metadata.sorted_tables
                if t.name not in ASIDE
            }

    def wipe(self) -> None:
        """The store lost, the key secret kept."""
        with self.store.write() as conn:
            for t in reversed(metadata.sorted_tables):
                conn.execute(delete(t))


def letter(number: int | str, at: datetime, sender: str, to: str = ME, **headers: str) -> bytes:
    """A message written at ``at``."""
    return mail(number, sender, to, Date=format_datetime(at.astimezone(UTC)), **headers)


def meeting(uid: str, start: datetime, attendee: str, *extra: str, hours: int = 1, more: str = "") -> bytes:
    """A meeting of the user with ``attendee``."""
    return event(uid, start, *extra, attendee=attendee, hours=hours, more=more)
