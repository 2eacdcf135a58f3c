"""What letters to people are written from and planning does not read: their own fields, and the topics logged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from daemon.store.bulk import chunks
from daemon.store.tables import contact, hand_log

TOPICS = 3
"""So many topics are mentioned at most."""


class Papers:
    """All of them for these people, read at once: a round looks at a letter for everybody."""

    def __init__(self, conn: Connection, ids: Collection[int]) -> None:
        self._rows: dict[int, Row[Any]] = {}
        self._topics: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        for chunk in chunks(sorted(ids)):
            self._rows |= {r.id: r for r in conn.execute(select(contact).where(contact.c.id.in_(chunk)))}
            for row in conn.execute(
                select(hand_log.c.contact_id, hand_log.c.at, hand_log.c.topic)
                .where(
                    hand_log.c.contact_id.in_(chunk),
                    hand_log.c.topic != "",
                    hand_log.c.confidential.is_(False),
                    hand_log.c.undone_at.is_(None),
                )
                .order_by(hand_log.c.at.desc())
            ):
                self._topics[row.contact_id] += [(row.at, topic) for topic in row.topic.splitlines() if topic]

    def contact(self, contact_id: int) -> Row[Any]:
        """The contact's row."""
        return self._rows[contact_id]

    def topics(self, contact_id: int, since: datetime) -> tuple[str, ...]:
        """Topics logged by hand, newest first; confidential ones never leave the store."""
        return tuple([topic for at, topic in self._topics.get(contact_id, ()) if at >= since][:TOPICS])
