"""The folders of a mailbox, told by what they are for: their names are in the user's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.exchange import elements, ews
from connectors.exchange.session import Session
from daemon.core.errors import NeedsUser
from daemon.core.model import FolderRole, Stream

KNOWN = {
    "inbox": FolderRole.INBOX,
    "sentitems": FolderRole.SENT,
    "drafts": FolderRole.DRAFTS,
    "deleteditems": FolderRole.TRASH,
    "junkemail": FolderRole.JUNK,
    "outbox": FolderRole.DRAFTS,
    "syncissues": FolderRole.JUNK,
    "conversationhistory": FolderRole.JUNK,
    "calendar": FolderRole.OTHER,
    "contacts": FolderRole.OTHER,
}
"""Distinguished folders and what they are to us; what is in or under those of JUNK, TRASH and DRAFTS is not read.

The outbox holds what is not sent yet; sync issues and the history of chats are no mail.
"""

UNREAD = frozenset({FolderRole.JUNK, FolderRole.TRASH, FolderRole.DRAFTS})
MAIL, EVENTS, PEOPLE = "IPF.Note", "IPF.Appointment", "IPF.Contact"
"""The classes of folders (MS-OXOSFLD 2.2.5)."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder. ``path`` are the names down to it; ``role`` that of the distinguished folder it is in."""

    id: str
    path: tuple[str, ...]
    kind: str
    role: FolderRole
    count: int
    main: str = ""  # the distinguished folder it is itself

    @property
    def label(self) -> str:
        """What the user calls it."""
        return "/".join(self.path)

    @property
    def stream(self) -> Stream:
        """It as something that is read on its own."""
        return Stream(self.id, self.label, self.role if self.main else FolderRole.OTHER)


class Folders:
    """The mailbox's folders, listed when first needed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: list[Folder] | None = None

    def all(self, *, fresh: bool = False) -> Sequence[Folder]:
        """All folders a user sees, the distinguished first."""
        if self._found is None or fresh:
            self._found = self._session.read(_list)
        return self._found

    def of_class(self, kind: str, only: Sequence[str] = (), without: Sequence[str] = ()) -> list[Folder]:
        """Folders of this class to read; of those the user named, by any spelling of case."""
        named, left = _names(only), _names(without)
        return [
            folder
            for folder in self.all(fresh=True)
            if folder.kind.startswith(kind)
            and folder.role not in UNREAD
            and (not named or named & _names((folder.label, folder.path[-1])))
            and not left & _names((folder.label, folder.path[-1]))
        ]

    def main(self, name: str) -> Folder:
        """A distinguished folder.

        Raises:
            NeedsUser: the mailbox has none.
        """
        for folder in self.all():
            if folder.main == name:
                return folder
        raise NeedsUser(f"The mailbox {self._session.settings.address} has no folder for {name}.", "Ask its keeper.")

    def calendars(self) -> list[Folder]:
        """All calendars but deleted ones."""
        return [f for f in self.all() if f.kind.startswith(EVENTS) and f.role not in UNREAD]

    def forget(self) -> None:
        """List them anew when next needed."""
        self._found = None


def _names(texts: Sequence[str]) -> set[str]:
    return {text.casefold() for text in texts}


def _list(account: Any) -> list[Folder]:
    wanted = ["msgfolderroot", *KNOWN]
    answers = ews.get_folders(account, [ews.distinguished(account, name) for name in wanted])
    top, known = "", {}
    for name, element in zip(wanted, answers, strict=True):
        if isinstance(element, Exception):
            if name in ("msgfolderroot", "inbox"):
                raise element
            continue
        if name == "msgfolderroot":
            top = _id(element)
        else:
            known[_id(element)] = name
    listed = [e for e in ews.find_folders(account) if not isinstance(e, Exception)]
    by_id = {_id(e): e for e in listed}
    found = [_folder(element, by_id, known, top) for element in listed if not str(element.tag).endswith("SearchFolder")]
    order = {name: place for place, name in enumerate(KNOWN)}
    return sorted(found, key=lambda f: (order.get(f.main, len(order)), f.label.casefold(), f.id))


def _folder(element: Any, by_id: dict[str, Any], known: dict[str, str], top: str) -> Folder:
    path: list[str] = []
    role = FolderRole.OTHER
    now, seen = _id(element), set[str]()
    while now and now != top and now not in seen:
        seen.add(now)
        if now in known and role is FolderRole.OTHER:
            role = KNOWN[known[now]]
        step = by_id.get(now)
        if step is None:
            break
        path.insert(0, elements.text(step, "t:DisplayName"))
        parent = step.find("t:ParentFolderId", elements.NS)
        now = parent.get("Id", "") if parent is not None else ""
    id_ = _id(element)
    count = elements.text(element, "t:TotalCount")
    kind = elements.text(element, "t:FolderClass") or (MAIL if str(element.tag).endswith("}Folder") else "")
    return Folder(id_, tuple(path), kind, role, int(count) if count.isdigit() else 0, known.get(id_, ""))


def _id(element: Any) -> str:
    found = element.find("t:FolderId", elements.NS)
    return found.get("Id", "") if found is not None else ""
