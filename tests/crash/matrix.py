"""Every step of a life is died at once, and the world must come out as if nobody had died."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

import connectors
import daemon
from daemon.service.cycle import run_cycle
from daemon.store.engine import Store
from daemon.store.tables import lease, metadata
from tests.contract.rig import Rig
from tests.contract.rig_memory import MemoryRig
from tests.contract.rigs import RIGS
from tests.crash.keep import copy_tree
from tests.crash.life import Life
from tests.crash.points import Points
from tests.service.house import ASIDE, House

ROUNDS = 6
"""So many rounds at one time of day a life may take to come to rest."""

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
    """A phase's figures."""

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
        self.saved = folder / "saved"

    # -- processes

    def run(self, kill_at: int | None = None) -> Told:
        """Rounds until nothing changes, in a new process."""
        self.house.store.close()
        out, into = os.pipe()
        child = os.fork()
        if not child:
            os.close(out)
            _live(self.house, into, kill_at)
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
        copy_tree(self.folder, self.saved)

    def restore(self) -> None:
        self.house.store.close()
        copy_tree(self.saved, self.folder)

    def seen(self) -> dict[str, Any]:
        """Everything that must not depend on who died when."""
        found: dict[str, Any] = facts(self.house.store)
        first, last = (list(self.house.rigs.values())[i] for i in (0, -1))
        found["drafts"] = sorted(first.drafts())
        found["trash"] = sorted(first.trashed())
        found["reminders"] = sorted((e.uid, e.raw) for e in last.reminders())
        self.house.store.close()
        return found


def _warm(store: Store, folder: Path) -> None:
    """Live once in this process, without a death: those forked from it have every module and statement at hand."""
    for package in (daemon, connectors):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "__main__" not in module.name and "migrations" not in module.name:
                importlib.import_module(module.name)
    store.upgrade()
    folder.mkdir(parents=True)
    house = House(store, folder, {"memory": MemoryRig("warm", folder)})
    for phase in Life(house).phases:
        phase()
        run_cycle(house.deps())
    store.close()
    for file in Path(store.url.removeprefix("sqlite:///")).parent.glob("kith.db*"):
        file.unlink()


def _live(house: House, into: int, kill_at: int | None) -> None:
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
            before = facts(house.store)
            report = run_cycle(deps)
            if report.failed:
                error = f"{report.errors} {report.accounts}"
            if facts(house.store) == before and not report.done:
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


def matrix(lab: Lab, choose: Callable[[int, list[str]], Sequence[int]]) -> Iterator[Outcome]:
    """Phase by phase: once uninterrupted, then killed at each of the steps ``choose`` picks (numbers from 1)."""
    life = Life(lab.house)
    for number, phase in enumerate(life.phases):
        phase()
        lab.save()
        whole = lab.run()
        assert not whole.error, whole.error
        outcome = Outcome(points=whole.names)
        wanted = lab.seen()
        end = lab.saved.with_name("end")
        copy_tree(lab.folder, end)
        for point in choose(number, whole.names):
            lab.restore()
            dead = lab.run(point)
            name = f"{number + 1}/{point} {whole.names[point - 1]}"
            if dead.by != signal.SIGKILL or dead.names != [whole.names[point - 1]]:
                outcome.wrong.append(f"{name}: not killed there ({dead})")
                continue
            outcome.killed.append(name)
            lab.release()
            again = lab.run()
            if again.error:
                outcome.wrong.append(f"{name}: {again.error}")
            outcome.wrong += [f"{name}: {d}" for d in differences(wanted, lab.seen())]
        copy_tree(end, lab.folder)
        yield outcome


@contextmanager
def laboratory(folder: Path, accounts: Sequence[tuple[str, str]]) -> Iterator[Lab]:
    """A lab on these rigs, (account, rig) each."""
    with ExitStack() as stack:
        rigs: dict[str, Rig] = {}
        for account, rig in accounts:
            module = importlib.import_module(RIGS[rig].module)
            server = stack.enter_context(module.open_server(folder / f"server-{account}"))
            place = folder / "house" / account
            place.mkdir(parents=True)
            rigs[account] = stack.enter_context(server.rig(place))
        yield Lab(folder, rigs)
