"""What holds for a person, as the user asks for it."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.service.commands import Kith


def reminders(kith: Kith) -> list[str]:
    """The events kith wrote, unfolded and with their line breaks."""
    found = [p.read_bytes().decode() for p in (kith.folder / "calendars" / "kith").glob("*.ics")]
    return [text.replace("\r\n ", "").replace("\\n", "\n").replace("\\,", ",") for text in found]


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
    assert "\nDue in " in shown and ", a letter)." in shown
    found = kith.json("policy", "Николай")
    assert found["policy"]["cadence_days"] == {"value": 30, "from": "circle mentor"}
    assert found["policy"]["max_people"] == {"value": 3, "from": "contact"}
    assert found["policy"]["max_recipients"]["from"] == "default"
    assert (found["form"], found["doubled"]) == ("mail", False)


def test_policy_tells_a_day_far_off_once(kith: Kith) -> None:
    kith("cadence", "Николай", "--set", "yearly")
    assert re.search(r"\nDue \d+ [A-Z][a-z]{2}( 2027)?\.\n", kith("policy", "Николай"))
    kith("contacts", "pause", "Николай")
    assert "\nPaused: nothing is wanted for them now.\n" in kith("policy", "Николай")


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
    assert shown.startswith("Week 47, 18 to 22 November: ")
    assert "Week 52, 21 to 27 December: nothing\n  Mon 21 to Sun 27  quiet time\n" in shown
    assert "28 December to 3 January" in shown and "holds" not in shown
    assert shown.count("Week ") == 8
    assert shown.count(":00  ") + shown.count(":15  ") + shown.count(":30  ") + shown.count(":45  ") == len(settled)
    assert "(a promise)" in shown and "(reply owed)" in shown and "(keep" not in shown
    assert all(len(line) < 60 for line in shown.split("\n\n")[1].splitlines()), "a narrow terminal is enough"


def test_a_promise_has_a_reminder_that_says_what_was_promised_and_what_to_talk_about(kith: Kith) -> None:
    kith("agenda", "Laura", "add", "the", "garden", "book")
    kith("agenda", "Laura", "add", "--confidential", "her", "divorce")
    kith("agenda", "Laura", "add", "the", "weather")
    assert "Noted as done" in kith("agenda", "Laura", "done", "3")
    kith("agenda", "Laura", "done", "3", code=2)
    assert [a["text"] for a in kith.json("agenda", "Laura")] == ["the garden book", "her divorce"]
    assert "done" in kith("agenda", "Laura", "list", "--all")
    kith("log", "Laura", "--topic", "roses", "--next", "send the list", "--by", "2026-11-20")
    kith("log", "Laura", "--by", "2026-11-20", code=2)
    kith("once")
    (promise,) = (text for text in reminders(kith) if "send the list" in text)
    assert "Laura Fiction" in promise and "roses" in promise and "20" in promise
    assert "the garden book" in promise
    assert "divorce" not in "".join(reminders(kith)) and "weather" not in promise
    assert "Выполнить обещанное" in promise or "Keep a promise" in promise


def test_cadences_are_proposed_from_the_real_rhythm_and_accepted_one_by_one(kith: Kith) -> None:
    for who, every in (("Laura", 14), ("Tom Madeup", 20), ("George", 30)):
        for n in range(7):
            kith("log", who, "--at", (kith.now - timedelta(days=5 + n * every)).strftime("%Y-%m-%d"))
    found = {p["contact"]: p["proposed_days"] for p in kith.json("cadence", "--suggest")}
    assert found.keys() >= {"Laura Fiction", "Tom Madeup"}
    assert found["Laura Fiction"] == 14
    first, second, *others = found
    kith("cadence", "--suggest", "--accept", second)
    assert kith.json("policy", second)["policy"]["cadence_days"] == {"value": found[second], "from": "accepted"}
    shown = kith("cadence", "--suggest", answers="y\n" + "n\n" * len(others))
    assert "1 accepted" in shown and ("not asked again" in shown) == bool(others)
    assert kith.json("policy", first)["policy"]["cadence_days"] == {"value": found[first], "from": "accepted"}
    assert not kith.json("cadence", "--suggest"), "declined once, never asked again"
    assert "rhythm" not in {s["kind"] for s in kith.json("suggest")}
    kith("cadence", first, "--clear")
    assert kith.json("policy", first)["policy"]["cadence_days"]["from"] != "accepted"
    kith("cadence", first, "--set", "6 weeks")
    assert kith.json("policy", first)["policy"]["cadence_days"]["value"] == 42
    kith("cadence", first, "--set", "often", code=2)


def test_the_digest_says_who_waits_what_was_drafted_and_what_lapsed(kith: Kith) -> None:
    drafts = {r["contact"]: r for r in kith.json("ledger") if r["kind"] == "draft"}
    found = kith.json("digest")
    assert {d["contact"] for d in found if d["what"] == "drafted"} == set(drafts)
    assert "Drafted in the last week:" in kith("digest")
    gone = next(name for name, r in drafts.items() if r["purpose"] == "thanks")
    kith("log", gone, "--at", "2026-11-18 10:15")
    kith.now += timedelta(days=8)
    kith("once")
    after = kith.json("digest")
    assert "thanks" in {d["purpose"] for d in after if d["what"] == "lapsed"}
    assert "Came to nothing:" in kith("digest")


def test_check_names_policies_for_nobody(kith: Kith) -> None:
    config = kith.folder / "config.toml"
    said = '[policy.contact."Laura Ficton"]\ncadence = "30d"\n[policy.contact."HELEN Example"]\ncadence = "30d"\n'
    config.write_text(config.read_text() + said)
    (found,) = [w for w in kith.json("check")["warnings"] if "nobody is known" in w]
    assert "Laura Ficton" in found and found.endswith("Did you mean Laura Fiction?")


def test_policy_shows_the_language_and_form_a_letter_to_them_really_has(kith: Kith) -> None:
    def said(who: str) -> dict[str, object]:
        found = kith.json("policy", who)["policy"]
        return {what: (found[what]["value"], found[what]["from"]) for what in ("language", "form") if what in found}

    kith("contacts", "edit", "Helen", "--clear", "language", "--clear", "form")
    assert said("Helen") == {"language": ("en", "past mail"), "form": ("formal", "default")}
    config = kith.folder / "config.toml"
    plain = config.read_text()
    config.write_text(plain + '[policy.default]\nlanguage = "ru"\n')
    assert said("Helen")["language"] == ("en", "past mail")  # a default does not make strangers of friends
    kith("contacts", "add", "Зоя Немая", "--address", "zoya@example.net", "--circle", "mentor")
    assert said("Зоя Немая")["language"] == ("ru", "default")
    config.write_text(plain + '[policy.default]\nlanguage = "ru"\n[policy.circle.mentor]\nlanguage = "ru"\n')
    assert said("Helen")["language"] == ("ru", "circle mentor")
    config.write_text(plain)
    kith("contacts", "edit", "Николай", "--form", "familiar", "--language", "en")
    assert said("Николай") == {"language": ("en", "known of them"), "form": ("familiar", "known of them")}
    assert "language" not in said("Зоя Немая")
    assert "reminders come instead. `kith contacts edit NAME --language" in kith("policy", "Зоя Немая")


def test_several_topics_of_one_talk_are_all_kept(kith: Kith) -> None:
    topics = ("--topic", "the move to Berlin", "--topic", "their new office")
    kith("log", "Laura", *topics, "--next", "call them", "--by", "2026-11-20")
    assert kith.json("log", "--list")[0]["topic"] == "the move to Berlin, their new office"
    assert "the move to Berlin, their new office" in kith("interactions")
    kith("once")
    (event,) = (t for t in reminders(kith) if "call them" in t)
    assert "the move to Berlin" in event and "their new office" in event


def test_a_day_there_is_not_is_said_to_be_none(kith: Kith) -> None:
    kith("log", "Laura", "--next", "write", "--by", "2026-02-30", code=2)
    assert "“2026-02-30” is no day there is: write it like 2026-12-01." in kith.err
    assert "--by DATE" in kith("log", "--help")
