"""Signing in: the loopback with PKCE, the way over SSH, what goes wrong, and service accounts."""

from __future__ import annotations

import json
import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import connectors.google
from connectors.google import auth
from connectors.google import login as way
from connectors.google.auth import needed
from connectors.google.options import Settings
from daemon.core.errors import NeedsUser, SignInRefused, TryLater, UserMistake
from daemon.core.model import Account, Position
from daemon.core.ports import Connection, Surroundings
from daemon.service.secrets import FileSecrets
from tests.contract.reading import read
from tests.contract.rig import ME
from tests.contract.samples import ANNA, KNOWN, NOW, draft, mail
from tests.doubles.google import Fault, GoogleDouble, Refusal
from tests.doubles.google.oauth import CLIENT_SECRET
from tests.google.signed_in import SCOPES, SignedIn

BASE = "https://www.googleapis.com/auth/"


@dataclass
class Person:
    """A `LoginUI`: somebody with a browser (``browse``), or one who pastes what ``paste`` makes of the page's URL."""

    browse: Callable[[str], None] | None = None
    paste: Callable[[str], str] = lambda url: ""
    told: list[str] = field(default_factory=list)

    def show(self, text: str) -> None:
        self.told.append(text)

    def open(self, url: str) -> bool:
        self.url = url
        if self.browse is None:
            return False
        threading.Thread(target=self.browse, args=(url,), daemon=True).start()
        return True

    def ask(self, prompt: str) -> str:
        return self.paste(self.url)


@pytest.fixture(autouse=True)
def _plain_http_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the token endpoint is on loopback here


@pytest.fixture
def newcomer(google: GoogleDouble, tmp_path: Path) -> tuple[Connection, FileSecrets]:
    """An account nobody has signed in to, with the product's own secrets."""
    client = tmp_path / "client.json"
    client.write_text(json.dumps(google.client_file()))
    secrets = FileSecrets({}, tmp_path / "state")
    account = Account("google", "google", ME, options={"client_file": str(client), "endpoint": google.endpoint})
    return connectors.google.connect(account, Surroundings(secrets, str(tmp_path / "a"), lambda: NOW)), secrets


def visit(address: str) -> str:
    parts = urlsplit(address)
    browser = HTTPConnection(parts.netloc, timeout=10)
    browser.request("GET", f"{parts.path}?{parts.query}")
    shown = browser.getresponse().read().decode()
    browser.close()
    return shown


def login(connection: Connection, person: Person) -> None:
    assert connection.login is not None
    connection.login(person)


def test_a_browser_on_this_machine(
    google: GoogleDouble, newcomer: tuple[Connection, FileSecrets], tmp_path: Path
) -> None:
    connection, secrets = newcomer
    shown: list[str] = []
    person = Person(browse=lambda url: shown.append(visit(google.sign.consent(url))))
    login(connection, person)
    assert "You can close this page" in shown[0]
    kept = json.loads(secrets.get("google", "token") or "")
    assert kept["refresh_token"] in google.sign.refresh and set(kept["scopes"]) == SCOPES
    (file,) = (tmp_path / "state" / "secrets").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert connection.check()[0] == "signed in to Google"
    assert google.sign.refreshes == 1
    assert kept["refresh_token"] not in " ".join(person.told)
    connection.close()


def test_over_ssh_the_address_is_pasted_back(google: GoogleDouble, newcomer: tuple[Connection, FileSecrets]) -> None:
    connection, secrets = newcomer
    person = Person(paste=google.sign.consent)
    login(connection, person)
    assert person.url in person.told[0]
    assert secrets.get("google", "token")


def test_pasted_on_this_machine_after_all_the_page_says_so(
    google: GoogleDouble, newcomer: tuple[Connection, FileSecrets]
) -> None:
    shown: list[str] = []

    def paste(url: str) -> str:
        address = google.sign.consent(url)
        shown.append(visit(address))
        return address

    login(newcomer[0], Person(paste=paste))
    assert "Copy the address of this page" in shown[0]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda url: "", UserMistake),
        (lambda url: "4/just-the-code", UserMistake),
        (lambda url: url.replace("state=", "state=x"), NeedsUser),
        (lambda url: url.partition("code=")[0] + "code=4/forged", NeedsUser),
        (
            lambda url: url.partition("?")[0] + "?error=access_denied&state=" + url.split("state=")[1].split("&")[0],
            NeedsUser,
        ),
    ],
    ids=["nothing", "a code", "another sign-in", "a forged code", "declined"],
)
def test_what_is_pasted_wrongly_signs_nobody_in(
    google: GoogleDouble,
    newcomer: tuple[Connection, FileSecrets],
    change: Callable[[str], str],
    expected: type[Exception],
) -> None:
    connection, secrets = newcomer
    with pytest.raises(expected):
        login(connection, Person(paste=lambda url: change(google.sign.consent(url))))
    assert secrets.get("google", "token") is None


