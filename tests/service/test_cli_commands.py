"""The commands that look, run and correct, as a person uses them: on the demonstration's mailbox."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.cli.context import Ctx
from daemon.service.asking import STRANGER
from daemon.store import questions
from daemon.store.engine import Store
from tests.service.commands import NOW, Kith


def test_status_says_who_is_due_and_how_the_accounts_are(kith: Kith) -> None:
    found = kith.json("status")
    assert (found["contacts"], found["kept"], found["observing"]) == (18, 15, False)
    assert found["accounts"][0]["trouble"] == ""
    shown = kith("status")
    assert "15 kept" in shown
    assert "Софья Небывалова" in shown and "91 days, default" in shown and "Held" not in shown


def test_status_names_whom_it_holds_back(kith: Kith) -> None:
    kith.now = NOW + timedelta(days=3)
    shutil.move(kith.folder / "mail", kith.folder / "away")
    kith("once", code=1)
    kith.now += timedelta(days=2)
    kith("once", code=1)
    assert "Held, because an account has not been read for a day: " in kith("status", code=1)


def test_why_shows_each_observation_with_its_verdict_and_rule(kith: Kith) -> None:
    shown = kith("why", "Николай")
    assert "cc-only" in shown and "30 days, circle mentor. Due in 4 weeks." in shown
    assert "doubled: no answer to your letters" in kith("why", "Tom Madeup")
    found = kith.json("why", "Николай Примеров")
    assert {o["rule"] for o in found["observations"]} >= {"counted", "cc-only"}
    assert all(o["evidence"] for o in found["observations"])


def test_why_calls_places_as_people_do(kith: Kith) -> None:
    folder = kith.folder / "mail" / ".&BBoEOAQ0BD4ERwRMBDUEIg-" / "cur"
    for part in ("cur", "new", "tmp"):
        (folder.parent / part).mkdir(parents=True)
    (folder / "1.m1.host:2,S").write_bytes(
        b"From: george@template.example\r\nTo: irina@example.org\r\nSubject: Filed\r\n"
        b"Date: Tue, 17 Nov 2026 10:00:00 +0000\r\nMessage-ID: <filed@template.example>\r\n\r\n.\r\n"
    )
    kith("once")
    (line,) = (one for one in kith("why", "George").splitlines() if one.endswith("Filed"))
    assert "/\u041a\u0438\u0434\u043e\u0447\u044c\u0435\u0422 " in line


def test_why_does_not_bury_the_past_under_what_is_to_come(kith: Kith) -> None:
    add = kith.folder / "calendars" / "personal" / "daily.ics"
    add.write_text(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:daily\r\nDTSTAMP:20261101T000000Z\r\n"
        "DTSTART:20261117T070000Z\r\nDTEND:20261117T071500Z\r\nRRULE:FREQ=DAILY;COUNT=20\r\nSUMMARY:Standup\r\n"
        "ATTENDEE:mailto:george@template.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    kith("once")
    shown = kith("why", "George")
    assert shown.count("upcoming") == 3 and "later meetings not shown" in shown
    assert len(kith.json("why", "George")["observations"]) > 20


def test_interactions_and_ledger_have_their_documented_form(kith: Kith) -> None:
    assert {"contact", "kind", "direction", "at", "counted", "rule", "subject"} <= set(kith.json("interactions")[0])
    rows = kith.json("ledger")
    assert {"key", "kind", "purpose", "contact", "state", "account", "remote_id"} <= set(rows[0])
    assert {r["kind"] for r in rows} == {"reminder", "draft"}
    assert len(kith.json("interactions", "--contact", "Николай")) < len(kith.json("interactions"))


def test_plan_writes_nothing_and_once_with_nothing_new_does_nothing(kith: Kith) -> None:
    before = {p: p.stat().st_mtime_ns for p in kith.folder.rglob("*") if p.is_file() and "state" not in p.parts}
    assert kith.json("plan")["create"] == []
    assert kith.json("once")["done"] == []
    after = {p: p.stat().st_mtime_ns for p in kith.folder.rglob("*") if p.is_file() and "state" not in p.parts}
    assert after == before


def test_log_edit_undo_and_next_step(kith: Kith) -> None:
    kith(
        "log",
        "Helen",
        "--kind",
        "meeting",
        "--at",
        "yesterday",
        "--topic",
        "plans",
        "--next",
        "send it",
        "--by",
        "2026-11-25",
    )
    entry = kith.json("log", "--list", "Helen")[0]
    assert (entry["kind"], entry["topic"], entry["next_by"]) == ("meeting", "plans", "2026-11-25")
    kith("log", "--edit", str(entry["id"]), "--topic", "other plans")
    assert kith.json("log", "--list", "Helen")[0]["topic"] == "other plans"
    kith("log", "--done", str(entry["id"]))
    assert kith.json("log", "--list", "Helen")[0]["next_done"] is True
    kith("log", "--undo", str(entry["id"]))
    assert not kith.json("log", "--list", "Helen")
    kith("log", "--undo", str(entry["id"]), code=2)


def test_contact_logged_withdraws_the_reminder_with_the_next_round(kith: Kith) -> None:
    assert [
        r["state"] for r in kith.json("ledger") if (r["contact"], r["purpose"]) == ("Helen Example", "keep-in-touch")
    ] == ["written"]
    kith("log", "Helen", "--kind", "call")
    done = kith.json("once")["done"]
    assert {"verb": "withdraw", "kind": "reminder", "purpose": "keep-in-touch", "contact": "Helen Example"} in done


def test_snooze_skip_overrule_unfreeze(kith: Kith) -> None:
    assert "2026-12-08" in kith("snooze", "Helen", "--until", "2026-12-08")
    assert "Skipped" in kith("skip", "Марина")
    row = next(i for i in kith.json("interactions") if i["counted"])
    kith("overrule", str(row["id"]), "--does-not-count")
    assert next(i for i in kith.json("interactions") if i["id"] == row["id"])["rule"] == "overruled"
    kith("overrule", str(row["id"]), "--clear")
    assert next(i for i in kith.json("interactions") if i["id"] == row["id"])["counted"] is True
    kith("unfreeze", "nobody@example.org", code=2)


def test_forget_asks_then_takes_everything_along(kith: Kith) -> None:
    kith("forget", "Laura", answers="n\n", code=1)
    kith("forget", "Laura", "--yes")
    kith("once")
    assert "laura.fiction" not in kith("contacts", "list", "--json")
    kith("why", "Laura", code=2)
    drafts = [p.read_bytes() for p in (kith.folder / "mail" / ".Drafts").rglob("*") if p.is_file()]
    assert not any(b"laura.fiction" in d for d in drafts)


def test_digest_quarantine_and_confirm_have_something_to_say(kith: Kith) -> None:
    assert "Nobody waits: whoever is due has a reminder, or a meeting arranged." in kith("digest")
    assert "Nothing is in quarantine" in kith("quarantine", "list")
    kith("confirm", "99", "--yes", code=2)
    assert "status" in kith.err


def test_a_question_answered_before_is_told_as_such(kith: Kith) -> None:
    store = Store(Ctx(kith.folder / "config.toml").settings.store_url)
    with store.write() as conn:
        items = ["<7@example.com>", "reply", "nina@example.net", "Nina"]
        number = str(questions.ask(conn, "home", STRANGER, items, kith.now))
    store.close()
    assert "Nina" in kith("confirm") and f"kith confirm {number}" in kith("confirm")
    assert "Nina" in kith("confirm", number, answers="n\n")
    kith("confirm", number, answers="y\n", code=2)
    assert "no open question" in kith.err
    assert kith("confirm") == "Nothing waits for your word.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("why", "Nobody Known"), "Nobody"),
        (("log",), "Say with whom"),
        (("log", "Helen", "--at", "whenever"), "no moment"),
        (("snooze", "Helen"), "--until"),
        (("snooze", "Helen", "--until", "2020-01-01"), "lies ahead"),
        (("overrule", "1"), "--counts"),
        (("overrule", "999999", "--counts"), "no interaction"),
        (("statsu",), "status"),
    ],
)
def test_a_mistake_gets_one_clear_sentence(kith: Kith, arguments: tuple[str, ...], says: str) -> None:
    kith(*arguments, code=2)
    assert says in kith.err


def test_without_a_store_or_a_config_it_says_what_to_do(kith: Kith, tmp_path: Path) -> None:
    shutil.rmtree(kith.folder / "state")
    kith("status", code=2)
    assert "kith once" in kith.err
    (kith.folder / "config.toml").unlink()
    kith("status", code=2)
    assert "kith init" in kith.err


def _planned(kith: Kith) -> dict[str, set[tuple[str, str]]]:
    """What the plan would create (who, purpose) and withdraw (kind, purpose)."""
    found = kith.json("plan")
    return {
        "create": {(c["contact"], c["purpose"]) for c in found["create"]},
        "withdraw": {(w["kind"], w["purpose"]) for w in found["withdraw"]},
    }


def _configure(kith: Kith, old: str, new: str) -> None:
    config = kith.folder / "config.toml"
    text = config.read_text()
    assert text.count(old) == 1
    config.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("settings", "what", "expected"),
    [
        ('[reminders]\nreply_after = "60d"', "withdraw", ("reminder", "reply-owed")),
        ('[policy.tier.supporting]\ncadence = "30d"', "create", ("Greta Imaginary", "keep-in-touch")),
        ('[policy.contact."greta imaginary"]\ncadence = "30d"', "create", ("Greta Imaginary", "keep-in-touch")),
        ('[policy.default]\ncadence = "weekly"', "create", ("Sam Specimen", "keep-in-touch")),
        ('[policy.default]\ndrafts = ["update"]', "withdraw", ("draft", "thanks")),
        ('[policy.default]\ndrafts = ["thanks"]', "withdraw", ("draft", "congratulations")),
        ('[policy.default]\nresets = ["meeting"]', "create", ("Sam Specimen", "keep-in-touch")),
        ('[policy.default]\ndrafts = ["check-in"]', "create", ("Helen Example", "check-in")),
        ('organisation = ["example.net"]', "withdraw", ("draft", "thanks")),
    ],
)
def test_a_setting_changes_the_plan(kith: Kith, settings: str, what: str, expected: tuple[str, str]) -> None:
    before = _planned(kith)
    if settings.startswith("organisation"):
        _configure(kith, 'organisation = ["example.com"]', settings)
    else:
        _configure(kith, "[store]", settings + "\n[store]")
    assert expected not in before[what]
    assert expected in _planned(kith)[what]


@pytest.mark.parametrize(
    ("flag", "setting", "expected"),
    [
        ("reminders = false", '[policy.tier.supporting]\ncadence = "30d"', ("Greta Imaginary", "keep-in-touch")),
        ("drafts = false", '[policy.default]\ndrafts = ["check-in"]', ("Helen Example", "check-in")),
    ],
)
def test_an_account_that_takes_none_gets_none(kith: Kith, flag: str, setting: str, expected: tuple[str, str]) -> None:
    _configure(kith, "[store]", setting + "\n[store]")
    assert expected in _planned(kith)["create"]
    _configure(kith, 'kind = "local"', f'kind = "local"\n{flag}')
    kith("once")
    assert expected not in {
        (row["contact"], row["purpose"]) for row in kith.json("ledger") if row["state"] == "written"
    }


def test_a_longer_cadence_puts_off_what_stands(kith: Kith) -> None:
    _configure(kith, "[store]", '[policy.circle.mentor]\ncadence = "yearly"\n[store]')
    (moved,) = kith.json("plan")["move"]
    assert moved["start"] > "2027-08"
