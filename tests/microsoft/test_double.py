"""The double is strict: what must never happen is complained of, and Graph's own metadata has its say."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.doubles.graph import running
from tests.doubles.graph.csdl import metadata
from tests.microsoft.signed_in import SignedIn

PREFER = 'IdType="ImmutableId", odata.maxpagesize=5'


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "me/sendMail", {"message": {}}),
        ("POST", "me/messages/x/send", None),
        ("POST", "me/messages/x/reply", {"comment": "x"}),
        ("DELETE", "me/messages/x", None),
        ("GET", "me/messages/x/extensions", None),
        ("GET", "users/x/messages", None),
        ("GET", "me/messages?$filter=contains(subject,'x')", None),
        ("GET", "me/messages?$top=5", None),
        ("GET", "me/calendars/AAMkcal%2F1=/calendarView/delta?$select=id", None),
        ("POST", "me/messages", {"toRecipients": [{"emailAddress": {"address": f"{n}@example.org"}} for n in (1, 2)]}),
        ("POST", "me/messages", {"importance": "high"}),
        ("POST", "me/calendars/AAMkcal%2F1=/events", {"attendees": [{"emailAddress": {"address": "a@example.org"}}]}),
        ("POST", "$batch", {"requests": [{"id": str(n), "method": "GET", "url": "/me/messages"} for n in range(21)]}),
        ("POST", "$batch", {"requests": [{"id": "1", "method": "POST", "url": "/me/sendMail"}]}),
    ],
)
def test_it_complains(tmp_path: Path, method: str, path: str, body: object) -> None:
    with running() as double:
        SignedIn(double, tmp_path)
        headers = {"Authorization": "Bearer access-1", "Prefer": PREFER, "Content-Type": "application/json"}
        data = json.dumps(body) if body is not None else None
        requests.request(method, f"{double.endpoint}/graph/v1.0/{path}", headers=headers, data=data, timeout=10)
        assert double.complaints


def test_it_wants_immutable_ids_and_a_page_size(tmp_path: Path) -> None:
    with running() as double:
        SignedIn(double, tmp_path)
        for prefer in ("", 'IdType="ImmutableId"'):
            headers = {"Authorization": "Bearer access-1", "Prefer": prefer}
            requests.get(f"{double.endpoint}/graph/v1.0/me/calendars", headers=headers, timeout=10)
            assert double.complaints.pop()


def test_metadata_knows_what_graph_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "schemas" / "graph"
    path.mkdir(parents=True)
    (path / "v1.0-metadata.xml").write_text(
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="microsoft.graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        '<EntityType Name="user"><NavigationProperty Name="messages" Type="Collection(graph.message)"/></EntityType>'
        '<EntityType Name="item"><Property Name="subject" Type="Edm.String"/></EntityType>'
        '<EntityType Name="message" BaseType="graph.item"><Property Name="body" Type="graph.itemBody"/></EntityType>'
        '<ComplexType Name="itemBody"><Property Name="content" Type="Edm.String"/></ComplexType>'
        '<Action Name="move" IsBound="true"><Parameter Name="p" Type="graph.message"/></Action>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )
    monkeypatch.setenv("KITH_SHARED", str(tmp_path))
    metadata.cache_clear()
    try:
        known = metadata()
        assert known is not None
        assert not known.wrong_path(["messages", "x", "move"])
        assert known.wrong_path(["letters"]) and known.wrong_path(["messages", "x", "burn"])
        assert not known.wrong_body("message", {"subject": "a", "body": {"content": "b"}})
        assert known.wrong_body("message", {"body": {"text": "b"}}) == "itemBody has no text"
    finally:
        metadata.cache_clear()


def test_a_fifth_request_at_a_time_is_throttled(tmp_path: Path) -> None:
    with running() as double:
        SignedIn(double, tmp_path)
        go_on = threading.Event()
        double.on_call = lambda what: assert_true(go_on.wait(30))

        def ask(_: int) -> int:
            headers = {"Authorization": "Bearer access-1", "Prefer": PREFER}
            answer = requests.get(f"{double.endpoint}/graph/v1.0/me/calendars", headers=headers, timeout=30)
            if answer.status_code == 429:
                go_on.set()
            return answer.status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(ask, range(6)))[-2:] in ([200, 429], [429, 429])


def assert_true(what: bool) -> None:
    assert what
