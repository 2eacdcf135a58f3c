"""Maildirs as they are found on real disks: layouts, races, strange files, and folders that are not there."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import connectors.local
from connectors.local import mail as local_mail
from connectors.local import maildir
from connectors.local.folders import Folder, decode_utf7, encode_utf7
from daemon.core.errors import CursorExpired, NeedsUser, TryLater
from daemon.core.model import Account, FolderRole, Mail, MailPage, Position, Signal, Stream
from daemon.core.ports import Connection, MailSource
from tests.contract.reading import Seen, read
from tests.contract.rig import ME
from tests.contract.rig_local import LocalRig, make_maildir
from tests.contract.rig_memory import around
from tests.contract.samples import ANNA, KNOWN, STRANGER, mail


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LocalRig]:
    with pytest.MonkeyPatch.context() as patch:
        yield LocalRig(tmp_path, patch)


def connect(folder: Path, **options: str) -> Connection:
    return connectors.local.connect(Account("local", "local", ME, options=options), around(folder))


def source(folder: Path, **options: str) -> MailSource:
    found = connect(folder, maildir=str(folder / "Mail"), **options).mail
    assert found is not None
    return found


def put(maildir: Path, raw: bytes, name: str = "1.M1P1.host", sub: str = "cur") -> Path:
    path = make_maildir(maildir) / sub / name
    path.write_bytes(raw)
    return path


def go(mailbox: MailSource, stream: Stream, since: Position = Position()) -> Seen:  # noqa: B008
    return read(mailbox.pages(stream, since, KNOWN), since)


def subjects(seen: Seen) -> list[str]:
    return sorted(item.subject for item in seen.items if isinstance(item, Mail))


def inbox(rig: LocalRig) -> tuple[MailSource, Stream]:
    mailbox = rig.connection().mail
    assert mailbox is not None
    return mailbox, mailbox.streams()[0]


def age(path: Path, seconds: int = 3600) -> None:
    """Make a Maildir look as if nothing had happened in it for a while."""
    then = time.time() - seconds
    for sub in ("new", "cur"):
        os.utime(path / sub, (then, then))


# -- layouts ------------------------------------------------------------------------------------------


def test_maildir_plus_plus_with_cyrillic_names(tmp_path: Path) -> None:
    root = make_maildir(tmp_path / "Mail")
    for label in ("Черновики", "Отправленные", "Корзина", "Спам", "Работа.Предложения"):
        make_maildir(root / ("." + encode_utf7(label)))
    found = {stream.label: stream.role for stream in source(tmp_path).streams()}
    assert found == {
        "INBOX": FolderRole.INBOX,
        "Отправленные": FolderRole.SENT,
        "Работа/Предложения": FolderRole.OTHER,
    }


def test_folders_inside_folders_as_mbsync_keeps_them(tmp_path: Path) -> None:
    root = tmp_path / "Mail"
    for name in ("INBOX", "Gesendete Objekte", "Archive/2025", "Papierkorb/alt", "Entwürfe", "Junk-E-Mail", "lists"):
        make_maildir(root / name)
    found = [(stream.name, stream.role) for stream in source(tmp_path).streams()]
    assert found == [
        ("INBOX", FolderRole.INBOX),
        ("Gesendete Objekte", FolderRole.SENT),
        ("Archive/2025", FolderRole.OTHER),
        ("lists", FolderRole.OTHER),
    ]


def test_the_config_knows_better_than_the_names(tmp_path: Path) -> None:
    root = make_maildir(tmp_path / "Mail")
    for name in (".Sent", ".Outgoing", ".Rubbish"):
        make_maildir(root / name)
    streams = source(tmp_path, sent_folder="Outgoing", junk_folder="rubbish").streams()
    assert [(s.label, s.role) for s in streams] == [
        ("INBOX", FolderRole.INBOX),
        ("Outgoing", FolderRole.SENT),
        ("Sent", FolderRole.OTHER),
    ]


def test_gmail_s_all_mail_is_not_read_twice(tmp_path: Path) -> None:
    for name in ("INBOX", "[Gmail]/All Mail", "[Gmail]/Sent Mail", "[Gmail]/Spam"):
        make_maildir(tmp_path / "Mail" / name)
    assert [s.role for s in source(tmp_path).streams()] == [FolderRole.ALL]


def test_symbolic_links_in_circles_and_twice(tmp_path: Path) -> None:
    root = make_maildir(tmp_path / "Mail")
    make_maildir(root / ".Work")
    (root / ".Loop").symlink_to(root)
    (root / ".Work" / "deeper").symlink_to(root / ".Work")
    (root / ".Zwork").symlink_to(root / ".Work")
    (root / ".Nowhere").symlink_to(tmp_path / "nothing")
    assert [s.label for s in source(tmp_path).streams()] == ["INBOX", "Work"]


@pytest.mark.parametrize("name", ["Черновики", "R&D", "Entwürfe", "日本語", "plain", "a&b-c", "😀"])
def test_modified_utf7_there_and_back(name: str) -> None:
    assert decode_utf7(encode_utf7(name)) == name


def test_modified_utf7_as_rfc_3501_shows_it() -> None:
    assert encode_utf7("台北") == "&U,BTFw-"
    assert decode_utf7("&BCcENQRABD0EPgQyBDgEOgQ4-") == "Черновики"
    assert decode_utf7("Q&A-broken&!") == "Q&A-broken&!"


# -- a folder that is not there -----------------------------------------------------------------------


def test_a_missing_folder_is_a_question_to_the_user(tmp_path: Path) -> None:
    with pytest.raises(NeedsUser, match="Mount"):
        source(tmp_path).streams()


def test_an_empty_mount_point_is_not_an_emptied_mailbox(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    rig.add_mail("INBOX", mail(1))
    position = go(mailbox, stream).position
    drafts = rig.connection().drafts
    assert drafts is not None
    rig.maildir.rename(rig.root / "elsewhere")
    rig.maildir.mkdir()
    for ask in (
        mailbox.streams,
        lambda: go(mailbox, stream, position),
        lambda: drafts.look([(".Drafts/1.kx.draft", "<x@example.org>")]),
        lambda: drafts.find("x", "<x@example.org>", ""),
    ):
        with pytest.raises(NeedsUser):
            ask()
    rig.maildir.rmdir()
    (rig.root / "elsewhere").rename(rig.maildir)
    assert go(mailbox, stream, position).items == []


def test_one_folder_that_went_says_so(rig: LocalRig) -> None:
    mailbox, _ = inbox(rig)
    archive = next(stream for stream in mailbox.streams() if stream.label == "Archive")
    position = go(mailbox, archive).position
    rig.folder("Archive").rename(rig.root / "elsewhere")
    with pytest.raises(TryLater, match="Archive"):
        go(mailbox, archive, position)


# -- strange files ------------------------------------------------------------------------------------


def test_a_pipe_does_not_hold_the_daemon(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    os.mkfifo(rig.maildir / "cur" / "0.pipe")
    rig.add_mail("INBOX", mail(1))
    seen = go(mailbox, stream)
    assert subjects(seen) == ["Message 1"]
    assert [(b.item_id, b.reason) for b in seen.broken] == [("0.pipe", "It is not an ordinary file.")]


def test_folders_hidden_files_and_names_in_no_encoding(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    (rig.maildir / "cur" / ".DS_Store").write_bytes(b"x")
    (rig.maildir / "cur" / "subfolder").mkdir()
    Path(os.fsdecode(os.fsencode(rig.maildir / "cur") + b"/1.\xff\xfe.host:2,S")).write_bytes(mail(1))
    seen = go(mailbox, stream)
    (found,) = seen.items
    assert isinstance(found, Mail) and found.item_id.encode("utf-8") == b"1.\\xff\\xfe.host"
    assert [b.item_id for b in seen.broken] == ["subfolder"]
    assert go(mailbox, stream, seen.position).broken == []


def test_only_the_header_is_read(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox, stream = inbox(rig)
    path = Path(rig.add_mail("INBOX", mail(1)))
    with path.open("ab") as file:
        file.truncate(512 * 1024 * 1024)
    taken = 0
    real: Callable[[int, int], bytes] = os.read

    def counting(fd: int, size: int) -> bytes:
        nonlocal taken
        data = real(fd, size)
        taken += len(data)
        return data

    monkeypatch.setattr(os, "read", counting)
    assert subjects(go(mailbox, stream)) == ["Message 1"]
    assert taken <= 8192


def test_a_header_without_end_is_quarantined(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    Path(rig.add_mail("INBOX", b"")).write_bytes(b"X-Long: " + b"a" * 400_000)
    Path(rig.add_mail("INBOX", b"")).write_bytes(b"X-Long: " + b"a" * 200_000 + b"\r\n" + mail("long"))
    rig.add_mail("INBOX", mail(2))
    seen = go(mailbox, stream)
    assert subjects(seen) == ["Message 2", "Message long"]
    assert len(seen.broken) == 1


@pytest.mark.parametrize("ending", [b"\n", b"\r", b"\r\n"])
def test_lines_end_as_they_like(rig: LocalRig, ending: bytes) -> None:
    mailbox, stream = inbox(rig)
    rig.add_mail("INBOX", mail(1).replace(b"\r\n", ending))
    assert subjects(go(mailbox, stream)) == ["Message 1"]


def test_a_bounce_says_whom_it_could_not_reach(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    report = (
        "From: MAILER-DAEMON@example.net\r\nTo: petra@example.org\r\nSubject: Undelivered\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {ANNA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    rig.add_mail("INBOX", report.encode())
    (found,) = go(mailbox, stream).items
    assert isinstance(found, Mail) and Signal.BOUNCE in found.signals and found.bounced == (ANNA,)


# -- races --------------------------------------------------------------------------------------------


def test_flags_changed_between_listing_and_reading(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    handles = [rig.add_mail("INBOX", mail(n)) for n in range(8)]
    pages = iter(mailbox.pages(stream, Position(), KNOWN))
    seen = Seen()
    seen.take(next(pages))
    for handle in handles:
        rig.mark_seen(handle)
    for page in pages:
        seen.take(page)
    assert len(seen.items) == 8 and not seen.broken
    assert go(mailbox, stream, seen.position).items == []


def test_mail_that_goes_while_it_is_read_is_no_fault(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    handles = [rig.add_mail("INBOX", mail(n)) for n in range(8)]
    pages = iter(mailbox.pages(stream, Position(), KNOWN))
    seen = Seen()
    seen.take(next(pages))
    rig.delete_mail(handles[5])
    elsewhere = rig.move_mail(handles[6], "Archive")
    for page in pages:
        seen.take(page)
    assert subjects(seen) == [f"Message {n}" for n in (0, 1, 2, 3, 4, 7)] and not seen.broken
    rig.move_mail(elsewhere, "INBOX")  # back again: it was never read here
    assert subjects(go(mailbox, stream, seen.position)) == ["Message 6"]


def test_a_message_in_new_and_cur_at_once_is_one(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    path = Path(rig.add_mail("INBOX", mail(1)))
    os.link(path, rig.maildir / "cur" / f"{path.name}:2,S")
    assert len(go(mailbox, stream).items) == 1


def test_a_draft_that_is_none_any_more_is_news(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    path = Path(rig.add_mail("INBOX", mail(1, ME, ANNA), draft=True))
    first = go(mailbox, stream)
    assert [item.draft for item in first.items if isinstance(item, Mail)] == [True]
    path.rename(path.with_name(path.name.replace(":2,D", ":2,S")))
    second = go(mailbox, stream, first.position)
    assert [item.draft for item in second.items if isinstance(item, Mail)] == [False]


def test_stopped_in_the_middle_it_goes_on_where_it_was(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    for number in range(9):
        rig.add_mail("INBOX", mail(number))
    first = next(iter(mailbox.pages(stream, Position(), KNOWN)))
    rest = go(mailbox, stream, first.position)
    assert len(first.mails) + len(rest.items) == 9, "nothing was read twice"
    put(rig.maildir, mail("before"), "0.M0P0.host:2,S")
    again = go(mailbox, stream, first.position)
    assert len(again.items) == 10, "what turned up among the messages read began the pass anew"


def test_garbage_for_a_position_is_an_expired_one(rig: LocalRig) -> None:
    mailbox, stream = inbox(rig)
    for position in (Position("m1 1 2 x y"), Position("nonsense"), Position("m1 1 2 3 !"), Position("", "zz")):
        with pytest.raises(CursorExpired):
            go(mailbox, stream, position)


# -- nothing new costs nothing ------------------------------------------------------------------------


@pytest.fixture
def listings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the folders that were listed."""
    made: list[str] = []
    real = maildir.list_entries

    def counting(folder: Folder) -> list[maildir.Entry]:
        made.append(folder.name)
        return real(folder)

    monkeypatch.setattr(local_mail, "list_entries", counting)
    return made


