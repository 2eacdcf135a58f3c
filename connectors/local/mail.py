"""Mail in Maildirs. Nothing is written, no move from ``new`` to ``cur``; only our own keyword is taken off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from connectors.local import disk, seen
from connectors.local.folders import Folder, find_folders
from connectors.local.maildir import (
    Entry,
    Vanished,
    keywords,
    list_entries,
    read_head,
    read_report,
    read_text,
    stamp,
    without_flags,
)
from connectors.matching import concerns
from daemon.core.errors import BrokenItem, CursorExpired, TryLater
from daemon.core.model import Broken, FolderRole, Interest, Mail, MailPage, Position, Signal, Stream
from daemon.formats.headers import parse_mail
from daemon.formats.prefilter import prefilter

PAGE = 2000
UNREAD = frozenset({FolderRole.JUNK, FolderRole.TRASH, FolderRole.DRAFTS})


class LocalMail:
    """`daemon.core.ports.MailSource` and `TextSource` over all Maildirs of one path.

    Memory holds the names of one folder's messages and one page, never messages.
    """

    def __init__(
        self, root: Path, named: Mapping[FolderRole, str], before_write: Callable[[], None] = lambda: None
    ) -> None:
        self._root = root
        self._named = named
        self._before_write = before_write
        self._folders: dict[str, Folder] = {}
        self._quiet: dict[str, tuple[str, seen.Stamp]] = {}

    def streams(self) -> Sequence[Stream]:
        folders = [f for f in self._find() if f.role not in UNREAD]
        whole = [f for f in folders if f.role is FolderRole.ALL]
        # Gmail's All Mail holds what all the others hold.
        return [Stream(f.name, f.label, f.role) for f in whole or folders]

    def pages(self, stream: Stream, since: Position, interest: Interest) -> Iterator[MailPage]:
        known = seen.parse(since.cursor)
        folder = self._folder(stream)
        now = stamp(folder)
        unchanged = known.quiet(now) or self._quiet.get(stream.name) == (since.cursor, now)
        if unchanged and since.cursor and not since.progress:
            return
        reading = _Reading(folder, interest)
        listed_ns = disk.clock_ns()
        old: list[int] = []
        new: list[Entry] = []
        for entry in list_entries(folder):
            mark = reading.mark(entry)
            if mark in known:
                old.append(mark)
            else:
                new.append(entry)
        done = _resume(since.progress, new, reading)
        read = [reading.mark(entry) for entry in new[:done]]
        if not new and since.cursor and not since.progress:
            if seen.settled(now, listed_ns):
                self._quiet[stream.name] = (since.cursor, now)
            return
        while True:
            chunk = new[done : done + PAGE]
            done += len(chunk)
            mails, broken = reading.read(chunk, read)
            if done < len(new):
                progress = f"{_quote(new[done - 1].base)} {seen.checksum(read)}"
                position = Position(since.cursor, progress)
            else:
                position = Position(seen.make(now, listed_ns, old + read).text())
            yield MailPage(mails, position, broken, len(chunk), len(new))
            if not position.progress:
                return

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        folder = self._folder(stream)
        reading = _Reading(folder, replace(interest, known=frozenset(addresses)))
        after = _unquote(progress.partition(" ")[0]) if progress else b""
        # What arrives meanwhile before this place is news, and read as such.
        left = [entry for entry in list_entries(folder) if entry.base > after]
        at = 0
        while True:
            chunk = left[at : at + PAGE]
            at += len(chunk)
            mails, _ = reading.read(chunk, [])
            going_on = at < len(left)
            yield MailPage(
                mails, Position(progress=_quote(chunk[-1].base) if going_on else ""), (), len(chunk), len(left)
            )
            if not going_on:
                return

    def clear_ask(self, stream: Stream, item_id: str, purpose: str) -> None:
        """See `MailSource.clear_ask`: the letter goes out of the file's name, as Dovecot itself would do it."""
        folder = self._folder(stream)
        letters = {letter for letter, name in keywords(folder).items() if name == purpose}
        for entry in list_entries(folder):
            if disk.text(entry.base) == item_id and not letters.isdisjoint(entry.flags):
                self._before_write()
                try:
                    without_flags(folder, entry, letters)
                except FileNotFoundError:
                    return  # moved on as we looked: where it turns up it is read again, flag and all
                except OSError as error:
                    raise disk.told(error, folder.path) from error

    def text(self, stream: str, item_id: str) -> str:
        """See `TextSource.text`. A file is read, not touched: it does not even go from ``new`` to ``cur``."""
        return read_text(self._folder(Stream(stream, stream)), item_id)

    def _folder(self, stream: Stream) -> Folder:
        found = self._folders.get(stream.name)
        if found is None or not (found.path / "cur").is_dir():
            self._find()  # says so where nothing is left at all: a disk that is not mounted
            found = self._folders.get(stream.name)
        if found is None:
            raise TryLater(f"The folder {stream.label} is not there now.")
        return found

    def _find(self) -> list[Folder]:
        folders = find_folders(self._root, self._named)
        self._folders = {folder.name: folder for folder in folders}
        return folders


def _resume(progress: str, new: Sequence[Entry], reading: _Reading) -> int:
    """How many of the new messages were read before the pass was stopped; 0 where that is not sure."""
    if not progress:
        return 0
    name, space, checksum = progress.partition(" ")
    if not space:
        raise CursorExpired("the place in this folder cannot be read any more")
    last = _unquote(name)
    done = sum(1 for entry in new if entry.base <= last)
    return done if seen.checksum(reading.mark(entry) for entry in new[:done]) == checksum else 0


def _quote(base: bytes) -> str:
    return base.hex()


def _unquote(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise CursorExpired("the place in this folder cannot be read any more") from error


class _Reading:
    """Reads message files of one folder for one interest."""

    def __init__(self, folder: Folder, interest: Interest) -> None:
        self._folder = folder
        self._interest = interest
        self._maybe: Callable[[bytes], bool] = prefilter(interest).maybe
        self._keywords = keywords(folder)

    def mark(self, entry: Entry) -> int:
        """What a message is remembered by. A draft that is none any more, or a new request, makes it news."""
        flags = entry.flags
        asks = "".join(sorted(self._asks(flags)))
        extra = ("\0D" if "D" in flags else "") + (f"\0{asks}" if asks else "")
        return seen.mark(entry.base + extra.encode())

    def _asks(self, flags: str) -> frozenset[str]:
        return frozenset(self._keywords[letter] for letter in flags if letter in self._keywords)

    def read(self, chunk: Sequence[Entry], read: list[int]) -> tuple[tuple[Mail, ...], tuple[Broken, ...]]:
        """The messages of interest, and those that cannot be read. Adds to ``read`` what was looked at."""
        mails, broken = [], []
        for entry in chunk:
            item_id = disk.text(entry.base)
            try:
                head, delivered, now = read_head(self._folder, entry)
                asks = self._asks(now.flags)
                if asks or self._maybe(head):
                    mail = parse_mail(item_id, head, received=delivered, draft="D" in now.flags, asks=asks)
                    if Signal.BOUNCE in mail.signals and not mail.bounced:
                        mail = mail._replace(bounced=read_report(self._folder, now))
                    if concerns(mail, self._interest):
                        mails.append(mail)
            except Vanished:
                continue  # not remembered: should it come back, it is news
            except BrokenItem as error:
                broken.append(Broken(item_id, str(error)))
                now = entry
            read.append(self.mark(now))
        return tuple(mails), tuple(broken)
