"""Remembers which folder was which, so that an empty mount point is not taken for an emptied folder."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from connectors.local import disk
from daemon.core.errors import NeedsUser


class Landmarks:
    """Inode numbers of folders seen with something in them, kept in the account's own state folder.

    A hint only: without the file every folder is taken as it stands.
    """

    def __init__(self, state: str) -> None:
        self._path = Path(state) / "landmarks.json"
        self._known: dict[str, int] | None = None

    def check(self, folder: Path, inhabited: bool) -> None:
        """Note a folder that has something in it, or doubt one that has not.

        Raises:
            NeedsUser: it is empty and not the folder it was.
        """
        try:
            inode = folder.stat().st_ino
        except OSError as error:
            raise disk.told(error, folder) from error
        known = self._read()
        before = known.get(str(folder))
        if inhabited:
            if before != inode:
                known[str(folder)] = inode
                self._write(known)
        elif before is not None and before != inode:
            raise NeedsUser(
                f"{folder} is empty and is not the folder it was.",
                "Mount the disk it is on. If it is a new folder and really empty, put one entry into it.",
            )

    def _read(self) -> dict[str, int]:
        if self._known is None:
            try:
                held = json.loads(self._path.read_text("utf-8"))
                self._known = {str(name): int(inode) for name, inode in held.items()}
            except (OSError, ValueError, AttributeError, TypeError):
                self._known = {}
        return self._known

    def _write(self, known: dict[str, int]) -> None:
        # No more than a hint: a full disk is told where it matters.
        temporary = self._path.with_name(f".landmarks.{os.getpid()}.tmp")
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_text(json.dumps(known), "utf-8")
            temporary.replace(self._path)
