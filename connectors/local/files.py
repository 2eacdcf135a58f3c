"""What changed in folders of small files, one or more items in each.

The cursor names each file read, with what the file system said of it, a digest and the items found in it: so a file
that is gone is told from one that is missing, and one merely touched is no news.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Generic, TypeVar

from connectors.local import disk
from connectors.local.landmarks import Landmarks
from connectors.local.shelves import Shelf, Shelves
from daemon.core.errors import BrokenItem, CursorExpired
from daemon.core.model import Broken, Position

PAGE = 200
VERSION = "f1"
FULL, MORE = "full", "more"

T = TypeVar("T")


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


class Files(Shelves, Generic[T]):
    """The shelves below one path, and what changed in them."""

    def __init__(self, root: Path, suffix: str, landmarks: Landmarks) -> None:
        super().__init__(root, suffix, landmarks)
        self._checked: dict[Path, str] = {}  # files read again and found the same, with their stamps

    def changes(self, shelf: Shelf, since: Position, parse: Callable[[str, bytes], Parsed[T]]) -> Iterator[Changed[T]]:
        """One pass over a shelf; ``parse`` is given each new or changed file by name.

        Raises:
            CursorExpired: before the first page.
        """
        known = _decode(since.cursor)
        going_on, gone = _resume(since.progress)
        full = going_on == FULL or not since.cursor
        now = self.listing(shelf)
        todo = [name for name, stamp in now.items() if self._is_news(shelf, name, stamp, known.get(name))]
        listed = [i for held in known.values() for i in held.ids] if full else []
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
            listed += (i for one in page for i in one.parsed.ids)
            items = tuple(i for one in page for i in one.parsed.items)
            broken = tuple(b for one in page for b in one.parsed.broken)
            news = items or broken or (last and gone) or any(one.new for one in page)
            # Files read again and found the same make no page, but a pass once begun says that it has ended.
            if news or (last and unended):
                unended = True
                yield Changed(
                    items=items,
                    broken=broken,
                    listed=tuple(dict.fromkeys(listed)),
                    gone=tuple(sorted(gone)) if last else (),
                    full=full,
                    position=Position(
                        _encode(known), "" if last else json.dumps([FULL if full else MORE, *sorted(gone)])
                    ),
                )
                listed = []
            if last:
                return

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


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[T]):
    parsed: Parsed[T]
    gone: frozenset[str]
    new: bool


def _resume(progress: str) -> tuple[str, set[str]]:
    """What kind of pass was stopped, and which items it had missed by then, in whatever file they may be now."""
    if not progress:
        return "", set()
    try:
        kind, *gone = json.loads(progress)
    except (ValueError, TypeError) as error:
        raise CursorExpired("the place in this folder cannot be read any more") from error
    return str(kind), {str(item) for item in gone}


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
