"""`kith contacts` as a person uses it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from daemon.cli.context import Ctx
from daemon.cli.main import run
from daemon.store.engine import Store
from daemon.store.tables import contact, interaction

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

ANN = """BEGIN:VCARD
VERSION:3.0
UID:9f1c2ab4-0000-4000-8000-000000000001
FN:Анна Сергеевна Образцова
N:Образцова;Анна;Сергеевна;;
EMAIL:Anna@example.org
ORG:Пример
CATEGORIES:Рекрутеры
BDAY:1985-04-15
END:VCARD
"""
BOB = """BEGIN:VCARD
VERSION:3.0
UID:9f1c2ab4-0000-4000-8000-000000000002
FN:Bob Sample
EMAIL:bob@example.org
EMAIL:family@example.org
END:VCARD
"""


class Kith:
    """The command, its output and its answers."""

    def __init__(self, config: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.config, self.capsys, self.patch = config, capsys, patch
        self.code = 0
        self.err = ""
        self.now = NOW

    def __call__(self, *arguments: str, answers: str = "", fails: bool = False) -> str:
        self.patch.setattr("sys.stdin", io.StringIO(answers))
        self.code = run(["--config", str(self.config), "contacts", *arguments], Ctx(clock=lambda: self.now))
        out, self.err = self.capsys.readouterr()
        assert (self.code != 0) is fails, out + self.err
        return out

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json"))


@pytest.fixture
def kith(tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Kith:
    config = tmp_path / "config.toml"
    (tmp_path / "mail").mkdir()
    config.write_text(
        f"""
