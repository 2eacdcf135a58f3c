"""The service: a cycle every few minutes, on the main thread, until it is asked to stop.

`schedule` works on naive local time: the process is kept in UTC, and when the wall clock jumps against the monotonic
one (set by hand, suspend) the schedule is made anew, so that neither a storm nor a hole comes of it. An exception in
a job would end `schedule`'s loop: every job is guarded.
"""

from __future__ import annotations

import logging
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import schedule

from daemon.config.settings import Settings
from daemon.core.errors import KithError, TryLater
from daemon.service.deps import CycleReport
from daemon.service.guardian import Guardian
from daemon.service.notify import Notifier
from daemon.service.signals import Doorbell, HardStop, Wishes, handled
from daemon.service.watching import Open, Watchers

log = logging.getLogger(__name__)

LONGEST_WAIT = 600.0
"""Seconds after which the clocks are compared at the latest."""

LULL = 60.0
"""Seconds between a round and one that a server's word brings about: mail comes in bursts."""

JUMP = 30.0
"""Seconds the wall clock may drift against the monotonic one between two looks (NTP slews far less)."""


class Cycle(Protocol):
    """One round, as `daemon.wiring` makes it."""

    def __call__(self, settings: Settings, should_stop: Callable[[], bool]) -> CycleReport:
        """Run it; ``should_stop`` is asked between pages and actions."""


