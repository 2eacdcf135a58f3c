"""Which Maildirs there are under a path, and what each is for.

Maildir++ (``.Sent``, ``.Work.Offers``), folders inside folders (``Sent/cur``: mbsync, Dovecot's ``LAYOUT=fs``) and
mixtures of both are found alike. Names are read as IMAP's modified UTF-7 (RFC 3501 5.1.3) where they are it.
"""

from __future__ import annotations

import base64
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connectors.local.disk import text, translated
from daemon.core.errors import NeedsUser
from daemon.core.model import FolderRole

NAMES: Mapping[FolderRole, str] = {
    FolderRole.DRAFTS: """drafts|draft|черновики|чернетки|entwürfe|brouillons|borradores|bozze|rascunhos|concepten|
        kladder|utkast|szkice|wersje robocze|koncepty|luonnokset|piszkozatok|taslaklar|下書き|草稿|草稿箱""",
    FolderRole.SENT: """sent|sent items|sent mail|sent messages|отправленные|надіслані|gesendet|gesendete elemente|
        gesendete objekte|envoyés|éléments envoyés|messages envoyés|enviados|elementos enviados|itens enviados|inviati|
        posta inviata|verzonden|verzonden items|sendt|sendte elementer|skickat|skickade objekt|wysłane|elementy wysłane|
        odeslané|odeslaná pošta|lähetetyt|elküldött|送信済み|已发送""",
    FolderRole.TRASH: """trash|bin|deleted|deleted items|deleted messages|корзина|удаленные|кошик|papierkorb|
        gelöschte elemente|gelöschte objekte|corbeille|éléments supprimés|papelera|elementos eliminados|cestino|
        posta eliminata|lixeira|itens excluídos|prullenbak|papirkurv|papperskorgen|kosz|koš|roskakori|lomtár|ゴミ箱|
        已删除""",
    FolderRole.JUNK: """junk|spam|junk e-mail|junk email|junk mail|bulk mail|спам|нежелательная почта|unerwünscht|
        junk-e-mail|spamverdacht|courrier indésirable|indésirables|correo no deseado|posta indesiderata|lixo eletrônico|
        ongewenste e-mail|skräppost|søppelpost|uønsket post|roskaposti|迷惑メール|垃圾邮件""",
    FolderRole.INBOX: "inbox|входящие",
    FolderRole.ALL: "[gmail]/all mail|[google mail]/all mail|[gmail]/вся почта|[gmail]/alle nachrichten",
}
"""What folders are called where nothing else says what they are for. Compared without case; ё counts as е."""

MAX_DEPTH = 8
_PARTS = {b"cur", b"new", b"tmp"}
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")


@dataclass(frozen=True, slots=True)
class Folder:
    """One Maildir. ``name`` is its path below the root and never changes; ``label`` is for people."""

    name: str
    label: str
    path: Path
    role: FolderRole


def plain(label: str) -> str:
    """A folder's name as it is compared."""
    return unicodedata.normalize("NFC", label).casefold().replace("ё", "е").strip()


_ROLES = {plain(name): role for role, names in NAMES.items() for name in names.split("|")}


def find_folders(root: Path, named: Mapping[FolderRole, str]) -> list[Folder]:
    """All Maildirs at and below a path: the inbox first, the sent mail next, the others by name.

    ``named`` are labels the config gives to folders whose names do not say what they are for.

    Raises:
        NeedsUser: nothing there is a Maildir: a disk that is not mounted, or a wrong path.
    """
    found: list[tuple[bytes, Path]] = []
    with translated(root):
        _walk(root, b"", found, set(), 0)
    if not found:
        raise NeedsUser(
            f"There is no Maildir in {root}: no folder in it has a folder cur.",
            "Mount the disk it is on, or correct maildir in the config.",
        )
    wanted = {plain(label): role for role, label in named.items() if label}
    folders = []
    for name, path in found:
        label = label_of(name)
        role = wanted.get(plain(label)) or (FolderRole.OTHER if _taken(label, wanted) else role_of(label))
        folders.append(Folder(text(name) or ".", label, path, role))
    if not any(folder.role is FolderRole.INBOX for folder in folders):
        folders = [Folder(f.name, f.label, f.path, FolderRole.INBOX) if f.name == "." else f for f in folders]
    order = {FolderRole.INBOX: 0, FolderRole.SENT: 1}
    return sorted(folders, key=lambda folder: (order.get(folder.role, 2), folder.name))


def _taken(label: str, wanted: Mapping[str, FolderRole]) -> bool:
    # "Sent" beside a configured "My sent mail" is an ordinary folder
    return role_of(label) in wanted.values()


def _walk(path: Path, name: bytes, found: list[tuple[bytes, Path]], visited: set[tuple[int, int]], depth: int) -> None:
    try:
        status = path.stat()
        here = (status.st_dev, status.st_ino)
        if here in visited:  # a symbolic link back, or to what was read already
            return
        visited.add(here)
        with os.scandir(os.fsencode(path)) as entries:
            children = sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        if not name:
            raise
        return  # somebody else's folder below ours
    if b"cur" in children:
        found.append((name, path))
    if depth < MAX_DEPTH:
        for child in children:
            if child not in _PARTS:
                _walk(path / os.fsdecode(child), name + b"/" + child if name else child, found, visited, depth + 1)


def label_of(name: bytes) -> str:
    """What a person calls the folder: ``.Work.Offers`` and ``Work/Offers`` are both Work/Offers."""
    parts: list[str] = []
    for part in text(name).split("/"):
        parts += part[1:].split(".") if part.startswith(".") else [part]
    return "/".join(decode_utf7(part) for part in parts if part) or "INBOX"


def role_of(label: str) -> FolderRole:
    """What a folder of this name is for, as far as names go; folders inside the trash are trash."""
    parts = plain(label).removeprefix("inbox/").split("/")
    if "/".join(parts) in _ROLES:
        return _ROLES["/".join(parts)]
    if parts[0] in ("[gmail]", "[google mail]") and len(parts) == 2:
        parts = parts[1:]
    first = _ROLES.get(parts[0], FolderRole.OTHER)
    if len(parts) == 1 or first in (FolderRole.TRASH, FolderRole.JUNK):
        return first
    return FolderRole.OTHER


def decode_utf7(name: str) -> str:
    """The name in plain text, where it is well-formed modified UTF-7; else as it is."""

    def one(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        coded = match[1].replace(",", "/")
        return base64.b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be")

    try:
        return _SHIFTED.sub(one, name)
    except (ValueError, UnicodeDecodeError):
        return name


def encode_utf7(name: str) -> str:
    """The name as modified UTF-7."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        return "&" + base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", one, name)
