"""What holds for a person, as the user asks for it."""

from __future__ import annotations

from tests.service.commands import Kith


def test_policy_shows_what_holds_and_which_rule_says_so(kith: Kith) -> None:
    config = kith.folder / "config.toml"
    config.write_text(
        config.read_text()
        + """
[policy.circle.mentor]
cadence = { mail = "monthly", meeting = "yearly" }
language = "en"
[policy.contact."Николай Примеров"]
max_people = 3
"""
    )
    shown = kith("policy", "Николай")
    assert "forms           mail every 30 days, meeting every 365 days  circle mentor" in shown
    assert "max people      3" in shown and "  contact" in shown
    found = kith.json("policy", "Николай")
    assert found["policy"]["cadence_days"] == {"value": 30, "from": "circle mentor"}
    assert found["policy"]["max_people"] == {"value": 3, "from": "contact"}
    assert found["policy"]["max_recipients"]["from"] == "default"
    assert (found["form"], found["doubled"]) == ("mail", False)


def test_policy_says_when_silence_has_doubled_the_interval(kith: Kith) -> None:
    assert "without an answer: the interval is doubled" in kith("policy", "Tom Madeup")
    assert kith.json("policy", "Tom Madeup")["doubled"] is True


def test_plan_shows_the_coming_weeks_as_a_calendar(kith: Kith) -> None:
    config = kith.folder / "config.toml"
    quiet = "[[quiet]]\nfrom = 2026-12-21\nto = 2027-01-03\n"
    config.write_text(config.read_text() + quiet)
    found = kith.json("plan", "--weeks", "8")
    assert (found["until"], found["days"][0]["day"]) == ("2027-01-10", "2026-11-18")
    by_day = {d["day"]: d for d in found["days"]}
    assert by_day["2026-12-24"] == {"day": "2026-12-24", "closed": "quiet", "reminders": []}
    settled = [r for d in found["days"] for r in d["reminders"] if r["start"]]
    standing = {r["contact"] for r in kith.json("ledger") if r["kind"] == "reminder" and r["state"] == "written"}
    assert {r["contact"] for r in settled} == standing
    later = [d for d in found["days"] if any(r["start"] is None for r in d["reminders"])]
    assert later and all(d["closed"] == "" for d in later)
    shown = kith("plan", "--weeks", "8")
    assert shown.startswith("Week 47\n  Wed 18 Nov")
    assert "Thu 24 Dec  quiet" in shown and "holds" not in shown
    assert shown.count("Week ") == 8
