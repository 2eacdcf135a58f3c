"""Gmail, Google Calendar and Google Contacts, over google-api-python-client with its bundled discovery documents.

There is no way to send: no method that does is ever named here, and nobody is invited.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from daemon.core.model import Account
from daemon.core.ports import Connection, Surroundings

__all__ = ["connect"]


def connect(account: Account, around: Surroundings, *, page: int | None = None) -> Connection:
    """The account as an object; the network is touched only when it is used.

    Args:
        account: its options as `options.OPTIONS` describes them.
        around: secrets: ``token``, put there by `Connection.login`.
        page: how many items make a page; only tests say.

    Raises:
        UserMistake: the client's file is missing, or an option makes no sense.
    """
    # here and not above: Google's libraries take a quarter of a second, and `kith status` needs none of them
    from connectors.google.check import check
    from connectors.google.login import sign_in
    from connectors.google.options import Settings
    from connectors.google.session import Session

    settings = Settings.of(account)
    session = Session(settings, around)
    parts: list[Callable[[], Sequence[str]]] = []

    return Connection(
        account=account,
        check=lambda: check(session, parts),
        login=None if session.auth.service else lambda ui: sign_in(session, ui),
        close=session.close,
    )
