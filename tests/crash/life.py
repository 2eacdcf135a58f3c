"""A life with every kind of step in it: what the world, the user and their contacts do, phase by phase.

After each phase the daemon comes to its round. Nobody here exists.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from daemon.core.model import Form
from daemon.service import contacts as book
from daemon.service import hand
from daemon.service.facts import Rules
from daemon.store import cursors
from tests.contract.rig import ME, Rig
from tests.contract.samples import ANNA, BORIS, NOW, STRANGER, VERA, card, exception
from tests.service.house import House, letter, meeting

DAY = timedelta(days=1)
LEV, NINA, OLEG, TANYA = "lev@example.net", "nina@example.net", "oleg@example.com", "tanya@example.test"


class Life:
    """``box`` takes mail and drafts, ``dav`` events, cards and reminders; they may be one."""

    def __init__(self, house: House) -> None:
        self.house = house
        rigs = list(house.rigs.values())
        self.box: Rig = rigs[0]
        self.dav: Rig = rigs[-1]
        self.handles: dict[str, str] = {}
        self.ids: dict[str, int] = {}

    @property
    def phases(self) -> tuple[Callable[[], None], ...]:
        """What happens before each round, in order."""
        return (self.first_sight, self.answers, self.somebody_new, self.a_day_passes, self.silence, self.goodbye)

    # -- helpers

    def _rules(self) -> Rules:
        return Rules(self.house.settings.policies, self.house.clock)

    def _person(self, name: str, *addresses: str, **more: object) -> None:
        self.ids[name] = self.house.person(name, *addresses, **more)  # type: ignore[arg-type]

    def _uid_of(self, who: str) -> str:
        """The UID of the reminder that stands for somebody."""
        (row,) = [r for r in self.house.ledger(kind="reminder") if r.contact_id == self.ids[who] and r.state in LIVE]
        return str(row.uid)

    def _draft_of(self, who: str, purpose: str) -> str:
        rows = self.house.ledger(kind="draft", purpose=purpose)
        (row,) = [r for r in rows if r.contact_id == self.ids[who]]
        return str(row.message_id)

    # -- phases

    def first_sight(self) -> None:
        """A full mailbox, calendar and address book, and eight people who matter."""
        self._person("Анна Образцова", ANNA, language="ru")
        self._person("Boris Titov", BORIS, birthday=f"1980-{NOW:%m-%d}", language="en")
        self._person("Vera", VERA, tier="key")
        self._person("Lev", LEV, language="en")
        for n, name in enumerate(("Nina", "Oleg", "Tanya", "Uma", "Filipp")):
            self._person(name, f"{name.lower()}@example.net", language="en" if n % 2 else "ru")
        box, dav = self.box, self.dav
        for n in range(8):
            box.add_mail("INBOX", letter(f"in{n}", NOW - (9 + n) * DAY, STRANGER if n % 4 == 3 else ANNA))
        box.add_mail("INBOX", letter("list", NOW - 5 * DAY, VERA, List_Id="<talk.example.org>"))
        box.add_broken_mail("INBOX")
        box.add_mail("INBOX", letter("owed", NOW - 6 * DAY, LEV))
        box.add_mail("Sent", letter("lev", NOW - 20 * DAY, ME, LEV))
        for n, name in enumerate(("nina", "oleg", "tanya", "uma", "filipp")):
            box.add_mail("Sent", letter(f"old{n}", NOW - (200 + n) * DAY, ME, f"{name}@example.net"))
        for n in range(4):  # of somebody nobody knows yet
            box.add_mail("Archive", letter(f"later{n}", NOW - (30 + n) * DAY, "kim@example.com"))
            box.add_mail("INBOX", letter(f"kim{n}", NOW - (40 + n) * DAY, "kim@example.com"))
        dav.add_event(meeting("met", NOW - DAY, ANNA))
        dav.add_event(meeting("met-lev", NOW - 2 * DAY, LEV))
        self.handles["ahead"] = dav.add_event(meeting("ahead", NOW + 2 * DAY, VERA))
        self.handles["off"] = dav.add_event(meeting("off", NOW - 3 * DAY, VERA))
        start = NOW - 20 * DAY
        moved = exception("series", start + 7 * DAY, start + 8 * DAY, attendee=VERA)
        dav.add_event(meeting("series", start, VERA, "RRULE:FREQ=WEEKLY", more=moved))
        dav.add_broken_event()
        for n in range(4):
            who = f"card{n}@example.net"
            self.handles[f"card{n}"] = dav.add_card(card(f"uid-{n}", f"Card {n}", who, "TEL:+49 30 000"))
            box.add_mail("INBOX", letter(f"card{n}", NOW - (50 + n) * DAY, who))
        updates = self.house.settings.updates
        assert updates is not None
        updates.mkdir()
        (updates / "2026-Q4.md").write_text(
            f"+++\nsubject = 'News'\ncircles = ['mentor']\nwritten = {NOW - DAY:%Y-%m-%d}\n+++\n"
            "This autumn we moved the whole team to a new office and it was great fun for all of us.\n"
        )
        self._person("Maria", "maria@example.net", circles=("mentor",), language="en")
        self.house.enable()

    def answers(self) -> None:
        """What stands is dragged, ticked, deleted, edited, sent; contact is made; events and cards change."""
        box, dav = self.box, self.dav
        self.house.clock += timedelta(hours=2)
        for number, name in enumerate(("Nina", "Oleg", "Tanya")):
            uid = self._uid_of(name)
            shown = next(e for e in dav.reminders() if e.uid == uid)
            if number == 0:
                dav.user_drags_event(uid, shown.start + 3 * DAY)
            elif number == 1:
                dav.user_retitles_event(uid, "✓ встреча")
            else:
                dav.user_deletes_event(uid)
        box.add_mail("Sent", letter("to-lev", self.house.clock - timedelta(minutes=9), ME, LEV))
        box.user_edits_draft(self._draft_of("Boris Titov", "congratulations"), "Something quite different.")
        box.user_sends_draft(self._draft_of("Maria", "update"))
        dav.change_event(self.handles["off"], meeting("off", NOW - 3 * DAY, VERA, "STATUS:CANCELLED", "SEQUENCE:1"))
        dav.delete_event(self.handles["ahead"])
        dav.change_card(self.handles["card1"], card("uid-1", "Card One", "card1@example.net"))
        dav.delete_card(self.handles["card2"])

    def somebody_new(self) -> None:
        """People added later: one searched for, then so many that the stream is read anew."""
        self.house.clock += timedelta(hours=1)
        self._person("Kim", "kim@example.com", language="en")
        self.box.add_mail("INBOX", letter("new", self.house.clock - timedelta(minutes=5), VERA))
        with self.house.store.write() as conn:
            hand.log_contact(
                conn,
                self._rules(),
                self.ids["Vera"],
                Form.CALL,
                self.house.clock - timedelta(minutes=1),
                next_step="send the paper",
                by=(self.house.clock + 2 * DAY).date(),
            )

    def a_day_passes(self) -> None:
        """Reminders pass unanswered; the mailbox is renumbered; the window moves."""
        self.house.clock += 2 * DAY
        with self.house.store.read() as conn:
            place = next(r for r in cursors.rows(conn) if r.kind == "mail" and "INBOX" in r.stream.label.upper())
        moved = self.box.expire_mail_cursor(place.stream.name, place.position)
        with self.house.store.write() as conn:
            cursors.put(conn, place.account, "mail", place.stream, moved)
        self._person("Many", *(f"many{n}@example.net" for n in range(21)), language="en")
        self.box.add_mail("Archive", letter("many", NOW - 9 * DAY, "many7@example.net"))

    def silence(self) -> None:
        """What was moved passes again and lapses; somebody is paused; the series ends."""
        self.house.clock += 5 * DAY
        with self.house.store.write() as conn:
            book.pause(conn, self.ids["Uma"], None)
        self.dav.add_event(meeting("met-2", self.house.clock - DAY, "card3@example.net"))
        with self.house.store.write() as conn:
            book.edit(conn, self._rules(), book.find(conn, "card3@example.net"), book.Change(circles=("partner",)))

    def goodbye(self) -> None:
        """Somebody is forgotten with what stands for them."""
        self.house.clock += 2 * DAY
        from daemon.service.forgetting import forget
        from tests.service.house import SECRET

        with self.house.store.write() as conn:
            forget(conn, self.ids["Kim"], SECRET, self.house.clock, list(self.house.rigs))


LIVE = ("written", "edited", "moved")
