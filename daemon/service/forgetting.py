"""Forgetting a person: first our reminders and drafts for them are withdrawn, then every row goes.

What stays are marks nobody can read (`daemon.store.forgotten`), so that the next import or sync does not bring them
back. Adding them by hand lifts the marks.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from daemon.core.people import global_id, is_shared_by_form
from daemon.core.states import EDITED, OPEN
from daemon.store import addresses, backfills, contacts, forgotten, metas, sources
from daemon.store.bulk import chunks
from daemon.store.contacts import FORGETTING
from daemon.store.forgotten import mark_of
from daemon.store.tables import address_state, cursor, evidence, ledger, outbox, participant, series


def forget(conn: Connection, contact_id: int, secret: bytes, now: datetime, accounts: Collection[str]) -> bool:
    """Forget a contact: True if done at once, False if our remote items have to be withdrawn first.

    Their mail is not looked at from this moment on.
    """
    states = addresses.states(conn, contacts.load(conn, [contact_id])[contact_id].addresses)
    marks = {mark_of(secret, a) for a, s in states.items() if s.users == (contact_id,) and not is_shared_by_form(a)}
    for s in sources.of_contacts(conn, [contact_id]).get(contact_id, ()):
        if not s.by_hand:
            marks.add(mark_of(secret, s.source, s.record_id))
            if unique := global_id(s.record_id):
                marks.add(mark_of(secret, "uid", unique))
    forgotten.mark(conn, marks, now)
    contacts.change(conn, contact_id, state=FORGETTING, paused_until=None)
    metas.bump_contacts_revision(conn)
    return contact_id in finish_forgetting(conn, now, accounts)


def finish_forgetting(conn: Connection, now: datetime, accounts: Collection[str]) -> list[int]:
    """Remove those being forgotten for whom nothing of ours stands remotely any more; their ids.

    An edited draft is the user's own letter by now: it is left to them and holds nothing up. Nor does what stands in
    an account that is not among the configured ``accounts`` any more: nobody can withdraw it.
    """
    done = []
    for contact_id in contacts.by_state(conn, FORGETTING):
        waits = conn.execute(
            select(ledger.c.key)
            .outerjoin(outbox, outbox.c.key == ledger.c.key)
            .where(
                ledger.c.contact_id == contact_id,
                ledger.c.account.in_(sorted(accounts)),
                ledger.c.state.in_(sorted(OPEN - {EDITED})) | outbox.c.id.is_not(None),
            )
        ).first()
        if waits is None:
            _remove(conn, contact_id)
            done.append(contact_id)
    return done


def _remove(conn: Connection, contact_id: int) -> None:
    states = addresses.states(conn, contacts.load(conn, [contact_id])[contact_id].addresses)
    own = sorted(a for a, s in states.items() if s.users == (contact_id,))
    seen: set[int] = set()
    for chunk in chunks(own):
        seen.update(conn.execute(select(participant.c.evidence_id).where(participant.c.address.in_(chunk))).scalars())
        conn.execute(delete(participant).where(participant.c.address.in_(chunk)))
        conn.execute(delete(address_state).where(address_state.c.address.in_(chunk)))
    for ids in chunks(sorted(seen)):
        others = set(
            conn.execute(select(participant.c.evidence_id).where(participant.c.evidence_id.in_(ids))).scalars()
        )
        lonely = [i for i in ids if i not in others]
        conn.execute(delete(evidence).where(evidence.c.id.in_(lonely)))
        # From and the like may still name them in what is kept for others.
        conn.execute(update(evidence).where(evidence.c.id.in_(others)).values(raw_from="", reply_to=""))
    for address in own:
        backfills.forget(conn, address)
        # Reduced calendar objects name attendees: they are made anew by the next full reading.
        conn.execute(delete(series).where(series.c.master.icontains(address, autoescape=True)))
    conn.execute(update(cursor).where(cursor.c.kind == "calendar").values(cursor="", progress=""))
    contacts.remove(conn, contact_id)
    metas.bump_contacts_revision(conn)
