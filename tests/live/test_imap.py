"""IMAP on a real Dovecot: signing in, the network at its worst, and what no other backend has.

What every mailbox must do stands in the contract suite.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import connectors.imap
from connectors.imap import session as sessions
from daemon.core.errors import CursorExpired, NeedsUser, OutcomeUnknown, Refused, TryLater
from daemon.core.model import Account, FolderRole, Interest, Mail, MailPage, Position, Signal, Stream, Whereabouts
from daemon.core.ports import Connection, DraftTarget, MailSource, Surroundings
from tests.contract.samples import ANNA, BORIS, KNOWN, NOW, draft, mail
from tests.support.dovecot import PASSWORD, Dovecot, certificate, dovecot, free_port, token
from tests.support.proxy import Proxy, Way, proxy

_numbers = itertools.count(1)


class Secrets:
    """The same answer to every question."""

    def __init__(self, value: str | None) -> None:
        self.value = value

    def get(self, account: str, name: str) -> str | None:
        return self.value

    def put(self, account: str, name: str, value: str) -> None:
        raise AssertionError("nothing to be kept")


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot(mdbox=True) as running:
        yield running


@pytest.fixture
def user() -> str:
    return f"live{next(_numbers)}"


@pytest.fixture
def net(server: Dovecot) -> Iterator[Proxy]:
    with proxy(server.port) as made:
        yield made


@contextmanager
def opened(
    user: str, options: dict[str, object], secret: str | None = PASSWORD, page: int | None = None
) -> Iterator[Connection]:
    account = Account("work", "imap", "petra@example.org", options={"user": user, "timeout": 10, **options})
    around = Surroundings(Secrets(secret), "/nonexistent", lambda: NOW)
    connection = connectors.imap.connect(account, around, page=page)
    try:
        yield connection
    finally:
        connection.close()


def plain(port: int, **options: object) -> dict[str, object]:
    return {"host": "127.0.0.1", "port": port, "tls": "plain", **options}


@pytest.fixture
def account(user: str, net: Proxy) -> Iterator[Connection]:
    """An account behind the proxy, two messages a page."""
    with opened(user, plain(net.port), page=2) as connection:
        yield connection


def source(connection: Connection) -> MailSource:
    assert connection.mail is not None
    return connection.mail


def target(connection: Connection) -> DraftTarget:
    assert connection.drafts is not None
    return connection.drafts


INBOX = Stream("INBOX", "INBOX", FolderRole.INBOX)


def read(connection: Connection, since: Position = Position(), interest: Interest = KNOWN) -> list[MailPage]:  # noqa: B008
    return list(source(connection).pages(INBOX, since, interest))


def mails(pages: list[MailPage]) -> list[Mail]:
    return [one for page in pages for one in page.mails]


def fill(server: Dovecot, user: str, count: int, first: int = 0) -> None:
    with server.client(user) as client:
        for number in range(first, first + count):
            client.append("INBOX", mail(number))


# -- signing in ----------------------------------------------------------------------------------------


def check(connection: Connection) -> str:
    return "\n".join(connection.check())


def test_over_tls_with_a_certificate_of_one_s_own(server: Dovecot, user: str) -> None:
    secure = {"host": "localhost", "ca_file": str(server.ca_file)}
    with opened(user, {"port": server.tls_port, **secure}) as connection:
        assert "over TLS" in check(connection) and "leaves drafts in Drafts" in check(connection)
    with opened(user, {"port": server.port, "tls": "starttls", **secure}) as connection:
        assert "over STARTTLS" in check(connection)


def test_the_certificate_is_verified_by_default(server: Dovecot, user: str, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    certificate(other, tmp_path / "key.pem")
    tries: list[dict[str, object]] = [
        {"host": "localhost", "port": server.tls_port},
        {"host": "localhost", "port": server.port, "tls": "starttls"},
        {"host": "127.0.0.1", "port": server.tls_port, "ca_file": str(server.ca_file)},  # made out to localhost
        {"host": "localhost", "port": server.tls_port, "ca_file": str(other)},
    ]
    for options in tries:
        with opened(user, options) as connection, pytest.raises(NeedsUser, match="certificate") as error:
            check(connection)
        assert "ca_file" in error.value.remedy


def test_a_wrong_password_is_one_clear_sentence(server: Dovecot, user: str) -> None:
    with (
        opened(user, plain(server.port), "wrong-secret") as connection,
        pytest.raises(NeedsUser, match=f"refused the password of {user}") as error,
    ):
        check(connection)
    assert "wrong-secret" not in str(error.value)


@pytest.mark.parametrize("instead", [b"", b"A1 O", b"\x00\xff\r\n", b"* BYE too many at once\r\n"])
def test_a_connection_that_ends_in_the_middle_of_signing_in_refuses_no_password(
    user: str, net: Proxy, instead: bytes
) -> None:
    net.lose(Way.DOWN, b"Logged in", instead)
    with opened(user, plain(net.port)) as connection:
        with pytest.raises(TryLater):
            check(connection)
        check(connection)


def test_no_password_at_all(server: Dovecot, user: str) -> None:
    with (
        opened(user, plain(server.port), None) as connection,
        pytest.raises(NeedsUser, match="password_command"),
    ):
        check(connection)


def test_an_access_token(server: Dovecot, user: str) -> None:
    options = plain(server.port, auth="xoauth2")
    with opened(user, options, token(user)) as connection:
        assert "logged in" in check(connection)
    with opened(user, options, "revoked") as connection, pytest.raises(NeedsUser, match="access token") as error:
        check(connection)
    assert "revoked" not in error.value.what


def test_an_unreachable_server(user: str) -> None:
    with (
        opened(user, plain(free_port())) as connection,
        pytest.raises(TryLater, match="cannot be reached"),
    ):
        check(connection)
    with opened(user, {"host": "nowhere.invalid"}) as connection, pytest.raises(TryLater, match="cannot be found"):
        check(connection)


def test_tls_where_there_is_none(server: Dovecot, user: str) -> None:
    with (
        opened(user, {"host": "localhost", "port": server.port}) as connection,
        pytest.raises(NeedsUser, match="does not speak TLS"),
    ):
        check(connection)


# -- reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 300])
def test_nothing_new_is_one_round_trip_however_large_the_folder(
    server: Dovecot, user: str, net: Proxy, count: int
) -> None:
    fill(server, user, count)
    with opened(user, plain(net.port)) as connection:
        position = read(connection)[-1].position
        before = server.status(user, "INBOX")
        net.sent.clear()
        for _ in range(3):
            assert read(connection, position) == []
        commands = [line.split(b" ", 1)[1] for line in bytes(net.sent).splitlines()]
        assert commands == [b'EXAMINE "INBOX"'] * 3
        assert server.status(user, "INBOX") == before
        assert net.connections == 1


def test_a_whole_scan_leaves_no_mark(server: Dovecot, user: str, net: Proxy, account: Connection) -> None:
    fill(server, user, 5)
    before = server.status(user, "INBOX")
    assert len(mails(read(account))) == 5
    list(source(account).search(INBOX, [ANNA], "", KNOWN))
    assert server.status(user, "INBOX") == before
    assert b"BODY.PEEK[" in net.sent and b"BODY[" not in net.sent and b"SELECT" not in net.sent
    with server.client(user) as client:
        client.select_folder("INBOX", readonly=True)
        assert all(rb"\Seen" not in row[b"FLAGS"] for row in client.fetch(client.search(), ["FLAGS"]).values())


def test_a_stopped_back_fill_goes_on_where_it_was(server: Dovecot, user: str, account: Connection) -> None:
    fill(server, user, 5)
    first = next(iter(source(account).search(INBOX, [ANNA], "", KNOWN)))
    rest = list(source(account).search(INBOX, [ANNA], first.position.progress, KNOWN))
    assert [one.message_id for one in mails([first, *rest])] == [f"<{n}@example.com>" for n in range(5)]
    many = [ANNA, *(f"person{n}@example.net" for n in range(30))]
    first = next(iter(source(account).search(INBOX, many, "", KNOWN)))
    rest = list(source(account).search(INBOX, many, first.position.progress, KNOWN))
    assert [one.message_id for one in mails([first, *rest])] == [f"<{n}@example.com>" for n in range(5)]


def test_a_text_is_asked_for_by_its_beginning_and_only_when_it_is_wanted(
    server: Dovecot, user: str, net: Proxy, account: Connection
) -> None:
    raw = mail(1).partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"A line of much text.\r\n" * 20_000
    with server.client(user) as client:
        client.append("INBOX", raw)
    (found,) = mails(read(account))
    assert b"BODY.PEEK[]" not in net.sent
    assert account.texts is not None
    assert account.texts.text("INBOX", found.item_id).startswith("A line")
    assert b"BODY.PEEK[]<0.65536>" in net.sent and b"EXAMINE" in net.sent and b"SELECT" not in net.sent


def test_back_fill_of_as_many_as_are_searched_for(server: Dovecot, user: str, net: Proxy, account: Connection) -> None:
    people = [f"somebody.with.a.long.name.{n}@department.company.example.org" for n in range(18)]
    people += ["анна@example.org", "vera@xn--e1aybc.test"]
    with server.client(user) as client:
        for number, person in enumerate([*people, "vera@тест.test", "stranger@example.test"]):
            client.append("INBOX", mail(number, person.replace(".0@", ".0+x@")))
    found = mails(list(source(account).search(INBOX, people, "", KNOWN)))
    assert [one.message_id for one in found] == [f"<{n}@example.com>" for n in range(21)]
    assert max(map(len, bytes(net.sent).splitlines())) < 8192


def test_folders(server: Dovecot, user: str, account: Connection) -> None:
    with server.client(user) as client:
        for name in ("Работа", "Clients/Old", 'Odd "name"'):
            client.create_folder(name)
        client.append("Работа", mail("in-russian"))
        client.append('Odd "name"', mail("quoted"))
    streams = {s.label: s for s in source(account).streams()}
    assert set(streams) == {"INBOX", "Sent", "Archive", "Работа", "Clients/Old", 'Odd "name"'}, "not the bare parent"
    assert streams["Sent"].role is FolderRole.SENT
    for label in ("Работа", 'Odd "name"'):
        assert len(mails(list(source(account).pages(streams[label], Position(), KNOWN)))) == 1


def test_a_folder_that_vanished(account: Connection) -> None:
    source(account).streams()
    with pytest.raises(Refused):
        list(source(account).pages(Stream("Gone", "Gone"), Position(), KNOWN))
    assert read(account)[-1].position.cursor, "the account goes on"


def test_renumbered_twice(server: Dovecot, user: str, account: Connection) -> None:
    fill(server, user, 3)
    for validity in (4_000_000_000, 4_000_000_001):
        position = read(account)[-1].position
        server.renumber(user, "INBOX", validity)
        with pytest.raises(CursorExpired):
            read(account, position)
        assert len(mails(read(account))) == 3


def test_a_cursor_from_elsewhere(account: Connection) -> None:
    for cursor in ("not json", "{}", "[]", '{"v": 1}'):
        with pytest.raises(CursorExpired):
            read(account, Position(cursor))


def test_a_bounce_is_read_for_whom_it_tells_of(server: Dovecot, user: str, account: Connection) -> None:
    report = (
        f"From: Mail System <MAILER-DAEMON@mx.example.org>\r\nTo: petra@example.org\r\nSubject: Returned\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nMIME-Version: 1.0\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nSorry, {BORIS} is away.\r\n"
        f"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; {ANNA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@example.org\r\n\r\nx\r\n--b--\r\n"
    )
    with server.client(user) as client:
        client.append("INBOX", report.encode())
        client.append("INBOX", report.replace(ANNA, "stranger@example.test").encode())
    (found,) = mails(read(account))
    assert Signal.BOUNCE in found.signals and found.bounced == (ANNA,)


def test_a_keyword_of_a_stranger_s_mail_is_seen_once(server: Dovecot, user: str, account: Connection) -> None:
    with server.client(user) as client:
        client.append("INBOX", mail("s", "nobody@example.test"))
        client.append("INBOX", mail("t", "nobody@example.test"))
        position = read(account)[-1].position
        assert not mails(read(account))
        client.select_folder("INBOX")
        client.add_flags([1], [b"Kith-Reply"])
        pages = read(account, position)
        (found,) = mails(pages)
        assert found.asks == {"reply"} and found.message_id == "<s@example.com>"
        assert not mails(read(account, pages[-1].position))
        client.remove_flags([1], [b"Kith-Reply"])
        cleared = read(account, pages[-1].position)
        assert not mails(cleared)
        client.add_flags([1], [b"Kith-Reply"])
        assert len(mails(read(account, cleared[-1].position))) == 1, "asked for again"
    assert len(mails(read(account))) == 1, "and in a first scan"


# -- a bad network -------------------------------------------------------------------------------------


def cut(net: Proxy, size: int) -> None:
    net.cut_after = {Way.DOWN: size}


@pytest.mark.parametrize("size", [0, 30, 900, 1500, 2500, 4000])
def test_cut_anywhere_nothing_is_skipped(server: Dovecot, user: str, net: Proxy, size: int) -> None:
    fill(server, user, 9)
    cut(net, size)
    got: list[Mail] = []
    position = Position()
    with opened(user, plain(net.port), page=2) as connection:
        for _ in range(2):
            try:
                for page in source(connection).pages(INBOX, position, KNOWN):
                    got += page.mails
                    position = page.position
            except TryLater:
                continue
            break
    assert [one.message_id for one in got] == [f"<{n}@example.com>" for n in range(9)]


def test_garbage_is_no_mail(server: Dovecot, user: str, net: Proxy, account: Connection) -> None:
    fill(server, user, 4)
    happened = net.lose(
        Way.DOWN, rb"FETCH \(UID", b"* 1 FETCH (UID 1 FLAGS () BODY[] {99999}\r\n\x00\xff\r\nnonsense\r\n"
    )
    with pytest.raises(TryLater):
        read(account)
    assert happened.is_set() and len(mails(read(account))) == 4


def test_a_silent_server_has_a_deadline(server: Dovecot, user: str, net: Proxy) -> None:
    fill(server, user, 1)
    with opened(user, plain(net.port, timeout=1)) as connection:
        net.black_hole = True
        with pytest.raises(TryLater, match="in time"):
            read(connection)
        net.black_hole = False
        assert len(mails(read(connection))) == 1


def test_a_trickling_server_has_a_deadline(
    server: Dovecot, user: str, net: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server, user, 3)
    with opened(user, plain(net.port, timeout=1)) as connection:
        source(connection).streams()
        monkeypatch.setattr(sessions, "PATIENCE", 1)  # no single byte is late, the whole is
        net.trickle = 1
        with pytest.raises(TryLater):
            read(connection)
        net.trickle = 0
        assert len(mails(read(connection))) == 3


def test_a_connection_that_died_is_replaced(server: Dovecot, user: str, net: Proxy, account: Connection) -> None:
    fill(server, user, 2)
    assert len(mails(read(account))) == 2
    net.drop_all()
    assert len(mails(read(account))) == 2
    assert net.connections == 2


def test_stopped_between_pages_the_account_goes_on(server: Dovecot, user: str, account: Connection) -> None:
    fill(server, user, 6)
    pages = source(account).pages(INBOX, Position(), KNOWN)
    first = next(iter(pages))
    assert target(account).hint(), "other calls work while a pass is open"
    pages.close()  # type: ignore[attr-defined]
    assert len(mails(read(account, first.position))) == 6 - len(first.mails)


# -- drafts --------------------------------------------------------------------------------------------


def test_the_answer_lost_after_append(server: Dovecot, user: str, net: Proxy, account: Connection) -> None:
    hint = target(account).hint()
    happened = net.lose(Way.DOWN, rb"APPENDUID")
    with pytest.raises(OutcomeUnknown):
        target(account).create(draft())
    assert happened.is_set()
    found = target(account).find(draft().key, draft().message_id, hint)
    assert found.where is Whereabouts.PRESENT and found.remote_id.endswith(":1") and found.subject == draft().subject
    assert server.status(user, "Drafts")["messages"] == 1


def test_the_hint_makes_search_needless(user: str, net: Proxy, account: Connection) -> None:
    hint = target(account).hint()
    target(account).create(draft())
    net.sent.clear()
    assert target(account).find(draft().key, draft().message_id, hint).where is Whereabouts.PRESENT
    assert b"SEARCH" not in net.sent


def test_a_draft_is_kept_as_a_draft_and_read_by_nobody(server: Dovecot, user: str, account: Connection) -> None:
    target(account).create(draft())
    with server.client(user) as client:
        client.select_folder("Drafts", readonly=True)
        assert {rb"\Draft", rb"\Seen"} <= set(client.fetch([1], ["FLAGS"])[1][b"FLAGS"])
        client.select_folder("Drafts")
        client.copy([1], "Archive")
    archive = Stream("Archive", "Archive")
    (found,) = mails(list(source(account).pages(archive, Position(), KNOWN)))
    assert found.draft, "in whatever folder it shows up"


def test_looking_at_many_is_one_fetch(net: Proxy, account: Connection) -> None:
    made = [target(account).create(draft(n)) for n in range(1, 6)]
    net.sent.clear()
    looked = target(account).look([(one.remote_id, one.message_id) for one in made])
    assert list(looked) == made
    assert len(bytes(net.sent).splitlines()) == 3  # LIST, EXAMINE, UID FETCH


def test_after_a_renumbering_drafts_are_found_by_their_message_id(
    server: Dovecot, user: str, account: Connection
) -> None:
    made = target(account).create(draft())
    server.renumber(user, "Drafts", 4_000_000_000)
    (now,) = target(account).look([(made.remote_id, made.message_id)])
    assert now.where is Whereabouts.PRESENT and now.remote_id == "4000000000:1" and now.digest == made.digest
    after = target(account).withdraw(made.remote_id, made.message_id, made.digest)
    assert after.where is Whereabouts.TRASHED


@pytest.fixture
def poorer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make the server offer less than it can."""

    def without(*capabilities: str) -> None:
        real = sessions.connect

        def connect(*args: object) -> sessions.Session:
            session = real(*args)  # type: ignore[arg-type]
            session.capabilities -= set(capabilities)
            return session

        monkeypatch.setattr(sessions, "connect", connect)

    return without


