"""Signing in, staying signed in, and being told clearly why not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.microsoft import signin
from connectors.microsoft.tokens import CACHE, SCOPES
from daemon.core.errors import NeedsUser, TryLater, UserMistake
from daemon.service.secrets import FileSecrets
from tests.doubles.graph import Fault, GraphDouble
from tests.doubles.graph.signin import HOST, TENANT, Answer, refuse
from tests.microsoft.signed_in import Person, SignedIn


def visit(double: GraphDouble, url: str) -> str:
    """What a browser does with the address: sign in, accept, and be sent to the next. Returns that address."""
    assert url.startswith(f"{HOST}/")
    request = urllib.request.Request(double.endpoint + "/login" + url.removeprefix(HOST))  # noqa: S310 - the double

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(Stay).open(request, timeout=10)
    assert caught.value.code == 302
    return str(caught.value.headers["Location"])


def browser(double: GraphDouble) -> Person:
    def go(url: str) -> bool:
        back = visit(double, url).replace("localhost", "127.0.0.1")
        with urllib.request.urlopen(back, timeout=10) as page:  # noqa: S310 - our own listener
            assert page.status == 200
        return True

    return Person(go)


def test_by_a_browser_on_this_machine(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path, sign_in=False)
    ui = someone.sign_in(browser(double), sign_in="browser")
    assert double.sign.asked == ["authorization_code"]
    assert "Signed in as petra@example.org." in ui.shown
    (url,) = ui.opened
    asked = parse_qs(urlsplit(url).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["redirect_uri"][0].startswith("http://localhost:")
    assert set(asked["scope"][0].split()) == {*SCOPES, "offline_access", "openid", "profile"}
    assert not any("send" in scope.lower() for scope in SCOPES)
    assert someone.connection().check()[0] == "Signed in as petra@example.org."


def test_by_pasting_the_address_where_there_is_no_browser(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path, sign_in=False)
    ui: Person = Person(typed=lambda: visit(double, ui.opened[0]))
    someone.sign_in(ui, sign_in="browser")
    assert any(ui.opened[0] in text for text in ui.shown)
    assert someone.connection().check()


def test_a_browser_that_never_comes_back(double: GraphDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "BROWSER_SECONDS", 0.01)
    someone = SignedIn(double, tmp_path, sign_in=False)
    ui: Person = Person(lambda url: True, lambda: visit(double, ui.opened[0]))
    someone.sign_in(ui, sign_in="browser")
    assert someone.connection().check()


@pytest.mark.parametrize("typed", ["", "https://example.org/", "http://localhost:1/?code=x&state=another"])
def test_what_is_pasted_is_looked_at(double: GraphDouble, tmp_path: Path, typed: str) -> None:
    someone = SignedIn(double, tmp_path, sign_in=False)
    with pytest.raises(UserMistake):
        someone.sign_in(Person(typed=lambda: typed), sign_in="browser")
    assert not someone.secrets.kept


def test_by_a_code_on_any_device(double: GraphDouble, tmp_path: Path) -> None:
    double.sign.pending = 2
    someone = SignedIn(double, tmp_path, sign_in=False)
    ui = someone.sign_in()
    assert "https://microsoft.com/devicelogin" in ui.shown[0] and "ABCD-1234" in ui.shown[0]
    assert len(double.sign.asked) == 3


def test_another_mailbox_than_the_configured_one_is_mentioned(double: GraphDouble, tmp_path: Path) -> None:
    double.sign.username = "somebody@example.net"
    ui = SignedIn(double, tmp_path, sign_in=False).sign_in()
    assert any("petra@example.org" in text for text in ui.shown)


def test_the_cache_is_kept_where_only_the_user_reads_it(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path, sign_in=False)
    secrets = FileSecrets({}, tmp_path)
    someone.secrets.get, someone.secrets.put = secrets.get, secrets.put  # type: ignore[method-assign]
    someone.sign_in()
    (kept,) = (tmp_path / "secrets").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "refresh-1" in kept.read_text()


def test_a_second_sign_in_leaves_one_account(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path)
    someone.sign_in()
    cache = json.loads(someone.secrets.kept["cloud", CACHE])
    assert len(cache["Account"]) == len(cache["RefreshToken"]) == 1


@pytest.mark.parametrize("tenant", ["common", "organizations", "consumers", TENANT])
def test_each_kind_of_tenant(double: GraphDouble, tmp_path: Path, tenant: str) -> None:
    someone = SignedIn(double, tmp_path, tenant=tenant)
    assert someone.connection().check()


def test_a_tenant_that_does_not_exist(double: GraphDouble, tmp_path: Path) -> None:
    with pytest.raises(NeedsUser, match="tenant"):
        SignedIn(double, tmp_path, tenant="nowhere.example")


def test_nobody_has_signed_in(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path, sign_in=False)
    with pytest.raises(NeedsUser, match="kith login cloud"):
        someone.connection().check()


def test_a_connection_opened_before_the_sign_in_notices_it(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path, sign_in=False)
    opened = someone.connection()
    with pytest.raises(NeedsUser):
        opened.check()
    someone.sign_in()
    assert opened.check()


def test_a_token_that_ran_out_is_renewed_once_and_kept(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path)
    opened = someone.connection()
    opened.check()
    double.sign.run_out()
    before = someone.secrets.kept["cloud", CACHE]
    opened.check()
    assert double.sign.asked.count("refresh_token") == 1
    assert someone.secrets.kept["cloud", CACHE] != before


def test_a_revoked_grant_is_said_with_its_remedy(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path)
    opened = someone.connection()
    opened.check()
    double.sign.revoke()
    with pytest.raises(NeedsUser, match=r"run out or was revoked.*kith login cloud"):
        opened.check()
    assert double.sign.asked.count("refresh_token") == 1
    someone.sign_in()
    assert opened.check()


def test_a_token_that_is_never_accepted(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path)
    opened = someone.connection()
    double.faults += [Fault(401, "mailFolders"), Fault(401, "mailFolders")]
    with pytest.raises(NeedsUser, match="does not accept the sign-in"):
        opened.check()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refuse("invalid_grant", 700082), "run out or was revoked"),
        (refuse("invalid_grant", 50173), "run out or was revoked"),
        (refuse("interaction_required", 50076), "sign in again"),
        (refuse("invalid_grant", 65001), "nobody consented"),
        (refuse("invalid_grant", 90094), "only an administrator"),
        (refuse("invalid_grant", 53003), "Conditional Access"),
        (refuse("invalid_grant", 530036), "by a code"),
        (refuse("invalid_client", 7000218), "Allow public client flows"),
        (refuse("unauthorized_client", 700016), "no app of this client_id"),
        (refuse("invalid_request", 9002346), "for other accounts"),
        (refuse("invalid_grant", 99999), "run out or was revoked"),
        (refuse("unheard_of", 99999), "AADSTS99999"),
        (refuse("something_new"), "something_new"),
    ],
)
def test_each_refusal_is_a_sentence_that_names_nobody(
    double: GraphDouble, tmp_path: Path, answer: Answer, said: str
) -> None:
    someone = SignedIn(double, tmp_path)
    double.sign.run_out()
    double.sign.refusals.append(answer)
    with pytest.raises(NeedsUser) as caught:
        someone.connection().check()
    assert said in str(caught.value)
    assert "petra@" not in str(caught.value) and "Trace" not in str(caught.value)


def test_a_declined_sign_in(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path, sign_in=False)
    double.sign.refusals.append(refuse("access_denied"))
    with pytest.raises(NeedsUser, match="declined"):
        someone.sign_in(browser(double), sign_in="browser")
    double.sign.refusals.append(refuse("authorization_declined"))
    with pytest.raises(NeedsUser):
        someone.sign_in()


def test_a_code_that_may_not_be_used(double: GraphDouble, tmp_path: Path) -> None:
    double.sign.pending = 0
    someone = SignedIn(double, tmp_path, sign_in=False)
    double.sign.refusals.append(refuse("access_denied", 53003))
    with pytest.raises(NeedsUser, match='sign_in = "browser"'):
        someone.sign_in()


@pytest.mark.parametrize("fault", [Fault(503, "token"), Fault("drop-before", "token"), Fault(429, "token")])
def test_a_sign_in_out_of_order_is_no_revoked_grant(double: GraphDouble, tmp_path: Path, fault: Fault) -> None:
    someone = SignedIn(double, tmp_path)
    double.sign.run_out()
    double.faults += [fault, Fault(fault.kind, fault.path)]
    with pytest.raises(TryLater):
        someone.connection().check()


def test_too_little_was_granted(double: GraphDouble, tmp_path: Path) -> None:
    double.sign.granted = frozenset({"Mail.ReadWrite"})
    someone = SignedIn(double, tmp_path)
    assert someone.connection().mail is not None
    with pytest.raises(NeedsUser, match="does not cover"):
        someone.connection().calendar.streams()  # type: ignore[union-attr]


def test_a_busy_sign_in_is_left_alone_as_long_as_it_asks(double: GraphDouble, tmp_path: Path) -> None:
    someone = SignedIn(double, tmp_path)
    double.sign.run_out()
    double.faults.append(Fault(429, "token", retry_after="77"))
    with pytest.raises(TryLater) as caught:
        someone.connection().check()
    assert caught.value.after == timedelta(seconds=77)


def test_killed_between_a_renewal_and_its_keeping_nobody_has_to_sign_in_again(
    double: GraphDouble, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Microsoft goes on taking the refresh token that was replaced."""
    someone = SignedIn(double, tmp_path)
    double.sign.run_out()
    before = dict(someone.secrets.kept)

    def killed(*_: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(someone.secrets, "put", killed)
        with pytest.raises(KeyboardInterrupt):
            someone.connection().check()
    assert someone.secrets.kept == before
    assert someone.connection().check()
    assert someone.secrets.kept != before
