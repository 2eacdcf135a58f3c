"""The demonstration holds on any day: it shows every case once, and a second run brings only what that day brings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from daemon.cli.context import Ctx
from daemon.cli.demo.meetings import coffee, meetings
from daemon.cli.demo.people import PEOPLE, ZONE
from daemon.cli.demo.round import Played, play
from daemon.cli.demo.show import show
from daemon.cli.main import run
from daemon.core.occasions import THANKS_WITHIN
from daemon.core.states import OPEN
from daemon.core.wants import DRAFT, REMINDER
from daemon.store.tables import contact, evidence, interaction, ledger

HERE = ZoneInfo(ZONE)
DAYS = {
    "leap-day": datetime(2028, 2, 29, 9, 0, tzinfo=HERE),
    "new-years-eve": datetime(2026, 12, 31, 20, 0, tzinfo=HERE),
    "saturday": datetime(2026, 11, 21, 12, 0, tzinfo=HERE),
    "sunday-night": datetime(2026, 11, 22, 23, 50, tzinfo=HERE),
    "monday-early": datetime(2026, 11, 23, 0, 10, tzinfo=HERE),
    "monday-late": datetime(2026, 11, 23, 21, 0, tzinfo=HERE),
    "summer-time-begins": datetime(2027, 3, 28, 10, 0, tzinfo=HERE),
    "quarter-begins": datetime(2027, 4, 1, 8, 0, tzinfo=HERE),
}


@contextmanager
def played(folder: Path, now: datetime) -> Iterator[Played]:
    found = play(folder, lambda: now)
    try:
        yield found
    finally:
        found.store.close()


def rows(demo: Played, kind: str) -> set[tuple[str, str]]:
    with demo.store.read() as conn:
        query = select(contact.c.name, ledger.c.purpose).join(contact, contact.c.id == ledger.c.contact_id)
        return {(r.name, r.purpose) for r in conn.execute(query.where(ledger.c.kind == kind, ledger.c.state.in_(OPEN)))}


def drafts(folder: Path) -> list[EmailMessage]:
    found = []
    for path in sorted((folder / "mail" / ".Drafts").glob("[cn][ue][rw]/*")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        found.append(message)
    return found


def files(folder: Path) -> dict[str, str]:
    """Everything of the person's, by content; kith's own state aside."""
    places = (p for p in folder.rglob("*") if p.is_file() and "state" not in p.relative_to(folder).parts)
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in places}


@pytest.mark.parametrize("day", DAYS)
def test_the_first_run_shows_every_case(day: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = DAYS[day]
    with played(tmp_path, now) as demo:
        assert not demo.report.failed, demo.report
        wanted = rows(demo, DRAFT)
        assert {("Laura Fiction", "thanks"), ("Анастасия Сказкина", "congratulations")} <= wanted
        assert {("Alex Invented", "update"), ("Марина Образцова", "update"), ("Софья Небывалова", "check-in")} <= wanted
        kept = {p.name for p in PEOPLE if p.circle or p.tier}
        assert {name for name, _ in wanted | rows(demo, REMINDER)} <= kept
        # last week's birthday is over, tomorrow's has not come
        assert {name for name, purpose in wanted if purpose == "congratulations"} == {"Анастасия Сказкина"}
        assert ("Жанна Черновикова", "reply-owed") in rows(demo, REMINDER)
        assert ("Alex Invented", "keep-in-touch") not in rows(demo, REMINDER)  # a meeting is arranged
        show(demo, tmp_path, now)
    out = capsys.readouterr().out
    assert "Laura Fiction" in out and "What was logged" in out
    letters = drafts(tmp_path)
    assert len(letters) == len(wanted) + 1  # and the user's own unfinished one
    for letter in letters:
        body = letter.get_body(("plain",))
        assert body is not None
        assert "{" not in body.get_content()


def test_every_rule_of_what_counts_is_seen_once(tmp_path: Path) -> None:
    with played(tmp_path, DAYS["saturday"]) as demo, demo.store.read() as conn:
        rules = set(conn.execute(select(interaction.c.rule).distinct()).scalars())
        mail = conn.execute(select(evidence.c.message_id).where(evidence.c.form == "mail")).scalars().all()
    assert {"counted", "auto-reply", "invitation", "cc-only", "mass-mail"} <= rules
    assert {"unanswered-list-or-bulk", "cancelled", "declined", "declined-by-contact", "all-day"} <= rules
    assert {"too-many-people", "upcoming"} <= rules
    assert len(mail) == len(set(mail))  # the letter in two folders is one


@pytest.mark.parametrize("day", ["leap-day", "sunday-night"])
def test_a_second_run_reports_nothing_new_and_touches_nothing(
    day: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = DAYS[day]
    with played(tmp_path, now):
        before = files(tmp_path)
    with played(tmp_path, now + timedelta(minutes=5)) as demo:
        assert not demo.first
        assert (demo.report.done, demo.report.answers, demo.report.failed) == ([], [], False)
        show(demo, tmp_path, now)
    assert capsys.readouterr().out.startswith("Nothing new")
    assert files(tmp_path) == before


@pytest.mark.parametrize("day", ["leap-day", "new-years-eve", "saturday", "monday-late"])
def test_a_run_a_day_later_brings_only_what_that_day_brings(day: str, tmp_path: Path) -> None:
    now = DAYS[day]
    with played(tmp_path, now) as demo:
        first = rows(demo, DRAFT)
    with played(tmp_path, now + timedelta(days=1)) as demo:
        assert not demo.report.failed, demo.report
        second = rows(demo, DRAFT)
    assert second - first == {("George Template", "congratulations")}
    assert first - second == set()
    assert len(drafts(tmp_path)) == len(second) + 1


def test_meetings_lie_on_working_days_whatever_day_it_is() -> None:
    for offset, hour in product(range(800), (0, 11, 12, 23)):
        now = datetime(2026, 12, 1, hour, 30, tzinfo=HERE) + timedelta(days=offset)
        assert all(m.day.isoweekday() <= 5 for m in meetings(now) if not m.all_day)
        over = coffee(now) + timedelta(hours=1)
        assert over < now <= over.astimezone(UTC) + THANKS_WITHIN
        assert next(m for m in meetings(now) if m.uid == "planning").day > now.date()


SECTION = re.compile(r"^## kith (.+)$", re.MULTILINE)
COMMANDS = {
    "contacts list": ["contacts", "list", "--json"],
    "contacts show": ["contacts", "show", "Laura Fiction", "--json"],
    "interactions": ["interactions", "--json"],
    "ledger": ["ledger", "--json"],
    "why": ["why", "Laura Fiction", "--json"],
    "status": ["status", "--json"],
    "cadence --suggest": ["cadence", "--suggest", "--json"],
    "policy": ["policy", "Laura Fiction", "--json"],
    "digest": ["digest", "--json"],
    "update status": ["update", "status", "--json"],
    "plan": ["plan", "--json"],
    "plan --weeks": ["plan", "--weeks", "3", "--json"],
    "once": ["once", "--json"],
    "check": ["check", "--json"],
    "quarantine list": ["quarantine", "list", "--json"],
    "log --list": ["log", "--list", "--json"],
    "agenda": ["agenda", "Laura Fiction", "--json"],
    "templates list": ["templates", "list", "--json"],
    "drafts": ["drafts", "--json"],
    "suggest": ["suggest", "--json"],
    "note --list": ["note", "--list", "--json"],
    "company": ["company", "--json"],
    "event list": ["event", "list", "--json"],
    "trip --list": ["trip", "--list", "--json"],
    "news --list": ["news", "--list", "--json"],
    "share --list": ["share", "--list", "--json"],
    "introduce --list": ["introduce", "--list", "--json"],
    "favours": ["favours", "--json"],
    "holidays": ["holidays", "--json"],
}
TOLD = (
    ["note", "Alex Invented", "--achievement", "a prize"],
    ["company", "Example", "--founded", "2001-05-17"],
    ["event", "add", "PyCon", "--date", "2026-11-01", "--with", "{folder}/met.txt"],
    ["trip", "Kazan", "--from", "2026-12-01"],
    ["share", "https://example.org/page", "--to", "Alex Invented"],
    ["introduce", "Alex Invented", "Laura Fiction"],
    ["log", "Alex Invented", "--got", "advice"],
    ["news", "I have moved to another team.", "--reach", "The address stays."],
)
"""What the user tells first, so that each listing has something to show."""
NOT_RUN = {"contacts import"}
EMPTY = {
    "agenda",
    "cadence --suggest",
    "digest",
    "quarantine list",
    "suggest",
}
"""Listings that may have nothing to show in the demonstration."""


def names_in(value: object) -> set[str]:
    """Every key the program's own records have (names of fields, states and accounts are data)."""
    if isinstance(value, list):
        return set().union(*map(names_in, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    data = {"fields", "reminders", "drafts"}
    found = {key for key in value if isinstance(key, str)}
    for key, inner in value.items():
        by_name = key in data or (key == "accounts" and isinstance(inner, dict))
        found |= names_in(list(inner.values()) if by_name and isinstance(inner, dict) else inner)
    return found


def test_the_json_page_says_what_the_program_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now = DAYS["saturday"]
    with played(tmp_path, now):
        pass
    (tmp_path / "met.txt").write_text("Met There <met@example.net>\n")
    for words in TOLD:
        given = [word.format(folder=tmp_path) for word in words]
        assert run(["--config", str(tmp_path / "config.toml"), *given], Ctx(clock=lambda: now)) == 0
    parts = SECTION.split((Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8"))
    pages = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert set(pages) == set(COMMANDS) | NOT_RUN
    for title, arguments in COMMANDS.items():
        capsys.readouterr()
        assert run(["--config", str(tmp_path / "config.toml"), *arguments], Ctx(clock=lambda: now)) == 0
        printed = names_in(json.loads(capsys.readouterr().out))
        told = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", pages[title]))))
        if title == "contacts show":
            told |= set(re.findall(r"[a-z_]+", pages["contacts list"]))
        assert printed <= told, f"{title}: {printed - told} is not on the page"
        assert printed or title in EMPTY
