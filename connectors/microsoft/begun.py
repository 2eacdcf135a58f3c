"""Replies Outlook began for us, until they read as ours: so that one left half begun is found again.

`createReply` takes a message along, and its documentation does not say which of its properties are kept (in 2017 none
were: microsoftgraph/microsoft-graph-docs issue 739). What is not kept is written a request later, our key perhaps among
it. Whoever dies in between leaves a draft that nothing marks as ours; so what stood in Drafts is noted down before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from connectors.microsoft import letters, properties
from connectors.microsoft.http import Client, Json, query
from daemon.core.errors import TryLater
from daemon.core.model import OutgoingDraft

DRAFTS = "/me/mailFolders/drafts/messages"


class Begun:
    """Notes by the letter's Message-ID, in the account's folder of small files. They hold no word of the letter."""

    def __init__(self, client: Client, state: str) -> None:
        self._client = client
        self._folder = Path(state, "replies") if state else None

    def note(self, draft: OutgoingDraft, conversation: str) -> None:
        """Right before a reply is asked for: what it answers, and all that stands in Drafts.

        Raises:
            TryLater: it cannot be written down.
        """
        if self._folder is None:
            return
        standing = [str(one["id"]) for one in self._client.every(query(DRAFTS, select="id"))]
        said = {"answers": draft.in_reply_to, "conversation": conversation, "before": standing}
        path = self._path(draft.message_id)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with temporary.open("w", encoding="utf-8") as file:
                json.dump(said | {"ours": letters.digest(letters.message(draft))}, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            raise TryLater("The folder of kith's small files cannot be written to.") from None

    def find(self, key: str, message_id: str) -> Json | None:
        """The draft that came of the reply noted down, if nobody has written anything of their own into it."""
        try:
            noted = json.loads(self._path(message_id).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        path = query(DRAFTS, select=f"{letters.FIELDS},conversationId", expand=properties.EXPAND)
        for held in self._client.every(path):
            new = str(held["id"]) not in noted["before"] and properties.of(held, properties.KEY) in ("", key)
            if new and _answers(held, noted) and (letters.unwritten(held) or letters.digest(held) == noted["ours"]):
                return held
        return None

    def forget(self, message_id: str) -> None:
        """The reply reads as ours, or is no more."""
        if self._folder is not None:
            with suppress(OSError):
                self._path(message_id).unlink()

    def _path(self, message_id: str) -> Path:
        if self._folder is None:
            raise FileNotFoundError
        return self._folder / f"{sha256(message_id.encode()).hexdigest()[:32]}.json"


def _answers(held: Mapping[str, Any], noted: Mapping[str, Any]) -> bool:
    same = noted["conversation"] and held.get("conversationId") == noted["conversation"]
    return bool(same or noted["answers"] in properties.of(held, properties.IN_REPLY_TO))
