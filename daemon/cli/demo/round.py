"""What the sample person does with kith: keeps some people, logs two talks, lets it write, and lets it work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from daemon.cli.demo.layout import lay_out, local, midnight
from daemon.cli.demo.meetings import coffee
from daemon.cli.demo.people import BY_UID, PEOPLE
from daemon.config.settings import Settings
from daemon.core.model import Form
from daemon.service.contacts import Change, edit, find
from daemon.service.cycle import run_cycle
from daemon.service.deps import CycleReport, Deps
from daemon.service.hand import log_contact
from daemon.service.judging import Rules
from daemon.store import enablement
from daemon.store.engine import Store
from daemon.wiring import load_settings, opened

ENABLED_FOR = timedelta(weeks=3)
TOPIC = "calendars that work offline"


@dataclass(frozen=True, slots=True)
class Played:
    """One run of the demonstration. ``first``: the files were laid out by this run. ``store`` is left open."""

    first: bool
    settings: Settings
    store: Store
    report: CycleReport


def play(folder: Path, clock: Callable[[], datetime]) -> Played:
    """Lay out the files where they are not yet, and run one whole round over them.

    Raises:
        KithError: as any command.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first = lay_out(folder, clock())
    settings = load_settings(folder / "config.toml")
    store = Store(settings.store_url)
    store.upgrade()
    with opened(settings, clock, store=store) as deps:
        if not _enabled(deps):
            run_cycle(deps)  # observes: reads everything, writes nothing
            _decide(deps)
        return Played(first, settings, store, run_cycle(deps))


def _enabled(deps: Deps) -> bool:
    with deps.store.read() as conn:
        return bool(enablement.all_since(conn))


def _decide(deps: Deps) -> None:
    """The user's own part, all in one transaction: a demo broken off here begins here again."""
    now = deps.now()
    rules = Rules(deps.settings.policies, now)
    start, met = midnight(now), coffee(local(now)) + timedelta(hours=1)
    with deps.store.write() as conn:
        for person in PEOPLE:
            if person.circle or person.tier:
                wish = Change(
                    fields={"form": person.form} if person.form else {},
                    circles=(person.circle,) if person.circle else (),
                    tier=person.tier or None,
                )
                edit(conn, rules, find(conn, person.address), wish)
        log_contact(conn, rules, find(conn, BY_UID["laura"].address), Form.MEETING, met, topic=TOPIC)
        log_contact(
            conn,
            rules,
            find(conn, BY_UID["dmitri"].address),
            Form.CALL,
            start - timedelta(days=4) + timedelta(hours=12),
            topic="бюджет на будущий год",
            next_step="прислать Дмитрию смету",
            by=start.date() + timedelta(days=2),
        )
        for account in deps.accounts:
            enablement.enable(conn, account, now - ENABLED_FOR, now)