def test_a_folder_at_rest_is_not_listed_again(rig: LocalRig, listings: list[str]) -> None:
    rig.add_mail("INBOX", mail(1))
    age(rig.maildir)
    mailbox, stream = inbox(rig)
    position = go(mailbox, stream).position
    assert listings == ["."]
    for _ in range(2):
        assert go(mailbox, stream, position).pages == []
        rig.fresh_connection()
        mailbox, stream = inbox(rig)
    assert listings == ["."]


def test_a_folder_changed_just_now_is_not_trusted(rig: LocalRig, listings: list[str]) -> None:
    """Two deliveries within one tick of the file system's clock leave the same time behind."""
    rig.add_mail("INBOX", mail(1))
    mailbox, stream = inbox(rig)
    before = (rig.maildir / "new").stat()
    position = go(mailbox, stream).position
    rig.add_mail("INBOX", mail(2))
    os.utime(rig.maildir / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert subjects(go(mailbox, stream, position)) == ["Message 2"]


def test_flags_alone_are_looked_at_once(rig: LocalRig, listings: list[str]) -> None:
    handle = rig.add_mail("INBOX", mail(1))
    age(rig.maildir)
    mailbox, stream = inbox(rig)
    position = go(mailbox, stream).position
    rig.mark_seen(handle)
    age(rig.maildir, 1800)
    for _ in range(3):
        assert go(mailbox, stream, position).pages == []
    assert listings == [".", "."]


def test_the_cursor_of_a_large_folder_is_about_eleven_bytes_a_message(tmp_path: Path) -> None:
    root = make_maildir(tmp_path / "Mail")
    raw = mail(1, STRANGER)
    for number in range(3000):
        (root / "cur" / f"{number}.M{number}P1.host:2,S").write_bytes(raw)
    mailbox = source(tmp_path)
    seen = go(mailbox, mailbox.streams()[0])
    assert [page.scanned for page in seen.pages if isinstance(page, MailPage)] == [2000, 1000]
    assert len(seen.position.cursor) < 3000 * 11 + 200
    assert all(not page.position.cursor for page in seen.pages[:-1])
