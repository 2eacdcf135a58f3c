"""Exchange Server on premises by EWS, through exchangelib: mail, calendars, contacts, drafts and reminders.

There is no way to send: letters are saved, events invite nobody. Exchange Online wants the kind ``microsoft``.
"""

from __future__ import annotations

from daemon.core.model import Account
from daemon.core.ports import Connection, Surroundings

__all__ = ["connect"]


def connect(account: Account, around: Surroundings, *, page: int | None = None) -> Connection:
    """The account as an object; nothing is sent before it is used.

    Args:
        account: its options as `options.OPTIONS` describes them.
        around: secrets: ``password`` (with ``auth = "oauth2"`` the application's secret).
        page: how many items make a page; only tests say.
    """
    # here and not above: exchangelib takes a second to import
    from connectors.exchange.calendar import ExchangeCalendars
    from connectors.exchange.check import check
    from connectors.exchange.contacts import ExchangeContacts
    from connectors.exchange.drafts import ExchangeDrafts
    from connectors.exchange.ews import PAGE
    from connectors.exchange.folders import Folders
    from connectors.exchange.mail import ExchangeMail
    from connectors.exchange.options import Settings
    from connectors.exchange.reminders import ExchangeReminders
    from connectors.exchange.session import Session
    from connectors.exchange.watching import ExchangeWatcher

    settings = Settings.of(account)
    session = Session(settings, around.secrets, around.state, around.before_write)
    folders = Folders(session)
    size = page or PAGE
    mail = ExchangeMail(session, folders, size)
    return Connection(
        account=account,
        mail=mail,
        texts=mail,
        calendar=ExchangeCalendars(session, folders, min(size, 200)),
        contacts=ExchangeContacts(session, folders, min(size, 200)),
        drafts=ExchangeDrafts(session, folders),
        reminders=ExchangeReminders(session, folders),
        check=lambda: check(session, folders),
        close=session.close,
        watcher=ExchangeWatcher(session) if settings.watch else None,
    )
