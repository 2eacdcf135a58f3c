"""Reminders as .ics files in a calendar folder of our own: ``kith/{uid}.ics``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from connectors.local import disk
from connectors.local.shelves import Shelf, Shelves
from daemon.core.errors import BrokenItem, Conflict, KithError, NeedsUser, OutcomeUnknown
from daemon.core.model import OutgoingEvent, RemoteEvent, Whereabouts
from daemon.formats import ics

_UNSAFE = re.compile(r"[^A-Za-z0-9@._-]")


class LocalReminders:
    """`daemon.core.ports.ReminderTarget`. A reminder's id is its file below the calendars' path, its version the file's
    digest. Created by linking a finished file into place, so it never overwrites and is never half there.
    """

    def __init__(
        self, files: Shelves, calendar: str, zone: str, before_write: Callable[[], None] = lambda: None
    ) -> None:
        self._before_write = before_write
        self._files = files
        self._calendar = calendar
        self._zone = zone

    def find(self, key: str, uid: str) -> RemoteEvent:
        return self._by_uid(uid) or self._absent(uid)

    def create(self, event: OutgoingEvent) -> RemoteEvent:
        if self._by_uid(event.uid):  # whatever is known of it
            raise Conflict("An event of this UID exists already.")
        path = self._home() / f"{_safe(event.uid)}.ics"
        raw = ics.write_event(event)
        self._before_write()
        try:
            disk.write_new(path, raw, _temporary(path))
        except FileExistsError as error:
            raise Conflict("An event of this UID exists already.") from error
        except OSError as error:
            if path.exists():
                raise OutcomeUnknown("The reminder was written, but maybe not for good.") from error
            raise disk.told(error, path.parent) from error
        return self._read(path, self._id_of(path)) or self._absent(event.uid)

    def update(self, remote_id: str, version: str, event: OutgoingEvent) -> RemoteEvent:
        path = self._path_of(remote_id)
        held = self._unchanged(path, version)
        raw = ics.reword(held, event) if event.words_only else ics.write_event(event)
        self._before_write()
        try:
            disk.replace(path, raw, _temporary(path))
        except OSError as error:
            if self._content(path) == raw:
                raise OutcomeUnknown("The reminder was changed, but maybe not for good.") from error
            raise disk.told(error, path.parent) from error
        return self._read(path, remote_id) or self._absent(event.uid)

    def look(self, events: Sequence[tuple[str, str]]) -> Sequence[RemoteEvent]:
        found = []
        for remote_id, uid in events:
            held = self._read(self._path_of(remote_id), remote_id)
            found.append(held if held and held.uid == uid else self._by_uid(uid) or self._absent(uid, remote_id))
        return found

    def withdraw(self, remote_id: str, version: str) -> RemoteEvent:
        path = self._path_of(remote_id)
        if self._content(path) is None:
            return RemoteEvent(Whereabouts.GONE, remote_id)
        self._unchanged(path, version)
        # Taken aside first and looked at again: what was saved in between goes back.
        aside = _temporary(path)
        self._before_write()
        try:
            path.replace(aside)
            raw = aside.read_bytes()
            if _version(raw) != version:
                disk.link(aside, path)
                aside.unlink(missing_ok=True)
                raise Conflict("The event is not what we last saw.")
            aside.unlink()
            disk.sync_folder(path.parent)
        except FileNotFoundError:
            return RemoteEvent(Whereabouts.GONE, remote_id)
        except OSError as error:
            if not path.exists():
                raise OutcomeUnknown("The reminder was withdrawn, but maybe not for good.") from error
            raise disk.told(error, path.parent) from error
        return RemoteEvent(Whereabouts.GONE, remote_id)

    # -- looking

    def _by_uid(self, uid: str) -> RemoteEvent | None:
        """The event, in whatever calendar it is now: by its file's name, else by what stands in the files."""
        wanted = uid.encode()
        for shelf, name in self._names(f"{_safe(uid)}.ics"):
            path = self._files.path_of(shelf, name)
            if (raw := self._content(path)) is None or wanted not in raw.replace(b"\r\n ", b"").replace(b"\n ", b""):
                continue
            held = self._read(path, self._id_of(path))
            if held and held.uid == uid:
                return held
            if held is None or uid in ics.uids(raw):  # in a file we can make nothing of: there, and no more is sure
                return RemoteEvent(Whereabouts.UNKNOWN, self._id_of(path), uid=uid)
        return None

    def _names(self, likely: str) -> Iterator[tuple[Shelf, str]]:
        shelves = [(shelf, list(self._files.listing(shelf))) for shelf in self._files.shelves()]
        yield from ((shelf, likely) for shelf, names in shelves if likely in names)
        yield from ((shelf, name) for shelf, names in shelves for name in names if name != likely)

    def _absent(self, uid: str, remote_id: str = "") -> RemoteEvent:
        """Gone, where that can be said: our calendar is there, and all of it could be read."""
        if not remote_id:
            return RemoteEvent(Whereabouts.GONE, uid=uid)
        path = self._path_of(remote_id)
        try:
            present = path.parent.is_dir()
            readable = not path.exists()
        except OSError:
            present = readable = False
        where = Whereabouts.GONE if present and readable else Whereabouts.UNKNOWN
        return RemoteEvent(where, remote_id, uid=uid)

    def _read(self, path: Path, remote_id: str) -> RemoteEvent | None:
        raw = self._content(path)
        if raw is None:
            return None
        try:
            return ics.event_state(remote_id, _version(raw), raw, self._zone)
        except BrokenItem:
            return None

    @staticmethod
    def _content(path: Path) -> bytes | None:
        try:
            return disk.read_whole(path)
        except (FileNotFoundError, BrokenItem):
            return None
        except OSError as error:
            raise disk.told(error, path) from error

    def _unchanged(self, path: Path, version: str) -> bytes:
        raw = self._content(path)
        if raw is None or _version(raw) != version:
            raise Conflict("The event is not what we last saw.")
        return raw

    # -- places

    def _home(self) -> Path:
        root = self._files.root
        with disk.translated(root):
            root.stat()
            if not root.is_dir():
                raise NeedsUser(
                    f"{root} is one file: no calendar of our own can be made in it.",
                    "Give calendars a folder, or let another account take the reminders.",
                )
            path = root / self._calendar
            path.mkdir(mode=0o700, exist_ok=True)
        return path

    def _id_of(self, path: Path) -> str:
        return disk.text(os.fsencode(path.relative_to(self._files.root)))

    def _path_of(self, remote_id: str) -> Path:
        path = self._files.root / remote_id
        if ".." in path.parts or Path(remote_id).is_absolute():
            raise KithError("an id of a reminder leads out of its calendar")
        return path


def _safe(uid: str) -> str:
    return _UNSAFE.sub("_", uid)


def _version(raw: bytes) -> str:
    return sha256(raw).hexdigest()


def _temporary(path: Path) -> Path:
    # hidden and without .ics: neither vdirsyncer nor khal takes it for an event
    return path.with_name(f".{path.name}.tmp")
