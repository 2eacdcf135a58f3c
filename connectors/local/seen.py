"""The position in a Maildir: which messages have been read.

Names in a Maildir come in no order, so "everything up to here" cannot be said of one. The cursor holds eight bytes of
a hash for each message read (100,000 messages: about 1 MB of text), and it is written once a pass: inside a pass the
position is the last name read, in the order of names, with a checksum over the messages up to there. A message that
turns up among them later breaks the checksum, and the pass begins again. So no cursor passes a message not yet read.
"""

from __future__ import annotations

import base64
import binascii
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from hashlib import blake2b
from operator import xor

from daemon.core.errors import CursorExpired

VERSION = "m1"
Stamp = tuple[int, int]
"""When ``new`` and ``cur`` were last changed, in nanoseconds."""

MARGIN_NS = 60 * 10**9
"""How much older than the look a folder's last change must be to be sure that nothing happened since: the clocks of
file systems tick slowly, and those of file servers differ from ours."""


def mark(identity: bytes) -> int:
    """The eight bytes a message is remembered by."""
    return int.from_bytes(blake2b(identity, digest_size=8).digest(), "big")


def checksum(marks: Iterable[int]) -> str:
    """Says whether two sets of messages are the same."""
    held = list(marks)
    return f"{len(held)}:{reduce(xor, held, 0):x}"


@dataclass(frozen=True, slots=True)
class Seen:
    """A cursor, read: the messages known, and how the folder stood when it was listed."""

    stamp: Stamp
    listed_ns: int
    marks: array[int]

    def __contains__(self, wanted: int) -> bool:
        at = bisect_left(self.marks, wanted)
        return at < len(self.marks) and self.marks[at] == wanted

    def quiet(self, stamp: Stamp) -> bool:
        """Whether a folder that stands so now is sure to hold nothing else."""
        return stamp == self.stamp and settled(stamp, self.listed_ns)

    def text(self) -> str:
        """The cursor."""
        raw = self.marks[:]
        raw.byteswap()  # the same bytes on every machine that is little-endian, as all ours are
        return f"{VERSION} {self.stamp[0]} {self.stamp[1]} {self.listed_ns} {base64.b64encode(raw.tobytes()).decode()}"


NOTHING = Seen((0, 0), 0, array("Q"))


def settled(stamp: Stamp, listed_ns: int) -> bool:
    """Whether the folder's last change was long enough before the look at it."""
    return all(changed + MARGIN_NS < listed_ns for changed in stamp)


def make(stamp: Stamp, listed_ns: int, marks: Iterable[int]) -> Seen:
    """The cursor for messages read."""
    return Seen(stamp, listed_ns, array("Q", sorted(marks)))


def parse(cursor: str) -> Seen:
    """Read a cursor; an empty one knows nothing.

    Raises:
        CursorExpired: it is not one of ours.
    """
    if not cursor:
        return NOTHING
    try:
        version, new, cur, listed, coded = cursor.split(" ")
        if version != VERSION:
            raise ValueError
        marks = array("Q", base64.b64decode(coded, validate=True))
        marks.byteswap()
        return Seen((int(new), int(cur)), int(listed), marks)
    except (ValueError, binascii.Error) as error:
        raise CursorExpired("the position in this folder cannot be read any more") from error
