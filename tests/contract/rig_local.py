"""The rig of the local connector: files put, renamed and removed as mail and calendar programs do it."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

import connectors.local
from connectors.local import disk, files, mail
from daemon.core.model import Account, Position
from daemon.core.ports import Connection
from tests.contract.rig import ME, SeenEvent
from tests.contract.rig_memory import around
from tests.contract.samples import PAGE, dragged, message_id, retitled, reworded, rewritten, seen_event

_numbers = itertools.count(1)
KEYWORDS = ("kith-thanks", "kith-reply")


def make_maildir(path: Path) -> Path:
    """An empty Maildir."""
    for sub in ("cur", "new", "tmp"):
        (path / sub).mkdir(parents=True, exist_ok=True)
    return path


class LocalRig:
    """A Maildir++ with all usual folders, one calendar, one address book. Handles are paths."""

    whole: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.root = folder
        self.maildir = make_maildir(folder / "Maildir")
        for name in ("Sent", "Drafts", "Trash", "Junk", "Archive"):
            make_maildir(self.folder(name))
        self.calendar = folder / "calendars" / "personal"
        self.book = folder / "contacts" / "default"
        for path in (self.calendar, self.book):
            path.mkdir(parents=True)
        self._patch = patch
        patch.setattr(mail, "PAGE", PAGE)
        patch.setattr(files, "PAGE", PAGE)
        self._connection: Connection | None = None

    def folder(self, name: str) -> Path:
        return self.maildir if name == "INBOX" else self.maildir / f".{name}"

    def connection(self) -> Connection:
        return self._connection or self.fresh_connection()

    def fresh_connection(self) -> Connection:
        options = {name: str(self.root / path) for name, path in PLACES.items()}
        self._connection = connectors.local.connect(Account("local", "local", ME, options=options), around(self.root))
        return self._connection

    def lose_next_response(self) -> None:
        # The name is in the folder, and then the disk fails.
        self._fail_once("sync_folder")

    def lose_next_request(self) -> None:
        self._fail_once("_write")

    def _fail_once(self, name: str) -> None:
        real: Callable[..., None] = getattr(disk, name)

        def fail(*args: object) -> None:
            self._patch.setattr(disk, name, real)
            raise OSError(errno.EIO, "planted")

        self._patch.setattr(disk, name, fail)

    # -- mail

    def add_mail(self, folder: str, raw: bytes, *, draft: bool = False) -> str:
        number = next(_numbers)
        name = f"{1763000000 + number}.M{number}P1.host"
        path = self.folder(folder) / ("cur" if draft else "new") / (name + (":2,D" if draft else ""))
        path.write_bytes(raw)
        return str(path)

    def add_broken_mail(self, folder: str) -> str:
        # A link to nowhere stands for every file that cannot be read: root, who may run the tests, reads the others.
        path = self.folder(folder) / "cur" / f"{1763000003}.M{next(_numbers)}P1.host:2,S"
        path.symlink_to("nowhere")
        return str(path)

    def move_mail(self, handle: str, folder: str) -> str:
        path = Path(handle)
        return str(path.rename(self.folder(folder) / path.parent.name / path.name))

    def copy_mail(self, handle: str, folder: str) -> str:
        return self.add_mail(folder, Path(handle).read_bytes())

    def delete_mail(self, handle: str) -> None:
        Path(handle).unlink()

    def set_flag(self, handle: str, keyword: str) -> None:
        path = Path(handle)
        maildir = path.parent.parent
        lines = "".join(f"{number} {name}\n" for number, name in enumerate(KEYWORDS))
        (maildir / "dovecot-keywords").write_text(lines)
        path.rename(maildir / "cur" / f"{path.name.partition(':')[0]}:2,S{'ab'[KEYWORDS.index(keyword)]}")

    def mark_seen(self, handle: str) -> None:
        path = Path(handle)
        path.rename(path.parent.parent / "cur" / f"{path.name.partition(':')[0]}:2,S")

    def mailbox(self) -> object:
        return sorted((str(p), p.lstat().st_mtime_ns) for p in self.maildir.rglob("*"))

    def allow_texts(self) -> None:
        pass

    def expire_mail_cursor(self, stream: str, position: Position) -> Position:
        # Nothing makes a Maildir forget; a later version may write its cursors otherwise.
        return Position(f"m0 {position.cursor}" if position.cursor else "", f"?{position.progress}")

    # -- calendars and address books

    def add_event(self, raw: bytes) -> str:
        return str(_put(self.calendar / f"e{next(_numbers):06}.ics", raw))

    def add_broken_event(self) -> str:
        path = self.calendar / f"e{next(_numbers):06}.ics"
        path.symlink_to("nowhere")
        return str(path)

    def change_event(self, handle: str, raw: bytes) -> None:
        _put(Path(handle), raw)

    def delete_event(self, handle: str) -> None:
        Path(handle).unlink()

    def expire_calendar_cursor(self, stream: str, position: Position) -> Position:
        return Position(f"f0 {position.cursor}", position.progress)

    def add_card(self, raw: bytes) -> str:
        return str(_put(self.book / f"c{next(_numbers):06}.vcf", raw))

    def add_broken_card(self) -> str:
        return self.add_card(b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n")

    def change_card(self, handle: str, raw: bytes) -> None:
        _put(Path(handle), raw)

    def delete_card(self, handle: str) -> None:
        Path(handle).unlink()

    def expire_contacts_cursor(self, stream: str, position: Position) -> Position:
        return Position(f"f0 {position.cursor}", position.progress)

    def belongings(self) -> object:
        found = sorted((*self.calendar.iterdir(), *self.book.iterdir()))
        return [(str(p), p.readlink() if p.is_symlink() else p.read_bytes()) for p in found]

    # -- drafts

    def _letters(self, folder: str) -> list[Path]:
        return sorted(path for sub in ("cur", "new") for path in (self.folder(folder) / sub).iterdir())

    def drafts(self) -> list[bytes]:
        return [path.read_bytes() for path in self._letters("Drafts")]

    def trashed(self) -> list[bytes]:
        return [path.read_bytes() for path in self._letters("Trash")]

    def _draft(self, wanted: str) -> Path:
        return next(path for path in self._letters("Drafts") if message_id(path.read_bytes()) == wanted)

    def user_edits_draft(self, message_id: str, text: str) -> None:
        # As Dovecot and mutt do: a new file under a new name, then the old one goes.
        old = self._draft(message_id)
        self.add_mail("Drafts", rewritten(old.read_bytes(), text), draft=True)
        old.unlink()

    def user_trashes_draft(self, message_id: str) -> None:
        self.move_mail(str(self._draft(message_id)), "Trash")

    def user_marks_draft_deleted(self, message_id: str) -> None:
        path = self._draft(message_id)
        path.rename(path.parent.parent / "cur" / f"{path.name.partition(':')[0]}:2,DT")

    def user_deletes_draft(self, message_id: str) -> None:
        self._draft(message_id).unlink()

    def user_sends_draft(self, message_id: str) -> None:
        # The copy in Sent is written anew; the draft goes.
        old = self._draft(message_id)
        self.add_mail("Sent", old.read_bytes())
        old.unlink()

    # -- reminders

    def _events(self) -> list[Path]:
        return sorted((self.root / "calendars" / "kith").glob("*.ics"))

    def reminders(self) -> list[SeenEvent]:
        return [seen_event(path.read_bytes()) for path in self._events()]

    def _event(self, uid: str) -> Path:
        return next(path for path in self._events() if seen_event(path.read_bytes()).uid == uid)

    def user_drags_event(self, uid: str, start: datetime) -> None:
        path = self._event(uid)
        _put(path, dragged(path.read_bytes(), start.astimezone(UTC)))

    def user_retitles_event(self, uid: str, title: str) -> None:
        path = self._event(uid)
        _put(path, retitled(path.read_bytes(), title))

    def user_rewrites_event(self, uid: str, text: str) -> None:
        path = self._event(uid)
        _put(path, reworded(path.read_bytes(), text))

    def user_deletes_event(self, uid: str) -> None:
        self._event(uid).unlink()


PLACES = {"maildir": "Maildir", "calendars": "calendars", "contacts": "contacts"}


def _put(path: Path, raw: bytes) -> Path:
    """As vdirsyncer and khal write: whole, then renamed into place."""
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(raw)
    os.replace(temporary, path)  # noqa: PTH105
    return path


class LocalBackend:
    """Nothing runs: a folder a rig."""

    @contextmanager
    def rig(self, folder: Path) -> Iterator[LocalRig]:
        with pytest.MonkeyPatch.context() as patch:
            yield LocalRig(folder, patch)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def open_server(folder: Path) -> Iterator[LocalBackend]:
    yield LocalBackend()
