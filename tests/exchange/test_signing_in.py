"""Ways to sign in; one wrong password is one attempt; Exchange Online is shown the way."""

from __future__ import annotations

import json
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from exchangelib.transport import AUTH_TYPE_MAP, GSSAPI
from requests.auth import AuthBase

from connectors.exchange import finding
from connectors.exchange.options import is_online
from daemon.core.errors import NeedsUser, SignInRefused, TryLater
from daemon.core.model import Position
from daemon.service import hand
from daemon.service.cycle import run_cycle
from daemon.store import health
from daemon.store.engine import Store
from tests.contract.rig import ME
from tests.contract.rig_exchange import ExchangeRig, Secrets
from tests.contract.samples import ANNA, KNOWN, NOW, draft, mail
from tests.doubles.ews.server import PASSWORD, Ews, open_ews
from tests.service.house import House, letter, meeting
from tests.support.dovecot import certificate

DAY = timedelta(days=1)
ALL = ("calendar", "contacts", "drafts", "mail", "reminders")


@pytest.mark.parametrize("auth", ["basic", "ntlm", "oauth2"])
def test_each_way_signs_in_once_for_everything(auth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the double's token endpoint is on loopback without TLS
    with open_ews(auth={"oauth2": "bearer"}.get(auth, auth)) as ews:
        more = {"client_id": "app", "tenant": "example", "token_url": ews.url.replace("/EWS/Exchange.asmx", "/token")}
        rig = ExchangeRig(ews, ME, tmp_path, auth=auth, **(more if auth == "oauth2" else {}))
        lines = rig.connection().check()
        assert any(auth in line for line in lines) and any("INBOX" in line for line in lines)
        assert rig.connection().mail is not None
        assert ews.attempts == (2 if auth == "oauth2" else 1)  # with a token: one for it, one with it
        assert (ews.refused, ews.tokens) == (0, int(auth == "oauth2"))
        rig.connection().close()


@pytest.mark.parametrize("auth", ["basic", "ntlm", "oauth2"])
def test_a_wrong_password_is_one_attempt_and_one_sentence(
    auth: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with open_ews(auth={"oauth2": "bearer"}.get(auth, auth)) as ews:
        more = {"client_id": "app", "tenant": "example", "token_url": ews.url.replace("/EWS/Exchange.asmx", "/token")}
        rig = ExchangeRig(ews, ME, tmp_path, auth=auth, **(more if auth == "oauth2" else {}))
        rig.secrets.password = "wrong"
        connection = rig.connection()
        assert connection.mail and connection.calendar and connection.drafts and connection.reminders
        for ask in (connection.mail.streams, connection.calendar.streams, connection.drafts.hint, connection.check):
            if ask == connection.drafts.hint:
                continue
            with pytest.raises(SignInRefused) as caught:
                ask()
            assert "wrong" not in str(caught.value) and "correct" not in str(caught.value)
        with pytest.raises(SignInRefused):
            connection.drafts.find("k", "<m@example.org>", "")
        assert (ews.attempts, ews.refused) == (1, 1)
        connection.close()


@pytest.mark.parametrize("more", [{"Connection": "close"}, {"X-CasErrorCode": "CAS error: EndpointNotFound"}])
@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_a_refusal_is_one_whatever_comes_along_with_it(auth: str, more: dict[str, str], tmp_path: Path) -> None:
    """exchangelib takes a 401 for a busy server where a proxy closes the connection along with it."""
    with open_ews(auth=auth) as ews:
        rig = ExchangeRig(ews, ME, tmp_path, auth=auth)
        ews.refusal = more
        rig.secrets.password = "wrong"
        connection = rig.connection()
        assert connection.mail and connection.calendar
        for ask in (connection.mail.streams, connection.calendar.streams, connection.check):
            with pytest.raises(SignInRefused):
                ask()
        assert (ews.attempts, ews.refused) == (1, 1)
        connection.close()


@pytest.mark.parametrize(
    "answer",
    [
        (503, b"<html>out of order</html>"),
        (200, b"<html>sign in to the network first</html>"),
        (400, b'{"error":"temporarily_unavailable"}'),
        (500, b'{"error":"server_error"}'),
    ],
)
def test_a_token_endpoint_out_of_order_is_no_refusal(
    answer: tuple[int, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    with open_ews(auth="bearer") as ews:
        url = ews.url.replace("/EWS/Exchange.asmx", "/token")
        rig = ExchangeRig(ews, ME, tmp_path, auth="oauth2", client_id="app", tenant="example", token_url=url)
        ews.token_answer = answer
        with pytest.raises(TryLater):
            rig.connection().check()
        ews.token_answer = None
        assert rig.connection().check()
        rig.connection().close()


def test_a_token_is_not_asked_for_in_the_open(ews: Ews, tmp_path: Path) -> None:
    more = {"client_id": "app", "tenant": "example", "token_url": "http://adfs.example.org/adfs/oauth2/token"}
    with pytest.raises(NeedsUser, match="token_url") as caught:
        ExchangeRig(ews, ME, tmp_path, auth="oauth2", **more).connection().check()
    assert not isinstance(caught.value, SignInRefused)


class Lived:
    """An installation whose user changes the password at the server and forgets kith."""

    def __init__(self, rig: ExchangeRig, store: Store, folder: Path) -> None:
        self.rig = rig
        self.house = House(store, folder, {"home": rig})
        self.house.person("Anna", ANNA, language="ru")
        self.house.person("Boris", "boris@example.net", language="en")
        rig.add_mail("Sent", letter(1, NOW - 200 * DAY, ME, "boris@example.net"))
        rig.add_event(meeting("m1", NOW - DAY, ANNA))
        self.house.enable()

    def round(self, after: timedelta = timedelta(minutes=15)) -> None:
        """One, by a process of its own."""
        self.house.clock += after
        self.rig.fresh_connection()
        run_cycle(self.house.deps())

    def parts(self) -> dict[str, bool]:
        with self.house.store.read() as conn:
            return {row.part: row.needs_user for row in health.rows(conn)}


@pytest.fixture
def lived(rig: ExchangeRig, store: Store, tmp_path: Path) -> Iterator[Lived]:
    yield Lived(rig, store, tmp_path)


def test_all_parts_of_an_account_make_one_attempt_in_six_hours(lived: Lived, ews: Ews) -> None:
    lived.rig.secrets.password = "wrong"
    lived.round()
    assert (ews.attempts, ews.refused) == (1, 1)
    assert lived.parts() == dict.fromkeys(ALL, True)
    for _ in range(22):
        lived.round()  # each a restart: a new connection with the same wrong password
    assert ews.attempts == 1
    lived.round(timedelta(hours=1))
    assert ews.attempts == 2
    for _ in range(22):
        lived.round()
    assert ews.attempts == 2


def test_what_waits_to_be_written_makes_no_attempt_of_its_own(lived: Lived, ews: Ews) -> None:
    lived.round()
    assert {(r.kind, r.state) for r in lived.house.ledger()} == {("draft", "written"), ("reminder", "written")}
    lived.house.person("Vera", "vera@example.net", language="en", birthday=f"1980-{NOW:%m-%d}")
    lived.rig.add_mail("Sent", letter(2, NOW - 300 * DAY, ME, "vera@example.net"))
    lived.rig.secrets.password = "wrong"
    before = ews.attempts
    for _ in range(20):
        lived.round()
    assert (ews.attempts - before, ews.refused) == (1, 1)


def test_the_user_s_word_is_one_more_attempt_and_the_right_password_heals(lived: Lived, ews: Ews) -> None:
    lived.rig.secrets.password = "wrong"
    lived.round()
    with lived.house.store.write() as conn:
        hand.try_now(conn)  # as `kith once` does
    lived.round()
    assert ews.attempts == 2
    lived.rig.secrets.password = ews.password
    with lived.house.store.write() as conn:
        hand.try_now(conn)
    lived.round()
    assert ews.refused == 2
    assert lived.parts() == dict.fromkeys(ALL, False)
    assert {r.kind for r in lived.house.ledger()} == {"draft", "reminder"}


NO_ENTRY = [
    ("status 456 <html>no</html>", "is locked"),
    ("status 500 The referenced account is currently locked out and may not be logged on to.", "is locked"),
    ("status 403 The referenced account is currently locked out and may not be logged on to.", "is locked"),
    *(
        (f"{how} {code}", words)
        for how in ("fault", "answer")
        for code, words in (
            ("ErrorAccountDisabled", "is disabled"),
            ("ErrorPasswordExpired", "has expired"),
            ("ErrorPasswordChangeRequired", "has to be changed"),
        )
    ),
]


@pytest.mark.parametrize(("what", "words"), NO_ENTRY)
def test_an_account_that_is_not_let_in_is_told_why_and_left_alone(
    rig: ExchangeRig, ews: Ews, what: str, words: str
) -> None:
    connection = rig.connection()
    assert connection.mail and connection.drafts
    ews.faults.append(("GetFolder", what))
    with pytest.raises(SignInRefused, match=words) as caught:
        connection.check()
    said = str(caught.value)
    assert "EXAMPLE\\petra" in said and "`kith once`" in said
    for ask in (connection.mail.streams, lambda: connection.drafts.find("k", "<m@example.org>", "")):
        with pytest.raises(SignInRefused, match=words):
            ask()
    assert ews.calls == {"GetFolder": 1}


@pytest.mark.parametrize("what", ["status 456 ", "fault ErrorPasswordExpired", "answer ErrorAccountDisabled"])
def test_and_makes_one_attempt_in_six_hours(lived: Lived, ews: Ews, what: str) -> None:
    lived.round()
    for name in ("GetFolder", "FindFolder", "SyncFolderItems", "GetItem", "FindItem"):
        ews.faults.extend([(name, what)] * 40)
    before = ews.attempts
    for _ in range(20):
        lived.round()
    assert ews.attempts - before == 1 and ews.refused == 0
    assert lived.parts() == dict.fromkeys(ALL, True)


@pytest.mark.parametrize("code", ["ErrorAccountDisabled", "ErrorPasswordExpired", "ErrorNonPrimarySmtpAddress"])
def test_not_being_let_in_is_not_taken_for_a_broken_message(rig: ExchangeRig, ews: Ews, code: str) -> None:
    rig.add_mail("INBOX", mail(1))
    source = rig.connection().mail
    assert source is not None
    stream = source.streams()[0]
    ews.faults.append(("GetItem", f"answer {code}"))
    with pytest.raises(NeedsUser):
        list(source.pages(stream, Position(), KNOWN))


def test_an_address_that_is_not_the_main_one_is_told_so(rig: ExchangeRig, ews: Ews) -> None:
    ews.faults.append(("GetFolder", "fault ErrorNonPrimarySmtpAddress"))
    with pytest.raises(NeedsUser, match="main address") as caught:
        rig.connection().check()
    assert not isinstance(caught.value, SignInRefused)


# -- a server found by the address ------------------------------------------------------------------


class Found:
    """An account whose server Autodiscover names, and how often that was asked."""

    def __init__(self, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.url = url
        self.asked = 0
        self.folder = folder
        self.rig = ExchangeRig(Ews(), ME, folder, ews_url="")
        monkeypatch.setattr(finding, "ask", self._ask)

    def _ask(self, *_: object) -> str:
        self.asked += 1
        if not self.url:
            raise TryLater("nobody there")
        return self.url

    def remembered(self) -> str:
        kept = self.folder / "state" / finding.KEPT
        return str(json.loads(kept.read_text())["url"]) if kept.exists() else ""


@pytest.mark.parametrize("away", [(404, ""), (403, ""), (302, "https://other.example.org/EWS/Exchange.asmx"), None])
def test_a_server_that_moved_is_looked_up_anew(
    away: tuple[int, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ews() as new:
        with open_ews() as old:
            found = Found(old.url, tmp_path, monkeypatch)
            connection = found.rig.connection()
            assert connection.check() and found.asked == 1 and found.remembered() == old.url
            connection = found.rig.fresh_connection()
            old.away, found.url = away, new.url
            if away is not None:
                assert connection.check()
        if away is None:  # and it is switched off
            assert connection.drafts and connection.drafts.create(draft())
            assert len(new.box(ME).distinguished("drafts").items) == 1
        assert found.asked == 2 and found.remembered() == new.url
        assert (new.attempts, new.refused, old.refused) == (1, 0, 0)
        found.rig.fresh_connection().check()
        assert found.asked == 2
        found.rig.connection().close()


def test_a_server_that_is_only_away_is_asked_for_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_ews() as ews:
        found = Found(ews.url, tmp_path, monkeypatch)
        connection = found.rig.connection()
        assert connection.mail and connection.check()
        ews.away = (404, "")
        for url in (ews.url, ews.url, ""):
            found.url = url
            with pytest.raises(TryLater, match="404"):
                connection.mail.streams()
        assert found.asked == 2 and found.remembered() == ews.url
        found.url = ""
        with pytest.raises(TryLater, match="404"):  # the trouble itself, not that nobody says where else it is
            found.rig.fresh_connection().check()
        ews.away = None
        assert connection.check()
        connection.close()


def test_a_mailbox_that_moved_to_exchange_online_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_ews() as ews:
        found = Found(ews.url, tmp_path, monkeypatch)
        connection = found.rig.connection()
        assert connection.check()
        ews.away, found.url = (404, ""), "https://outlook.office365.com/EWS/Exchange.asmx"
        with pytest.raises(NeedsUser, match='kind = "microsoft"'):
            connection.check()
        assert not found.remembered()
        connection.close()


def test_a_refused_password_is_not_tried_at_the_next_server_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_ews() as old, open_ews() as new:
        found = Found(old.url, tmp_path, monkeypatch)
        assert found.rig.connection().check()
        found.url, found.rig.secrets.password = new.url, "wrong"
        connection = found.rig.fresh_connection()
        with pytest.raises(SignInRefused):
            connection.check()
        assert (old.refused, new.attempts, found.asked) == (1, 0, 1)
        found.rig.secrets.password = PASSWORD  # hours later, or by `kith once`: Autodiscover goes first
        assert found.rig.fresh_connection().check()
        assert (old.refused, new.attempts, found.asked) == (1, 1, 2)
        # and where the mailbox moved and the new server refuses, that is the one attempt
        old.away, found.url = None, old.url
        new.away = (404, "")
        found.rig.secrets.password = "wrong"
        connection = found.rig.fresh_connection()
        for _ in range(3):
            with pytest.raises(SignInRefused):
                connection.check()
        assert old.refused + new.refused == 2
        connection.close()


def test_a_server_that_was_named_is_the_only_one_asked(
    rig: ExchangeRig, ews: Ews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "ask", lambda *_: pytest.fail("the configuration has said where"))
    ews.away = (404, "")
    with pytest.raises(TryLater, match="404"):
        rig.connection().check()


# -- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("cert")
    certificate(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", folder / "key.pem"


def test_a_certificate_of_one_s_own_is_named_or_refused(cert: tuple[Path, Path], tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*cert)
    with open_ews(auth="ntlm", tls=context) as ews:
        url = ews.url.replace("127.0.0.1", "localhost")
        unknown = ExchangeRig(ews, ME, tmp_path, auth="ntlm", ews_url=url)
        with pytest.raises(NeedsUser, match="ca_file"):
            unknown.connection().check()
        assert ews.attempts == 0, "the password went to somebody unknown"
        known = ExchangeRig(ews, ME, tmp_path, auth="ntlm", ews_url=url, ca_file=str(cert[0]))
        assert known.connection().check()
        # Autodiscover, asked without a password
        base = url.removesuffix("/EWS/Exchange.asmx")
        ews.url = url
        asked = ews.attempts
        assert finding.ask(ME, str(cert[0]), (base,)) == url
        assert ews.attempts == asked
        for made in (unknown, known):
            made.connection().close()


def test_autodiscover_is_believed_over_tls_only(ews: Ews) -> None:
    base = ews.url.removesuffix("/EWS/Exchange.asmx")
    ews.url = "https://mail.example.org/EWS/Exchange.asmx"
    assert base.startswith("http://") and finding.ask(ME, bases=(base,)) == ""


def test_a_domain_whose_autodiscover_is_exchange_online_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the certificate is of another name, and nothing is answered to the domain's own."""
    names = ("autod.ms-acdc-autod.office.com", ["autodiscover.example.org", "autodiscover.outlook.com"], ["192.0.2.1"])
    monkeypatch.setattr(socket, "gethostbyname_ex", lambda host: names)
    monkeypatch.setattr(finding, "PATHS", ())
    monkeypatch.setattr(finding.ask, "__defaults__", ("", ()))
    account = ExchangeRig(Ews(), ME, tmp_path, ews_url="")
    with pytest.raises(NeedsUser, match='kind = "microsoft"'):
        account.connection().check()


def test_a_certificate_of_another_name_is_somebody_all_the_same(
    cert: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostbyname_ex", lambda host: (host, [], []))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*cert)
    with open_ews(tls=context) as ews:
        assert finding.ask(ME, bases=(ews.url.removesuffix("/EWS/Exchange.asmx"),)) == ""


def test_nothing_goes_over_the_network_in_the_open(ews: Ews, tmp_path: Path) -> None:
    for auth in ("basic", "ntlm"):
        rig = ExchangeRig(ews, ME, tmp_path, auth=auth, ews_url="http://mail.example.org/EWS/Exchange.asmx")
        with pytest.raises(NeedsUser, match="https"):
            rig.connection().check()


def test_kerberos_without_its_package_says_what_to_install(ews: Ews, tmp_path: Path) -> None:
    with pytest.raises(NeedsUser, match=r"kithd\[kerberos\]"):
        ExchangeRig(ews, ME, tmp_path, auth="kerberos").connection().check()


class Ticket(AuthBase):
    """What requests-gssapi is to `requests`: it answers a challenge with what the system's ticket gives."""

    held = PASSWORD

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.register_hook("response", self._answer)  # type: ignore[no-untyped-call]
        return request

    def _answer(self, response: requests.Response, **more: Any) -> requests.Response:
        if response.status_code != 401 or response.headers["WWW-Authenticate"] != "Negotiate":
            return response
        assert response.content is not None  # the connection is free again
        again = response.request.copy()
        again.headers["Authorization"] = "Negotiate " + b64encode(self.held.encode()).decode()
        answer: requests.Response = response.connection.send(again, **more)
        return answer


class NoSecrets(Secrets):
    """Of a user who has configured none."""

    def get(self, account: str, name: str) -> str | None:
        raise AssertionError("a ticket needs no password")


def test_kerberos_signs_in_by_the_ticket_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for the package, which is compiled against the system's Kerberos and not part of the tests."""
    monkeypatch.setitem(AUTH_TYPE_MAP, GSSAPI, Ticket)
    with open_ews(auth="negotiate") as ews:
        rig = ExchangeRig(ews, ME, tmp_path, auth="kerberos", user="")
        rig.secrets = NoSecrets()
        rig._around = replace(rig._around, secrets=rig.secrets)
        connection = rig.connection()
        assert any("kerberos" in line for line in connection.check())
        assert connection.drafts and connection.drafts.create(draft())
        assert ews.refused == 0
        monkeypatch.setattr(Ticket, "held", "run out")
        connection = rig.fresh_connection()
        before = ews.attempts
        assert connection.mail
        for ask in (connection.check, connection.mail.streams):
            with pytest.raises(SignInRefused, match="kinit"):
                ask()
        assert (ews.attempts - before, ews.refused) == (1, 1)
        connection.close()


# -- Exchange Online ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"ews_url": "https://outlook.office365.com/EWS/Exchange.asmx"},
        {"ews_url": "", "server": "outlook.office365.com"},
        {"ews_url": "https://Outlook.Office365.com:443/ews/exchange.asmx", "auth": "ntlm"},
        {"ews_url": "", "server": "outlook.cloud.microsoft"},
        {"ews_url": "", "server": "outlook.live.com"},
    ],
)
def test_exchange_online_is_told_to_be_microsoft(ews: Ews, tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(NeedsUser) as caught:
        ExchangeRig(ews, ME, tmp_path, **options).connection().check()
    said = str(caught.value)
    assert 'kind = "microsoft"' in said and "1 October 2026" in said and "1 April 2027" in said


def test_autodiscover_that_names_exchange_online(ews: Ews, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "ask", lambda *_: "https://outlook.office365.com/EWS/Exchange.asmx")
    with pytest.raises(NeedsUser, match="its Autodiscover says so"):
        ExchangeRig(ews, ME, tmp_path, ews_url="").connection().check()
    monkeypatch.setattr(finding, "ask", lambda *_: ews.url)
    rig = ExchangeRig(ews, ME, tmp_path, ews_url="")
    assert rig.connection().check()
    kept = tmp_path / "state" / finding.KEPT
    assert kept.stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(finding, "ask", lambda *_: "")
    assert rig.fresh_connection().check(), "what was found is remembered"
    kept.unlink()
    with pytest.raises(NeedsUser, match=r"server = \.\.\."):
        rig.fresh_connection().check()
    rig.connection().close()


@pytest.mark.parametrize(
    ("url", "online"),
    [
        ("https://outlook.office365.com/EWS/Exchange.asmx", True),
        ("https://s.outlook.com/x", True),
        ("https://outlook.cloud.microsoft/mail/", True),
        ("https://outlook.live.com/EWS/Exchange.asmx", True),
        ("https://outlook.office365.us./EWS/Exchange.asmx", True),
        ("https://mail.example.org/EWS/Exchange.asmx", False),
        ("https://outlook.office365.com.example.org/EWS", False),
        ("https://notoutlook.com/EWS", False),
    ],
)
def test_whose_hosts_are_whose(url: str, online: bool) -> None:
    assert is_online(url) is online
