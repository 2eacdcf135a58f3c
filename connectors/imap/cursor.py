"""A folder's cursor and a search's progress, as the texts the store keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass

from daemon.core.errors import CursorExpired


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder has been read under one UIDVALIDITY.

    ``next`` is the first uid not yet read. ``modseq`` is HIGHESTMODSEQ as of the last complete pass (RFC 7162), None
    where the server has none. ``asked`` are the uids whose keyword already asked for a draft.
    """

    validity: int
    next: int
    modseq: int | None = None
    asked: frozenset[int] = frozenset()

    def text(self) -> str:
        """As stored."""
        found: dict[str, object] = {"v": self.validity, "n": self.next}
        if self.modseq is not None:
            found["m"] = self.modseq
        if self.asked:
            found["k"] = sorted(self.asked)
        return json.dumps(found, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """The cursor; None for "".

        Raises:
            CursorExpired: it was not written by this connector.
        """
        if not text:
            return None
        try:
            found = json.loads(text)
            return cls(found["v"], found["n"], found.get("m"), frozenset(found.get("k", ())))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise CursorExpired("The stored position is not one of this server's.") from None
