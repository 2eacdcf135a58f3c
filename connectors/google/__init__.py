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
    from connectors.google.auth import CONTACTS, LIST_CALENDARS, OWN_CALENDAR, READ_CALENDAR
    from connectors.google.calendar import GoogleCalendars
    from connectors.google.calendar_api import CalendarApi
    from connectors.google.check import check
    from connectors.google.contacts import GoogleContacts
    from connectors.google.drafts import Drafts
    from connectors.google.login import sign_in
    from connectors.google.mail import Mailbox
    from connectors.google.options import Settings
    from connectors.google.own import Remembered
    from connectors.google.reminders import GoogleReminders
    from connectors.google.session import Session
    from connectors.google.texts import Texts

    settings = Settings.of(account)
    session = Session(settings, around)
    parts: list[Callable[[], Sequence[str]]] = []

    # What the user left out on Google's page is not there: `kith check` says so, and reminders go to another account.
    reads = settings.calendar and session.auth.allows(READ_CALENDAR)
    remembered = Remembered(around.state)
    api = CalendarApi(session, remembered, reads=reads, lists=session.auth.allows(LIST_CALENDARS), page=page)
    calendar = GoogleCalendars(api, settings.time_zone) if reads else None
    reminders = None
    if settings.reminders and session.auth.allows(OWN_CALENDAR):
        reminders = GoogleReminders(api, remembered, settings.reminders_calendar, settings.time_zone, around.now)
    contacts = None
    if settings.contacts and session.auth.allows(CONTACTS):
        contacts = GoogleContacts(session, page)
    mail = Mailbox(session, page) if settings.mail else None
    if mail is not None:
        parts.append(mail.check)
    if calendar is not None:
        parts.append(lambda: [f"calendars: {', '.join(one.name for one in api.wanted()) or 'none'}"])

    return Connection(
        account=account,
        mail=mail,
        texts=Texts(session) if mail is not None else None,
        drafts=Drafts(session) if settings.drafts else None,
        calendar=calendar,
        contacts=contacts,
        reminders=reminders,
        check=lambda: check(session, parts),
        login=None if session.auth.service else lambda ui: sign_in(session, ui),
        spent=lambda: session.meter.spent,
        searchable=10**6,  # past mail is always searched for: to read all of it would take hours of quota
        close=session.close,
    )
