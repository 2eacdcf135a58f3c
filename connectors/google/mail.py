"""Reading Gmail: past mail by searching for known people, new mail by the mailbox's history.

Folders are labels there, and a message has several: everything is one stream, and each message's labels say what it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.google.errors import Rejected
from connectors.google.labels import UNREAD, Labels
from connectors.google.messages import Messages
from connectors.google.quota import UNITS
from connectors.google.reached import Reached, Searched, place
from connectors.google.scan import Scan
from connectors.google.session import BATCH, Session
from daemon.core.address import normalise
from daemon.core.errors import CursorExpired, TryLater
from daemon.core.model import FolderRole, Interest, MailPage, Position, Stream

ALL = Stream("all", "All Mail", FolderRole.ALL)

HISTORY = ["messageAdded", "labelAdded", "labelRemoved"]
FIELDS = (
    "historyId,nextPageToken,history(id,messagesAdded(message(id,labelIds)),"
    "labelsAdded(message(id),labelIds),labelsRemoved(message(id),labelIds))"
)


class Mailbox:
    """The account's Gmail as a `MailSource`.

    A cursor is a historyId, and after a full pass the moment it was taken (`Reached`). Inside a full pass it stays
    empty, and the progress holds what will be the cursor and the id read last.
    """

    def __init__(self, session: Session, page: int | None = None) -> None:
        self._session = session
        self._labels = Labels(session)
        self._messages = Messages(session, self._labels)
        self._searched = Searched(session.folder)
        affordable = session.meter.bulk(UNITS["gmail.users.messages.get"]) - 2
        self._page = min(page or BATCH, BATCH, max(1, affordable))

    def streams(self) -> Sequence[Stream]:
        """See `MailSource.streams`."""
        return [ALL]

    def pages(self, stream: Stream, since: Position, interest: Interest) -> Iterator[MailPage]:
        """See `MailSource.pages`. With nothing new: one request, and no page.

        Raises:
            Paced: the minute's quota is used up; what was yielded stands.
        """
        yield from self._unshown(since, interest)
        if since.cursor:
            reached = self._searched.owed(Reached.read(since.cursor))
            if reached.due(self._session.around.now()):
                yield from self._past_again(reached, since, interest)
                self._searched.settled()
                since = Position(reached.history)
            yield from self._news(since, interest)
        else:
            yield from self._past(since.progress, interest)

    def check(self) -> Sequence[str]:
        """Whose Gmail it is, for `kith check`."""
        found, said = str(self._profile().get("emailAddress", "")), self._session.settings.address
        if said and normalise(found) != normalise(said):
            return [f"the sign-in is {found}'s, not {said}'s: sign in as the other, or correct the address"]
        return [f"Gmail of {found}, searched for known people"]

    # -- the first pass

    def _past(self, progress: str, interest: Interest) -> Iterator[MailPage]:
        scan = Scan(self._session, "scan", interest.known, sorted(self._labels.asking()), bounces=True)
        start, last = place(progress)
        if start:
            self._history(Reached.read(start), size=1)  # so long ago that it leads nowhere? then better begin anew now
        else:
            start = self._begun(scan.begun) or self._beginning().text()
        ids = scan.ids(start)
        yield from self._read(ids, last, interest, Position(start), {"h": start})
        scan.forget()

    def _past_again(self, reached: Reached, since: Position, interest: Interest) -> Iterator[MailPage]:
        """What came around the moment a full pass began: then the search did not know all of it yet, now it does."""
        scan = Scan(self._session, "again", interest.known, bounces=True, around=reached.taken)
        start, last = place(since.progress)
        last = last if start == since.cursor else ""  # else it is the history's
        end, here = Position(reached.history), {"h": since.cursor}
        yield from self._read(scan.ids(since.cursor), last, interest, end, here, since.cursor)
        scan.forget()

    def _beginning(self) -> Reached:
        at = self._session.around.now()  # before the question: what comes while it is answered is in the history
        return Reached.now(str(self._profile()["historyId"]), at)

    def _profile(self) -> dict[str, Any]:
        return self._session.call(self._session.gmail.getProfile(userId="me", fields="historyId,emailAddress"))

    def _begun(self, start: str) -> str:
        """Where a listing was begun that found no time to end; "" where it has expired meanwhile."""
        try:
            if start:
                self._history(Reached.read(start), size=1)
        except CursorExpired:
            return ""
        return start

    def _read(
        self,
        ids: Sequence[str],
        last: str,
        interest: Interest,
        end: Position,
        here: Mapping[str, str],
        cursor: str = "",
    ) -> Iterator[MailPage]:
        """The messages after the one read last, page by page; an empty page for none, so that the end is told."""
        total = len(ids)
        rest = [i for i in ids if (len(i), i) < (len(last), last)] if last else list(ids)
        for first in range(0, max(1, len(rest)), self._page):
            some = rest[first : first + self._page]
            taken = self._messages.take(some, interest)
            more = first + self._page < len(rest)
            position = Position(cursor, json.dumps({**here, "last": some[-1]})) if more else end
            yield MailPage(tuple(taken.mails), position, tuple(taken.broken), taken.scanned, total)

    # -- what is new

    def _news(self, since: Position, interest: Interest) -> Iterator[MailPage]:
        """Page by page of history; a record's id is a place to go on from, so that no page token need last.

        One record may tell of hundreds of messages (a whole folder taken out of the trash): the last one read is kept
        as progress, or a minute's quota would end at the same place each time.
        """
        reached, last = Reached.read(since.cursor), place(since.progress)[1]
        while True:
            answer = self._changes(reached)
            records = answer.get("history", ())
            more = bool(answer.get("nextPageToken"))
            further = reached.at(str(records[-1]["id"] if more else answer["historyId"]))
            if further == reached:
                return
            ids = self._concerned(records)
            rest = ids[ids.index(last) + 1 :] if last in ids else ids
            for first in range(0, max(1, len(rest)), self._page):
                some = rest[first : first + self._page]
                taken = self._messages.take(some, interest)
                position = Position(further.text(), "more" if more else "")
                if first + self._page < len(rest):
                    position = Position(reached.text(), json.dumps({"last": some[-1]}))
                yield MailPage(tuple(taken.mails), position, tuple(taken.broken), taken.scanned)
            if not more:
                return
            reached, last = further, ""

    def _changes(self, since: Reached) -> dict[str, Any]:
        """The next page of history that tells anything: what `HISTORY` leaves out may have filled the ones before.

        Raises:
            CursorExpired: see `_history`.
            TryLater: the answer does not say where to go on from.
        """
        answer = self._history(since, size=self._page)
        reached = answer.get("historyId")  # as of the first page: what comes while the others are asked for is after it
        while answer.get("nextPageToken") and not answer.get("history"):
            answer = self._history(since, size=self._page, page=str(answer["nextPageToken"]))
        if not reached:
            raise TryLater("Gmail ended its history without saying where to go on from.")
        return {**answer, "historyId": reached}

    def _history(self, since: Reached, *, size: int, page: str = "") -> dict[str, Any]:
        history = self._session.gmail.history()
        asked = {"pageToken": page} if page else {}
        try:
            return self._session.call(
                history.list(
                    userId="me",
                    startHistoryId=since.history,
                    maxResults=size,
                    historyTypes=HISTORY,
                    fields=FIELDS,
                    **asked,
                ),
                bulk=True,
            )
        except Rejected as error:
            if error.status in (400, 404):
                raise CursorExpired("Gmail no longer knows the history since the last time.") from None
            raise

    def _concerned(self, records: Sequence[Mapping[str, Any]]) -> list[str]:
        """Messages that came, came back from spam, trash or the drafts, or were flagged; each once."""
        found: dict[str, None] = {}
        for record in records:
            for added in record.get("messagesAdded", ()):
                if UNREAD.isdisjoint(added["message"].get("labelIds", ())):
                    found[str(added["message"]["id"])] = None
            for flagged in record.get("labelsAdded", ()):
                if self._labels.asks(flagged.get("labelIds", ())):
                    found[str(flagged["message"]["id"])] = None
            for removed in record.get("labelsRemoved", ()):
                if not UNREAD.isdisjoint(removed.get("labelIds", ())):
                    found[str(removed["message"]["id"])] = None
        return list(found)

    # -- what could not be shown

    def _unshown(self, since: Position, interest: Interest) -> Iterator[MailPage]:
        """Messages Google failed to show before, where it is time to ask for them again; the place stays as it is."""
        for one in self._messages.unshown.due():
            taken = self._messages.take([one], interest)
            if not taken.late:
                mended = () if taken.broken else (one,)
                yield MailPage(tuple(taken.mails), since, tuple(taken.broken), taken.scanned, mended=mended)
                self._messages.unshown.settled([one])

    # -- back-fill and flags

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        """See `MailSource.search`. Any number of addresses: reading everything anew would cost far more."""
        wanted = replace(interest, known=frozenset(addresses))
        if not wanted.known:
            return
        scan = Scan(self._session, "backfill", wanted.known)
        self._searched.note(self._session.around.now())
        ids = scan.ids("mail")
        if ids:
            yield from self._read(ids, place(progress)[1], wanted, Position(), {})
        scan.forget()

    def clear_ask(self, stream: Stream, item_id: str, purpose: str) -> None:
        """See `MailSource.clear_ask`. Where the account may not change mail nothing is done: the label stays on, and
        one message asks for one draft.
        """
        if not self._session.settings.change_mail:
            return
        mine = [label for label, asked in self._labels.asking().items() if asked == purpose]
        messages = self._session.gmail.messages()
        try:
            got = self._session.call(messages.get(userId="me", id=item_id, format="minimal", fields="labelIds"))
            on = sorted(set(mine) & set(got.get("labelIds", ())))
            if on:
                self._session.call(
                    messages.modify(userId="me", id=item_id, body={"removeLabelIds": on}, fields="id"), write=True
                )
        except Rejected as error:
            if not error.absent:
                raise