def test_nobody_comes_back(newcomer: tuple[Connection, FileSecrets], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way, "WAIT", 0.05)
    with pytest.raises(TryLater, match="--no-browser"):
        login(newcomer[0], Person(browse=lambda url: None))


def test_a_permission_left_out_is_named_at_once_and_by_check(
    google: GoogleDouble, newcomer: tuple[Connection, FileSecrets]
) -> None:
    connection, _ = newcomer
    google.sign.untick = frozenset({BASE + "contacts.readonly"})
    person = Person(paste=google.sign.consent)
    login(connection, person)
    for lines in (person.told[-1].splitlines(), connection.check()):
        assert [one for one in lines if "permission contacts.readonly" in one and "not imported" in one]
        assert "kith login google" in lines[-1]


def test_a_rotated_token_is_kept(google: GoogleDouble, signed_in: SignedIn) -> None:
    google.sign.rotating = True
    before = dict(signed_in.secrets.kept)
    signed_in.connection().check()
    assert signed_in.secrets.kept != before
    signed_in.connection().check()


@pytest.mark.parametrize(
    ("refusal", "expected"), [(Refusal(503, "busy", retry_after="30"), TryLater), (Refusal(400, "x"), NeedsUser)]
)
def test_a_busy_token_endpoint_is_not_slept_on(
    signed_in: SignedIn, refusal: Refusal, expected: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail(f"slept for {seconds} s"))
    signed_in.google.faults.append(Fault("refuse", "token", refusal))
    with pytest.raises(expected) as told:
        signed_in.connection().check()
    if isinstance(told.value, TryLater):
        assert told.value.after == timedelta(seconds=30)


def test_no_secret_and_nobodys_address_gets_into_a_log(
    google: GoogleDouble,
    newcomer: tuple[Connection, FileSecrets],
    caplog: pytest.LogCaptureFixture,
) -> None:
    connection, _ = newcomer
    google.account(ME).gmail.add(mail(1, ANNA), ["INBOX"])
    with caplog.at_level(logging.DEBUG):
        login(connection, Person(paste=google.sign.consent))
        connection.check()
        assert connection.mail is not None and connection.drafts is not None
        read(connection.mail.pages(connection.mail.streams()[0], Position(), KNOWN))
        google.sign.expire()
        google.faults.append(Fault("refuse", "gmail.users.drafts.create", Refusal(403, "rateLimitExceeded")))
        with pytest.raises(TryLater) as told:
            connection.drafts.create(draft())
        google.sign.revoke(ME)
        with pytest.raises(NeedsUser) as refused:
            connection.check()
    text = caplog.text + "".join("".join(traceback.format_exception(one.value)) for one in (told, refused))
    secrets = [*google.sign.given, CLIENT_SECRET, ANNA, "example.com"]
    assert google.sign.given and not [secret for secret in secrets if secret in text]


# -- what is asked for -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switched_off", "asked"),
    [
        ((), "gmail.modify calendar.readonly calendar.app.created contacts.readonly"),
        (("change_mail",), "gmail.readonly gmail.compose calendar.readonly calendar.app.created contacts.readonly"),
        (("change_mail", "drafts", "calendar", "reminders"), "gmail.readonly contacts.readonly"),
        (("mail", "drafts", "contacts"), "calendar.readonly calendar.app.created"),
        (("mail", "drafts", "contacts", "calendar"), "calendar.calendarlist.readonly calendar.app.created"),
    ],
)
def test_no_more_is_asked_for_than_is_used(switched_off: tuple[str, ...], asked: str, tmp_path: Path) -> None:
    client = tmp_path / "client.json"
    client.write_text("{}")
    chosen: dict[str, object] = {"client_file": str(client), **dict.fromkeys(switched_off, False)}
    settings = Settings.of(Account("g", "google", ME, options=chosen))
    assert [scope.name for scope in needed(settings)] == asked.split()


