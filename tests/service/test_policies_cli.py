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
