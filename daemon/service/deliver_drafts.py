"""One draft: looked for by key, written or withdrawn, read back, recorded."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from daemon.core.address import normalise
from daemon.core.errors import Conflict, Refused, TryLater
from daemon.core.model import OutgoingDraft, RemoteDraft, Whereabouts
from daemon.core.ports import DraftTarget
from daemon.core.states import EDITED, PENDING, SENT, SKIPPED, WITHDRAWN, WRITTEN
from daemon.service.compose import compose
from daemon.service.news import told_news
from daemon.service.outgoing import Job, Outgoing
from daemon.service.people import person_of
from daemon.service.replaced import unclaimed

NOT_YET = (Whereabouts.GONE, Whereabouts.BEGUN)


class DraftWrites:
    """The attempts at one account's drafts."""

    def __init__(self, out: Outgoing, target: DraftTarget) -> None:
        self.out = out
        self.target = target

    def perform(self, job: Job) -> None:
        """Settle one intent. It looks first, always: an earlier attempt may have been applied and not answered.

        Raises:
            KithError: by what to do about it; the intent is not settled.
        """
        if job.verb == "create":
            self._create(job)
        else:
            self._withdraw(job)

    def _create(self, job: Job) -> None:
        row = job.row
        found = self.target.find(row.key, row.message_id, job.hint)
        if found.where is Whereabouts.UNKNOWN:
            raise TryLater("The server could not say whether the draft exists already.")
        if found.where in NOT_YET:
            if not self.out.wanted(job):
                self._take_away(job, found)
                self.out.record(job, {"state": WITHDRAWN})
                return
            letter, words = self._letter(job)
            copy = self._users_own(job, letter) if found.where is Whereabouts.GONE else None
            if copy is not None:
                self._written(job, copy, EDITED)
                return
            known = _known(letter, words)
            self.out.mine_to_leave(job, digest=self.target.expected(letter), letter=known)
            try:
                made = self.target.create(letter)
            except Conflict:
                raise TryLater("The draft appeared meanwhile; it is looked at next time.") from None
            self._written(job, made, WRITTEN, known)
        elif found.where is Whereabouts.PRESENT:  # written before a crash, or by a store now lost
            ours = self._as_ours(job, found)
            self._written(job, found, EDITED if ours is None else WRITTEN, ours)
        else:
            self.out.record(job, {"state": SENT if found.where is Whereabouts.SENT else SKIPPED})

    def _withdraw(self, job: Job) -> None:
        row = job.row
        gone = job.args.get("state", WITHDRAWN)  # superseded, where a stronger reason takes its place
        if row.state == PENDING and not row.remote_id:  # never known to be written: look before believing so
            found = self.target.find(row.key, row.message_id, job.hint)
            if found.where is Whereabouts.PRESENT and self._as_ours(job, found) is None:
                self._written(job, found, EDITED)
                return
            remote_id, digest = found.remote_id, found.digest
            if found.where is not Whereabouts.PRESENT:
                self._take_away(job, found)
                self.out.record(job, {"state": SENT if found.where is Whereabouts.SENT else gone})
                return
        else:
            remote_id, digest = row.remote_id, row.digest
        self.out.mine()
        try:
            left = self.target.withdraw(remote_id, row.message_id, digest)
        except Conflict:
            self.out.record(job, {"state": EDITED})
            return
        self.out.record(job, {"state": SENT if left.where is Whereabouts.SENT else gone})

    def _take_away(self, job: Job, found: RemoteDraft) -> None:
        """What an attempt that died halfway left, unless somebody has gone on with it by now."""
        if found.where is Whereabouts.BEGUN:
            self.out.mine()
            with suppress(Conflict):
                self.target.withdraw(found.remote_id, job.row.message_id, found.digest)

    def _as_ours(self, job: Job, found: RemoteDraft) -> dict[str, str] | None:
        """What the ledger keeps of it, if what lies there is word for word what an earlier attempt was about to leave,
        or what we would write now: then nobody has touched it.
        """
        if job.args.get("digest") == found.digest:
            known: dict[str, str] = job.args["letter"]
            return known
        try:
            letter, words = self._letter(job)
        except Refused:
            return None
        return _known(letter, words) if self.target.expected(letter) == found.digest else None

    def _users_own(self, job: Job, letter: OutgoingDraft) -> RemoteDraft | None:
        """A letter like this one that lies in Drafts already and is not known to be ours.

        The user has one under way, or edited ours before the store was lost: a second one would be in their way.
        """
        similar = self.target.similar(letter.recipient[1], letter.subject, letter.in_reply_to)
        with self.out.deps.store.read() as conn:
            return unclaimed(conn, job.row, similar)

    def _letter(self, job: Job) -> tuple[OutgoingDraft, str]:
        row, deps = job.row, self.out.deps
        now = deps.now()
        news, _ = told_news(deps.settings.updates, now, deps.settings.hours.zone)
        with deps.store.read() as conn:
            person = person_of(deps, conn, row.contact_id, now)
            person = replace(person, speaks=row.lang)
            return compose(deps, conn, person, job.want, row.account, row.message_id, news, row.created_at)

    def _written(self, job: Job, made: RemoteDraft, state: str, known: dict[str, str] | None = None) -> None:
        values = {
            "state": state,
            "remote_id": made.remote_id,
            "digest": made.digest,
            "title": made.subject,
            "message_id": made.message_id or job.row.message_id,
        }
        self.out.record(job, values | (known or {}))


def _known(letter: OutgoingDraft, words: str) -> dict[str, str]:
    """What the ledger keeps of a letter of ours besides where it lies."""
    return {"recipient": normalise(letter.recipient[1]), "in_reply_to": letter.in_reply_to, "words": words}
