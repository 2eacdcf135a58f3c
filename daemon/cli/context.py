"""What the commands share: configuration and store, opened when first asked for, the clock and the user's zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from daemon.config.settings import Settings
    from daemon.service.discovery import Network
    from daemon.store.engine import Store


def default_config_path(environment: Mapping[str, str]) -> Path:
    """Where the configuration is looked for: `$KITH_CONFIG`, else the XDG place."""
    if named := environment.get("KITH_CONFIG"):
        return Path(named)
    base = environment.get("XDG_CONFIG_HOME", "")
    # The XDG specification says to ignore a relative path here.
    folder = Path(base) if base.startswith("/") else Path.home() / ".config"
    return folder / "kithd" / "config.toml"


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Ctx:
    """One call of `kith`. A test brings its own clock and network: ``Ctx(path, clock=lambda: moment)``."""

    def __init__(
        self, path: Path | None = None, *, clock: Callable[[], datetime] = utc_now, network: Network | None = None
    ) -> None:
        self.path = path
        self.clock = clock
        self.network = network  # what `kith init` finds servers by; None: the real one

    def now(self) -> datetime:
        """This moment, UTC."""
        return self.clock()

    def today(self) -> date:
        """The user's own day at this moment."""
        return self.now().astimezone(self.zone).date()

    @cached_property
    def settings(self) -> Settings:
        """The configuration.

        Raises:
            UserMistake: there is none, or it has mistakes (all of them named).
        """
        from daemon.wiring import load_settings

        assert self.path is not None  # noqa: S101 - the group's callback sets it before any command runs
        return load_settings(self.path)

    @cached_property
    def store(self) -> Store:
        """The store, of this version's schema.

        Raises:
            UserMistake: there is none yet, or it is of another version.
        """
        from daemon.store.engine import Store

        store = Store(self.settings.store_url)
        store.require_current()
        return store

    @cached_property
    def store_upgraded(self) -> Store:
        """The store, made or brought up to this version's schema where needed (for commands that may write)."""
        from daemon.store.engine import Store

        store = Store(self.settings.store_url)
        store.upgrade()
        return store

    @cached_property
    def zone(self) -> tzinfo:
        """The user's own time zone."""
        from zoneinfo import ZoneInfo

        return ZoneInfo(self.settings.hours.zone)

    def close(self) -> None:
        """Let go of what was opened."""
        for name in ("store", "store_upgraded"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()


pass_ctx = click.make_pass_decorator(Ctx)
