"""Every step of a life is died at once, and the world must come out as if nobody had died."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

import connectors
import daemon
from daemon.core.refreshing import words_of
from daemon.core.wants import DRAFT
from daemon.service.cycle import run_cycle
from daemon.store.engine import Store
from daemon.store.tables import lease, ledger, metadata, outbox
from tests.contract.rig import Kept, Rig
from tests.contract.rig_memory import MemoryBackend
from tests.contract.rigs import RIGS
from tests.contract.samples import description_of, message_id
from tests.crash.life import LIVE, Life
from tests.crash.points import Points
from tests.service.house import ASIDE, House
from tests.support.folders import copy_tree

Choice = Callable[[int, list[str]], Sequence[int]]
"""Of a phase (from 0) and the names of its steps, the numbers of those to die at."""

ROUNDS = 6
"""So many rounds at one time of day a life may take to come to rest."""

LEFT = ("done", "lapsed")
"""Reminders in these states are left standing in the calendar, as the user's own record."""

DIFFERS = {
    ("ledger", "remote_id"),
    ("ledger", "version"),
}
"""Columns that name things at the server: whoever made the item in the end decides about them."""


@dataclass
class Told:
    """What a process that was started told before it ended. ``by`` is the signal that ended it, 0 for none."""

    by: int
    names: list[str] = field(default_factory=list)
    error: str = ""


@dataclass
class Outcome:
    """A phase's figures: what happened, its steps, those died at, and what came out differently."""

    name: str
    points: list[str] = field(default_factory=list)
    killed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    half: Counter[str] = field(default_factory=Counter)  # deaths at which the server knew what the store did not


