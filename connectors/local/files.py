"""Folders of small files, one or more items in each: calendars (.ics) and address books (.vcf) as vdirsyncer lays them.

The cursor names each file read, with what the file system said of it, a digest and the items found in it: so a file
that is gone is told from one that is missing, and one merely touched is no news.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Generic, TypeVar

from connectors.local import disk
from connectors.local.landmarks import Landmarks
from daemon.core.errors import BrokenItem, CursorExpired, TryLater
from daemon.core.model import Broken, Position, Stream

PAGE = 200
MAX_DEPTH = 4
VERSION = "f1"
RACY_NS = 60 * 10**9
"""A file changed so shortly before it was read may change again without looking different: it is read once more."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelf:
    """One folder of files, or one file."""

    name: str
    label: str
    path: Path


@dataclass(frozen=True, slots=True)
class Known:
    """A file as it was read. ``stamp`` ends in ``~`` where the file was too young to be sure of."""

    stamp: str
    digest: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T]):
    """What one file holds: ``ids`` name everything in it, strangers' and broken items included."""

    ids: tuple[str, ...]
    items: tuple[T, ...] = ()
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed(Generic[T]):
    """One page of changes."""

    items: tuple[T, ...]
    broken: tuple[Broken, ...]
    listed: tuple[str, ...]
    gone: tuple[str, ...]
    full: bool
    position: Position


