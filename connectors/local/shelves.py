"""Where the files lie: folders of .ics or .vcf files, as vdirsyncer, khal and khard lay them, or one file of many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.local import disk
from connectors.local.landmarks import Landmarks
from daemon.core.errors import BrokenItem, TryLater
from daemon.core.model import Stream

MAX_DEPTH = 4
RACY_NS = 60 * 10**9
"""A file changed so shortly before it was read may change again without looking different: it is read once more."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One folder of files, or one file."""

    name: str
    label: str
    path: Path


class Shelves:
    """The shelves below one path."""

    def __init__(self, root: Path, suffix: str, landmarks: Landmarks) -> None:
        self.root = root
        self._suffix = suffix
        self._landmarks = landmarks

    def shelves(self) -> list[Shelf]:
        """Every folder that holds such files or may come to hold some, in a stable order.

        Raises:
            NeedsUser: the path is not there, or is an empty folder and another one than it was.
        """
        with disk.translated(self.root):
            self.root.stat()
            if self.root.is_file():
                return [Shelf(".", self.root.stem, self.root)]
            inhabited = any(not path.name.startswith(".") for path in self.root.iterdir())
        self._landmarks.check(self.root, inhabited)
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

    def contents(self) -> Iterator[tuple[Shelf, str, bytes]]:
        """Every file of every shelf; what cannot be read is passed over."""
        for shelf in self.shelves():
            for name in self.listing(shelf):
                try:
                    yield shelf, name, disk.read_whole(self.path_of(shelf, name))
                except (OSError, BrokenItem):
                    continue
