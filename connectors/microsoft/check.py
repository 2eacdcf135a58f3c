"""What `kith check` tells of an account: whose it is, and what there is to read."""

from __future__ import annotations

from connectors.microsoft.books import Books
from connectors.microsoft.calendars import Calendars
from connectors.microsoft.mail import MailReader
from connectors.microsoft.tokens import Tokens


def check(tokens: Tokens, mail: MailReader, calendars: Calendars, books: Books) -> list[str]:
    """A line for each thing found; raises like any call."""
    tokens.bearer()
    return [
        f"Signed in as {tokens.username()}.",
        *(
            f"{what}: {', '.join(stream.label for stream in streams) or 'none'}."
            for what, streams in (
                ("Mail folders", mail.streams()),
                ("Calendars", calendars.streams()),
                ("Address books", books.streams()),
            )
        ),
    ]
