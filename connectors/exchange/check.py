"""What `kith check` tells of an Exchange account."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.exchange.folders import EVENTS, MAIL, PEOPLE, Folders
from connectors.exchange.session import Session

NAMED = 12
"""So many folders are named; an old mailbox may have hundreds."""


def check(session: Session, folders: Folders) -> Sequence[str]:
    """Sign in and list the folders; a line for each thing found.

    Raises:
        NeedsUser, TryLater, Refused: what stands in the way.
    """
    settings = session.settings
    mail = folders.of_class(MAIL, settings.folders, settings.exclude)
    names = [folder.label for folder in mail]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    lines = [
        f"signed in to {session.host} ({settings.auth})",
        f"reads {len(names)} mail folders: {', '.join(names[:NAMED])}{more}",
        f"calendars: {', '.join(f.label for f in folders.of_class(EVENTS, settings.calendars)) or 'none'}",
        f"address books: {', '.join(f.label for f in folders.of_class(PEOPLE)) or 'none'}",
        f"leaves drafts in {folders.main('drafts').label}",
    ]
    where = settings.reminders_calendar or f"{folders.main('calendar').label}, category kith"
    return [*lines, f"puts reminders into {where}"]
