"""Several sources make one contact: the user's word first, then the newest, whatever the order they come in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.model import Card, NamedDate
from daemon.core.people import FIELDS, HAND, SourceCard, effective

T0 = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESSES = ("a@example.org", "b@example.org", "c@example.org")

cards = st.builds(
    Card,
    record_id=st.just(""),
    name=st.sampled_from(["", "Ann Example", "Анна Образцова"]),
    given=st.sampled_from(["", "Ann", "Анна"]),
    family=st.sampled_from(["", "Example"]),
    patronymic=st.sampled_from(["", "Сергеевна"]),
    organisation=st.sampled_from(["", "One", "Two"]),
    title=st.sampled_from(["", "CEO"]),
    addresses=st.lists(st.sampled_from(ADDRESSES), unique=True).map(tuple),
    dates=st.lists(
        st.builds(NamedDate, st.sampled_from(["birthday", "work", "other"]), st.just("--01-02"), st.sampled_from("xy")),
        max_size=3,
    ).map(tuple),
    deceased=st.booleans(),
)
sources = st.lists(
    st.builds(
        SourceCard,
        source=st.sampled_from([HAND, "vcard", "linkedin", "carddav:home/book"]),
        record_id=st.sampled_from("123456789"),
        card=cards,
        seen_at=st.integers(0, 3).map(lambda d: T0 + timedelta(days=d)),
        gone=st.booleans(),
    ).map(
        lambda s: (
            replace(s, says=frozenset({"title", "date:work"}), without=frozenset({ADDRESSES[2]})) if s.by_hand else s
        )
    ),
    max_size=5,
    unique_by=lambda s: (s.source, s.record_id),
)


@given(sources, st.randoms())
def test_order_does_not_matter(given_sources: list[SourceCard], random: Random) -> None:
    mixed = list(given_sources)
    random.shuffle(mixed)
    assert effective(mixed) == effective(given_sources)


@given(sources)
def test_merging_what_was_merged_changes_nothing(given_sources: list[SourceCard]) -> None:
    once = effective(given_sources)
    card = Card("", **once.fields, addresses=once.addresses, dates=tuple(d for d, _ in once.dates))  # type: ignore[arg-type]
    again = effective([SourceCard("vcard", "1", card, T0)])
    assert (again.fields, set(again.addresses), {d for d, _ in again.dates}) == (
        once.fields,
        set(once.addresses),
        {d for d, _ in once.dates},
    )


@given(sources, cards, st.frozensets(st.sampled_from(FIELDS)))
def test_the_users_word_wins(others: list[SourceCard], card: Card, says: frozenset[str]) -> None:
    later = SourceCard(HAND, "0", card, T0 + timedelta(days=99), says=says)
    found = effective([*others, later])
    for name in FIELDS:
        value = getattr(card, name)
        if value or (name in says and name != "name"):
            assert found.fields[name] == value
            assert found.origins[name] == HAND
    assert set(card.addresses) <= set(found.addresses)
    for d in card.dates:
        if d.kind != "other":
            first = next(x for x in card.dates if x.kind == d.kind)
            assert (first, HAND) in found.dates


@given(sources)
def test_every_field_says_where_it_came_from(given_sources: list[SourceCard]) -> None:
    found = effective(given_sources)
    present = {s.source for s in given_sources}
    assert all(found.origins[name] in present for name in FIELDS if found.fields[name])


def card(source: str, day: int, gone: bool = False, **fields: object) -> SourceCard:
    return SourceCard(source, "1", Card("1", **fields), T0 + timedelta(days=day), gone=gone)  # type: ignore[arg-type]


def test_the_newest_wins_and_a_card_that_is_gone_comes_last() -> None:
    old, new = card("vcard", 1, organisation="Old", title="CEO"), card("linkedin", 2, organisation="New")
    assert effective([old, new]).fields["organisation"] == "New"
    assert effective([old, new]).fields["title"] == "CEO"
    assert effective([old, replace(new, gone=True)]).fields["organisation"] == "Old"
    assert effective([replace(new, gone=True)]).fields["organisation"] == "New"


def test_what_the_user_removed_stays_removed() -> None:
    book = card(
        "vcard", 9, title="CEO", addresses=("a@example.org", "b@example.org"), dates=(NamedDate("work", "--01-02"),)
    )
    hand = SourceCard(
        HAND, "1", Card("1"), T0, says=frozenset({"title", "date:work"}), without=frozenset({"b@example.org"})
    )
    found = effective([book, hand])
    assert (found.fields["title"], found.addresses, found.dates) == ("", ("a@example.org",), ())


def test_an_address_taken_away_and_given_back() -> None:
    away = SourceCard(HAND, "1", Card("1"), T0, without=frozenset({"a@example.org"}))
    back = SourceCard(HAND, "2", Card("2", addresses=("a@example.org",)), T0 + timedelta(days=1))
    assert effective([away, back]).addresses == ("a@example.org",)
    assert effective([away, replace(back, seen_at=T0 - timedelta(days=1))]).addresses == ()


def test_the_parts_of_a_name_come_from_one_card() -> None:
    old = card("vcard", 1, name="Анна Образцова", given="Анна", family="Образцова", patronymic="Сергеевна")
    new = card("linkedin", 2, name="Anna Sample", given="Anna", family="Sample")
    found = effective([old, new]).fields
    assert (found["name"], found["given"], found["family"], found["patronymic"]) == (
        "Anna Sample",
        "Anna",
        "Sample",
        "Сергеевна",
    )


def test_the_user_may_say_that_somebody_lives() -> None:
    book = card("vcard", 5, deceased=True)
    hand = SourceCard(HAND, "1", Card("1"), T0, says=frozenset({"deceased"}))
    assert effective([book]).deceased
    assert not effective([book, hand]).deceased


def test_an_employer_that_was_left_is_named_by_no_address_book_any_more() -> None:
    work = SourceCard("carddav:home/book", "1", Card("1", organisation="Works, Inc.", title="CEO"), T0)
    other = SourceCard("linkedin", "2", Card("2", organisation="Another", title="CTO"), T0 - timedelta(days=9))
    left = SourceCard(HAND, "3", Card("3"), T0, left=frozenset({"works"}))
    assert effective([work, left]).fields["organisation"] == effective([work, left]).fields["title"] == ""
    told = effective([work, other, left])
    assert (told.fields["organisation"], told.fields["title"]) == ("Another", "CTO")
    back = replace(left, card=Card("3", organisation="Works"))
    assert effective([work, back]).fields["organisation"] == "Works"
