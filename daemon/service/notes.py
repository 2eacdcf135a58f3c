"""What reminders tell besides their reason: the last contact, the next step, the agenda, a letter that lies ready."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from daemon.core.model import Direction, Form
from daemon.core.states import OPEN
from daemon.core.wants import DRAFT, PROMISE, Person, Want
from daemon.service.compose import as_day
from daemon.service.papers import Papers
from daemon.store.bulk import chunks
from daemon.store.tables import agenda, hand_log, interaction, ledger


class Notes:
    """All of them for these people, read at once: a round looks at every reminder that stands.

    What is confidential is not among them.
    """

    def __init__(self, conn: Connection, people: Sequence[Person]) -> None:
        self._papers = Papers(conn, [p.contact_id for p in people])
        self._last: dict[tuple[int, datetime], Any] = {}
        self._steps: dict[int, list[Any]] = defaultdict(list)
        self._agenda: dict[int, list[str]] = defaultdict(list)
        self._drafts: dict[int, list[Any]] = defaultdict(list)
        i, h, d = interaction.c, hand_log.c, ledger.c
        for some in chunks(people):
            ids = [p.contact_id for p in some]
            moments = {at for p in some if (at := p.last.latest()) is not None}
            for exchange in conn.execute(
                select(i.contact_id, i.at, i.form, i.direction)
                .where(i.contact_id.in_(ids), i.at.in_(sorted(moments)), i.counted.is_(True))
                .order_by(i.form != Form.MEETING.value, i.id)
            ):
                self._last.setdefault((exchange.contact_id, exchange.at), exchange)
            for step in conn.execute(
                select(h.contact_id, h.identity, h.next_step, h.next_by)
                .where(
                    h.contact_id.in_(ids),
                    h.next_step != "",
                    h.next_done_at.is_(None),
                    h.undone_at.is_(None),
                    h.confidential.is_(False),
                )
                .order_by(h.at.desc(), h.id.desc())
            ):
                self._steps[step.contact_id].append(step)
            for item in conn.execute(
                select(agenda.c.contact_id, agenda.c.text)
                .where(agenda.c.contact_id.in_(ids), agenda.c.done_at.is_(None), agenda.c.confidential.is_(False))
                .order_by(agenda.c.id)
            ):
                self._agenda[item.contact_id].append(item.text)
            for letter in conn.execute(
                select(d.contact_id, d.title, d.account)
                .where(d.contact_id.in_(ids), d.kind == DRAFT, d.state.in_(OPEN))
                .order_by(d.created_at.desc(), d.key)
            ):
                self._drafts[letter.contact_id].append(letter)

    def topics(self, contact_id: int, since: datetime) -> tuple[str, ...]:
        """Topics logged by hand, newest first."""
        return self._papers.topics(contact_id, since)

    def agenda(self, contact_id: int) -> tuple[str, ...]:
        """What is still to be talked about, the oldest first."""
        return tuple(self._agenda.get(contact_id, ()))

    def last_contact(self, person: Person) -> tuple[datetime | None, str, str]:
        """When there was contact last, in which form, and who wrote, where one of the two did: "me" or "them"."""
        at = person.last.latest()
        row = self._last.get((person.contact_id, at)) if at is not None else None
        if row is None:
            return at, "", ""
        return at, row.form, {Direction.IN.value: "them", Direction.OUT.value: "me"}.get(row.direction, "")

    def next_step(self, contact_id: int, want: Want) -> tuple[str, date | None]:
        """What was promised last, and by when; in the reminder of one promise that very one."""
        for row in self._steps.get(contact_id, ()):
            if want.purpose != PROMISE or row.identity == want.occasion:
                return row.next_step, as_day(row.next_by)
        return "", None

    def prepared(self, contact_id: int, *, within: str = "") -> tuple[str, str]:
        """The subject of the draft prepared last, and the account it lies in; ``within``: of that account alone."""
        row = next((r for r in self._drafts.get(contact_id, ()) if within in ("", r.account)), None)
        return (row.title, row.account) if row is not None and row.title else ("", "")