def test_each_permission_is_explained_in_the_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "google.md").read_text("utf-8")
    scopes = [one for one in vars(auth).values() if isinstance(one, auth.Scope)]
    assert len(scopes) > 5
    assert [one.name for one in scopes if f"| `{one.name}` |" not in guide] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "client_file"),
        ({"client_file": "/nowhere.json"}, "no file /nowhere.json"),
        ({"client_file": __file__, "service_account_file": __file__}, "two sign-ins"),
        ({"client_file": __file__, "quota_per_minute": 5}, "quota_per_minute"),
        ({"client_file": __file__, "endpoint": "https://evil.example.org"}, "this machine"),
        ({"client_file": __file__, "endpoint": "http://example.org"}, "this machine"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence(options: dict[str, object], words: str) -> None:
    with pytest.raises(UserMistake, match=words):
        Settings.of(Account("g", "google", ME, options=options))


def test_a_file_that_is_no_desktop_client(google: GoogleDouble, tmp_path: Path) -> None:
    account = SignedIn(google, tmp_path)
    Path(str(account.options["client_file"])).write_text(json.dumps({"web": {"client_id": "x"}}))
    connection = account.connection()
    assert connection.login is not None
    with pytest.raises(UserMistake, match="Desktop client"):
        connection.login(Person())
    account.close()


# -- service accounts --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service(google: GoogleDouble, folder: Path, key: rsa.RSAPrivateKey, allowed: frozenset[str]) -> SignedIn:
    account = SignedIn(google, folder)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    name = "kith@project.iam.example.org"
    told = {
        "type": "service_account",
        "client_email": name,
        "private_key": pem,
        "token_uri": f"{google.endpoint}/token",
    }
    file = folder / "service.json"
    file.write_text(json.dumps(told))
    google.sign.services[name] = (key.public_key(), allowed)
    account.secrets.kept.clear()
    del account.options["client_file"]
    account.options["service_account_file"] = str(file)
    return account


def test_a_service_account_reads_the_mailbox_it_is_allowed_to(
    google: GoogleDouble, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    account = service(google, tmp_path, key, SCOPES)
    account.person.gmail.add(mail(1), ["INBOX"])
    connection = account.connection()
    assert connection.login is None and connection.check()[0] == "signed in to Google"
    assert connection.drafts is not None and connection.drafts.hint()
    assert not account.secrets.kept
    account.close()


def test_a_permission_its_delegation_lacks_is_named(
    google: GoogleDouble, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    account = service(google, tmp_path, key, SCOPES - {BASE + "contacts.readonly"})
    with pytest.raises(NeedsUser, match=f"Missing permission {BASE}contacts.readonly: ") as told:
        account.connection().check()
    assert "delegation" in told.value.remedy and "gmail" not in told.value.what
    mail_in = account.connection().mail
    assert mail_in is not None
    with pytest.raises(SignInRefused, match="kith check --account google"):
        read(mail_in.pages(mail_in.streams()[0], Position(), KNOWN))
    account.close()


def test_whatever_fails_nobody_is_sent_to_a_sign_in_there_is_not(
    google: GoogleDouble, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    account = service(google, tmp_path, key, SCOPES)
    for refusal in (Refusal(401, "authError"), Refusal(403, "insufficientPermissions")):
        google.faults.extend(Fault("refuse", "gmail.users.getProfile", refusal) for _ in range(2))
        drafts = account.connection().drafts
        assert drafts is not None
        with pytest.raises(NeedsUser) as told:
            drafts.hint()
        assert "delegation" in told.value.remedy and "kith login" not in str(told.value)
        google.faults.clear()
    google.sign.services.clear()
    with pytest.raises(NeedsUser) as told:
        account.connection().check()
    assert "kith login" not in str(told.value)
    account.close()


def test_a_service_account_nobody_has_allowed_says_where_to_do_it(
    google: GoogleDouble, tmp_path: Path, key: rsa.RSAPrivateKey
) -> None:
    account = service(google, tmp_path, key, frozenset())
    with pytest.raises(NeedsUser, match="domain-wide delegation"):
        account.connection().check()
    account.close()
