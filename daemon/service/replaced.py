"""A draft that is not where we left it, and one like it that is: the user's own copy of ours.

IMAP messages never change, so a mail client saves an edited draft as a new message and deletes the old one. Thunderbird
appends one with its own headers (X-Mozilla-Draft-Info), Gmail documents of its drafts that each change destroys the
message and makes another under another id, mutt takes the draft out of the folder for as long as it is edited and
postpones a new one, which has a Message-ID only if the old one had. What stays is to whom it goes, and its subject or
the message it answers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from daemon.core.model import RemoteDraft
from daemon.store.tables import ledger


def unclaimed(
    conn: Connection, row: Row[Any], similar: Sequence[RemoteDraft], taken: Collection[str] = ()
) -> RemoteDraft | None:
    """Of letters similar to the one in ``row``, the newest that is not known as another draft of ours.

    ``taken`` are remote ids given away already.
    """
    others = select(ledger.c.message_id, ledger.c.remote_id).where(
        ledger.c.account == row.account, ledger.c.kind == row.kind, ledger.c.key != row.key
    )
    known = set(taken)
    for other in conn.execute(others):
        known |= {other.message_id, other.remote_id} - {""}
    free = [one for one in similar if one.message_id not in known and one.remote_id not in known]
    return free[-1] if free else None
