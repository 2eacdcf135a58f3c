"""`kith share`, `introduce`, `log --got`, `outcome`, `favours`: what they say, and what they refuse."""

from __future__ import annotations

import pytest

from tests.service.commands import Kith


def test_share_says_to_whom_and_to_whom_not_and_can_be_taken_back(kith: Kith) -> None:
    said = kith("share", "https://example.org/page", "--to", "mentor", "--note", "Chapter two.", "--title", "Gardens")
    assert "with the next round" in said
    assert "no words in ru" in said  # one mentor is written to in Russian
    (one,) = kith.json("share", "--list")
    assert one["link"] == "https://example.org/page"
    assert "Taken back" in kith("share", "--cancel", str(one["id"]))
    assert kith.json("share", "--list") == []


def test_introduce_makes_two(kith: Kith) -> None:
    kith("introduce", "Helen", "Laura Fiction")
    found = kith.json("introduce", "--list")
    assert sorted((e["contact"], e["other"]) for e in found) == sorted((e["other"], e["contact"]) for e in found)
    assert len(found) == 2


def test_two_who_read_one_address_get_one_letter_and_the_other_is_named(kith: Kith) -> None:
    for name, tier in (("Dora Twin", "key"), ("Nora Twin", "regular")):
        home = ("--address", "twins@example.org", "--shared", "--language", "en", "--circle", "twins", "--tier", tier)
        kith("contacts", "add", name, *home)
    none_to = "None to Nora Twin: they share an address with Dora Twin, who is told."
    for said in (
        kith("share", "https://example.org/page", "--to", "Nora Twin", "--to", "Dora Twin"),
        kith("news", "I have moved to Example.", "--circles", "twins"),
    ):
        assert "1 draft to Dora Twin: with the next round." in said and none_to in said
    assert [one["contact"] for one in kith.json("share", "--list")] == ["Dora Twin"]
    kith("introduce", "Dora Twin", "Nora Twin", code=2)
    assert "read one address" in kith.err


def test_each_may_read_words_of_their_own_and_words_about_one_of_them_are_doubted(kith: Kith) -> None:
    assert "--why-a, --why-b" in kith("introduce", "Helen", "Laura Fiction", "--why", "Laura looks for a gardener.")
    own = ("--why-a", "She looks for a gardener.", "--why-b", "She gardens.")
    assert "--why-a" not in kith("introduce", "Helen", "Laura Fiction", *own)


def test_marks_and_the_outcome_of_a_recommendation(kith: Kith) -> None:
    number = next(i["id"] for i in kith.json("interactions") if "Helen" in i["contact"])
    assert "Marked" in kith("log", "--on", str(number), "--got", "feedback", "--gave", "article")
    kith("log", "Helen", "--got", "recommendation")
    (entry,) = [e for e in kith.json("log", "Helen", "--list") if e["got"]]
    assert (entry["gave"], entry["got"]) == ([], ["recommendation"])
    assert "recommendation" in kith("log", "Helen", "--list")
    marks = kith.json("favours", "Helen")
    assert sorted((m["direction"], m["kind"]) for m in marks) == [
        ("gave", "article"),
        ("got", "feedback"),
        ("got", "recommendation"),
    ]
    assert "letter follows" in kith("outcome", "Helen", "I start in May.")
    kith("outcome", "Helen", "I start in May.", code=2)
    assert "No recommendation" in kith.err
    assert "Taken back" in kith("favours", "--undo", str(marks[0]["id"]))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("share",), "Say what and to whom"),
        (("share", "https://example.org/", "--to", "Nobody Known"), "Nobody"),
        (("share", "ftp://example.org/", "--to", "Helen"), "https://"),
        (("share", "--cancel", "99"), "nothing with the number"),
        (("introduce", "Helen"), "Say whom to whom"),
        (("introduce", "Helen", "Helen"), "one person"),
        (("log", "--on", "999999", "--got", "advice"), "no interaction"),
        (("log", "--on", "1"), "--gave"),
        (("favours", "--undo", "99"), "no mark"),
    ],
)
def test_a_mistake_gets_one_clear_sentence(kith: Kith, arguments: tuple[str, ...], says: str) -> None:
    kith(*arguments, code=2)
    assert says in kith.err
