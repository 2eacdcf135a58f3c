"""One reminder: looked for by key, written, moved or withdrawn, read back, recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from daemon.core.errors import Conflict, Refused, TryLater, UserMistake
from daemon.core.fate import ticked
from daemon.core.model import OutgoingEvent, RemoteEvent, Whereabouts
from daemon.core.ports import ReminderTarget
from daemon.core.refreshing import words_of
from daemon.core.states import EDITED, MOVED, PENDING, SKIPPED, WITHDRAWN, WRITTEN
from daemon.service.outgoing import Job, Outgoing
from daemon.service.people import person_of
from daemon.service.reminding import remind


class ReminderWrites:
    """The attempts at one account's reminders."""

    def __init__(self, out: Outgoing, target: ReminderTarget) -> None:
        self.out = out
        self.target = target

    def perform(self, job: Job) -> None:
        """Settle one intent. It looks first, always: an earlier attempt may have been applied and not answered.

        Raises:
            KithError: by what to do about it; the intent is not settled.
        """
        if job.verb == "create":
            self._create(job)
        elif job.deed == "refresh":
            self._refresh(job)
        elif job.verb == "update":
            self._move(job)
        else:
            self._withdraw(job)

    def _create(self, job: Job) -> None:
        row = job.row
        found = self.target.find(row.key, row.uid)
        if found.where is Whereabouts.UNKNOWN:
            raise TryLater("The server could not say whether the reminder exists already.")
        if found.where is Whereabouts.PRESENT:
            ours = self._event(job, row.starts_at, row.ends_at)
            moved = found.start != ours.start
            words = _ours(job, found, _said(ours))
            rewritten = found.summary != ours.summary and not words
            state = EDITED if rewritten else MOVED if moved else WRITTEN
            # Ticked off before we knew it was written: under our own title the next look takes it for news.
            values = {"words": words}
            self._written(job, found, state, values | ({"title": ours.summary} if ticked(found.summary) else {}))
            return
        if found.where is Whereabouts.TRASHED:  # the provider remembers that the user deleted it
            self.out.record(job, {"state": SKIPPED}, person=self.out.person(job))
            return
        if not self.out.wanted(job) or row.starts_at <= self.out.deps.now():
            self.out.never_intended(job)  # its place has passed, or its reason: planned anew
            return
        event = self._event(job, row.starts_at, row.ends_at)
        said = _said(event)
        self.out.mine_to_leave(job, said=said)
        try:
            made = self.target.create(event)
        except Conflict:
            raise TryLater("The reminder appeared meanwhile; it is looked at next time.") from None
        self._written(job, made, WRITTEN, {"words": said})

    def _move(self, job: Job) -> None:
        row = job.row
        start, end = (datetime.fromisoformat(job.args[name]) for name in ("start", "end"))
        if start <= self.out.deps.now() or not self.out.wanted(job):
            self.out.anew = True
            self.out.drop(job)
            return
        event = self._event(job, start, end)
        said = _said(event)
        self.out.mine_to_leave(job, said=said)
        try:
            made = self.target.update(row.remote_id, row.version, event)
        except Conflict:
            found = self.target.find(row.key, row.uid)
            if found.where is Whereabouts.PRESENT and found.start == start:
                made = found  # our own move, whose answer was lost
                said = _ours(job, found, said)
            else:
                self.out.drop(job)  # the user was there first: what they did is read back next time
                return
        values = {"moves": row.moves + 1 if job.args.get("ours") else row.moves, "words": said}
        self._written(job, made, WRITTEN, values)

    def _refresh(self, job: Job) -> None:
        """Its words, where it stands. What is there instead of what we last saw is either an earlier attempt's or the
        user's: theirs stays.
        """
        row, said = job.row, job.args["words"]
        if row.state not in (WRITTEN, MOVED) or row.starts_at <= self.out.deps.now() or not self.out.wanted(job):
            self.out.drop(job)
            return
        try:
            event = replace(self._event(job, row.starts_at, row.ends_at), words_only=True)
        except UserMistake:  # a template of theirs that is broken
            self.out.drop(job)
            return
        made = None
        if _said(event) == said:  # else it would say something else again: planned anew
            self.out.mine()
            try:
                made = self.target.update(row.remote_id, row.version, event)
            except Conflict:
                pass
            except Refused:  # it stands all the same; the same words are not tried again
                self.out.drop(job, words=said)
                return
        if made is None:
            made = self.target.find(row.key, row.uid)
            if made.where is not Whereabouts.PRESENT or made.start != row.starts_at or _said(made) != said:
                self.out.drop(job)
                return
        self._written(job, made, row.state, {"words": said})

    def _withdraw(self, job: Job) -> None:
        row = job.row
        remote_id, version = row.remote_id, row.version
        if row.state == PENDING or not remote_id:
            found = self.target.find(row.key, row.uid)
            if found.where is not Whereabouts.PRESENT:
                self.out.record(job, {"state": WITHDRAWN}, person=self.out.waiting(job))
                return
            remote_id, version = found.remote_id, found.version
        self.out.mine()
        try:
            self.target.withdraw(remote_id, version)
        except Conflict:
            self.out.drop(job)  # changed meanwhile: read back, then decided again
            return
        self.out.record(job, {"state": WITHDRAWN}, person=self.out.waiting(job))

    def _event(self, job: Job, start: datetime, end: datetime) -> OutgoingEvent:
        deps = self.out.deps
        with deps.store.read() as conn:
            person = person_of(deps, conn, job.row.contact_id, deps.now())
            return remind(deps, conn, person, job.want, job.row.uid, start, end, job.row.account)

    def _written(self, job: Job, made: RemoteEvent, state: str, more: dict[str, Any] | None = None) -> None:
        values = {
            "state": state,
            "remote_id": made.remote_id,
            "version": made.version,
            "digest": made.digest,
            "title": made.summary,
            "starts_at": made.start or job.row.starts_at,
            "ends_at": made.end or job.row.ends_at,
            **(more or {}),
        }
        self.out.record(job, values)


def _said(event: OutgoingEvent | RemoteEvent) -> str:
    return words_of(event.summary, event.description)


def _ours(job: Job, found: RemoteEvent, said: str) -> str:
    """The digest of the words found there, if they are surely ours: what we would write now, or were about to when an
    answer was lost. Else "": they stay as they are.
    """
    there = _said(found)
    return there if there in (said, job.args.get("said")) else ""