def test_without_move_a_draft_goes_by_copy_and_nothing_else_is_expunged(
    server: Dovecot, user: str, net: Proxy, account: Connection, poorer: Callable[..., None]
) -> None:
    poorer("MOVE")
    made = target(account).create(draft(1))
    target(account).create(draft(2))
    with server.client(user) as client:
        client.select_folder("Drafts")
        client.add_flags([2], [rb"\Deleted"])  # the user's own business
        assert target(account).withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.TRASHED
    assert server.status(user, "Drafts")["messages"] == 1 and server.status(user, "Trash")["messages"] == 1
    assert re.search(rb"UID EXPUNGE 1\r\n", net.sent) and not re.search(rb"\d EXPUNGE\r\n", net.sent)


def test_without_move_and_uidplus_it_is_left(
    server: Dovecot, user: str, account: Connection, poorer: Callable[..., None]
) -> None:
    poorer("MOVE", "UIDPLUS")
    made = target(account).create(draft())
    with pytest.raises(Refused, match="left"):
        target(account).withdraw(made.remote_id, made.message_id, made.digest)
    assert server.status(user, "Drafts")["messages"] == 1 and server.status(user, "Trash")["messages"] == 0


def test_without_a_sent_folder_nothing_is_called_gone(server: Dovecot, user: str) -> None:
    with opened(user, plain(server.port, sent_folder="Nowhere")) as connection:
        made = target(connection).create(draft())
        server.expunge(user, "Drafts")
        (now,) = target(connection).look([(made.remote_id, made.message_id)])
        assert now.where is Whereabouts.UNKNOWN, "it may have been sent"
        assert any("sent_folder" in line for line in connection.check())


def test_check_names_a_handful_of_folders_the_inbox_first(server: Dovecot, user: str) -> None:
    with server.client(user) as client:
        for number in range(30):
            client.create_folder(f"Archiv{number:02d}")
    with opened(user, plain(server.port)) as connection:
        (line,) = (one for one in connection.check() if one.startswith("reads "))
    assert ": INBOX, Archiv" in line and line.endswith(" more") and line.count("Archiv") < 13


def test_without_a_drafts_folder_the_user_is_asked(server: Dovecot, user: str) -> None:
    with opened(user, plain(server.port, drafts_folder="Nowhere")) as connection:
        with pytest.raises(NeedsUser, match="drafts_folder"):
            target(connection).create(draft())
        assert len(read(connection)) == 1, "reading goes on"


def test_there_is_no_way_to_send() -> None:
    for path in Path(connectors.imap.__file__).parent.glob("*.py"):
        assert not re.search(r"smtp|sendmail|submission", path.read_text().lower()), path.name
