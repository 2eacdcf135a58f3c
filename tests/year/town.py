"""A house with two accounts, one of them the employer's, and all its neighbours. Everything is drawn from one seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from daemon.config.settings import AccountSettings
from daemon.core.model import Account
from daemon.core.policy import Policies, Quiet, ReminderRules, WorkingHours
from daemon.service.judging import Rules
from daemon.store.engine import Store
from tests.contract.rig import ME
from tests.service.house import House, letter, meeting
from tests.year.homes import BACKENDS, WORK, Side
from tests.year.people import CIRCLES, DAY, Held, Neighbour, at, day_of, drawn

START = datetime(2025, 12, 3, 7, 0, tzinfo=UTC)  # in the past: Dovecot believes no mail from the future
HOURS = WorkingHours(zone="Europe/Berlin", country="DE", subdivision="BE")
QUIET = (Quiet(date(2025, 12, 28), date(2026, 1, 6)), Quiet(date(2026, 7, 12), date(2026, 7, 25)))

NEWS = {"en": "Here is what is new with me this quarter.\n", "ru": "Вот что у меня нового за квартал.\n"}


@dataclass(frozen=True)
class Journey:
    """A trip the user told of."""

    city: str
    begins: date
    ends: date
    told: datetime


@dataclass
class Town:
    """A house in the middle of it, and what the user did with what lay there."""

    house: House
    sides: dict[str, Side]
    chance: random.Random
    neighbours: dict[int, Neighbour] = field(default_factory=dict)
    forgotten: list[Neighbour] = field(default_factory=list)
    edited: dict[str, tuple[str, bytes]] = field(default_factory=dict)  # by Message-ID: side, and each byte of it
    rewritten: dict[str, tuple[str, bytes]] = field(
        default_factory=dict
    )  # by UID, reminders with a title of the user's
    refused: set[str] = field(default_factory=set)  # Message-IDs of drafts the user deleted
    dragged: dict[str, datetime] = field(default_factory=dict)  # by UID: where the user put a reminder
    coming: list[tuple[date, Neighbour]] = field(default_factory=list)  # answers under way to the user
    quarters: dict[str, date] = field(default_factory=dict)  # whose news were written, and when
    journeys: list[Journey] = field(default_factory=list)
    tidings: list[datetime] = field(default_factory=list)  # when the user told news of their own
    declined: set[str] = field(default_factory=set)  # marks of suggestions
    deeds: Counter[str] = field(default_factory=Counter)  # what the user did, how often
    sent: int = 0
    letters: int = 0

    @property
    def now(self) -> datetime:
        return self.house.clock

    @property
    def today(self) -> date:
        return day_of(self.house.clock)

    @property
    def rules(self) -> Rules:
        return Rules(self.house.settings.policies, self.house.clock)

    def owner(self, address: str) -> Neighbour:
        """Whose address it is, or was."""
        everybody = [*self.neighbours.values(), *self.forgotten]
        return next(n for n in everybody if address in (n.address, n.no_reply, *n.former))

    # -- people ------------------------------------------------------------------------------------

    def settle(self, count: int) -> None:
        """People of all circles and tiers, half of them without history, some known through the employer's account."""
        for number in range(count):
            one = drawn(number, self.chance)
            one.contact_id = self.house.person(
                one.name,
                *filter(None, (one.address, one.no_reply)),
                circles=(one.circle,) if one.circle else (),
                tier=one.tier,
                birthday=f"--{one.birthday}" if one.birthday else "",
                language=one.language,
                time_zone=one.zone,
                city=one.city,
            )
            self.neighbours[one.contact_id] = one
            if self.chance.random() < 0.5:
                before = self.now - self.chance.randrange(5, 400) * DAY
                self.write(one, before)
                if self.chance.random() < 0.5:
                    self.receive(one, before + DAY)

    # -- letters and meetings ----------------------------------------------------------------------

    def write(self, one: Neighbour, when: datetime | None = None) -> None:
        """The user writes to somebody, this afternoon unless said otherwise."""
        when = when or at(self.today, 17)
        self.letters += 1
        self.wrote(one, when)
        raw = letter(f"out{self.letters}", when, ME, one.address, Subject="Some words", Content_Language="en")
        self.sides[one.side].mail.add_mail("Sent", raw)

    def wrote(self, one: Neighbour, when: datetime) -> None:
        """One more letter of the user's is sent; it may be answered."""
        self.sent += 1
        one.wrote.append(when)
        if self.chance.random() < one.answers:
            self.coming.append((max(day_of(when), self.today) + self.chance.randrange(1, 5) * DAY, one))

    def receive(self, one: Neighbour, when: datetime, **headers: str) -> str:
        """Somebody writes to the user; what stands in ``headers`` may make it count for nothing."""
        self.letters += 1
        if not headers:
            one.heard.append(when)
        fields = {"Subject": "Some words", "Content_Language": "en", **headers}
        sender, to = fields.pop("From", one.address), fields.pop("To", ME)
        return self.sides[one.side].mail.add_mail("INBOX", letter(f"in{self.letters}", when, sender, to, **fields))

    def meet(self, one: Neighbour, day: date, guests: int = 0, weeks: int = 1) -> str:
        """A meeting is put into the calendar; the same again each week, if there are several ``weeks``."""
        self.letters += 1
        start, uid = at(day, 14), f"met{self.letters}"
        more = [f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:guest{n}@example.org" for n in range(guests)]
        more += [f"RRULE:FREQ=WEEKLY;COUNT={weeks}"] * (weeks > 1)
        for n in range(weeks):
            begin = start + 7 * n * DAY
            one.met.append(Held(uid, begin, begin + timedelta(hours=1), 2 + guests, weeks > 1))
        return self.sides[one.side].calendar.add_event(meeting(uid, start, one.address, *more))

    # -- the quarter's news ------------------------------------------------------------------------

    def write_news(self, quarter: str) -> None:
        """This quarter's news, in two languages."""
        folder = self.house.settings.updates
        assert folder is not None
        folder.mkdir(exist_ok=True)
        self.quarters[quarter] = self.today
        for language, text in NEWS.items():
            head = f'+++\nlanguage = "{language}"\nwritten = {self.today}\n+++\n'
            (folder / f"{quarter}.{language}.md").write_text(head + text, encoding="utf-8")


@contextmanager
def a_town(store: Store, folder: Path, seed: int, backend: str, count: int) -> Iterator[Town]:
    """A house with its two sides; nobody lives there yet. Whoever keeps 300 allows more than the usual ten a week."""
    rules = ReminderRules(a_day=max(3, count * 9 // 300), a_week=max(10, count * 40 // 300), weekly_digest=(1, time(9)))
    house = House(store, folder, {})
    house.clock = START
    names = random.Random(seed)  # noqa: S311  # of what is logged by hand: their order breaks ties
    with (
        patch("secrets.token_hex", lambda n: names.randbytes(n).hex()),
        BACKENDS[backend](folder, lambda: house.clock) as sides,
    ):
        for side in sides.values():
            rigs: tuple[Any, ...] = (side.mail, side.calendar)  # each can a part of what a `Rig` can
            house.rigs |= dict(zip(side.accounts, rigs, strict=False))
        accounts = [AccountSettings(Account(a, "memory", ME, employer=a.startswith(WORK))) for a in house.rigs]
        house.settings = replace(
            house.settings,
            accounts=tuple(accounts),
            hours=HOURS,
            quiet=QUIET,
            policies=Policies(circles=CIRCLES),
            reminders=rules,
            morning_event=time(9),
        )
        yield Town(house, sides, random.Random(seed))  # noqa: S311
