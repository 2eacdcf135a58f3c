"""The messages of one Maildir: their names, flags and headers (https://cr.yp.to/proto/maildir.html)."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from connectors.local import disk
from connectors.local.folders import Folder
from connectors.local.seen import Stamp
from daemon.core.errors import BrokenItem, TryLater
from daemon.formats.bounces import failed_recipients
from daemon.formats.opening import FETCHED, opening

# ";" and "!" stand for ":" where the file system forbids it.
_INFO = re.compile(rb"[:;!]2,([A-Za-z]*)\Z")
ASK = "kith-"
REPORT_WITHIN = 1 << 20
"""Bytes of a bounce in which its report must begin: the letter sent back comes after it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message file: ``sub`` is ``cur`` or ``new``, ``name`` as it stands there."""

    sub: str
    name: bytes

    @property
    def base(self) -> bytes:
        """The unique name: it stays as flags change and as the message goes from ``new`` to ``cur``."""
        return base_of(self.name)

    @property
    def flags(self) -> str:
        """The flag letters."""
        found = _INFO.search(self.name)
        return found[1].decode() if found else ""


def base_of(name: bytes) -> bytes:
    """A file name without its flags."""
    return _INFO.sub(b"", name)


def list_entries(folder: Folder) -> list[Entry]:
    """All messages, in the order of their unique names; one that stands in ``new`` and ``cur`` is taken once.

    ``new`` is listed first: what moves to ``cur`` meanwhile is then seen twice rather than not at all.

    Raises:
        TryLater: the folder was there and is not now.
    """
    found: list[Entry] = []
    for sub in ("new", "cur"):
        try:
            names = os.listdir(os.fsencode(folder.path / sub))  # noqa: PTH208 - bytes: names have no encoding
        except FileNotFoundError as error:
            if sub == "cur":
                raise TryLater(f"The folder {folder.label} is not there now.") from error
        except OSError as error:
            raise disk.told(error, folder.path) from error
        else:
            found += [Entry(sub, name) for name in names if not name.startswith(b".")]
    found.sort(key=lambda entry: entry.base)
    return [entry for at, entry in enumerate(found) if not at or found[at - 1].base != entry.base]


def stamp(folder: Folder) -> Stamp:
    """When ``new`` and ``cur`` were last changed.

    Raises:
        TryLater: the folder was there and is not now.
    """
    changed = []
    for sub in ("new", "cur"):
        try:
            changed.append((folder.path / sub).stat().st_mtime_ns)
        except FileNotFoundError as error:
            if sub == "cur":
                raise TryLater(f"The folder {folder.label} is not there now.") from error
            changed.append(0)
        except OSError as error:
            raise disk.told(error, folder.path) from error
    return changed[0], changed[1]


def keywords(folder: Folder) -> Mapping[str, str]:
    """Which flag letter stands for which of our keywords: Dovecot's ``dovecot-keywords`` (``0 kith-thanks``).

    Plain Maildir has no keywords; where the file is missing there are none.
    """
    try:
        raw = disk.read_whole(folder.path / "dovecot-keywords")
    except (OSError, BrokenItem):
        return {}
    letters = {}
    for line in raw.decode("utf-8", "replace").splitlines():
        number, _, name = line.partition(" ")
        if number.isdecimal() and int(number) < 26 and name.lower().startswith(ASK):
            letters[chr(ord("a") + int(number))] = name.lower().removeprefix(ASK)
    return letters


class Vanished(Exception):
    """The message is in the folder no more: moved or deleted since it was listed."""


def read_head(folder: Folder, entry: Entry) -> tuple[bytes, datetime, Entry]:
    """A message's header block, when it was delivered (UTC), and the name it has now.

    Raises:
        Vanished: it is not there any more.
        BrokenItem: it cannot be read.
    """
    for _ in range(3):
        try:
            head, modified = disk.read_head(os.fsencode(folder.path / entry.sub) + b"/" + entry.name)
            return head, modified, entry
        except FileNotFoundError:
            again = find_base(folder, entry.base)
            if again is None:
                raise Vanished from None
            if again == entry:
                raise BrokenItem("It points to a file that is not there.") from None
            entry = again  # its flags changed under our hands
        except OSError as error:
            if error.errno in (errno.ESTALE, errno.EMFILE, errno.ENFILE, errno.ENOMEM):
                raise disk.told(error, folder.path) from error
            raise BrokenItem(f"The file cannot be read: {os.strerror(error.errno or errno.EIO)}.") from error
    raise BrokenItem("Its name changes faster than it can be read.")


def read_report(folder: Folder, entry: Entry) -> tuple[str, ...]:
    """Whom a bounce says cannot be reached: its delivery-status part (RFC 3464), the one part of a body ever read."""
    try:
        raw = disk.read_whole(path_of(folder, entry))[:REPORT_WITHIN]
        for part in message_from_bytes(raw).walk():
            if part.get_content_type() == "message/delivery-status":
                groups = [group for group in part.get_payload() if isinstance(group, Message)]
                return failed_recipients(b"\n\n".join(group.as_bytes().strip() for group in groups))
        return ()
    except (OSError, BrokenItem, RecursionError, ValueError, LookupError, AttributeError, TypeError):
        return ()  # the message itself was read; that it bounced is known


def read_text(folder: Folder, item_id: str) -> str:
    """The opening of a message's text; "" where it is not there any more or cannot be read."""
    for _ in range(2):  # its flags, and so its name, may change under our hands
        entry = next((one for one in list_entries(folder) if disk.text(one.base) == item_id), None)
        if entry is None:
            return ""
        try:
            return opening(disk.read_beginning(path_of(folder, entry), FETCHED))
        except FileNotFoundError:
            continue
        except (OSError, BrokenItem):
            return ""
    return ""


def find_base(folder: Folder, base: bytes) -> Entry | None:
    """The message of this unique name, whatever flags it has now."""
    return next((entry for entry in list_entries(folder) if entry.base == base), None)


def without_flags(folder: Folder, entry: Entry, letters: Collection[str]) -> None:
    """Take flag letters out of a message's name. Dovecot takes such a change for its own.

    Raises:
        OSError: as the file system says; FileNotFoundError where another program was quicker.
    """
    kept = "".join(flag for flag in entry.flags if flag not in letters)
    name = entry.name[: len(entry.name) - len(entry.flags)] + kept.encode()
    path_of(folder, entry).rename(folder.path / entry.sub / os.fsdecode(name))


def path_of(folder: Folder, entry: Entry) -> Path:
    """Where the message lies."""
    return folder.path / entry.sub / os.fsdecode(entry.name)