@dataclass(frozen=True)
class Clocks:
    """The wall clock and the monotonic one, seconds."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


class Service:
    """The loop. ``reload`` reads the configuration anew and may raise `KithError`."""

    def __init__(
        self,
        settings: Settings,
        cycle: Cycle,
        reload: Callable[[], Settings],
        notifier: Notifier,
        *,
        clocks: Clocks | None = None,
        open_account: Open | None = None,
    ) -> None:
        self.settings = settings
        self._cycle = cycle
        self._reload = reload
        self._notifier = notifier
        self._clocks = clocks or Clocks()
        self.bell = Doorbell()
        self.wishes = Wishes(self.bell)
        self._guardian = Guardian(notifier, lambda: self.wishes.stopping, clock=self._clocks.monotonic)
        self._scheduler = schedule.Scheduler()
        self._last_trouble = ""
        self._offset = 0.0
        self._last_round = -LULL
        self.watchers = Watchers(open_account, self.bell.ring) if open_account else None

    def run(self) -> None:
        """Work until asked to stop. Says READY first: a first scan may take long, and the service is up meanwhile."""
        in_utc()
        self.wishes.bells.append(self._guardian.bell)
        with handled(self.wishes):
            try:
                with self._guardian:
                    self._notifier.ready("Started.")
                    self._plan_jobs()
                    self.cycle_job()
                    while not self.wishes.stopping:
                        self.turn()
            except HardStop:
                log.warning("stopped while waiting for a server; the next start looks before it writes")
            finally:
                self._notifier.stopping()
                if self.watchers is not None:
                    self.watchers.stop()

    def turn(self) -> None:
        """Wait for the next thing to do, and do it."""
        seconds = min(self._scheduler.idle_seconds or 0.0, LONGEST_WAIT)
        self._guardian.expect(seconds)
        self.bell.wait(seconds)
        self._guardian.expect()
        if self.wishes.stopping:
            return
        if self.wishes.take_reload():
            self._do_reload()
        elif self._clock_jumped():
            log.warning("the clock was set or the machine slept: the schedule is made anew")
            self._plan_jobs()
            self.cycle_job()
        else:
            if self.watchers is not None and self.watchers.news():
                self._woken()
            self._scheduler.run_pending()

    def cycle_job(self) -> None:
        """One cycle; whatever goes wrong in it is told and the loop goes on."""
        if self.wishes.stopping:
            return
        self._notifier.status("Working.")
        try:
            report = self._cycle(self.settings, self._should_stop)
            self._tell(report)
            self._listen(report)
        except KithError as e:
            self._trouble(str(e))
            if isinstance(e, TryLater) and e.after is not None:
                self._sooner(e.after)
        except Exception as e:
            # Not the text: it may quote a letter. The frames say where.
            frames = " < ".join(
                f"{os.path.basename(f.filename)}:{f.lineno}"  # noqa: PTH119 - a name out of a traceback, no path of ours
                for f in reversed(traceback.extract_tb(e.__traceback__))
            )
            self._trouble(f"A defect stopped this round ({type(e).__name__} at {frames}).")
        finally:
            self._last_round = self._clocks.monotonic()

    def _listen(self, report: CycleReport) -> None:
        """Listen to the accounts that want it and can be reached: their password has just been taken."""
        if self.watchers is None:
            return
        wanted = {a.account.name for a in self.settings.accounts if a.account.options.get("watch")}
        well = {name for name, each in report.accounts.items() if not each.errors and not each.left_out}
        self.watchers.follow(wanted & well)

    def _woken(self) -> None:
        """Something is new on a server that told so: a round now, or once the last one is a minute ago."""
        wait = self._last_round + LULL - self._clocks.monotonic()
        if wait <= 0:
            self.cycle_job()
        else:
            self._sooner(timedelta(seconds=wait))

    def _should_stop(self) -> bool:
        self._guardian.expect()
        return self.wishes.stopping

    def _tell(self, report: CycleReport) -> None:
        if report.again is not None:
            self._sooner(report.again)
        for name, account in report.accounts.items():
            if account.scanned or account.logged or account.quarantined:
                log.info(
                    "%s: %d read, %d logged, %d unreadable", name, account.scanned, account.logged, account.quarantined
                )
        troubles = report.troubles
        if report.done:
            log.info("%d reminders and drafts written or changed", len(report.done))
        if troubles:
            self._trouble(" ".join(troubles))
            return
        if self._last_trouble:
            log.info("all is well again")
        self._last_trouble = ""
        self._notifier.status(f"Last round at {datetime.now(UTC):%H:%M} UTC went well.")

    def _trouble(self, text: str) -> None:
        # Every quarter of an hour the same sentence would bury the log: it is told when it is new.
        if text != self._last_trouble:
            log.warning("%s", text)
        self._last_trouble = text
        self._notifier.status(text)

    def _do_reload(self) -> None:
        self._notifier.reloading()
        try:
            self.settings = self._reload()
        except KithError as e:
            log.error("the configuration was not changed: %s", e)
            self._notifier.ready("The new configuration has mistakes; the old one holds.")
            return
        log.info("the configuration was read anew")
        self._notifier.ready("Reloaded.")
        if self.watchers is not None:
            self.watchers.follow(())  # they begin anew after the round, as the new configuration says
        self._plan_jobs()
        self.cycle_job()

    def _plan_jobs(self) -> None:
        self._offset = self._clocks.wall() - self._clocks.monotonic()
        self._scheduler.clear()
        seconds = max(1, int(self.settings.every / timedelta(seconds=1)))
        self._scheduler.every(seconds).seconds.do(self.cycle_job)

    def _sooner(self, after: timedelta) -> None:
        """One more try before the next round is due: of two daemons the idle one sees soon when the other is gone."""

        def once_more() -> type[schedule.CancelJob]:
            self.cycle_job()
            return schedule.CancelJob

        self._scheduler.clear("sooner")
        if after < self.settings.every:
            self._scheduler.every(max(1, int(after.total_seconds()))).seconds.do(once_more).tag("sooner")

    def _clock_jumped(self) -> bool:
        return abs(self._clocks.wall() - self._clocks.monotonic() - self._offset) > JUMP


def in_utc() -> None:
    """Put the process into UTC: `schedule` reckons in local time, where days may have 23 or 25 hours."""
    os.environ["TZ"] = "UTC"
    time.tzset()