class Files(Generic[T]):
    """The shelves below one path."""

    def __init__(self, root: Path, suffix: str, landmarks: Landmarks) -> None:
        self.root = root
        self._suffix = suffix
        self._landmarks = landmarks
        self._checked: dict[Path, str] = {}  # files read again and found the same, with their stamps

    def shelves(self) -> list[Shelf]:
        """Every folder that holds such files or may come to hold some, in a stable order.

        Raises:
            NeedsUser: the path is not there.
        """
        with disk.translated(self.root):
            self.root.stat()
        if self.root.is_file():
            return [Shelf(".", self.root.stem, self.root)]
        found: list[Shelf] = []
        self._walk(self.root, "", found, set())
        return sorted(found, key=lambda shelf: shelf.name)

    def _walk(self, path: Path, name: str, found: list[Shelf], visited: set[tuple[int, int]]) -> None:
        try:
            status = path.stat()
            if (status.st_dev, status.st_ino) in visited:
                return
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(path) as entries:
                held = [entry for entry in entries if not entry.name.startswith(".")]
            inner = sorted(entry.name for entry in held if entry.is_dir())
        except OSError as error:
            if not name:
                raise disk.told(error, path) from error
            return
        if not inner or any(self._fits(entry.name) for entry in held):
            found.append(Shelf(disk.text(os.fsencode(name)) or ".", self._label(path), path))
        if name.count("/") + 1 < MAX_DEPTH:
            for child in inner:
                self._walk(path / child, f"{name}/{child}" if name else child, found, visited)

    @staticmethod
    def _label(path: Path) -> str:
        try:  # vdirsyncer keeps the calendar's title so
            return disk.read_head(path / "displayname")[0].decode("utf-8", "replace").strip() or path.name
        except (OSError, BrokenItem):
            return disk.text(os.fsencode(path.name))

    def _fits(self, name: str) -> bool:
        return name.lower().endswith(self._suffix) and not name.startswith(".")

    def shelf(self, stream: Stream) -> Shelf:
        """The shelf of a stream.

        Raises:
            TryLater: it was there and is not now.
        """
        for shelf in self.shelves():
            if shelf.name == stream.name:
                return shelf
        raise TryLater(f"{stream.label} is not there now.")

    def listing(self, shelf: Shelf) -> dict[str, str]:
        """The files, each with what the file system says of it.

        Raises:
            NeedsUser: the folder is empty and another one than it was: a disk is not mounted.
        """
        if shelf.path == self.root and self.root.is_file():
            names = [self.root.name]
            folder = self.root.parent
        else:
            folder = shelf.path
            with disk.translated(folder), os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if self._fits(entry.name))
            self._landmarks.check(folder, bool(names))
        found = {}
        for name in names:
            try:
                status = (folder / name).stat()
            except OSError:
                stamp = "0"  # gone this moment, or a link to nowhere: reading it will tell
            else:
                stamp = f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
                if disk.clock_ns() - status.st_mtime_ns < RACY_NS:
                    stamp += "~"
            found[name] = stamp
        return found

    def path_of(self, shelf: Shelf, name: str) -> Path:
        """Where a file of the shelf lies."""
        return self.root if shelf.path == self.root and self.root.is_file() else shelf.path / name

    def changes(self, shelf: Shelf, since: Position, parse: Callable[[str, bytes], Parsed[T]]) -> Iterator[Changed[T]]:
        """One pass over a shelf; ``parse`` is given each new or changed file by name.

        Raises:
            CursorExpired: before the first page.
        """
        known = _decode(since.cursor)
        full = not since.cursor or since.progress == "full"
        if since.progress not in ("", "full", "more"):
            raise CursorExpired("the place in this folder cannot be read any more")
        now = self.listing(shelf)
        todo = [name for name, stamp in now.items() if self._is_news(shelf, name, stamp, known.get(name))]
        earlier = tuple(i for held in known.values() for i in held.ids) if full else ()
        gone: set[str] = set()
        unended = not since.cursor or bool(since.progress)
        done = 0
        while True:
            chunk = todo[done : done + PAGE]
            done += len(chunk)
            page = [self._read(shelf, name, now[name], known, parse) for name in chunk]
            for one in page:
                gone |= one.gone
            last = done >= len(todo)
            if last:
                # Only now is it known of every file what is in it: an item may have gone from one to another.
                for name in [name for name in known if name not in now and _is_gone(self.path_of(shelf, name))]:
                    gone.update(known.pop(name).ids)
                gone -= {i for held in known.values() for i in held.ids}
            items = tuple(i for one in page for i in one.parsed.items)
            broken = tuple(b for one in page for b in one.parsed.broken)
            news = items or broken or (last and gone) or any(one.new for one in page)
            # Files read again and found the same make no page, but a pass once begun says that it has ended.
            if news or (last and unended):
                unended = True
                yield Changed(
                    items=items,
                    broken=broken,
                    listed=earlier + tuple(i for one in page for i in one.parsed.ids),
                    gone=tuple(sorted(gone)) if last else (),
                    full=full,
                    position=Position(_encode(known), "" if last else ("full" if full else "more")),
                )
            if last:
                return
            earlier = ()

    def _is_news(self, shelf: Shelf, name: str, stamp: str, known: Known | None) -> bool:
        if known is None:
            return True
        if known.stamp == stamp and not stamp.endswith("~"):
            return False
        return self._checked.get(self.path_of(shelf, name)) != stamp

    def _read(
        self, shelf: Shelf, name: str, stamp: str, known: dict[str, Known], parse: Callable[[str, bytes], Parsed[T]]
    ) -> _Outcome[T]:
        before = known.get(name)
        path = self.path_of(shelf, name)
        try:
            data = disk.read_whole(path)
        except FileNotFoundError:
            if not path.is_symlink():
                return _Outcome(Parsed(before.ids if before else ()), frozenset(), False)  # the next pass will see
            return self._unreadable(name, stamp, known, "It points to a file that is not there.")
        except OSError as error:
            return self._unreadable(name, stamp, known, f"The file cannot be read: {os.strerror(error.errno or 5)}.")
        except BrokenItem as error:
            return self._unreadable(name, stamp, known, str(error))
        digest = blake2b(data, digest_size=16).hexdigest()
        if before and before.digest == digest:
            if not stamp.endswith("~"):
                self._checked[path] = stamp
            return _Outcome(Parsed(before.ids), frozenset(), False)
        parsed = parse(name, data)
        ids = parsed.ids
        if before and parsed.broken:  # what cannot be read is not thereby gone
            ids = tuple(dict.fromkeys(ids + before.ids))
        known[name] = Known(stamp, digest, ids)
        return _Outcome(
            Parsed(ids, parsed.items, parsed.broken), frozenset(before.ids if before else ()) - set(ids), True
        )

    @staticmethod
    def _unreadable(name: str, stamp: str, known: dict[str, Known], why: str) -> _Outcome[T]:
        before = known.get(name)
        ids = before.ids if before else ()
        if before and before.digest == "" and before.stamp.rstrip("~") == stamp.rstrip("~"):
            return _Outcome(Parsed(ids), frozenset(), False)
        known[name] = Known(stamp, "", ids)
        return _Outcome(Parsed(ids, (), (Broken(disk.text(os.fsencode(name)), why),)), frozenset(), True)

    def contents(self) -> Iterator[tuple[Shelf, str, bytes]]:
        """Every file of every shelf; what cannot be read is passed over."""
        for shelf in self.shelves():
            for name in self.listing(shelf):
                try:
                    yield shelf, name, disk.read_whole(self.path_of(shelf, name))
                except (OSError, BrokenItem):
                    continue


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[T]):
    parsed: Parsed[T]
    gone: frozenset[str]
    new: bool


def _is_gone(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _encode(known: Mapping[str, Known]) -> str:
    plain = json.dumps({os.fsencode(n).hex(): [k.stamp, k.digest, list(k.ids)] for n, k in sorted(known.items())})
    return f"{VERSION} {base64.b64encode(zlib.compress(plain.encode())).decode()}"


def _decode(cursor: str) -> dict[str, Known]:
    if not cursor:
        return {}
    version, _, coded = cursor.partition(" ")
    try:
        if version != VERSION:
            raise ValueError
        held = json.loads(zlib.decompress(base64.b64decode(coded, validate=True)))
        return {os.fsdecode(bytes.fromhex(n)): Known(str(k[0]), str(k[1]), tuple(k[2])) for n, k in held.items()}
    except (ValueError, binascii.Error, zlib.error, KeyError, IndexError, TypeError, AttributeError) as error:
        raise CursorExpired("the position in this folder cannot be read any more") from error


def names_of(ids: Sequence[str]) -> dict[str, list[str]]:
    """Item ids ``file#uid`` by file."""
    found: dict[str, list[str]] = {}
    for item_id in ids:
        found.setdefault(item_id.partition("#")[0], []).append(item_id)
    return found
