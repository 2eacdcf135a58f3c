"""The people of a simulated year, their mailboxes, and a user who answers, ignores, edits, sends and deletes by chance.

Everything is drawn from one seed. Nobody here exists.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import connectors.memory
from connectors.memory import MemoryServer
from daemon.config.settings import AccountSettings
from daemon.core.model import Account, Form
from daemon.core.policy import MONTH, SHIPPED_CIRCLES, Policies, Policy, Quiet, ReminderRules, WorkingHours
from daemon.service import contacts as book
from daemon.service import hand
from daemon.service.judging import Rules
from daemon.store.engine import Store
from tests.contract.rig import ME
from tests.contract.rig_memory import MemoryRig, around
from tests.contract.samples import message_id
from tests.service.house import House, letter, meeting

DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)
HOURS = WorkingHours(zone="Europe/Berlin", country="DE", subdivision="BE")
RULES = ReminderRules(weekly_digest=(1, time(9)))
QUIET = (Quiet(date(2026, 12, 24), date(2027, 1, 6)), Quiet(date(2027, 7, 12), date(2027, 7, 25)))
FORMS = (Form.MEETING, Form.CALL, Form.CHAT)
HOME, WORK = "home", "work"  # work is the employer's
CIRCLES = ("recruiter", "hr", "mentor", "colleague", "expert", "partner", "friend", "candidate", "")
TIERS = ("key", "", "", "regular", "supporting")


@dataclass
class Neighbour:
    """One contact: where they write to, and how likely they answer."""

    number: int
    contact_id: int
    name: str
    address: str
    account: str
    answers: float


@dataclass
class Town:
    """A house in the middle of it. ``edited`` holds, by Message-ID, each letter the user has changed, byte by byte."""

    house: House
    rigs: dict[str, MemoryRig]
    chance: random.Random
    neighbours: dict[int, Neighbour] = field(default_factory=dict)
    edited: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    coming: list[tuple[date, Neighbour]] = field(default_factory=list)  # answers under way to the user
    sent: int = 0
    letters: int = 0

    @property
    def today(self) -> date:
        return self.house.clock.astimezone(ZONE).date()

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)

    # -- people ------------------------------------------------------------------------------------

    def settle(self, count: int) -> None:
        """People of all circles and tiers, half of them without history, some known through the employer's account."""
        for n in range(count):
            circle, tier = self.chance.choice(CIRCLES), self.chance.choice(TIERS)
            if not circle and not tier:
                tier = "regular"
            address = f"person{n}@example{n % 7}.net"
            birthday = f"--{self.chance.randrange(1, 13):02}-{self.chance.randrange(1, 29):02}"
            made = self.house.person(
                f"Person N{n}",
                address,
                circles=(circle,) if circle else (),
                tier=tier,
                birthday=birthday if self.chance.random() < 0.5 else "",
                language=self.chance.choice(["en", "ru", ""]),
            )
            account = WORK if self.chance.random() < 0.4 else HOME
            one = Neighbour(n, made, f"Person N{n}", address, account, self.chance.choice([0.0, 0.5, 0.9]))
            self.neighbours[made] = one
            if self.chance.random() < 0.5:
                before = self.house.clock - self.chance.randrange(5, 400) * DAY
                self.write(one, before)
                if self.chance.random() < 0.5:
                    self.receive(one, before + DAY)

    def write(self, one: Neighbour, at: datetime) -> None:
        """The user writes to somebody."""
        self.letters += 1
        self.sent += 1
        raw = letter(f"out{self.letters}", at, ME, one.address, Subject="Some words", Content_Language="en")
        self.house.rigs[one.account].add_mail("Sent", raw)
        if self.chance.random() < one.answers:
            day = at.astimezone(ZONE).date() + self.chance.randrange(1, 5) * DAY
            self.coming.append((day, one))

    def receive(self, one: Neighbour, at: datetime) -> None:
        """Somebody writes to the user."""
        self.letters += 1
        raw = letter(f"in{self.letters}", at, one.address, Subject="Some words", Content_Language="en")
        self.house.rigs[one.account].add_mail("INBOX", raw)

    # -- a day -------------------------------------------------------------------------------------

    def live(self) -> None:
        """What happens until the evening of today: letters and meetings, and what the user does with ours."""
        day = self.today
        for due, one in [c for c in self.coming if c[0] <= day]:
            self.coming.remove((due, one))
            self.receive(one, self.at(day, 11))
        everyone = sorted(self.neighbours)
        for who in self.chance.sample(everyone, max(1, len(everyone) // 60)):
            one = self.neighbours[who]
            if self.chance.random() < 0.3:
                self.receive(one, self.at(day, 12))
            elif self.chance.random() < 0.3:
                begin = self.at(day + self.chance.randrange(1, 12) * DAY, 14)
                self.house.rigs[one.account].add_event(meeting(f"met{day}-{who}", begin, one.address))
        self._reminders(day)
        self._drafts(day)
        self._say_so(everyone)

    def _reminders(self, day: date) -> None:
        deleted = False
        by_uid = {r.uid: r for r in self.house.ledger(kind="reminder")}
        for rig in self.house.rigs.values():
            for event in sorted(rig.reminders(), key=lambda e: e.uid):
                row = by_uid.get(event.uid)
                if row is None or event.start.astimezone(ZONE).date() != day or event.summary.startswith("✓"):
                    continue
                what, one = self.chance.random(), self.neighbours[row.contact_id]
                if what < 0.45:
                    self.write(one, self.at(day, 17))
                elif what < 0.55:
                    rig.user_retitles_event(event.uid, f"✓ {event.summary}")
                elif what < 0.62 and not deleted:
                    rig.user_deletes_event(event.uid)
                    deleted = True  # many gone at once would be asked about
                elif what < 0.72:
                    rig.user_drags_event(event.uid, event.start + self.chance.randrange(1, 21) * DAY)

    def _drafts(self, day: date) -> None:
        gone = False
        for name, rig in sorted(self.house.rigs.items()):
            for raw in sorted(rig.drafts()):
                number, what = message_id(raw), self.chance.random()
                if what < 0.10:
                    rig.user_sends_draft(number)
                    self.sent += 1
                    self.edited.pop(number, None)
                elif what < 0.20 and number not in self.edited:
                    rig.user_edits_draft(number, f"In my own words, on {day}.")
                    (mine,) = [d for d in rig.drafts() if message_id(d) == number]
                    self.edited[number] = (name, mine)
                elif what < 0.24 and not gone:
                    rig.user_trashes_draft(number)
                    self.edited.pop(number, None)
                    gone = True

    def _say_so(self, everyone: list[int]) -> None:
        """What the user says at the command line now and then."""
        who, what = self.chance.choice(everyone), self.chance.random()
        rules = Rules(self.house.settings.policies, self.house.clock)
        with self.house.store.write() as conn:
            if what < 0.03:
                hand.snooze(conn, who, self.house.clock + self.chance.randrange(2, 40) * DAY, self.house.clock)
            elif what < 0.06:
                by = self.today + self.chance.randrange(1, 20) * DAY
                hand.log_contact(
                    conn, rules, who, self.chance.choice(FORMS), self.house.clock - DAY, topic="plans",
                    next_step="send the list", by=by,
                )  # fmt: skip
            elif what < 0.07:
                book.pause(conn, who, self.house.clock + 30 * DAY)
            elif what < 0.08:
                hand.skip(conn, self.house.settings, who, self.house.clock)


@contextmanager
def a_town(store: Store, folder: Path, count: int, seed: int) -> Iterator[Town]:
    """A house with two accounts, one of them the employer's, and its neighbours."""
    rigs = {name: MemoryRig(f"year-{seed}-{name}-{id(store)}", folder) for name in (WORK, HOME)}
    for rig in rigs.values():
        account = Account("memory", "memory", ME, options={"server": rig.name, "page_size": 500})
        rig._connection = connectors.memory.connect(account, around(folder))
    accounts = tuple(AccountSettings(Account(name, "memory", ME, employer=name == WORK)) for name in rigs)
    circles = {
        **SHIPPED_CIRCLES,
        "friend": Policy(cadence=MONTH, days=frozenset({6}), hours=(time(10), time(14))),
        "expert": Policy(cadence=2 * MONTH, drafts=frozenset({"check-in", "thanks", "congratulations"})),
        "mentor": Policy(cadence=MONTH, forms=(("mail", MONTH), ("talk", 3 * MONTH)), drafts=frozenset({"check-in"})),
    }
    house = House(
        store,
        folder,
        rigs,
        accounts=accounts,
        hours=HOURS,
        quiet=QUIET,
        policies=Policies(circles=circles),
        reminders=RULES,
        morning_event=time(9),
    )
    house.clock = START
    try:
        yield Town(house, rigs, random.Random(seed))  # noqa: S311
    finally:
        for rig in rigs.values():
            MemoryServer.forget(rig.name)
