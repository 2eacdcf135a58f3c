"""The product on a made-up disk: a store, a local account, the importers and the reading half of a cycle."""

from __future__ import annotations

import shutil
import signal
import time
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import select

from daemon import wiring
from daemon.config.settings import AccountSettings, Settings
from daemon.config.shipped import shipped_folder
from daemon.core.model import Account, Broken, Card, EventPage, Interest, MailPage, Stream, Window
from daemon.core.policy import Me
from daemon.service.cycle import alone
from daemon.service.deps import AccountReport, Deps
from daemon.service.importing import Batch, import_batches
from daemon.service.ingest import Ingest
from daemon.service.judging import Rules
from daemon.service.render import Renderer
from daemon.store.engine import Store
from daemon.store.tables import metadata

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ACCOUNT = "corpus"
SECRET = b"0" * 32
ASIDE = frozenset({"cursor", "health", "lease", "meta"})
"""Tables that hold places, health and whose turn it is: no facts."""
PATIENCE = 60
"""Seconds after which a file is given up on."""


class GivenUp(BaseException):
    """One file took longer than anybody waits. No `Exception`: the product is not to swallow it."""


def _give_up(number: int, frame: FrameType | None) -> None:
    raise GivenUp


@dataclass
class Clockwork:
    """The processor's time each page took from being asked for to being committed."""

    spent: list[float] = field(default_factory=list)
    _since: float = 0.0

    def begin(self) -> None:
        """The next page is asked for."""
        signal.alarm(PATIENCE)
        self._since = time.process_time()

    def committed(self) -> None:
        """The last page is in the store."""
        signal.alarm(0)
        self.spent.append(time.process_time() - self._since)


class Watched:
    """A source that tells how long its pages take; it adds and hides nothing."""

    def __init__(self, source: Any, clock: Clockwork) -> None:
        self._source = source
        self._clock = clock

    def streams(self) -> Sequence[Stream]:
        found: Sequence[Stream] = self._source.streams()
        return found

    def pages(self, *args: Any) -> Iterator[MailPage | EventPage]:
        self._clock.begin()
        for page in self._source.pages(*args):
            yield page  # comes back when the page is committed
            self._clock.committed()
            self._clock.begin()
        signal.alarm(0)

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        yield from self._source.search(stream, addresses, progress, interest)

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        found: frozenset[str] = self._source.gone(stream, item_ids)
        return found

    def busy(self, window: Window) -> Sequence[Window]:
        found: Sequence[Window] = self._source.busy(window)
        return found


class Installation:
    """One person's store and one account on the own disk."""

    def __init__(
        self, folder: Path, template: Path, me: Collection[str] = ("petra@example.org",), **places: Path
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(template, folder / "kith.db")
        self.store = Store(f"sqlite:///{folder / 'kith.db'}")
        self.now = NOW
        account = Account(ACCOUNT, "local", options={name: str(path) for name, path in places.items()})
        self.settings = Settings(
            path=folder / "config.toml",
            state=folder,
            store_url=self.store.url,
            me=Me("Петра Ильина", tuple(sorted(me))),
            accounts=(AccountSettings(account),),
        )
        self.clock = Clockwork()

    def know(self, people: Mapping[str, str]) -> None:
        """Import these people (address -> name) as any address book is imported."""
        cards = [Card(f"corpus-{address}", name=name, addresses=(address,)) for address, name in sorted(people.items())]
        self.take([Batch("corpus", cards)])

    def take(self, batches: Sequence[Batch]) -> list[Broken]:
        """The import command's own way into the store; what of it was broken."""
        with self.store.write() as conn:
            rules = Rules(self.settings.policies, self.now)
            return import_batches(conn, rules, batches, secret=SECRET, me=self.settings.me.addresses).broken

    def read(self) -> AccountReport:
        """The reading half of one cycle, under its lease; what it raises is a crash, what it reports a failure."""
        connections = wiring.connect(self.settings, lambda: self.now)
        found = connections[ACCOUNT]
        watched = replace(
            found,
            mail=Watched(found.mail, self.clock) if found.mail else None,  # type: ignore[arg-type]
            calendar=Watched(found.calendar, self.clock) if found.calendar else None,  # type: ignore[arg-type]
        )
        deps = Deps(
            settings=self.settings,
            store=self.store,
            connections={ACCOUNT: watched},
            key_secret=SECRET,
            now=lambda: self.now,
            renderer=Renderer(shipped_folder("templates")),
        )
        report = AccountReport()
        try:
            with alone(deps) as fence:
                Ingest(deps, ACCOUNT, watched, fence, report).run()
        finally:
            found.close()
        return report

    def rows(self, name: str) -> list[Any]:
        """The rows of one table."""
        with self.store.read() as conn:
            return list(conn.execute(select(metadata.tables[name])))

    def facts(self, *without: str) -> dict[str, int]:
        """How many rows each table of facts has, where any."""
        counts = {t.name: len(self.rows(t.name)) for t in metadata.sorted_tables if t.name not in {*ASIDE, *without}}
        return {name: count for name, count in counts.items() if count}

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()


@contextmanager
def patience() -> Iterator[None]:
    """Within, a file that takes for ever ends as `GivenUp`."""
    before = signal.signal(signal.SIGALRM, _give_up)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives and the processor's time it took."""
    signal.alarm(PATIENCE)
    since = time.process_time()
    try:
        return work(), time.process_time() - since
    finally:
        signal.alarm(0)


def told(error: BaseException) -> str:
    """An error as one line: what, and where in our code."""
    frames = [
        f for f in traceback.extract_tb(error.__traceback__) if "/daemon/" in f.filename or "/connectors/" in f.filename
    ]
    where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def template(folder: Path) -> Path:
    """A new, migrated store to be copied."""
    path = folder / "template.db"
    made = Store(f"sqlite:///{path}")
    made.upgrade()
    made.close()
    return path
