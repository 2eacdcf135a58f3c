"""Where things are in a mailbox: folders by what they are for, calendars by name. Asked once, and again on demand."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.microsoft.http import Client, Json, query, seg
from daemon.core.address import normalise
from daemon.core.errors import NeedsUser, OutcomeUnknown, TryLater, UserMistake
from daemon.core.model import FolderRole, Stream
from daemon.core.plain import one_line

ROLES = {
    "inbox": FolderRole.INBOX,
    "sentitems": FolderRole.SENT,
    "drafts": FolderRole.DRAFTS,
    "deleteditems": FolderRole.TRASH,
    "junkemail": FolderRole.JUNK,
}
"""Well-known names, which work in every language the folders may be shown in."""

OTHERS = ("outbox", "conversationhistory", "syncissues", "recoverableitemsdeletions", "searchfolders")
"""Well-known folders with no letters in them that anybody wrote or got. Not every mailbox has each."""

_FIELDS = "id,displayName,parentFolderId,childFolderCount"


@dataclass(frozen=True, slots=True)
class Folder:
    """A mail folder. ``label`` is its path as people read it."""

    id: str
    label: str
    role: FolderRole
    read: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar. ``main`` is the one every Outlook shows alarms of, ``mine`` where nobody else shared it."""

    id: str
    name: str
    main: bool
    writable: bool
    mine: bool = True

    @property
    def path(self) -> str:
        """Where Graph has it."""
        return f"/me/calendars/{seg(self.id)}"

    @property
    def stream(self) -> Stream:
        return Stream(self.id, self.name)


class Places:
    """The folders and calendars of one mailbox. Ids of both are constant, immutable ids or not."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, str] = {}  # well-known name -> id
        self._calendars: list[Calendar] | None = None

    # -- mail folders ----------------------------------------------------------------------------

    def known(self) -> dict[str, str]:
        """The ids of the well-known folders there are, by name."""
        if not self._known:
            names = (*ROLES, *OTHERS)
            parts = self._client.batch([query(f"/me/mailFolders/{name}", select="id") for name in names])
            self._known = {
                n: str(p.body["id"]) for n, p in zip(names, parts, strict=True) if p.status == 200 and "id" in p.body
            }
        return self._known

    def streams(self) -> list[Stream]:
        """The folders to read.

        Raises:
            UserMistake: the configuration names one that does not exist.
        """
        settings = self._client.settings
        folders = self.folders()
        for wanted in settings.folders:
            if not any(_named(f.label, wanted) for f in folders):
                names = ", ".join(f.label for f in folders)
                raise UserMistake(f"Account {settings.account} has no folder {wanted!r}; it has {names}.")
        return [
            Stream(f.id, f.label, f.role)
            for f in folders
            if (any(_named(f.label, w) for w in settings.folders) if settings.folders else f.read)
            and not any(_named(f.label, w) for w in settings.exclude)
        ]

    def folders(self) -> list[Folder]:
        """All mail folders, parents before children."""
        roles = {self.known()[name]: role for name, role in ROLES.items() if name in self.known()}
        closed = {self.known()[name] for name in OTHERS if name in self.known()}
        closed |= {i for i, r in roles.items() if r in (FolderRole.DRAFTS, FolderRole.TRASH, FolderRole.JUNK)}
        found: list[Folder] = []
        layer = [(one, "", True) for one in self._client.every(query("/me/mailFolders", select=_FIELDS))]
        while layer:
            below: list[tuple[str, str, bool]] = []
            for one, above, read in layer:
                if "mailSearchFolder" in str(one.get("@odata.type", "")):
                    continue  # a view of what lies elsewhere
                folder_id = str(one["id"])
                read = read and folder_id not in closed
                label = f"{above}{one_line(str(one.get('displayName', '')))}"
                found.append(Folder(folder_id, label, roles.get(folder_id, FolderRole.OTHER), read))
                if one.get("childFolderCount"):
                    below.append((folder_id, f"{label}/", read))
            layer = [
                (one, above, read)
                for folder_id, above, read in below
                for one in self._client.every(query(f"/me/mailFolders/{seg(folder_id)}/childFolders", select=_FIELDS))
            ]
        return found

    # -- calendars -------------------------------------------------------------------------------

    def calendars(self, *, fresh: bool = False) -> list[Calendar]:
        """All calendars."""
        if self._calendars is None or fresh:
            listed = self._client.every(query("/me/calendars", select="id,name,isDefaultCalendar,canEdit,owner"))
            me = next((_owner(one) for one in listed if one.get("isDefaultCalendar")), "")
            self._calendars = [
                Calendar(
                    str(one["id"]),
                    one_line(str(one.get("name", ""))),
                    bool(one.get("isDefaultCalendar")),
                    one.get("canEdit") is not False,
                    _owner(one) in ("", me),
                )
                for one in listed
            ]
        return self._calendars

    def wanted_calendars(self) -> list[Calendar]:
        """The calendars to read: those named, else the user's own. What others share is their meetings, not the user's.

        Raises:
            UserMistake: the configuration names one that does not exist.
        """
        settings = self._client.settings
        there = self.calendars()
        for wanted in settings.calendars:
            if not any(_named(c.name, wanted) for c in there):
                names = ", ".join(c.name for c in there)
                raise UserMistake(f"Account {settings.account} has no calendar {wanted!r}; it has {names}.")
        if settings.calendars:
            return [c for c in there if any(_named(c.name, wanted) for wanted in settings.calendars)]
        return [c for c in there if c.mine]

    def own_calendars(self) -> list[Calendar]:
        """The user's own, as they are now: what others share may be closed to us, and holds nothing of ours."""
        return [c for c in self.calendars(fresh=True) if c.mine]

    def reminders_calendar(self) -> Calendar | None:
        """Where reminders go; None where it has yet to be made.

        Raises:
            NeedsUser: it cannot be written to.
        """
        name = self._client.settings.reminders_calendar
        found = next((c for c in self.calendars() if (_named(c.name, name) if name else c.main)), None)
        if (found is None and not name) or (found is not None and not found.writable):
            raise NeedsUser(
                f"Account {self._client.settings.account} has no calendar that reminders may be put into.",
                "Name one by reminders_calendar.",
            )
        return found

    def make_calendar(self) -> Calendar:
        """The calendar for reminders, made. Only a first reminder brings this about."""
        name = self._client.settings.reminders_calendar
        self._calendars = None
        try:
            made = self._client.write("POST", "/me/calendars", {"name": name})
        except OutcomeUnknown as error:
            # an empty calendar does no harm: the next round finds it or makes it
            raise TryLater(str(error), error.after) from None
        return Calendar(str(made["id"]), name, False, True)


def _owner(calendar: Json) -> str:
    who = calendar.get("owner")
    return normalise(str(who.get("address") or "")) if isinstance(who, dict) else ""


def _named(label: str, wanted: str) -> bool:
    return label.casefold() == wanted.casefold()
