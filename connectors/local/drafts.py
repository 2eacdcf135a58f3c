"""Drafts as files in a Maildir. A letter is in the folder whole or not at all, under a name made from its key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from connectors.local import disk
from connectors.local.folders import Folder, encode_utf7, find_folders
from connectors.local.maildir import Entry, Vanished, list_entries, path_of, read_head
from daemon.core.errors import BrokenItem, Conflict, OutcomeUnknown
from daemon.core.model import FolderRole, OutgoingDraft, RemoteDraft, Whereabouts
from daemon.formats.encoded import clean, decode_words
from daemon.formats.lines import split_fields
from daemon.formats.mime import build, digest, digest_of, letter_message_id, resembles

PLACES: Mapping[FolderRole, Whereabouts] = {
    FolderRole.DRAFTS: Whereabouts.PRESENT,
    FolderRole.SENT: Whereabouts.SENT,
    FolderRole.TRASH: Whereabouts.TRASHED,
}
STANDARD = {FolderRole.DRAFTS: "Drafts", FolderRole.TRASH: "Trash"}
FLAGS = b":2,DS"


class LocalDrafts:
    """`daemon.core.ports.DraftTarget`. A draft's id is its folder and unique name: ``.Drafts/1.k….draft``."""

    def __init__(
        self, root: Path, named: Mapping[FolderRole, str], before_write: Callable[[], None] = lambda: None
    ) -> None:
        self._before_write = before_write
        self._root = root
        self._named = named
        self._ids = _MessageIds()

    def hint(self) -> str:
        return ""  # the name made from the key is found without

    def find(self, key: str, message_id: str, hint: str) -> RemoteDraft:
        found = _best(self._by_name(_name(key)), self._by_message_id(message_id))
        return found or RemoteDraft(Whereabouts.GONE, message_id=message_id)

    def expected(self, draft: OutgoingDraft) -> str:
        return digest_of(draft)

    def create(self, draft: OutgoingDraft) -> RemoteDraft:
        raw = build(draft)
        found = self.find(draft.key, draft.message_id, "")
        if found.where is not Whereabouts.GONE:
            return found
        folder = self._folder(FolderRole.DRAFTS)
        name = _name(draft.key)
        target = folder.path / "cur" / os.fsdecode(name + FLAGS)
        self._before_write()
        try:
            disk.write_new(target, raw, folder.path / "tmp" / os.fsdecode(name))
        except FileExistsError:
            pass  # another process of ours was quicker: same key, same letter
        except OSError as error:
            if target.exists():
                raise OutcomeUnknown(f"The draft was written to {folder.label}, but maybe not for good.") from error
            raise disk.told(error, folder.path) from error
        return self.find(draft.key, draft.message_id, "")

    def look(self, drafts: Sequence[tuple[str, str]]) -> Sequence[RemoteDraft]:
        return [self._one(remote_id, message_id) for remote_id, message_id in drafts]

    def similar(self, recipient: str, subject: str, in_reply_to: str) -> Sequence[RemoteDraft]:
        found = []
        for folder in find_folders(self._root, self._named):
            for entry in list_entries(folder) if folder.role is FolderRole.DRAFTS else ():
                try:
                    head = read_head(folder, entry)[0]
                except (Vanished, BrokenItem):
                    continue
                if _thrown_away(entry) or not resembles(head, recipient, subject, in_reply_to):
                    continue
                if held := self._remote(folder, entry):
                    found.append(held)
        return found

    def withdraw(self, remote_id: str, message_id: str, digest: str) -> RemoteDraft:
        now = self._one(remote_id, message_id)
        if now.where is not Whereabouts.PRESENT:
            return now
        if now.digest != digest:
            raise Conflict("The draft was edited.")
        located = self._locate(now.remote_id)
        if located is None:
            raise Conflict("The draft changed while it was looked at.")
        folder, entry = located
        if folder.role is not FolderRole.DRAFTS:
            raise Conflict(f"The draft was moved to {folder.label}.")
        trash = self._folder(FolderRole.TRASH)
        self._before_write()
        self._move(folder, entry, trash, digest)
        return self._one(f"{trash.name}/{disk.text(entry.base)}", message_id)

    @staticmethod
    def _move(folder: Folder, entry: Entry, trash: Folder, expected: str) -> None:
        source = path_of(folder, entry)
        target = trash.path / "cur" / os.fsdecode(entry.name)
        try:
            made = True
            try:
                disk.link(source, target)
            except FileExistsError:  # by an earlier try that died before the source was unlinked
                made = False
            if digest(disk.read_whole(target)) != expected:
                if made:  # written to in place just now: it goes back
                    _take_back(target, source)
                raise Conflict("The draft was edited.")
            source.unlink(missing_ok=True)
            disk.sync_folder(target.parent)
            disk.sync_folder(source.parent)
        except FileNotFoundError as error:
            raise Conflict("The draft changed while it was looked at.") from error
        except OSError as error:
            if not source.exists():
                raise OutcomeUnknown(f"The draft was moved to {trash.label}, but maybe not for good.") from error
            raise disk.told(error, trash.path) from error

    # -- looking

    def _one(self, remote_id: str, message_id: str) -> RemoteDraft:
        located = self._locate(remote_id)
        if located and located[0].role is FolderRole.DRAFTS and not _thrown_away(located[1]):
            held = self._remote(*located)
            if held:
                return held
        base = remote_id.rpartition("/")[2].encode()
        if found := _best(self._by_name(base), self._by_message_id(message_id)):
            return found
        # A folder that is away altogether says nothing of what was in it.
        there = any(folder.name == remote_id.rpartition("/")[0] for folder in find_folders(self._root, self._named))
        return RemoteDraft(Whereabouts.GONE if there else Whereabouts.UNKNOWN, message_id=message_id)

    def _locate(self, remote_id: str) -> tuple[Folder, Entry] | None:
        where, _, base = remote_id.rpartition("/")
        for folder in find_folders(self._root, self._named):
            if folder.name == where:
                for entry in list_entries(folder):
                    if disk.text(entry.base) == base:
                        return folder, entry
        return None

    def _by_name(self, base: bytes) -> Iterator[tuple[RemoteDraft, bool]]:
        """By unique name, in every folder: other programs keep it as they move a message (mbsync adds ``,U=``)."""
        for folder in self._searched():
            for entry in list_entries(folder):
                if entry.base.partition(b",")[0] == base.partition(b",")[0] and (held := self._remote(folder, entry)):
                    yield held, _thrown_away(entry)

    def _by_message_id(self, message_id: str) -> Iterator[tuple[RemoteDraft, bool]]:
        for folder in self._searched():
            if folder.role in PLACES:
                for entry in self._ids.entries(folder, message_id):
                    if held := self._remote(folder, entry):
                        yield held, _thrown_away(entry)

    def _searched(self) -> Iterator[Folder]:
        order = [FolderRole.DRAFTS, FolderRole.SENT, FolderRole.TRASH]
        folders = find_folders(self._root, self._named)
        yield from sorted(folders, key=lambda f: order.index(f.role) if f.role in order else len(order))

    @staticmethod
    def _remote(folder: Folder, entry: Entry) -> RemoteDraft | None:
        try:
            raw = disk.read_whole(path_of(folder, entry))
        except (FileNotFoundError, BrokenItem):
            return None  # moved on as we looked
        except OSError as error:
            raise disk.told(error, folder.path) from error
        return RemoteDraft(
            where=Whereabouts.TRASHED if _thrown_away(entry) else PLACES.get(folder.role, Whereabouts.PRESENT),
            remote_id=f"{folder.name}/{disk.text(entry.base)}",
            digest=digest(raw),
            message_id=letter_message_id(raw),
            subject=clean(decode_words(split_fields(raw).get("subject", ""))),
        )

    # -- folders

    def _folder(self, role: FolderRole) -> Folder:
        """The folder with this role, made where there is none, in the layout of the others."""
        folders = find_folders(self._root, self._named)
        found = [folder for folder in folders if folder.role is role]
        if found:
            for sub in ("cur", "tmp", "new"):
                with disk.translated(found[0].path):
                    (found[0].path / sub).mkdir(mode=0o700, exist_ok=True)
            return found[0]
        label = self._named.get(role) or STANDARD[role]
        dotted = any(folder.name == "." for folder in folders) and not any(
            folder.name != "." and not folder.name.startswith(".") for folder in folders
        )
        parts = [encode_utf7(part) for part in label.split("/")]
        path = self._root / ("." + ".".join(parts)) if dotted else self._root.joinpath(*parts)
        with disk.translated(path):
            # cur comes last: a folder without it is none
            for sub in ("tmp", "new", "cur"):
                (path / sub).mkdir(mode=0o700, parents=True, exist_ok=True)
        return next(folder for folder in find_folders(self._root, self._named) if folder.path == path)


