"""Texts read in passing, where the user allowed it: for what they say in so many words, and nothing of them kept.

Only letters of people kept that came since they were kept, that count as contact (or are automatic answers), and are
no older than a month. So a first scan, a back-fill and the time before the permission are never read. Each text is
asked for outside any database session, matched and dropped; the name of the rule that matched becomes a suggestion.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection as Db
from sqlalchemy import func, or_, select

from daemon.core.address import domain_of
from daemon.core.errors import KithError, LeaseLost, NeedsUser, Paced, TryLater
from daemon.core.guesses import Employer, Guess, Letter, told
from daemon.core.model import Direction, Role, Signal
from daemon.core.ports import TextSource
from daemon.core.sayings import says
from daemon.service import reasons_of
from daemon.service.deps import Stopped
from daemon.service.passes import Passes
from daemon.service.providers import by_domain
from daemon.service.suggesting import acquaintances
from daemon.store import metas, suggestions
from daemon.store.contacts import PAUSED, load
from daemon.store.tables import address, contact, contact_circle, evidence, interaction, participant

log = logging.getLogger(__name__)

NEWS_FOR = timedelta(days=30)
"""What is older is no news."""

AT_ONCE = 50
"""So many texts are asked for in one round; the rest follow in the next."""

AUTOMATIC = Signal.AUTO_REPLY.value
"""The verdict of letters a mailbox answered with by itself: never contact, but one may say that its owner has left."""


class Texts:
    """The new letters of one account, each looked at once. How far is kept by the number of their evidence."""

    def __init__(self, passes: Passes, source: TextSource | None) -> None:
        self.passes = passes
        self.deps = passes.deps
        self.source = source
        self._place = metas.WORDING + passes.account

    def read(self) -> None:
        """Read what is new since the last time; without permission, nothing, and forget how far it was.

        A text that cannot be had now is passed over and not asked for again: what hangs on it is a suggestion, and one
        message that a server always fails at must not keep the others from being read. The round goes on without it,
        the others follow in the next.

        Raises:
            Stopped: the service is to end. LeaseLost: another process is at work.
        """
        account = self.deps.accounts[self.passes.account]
        source = self.source if self.deps.settings.reads_texts(account) else None
        with self.deps.store.read() as conn:
            place = metas.get(conn, self._place)
            last = conn.execute(select(func.max(evidence.c.id))).scalar() or 0
            rows = self._new(conn, min(int(place), last)) if source is not None and place is not None else ()
        if source is None:
            if place is not None:
                self._lose_place()
            return
        for row in rows:
            if self.deps.should_stop():
                raise Stopped
            if not self._look(row, source):
                return
        if len(rows) < AT_ONCE and place != str(last):
            self._pass(last)

    def _lose_place(self) -> None:
        """Allowed again some day, reading begins with what is new then."""
        with self.deps.store.write() as conn:
            self.passes.renew(conn)
            metas.drop(conn, self._place)

    def _new(self, conn: Db, after: int) -> Sequence[Any]:
        """Letters not looked at yet, the earliest seen first."""
        e, i, c, now = evidence.c, interaction.c, contact.c, self.deps.now()
        return conn.execute(
            select(
                e.id, e.identity, e.at, e.stream, e.item_id, e.recipients, i.contact_id, i.rule, participant.c.address
            )
            .join(participant, (participant.c.evidence_id == e.id) & (participant.c.role == Role.FROM.value))
            .join(address, address.c.address == participant.c.address)
            .join(interaction, (i.identity == e.identity) & (i.contact_id == address.c.contact_id))
            .join(contact, c.id == i.contact_id)
            .where(
                e.id > after,
                e.account == self.passes.account,
                e.direction == Direction.IN.value,
                e.at > now - NEWS_FOR,
                or_(i.counted.is_(True), i.rule == AUTOMATIC),
                or_(c.state == "", (c.state == PAUSED) & (c.paused_until <= now)),
                or_(c.tier != "", c.id.in_(select(contact_circle.c.contact_id))),
                c.kept_at < e.at,
            )
            .order_by(e.id)
            .limit(AT_ONCE)
        ).all()

    def _look(self, row: Any, source: TextSource) -> bool:
        """Read one text; False where the rest had better wait for the next round."""
        guesses: Sequence[Guess] = ()
        going_on = True
        try:
            text = source.text(row.stream, row.item_id)
        except LeaseLost:
            raise
        except Paced:
            return False
        except KithError as error:
            log.info("account %s: a letter's text was not read: %s", self.passes.account, type(error).__name__)
            going_on = not isinstance(error, TryLater | NeedsUser)
        else:
            guesses = self._guesses(row, text)
            del text
        self._pass(row.id, guesses)
        return going_on

    def _guesses(self, row: Any, text: str) -> Sequence[Guess]:
        with self.deps.store.read() as conn:
            who = load(conn, [row.contact_id])[row.contact_id]
            before = acquaintances(conn, [row.id]).get(row.id, ())
        organisation = who.fields["organisation"]
        work = row.address if by_domain(domain_of(row.address)) is None else ""
        found = says(text, [organisation, *_names_in(domain_of(work))], automatic=row.rule == AUTOMATIC)
        own = self.deps.settings.me.organisation
        letter = Letter(
            row.contact_id,
            who.name,
            row.identity,
            row.at,
            row.recipients,
            begins=True,
            others_known=sum(known != row.contact_id and first < row.at for known, first in before),
            inside=any(one in own for one in reasons_of.belongs(organisation, who.addresses)),
        )
        return list(told(letter, found, Employer(who.uid, organisation, work)))

    def _pass(self, number: int, guesses: Sequence[Guess] = ()) -> None:
        """Go on after this evidence; what came of it is kept in the same transaction."""
        now: datetime = self.deps.now()
        with self.deps.store.write(durable=False) as conn:
            self.passes.renew(conn)
            suggestions.put(conn, guesses, now)
            metas.put(conn, self._place, str(number))


def _names_in(domain: str) -> Sequence[str]:
    """What people may call the owner of a mail domain: "example" of example.com."""
    labels = domain.split(".")
    return [domain, labels[-2]] if len(labels) > 1 and len(labels[-2]) > 3 else []
