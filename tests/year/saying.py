"""What the user of the simulated year says at the command line: the functions of the service layer it calls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from daemon.core.errors import UserMistake
from daemon.core.guesses import ANNIVERSARY, PAUSE, RHYTHM, Guess
from daemon.core.model import Form
from daemon.core.reasons import INTRODUCTION, JOB, RECOMMENDATION
from daemon.service import contacts as book
from daemon.service import forgetting, giving, hand, marks, noting, suggesting, telling
from daemon.service.updates import quarter_of
from daemon.store import suggestions
from tests.service.house import SECRET
from tests.year.people import CITIES, DAY, Neighbour, Reason, at
from tests.year.town import START, Journey, Town

FORMS = (Form.MEETING, Form.CALL, Form.CHAT)
TALKS = (Form.MEETING, Form.CALL)
SPOKEN = ("en", "ru")
WORDS = {"en": "Have a look.", "ru": "Взгляните."}
FAR = START + 10_000 * DAY


class Saying:
    """Says things, and writes them into the diary."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.chance = town.chance

    def evening(self, day: date) -> None:
        """What is said in one evening."""
        for tell in self._tidings(day):
            tell()
        everybody = len(self.town.neighbours)
        for _ in range(max(2, everybody // 100)):
            self._command(self.town.neighbours[self.chance.choice(sorted(self.town.neighbours))])

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
            (10, self._snooze), (12, self.log), (4, self._mark), (3, self._pause), (2, self._resume), (3, self._skip),
            (6, self._share), (4, self._introduce), (5, self._note), (3, self._outcome), (2, self._moves_on),
            (1, self._becomes_recruiter), (1, self._no_more), (1, self._forget), (43, self._nothing),
        )  # fmt: skip
        (said,) = self.chance.choices([c for _, c in commands], [n for n, _ in commands])
        self.town.deeds[said.__name__.strip("_<>")] += 1
        said(one)

    def _nothing(self, one: Neighbour) -> None:
        """Most evenings."""

    def _snooze(self, one: Neighbour) -> None:
        until = self.town.now + self.chance.randrange(2, 40) * DAY
        with self.town.house.store.write() as conn:
            hand.snooze(conn, one.contact_id, until, self.town.now)
        one.waits.append(until)

    def log(self, one: Neighbour) -> int:
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
        entry = self.log(one)
        with town.house.store.write() as conn:
            marks.mark_entry(conn, town.house.settings, entry, ["article"], [got], town.now)
        one.reasons.append(Reason(got, town.now))

    def _pause(self, one: Neighbour) -> None:
        try:
            with self.town.house.store.write() as conn:
                book.pause(conn, one.contact_id, self.town.now + 30 * DAY)
        except UserMistake:  # they are not to be contacted at all
            assert one.closed, one
            return
        assert not one.closed, one
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
                marks.outcome(
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