def _thrown_away(entry: Entry) -> bool:
    """Marked as deleted, and left where it is until the folder is cleaned up: what IMAP calls \\Deleted."""
    return "T" in entry.flags


def _best(*ways: Iterable[tuple[RemoteDraft, bool]]) -> RemoteDraft | None:
    """The first one found that is not thrown away: clients add the edited draft and mark the old one."""
    marked = None
    for held, thrown_away in chain(*ways):
        if not thrown_away:
            return held
        marked = marked or held
    return marked


def _name(key: str) -> bytes:
    return f"1.k{key}.draft".encode()


def _take_back(target: Path, source: Path) -> None:
    # Renaming one name of a file onto another name of it does nothing (POSIX rename).
    if not source.exists():
        target.rename(source)
    elif target.samefile(source):
        target.unlink()


class _MessageIds:
    """Message-IDs of the folders drafts go through, read once a message: a Sent folder may hold tens of thousands."""

    def __init__(self) -> None:
        self._held: dict[str, dict[bytes, bytes]] = {}

    def entries(self, folder: Folder, message_id: str) -> list[Entry]:
        """The messages of a folder with this Message-ID, those flagged as drafts first."""
        wanted = _short(message_id)
        before = self._held.get(folder.name, {})
        now: dict[bytes, bytes] = {}
        found: list[Entry] = []
        for entry in list_entries(folder):
            short = before.get(entry.base)
            # A file in Drafts may be written anew under its name; it is read each time.
            if short is None or folder.role is FolderRole.DRAFTS:
                try:
                    short = _short(letter_message_id(read_head(folder, entry)[0]))
                except (Vanished, BrokenItem):
                    continue
            now[entry.base] = short
            if short == wanted:
                found.append(entry)
        self._held[folder.name] = now
        return sorted(found, key=lambda entry: "D" not in entry.flags)


def _short(message_id: str) -> bytes:
    return blake2b(message_id.encode("utf-8", "replace"), digest_size=8).digest()
