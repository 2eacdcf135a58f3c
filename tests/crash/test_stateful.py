"""A person's weeks at random over a server that fails, lies and half does what it was asked: the promises hold."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import delete, select, update

from connectors.memory import Fault
from connectors.memory.server import Collection
from daemon.core.errors import Conflict, OutcomeUnknown, TryLater, UserMistake
from daemon.core.model import FolderRole
from daemon.core.wants import DRAFT
from daemon.service import contacts as book
from daemon.service import hand
from daemon.service.cycle import run_cycle
from daemon.service.judging import Rules
from daemon.store import enablement, health, questions
from daemon.store.engine import Store
from daemon.store.tables import (
    backfill,
    contact,
    cursor,
    evidence,
    interaction,
    outbox,
    participant,
    quarantine,
    series,
    vanished,
)
from tests.contract.rig import ME
from tests.contract.rig_memory import MemoryBackend
from tests.contract.samples import NOW, STRANGER, card, message_id
from tests.crash.life import LIVE
from tests.crash.matrix import LEFT
from tests.crash.points import WRITING
from tests.service.house import House, letter, meeting

DAY = timedelta(days=1)
PEOPLE = [f"p{n}@example.net" for n in range(5)]
FORMS = ("mail", "meeting")
SCRATCH = (backfill, cursor, interaction, participant, evidence, quarantine, series, vanished)

who = st.sampled_from(PEOPLE)
days = st.integers(0, 8)
number = st.integers(0, 9)
QUICKLY = ("drafts.withdraw", "drafts.create", "drafts.look", "reminders.update", "reminders.withdraw")

_template: list[bytes] = []


def new_store(folder: Path) -> Store:
    """A store with all its tables, made once and copied."""
    path = folder / "kith.db"
    if not _template:
        made = Store(f"sqlite:///{path}")
        made.upgrade()
        made.close()
        _template.append(path.read_bytes())
    path.write_bytes(_template[0])
    return Store(f"sqlite:///{path}")


class _Slow:
    """A target whose writes may take longer than anybody waits: they are made when the round is over."""

    def __init__(self, weeks: Weeks, real: Any) -> None:
        self._weeks, self._real = weeks, real

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._real, name)
        if name not in WRITING or not self._weeks.slowly:
            return call

        def slow(*args: Any) -> Any:
            self._weeks.slowly -= 1
            self._weeks.slow.append(partial(call, *args))
            raise OutcomeUnknown("the server did not answer in time")

        return slow


class Weeks(RuleBasedStateMachine):
    """What the user, their contacts and the server do, in any order; `rest` lets the daemon come to rest and looks."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        memory = Path("/dev/shm")
        place = tempfile.TemporaryDirectory(prefix="kith-", dir=memory if memory.is_dir() else None)
        self.folder = Path(self.stack.enter_context(place))
        self.rig = self.stack.enter_context(MemoryBackend().rig(self.folder))
        self.server = self.rig.server
        self.house = House(new_store(self.folder), self.folder, {"home": self.rig})
        self.enabled = False
        self.people: dict[str, int] = {}
        self.events: list[tuple[str, str, str]] = []  # handle, uid, who
        self.deleted: set[str] = set()  # UIDs of events the user deleted
        self.edited: dict[str, bytes] = {}
        self.count = 0
        self.before: dict[tuple[str, str], tuple[Any, frozenset[str]]] = {}  # what was theirs when the round began
        self.slow: list[Callable[[], object]] = []  # writes under way
        self.slowly = 0  # so many writes to come are slow
        real = self.rig.connection()
        drafts, reminders = (cast(Any, _Slow(self, port)) for port in (real.drafts, real.reminders))
        self.rig._connection = replace(real, drafts=drafts, reminders=reminders)

    def teardown(self) -> None:
        if self.people:
            self.rest()
        self.house.store.close()
        self.stack.close()

    def _next(self) -> int:
        self.count += 1
        return self.count

    def _rules(self) -> Rules:
        return Rules(self.house.settings.policies, self.house.clock)

    # -- the world

    @initialize(observing=st.sampled_from([True, False, False, False]))
    def begins(self, observing: bool) -> None:
        """Somebody is overdue, somebody has their birthday, somebody was met yesterday."""
        self._person(PEOPLE[0])
        self.rig.add_mail("Sent", letter("old", NOW - 200 * DAY, ME, PEOPLE[0]))
        self._person(PEOPLE[1], f"1980-{NOW:%m-%d}")
        self._person(PEOPLE[2])
        self.meeting_made(PEOPLE[2], -1)
        if not observing:
            self.enable()
        self.cycle()

    def _person(self, address: str, birthday: str = "") -> None:
        self.people[address] = self.house.person(address.partition("@")[0], address, birthday=birthday, language="en")

    @rule(address=who, birthday=st.booleans())
    def somebody_new(self, address: str, birthday: bool) -> None:
        if address not in self.people:
            with suppress(UserMistake):  # a card may have brought them already
                self._person(address, f"1980-{self.house.clock + DAY:%m-%d}" if birthday else "")

    @rule(address=who, ago=days, folder=st.sampled_from(["INBOX", "Archive"]))
    def mail_comes(self, address: str, ago: int, folder: str) -> None:
        self.rig.add_mail(folder, letter(self._next(), self.house.clock - ago * DAY, address))

    @rule(address=who, ago=days, everyone=st.booleans())
    def user_writes(self, address: str, ago: int, everyone: bool) -> None:
        """To one person, or to all: then most reasons to write pass at once."""
        for one in self.people if everyone else (address,):
            self.rig.add_mail("Sent", letter(self._next(), self.house.clock - ago * DAY, ME, one))

    @rule()
    def noise_comes(self) -> None:
        self.rig.add_mail("INBOX", letter(self._next(), self.house.clock, STRANGER))
        self.rig.add_broken_mail("INBOX")

    @rule(address=who)
    def card_comes(self, address: str) -> None:
        self.rig.add_card(card(f"uid-{self._next()}", "Some Body", address))

    @rule(address=who, ahead=st.integers(-3, 5))
    def meeting_made(self, address: str, ahead: int) -> None:
        uid = f"m{self._next()}"
        self.events.append((self.rig.add_event(self._meeting(uid, address, ahead)), uid, address))

    @rule(which=number, ahead=st.integers(-3, 5), cancelled=st.booleans())
    def meeting_changed(self, which: int, ahead: int, cancelled: bool) -> None:
        if self.events:
            handle, uid, address = self.events[which % len(self.events)]
            extra = ("STATUS:CANCELLED",) if cancelled else ()
            self.rig.change_event(handle, self._meeting(uid, address, ahead, *extra))

    @rule(which=number)
    def meeting_deleted(self, which: int) -> None:
        if self.events:
            handle, uid, _ = self.events.pop(which % len(self.events))
            self.rig.delete_event(handle)
            self.deleted.add(uid)

    def _meeting(self, uid: str, address: str, ahead: int, *extra: str) -> bytes:
        return meeting(uid, self.house.clock + ahead * DAY, address, f"SEQUENCE:{self._next()}", *extra)

    @rule(hours=st.sampled_from([1, 5, 24, 72, 240]))
    def time_passes(self, hours: int) -> None:
        self.house.clock += timedelta(hours=hours)
        self.cycle()

    # -- the user

    @precondition(lambda self: not self.enabled)
    @rule()
    def enable(self) -> None:
        self.house.enable()
        self.enabled = True

    @rule(which=number, what=st.sampled_from(["drag", "tick", "delete", "retitle"]), ahead=days)
    def touch_reminder(self, which: int, what: str, ahead: int) -> None:
        shown = self.rig.reminders()
        if not shown:
            return
        one = shown[which % len(shown)]
        if what == "drag":
            self.rig.user_drags_event(one.uid, self.house.clock + ahead * DAY + timedelta(hours=1))
        elif what == "delete":
            self.rig.user_deletes_event(one.uid)
        else:
            self.rig.user_retitles_event(one.uid, "✓" if what == "tick" else "Ring them")

    @rule(which=number, what=st.sampled_from(["edit", "send", "delete", "trash"]))
    def touch_draft(self, which: int, what: str) -> None:
        drafts = self.rig.drafts()
        if not drafts:
            return
        name = message_id(drafts[which % len(drafts)])
        self.edited.pop(name, None)
        if what == "edit":
            self.rig.user_edits_draft(name, f"Something else, {self._next()}.")
            self.edited[name] = next(raw for raw in self.rig.drafts() if message_id(raw) == name)
        elif what == "send":
            self.rig.user_sends_draft(name)
        elif what == "delete":
            self.rig.user_deletes_draft(name)
        else:
            self.rig.user_trashes_draft(name)

    @rule(call=st.sampled_from(QUICKLY), which=number, what=st.sampled_from(["edit", "drag", "delete"]), ahead=days)
    def user_is_quicker(self, call: str, which: int, what: str, ahead: int) -> None:
        """The next call of this name comes just after the user has done something there."""

        def on_call(name: str) -> None:
            if name == call:
                self.server.on_call = lambda name: None
                self._nothing_of_theirs_is_touched()
                if call.startswith("drafts"):
                    self.touch_draft(which, "edit" if what == "drag" else what)
                else:
                    self.touch_reminder(which, "retitle" if what == "edit" else what, ahead)
                self.before = self._theirs()

        self.server.on_call = on_call

    @rule(address=who, what=st.sampled_from(["pause", "resume", "snooze", "skip"]))
    def say(self, address: str, what: str) -> None:
        if address not in self.people:
            return
        them, now = self.people[address], self.house.clock
        with suppress(UserMistake), self.house.store.write() as conn:
            if what == "pause":
                book.pause(conn, them, None)
            elif what == "resume":
                book.resume(conn, self._rules(), them)
            elif what == "snooze":
                hand.snooze(conn, them, now + 3 * DAY, now)
            else:
                hand.skip(conn, self.house.settings, them, now)

    # -- the server at its worst

    @rule(writes=st.lists(st.sampled_from([None, *Fault]), max_size=4))
    def writes_fail(self, writes: list[Fault | None]) -> None:
        self.server.faults.extend(writes)

    @rule(number=st.integers(1, 3))
    def writes_are_slow(self, number: int) -> None:
        self.slowly += number

    @rule(passes=st.integers(0, 12), fault=st.sampled_from([Fault.LOST_ANSWER, Fault.BUSY]))
    def reads_fail(self, passes: int, fault: Fault) -> None:
        self.server.read_faults.extend([None] * passes + [fault])

    @rule()
    def half_done(self) -> None:
        """The next draft to be withdrawn is copied to the trash, stays where it is, and no answer comes."""
        drafts, trash = self.server.folder(FolderRole.DRAFTS), self.server.folder(FolderRole.TRASH)

        def on_call(name: str) -> None:
            if name == "drafts.withdraw":
                self.server.on_call = lambda name: None
                ours = {r.message_id for r in self.house.ledger(kind=DRAFT, state="written")}
                for item in list(drafts.items.values()):
                    if isinstance(item.content, bytes) and message_id(item.content) in ours:
                        trash.add(item.content, flags=item.flags)
                raise OutcomeUnknown("the server did not answer")

        self.server.on_call = on_call

    @rule(what=st.sampled_from(["INBOX", "Archive", "Calendar", "Contacts", "kith"]))
    def renumbered(self, what: str) -> None:
        for shelf in (self.server.folders, self.server.calendars, self.server.books):
            if what in shelf:
                shelf[what].expire()

    @rule()
    def index_lags(self) -> None:
        self.server.lagging = {i for c in self._collections().values() for i in c.items}

    @rule(which=number)
    def listing_lies(self, which: int) -> None:
        """An event is left out of a full listing although it exists."""
        calendar = self.server.calendars["Calendar"]
        known = self._known()
        ids = [i for i in calendar.items if i in known]
        if ids:
            calendar.hidden = {ids[which % len(ids)]}
            calendar.expire()

    def _known(self) -> set[str]:
        with self.house.store.read() as conn:
            return {i.partition("#")[0] for i in conn.execute(select(evidence.c.item_id)).scalars()}

    # -- the daemon

    def _collections(self) -> dict[str, Collection[Any]]:
        return {**self.server.folders, **self.server.calendars, **self.server.books}

    def _theirs(self) -> dict[tuple[str, str], tuple[Any, frozenset[str]]]:
        """Everything on the server that we did not write, and what the user made of ours."""
        ours = {r.message_id for r in self.house.ledger()} - {""}
        mine = set(self.edited.values())
        return {
            (name, i.item_id): (i.content, i.flags)
            for name, c in self._collections().items()
            if name != "kith"
            for i in c.items.values()
            if i.content in mine or not (isinstance(i.content, bytes) and message_id(i.content) in ours)
        }

    @rule()
    def another_cycle(self) -> None:
        """Hypothesis leaves some rules out of each life, but seldom this and the next."""
        self.cycle()

    @rule()
    def cycle(self) -> None:
        """One round, whatever comes of it."""
        self._slow_writes_arrive()
        self.before = self._theirs()
        self.house.clock += timedelta(minutes=15)
        run_cycle(self.house.deps())
        self._nothing_of_theirs_is_touched()

    def _nothing_of_theirs_is_touched(self) -> None:
        after = self._theirs()
        assert {k: after.get(k) for k in self.before} == self.before, "something that is not ours was touched"

    @rule()
    def rest(self) -> None:
        """The server is itself again; rounds until nothing changes; then everything must be as it should."""
        self._mend()
        for _ in range(8):
            facts, written = self.house.facts(), self.server.written
            with self.house.store.write() as conn:  # no need to wait for the next try
                health.retry_now(conn)
                conn.execute(update(outbox).values(not_before=None))
                for question in questions.open_rows(conn):
                    hand.confirm(conn, self.house.settings, question.id, True, self.house.clock)
            report = run_cycle(self.house.deps())
            assert not report.failed, (report.errors, report.accounts)
            if (self.house.facts(), self.server.written) == (facts, written):
                assert not report.done
                break
        else:
            raise AssertionError("it does not come to rest")
        self._exactly_one()
        self._as_from_scratch()

    def _slow_writes_arrive(self) -> None:
        hook, self.server.on_call = self.server.on_call, lambda name: None
        for write in self.slow:
            with suppress(Conflict, TryLater):  # the user was quicker, or it never arrives
                write()
        self.slow.clear()
        self.server.on_call = hook

    def _mend(self) -> None:
        self.server.faults.clear()
        self.server.read_faults.clear()
        self.server.lagging = set()
        self.server.on_call = lambda name: None
        self.slowly = 0
        self._slow_writes_arrive()
        calendar = self.server.calendars["Calendar"]
        if calendar.hidden:
            calendar.hidden = set()
            calendar.expire()

    def _exactly_one(self) -> None:
        drafts = Counter(message_id(raw) for raw in self.rig.drafts())
        events = Counter(e.uid for e in self.rig.reminders())
        rows = self.house.ledger()
        for row in rows:
            there = drafts[row.message_id] if row.kind == DRAFT else events[row.uid]
            allowed = {1} if row.state in LIVE else {0, 1} if row.state in LEFT else {0}
            assert there in allowed, (there, row.kind, row.purpose, row.state)
            assert row.state != "pending"
        assert set(drafts) | set(events) <= {r.message_id for r in rows} | {r.uid for r in rows}, "nobody knows of it"
        for name, raw in self.edited.items():
            assert raw in self.rig.drafts(), f"the user's own {name}"

    def _as_from_scratch(self) -> None:
        """The same interactions as a store gathers that sees the mailbox for the first time."""
        self.house.store.close()
        folder = self.folder / "scratch"
        folder.mkdir(exist_ok=True)
        shutil.copy(self.folder / "kith.db", folder / "kith.db")
        scratch = House(Store(f"sqlite:///{folder / 'kith.db'}"), folder, {"home": self.rig})
        scratch.clock = self.house.clock
        with scratch.store.write() as conn:
            enablement.disable(conn, "home")
            for table in SCRATCH:
                conn.execute(delete(table))
        written = self.server.written
        report = run_cycle(scratch.deps())
        assert not report.failed, (report.errors, report.accounts)
        assert self.server.written == written, "a store that only observes has written"
        ours, anew = self._interactions(self.house), self._interactions(scratch)
        assert ours == anew, f"only ours: {ours - anew}, only from scratch: {anew - ours}"
        scratch.store.close()

    def _interactions(self, house: House) -> Counter[Any]:
        i, gone = interaction.c, self.deleted
        with house.store.read() as conn:
            uids = {r.identity: r.uid for r in conn.execute(select(evidence.c.identity, evidence.c.uid))}
            rows = conn.execute(
                select(contact.c.uid, i.identity, i.form, i.direction, i.at, i.counted, i.rule)
                .join(contact)
                .where(i.account != "", i.form.in_(FORMS), i.rule != "removed")  # that one keeps what was once there
            )
            return Counter(tuple(r) for r in rows if uids.get(r.identity) not in gone)

    @invariant()
    def observes(self) -> None:
        if not self.enabled:
            assert self.server.written == 0
            assert "kith" not in self.server.calendars


Weeks.TestCase.settings = settings(
    max_examples=int(os.environ.get("KITH_WEEKS", "15")),
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize="KITH_WEEKS" not in os.environ,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
TestWeeks = Weeks.TestCase
