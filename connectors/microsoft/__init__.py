"""Microsoft 365 and Outlook.com over Microsoft Graph v1.0: mail, calendars and contacts in, drafts and reminders out.

Exchange Server on premises is not reached this way. There is no way to send: the scopes asked for cannot.
"""

from __future__ import annotations

from daemon.core.model import Account
from daemon.core.ports import Connection, LoginUI, Surroundings

__all__ = ["connect"]


def connect(account: Account, around: Surroundings, *, page: int | None = None, endpoint: str = "") -> Connection:
    """The account as an object; the network is touched only when it is used.

    Args:
        account: its options as `options.OPTIONS` describes them.
        around: secrets: ``token cache``, which `Connection.login` fills and each renewal replaces.
        page: how many items are asked for at once; only tests say.
        endpoint: a server on this machine that stands for Microsoft's; only tests say.
    """
    # here and not above: `kith status` asks for the options alone
    from connectors.microsoft.books import Books
    from connectors.microsoft.calendars import Calendars
    from connectors.microsoft.check import check
    from connectors.microsoft.drafts import Drafts
    from connectors.microsoft.http import Client
    from connectors.microsoft.mail import MailReader
    from connectors.microsoft.options import Settings
    from connectors.microsoft.places import Places
    from connectors.microsoft.reminders import Reminders
    from connectors.microsoft.tokens import Tokens
    from connectors.microsoft.transport import Transport

    settings = Settings.of(account, page)
    transport = Transport(settings.timeout, endpoint)
    tokens = Tokens(settings, around.secrets, transport)
    client = Client(settings, tokens, transport, around.now, around.before_write)
    places = Places(client)
    mail, calendars, books = MailReader(client, places), Calendars(client, places), Books(client)

    def login(ui: LoginUI) -> None:
        from connectors.microsoft.signin import sign_in

        sign_in(settings, tokens, ui)

    return Connection(
        account=account,
        mail=mail,
        texts=mail,
        calendar=calendars,
        contacts=books,
        drafts=Drafts(client, places, around.state),
        reminders=Reminders(client, places),
        check=lambda: check(tokens, mail, calendars, books),
        login=login,
        close=transport.close,
    )
