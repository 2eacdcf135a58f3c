"""The meetings of a calendar's objects: those stored made those there are. Runs inside a write transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from daemon.core.model import EventItem, Form, Interest, Window
from daemon.service.evidence import store_observed
from daemon.service.observing import observe_meeting
from daemon.store.bulk import chunks
from daemon.store.tables import evidence


def sync_instances(
    conn: Connection, account: str, stream: str, items: Sequence[EventItem], window: Window, interest: Interest
) -> set[str]:
    """Make the instances stored of these calendar objects inside the window exactly those observed.

    What is no longer among them was moved or cancelled: taken back. Returns identities to judge anew.
    """
    seen = [
        o for item in items for m in item.meetings if (o := observe_meeting(m, account, stream, item.item_id, interest))
    ]
    touched = store_observed(conn, seen).touched
    present = {(o.row["item_id"], o.row["identity"]) for o in seen}
    stale: list[tuple[int, str]] = []
    for chunk in chunks(item.item_id for item in items):
        stale += [
            (row.id, row.identity)
            for row in conn.execute(
                select(evidence.c.id, evidence.c.identity, evidence.c.item_id, evidence.c.at, evidence.c.ends_at).where(
                    evidence.c.account == account,
                    evidence.c.stream == stream,
                    evidence.c.item_id.in_(chunk),
                    evidence.c.form == Form.MEETING.value,
                    evidence.c.gone.is_(False),
                )
            )
            if (row.item_id, row.identity) not in present and window.overlaps(row.at, row.ends_at)
        ]
    return touched | _set_gone(conn, stale)


def drop_items(
    conn: Connection, account: str, stream: str, item_ids: Sequence[str], read_at: datetime | None
) -> set[str]:
    """Calendar objects positively gone: what had not been held by the last reading is taken back.

    A meeting read after its end and deleted later was held all the same: cleaning up a calendar undoes nothing.
    """
    touched: set[str] = set()
    for chunk in chunks(item_ids):
        rows = conn.execute(
            select(evidence.c.id, evidence.c.identity, evidence.c.ends_at).where(
                evidence.c.account == account,
                evidence.c.stream == stream,
                evidence.c.item_id.in_(chunk),
                evidence.c.form == Form.MEETING.value,
                evidence.c.gone.is_(False),
            )
        ).all()
        touched |= _set_gone(conn, [(r.id, r.identity) for r in rows if read_at is None or r.ends_at > read_at])
    return touched


def _set_gone(conn: Connection, rows: Sequence[tuple[int, str]]) -> set[str]:
    for chunk in chunks([i for i, _ in rows]):
        conn.execute(update(evidence).where(evidence.c.id.in_(chunk)).values(gone=True))
    return {identity for _, identity in rows}
