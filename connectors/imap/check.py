"""What `kith check` tells of an IMAP account."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.imap.drafts import require_drafts
from connectors.imap.folders import list_folders, of_role, read_streams
from connectors.imap.session import Sessions
from daemon.core.model import FolderRole

NAMED = 12
"""So many folders are named; an old mailbox may have hundreds."""


def check(sessions: Sessions) -> Sequence[str]:
    """Log in, list the folders, open Drafts; a line for each thing found.

    Raises:
        NeedsUser, TryLater, Refused, UserMistake: what stands in the way.
    """
    settings = sessions.settings
    with sessions.use() as session:
        secured = {"tls": "over TLS", "starttls": "over STARTTLS", "plain": "WITHOUT encryption"}[settings.tls]
        lines = [f"logged in to {settings.host} {secured}"]
        folders = list_folders(session)
        streams = read_streams(folders, settings, "X-GM-EXT-1" in session.capabilities)
        labels = sorted((s.label for s in streams), key=lambda label: (label.upper() != "INBOX", label))
        more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
        lines.append(f"reads {len(streams)} of {len(folders)} folders: {', '.join(labels[:NAMED])}{more}")
        drafts = require_drafts(folders, settings)
        session.open(drafts.name)
        lines.append(f"leaves drafts in {drafts.label}")
        for role, named, what in (
            (FolderRole.SENT, settings.sent_folder, "sent mail"),
            (FolderRole.TRASH, settings.trash_folder, "the trash"),
        ):
            if of_role(folders, role, named) is None:
                lines.append(f"finds no folder for {what}: name it by {role.value}_folder")
        if not session.capabilities & {"MOVE", "UIDPLUS"}:
            lines.append("can withdraw no draft: the server offers neither MOVE nor UIDPLUS")
    return lines
