"""The user of the simulated year: who answers, ignores, edits, sends, moves, ticks off, deletes and tells, by chance.

In the calendar and the mailbox they act as their programs do; what they say at the command line is in `saying`.
"""

from __future__ import annotations

from datetime import UTC, date
from email.utils import parsedate_to_datetime
from typing import Any

from daemon.core.fate import ticked
from tests.contract.rig import ME, SeenEvent
from tests.contract.samples import message_id
from tests.year.homes import Side
from tests.year.letters import address_in, header
from tests.year.people import DAY, Neighbour, at, day_of
from tests.year.saying import Saying
from tests.year.town import Town

LIST = "gardeners@lists.example.org"
FLAGS = ("kith-reply", "kith-thanks", "kith-congratulations", "kith-check-in")


class User:
    """Lives one day after the other."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.chance = town.chance
        self.saying = Saying(town)
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
        self.saying.evening(day)

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
                town.deeds["edit"] += 1
            elif what < 0.24 and not self.gone:
                (side.mail.user_trashes_draft if what < 0.22 else side.mail.user_deletes_draft)(number)
                town.edited.pop(number, None)
                town.refused.add(number)
                self.gone = True
            elif what < 0.28 and (one := town.neighbours.get(town.owner(address_in(raw)).contact_id)) is not None:
                (town.write if what < 0.26 else self.saying.log)(one)  # by themselves, whatever lies there
