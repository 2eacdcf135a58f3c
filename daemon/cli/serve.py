"""What `kith run` puts together: the loop, with a configuration that can be read anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress

from daemon.cli import logs
from daemon.cli.context import Ctx
from daemon.config.settings import Settings
from daemon.core.ports import Connection
from daemon.service import ailing
from daemon.service.cycle import run_cycle
from daemon.service.deps import CycleReport
from daemon.service.loop import Service
from daemon.service.notify import Notifier
from daemon.service.signals import HardStop
from daemon.store.engine import Store
from daemon.wiring import connect, load_settings, opened


def serve(kith: Ctx) -> int:
    """Run the service until it is asked to stop; 0.

    Raises:
        KithError: the configuration or the store cannot be used: then it does not even start.
    """
    settings = kith.settings
    logs.set_up(settings.log_level)
    logs.warn(settings)
    _store(settings).close()

    def cycle(settings: Settings, should_stop: Callable[[], bool]) -> CycleReport:
        with opened(settings, kith.now, should_stop=should_stop) as deps:
            if service.watchers is not None:
                for name, error in service.watchers.refused().items():
                    with deps.store.write() as conn:
                        ailing.note(conn, deps, name, "mail", error)
            return run_cycle(deps)

    def reload() -> Settings:
        fresh = load_settings(settings.path)
        _store(fresh).close()
        logs.set_up(fresh.log_level)
        logs.warn(fresh)
        return fresh

    def open_account(name: str) -> Connection:
        return connect(service.settings, kith.now, only=name)[name]

    service = Service(settings, cycle, reload, Notifier(os.environ), open_account=open_account)
    with suppress(HardStop):  # it came a moment too late to break off anything
        service.run()
    return 0


def _store(settings: Settings) -> Store:
    store = Store(settings.store_url)
    store.upgrade()
    return store
