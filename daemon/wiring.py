"""From the configuration to objects. The only importer of connectors: everybody above works with ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from connectors import registry
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.config.shipped import shipped_folder
from daemon.core.errors import KithError, UserMistake
from daemon.core.model import Account
from daemon.core.ports import Connection, Option, SecretStore, Surroundings

if TYPE_CHECKING:
    from daemon.service.deps import Deps
    from daemon.store.engine import Store


def kinds() -> list[str]:
    """The kinds of account a user can name."""
    return sorted(set(registry.KINDS) - registry.HIDDEN)


def options(kind: str) -> Sequence[Option] | None:
    """What an account of this kind can be told; None where there is no such kind."""
    return registry.options(kind) if kind in registry.KINDS else None


def load_settings(path: Path) -> Settings:
    """The configuration in a file, account options checked by their connectors.

    Raises:
        UserMistake: as `daemon.config.load.load`.
    """
    return load(path, options, kinds=kinds())


def secret_store(settings: Settings) -> SecretStore:
    """Where passwords come from and rotating tokens go to."""
    from daemon.service.secrets import FileSecrets

    refs = {a.account.name: a.secrets for a in settings.accounts}
    return FileSecrets(refs, settings.state)


def connect(
    settings: Settings,
    now: Callable[[], datetime],
    *,
    only: str = "",
    secrets: SecretStore | None = None,
    before_write: Callable[[], None] = lambda: None,
) -> dict[str, Connection]:
    """All accounts as objects, by name; nothing is sent before one is used.

    An account that cannot even be made (its library is not installed) says so when it is used: the others go on.

    Raises:
        UserMistake: ``only`` names no account.
    """
    names = [a.account.name for a in settings.accounts]
    if only and only not in names:
        raise UserMistake(f"There is no account {only!r}; there are {', '.join(names)}.")
    secrets = secrets or secret_store(settings)
    found = {}
    for each in settings.accounts:
        name = each.account.name
        if only in ("", name):
            state = str(settings.state / "accounts" / name)
            found[name] = _open(each.account, Surroundings(secrets, state, now, before_write))
    return found


def _open(account: Account, around: Surroundings) -> Connection:
    try:
        return registry.connect(account, around)
    except KithError as e:
        broken = _Broken(e)
        return Connection(account=account, mail=broken, check=broken.streams, login=broken.streams)


class _Broken:
    """An account that cannot be made: each use raises the reason."""

    def __init__(self, error: KithError) -> None:
        self._error = error

    def streams(self, *_: object) -> NoReturn:
        raise self._error

    def pages(self, *_: object) -> Iterator[NoReturn]:
        raise self._error

    def search(self, *_: object) -> Iterator[NoReturn]:
        raise self._error

    def clear_ask(self, *_: object) -> NoReturn:
        raise self._error


@contextmanager
def opened(
    settings: Settings,
    now: Callable[[], datetime],
    *,
    store: Store | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    only: str = "",
) -> Iterator[Deps]:
    """Everything a cycle needs, let go of at the end.

    Args:
        store: one already open, which stays open; else the configured one, brought to this version's schema.
        only: read and write this account alone.

    Raises:
        UserMistake, NeedsUser, StoreBusy: the store or the key secret cannot be used.
    """
    from daemon.service import holder
    from daemon.service.deps import Deps, Permit, no_progress
    from daemon.service.render import Renderer
    from daemon.service.secrets import store_key_secret
    from daemon.store.engine import Store

    mine = store is None
    store = store or Store(settings.store_url)
    connections: Mapping[str, Connection] = {}
    try:
        if mine:
            store.upgrade()
        permit = Permit()
        connections = connect(settings, now, only=only, before_write=permit)
        yield Deps(
            settings=settings,
            store=store,
            connections=connections,
            key_secret=store_key_secret(store, settings.state),
            now=now,
            renderer=Renderer(shipped_folder("templates"), settings.templates),
            holder=holder.myself(),
            progress=progress or no_progress,
            should_stop=should_stop or (lambda: False),
            permit=permit,
        )
    finally:
        for connection in connections.values():
            connection.close()
        if mine:
            store.close()