[me]
name = "Me"
addresses = ["me@example.com"]
time_zone = "Pacific/Auckland"
[store]
state = "{tmp_path}"
[account.home]
kind = "local"
maildir = "{tmp_path}/mail"
"""
    )
    return Kith(config, capsys, monkeypatch)


@pytest.fixture
def people(kith: Kith, tmp_path: Path) -> Kith:
    (tmp_path / "people.vcf").write_text(ANN + BOB)
    kith("import", str(tmp_path / "people.vcf"))
    return kith


@pytest.fixture
def met(store: Store) -> Callable[[str, str, datetime], None]:
    """Counted contact with somebody."""

    def make(name: str, direction: str, at: datetime) -> None:
        with store.write() as conn:
            who = conn.execute(select(contact.c.id).where(contact.c.name == name)).scalar_one()
            row = {"form": "mail", "direction": direction, "at": at, "counted": True, "rule": "counted"}
            conn.execute(insert(interaction).values(contact_id=who, identity=f"{name}{direction}{at}", **row))

    return make


def test_import_tells_what_it_did(kith: Kith, tmp_path: Path) -> None:
    file = tmp_path / "people.vcf"
    file.write_text(ANN + BOB + "BEGIN:VCARD\nTEL:1\nEND:VCARD\n")
    out = kith("import", str(file))
    assert "2 new, 0 updated, 0 unchanged." in out
    assert "people.vcf: card 3: It has neither a name nor an address." in out
    assert kith("import", str(file)).startswith("0 new, 0 updated, 2 unchanged.")
    kith("import", str(tmp_path / "missing.vcf"), fails=True)
    assert kith.code == 2 and "no file or folder" in kith.err


def test_list_as_json_has_the_documented_form(people: Kith, met: Callable[..., None]) -> None:
    people("edit", "Bob", "--circle", "mentor")
    at = datetime(2026, 11, 1, 23, tzinfo=UTC)  # the 2nd in Auckland
    met("Bob Sample", "out", at)
    met("Bob Sample", "in", at - timedelta(days=3))
    anna, bob = sorted(people.json("list"), key=lambda c: str(c["addresses"]))
    assert bob == {
        "number": bob["number"],
        "uid": "uid:9f1c2ab4-0000-4000-8000-000000000002",
        "name": "Bob Sample",
        "addresses": ["bob@example.org", "family@example.org"],
        "organisation": "",
        "title": "",
        "circles": ["mentor"],
        "tier": "",
        "state": "",
        "last_contact": "2026-11-02",
        "last_inbound": "2026-10-30",
        "last_outbound": "2026-11-02",
        "last_meeting": None,
        "due": "2026-12-02",
    }
    assert (anna["name"], anna["last_contact"], anna["due"]) == ("Анна Сергеевна Образцова", None, None)


def test_list_is_an_aligned_table(people: Kith, met: Callable[..., None]) -> None:
    people("edit", "Bob", "--circle", "mentor", "--tier", "key")
    met("Bob Sample", "out", NOW - timedelta(days=3))
    head, bob, anna, *_ = people("list").splitlines()
    assert head.split("  ")[0] == "NAME"
    assert anna.index("never") == bob.index("3 days ago") == head.index("LAST CONTACT")
    assert "in 4 weeks" in bob or "in 27 days" in bob
    assert "Bob" in people("list", "--kept") and "Анна" not in people("list", "--kept")
    assert "Анна" in people("list", "анна") and "Bob" not in people("list", "анна")
    assert people("list", "--circle", "hr").strip() == "Nobody fits."
    assert people.json("list", "--due") == []


def test_a_letter_not_answered_is_no_last_contact_in_the_table_either(people: Kith, met: Callable[..., None]) -> None:
    met("Bob Sample", "in", NOW - timedelta(days=3))
    head, *rows = people("list").splitlines()
    bob = next(row for row in rows if row.startswith("Bob"))
    assert bob.index("never") == head.index("LAST CONTACT")
    assert bob.index("3 days ago") == head.index("FROM THEM")


def test_oneself_is_nobodys_contact(people: Kith) -> None:
    me = "me@example.com"
    for command in (("add", "Myself"), ("edit", "Bob")):
        people(*command, "--address", me.upper(), fails=True)
        assert people.code == 2 and "address of your own" in people.err


def test_an_empty_list_says_what_to_do(kith: Kith) -> None:
    assert "kith contacts import" in kith("list")
    assert kith.json("list") == []


def test_show_names_the_source_of_each_field(people: Kith) -> None:
    people("edit", "Анна", "--title", "Директор", "--form", "familiar")
    out = people("show", "anna@EXAMPLE.org")
    assert "Директор  [hand]" in out and "Пример  [vcard]" in out
    assert "15 April 1985  [vcard]" in out
    found = people.json("show", "Образцова")
    assert found["fields"]["patronymic"] == {"value": "Сергеевна", "from": "vcard"}
    assert found["labels"] == ["Рекрутеры"]


def test_add_and_edit(kith: Kith) -> None:
    out = kith("add", "Eve Test", "--address", "eve@example.org", "--birthday", "--04-15", "--circle", "metor")
    assert "Eve Test is added" in out and "metor" in kith.err
    kith("edit", "eve", "--remove-circle", "metor", "--circle", "mentor", "--clear", "birthday", "--notes", "hello")
    found = kith.json("show", "Eve")
    assert (found["circles"], found["dates"], found["notes"]) == (["mentor"], [], "hello")
    kith("add", "Other", "--address", "EVE@example.org", fails=True)
    assert kith.code == 2 and "Eve Test's already" in kith.err
    kith("add", "Desk Person", "--address", "hr@example.org")
    assert "counts for nobody" in kith.err
    kith("edit", "Eve", fails=True)
    kith("edit", "Eve", "--time-zone", "Mars/Base", fails=True)
    assert "no time zone" in kith.err


def test_a_slip_of_the_hand_is_told_with_its_remedy(people: Kith) -> None:
    people("edit", "Bob", "--circle", "freind")
    assert "Did you mean friend? `--remove-circle freind` takes it back." in people.err
    people("edit", "Bob", "--circle", "рекрутер")
    assert "Did you mean recruiter?" in people.err
    for wrong, said in (
        (("--circle", "key"), "“key” is a tier, not a circle: --tier key."),
        (("--circle", " "), "A circle has a name."),
        (("--language", "russki"), "“russki” is no language known here"),
    ):
        people("edit", "Bob", *wrong, fails=True)
        assert said in people.err
    people("edit", "Bob", "--language", "Russian")
    shown = people("show", "Bob")
    assert "language       ru  [hand]" in shown
    number = shown.split("(#")[1].split(")")[0]
    people("show", number, fails=True)
    assert f"Did you mean '#{number}' (Bob Sample)?" in people.err


def test_who_is_not_clear_is_asked_back(people: Kith) -> None:
    people("add", "Bob Another", "--address", "b2@example.org")
    people("show", "Bob", fails=True)
    assert people.code == 2
    assert "Bob Another" in people.err and "Bob Sample" in people.err and "Traceback" not in people.err


def test_merge_and_split(people: Kith) -> None:
    people("add", "Robert Sample", "--address", "robert@example.net")
    out = people("merge", "bob@example.org", "Robert Sample")
    assert "are one contact now: " in out
    assert len(people.json("list")) == 2
    out = people("split", "robert@example.net", "--address", "robert@example.net", "--name", "Robert Other")
    assert "Robert Other" in out
    assert people.json("show", "Robert Other")["addresses"] == ["robert@example.net"]
    people("merge", "Анна", "anna@example.org", fails=True)


def test_a_shared_address_is_assigned(people: Kith) -> None:
    people("add", "Eve Sample", "--address", "family@example.org", "--shared")
    assert "shared: counts for nobody" in people("show", "Eve")
    people("assign", "family@example.org", "Eve")
    assert "shared" not in people("show", "Eve")
    assert "counts for another contact" in people("show", "Bob Sample")
    people("assign", "family@example.org", "--nobody")
    people("assign", "family@example.org", fails=True)


def test_how_things_stand(people: Kith) -> None:
    people("edit", "Bob", "--tier", "key")
    assert "until 1 Dec 2026" in people("pause", "Bob", "--until", "2026-12-01")
    assert people.json("show", "Bob")["state"] == "paused"
    assert people.json("show", "Bob")["due"] is None
    assert "Bob" not in people("list", "--due")
    people.now += timedelta(days=400)  # the pause is over, and they are due as anybody
    assert people.json("show", "Bob")["state"] == ""
    assert "Bob" in people("list", "--due")
    people.now -= timedelta(days=400)
    people("pause", "Bob", "--until", "2026-11-01", fails=True)
    for command, state in (("resume", ""), ("do-not-contact", "do-not-contact"), ("deceased", "deceased")):
        people(command, "Bob")
        assert people.json("show", "Bob")["state"] == state
        if state:  # closed for good: a pause, which ends by itself, would open it
            people("pause", "Bob", "--until", "2026-12-01", fails=True)
            assert people.json("show", "Bob")["state"] == state
    people("do-not-contact", "Bob", fails=True)  # deceased says more
    people("resume", "Bob")
    assert people.json("show", "Bob")["state"] == ""


def test_triage_asks_about_the_most_contact_first(people: Kith, met: Callable[..., None]) -> None:
    people("add", "Eve Test", "--address", "eve@example.org")
    for n in range(3):
        met("Bob Sample", "out", NOW - timedelta(days=n + 1))
    met("Анна Сергеевна Образцова", "in", NOW - timedelta(days=9))
    out = people("triage", answers="mentor friend, key\ny\nx\nn\ns\n")
    assert out.index("Bob Sample") < out.index("Анна") < out.index("Eve Test")
    assert "3 exchanges, last yesterday" in out and "1 exchange, last" in out
    assert "proposed: recruiter" in out
    assert "2 kept, 1 skipped, 0 left" in out
    found = {c["name"]: (c["circles"], c["tier"]) for c in people.json("list")}
    assert found == {
        "Bob Sample": (["friend", "mentor"], "key"),
        "Анна Сергеевна Образцова": (["recruiter"], ""),
        "Eve Test": ([], ""),
    }
    assert "Everybody known is sorted." in people("triage")


def test_triage_ends_with_its_input_and_keeps_what_was_answered(people: Kith) -> None:
    assert "1 kept, 0 skipped, 1 left" in people("triage", answers="?\nown circle\ny\n".replace("own circle", "chess"))
    assert "0 kept, 0 skipped, 1 left" in people("triage", answers="\n")
    assert "0 kept, 0 skipped, 1 left" in people("triage", answers="q\n")


def test_export_goes_round(people: Kith, tmp_path: Path) -> None:
    people("edit", "Bob", "--circle", "mentor", "--language", "en", "--work", "2015-03-01")
    assert "2 contacts are in" in people("export", "-o", str(tmp_path / "out.vcf"))
    text = people("export", "Bob Sample")
    assert text.count("BEGIN:VCARD") == 1 and "CATEGORIES:mentor" in text and "Work anniversary" in text
    assert people("import", str(tmp_path / "out.vcf")).startswith("0 new, ")
    assert len(people.json("list")) == 2
