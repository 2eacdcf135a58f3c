"""The file system's ways: errors translated in one place, and files that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from daemon.core.errors import BrokenItem, NeedsUser, Refused, TryLater

_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
HEADER_END = re.compile(rb"\r?\n\r?\n|\r\r(?!\n)")
HEADER_CAP = 256 * 1024
FILE_CAP = 64 * 1024 * 1024


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the file system says into the errors of `daemon.core.errors`.

    Raises:
        NeedsUser: not there or not allowed: a disk that is not mounted looks just so.
        TryLater: full, or broken for the moment.
    """
    try:
        yield
    except OSError as error:
        raise told(error, path) from error


def told(error: OSError, path: Path) -> NeedsUser | TryLater | Refused:
    """The error to raise for what the file system said of a path."""
    what = f"{path} cannot be used: {os.strerror(error.errno or errno.EIO)}."
    if error.errno in _ABSENT:
        return NeedsUser(f"{path} is not there.", "Mount the disk it is on, or correct the path in the config.")
    if error.errno in _DENIED:
        return NeedsUser(what, "Give the user kith runs as access to it.")
    if error.errno in _FULL:
        return TryLater(f"The disk of {path} is full.")
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP):
        return Refused(what)
    return TryLater(what)


def read_head(path: bytes | Path) -> tuple[bytes, datetime]:
    """A message's header block and when the file was last written (UTC). Nothing of the body is kept.

    Raises:
        OSError: as the file system says.
        BrokenItem: no ordinary file, or its header has no end within 256 KiB.
    """
    with _opened(path) as (fd, modified):
        head = os.read(fd, 8192)
        while not (end := HEADER_END.search(head)):
            more = os.read(fd, 65536)
            if not more:
                return head, modified
            if len(head) > HEADER_CAP:
                raise BrokenItem("Its header does not end within 256 KiB.")
            head += more
        return head[: end.end()], modified


def read_beginning(path: bytes | Path, size: int) -> bytes:
    """The first bytes of a file.

    Raises:
        OSError: as the file system says.
        BrokenItem: no ordinary file.
    """
    with _opened(path) as (fd, _):
        return os.read(fd, size)


def read_whole(path: bytes | Path) -> bytes:
    """A file's content.

    Raises:
        OSError: as the file system says.
        BrokenItem: no ordinary file, or beyond 64 MiB.
    """
    with _opened(path) as (fd, _):
        parts = []
        size = 0
        while part := os.read(fd, 1 << 20):
            parts.append(part)
            size += len(part)
            if size > FILE_CAP:
                raise BrokenItem("It is larger than 64 MiB.")
        return b"".join(parts)


@contextmanager
def _opened(path: bytes | Path) -> Iterator[tuple[int, datetime]]:
    # Non-blocking, or a named pipe somebody left in the folder would hold the daemon for ever.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise BrokenItem("It is not an ordinary file.")
        try:
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
        except (ValueError, OverflowError, OSError):
            modified = datetime.fromtimestamp(0, UTC)
        yield fd, modified
    finally:
        os.close(fd)


def write_new(path: Path, content: bytes, temporary: Path) -> None:
    """Make a file that did not exist: it is there whole, or not at all, whatever dies when.

    Written under ``temporary`` first (what a crash left there is replaced), then linked into place.

    Raises:
        FileExistsError: it was there already.
        OSError: as the file system says.
    """
    _write(temporary, content)
    try:
        link(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()
    sync_folder(path.parent)


def replace(path: Path, content: bytes, temporary: Path) -> None:
    """Put another content under an existing name in one step.

    Raises:
        OSError: as the file system says.
    """
    _write(temporary, content)
    temporary.replace(path)
    sync_folder(path.parent)


def link(source: Path, target: Path) -> None:
    """Give a file a second name, failing where the name is taken; file systems without links get the file renamed.

    Raises:
        FileExistsError: the name is taken.
    """
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        source.rename(target)


def sync_folder(folder: Path) -> None:
    """Make names written in a folder outlive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # network file systems that cannot
            raise
    finally:
        os.close(fd)


def _write(path: Path, content: bytes) -> None:
    with suppress(FileNotFoundError):
        path.unlink()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)


def clock_ns() -> int:
    """The clock files are stamped by, in nanoseconds."""
    return time.time_ns()


def text(name: bytes) -> str:
    """A file name as text that any store can hold, whatever bytes it is made of."""
    return name.decode("utf-8", "backslashreplace")
