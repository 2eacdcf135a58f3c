"""note, company, event, trip, news, suggest, drafts and holidays, as a person uses them."""

from __future__ import annotations

import pytest

from tests.service.commands import Kith


def test_a_note_is_listed_and_taken_back(kith: Kith) -> None:
    assert "next round" in kith("note", "Helen", "--achievement", "the keynote at PyCon")
    (found,) = kith.json("note", "--list")
    assert (found["contact"], found["kind"], found["title"]) == (
        "Helen Example",
        "achievement",
        "the keynote at PyCon",
    )
    assert "the keynote at PyCon" in kith("note", "--list")
    kith("note", "--undo", str(found["id"]))
    assert kith.json("note", "--list") == []
    kith("note", "--undo", str(found["id"]), code=2)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("note", "Helen"), "one thing"),
        (("note", "Helen", "--job", "a", "--achievement", "b"), "one thing"),
        (("note", "Helen", "--job", "  "), "few words"),
        (("company", "Example"), "founded"),
        (("company", "Example", "--founded", "in May"), "no date"),
        (("company", "Example", "--founded", "2001-02-29"), "no date"),
        (("company", "Example", "--founded", "2190-05-17"), "still to come"),
        (("company", " ", "--founded", "2001-02-28"), "company's name"),
        (("trip", "Kazan"), "when"),
        (("trip", "Kazan", "--from", "2026-12-05", "--to", "2026-12-01"), "before the first"),
        (("trip", "Kazan", "--from", "2026-01-05"), "over"),
        (("news",), "what is new"),
        (("news", "I have moved.", "--circles", "mentr"), "Did you mean mentor?"),
        (("news", "Ласкаво просимо до нас, її"), "--text"),
        (("trip", " ", "--from", "2026-12-05"), "which city"),
        (("news", "I have moved.", "--text", "en", "I have moved."), "two texts"),
        (("suggest", "accept", "99"), "no open suggestion 99"),
        (("event", "add", "X", "--date", "2026-06-01", "--with", "nowhere.txt"), "nowhere.txt"),
        (("event", "add", " ", "--date", "2026-06-01", "--with", __file__), "called"),
        (("event", "add", "X", "--date", "2026-06-01", "--with", "/dev/null"), "Nobody was found"),
    ],
)
def test_a_mistake_gets_one_clear_sentence(kith: Kith, arguments: tuple[str, ...], says: str) -> None:
    kith(*arguments, code=2)
    assert says in kith.err


def test_a_conference_takes_plain_lines_and_says_which_it_could_not_read(kith: Kith) -> None:
    (kith.folder / "met.txt").write_text("1. Met There <met@example.net>\n- Only A Name\nother@example.net\n")
    said = kith("event", "add", "PyCon", "--date", "2026-11-17", "--with", str(kith.folder / "met.txt"))
    assert "2 new contacts, 0 known before" in said and "line 2" in kith.err
    assert "language of 2 of them is not known" in said
    assert "no thanks any more" in kith(
        "event", "add", "Old", "--date", "2026-01-17", "--with", str(kith.folder / "met.txt")
    )
    kith("event", "remove", str(kith.json("event", "list")[-1]["id"]))
    (found,) = kith.json("event", "list")
    assert (found["name"], found["people"]) == ("PyCon", 2)
    met = next(c for c in kith.json("contacts", "list") if c["addresses"] == ["met@example.net"])
    assert (met["name"], met["circles"]) == ("Met There", ["conference"])
    kith("event", "remove", str(found["id"]))
    assert kith.json("event", "list") == []


def test_a_trip_names_who_lives_there(kith: Kith) -> None:
    kith("contacts", "edit", "Helen", "--city", "Kazan")
    assert "Helen Example" in kith("trip", "Казань", "--also", "Kazan", "--from", "2026-12-01", "--to", "2026-12-03")
    (found,) = kith.json("trip", "--list")
    kith("trip", "--cancel", str(found["id"]))
    assert "No trip" in kith("trip", "--list")


def test_news_are_told_in_each_language_given(kith: Kith) -> None:
    said = kith(
        "news", "I have moved to the new team.", "--text", "ru", "Я теперь в новой команде.", "--circles", "mentor"
    )
    assert "in en and ru, for mentor" in said and "2 drafts to Helen Example" in said
    (found,) = kith.json("news", "--list")
    assert set(found["texts"]) == {"en", "ru"} and found["circles"] == ["mentor"]
    assert "mentor" in kith("news", "--list")
    kith("news", "--cancel", str(found["id"]))
    assert kith.json("news", "--list") == []


def test_suggestions_are_declined_for_good(kith: Kith) -> None:
    kith("contacts", "edit", "Helen", "--organisation", "Old Works")
    found = kith.json("suggest")
    for one in found:
        kith("suggest", "decline", str(one["id"]))
    assert kith.json("suggest") == []
    assert "nothing to suggest" in kith("suggest")


def test_drafts_say_why_from_what_and_what_became_of_them(kith: Kith) -> None:
    shown = kith("drafts")
    assert "calendar of" in shown and "lies ready" in shown
    (one, *more) = kith.json("drafts")
    assert all(d["reason"] and d["subject"] for d in (one, *more))
    assert all(d["source"] for d in (one, *more) if d["purpose"] != "check-in")  # the policy is its only reason
    assert all(d["contact"] == one["contact"] for d in [one, *kith.json("drafts", "--contact", one["contact"])])


def test_holidays_are_listed_with_who_set_them(kith: Kith) -> None:
    (first, *_) = [h for h in kith.json("holidays", "--year", "2024") if h["id"] == "programmer"]
    assert (first["day"], first["enabled"]) == ("2024-09-12", False)
    assert "European Association" in kith("holidays")


def test_a_company_is_kept_and_removed(kith: Kith) -> None:
    kith("company", "Example Works", "--founded", "2001-05-17")
    assert "Example Works" in kith("company")
    kith("company", "ООО «Example Works»", "--remove")
    assert kith.json("company") == []
