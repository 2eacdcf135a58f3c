"""Leaving drafts, and finding out what became of them. IMAP messages never change: an edit is a new message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connectors.imap.folders import Folder, list_folders, of_role
from connectors.imap.options import Settings
from connectors.imap.session import Box, Session, Sessions
from connectors.imap.stream import FetchStream, flags_of, uid_sets
from daemon.core.errors import Conflict, NeedsUser, OutcomeUnknown, Refused, TryLater
from daemon.core.model import FolderRole, OutgoingDraft, RemoteDraft, Whereabouts
from daemon.formats.encoded import clean, decode_words
from daemon.formats.lines import split_fields
from daemon.formats.mime import build, digest, digest_of, letter_message_id, resembles

_APPENDUID = re.compile(rb"\[APPENDUID (\d+) (\d+)\]", re.IGNORECASE)
IDS = "(UID FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
LIKENESS = "(UID FLAGS BODY.PEEK[HEADER.FIELDS (TO SUBJECT IN-REPLY-TO)])"
WHOLE = "(UID FLAGS BODY.PEEK[])"

READ_THROUGH = 2_000
"""A Drafts folder up to this size is read id by id where SEARCH found nothing: SEARCH lags on some servers."""


def require_drafts(folders: Sequence[Folder], settings: Settings) -> Folder:
    """The Drafts folder.

    Raises:
        NeedsUser: there is none.
    """
    found = of_role(folders, FolderRole.DRAFTS, settings.drafts_folder)
    if found is None:
        raise NeedsUser(
            f"Account {settings.account} has no Drafts folder that can be recognised.",
            "Name it by drafts_folder in its section of the config.",
        )
    return found


@dataclass(frozen=True, slots=True)
class _Places:
    drafts: Folder
    sent: Folder | None
    trash: Folder | None


class Drafts:
    """The account's Drafts folder as a `DraftTarget`. A remote id is ``uidvalidity:uid`` in Drafts."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._settings = sessions.settings

    def hint(self) -> str:
        """Drafts' ``uidvalidity:uidnext``: whatever we append from now on has a uid from there on."""
        with self._sessions.use() as session:
            box = session.open(self._places(session).drafts.name)
            return f"{box.validity}:{box.next or 1}"

    def find(self, key: str, message_id: str, hint: str) -> RemoteDraft:
        """See `DraftTarget.find`. UNKNOWN where the account has no folder of sent mail to look into."""
        with self._sessions.use() as session:
            return self._find(session, self._places(session), message_id, hint)

    def expected(self, draft: OutgoingDraft) -> str:
        return digest_of(draft)

    def create(self, draft: OutgoingDraft) -> RemoteDraft:
        """See `DraftTarget.create`. Appended as ``(\\Draft \\Seen)`` (RFC 3501 6.3.11).

        A letter of this Message-ID that stands in Drafts already is returned as it is, and none is made.
        """
        raw = build(draft)
        with self._sessions.use(sure=True) as session:
            places = self._places(session)
            standing = self._find(session, replace(places, sent=None, trash=None), draft.message_id, "")
            if standing.where is Whereabouts.PRESENT:
                return standing
            with session.guard(write=True), session.asking(self._sessions.before_write):
                answer = session.client.append(places.drafts.name, raw, (rb"\Draft", rb"\Seen"))
            try:
                found = self._appended(session, places, answer, draft.message_id)
            except TryLater as error:
                raise OutcomeUnknown(str(error)) from None
        if found.where is not Whereabouts.PRESENT:
            raise OutcomeUnknown(f"{self._settings.host} took the draft but does not show it.")
        return found

    def _appended(self, session: Session, places: _Places, answer: object, message_id: str) -> RemoteDraft:
        said = _APPENDUID.search(answer) if isinstance(answer, bytes) else None
        if said is None:
            return self._find(session, places, message_id, "")
        box = session.open(places.drafts.name)
        if box.validity == int(said[1]):
            for found in _whole(session, box, [int(said[2])]):
                return found
        return self._find(session, places, message_id, "")

    def look(self, drafts: Sequence[tuple[str, str]]) -> Sequence[RemoteDraft]:
        """See `DraftTarget.look`. One FETCH for all that are where we left them, searches only for the others."""
        if not drafts:
            return []
        with self._sessions.use() as session:
            places = self._places(session)
            box = session.open(places.drafts.name)
            uids = {uid for remote_id, _ in drafts if (uid := _uid_in(remote_id, box))}
            there = {one.remote_id: one for one in _whole(session, box, sorted(uids))}
            answers: list[RemoteDraft] = []
            for remote_id, message_id in drafts:
                found = there.get(remote_id)
                if found is not None and found.where is Whereabouts.PRESENT and found.message_id == message_id:
                    answers.append(found)
                else:
                    answers.append(self._find(session, places, message_id, ""))
            return answers

    def similar(self, recipient: str, subject: str, in_reply_to: str) -> Sequence[RemoteDraft]:
        """See `DraftTarget.similar`. A Drafts folder of usual size is read through, a larger one searched."""
        with self._sessions.use() as session:
            box = session.open(self._places(session).drafts.name)
            if not box.exists:
                return []
            wanted = ["1:*"]
            if box.exists > READ_THROUGH:
                with session.guard():
                    wanted = list(uid_sets(sorted(session.client.search(["TO", recipient]))))
            hits: list[int] = []
            for uids in wanted:
                with session.guard():
                    rows = list(FetchStream(session, f"UID FETCH {uids} {LIKENESS}"))
                hits += [uid for _, uid, _, head in rows if resembles(head, recipient, subject, in_reply_to)]
            return [one for one in _whole(session, box, sorted(hits)) if one.where is Whereabouts.PRESENT]

    def withdraw(self, remote_id: str, message_id: str, digest: str) -> RemoteDraft:
        """See `DraftTarget.withdraw`. By MOVE (RFC 6851), else by COPY and UID EXPUNGE of that one (RFC 4315).

        Raises:
            Refused: there is no trash, or the server offers neither way: the draft is left where it is.
        """
        with self._sessions.use(sure=True) as session:
            places = self._places(session)
            found = self._where_left(session, places, remote_id, message_id)
            if found.where is not Whereabouts.PRESENT:
                return found
            if found.digest != digest:
                raise Conflict("The draft has been edited: it is the user's now.")
            if places.trash is None:
                raise Refused(f"Account {self._settings.account} has no trash that can be recognised: name it.")
            box = session.open(places.drafts.name, write=True)
            uid = _uid_in(found.remote_id, box)
            if not uid:
                raise Conflict("The Drafts folder has been renumbered.")
            self._to_trash(session, uid, places.trash.name)
            return replace(found, where=Whereabouts.TRASHED)

    def _to_trash(self, session: Session, uid: int, trash: str) -> None:
        client = session.client
        with session.guard(write=True), session.asking(self._sessions.before_write):
            if "MOVE" in session.capabilities:
                client.move([uid], trash)
            elif "UIDPLUS" in session.capabilities:
                client.copy([uid], trash)
                client.add_flags([uid], [rb"\Deleted"], silent=True)
                client.uid_expunge([uid])
            else:  # a bare EXPUNGE would take with it what the user has marked
                raise Refused(f"{self._settings.host} offers neither MOVE nor UIDPLUS: the draft is left as it is.")

    # -- looking -----------------------------------------------------------------------------------

    def _places(self, session: Session) -> _Places:
        settings = self._settings
        folders = list_folders(session)
        return _Places(
            drafts=require_drafts(folders, settings),
            sent=of_role(folders, FolderRole.SENT, settings.sent_folder),
            trash=of_role(folders, FolderRole.TRASH, settings.trash_folder),
        )

    def _where_left(self, session: Session, places: _Places, remote_id: str, message_id: str) -> RemoteDraft:
        box = session.open(places.drafts.name)
        uid = _uid_in(remote_id, box)
        if uid:
            for found in _whole(session, box, [uid]):
                if found.where is Whereabouts.PRESENT and found.message_id == message_id:
                    return found
        return self._find(session, places, message_id, "")

    def _find(self, session: Session, places: _Places, message_id: str, hint: str) -> RemoteDraft:
        gone = RemoteDraft(Whereabouts.GONE, message_id=message_id)
        deleted = None
        for folder, where in (
            (places.drafts, Whereabouts.PRESENT),
            (places.sent, Whereabouts.SENT),
            (places.trash, Whereabouts.TRASHED),
        ):
            if folder is None:
                continue
            box = session.open(folder.name)
            uids = self._with_id(session, box, message_id, hint if folder is places.drafts else "")
            found = list(_whole(session, box, uids))
            # newest first: clients append the edited draft and mark the old one deleted
            for one in sorted(found, key=lambda r: int(r.remote_id.partition(":")[2]), reverse=True):
                if one.message_id != message_id:
                    continue  # SEARCH matches substrings
                if one.where is Whereabouts.PRESENT:
                    return replace(one, where=where)
                deleted = deleted or one
        if deleted is not None:
            return deleted  # marked \Deleted: the user threw it away, the server has yet to expunge
        return gone if places.sent is not None else replace(gone, where=Whereabouts.UNKNOWN)

    def _with_id(self, session: Session, box: Box, message_id: str, hint: str) -> list[int]:
        if not box.exists:
            return []
        validity, _, first = hint.partition(":")
        if validity == str(box.validity) and first.isdigit():
            found = self._read_ids(session, f"{first}:*", message_id)
            if found:
                return found
        with session.guard():
            found = sorted(session.client.search(["HEADER", "Message-ID", message_id]))
        if not found and box.exists <= READ_THROUGH:
            found = self._read_ids(session, "1:*", message_id)
        return found

    def _read_ids(self, session: Session, uids: str, message_id: str) -> list[int]:
        with session.guard():
            rows = list(FetchStream(session, f"UID FETCH {uids} {IDS}"))
        return sorted(uid for _, uid, _, body in rows if letter_message_id(body) == message_id)


def _whole(session: Session, box: Box, uids: Sequence[int]) -> Iterator[RemoteDraft]:
    """Messages of the open folder as drafts; those marked ``\\Deleted`` as trashed."""
    for some in uid_sets(list(uids)):
        with session.guard():
            rows = list(FetchStream(session, f"UID FETCH {some} {WHOLE}"))
        for _, uid, meta, body in rows:
            yield RemoteDraft(
                where=Whereabouts.TRASHED if "\\deleted" in flags_of(meta) else Whereabouts.PRESENT,
                remote_id=f"{box.validity}:{uid}",
                digest=digest(body),
                message_id=letter_message_id(body),
                subject=_subject(body),
            )


def _subject(raw: bytes) -> str:
    return clean(decode_words(split_fields(raw).get("subject", "")))


def _uid_in(remote_id: str, box: Box) -> int:
    validity, _, uid = remote_id.partition(":")
    return int(uid) if validity == str(box.validity) and uid.isdigit() else 0
