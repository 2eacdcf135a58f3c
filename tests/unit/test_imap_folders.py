"""Which folders are what, and which are read."""

from __future__ import annotations

import pytest

from connectors.imap.folders import NAMES, Folder, classify, of_role, read_streams
from connectors.imap.options import OPTIONS, Settings
from daemon.core.errors import UserMistake
from daemon.core.model import Account, FolderRole

SETTINGS = Settings("work", "imap.example.org", 993, "anna")


def listed(*rows: tuple[str, str], delimiter: bytes | None = b"/") -> list[Folder]:
    return classify((tuple(flags.encode().split()), delimiter, name.encode()) for name, flags in rows)


def roles(folders: list[Folder]) -> dict[str, FolderRole]:
    return {f.label: f.role for f in folders}


def names(folders: list[Folder], settings: Settings = SETTINGS, gmail: bool = False) -> list[str]:
    return [s.label for s in read_streams(folders, settings, gmail)]


GMAIL = listed(
    ("INBOX", "\\HasNoChildren"),
    ("[Gmail]", "\\HasChildren \\Noselect"),
    ("[Gmail]/All Mail", "\\All"),
    ("[Gmail]/Drafts", "\\Drafts"),
    ("[Gmail]/Sent Mail", "\\Sent"),
    ("[Gmail]/Spam", "\\Junk"),
    ("[Gmail]/Trash", "\\Trash"),
    ("Label", ""),
)


def test_the_server_says_so() -> None:
    # Cyrus in lower case; the name of the folder does not matter then
    found = roles(listed(("INBOX", ""), ("Stuff", "\\drafts"), ("Gone", "\\trash"), ("Drafts", "\\HasNoChildren")))
    assert found == {
        "INBOX": FolderRole.INBOX,
        "Stuff": FolderRole.DRAFTS,
        "Gone": FolderRole.TRASH,
        "Drafts": FolderRole.OTHER,
    }


@pytest.mark.parametrize("role", list(NAMES))
def test_names_in_many_languages(role: FolderRole) -> None:
    from imapclient.imap_utf7 import encode

    for name in NAMES[role]:
        for written in (name, name.upper(), f"INBOX.{name}"):
            if written.count(".") > 1:
                continue
            (found,) = classify([((), b".", encode(written))])
            assert found.role is role, written
    assert of_role([Folder("X", "X", role)], role) is not None


def test_a_folder_of_the_user_s_deep_below_is_theirs() -> None:
    assert roles(listed(("Projects/Drafts", ""), ("Sent/2025", ""))) == {
        "Projects/Drafts": FolderRole.OTHER,
        "Sent/2025": FolderRole.OTHER,
    }


def test_what_cannot_be_opened_is_left_out() -> None:
    assert roles(listed(("A", "\\Noselect"), ("B", "\\NonExistent"), ("A/B", "\\NOSELECT"), ("INBOX", ""))) == {
        "INBOX": FolderRole.INBOX
    }
    assert classify([((), None, b"\xff\xfe"), ((), None, "INBOX")]) == [Folder("INBOX", "INBOX", FolderRole.INBOX)]


def test_names_are_kept_as_on_the_wire_and_shown_as_meant() -> None:
    assert listed(("&BCAEMAQxBD4EQgQw-", "")) == [Folder("&BCAEMAQxBD4EQgQw-", "Работа", FolderRole.OTHER)]
    (broken,) = listed(("&broken", ""))
    assert broken.name == "&broken"


def test_all_but_junk_trash_and_drafts_are_read_and_all_mail_not_twice() -> None:
    assert names(GMAIL, gmail=True) == ["[Gmail]/All Mail"]
    assert names(GMAIL) == ["INBOX", "[Gmail]/Sent Mail", "Label"]
    assert names([f for f in GMAIL if f.role is not FolderRole.ALL], gmail=True) == [
        "INBOX",
        "[Gmail]/Sent Mail",
        "Label",
    ]


def test_what_the_config_says_goes_first() -> None:
    folders = listed(("INBOX", ""), ("Old", ""), ("Out", ""), ("Bin2", ""), ("&BCAEMAQxBD4EQgQw-", ""))
    chosen = Settings("w", "h", 1, "u", folders=("INBOX", "Работа"), exclude=("INBOX",))
    assert names(folders, chosen) == ["Работа"]
    named = Settings("w", "h", 1, "u", sent_folder="Out", trash_folder="Bin2", exclude=("Old",))
    assert [(s.label, s.role) for s in read_streams(folders, named, False)] == [
        ("INBOX", FolderRole.INBOX),
        ("Out", FolderRole.SENT),
        ("Работа", FolderRole.OTHER),
    ]
    with pytest.raises(UserMistake, match="Nowhere"):
        names(folders, Settings("w", "h", 1, "u", folders=("Nowhere",)))


def test_settings_of_an_account() -> None:
    account = Account("w", "imap", "anna@example.org", options={"host": "h", "tls": "starttls", "folders": ["A"]})
    found = Settings.of(account)
    assert (found.port, found.user, found.folders, found.timeout) == (143, "anna@example.org", ("A",), 30.0)
    assert Settings.of(Account("w", "imap", "a@x.test", options={"host": "h"})).port == 993
    assert {o.name for o in OPTIONS} | {"account"} == set(Settings.__slots__)
