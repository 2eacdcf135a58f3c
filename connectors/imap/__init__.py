"""IMAP4rev1 accounts (RFC 3501), read and given drafts through imapclient. There is no way to send."""

from __future__ import annotations

from collections.abc import Sequence

from daemon.core.model import Account
from daemon.core.ports import Connection, Surroundings


def connect(account: Account, around: Surroundings, *, page: int | None = None) -> Connection:
    """The account as an object; nothing is sent before it is used.

    Args:
        account: its options as `options.OPTIONS` describes them.
        around: secrets: ``password``, or ``token`` with ``auth = "xoauth2"``.
        page: how many messages make a page; only tests say.
    """
    from connectors.imap.check import check
    from connectors.imap.drafts import Drafts
    from connectors.imap.options import Settings
    from connectors.imap.session import Sessions
    from connectors.imap.source import PAGE, Source

    settings = Settings.of(account)
    sessions = Sessions(settings, around.secrets, around.before_write)

    def checked() -> Sequence[str]:
        return check(sessions)

    mail = Source(sessions, page or PAGE)
    return Connection(
        account=account,
        mail=mail,
        texts=mail,
        drafts=Drafts(sessions),
        check=checked,
        close=sessions.close,
    )
