"""The caldav connector against Radicale and Xandikos, and against a server that answers as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from importlib import metadata
from pathlib import Path

import pytest

import connectors.caldav
from connectors.caldav.http import same_people
from connectors.caldav.reminders import DavReminders
from daemon.core.errors import Conflict, CursorExpired, NeedsUser, OutcomeUnknown, Refused, TryLater
from daemon.core.model import Account, EventItem, EventPage, Position, Stream, Whereabouts
from daemon.core.ports import CalendarSource, Connection, ReminderTarget, Surroundings
from tests.contract.rig_caldav import WRITING, Secrets
from tests.contract.samples import KNOWN, NOW, WINDOW, dragged, event, reminder
from tests.support import web
from tests.support.dav import READING, DavAccount, DavServer, dav_server
from tests.support.dovecot import certificate
from tests.support.proxy import proxy


@pytest.fixture(scope="module", params=["radicale", "xandikos"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DavServer]:
    with dav_server(request.param, tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def account(server: DavServer) -> Iterator[DavAccount]:
    with server.account() as made:
        yield made


def connect(url: str, user: str = "petra@example.org", secret: str | None = None, **options: object) -> Connection:
    class Other(Secrets):
        def get(self, account: str, name: str) -> str | None:
            return secret

    account = Account("dav", "caldav", "petra@example.org", options={"url": url, "user": user, "timeout": 5, **options})
    return connectors.caldav.connect(
        account, Surroundings(Other() if secret else Secrets(), "/nonexistent", lambda: NOW)
    )


def of(account: DavAccount, **options: object) -> Connection:
    return connect(account.server.url, account.user, None, **options)


def calendar(connection: Connection) -> CalendarSource:
    assert connection.calendar is not None
    return connection.calendar


def reminders(connection: Connection) -> ReminderTarget:
    assert connection.reminders is not None
    return connection.reminders


def home(connection: Connection, account: DavAccount) -> Stream:
    return next(s for s in calendar(connection).streams() if s.name == account.calendar)


def pages(connection: Connection, stream: Stream, since: Position | None = None) -> list[EventPage]:
    return list(calendar(connection).pages(stream, since or Position(), KNOWN, WINDOW))


# -- the environment ----------------------------------------------------------------------------------


def test_urllib3_is_the_genuine_one() -> None:
    """niquests, which newer caldav packages bring, would replace it for exchangelib and google-auth as well."""
    names = {d.metadata["Name"].lower() for d in metadata.distributions()}
    assert not names & {"niquests", "urllib3-future", "urllib3_future", "caldav"}
    import urllib3

    assert metadata.version("urllib3") == str(vars(urllib3)["__version__"])
    assert not hasattr(urllib3, "AsyncPoolManager")


# -- reading ------------------------------------------------------------------------------------------


def test_reading_uses_reading_methods_only(account: DavAccount) -> None:
    account.put(f"{account.calendar}one@x.ics", event("one"))
    account.server.log()
    connection = of(account)
    for _ in range(2):
        for stream in calendar(connection).streams():
            (*_, last) = pages(connection, stream)
            assert pages(connection, stream, last.position) == []
        calendar(connection).busy(WINDOW)
        assert connection.contacts is not None
        for stream in connection.contacts.streams():
            list(connection.contacts.pages(stream, Position()))
        assert reminders(connection).find("k", "u@example.org").where is Whereabouts.GONE
        connection.check()
    methods = {method for method, _ in account.server.log()}
    assert "REPORT" in methods and methods <= READING


def test_nothing_new_costs_one_request_a_calendar(account: DavAccount) -> None:
    for number in range(30):
        account.put(f"{account.calendar}{number}.ics", event(f"e{number}"))
    connection = of(account)
    stream = home(connection, account)
    (*_, last) = pages(connection, stream)
    account.server.log()
    assert pages(connection, stream, last.position) == []
    assert len(account.server.log()) == 1


def test_without_sync_collection_entity_tags_tell_what_changed(account: DavAccount) -> None:
    paths = [account.put(f"{account.calendar}e{n}@x.ics", event(f"e{n}")) for n in range(5)]
    connection = of(account, batch=2)
    stream = home(connection, account)
    finder = calendar(connection)._finder  # type: ignore[attr-defined]
    finder._listed = [replace(c, sync=False) for c in finder.all()]
    first = pages(connection, stream)
    assert [len(p.items) for p in first] == [2, 2, 1] and all(p.full for p in first)
    assert first[-1].position.cursor.startswith("etags ") and not first[-1].position.progress
    assert set(first[0].listed) == set(paths)

    resumed = pages(connection, stream, first[0].position)
    assert {i.uid for p in (first[0], *resumed) for i in p.items} == {f"e{n}" for n in range(5)}
    assert resumed[-1].position == first[-1].position

    assert pages(connection, stream, first[-1].position) == []
    account.put(paths[0], event("e0", NOW))
    account.delete(paths[1])
    account.put(f"{account.calendar}new.ics", event("new"))
    second = pages(connection, stream, first[-1].position)
    assert {i.uid for p in second for i in p.items} == {"e0", "new"}
    assert [p.gone for p in second if p.gone] == [(paths[1],)]
    assert pages(connection, stream, second[-1].position) == []
    with pytest.raises(CursorExpired):
        pages(connection, stream, Position("etags garbage"))
    with pytest.raises(CursorExpired):
        pages(connection, stream, Position("of another connector"))


def test_only_the_calendars_that_are_named(account: DavAccount) -> None:
    account.make_calendar(f"{account.home}other/", "Another one")
    connection = of(account, calendars=["another ONE"])
    assert [s.label for s in calendar(connection).streams()] == ["Another one"]
    with pytest.raises(NeedsUser, match="no calendar called 'nope'"):
        calendar(of(account, calendars=["nope"])).streams()


def test_the_url_of_one_calendar_is_enough(account: DavAccount) -> None:
    connection = connect(account.server.url + account.calendar, account.user)
    assert [s.name for s in calendar(connection).streams()] == [account.calendar]


# -- reminders ----------------------------------------------------------------------------------------


def test_our_calendar_is_made_when_a_first_reminder_needs_it(account: DavAccount) -> None:
    connection = of(account, reminders_calendar="kith test")
    assert reminders(connection).find("k", reminder().uid).where is Whereabouts.GONE
    assert not any("kith" in c for c in account.collections())
    made = reminders(connection).create(reminder())
    assert made.where is Whereabouts.PRESENT
    assert "kith test" in [s.label for s in calendar(connection).streams()]
    reminders(of(account, reminders_calendar="kith test")).create(reminder(2))
    assert len([c for c in account.collections() if "kith" in c]) == 1


def test_a_reminder_moved_into_another_calendar_is_found_by_its_uid(account: DavAccount) -> None:
    connection = of(account)
    made = reminders(connection).create(reminder())
    raw = account.get(made.remote_id)
    account.delete(made.remote_id)
    other = account.put(
        f"{account.calendar}moved by the user.ics".replace(" ", "-"), dragged(raw, reminder().start + timedelta(days=1))
    )
    (found,) = reminders(connection).look([(made.remote_id, made.uid)])
    assert (found.where, found.remote_id) == (Whereabouts.PRESENT, other)
    assert found.start == reminder().start + timedelta(days=1)
    with pytest.raises(Conflict):
        reminders(connection).create(reminder())
    account.delete(other)
    assert reminders(connection).look([(made.remote_id, made.uid)])[0].where is Whereabouts.GONE


def test_what_kithd_did_not_write_is_not_touched(account: DavAccount) -> None:
    path = account.put(f"{account.calendar}theirs.ics", event("theirs"))
    etag = account.request("GET", path).headers["ETag"]
    connection = of(account)
    with pytest.raises(Conflict):
        reminders(connection).withdraw(path, etag)
    with pytest.raises(Conflict):
        reminders(connection).update(path, etag, replace(reminder(), uid="theirs"))
    assert account.get(path) and b"Coffee" in account.get(path)


def test_an_answer_lost_on_the_way_back(account: DavAccount) -> None:
    with proxy(account.server.port) as net:
        connection = connect(f"http://127.0.0.1:{net.port}", account.user)
        reminders(connection).create(reminder(1))
        net.lose_answer_to(WRITING)
        with pytest.raises(OutcomeUnknown):
            reminders(connection).create(reminder(2))
        assert reminders(connection).find("k", reminder(2).uid).where is Whereabouts.PRESENT


# -- what can go wrong --------------------------------------------------------------------------------


def test_a_wrong_password(tmp_path: Path) -> None:
    with dav_server("radicale", tmp_path / "r") as running, running.account() as made:
        with pytest.raises(NeedsUser, match=r"refused the password of user1@example\.org") as caught:
            calendar(connect(running.url, made.user, secret="wrong-horse")).streams()
        assert "wrong-horse" not in str(caught.value)


def test_a_certificate_nobody_signed_and_one_the_user_trusts(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate(cert, key)
    with dav_server("radicale", tmp_path / "r", certificate=(cert, key)) as running, running.account(tls=cert) as made:
        url = f"https://localhost:{running.port}"
        with pytest.raises(NeedsUser, match="certificate of localhost"):
            calendar(connect(url, made.user)).streams()
        assert calendar(connect(url, made.user, ca_file=str(cert))).streams()
        with pytest.raises(TryLater):
            calendar(connect(running.url, made.user)).streams()


def test_unreachable() -> None:
    for url in ("http://127.0.0.1:9", "http://127.0.0.1:9/dav/", "http://nowhere.localhost:9"):
        connection = connect(url)
        for source in (connection.calendar, connection.contacts):
            assert source is not None
            with pytest.raises(TryLater, match="cannot be reached"):
                source.streams()  # never "there are none"


def test_a_password_does_not_travel_in_the_open() -> None:
    with pytest.raises(NeedsUser, match="in the open"):
        calendar(connect("http://dav.example.com/")).streams()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("caldav.icloud.com", "p42-caldav.icloud.com", True),
        ("example.org", "dav.example.org", True),
        ("example.org", "example.net", False),
        ("a.co.uk", "b.co.uk", False),
        ("example.org", "org", False),
        ("127.0.0.1", "127.0.0.2", False),
    ],
)
def test_whose_host_it_is(one: str, other: str, same: bool) -> None:
    assert same_people(one, other) is same_people(other, one) is same


# -- a server that answers as it is told --------------------------------------------------------------

Reply = tuple[int, dict[str, str], str]


@contextmanager
def told(answer: Callable[[str, str, str, str], Reply]) -> Iterator[str]:
    """A server whose every answer is ``answer(method, path, body, authorization)``."""

    class Handler(web.Handler):
        def serve(self) -> None:
            said = self.told().decode()
            status, headers, text = answer(self.command, self.path, said, self.headers.get("Authorization", ""))
            self.reply(status, headers, text.encode())

    broken: list[str] = []
    with web.serving(Handler, broken.append) as url:
        yield url
    assert not broken, broken


def multi(*responses: str, token: str = "") -> Reply:
    sync = f"<sync-token>{token}</sync-token>" if token else ""
    body = f'<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">{"".join(responses)}{sync}</multistatus>'
    return 207, {"Content-Type": "application/xml"}, body


def answer(href: str, props: str = "", status: str = "") -> str:
    told_status = f"<status>HTTP/1.1 {status}</status>" if status else ""
    found = f"<propstat><prop>{props}</prop><status>HTTP/1.1 200 OK</status></propstat>" if props else ""
    return f"<response><href>{href}</href>{told_status}{found}</response>"


CALENDAR = answer(
    "/cal/",
    "<resourcetype><collection/><C:calendar/></resourcetype><displayname>Cal</displayname><sync-token>0</sync-token>",
)


def found(method: str, path: str, body: str) -> Reply | None:
    """Discovery: a .well-known that redirects, a principal, a home."""
    if path == "/.well-known/caldav":
        return 301, {"Location": "/dav"}, ""
    if method == "PROPFIND" and path == "/dav":
        return multi(answer("/dav", "<current-user-principal><href>/me%40x/</href></current-user-principal>"))
    if method == "PROPFIND" and path == "/me%40x/":
        return multi(answer("/me@x/", "<C:calendar-home-set><href>/home</href></C:calendar-home-set>"))
    if method == "PROPFIND" and path == "/home/":
        return multi(answer("/home/", "<resourcetype><collection/></resourcetype>"), CALENDAR)
    return None


def data(uid: str) -> str:
    return f'<getetag>"1"</getetag><C:calendar-data>{event(uid).decode()}</C:calendar-data>'


def test_discovery_and_a_listing_in_pieces() -> None:
    """RFC 6764's redirect; RFC 6578's 507: a server tells its changes piece by piece."""

    def serve(method: str, path: str, body: str, auth: str) -> Reply:
        if reply := found(method, path, body):
            return reply
        if "sync-collection" in body:
            if "<d:sync-token>2</d:sync-token>" in body:
                return multi(answer("/cal/b@x.ics", '<getetag>"1"</getetag>'), token="3")
            return multi(
                answer("/cal/", status="507 Insufficient Storage"),
                answer("/cal/a%40x.ics", '<getetag>"1"</getetag>'),
                token="2",
            )
        # the answers escape what was asked without, and one comes back without its content
        if "calendar-multiget" in body:
            return multi(answer("/cal/a%40x.ics", data("a")), answer("/cal/b%40x.ics", '<getetag>"1"</getetag>'))
        if method == "GET" and path == "/cal/b@x.ics":
            return 200, {"ETag": '"1"', "Content-Type": "text/calendar"}, event("b").decode()
        return 404, {}, ""

    with told(serve) as url:
        connection = connect(url)
        (stream,) = calendar(connection).streams()
        (page,) = pages(connection, stream)
    assert (stream.name, stream.label) == ("/cal/", "Cal")
    assert [(i.item_id, i.uid) for i in page.items if isinstance(i, EventItem)] == [
        ("/cal/a@x.ics", "a"),
        ("/cal/b@x.ics", "b"),
    ]
    assert page.position == Position("sync 3") and page.full


@pytest.mark.parametrize(
    ("status", "gone"), [(404, True), (410, True), (403, False), (500, False), (503, False), (401, None)]
)
def test_only_a_positive_answer_makes_an_item_gone(status: int, gone: bool | None) -> None:
    def serve(method: str, path: str, body: str, auth: str) -> Reply:
        return found(method, path, body) or (status, {}, "")

    with told(serve) as url:
        connection = connect(url)
        (stream,) = calendar(connection).streams()
        if gone is None:
            with pytest.raises(NeedsUser):
                calendar(connection).gone(stream, ["/cal/x.ics"])
        else:
            assert calendar(connection).gone(stream, ["/cal/x.ics"]) == ({"/cal/x.ics"} if gone else set())


def test_a_busy_server_says_how_long_to_wait() -> None:
    for status, header, expected in (
        (503, "120", timedelta(seconds=120)),
        (429, "", None),
        (503, "99999999", timedelta(days=1)),
    ):
        headers = {"Retry-After": header} if header else {}
        with told(lambda m, p, b, a, s=status, h=headers: (s, h, "busy")) as url:  # type: ignore[misc]
            with pytest.raises(TryLater) as caught:
                calendar(connect(url + "/dav/")).streams()
            assert caught.value.after == expected


def test_a_page_that_is_no_webdav_is_no_calendar() -> None:
    page = (200, {"Content-Type": "text/html"}, "<html>Log in, please</html>")
    with told(lambda m, p, b, a: page) as url, pytest.raises(TryLater, match="not WebDAV"):
        calendar(connect(url + "/dav/")).streams()


def test_a_server_that_keeps_us_out_is_not_one_without_calendars() -> None:
    with told(lambda m, p, b, a: (403, {}, "")) as url, pytest.raises(Refused):
        calendar(connect(url)).streams()


def test_a_server_without_calendars_is_said_plainly() -> None:
    with told(lambda m, p, b, a: (404, {}, "")) as url:
        with pytest.raises(NeedsUser, match="No calendars were found"):
            connect(url).check()
        assert calendar(connect(url)).streams() == []


def test_credentials_stay_with_the_host_they_were_given_to() -> None:
    seen: list[str] = []

    def thief(method: str, path: str, body: str, auth: str) -> Reply:
        seen.append(auth)
        return 404, {}, ""

    with told(thief) as other:
        target = other.replace("127.0.0.1", "localhost")
        moved = (302, {"Location": target + "/"}, "")
        with told(lambda m, p, b, a: moved) as url, pytest.raises(NeedsUser, match="somebody else's"):
            calendar(connect(url)).streams()
    assert not seen


def test_digest_where_the_server_wants_it_and_a_token_that_ran_out() -> None:
    def digest(method: str, path: str, body: str, auth: str) -> Reply:
        if not auth.startswith("Digest "):
            return 401, {"WWW-Authenticate": 'Digest realm="x", nonce="n", qop="auth", algorithm=MD5'}, ""
        return found(method, path, body) or (404, {}, "")

    with told(digest) as url:
        assert calendar(connect(url)).streams()

    tokens = iter(["old", "new"])

    class Tokens(Secrets):
        def get(self, account: str, name: str) -> str | None:
            assert name == "token"
            return next(tokens)

    def bearer(method: str, path: str, body: str, auth: str) -> Reply:
        return (found(method, path, body) or (404, {}, "")) if auth == "Bearer new" else (401, {}, "")

    with told(bearer) as url:
        account = Account("dav", "caldav", "p@example.org", options={"url": url, "auth": "bearer"})
        connection = connectors.caldav.connect(account, Surroundings(Tokens(), "/nonexistent", lambda: NOW))
        assert calendar(connection).streams()


def test_a_write_a_gateway_lost_is_of_unknown_outcome() -> None:
    def serve(method: str, path: str, body: str, auth: str) -> Reply:
        if reply := found(method, path, body):
            return reply
        if method == "PUT":
            return 502, {}, ""
        return multi() if method == "REPORT" else (404, {}, "")

    with told(serve) as url, pytest.raises(OutcomeUnknown):
        reminders(connect(url, reminders_calendar="Cal")).create(reminder())


def test_where_a_calendar_cannot_be_asked_for_a_uid_nothing_is_gone() -> None:
    def serve(method: str, path: str, body: str, auth: str) -> Reply:
        return found(method, path, body) or (404 if method == "GET" else 403, {}, "")

    with told(serve) as url:
        connection = connect(url)
        assert reminders(connection).find("k", "u@example.org").where is Whereabouts.UNKNOWN
        (looked,) = reminders(connection).look([("/cal/u@example.org.ics", "u@example.org")])
        assert looked.where is Whereabouts.UNKNOWN


def test_an_item_missing_from_a_listing_is_asked_for() -> None:
    listed = ["a", "b"]
    held = {"a", "b"}

    def serve(method: str, path: str, body: str, auth: str) -> Reply:
        if reply := found(method, path, body):
            return reply
        if "sync-collection" in body:
            return 501, {}, ""
        if method == "PROPFIND":
            return multi(*(answer(f"/cal/{uid}.ics", '<getetag>"1"</getetag>') for uid in listed))
        if "calendar-multiget" in body:
            return multi(*(answer(f"/cal/{uid}.ics", data(uid)) for uid in "ab" if f"/cal/{uid}.ics" in body))
        uid = path.removeprefix("/cal/").removesuffix(".ics")
        return (200, {"ETag": '"1"'}, event(uid).decode()) if uid in held else (404, {}, "")

    with told(serve) as url:
        connection = connect(url)
        (stream,) = calendar(connection).streams()
        (page,) = pages(connection, stream)
        assert {i.uid for i in page.items} == {"a", "b"}
        listed.remove("b")  # the server forgets to list what it has
        assert pages(connection, stream, page.position) == []
        held.remove("b")
        (later,) = pages(connection, stream, page.position)
    assert later.gone == ("/cal/b.ics",) and not later.full


def test_a_change_between_looking_and_writing_is_a_conflict(
    account: DavAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server itself compares (If-Match): what came in after our look is not overwritten."""
    connection = of(account)
    target = reminders(connection)
    made = target.create(reminder())
    assert isinstance(target, DavReminders)
    looked_at = target._ours(made.remote_id, made.version)
    monkeypatch.setattr(target, "_ours", lambda remote_id, version: looked_at)
    account.put(made.remote_id, dragged(account.get(made.remote_id), NOW + timedelta(days=9)))
    with pytest.raises(Conflict):
        target.update(made.remote_id, made.version, reminder(summary="Ours"))
    with pytest.raises(Conflict):
        target.withdraw(made.remote_id, made.version)
    assert account.exists(made.remote_id)
    (now,) = target.look([(made.remote_id, made.uid)])
    assert (now.start, now.summary) == (NOW + timedelta(days=9), made.summary)


def test_an_object_that_appeared_between_looking_and_making_is_not_overwritten(
    account: DavAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = of(account)
    target = reminders(connection)
    made = target.create(reminder())
    gone = replace(made, where=Whereabouts.GONE)
    answers = iter([gone, made])
    monkeypatch.setattr(target, "find", lambda key, uid: next(answers))
    with pytest.raises(Conflict):
        target.create(reminder(summary="Another"))
    assert target.look([(made.remote_id, made.uid)])[0].summary == made.summary
