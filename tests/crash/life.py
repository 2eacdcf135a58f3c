"""A life with every kind of step in it: what the world, the user and their contacts do, phase by phase.

After each phase the daemon comes to its round. Nobody here exists.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from daemon.core.model import Form
from daemon.service import contacts as book
from daemon.service import hand
from daemon.service.forgetting import forget
from daemon.service.judging import Rules
from daemon.store import agendas, cursors
from tests.contract.rig import ME, Rig
from tests.contract.samples import ANNA, BORIS, NOW, STRANGER, VERA, card, exception
from tests.service.house import SECRET, House, letter, meeting

DAY = timedelta(days=1)
KIM, MARIA = "kim@example.com", "maria@example.net"


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
        """What happens before each round, in order. Many small ones: each is lived again for each of its steps."""
        return (
            self.first_sight,
            self.enabled,
            self.more_people,
            self.more_to_say,
            self.answers_to_reminders,
            self.answers_to_drafts,
            self.somebody_new,
            self.flagged,
            self.plans_change,
            self.renumbered,
            self.days_pass,
            self.silence,
            self.goodbye,
        )

    # -- helpers

    def _rules(self) -> Rules:
        return Rules(self.house.settings.policies, self.house.clock)

    def _person(self, name: str, *addresses: str, **more: object) -> None:
        self.ids[name] = self.house.person(name, *addresses, **more)  # type: ignore[arg-type]

    def _uid_of(self, who: str) -> str:
        """The UID of the reminder that stands for somebody."""
        (row,) = [r for r in self.house.ledger(kind="reminder") if r.contact_id == self.ids[who] and r.state in LIVE]
        return str(row.uid)

    def _draft_of(self, who: str) -> str:
        (row,) = [r for r in self.house.ledger(kind="draft") if r.contact_id == self.ids[who]]
        return str(row.message_id)

    def _overdue(self, name: str) -> None:
        address = f"{name.lower()}@example.net"
        self._person(name, address, language="en")
        self.box.add_mail("Sent", letter(f"old-{name}", NOW - 200 * DAY, ME, address))

    # -- phases

    def first_sight(self) -> None:
        """A mailbox, a calendar and an address book of several pages each, and nothing may be written yet."""
        self._person("Anna", ANNA, language="ru")
        self._person("Vera", VERA, tier="key")
        box, dav = self.box, self.dav
        for n in range(5):
            box.add_mail("INBOX", letter(f"in{n}", NOW - (9 + n) * DAY, STRANGER if n % 4 == 3 else ANNA))
        box.add_mail("INBOX", letter("list", NOW - 5 * DAY, VERA, List_Id="<talk.example.org>"))
        box.add_broken_mail("INBOX")
        box.add_mail("Sent", letter("vera", NOW - 6 * DAY, ME, VERA))
        for n in range(4):  # of somebody nobody knows yet
            self.handles[f"kim{n}"] = box.add_mail("Archive", letter(f"kim{n}", NOW - (30 + n) * DAY, KIM))
        dav.add_event(meeting("met", NOW - DAY, ANNA))
        self.handles["off"] = dav.add_event(meeting("off", NOW - 3 * DAY, VERA))
        start = NOW - 20 * DAY
        moved = exception("series", start + 7 * DAY, start + 8 * DAY, attendee=VERA)
        dav.add_event(meeting("series", start, VERA, "RRULE:FREQ=WEEKLY;COUNT=9", more=moved))
        dav.add_broken_event()
        for n in range(4):
            self.handles[f"card{n}"] = dav.add_card(card(f"uid-{n}", f"Card {n}", f"card{n}@example.net"))
        box.add_mail("INBOX", letter("card0", NOW - 50 * DAY, "card0@example.net"))

    def enabled(self) -> None:
        """Writing is allowed: thanks to one met, a reminder of one overdue."""
        self._overdue("Nina")
        self.house.enable()

    def more_people(self) -> None:
        """A birthday, the quarter's news, two more who are overdue."""
        self._overdue("Oleg")
        self._overdue("Tanya")
        self._person("Boris", BORIS, birthday=f"1980-{NOW:%m-%d}", language="en")
        self.box.add_mail("INBOX", letter("boris", NOW - 2 * DAY, BORIS))
        self.box.add_mail("Sent", letter("to-boris", NOW - DAY, ME, BORIS))
        updates = self.house.settings.updates
        assert updates is not None
        updates.mkdir()
        (updates / "2026-Q4.md").write_text(
            f"+++\nsubject = 'News'\ncircles = ['friend']\nwritten = {NOW - DAY:%Y-%m-%d}\n+++\n"
            "This autumn we moved the whole team to a new office and it was great fun for all of us.\n"
        )
        self._person("Maria", MARIA, circles=("friend",), language="en")
        self.box.add_mail("Sent", letter("maria", NOW - 9 * DAY, ME, MARIA))

    def more_to_say(self) -> None:
        """Something to talk about with one of whom a reminder stands."""
        self.house.clock += timedelta(minutes=20)
        with self.house.store.write() as conn:
            agendas.add(conn, self.ids["Nina"], "the book on gardens", self.house.clock)

    def answers_to_reminders(self) -> None:
        """One is dragged, one ticked, one deleted."""
        self.house.clock += timedelta(hours=1)
        uid = self._uid_of("Nina")
        start = next(e.start for e in self.dav.reminders() if e.uid == uid)
        self.dav.user_drags_event(uid, start + DAY)
        self.dav.user_retitles_event(self._uid_of("Oleg"), "✓ встреча")
        self.dav.user_deletes_event(self._uid_of("Tanya"))

    def answers_to_drafts(self) -> None:
        """One is edited, one sent; the third has lost its reason and is withdrawn."""
        self.house.clock += timedelta(hours=1)
        self.box.user_edits_draft(self._draft_of("Boris"), "Something quite different.")
        self.box.user_sends_draft(self._draft_of("Maria"))
        self.box.add_mail("Sent", letter("to-anna", self.house.clock - timedelta(minutes=9), ME, ANNA))

    def somebody_new(self) -> None:
        """A history of several pages to search for, and a promise made on the telephone."""
        self.house.clock += timedelta(hours=1)
        self._person("Kim", KIM, language="en")
        with self.house.store.write() as conn:
            day = (self.house.clock + DAY).date()
            at = self.house.clock - timedelta(minutes=1)
            who = self.ids["Vera"]
            hand.log_contact(conn, self._rules(), who, Form.CALL, at, next_step="send the paper", by=day)

    def flagged(self) -> None:
        """Two old letters are flagged, one of somebody known and one of a stranger."""
        self.house.clock += timedelta(hours=1)
        self.box.set_flag(self.handles["kim1"], "kith-reply")
        stranger = self.box.add_mail("INBOX", letter("stranger", NOW - 8 * DAY, STRANGER))
        self.box.set_flag(stranger, "kith-reply")

    def plans_change(self) -> None:
        """A meeting is called off, one added; a card is changed, one deleted, one becomes somebody who matters."""
        self.house.clock += timedelta(hours=1)
        dav = self.dav
        dav.change_event(self.handles["off"], meeting("off", NOW - 3 * DAY, VERA, "STATUS:CANCELLED", "SEQUENCE:1"))
        self.handles["ahead"] = dav.add_event(meeting("ahead", NOW + 9 * DAY, "card3@example.net"))
        dav.change_card(self.handles["card1"], card("uid-1", "Card One", "card1@example.net"))
        dav.delete_card(self.handles["card2"])
        self.box.add_mail("INBOX", letter("cancelled", self.house.clock - timedelta(hours=1), VERA))

    def renumbered(self) -> None:
        """The mailbox is renumbered; so many new addresses that the folders are read anew; an event disappears."""
        self.house.clock += timedelta(hours=1)
        self._person("Many", *(f"many{n}@example.net" for n in range(21)), language="en")
        self.box.add_mail("Archive", letter("many", NOW - 9 * DAY, ME, "many7@example.net"))
        self.dav.delete_event(self.handles["ahead"])
        with self.house.store.read() as conn:
            streams = [r for r in cursors.rows(conn) if r.kind == "mail"]
            place = next((r for r in streams if "INBOX" in r.stream.label.upper()), streams[0])
        moved = self.box.expire_mail_cursor(place.stream.name, place.position)
        if moved != place.position:
            with self.house.store.write() as conn:
                cursors.put(conn, place.account, "mail", place.stream, moved)

    def days_pass(self) -> None:
        """Reminders pass unanswered and are moved; the window moves; somebody is met."""
        self.house.clock = NOW + 5 * DAY
        self.dav.add_event(meeting("met-card", self.house.clock - DAY, "card3@example.net"))
        with self.house.store.write() as conn:
            them = book.find(conn, "card3@example.net")
            book.edit(conn, self._rules(), them, book.Change(circles=("partner",), fields={"language": "en"}))

    def silence(self) -> None:
        """What was moved passes again and lapses; somebody is paused, and what stands for them goes."""
        self.house.clock += 4 * DAY
        self._overdue("Uma")
        with self.house.store.write() as conn:
            book.pause(conn, book.find(conn, "card3@example.net"), None)

    def goodbye(self) -> None:
        """Somebody is forgotten, with what stands for them."""
        self.house.clock += timedelta(hours=1)
        with self.house.store.write() as conn:
            forget(conn, self.ids["Uma"], SECRET, self.house.clock, list(self.house.rigs))


LIVE = ("written", "edited", "moved")
