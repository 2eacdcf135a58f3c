"""The user of the simulated year: who answers, ignores, edits, sends, moves, ticks off, deletes and tells, by chance.

In the calendar and the mailbox they act as their programs do, at the command line by what its commands call.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date
from email.utils import parsedate_to_datetime
from typing import Any

from daemon.core.errors import UserMistake
from daemon.core.fate import ticked
from daemon.core.guesses import ANNIVERSARY, PAUSE, RHYTHM, Guess
from daemon.core.model import Form
from daemon.core.reasons import INTRODUCTION, JOB, RECOMMENDATION
from daemon.service import contacts as book
from daemon.service import forgetting, giving, hand, noting, suggesting, telling
from daemon.service.updates import quarter_of
from daemon.store import suggestions
from tests.contract.rig import ME, SeenEvent
from tests.contract.samples import message_id
from tests.service.house import SECRET
from tests.year.homes import Side
from tests.year.letters import address_in, header
from tests.year.people import CITIES, DAY, Neighbour, Reason, at, day_of
from tests.year.town import START, Journey, Town

FORMS = (Form.MEETING, Form.CALL, Form.CHAT)
TALKS = (Form.MEETING, Form.CALL)
SPOKEN = ("en", "ru")
LIST = "gardeners@lists.example.org"
FLAGS = ("kith-reply", "kith-thanks", "kith-congratulations", "kith-check-in")
WORDS = {"en": "Have a look.", "ru": "Взгляните."}
FAR = START + 10_000 * DAY


class User:
    """Lives one day after the other. ``done`` counts what was told at the command line."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.chance = town.chance
        self.gone = False  # many gone at once would be asked about: one of ours is deleted a day

    def live(self) -> None:
        """What happens until the evening of today."""
        self.gone = False
        day, town = self.town.today, self.town
        for due, one in [c for c in town.coming if c[0] <= day]:
            town.coming.remove((due, one))
            town.receive(one, at(day, 11))
        everybody = sorted(town.neighbours)
        for who in self.chance.sample(everybody, max(2, len(everybody) // 60)):
            self._something_happens(town.neighbours[who], day)
        for side in town.sides.values():
            self._reminders(side, day)
            self._drafts(side, day)
        for tell in self._tidings(day):
            tell()
        for _ in range(max(2, len(everybody) // 100)):
            self._command(town.neighbours[self.chance.choice(sorted(town.neighbours))])

    # -- what others do ----------------------------------------------------------------------------

    def _something_happens(self, one: Neighbour, day: date) -> None:
        town, what = self.town, self.chance.random()
        if what < 0.24:
            handle = town.receive(one, at(day, 12))
            if self.chance.random() < 0.3:
                self._flag(one, handle, one.address)
        elif what < 0.30:  # through a list, as a machine, or from where nobody reads: no contact until it is answered
            handle = town.receive(one, at(day, 12), To=LIST, List_Id="<gardeners.lists.example.org>", Reply_To=LIST)
            if self.chance.random() < 0.5:
                self._flag(one, handle, one.address)
        elif what < 0.34 and one.no_reply:
            handle = town.receive(one, at(day, 12), From=one.no_reply)
            if self.chance.random() < 0.5:
                self._flag(one, handle, "")
        elif what < 0.38:  # an introduction
            other = town.neighbours[self.chance.choice(sorted(town.neighbours))]
            if other is not one:
                one.heard.append(at(day, 13))
                town.receive(one, at(day, 13), To=f"{ME}, {other.address}")
        elif what < 0.58:
            begin = day + self.chance.randrange(1, 12) * DAY
            handle = town.meet(one, begin, self.chance.choice([0, 0, 0, 0, 1, 2, 3, 4, 13]))
            if self.chance.random() < 0.1:  # called off at once
                town.sides[one.side].calendar.delete_event(handle)
                one.met.pop()
        elif what < 0.60:
            town.meet(one, day + self.chance.randrange(1, 12) * DAY, weeks=4)

    def _flag(self, one: Neighbour, handle: str, address: str) -> None:
        self.town.sides[one.side].mail.set_flag(handle, self.chance.choice(FLAGS))
        one.flagged.append((self.town.now, address))

    # -- what the user does to what lies there -----------------------------------------------------

    def _reminders(self, side: Side, day: date) -> None:
        town, rows = self.town, {r.uid: r for r in self.town.house.ledger(kind="reminder")}
        for event in sorted(side.calendar.reminders(), key=lambda e: e.uid):
            row = rows.get(event.uid)
            if row is not None and day_of(event.start) == day and ticked(event.summary) is None:
                one = town.neighbours.get(row.contact_id)
                if one is not None:
                    self._reminded(side, event, row, one)

    def _reminded(self, side: Side, event: SeenEvent, row: Any, one: Neighbour) -> None:
        town, what = self.town, self.chance.random()
        about_somebody = row.purpose in ("keep-in-touch", "reply-owed")
        if what < 0.45 and about_somebody:
            town.write(one)
        elif what < 0.53:
            word = self.chance.choice(["✓", "done chat", "готово"])
            side.calendar.user_retitles_event(event.uid, f"{word} {event.summary}")
            if row.purpose not in ("new-drafts", "digest", "write-news"):
                one.logged.append(event.start)
                one.calls += [event.start] * ("chat" not in word)
        elif what < 0.60 and not self.gone:
            side.calendar.user_deletes_event(event.uid)
            self.gone = True
            if row.purpose == "keep-in-touch":
                one.waits.append(town.now + one.cadence)
        elif what < 0.70:
            town.dragged[event.uid] = event.start + self.chance.randrange(1, 21) * DAY
            side.calendar.user_drags_event(event.uid, town.dragged[event.uid])
        elif what < 0.73:
            side.calendar.user_retitles_event(event.uid, f"Bring a book: {event.summary}")
            (mine,) = [e for e in side.calendar.reminders() if e.uid == event.uid]
            town.rewritten[event.uid] = (side.name, mine.raw)

    def _drafts(self, side: Side, day: date) -> None:
        town = self.town
        for raw in sorted(side.mail.drafts()):
            number, what = message_id(raw), self.chance.random()
            if what < 0.10:
                side.mail.user_sends_draft(number)
                town.edited.pop(number, None)
                town.wrote(town.owner(address_in(raw)), parsedate_to_datetime(header(raw, "Date")).astimezone(UTC))
            elif what < 0.20 and number not in town.edited:
                side.mail.user_edits_draft(number, f"In my own words, on {day}.")
                (mine,) = [d for d in side.mail.drafts() if message_id(d) == number]
                town.edited[number] = (side.name, mine)
            elif what < 0.24 and not self.gone:
                (side.mail.user_trashes_draft if what < 0.22 else side.mail.user_deletes_draft)(number)
                town.edited.pop(number, None)
                town.refused.add(number)
                self.gone = True
            elif what < 0.28 and (one := town.neighbours.get(town.owner(address_in(raw)).contact_id)) is not None:
                (town.write if what < 0.26 else self._log)(one)  # by themselves, whatever lies there

    # -- what the user says ------------------------------------------------------------------------

    def _tidings(self, day: date) -> list[Callable[[], None]]:
        """What has its day: news each quarter, a trip a month, news of one's own twice a year."""
        town = self.town
        told: list[Callable[[], None]] = []
        if (day - START.date()).days % 7 == 3:
            told.append(self._suggestions)
        if quarter_of(day) not in town.quarters and (day.month % 3 == 0 and day.day > 10):
            told.append(lambda: town.write_news(quarter_of(day)))
        if day.day == 5:
            told.append(self._travel)
        if (day.month, day.day) in ((12, 15), (4, 10), (9, 20)):
            told.append(self._news_of_their_own)
        return told

    def _travel(self) -> None:
        town, city = self.town, self.chance.choice([c for c in CITIES if c])
        begins = town.today + self.chance.randrange(3, 30) * DAY
        trip = Journey(city, begins, begins + self.chance.randrange(0, 6) * DAY, town.now)
        with town.house.store.write() as conn:
            telling.travel(conn, [city], (trip.begins, trip.ends), town.today, town.now)
        town.journeys.append(trip)

    def _news_of_their_own(self) -> None:
        town, words = (
            self.town,
            {"en": f"I lead a team now ({self.town.today}).", "ru": f"Теперь у меня своя группа ({self.town.today})."},
        )
        with town.house.store.write() as conn:
            telling.tell(conn, words, {}, town.now, circles=["expert", "partner"], old=[], new=[])
        town.tidings.append(town.now)

    def _suggestions(self) -> None:
        """Each open one is accepted, declined or left, the more doubtful with more care."""
        town = self.town
        with town.house.store.write() as conn:
            suggesting.gather(conn, town.house.settings, town.now)
            waiting = suggestions.rows(conn)
        for each in waiting:
            what, yes = self.chance.random(), 0.15 if each.guess.kind in (PAUSE, RHYTHM) else 0.4
            with town.house.store.write() as conn:
                if suggestions.get(conn, each.id) not in suggestions.rows(conn):
                    continue  # answered along with another one
                if what < yes:
                    suggesting.accept(conn, town.rules, town.house.settings, each.id)
                    self._accepted(each.guess)
                elif what < 0.6:
                    suggesting.decline(conn, each.id, town.now)
                    town.declined.add(each.guess.mark)

    def _accepted(self, guess: Guess) -> None:
        one, now = self.town.neighbours[guess.contact_id], self.town.now
        if guess.kind == PAUSE:
            one.paused.append((now, FAR))
        elif guess.kind == RHYTHM:
            one.accepted = int(guess.about["days"]) * DAY
        elif guess.kind == ANNIVERSARY:
            one.days[guess.about["kind"]] = guess.about["when"][-5:]
        elif guess.kind in (JOB, INTRODUCTION, RECOMMENDATION):
            one.reasons.append(Reason(guess.kind, now))

    def _command(self, one: Neighbour) -> None:
        """One thing said at the command line; a mistake is said to the user and nothing comes of it."""
        commands = (
            (10, self._snooze), (12, self._log), (4, self._mark), (3, self._pause), (2, self._resume), (3, self._skip),
            (6, self._share), (4, self._introduce), (5, self._note), (3, self._outcome), (2, self._moves_on),
            (1, self._becomes_recruiter), (1, self._no_more), (1, self._forget), (43, lambda one: None),
        )  # fmt: skip
        (said,) = self.chance.choices([c for _, c in commands], [n for n, _ in commands])
        self.town.deeds[said.__name__.strip("_<>")] += 1
        said(one)

    def _snooze(self, one: Neighbour) -> None:
        until = self.town.now + self.chance.randrange(2, 40) * DAY
        with self.town.house.store.write() as conn:
            hand.snooze(conn, one.contact_id, until, self.town.now)
        one.waits.append(until)

    def _log(self, one: Neighbour) -> int:
        town, form = self.town, self.chance.choice(FORMS)
        by = town.today + self.chance.randrange(1, 20) * DAY
        step = {"next_step": "send the list", "by": by} if self.chance.random() < 0.4 else {}
        with town.house.store.write() as conn:
            entry = hand.log_contact(
                conn, town.rules, one.contact_id, form, town.now - DAY, topic="plans",
                interview=form is Form.MEETING and self.chance.random() < 0.3, **step,  # type: ignore[arg-type]
            )  # fmt: skip
        one.logged.append(town.now - DAY)
        one.calls += [town.now - DAY] * (form in TALKS)
        if form is Form.MEETING:
            one.reasons.append(Reason("meeting", town.now - DAY))
        return entry

    def _mark(self, one: Neighbour) -> None:
        town, got = self.town, self.chance.choice(["advice", "introduction", "recommendation", "vacancy"])
        entry = self._log(one)
        with town.house.store.write() as conn:
            giving.mark_entry(conn, town.house.settings, entry, ["article"], [got], town.now)
        one.reasons.append(Reason(got, town.now))

    def _pause(self, one: Neighbour) -> None:
        with self.town.house.store.write() as conn:
            book.pause(conn, one.contact_id, self.town.now + 30 * DAY)
        one.paused = [(since, min(until, self.town.now)) for since, until in one.paused]
        one.paused.append((self.town.now, self.town.now + 30 * DAY))

    def _resume(self, one: Neighbour) -> None:
        if one.paused and not one.closed:
            with self.town.house.store.write() as conn:
                book.resume(conn, self.town.rules, one.contact_id)
            one.paused = [(since, min(until, self.town.now)) for since, until in one.paused]

    def _skip(self, one: Neighbour) -> None:
        with self.town.house.store.write() as conn:
            until = hand.skip(conn, self.town.house.settings, one.contact_id, self.town.now)
        assert until == self.town.now + one.cadence
        one.waits.append(until)

    def _share(self, one: Neighbour) -> None:
        town, page = self.town, f"https://example.org/page/{self.town.today}"
        whole = self.chance.random() < 0.2 and one.circle
        with town.house.store.write() as conn:
            asked = giving.share(
                conn,
                town.house.settings,
                SPOKEN,
                page,
                [one.circle if whole else one.address],
                WORDS,
                "A page",
                town.now,
            )
        for each in town.neighbours.values():
            each.shared += [town.now] * (each.name in asked.names)

    def _introduce(self, one: Neighbour) -> None:
        town, other = self.town, self.town.neighbours[self.chance.choice(sorted(self.town.neighbours))]
        with town.house.store.write() as conn:
            try:
                both = (one.address, other.address)
                asked = giving.introduce(conn, town.house.settings, SPOKEN, both, WORDS, town.now)
            except UserMistake:  # one of them is closed, or they are one
                return
        for this, that in ((one, other), (other, one)):
            this.introduced += [(town.now, that)] * (this.name in asked.names)

    def _note(self, one: Neighbour) -> None:
        town, kind = self.town, self.chance.choice(["achievement", "job", "recommendation", "introduction"])
        with town.house.store.write() as conn:
            noting.note(conn, one.contact_id, kind, f"Gardens, {town.today}", town.today, town.now)
        one.reasons.append(Reason(kind, town.now))

    def _outcome(self, one: Neighbour) -> None:
        town = self.town
        with town.house.store.write() as conn:
            try:
                giving.outcome(
                    conn,
                    town.house.settings,
                    ("en", "ru"),
                    one.contact_id,
                    {"en": "I start in May.", "ru": "Начинаю в мае."},
                    town.now,
                )
            except UserMistake:  # nothing of theirs waits for it
                return
        one.outcomes.append(town.now)

    def _moves_on(self, one: Neighbour) -> None:
        """What is sent to them comes back; they have another address now."""
        town, new = self.town, f"n{one.number}-{self.town.letters}@elsewhere.example.net"
        back = {"Auto_Submitted": "auto-replied", "Return_Path": "<>", "X_Failed_Recipients": one.address}
        town.receive(one, at(town.today, 15), From="mailer-daemon@example.net", Subject="Returned to sender", **back)
        with town.house.store.write() as conn:
            book.edit(conn, town.rules, one.contact_id, book.Change(addresses=(new,)))
        one.former.add(one.address)
        one.address = new

    def _becomes_recruiter(self, one: Neighbour) -> None:
        without = (one.circle,) if one.circle else ()
        with self.town.house.store.write() as conn:
            change = book.Change(circles=("recruiter",), not_circles=tuple(c for c in without if c != "recruiter"))
            book.edit(conn, self.town.rules, one.contact_id, change)
        one.circle = "recruiter"

    def _no_more(self, one: Neighbour) -> None:
        with self.town.house.store.write() as conn:
            book.do_not_contact(conn, one.contact_id)
        one.closed = True

    def _forget(self, one: Neighbour) -> None:
        town = self.town
        with town.house.store.write() as conn:
            forgetting.forget(conn, one.contact_id, SECRET, town.now, list(town.house.rigs))
        town.forgotten.append(town.neighbours.pop(one.contact_id))
        town.coming = [c for c in town.coming if c[1] is not one]
