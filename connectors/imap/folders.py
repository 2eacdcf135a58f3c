"""Which folders there are, what each is for, and which of them are read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from imapclient.imap_utf7 import decode as decode_utf7

from connectors.imap.options import Settings
from connectors.imap.session import Session
from daemon.core.errors import UserMistake
from daemon.core.model import FolderRole, Stream
from daemon.formats.encoded import clean

# RFC 6154, in lower case: Cyrus writes them so
_SPECIAL_USE = {
    "\\drafts": FolderRole.DRAFTS,
    "\\sent": FolderRole.SENT,
    "\\trash": FolderRole.TRASH,
    "\\junk": FolderRole.JUNK,
    "\\all": FolderRole.ALL,
    "\\allmail": FolderRole.ALL,  # XLIST's names, still sent by some
    "\\spam": FolderRole.JUNK,
    "\\inbox": FolderRole.INBOX,
}
_CLOSED = {"\\noselect", "\\nonexistent"}
_NOT_READ = {FolderRole.DRAFTS, FolderRole.JUNK, FolderRole.TRASH}

NAMES: dict[FolderRole, frozenset[str]] = {
    FolderRole.DRAFTS: frozenset(
        "drafts draft черновики чернетки entwürfe brouillons borradores bozze rascunhos concepten kopie utkast "
        "robocze koncepty luonnokset taslaklar 草稿 草稿箱 下書き".split()
    )
    | {"wersje robocze", "kopie robocze"},
    FolderRole.SENT: frozenset(
        "sent отправленные надіслані gesendet envoyés enviados inviata inviati verzonden wysłane odeslané "
        "skickat sendt lähetetyt gönderilenler 已发送 已傳送 送信済み".split()
    )
    | {
        "sent items",
        "sent messages",
        "sent mail",
        "отправленные сообщения",
        "gesendete objekte",
        "gesendete elemente",
        "éléments envoyés",
        "messages envoyés",
        "elementos enviados",
        "itens enviados",
        "posta inviata",
        "verzonden items",
        "elementy wysłane",
    },
    FolderRole.TRASH: frozenset(
        "trash bin корзина кошик удаленные удалённые papierkorb corbeille papelera cestino lixeira lixo prullenbak "
        "kosz koš papperskorgen roskakori çöp 已删除 垃圾桶 ゴミ箱".split()
    )
    | {
        "deleted items",
        "deleted messages",
        "deleted",
        "gelöschte objekte",
        "gelöschte elemente",
        "éléments supprimés",
        "elementos eliminados",
        "posta eliminata",
        "verwijderde items",
        "удаленные элементы",
    },
    FolderRole.JUNK: frozenset(
        "junk spam спам junk-e-mail нежелательные indésirables ongewenst skräppost roskaposti "
        "垃圾邮件 迷惑メール".split()
    )
    | {
        "junk mail",
        "junk e-mail",
        "junk email",
        "bulk mail",
        "courrier indésirable",
        "correo no deseado",
        "posta indesiderata",
        "lixo eletrônico",
        "lixo electrónico",
        "ongewenste e-mail",
        "wiadomości-śmieci",
        "нежелательная почта",
    },
}
"""What folders are called where the server does not say what they are for. Compared without case."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One selectable folder. ``name`` is as it is on the wire, ``label`` as people read it."""

    name: str
    label: str
    role: FolderRole


def list_folders(session: Session) -> list[Folder]:
    """All selectable folders, in the server's order, each role given by the server or else by name.

    Raises:
        TryLater, Refused: the server would not list.
    """
    with session.guard():
        listed = session.client.list_folders()
    return classify(listed)


def classify(listed: Iterable[tuple[tuple[bytes, ...], bytes | None, bytes | str]]) -> list[Folder]:
    """Folders out of LIST's answer: (flags, delimiter, name) each."""
    rows: list[tuple[str, str, str, FolderRole | None]] = []
    for flags, delimiter, raw in listed:
        name = raw if isinstance(raw, str) else raw.decode("ascii", "replace")
        lowered = {flag.decode("ascii", "replace").lower() for flag in flags}
        if lowered & _CLOSED or not name.isascii() or "\ufffd" in name:
            continue
        role = next((_SPECIAL_USE[flag] for flag in sorted(lowered) if flag in _SPECIAL_USE), None)
        if name.upper() == "INBOX":
            role = FolderRole.INBOX
        separator = (delimiter or b"").decode("ascii", "replace")
        label = _label(name)
        rows.append((name, label, label.rpartition(separator)[2] if separator else label, role))
    said = {role for *_, role in rows if role}
    found = []
    for name, label, last, given in rows:
        role = given or _by_name(last, said)
        if given is None and role is not FolderRole.OTHER and _deep(label, last):
            role = FolderRole.OTHER
        found.append(Folder(name, label, role))
    return found


def _label(name: str) -> str:
    try:
        return clean(decode_utf7(name.encode("ascii")), 200) or name
    except (ValueError, UnicodeError, AssertionError):
        return name


def _by_name(last: str, said: set[FolderRole]) -> FolderRole:
    folded = last.casefold()
    for role, names in NAMES.items():
        if role not in said and folded in names:
            return role
    return FolderRole.OTHER


def _deep(label: str, last: str) -> bool:
    # "Projects/Drafts" is the user's own folder; "Drafts", "INBOX.Drafts" and "[Gmail]/Drafts" are the account's
    above = label[: -len(last)].strip("./\\").casefold() if last else ""
    return above not in ("", "inbox", "[gmail]", "[google mail]")


def of_role(folders: Iterable[Folder], role: FolderRole, named: str = "") -> Folder | None:
    """The folder the user named for this purpose, else the one the server or its name says it is."""
    folders = list(folders)
    if named:
        return next((f for f in folders if named in (f.name, f.label)), None)
    return next((f for f in folders if f.role is role), None)


def read_streams(folders: list[Folder], settings: Settings, gmail: bool) -> list[Stream]:
    """The folders to read.

    An "All Mail" is never read beside the folders. At Gmail it alone is read: folders are labels there, and mail
    archived without one is nowhere else. Elsewhere it is a view over the other folders (RFC 6154 2), which may
    leave some out: so there the folders are read and the view is not.

    Raises:
        UserMistake: the config names a folder that does not exist.
    """
    for wanted in settings.folders:
        if not any(wanted in (f.name, f.label) for f in folders):
            names = ", ".join(f.label for f in folders)
            raise UserMistake(f"Account {settings.account} has no folder {wanted!r}; it has {names}.")
    if settings.folders:
        chosen = [f for f in folders if f.name in settings.folders or f.label in settings.folders]
    elif gmail and any(f.role is FolderRole.ALL for f in folders):
        chosen = [f for f in folders if f.role is FolderRole.ALL]
    else:
        named = {settings.drafts_folder, settings.trash_folder} - {""}
        chosen = [
            f
            for f in folders
            if f.role not in _NOT_READ and f.role is not FolderRole.ALL and not named & {f.name, f.label}
        ]
    sent = settings.sent_folder
    return [
        Stream(f.name, f.label, FolderRole.SENT if sent and sent in (f.name, f.label) else f.role)
        for f in chosen
        if f.name not in settings.exclude and f.label not in settings.exclude
    ]