class Lab:
    """One house, whose daemon is started, killed and started again; every round is a process of its own."""

    def __init__(self, folder: Path, rigs: dict[str, Rig]) -> None:
        self.folder = folder / "house"
        self.folder.mkdir(exist_ok=True)
        store = Store(f"sqlite:///{self.folder / 'kith.db'}")
        _warm(store, folder / "warm")
        store.upgrade()
        self.house = House(store, self.folder, rigs)
        self.box, self.dav = next(iter(rigs.values())), list(rigs.values())[-1]
        self.saved = folder / "saved"

    # -- processes

    def run(self, kill_at: int | None = None, *, quiet: bool = False) -> Told:
        """Rounds until nothing changes, in a new process. ``quiet``: name the steps of the last, idle one, too."""
        self.house.store.close()
        out, into = os.pipe()
        child = os.fork()
        if not child:
            gc.disable()  # it would touch, and so copy, every page of the parent's
            os.close(out)
            _live(self.house, into, kill_at, quiet=quiet)
        os.close(into)
        with os.fdopen(out, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(child, 0)
        told = Told(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
        if said:
            told.names, told.error = json.loads(said)
        return told

    def release(self) -> None:
        """The dead process's lease runs out. (The clock stands still, so that outcomes can be compared.)"""
        with self.house.store.write() as conn:
            conn.execute(update(lease).where(lease.c.holder != "").values(expires_at=self.house.clock))

    # -- the world

    def save(self) -> None:
        """Keep the world as it is."""
        self.house.store.close()
        copy_tree(self.folder, self.saved / "house")
        for account, rig in self.house.rigs.items():
            if isinstance(rig, Kept):
                rig.save(self.saved / account)

    def restore(self) -> None:
        """The world as it was kept."""
        self.house.store.close()
        copy_tree(self.saved / "house", self.folder)
        for account, rig in self.house.rigs.items():
            if isinstance(rig, Kept):
                rig.restore(self.saved / account)

    def seen(self) -> dict[str, list[Any]]:
        """Everything that must not depend on who died when."""
        found = facts(self.house.store)
        found["drafts"] = sorted(self.box.drafts())
        found["trash"] = sorted(self.box.trashed())
        found["reminders"] = sorted((e.uid, e.raw) for e in self.dav.reminders())
        found["other mail"] = _others(self.box.mailbox())
        found["events and cards"] = [self.dav.belongings()]
        self.house.store.close()
        return found

    def half(self) -> str:
        """A write the server has and the store does not know of, "" where there is none."""
        with self.house.store.read() as conn:
            intents = conn.execute(select(outbox.c.verb, outbox.c.args, ledger).join(ledger)).all()
        drafts = {message_id(raw) for raw in self.box.drafts()}
        events = {e.uid: e.start for e in self.dav.reminders()}
        said = {e.uid: words_of(e.summary, description_of(e.raw)) for e in self.dav.reminders()}
        self.house.store.close()
        for row in intents:
            there = row.message_id in drafts if row.kind == DRAFT else row.uid in events
            place, words = row.args.get("start"), row.args.get("words")
            moved = row.verb == "update" and place and events.get(row.uid) == datetime.fromisoformat(place)
            if row.verb == "update" and words and said.get(row.uid) == words:
                return f"refresh {row.kind}"
            if (row.verb == "create" and there) or moved or (row.verb == "withdraw" and not there):
                return f"{row.verb} {row.kind}"
        return ""

    def twice(self) -> list[str]:
        """What stands other than exactly once for its key, or stands for a key that is closed."""
        drafts = Counter(message_id(raw) for raw in self.box.drafts())
        events = Counter(e.uid for e in self.dav.reminders())
        out = []
        for row in self.house.ledger():
            number = drafts[row.message_id] if row.kind == DRAFT else events[row.uid]
            if number != (row.state in LIVE) and not (number == 1 and row.state in LEFT):
                out.append(f"{number} of {row.kind} {row.purpose}, {row.state}")
        self.house.store.close()
        return out


def _others(mailbox: Any) -> list[Any]:
    """The folders that are none of our business."""
    if isinstance(mailbox, dict):
        return [(name, held) for name, held in sorted(mailbox.items()) if name not in ("Drafts", "Trash")]
    # The times of folders tell only when a flag was taken off, which is the same file under another name.
    kept = (entry for entry in mailbox if "/.Drafts" not in entry[0] and "/.Trash" not in entry[0])
    return [entry for entry in kept if not Path(entry[0]).is_dir()]


def _warm(store: Store, folder: Path) -> None:
    """Live once in this process, without a death: those forked from it have every module and statement at hand."""
    for package in (daemon, connectors):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in module.name and "migrations" not in module.name:
                importlib.import_module(module.name)
    store.upgrade()
    folder.mkdir(parents=True)
    with MemoryBackend().rig(folder) as rig:
        house = House(store, folder, {"memory": rig})
        for phase in Life(house).phases:
            phase()
            run_cycle(house.deps())
    store.close()
    for file in Path(store.url.removeprefix("sqlite:///")).parent.glob("kith.db*"):
        file.unlink()
    gc.collect()
    gc.freeze()


def _live(house: House, into: int, kill_at: int | None, *, quiet: bool) -> None:
    """The child: never returns."""
    error = ""

    def tell(name: str) -> None:
        os.write(into, json.dumps(([name], "")).encode())

    points = Points(kill_at, tell)
    try:
        points.install()
        deps = house.deps()
        deps.connections = {name: points.watch(rig.fresh_connection()) for name, rig in house.rigs.items()}
        deps.holder = f"process-{os.getpid()}"
        for _ in range(ROUNDS):
            before, passed = facts(house.store), len(points.names)
            report = run_cycle(deps)
            if report.failed:
                error = f"{report.errors} {report.accounts}"
            if facts(house.store) == before and not report.done:
                if passed and not quiet:  # a round that only looks is not died through every time
                    del points.names[passed:]
                break
        else:
            error = "it does not come to rest"
    except BaseException:
        error = traceback.format_exc()
    with os.fdopen(into, "w") as pipe:
        json.dump((points.names, error), pipe)
    os._exit(0)


# -- what is compared ---------------------------------------------------------------------------------


def facts(store: Store) -> dict[str, list[Any]]:
    """All tables but places and health, with row numbers replaced by what they stand for."""
    with store.read() as conn:
        rows = {t.name: list(conn.execute(select(t)).mappings()) for t in metadata.sorted_tables if t.name not in ASIDE}
    people = {r["id"]: r["uid"] for r in rows["contact"]}
    seen = {r["id"]: (r["account"], r["identity"]) for r in rows["evidence"]}
    named = {"contact_id": people, "assigned_to": people, "evidence_id": seen}
    out = {}
    for table, found in rows.items():
        out[table] = sorted(
            (
                [
                    (column, named[column].get(value, value) if column in named else value)
                    for column, value in row.items()
                    if column != "id" and (table, column) not in DIFFERS
                ]
                for row in found
            ),
            key=repr,
        )
    return out


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """What is in one and not in the other, in short."""
    out = []
    for name in a:
        if a[name] != b[name]:
            missing = [x for x in a[name] if x not in b[name]]
            extra = [x for x in b[name] if x not in a[name]]
            out.append(f"{name}: missing {missing!r} extra {extra!r}"[:3000])
    return out


# -- the matrix ---------------------------------------------------------------------------------------


def matrix(lab: Lab, choose: Choice) -> Iterator[Outcome]:
    """Phase by phase: once uninterrupted, then killed at each of the steps ``choose`` picks (numbers from 1)."""
    for number, phase in enumerate(Life(lab.house).phases):
        phase()
        lab.save()
        lab.restore()
        whole = lab.run(quiet=number == 0)
        assert not whole.error, whole.error
        wanted = lab.seen()
        outcome = Outcome(phase.__name__, whole.names, wrong=[f"{phase.__name__}: {t}" for t in lab.twice()])
        for point in choose(number, whole.names):
            lab.restore()
            _die_once(lab, point, f"{phase.__name__} {point}:", wanted, outcome)
        if outcome.wrong:  # else the life goes on from where the last death left it
            lab.restore()
            lab.run()
        yield outcome


def _die_once(lab: Lab, point: int, name: str, wanted: dict[str, list[Any]], outcome: Outcome) -> None:
    step = outcome.points[point - 1]
    dead = lab.run(point)
    if dead.by != signal.SIGKILL or dead.names != [step]:
        outcome.wrong.append(f"{name} not killed at {step}: {dead}")
        return
    outcome.killed.append(step)
    if step.startswith(("applied", "answered")) and (half := lab.half()):
        outcome.half[half] += 1
    lab.release()
    again = lab.run()
    wrong = [again.error] if again.error else differences(wanted, lab.seen()) + lab.twice()
    outcome.wrong += [f"{name} {step}: {w}" for w in wrong]


@contextmanager
def laboratory(accounts: Sequence[tuple[str, str]]) -> Iterator[Lab]:
    """A lab on these rigs, (account, rig) each."""
    # In memory where that is possible: a killed process loses nothing it gave to the system, and waits for no disk.
    memory = Path("/dev/shm")
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="kith-", dir=memory if memory.is_dir() else None))
        )
        rigs: dict[str, Rig] = {}
        for account, rig in accounts:
            module = importlib.import_module(RIGS[rig].module)
            server = stack.enter_context(module.open_server(folder / f"server-{account}"))
            place = folder / "house" / account
            place.mkdir(parents=True)
            rigs[account] = stack.enter_context(server.rig(place))
        yield Lab(folder, rigs)


def whole_matrix(accounts: Sequence[tuple[str, str]], workers: int) -> list[Outcome]:
    """Every step died at: the phases' outcomes, the steps shared out among processes, each with servers of its own."""
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        shares = [pool.submit(_share, accounts, n, workers) for n in range(workers)]
        parts = [share.result() for share in shares]
    for part in parts[1:]:
        for one, other in zip(parts[0], part, strict=True):
            if one.points != other.points:
                one.wrong.append("two undisturbed lives took other steps")
            one.killed += other.killed
            one.wrong += other.wrong
            one.half += other.half
    return parts[0]


def _share(accounts: Sequence[tuple[str, str]], number: int, workers: int) -> list[Outcome]:
    try:
        with laboratory(accounts) as lab:
            return list(matrix(lab, lambda phase, names: range(1 + number, len(names) + 1, workers)))
    except Exception as e:  # not every error of ours can be sent from process to process
        raise RuntimeError("".join(traceback.format_exception(e))) from None
