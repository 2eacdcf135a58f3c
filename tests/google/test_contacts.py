"""Google Contacts: who somebody is, what changed by token, and tokens that live a week."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.google.contacts import read_page
from connectors.google.persons import FIELDS, read_person
from daemon.core.errors import BrokenItem, CursorExpired
from daemon.core.model import Card, NamedDate, Position
from daemon.core.ports import ContactSource
from tests.contract.reading import Seen, read
from tests.contract.rig import ME
from tests.contract.samples import NOW
from tests.doubles.google import GoogleDouble
from tests.doubles.google.people import Book
from tests.google.signed_in import SCOPES, SignedIn

PRIMARY = {"metadata": {"primary": True}}
NONE = Position()


def person(name: str = "Anna Example", *addresses: str, **more: Any) -> dict[str, Any]:
    given_name, _, family = name.partition(" ")
    return {
        "names": [{"displayName": name, "givenName": given_name, "familyName": family, **PRIMARY}],
        "emailAddresses": [{"value": a} for a in addresses or ("anna@example.com",)],
        **more,
    }


def card(**fields: Any) -> Card:
    return read_person({"resourceName": "people/c1", **fields}, {"contactGroups/g1": "Рекрутёры"})


@pytest.fixture
def paged(google: GoogleDouble, tmp_path: Path) -> Iterator[SignedIn]:
    """Two people on a page; the double's clock and the connector's are the test's."""
    made = SignedIn(google, tmp_path, page=2)
    google.now = made.now
    yield made
    made.close()


@pytest.fixture
def book(google: GoogleDouble) -> Book:
    return google.account(ME).people


def source(signed_in: SignedIn) -> ContactSource:
    found = signed_in.connection().contacts
    assert found is not None
    return found


def go(signed_in: SignedIn, since: Position = NONE, stop: int | None = None) -> Seen:
    found = source(signed_in)
    (stream,) = found.streams()
    return read(found.pages(stream, since), since, stop)


def cards(seen: Seen) -> dict[str, Card]:
    return {one.name: one for one in seen.items if isinstance(one, Card)}


# -- one person -----------------------------------------------------------------------------------------


def test_all_that_is_known_of_a_person() -> None:
    found = card(
        **person("Анна Образцова", "Anna@Example.com", "a.obraztsova@пример.рф"),
        organizations=[
            {"name": "Прежняя", "title": "Стажёр", "current": False, **PRIMARY},
            {"name": "Пример", "title": "Руководитель", "current": True},
        ],
        addresses=[{"type": "home"}, {"city": "Казань", "country": "Россия"}],
        birthdays=[{"date": {"month": 2, "day": 3}}, {"date": {"year": 1990, "month": 2, "day": 3}}],
        memberships=[
            {"contactGroupMembership": {"contactGroupResourceName": "contactGroups/g1"}},
            {"contactGroupMembership": {"contactGroupResourceName": "contactGroups/myContacts"}},
        ],
        occupations=[{"value": "юрист"}],
        urls=[{"value": "https://example.com/anna"}],
        locales=[{"value": "ru"}],
    )
    assert (found.record_id, found.name) == ("people/c1", "Анна Образцова")
    assert found.addresses == ("anna@example.com", "a.obraztsova@xn--e1afmkfd.xn--p1ai")
    assert (found.organisation, found.title, found.profession) == ("Пример", "Руководитель", "юрист")
    assert (found.city, found.country, found.language) == ("Казань", "Россия", "ru")
    assert found.dates == (NamedDate("birthday", "1990-02-03"),)
    assert (found.labels, found.url) == (("Рекрутёры",), "https://example.com/anna")


@pytest.mark.parametrize(
    ("name", "patronymic"),
    [
        ({"givenName": "Иван", "middleName": "Петрович", "familyName": "Образцов"}, "Петрович"),
        ({"givenName": "Иван Петрович", "familyName": "Образцов"}, "Петрович"),
        ({"givenName": "John", "middleName": "Fitzgerald", "familyName": "Example"}, ""),
        ({"givenName": "Анна", "middleName": "Мария", "familyName": "Образцова"}, ""),
        ({"givenName": "Анна"}, ""),
    ],
)
def test_a_middle_name_is_a_patronymic_where_it_looks_like_one(name: dict[str, str], patronymic: str) -> None:
    found = card(names=[{**name, "displayName": " ".join(name.values())}])
    assert found.patronymic == patronymic
    assert found.given == name["givenName"].partition(" ")[0]


@pytest.mark.parametrize(
    ("date", "when"),
    [
        ({"year": 1990, "month": 2, "day": 3}, "1990-02-03"),
        ({"month": 2, "day": 29}, "--02-29"),
        ({"year": 0, "month": 12, "day": 31}, "--12-31"),
        ({"year": 1990}, ""),
        ({"month": 2, "day": 0}, ""),
        ({"year": 1991, "month": 2, "day": 29}, ""),
        ({}, ""),
    ],
)
def test_birthdays_with_and_without_a_year(date: dict[str, int], when: str) -> None:
    found = card(**person(), birthdays=[{"date": date}])
    assert [d.when for d in found.dates] == ([when] if when else [])


def test_a_birthday_that_is_only_text_is_not_guessed_at() -> None:
    assert card(**person(), birthdays=[{"text": "some time in May"}]).dates == ()


@pytest.mark.parametrize(
    ("kind", "shown", "found"),
    [
        ("anniversary", "Jubiläum", "wedding"),
        ("anniversary", "Anniversary", "wedding"),
        ("other", "Andere", "other"),
        ("Годовщина работы", "Годовщина работы", "work"),
        ("Company anniversary", "Company anniversary", "company"),
        ("Знакомство", "Знакомство", "other"),
    ],
)
def test_an_anniversary_is_a_wedding_unless_its_label_says_otherwise(kind: str, shown: str, found: str) -> None:
    made = card(**person(), events=[{"type": kind, "formattedType": shown, "date": {"month": 5, "day": 6}}])
    assert [(d.kind, d.when) for d in made.dates] == [(found, "--05-06")]


def test_the_primary_name_is_the_name() -> None:
    names = [{"displayName": "anna99", "givenName": "anna99"}, {"displayName": "Anna Example", **PRIMARY}]
    assert card(names=names).name == "Anna Example"


def test_nobody_to_be_known_by_is_broken() -> None:
    with pytest.raises(BrokenItem):
        card(phoneNumbers=[{"value": "+49 30 0000000"}])
    assert card(emailAddresses=[{"value": "only@example.com"}]).addresses == ("only@example.com",)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["givenName", "displayName", "middleName", "familyName"]), json))
def test_whatever_stands_in_a_name_it_is_a_line_of_text(name: dict[str, Any]) -> None:
    found = card(names=[name], emailAddresses=[{"value": "only@example.com"}])
    assert all("\n" not in text and "\x00" not in text for text in (found.name, found.given, found.family))


PARTS = st.sampled_from(sorted(FIELDS.split(",")))


@given(st.dictionaries(PARTS, json))
@example({"memberships": [{"contactGroupMembership": None}]})
@example({"metadata": None})
@example({"names": {"givenName": "no list"}})
def test_one_odd_person_breaks_none_but_itself(odd: dict[str, Any]) -> None:
    people = [{**odd, "resourceName": "people/odd"}, {"resourceName": "people/c2", "names": [{"givenName": "Anna"}]}]
    page = read_page(people, {}, Position("x"), full=True)
    assert "people/c2" in page.listed and page.cards[-1].record_id == "people/c2"
    assert len(page.cards) + len(page.broken) >= 1


# -- the book -------------------------------------------------------------------------------------------


def test_labels_are_proposals_and_a_renamed_one_is_told_to_all(paged: SignedIn, book: Book) -> None:
    group = book.add_group("Recruiters")
    member = {"memberships": [{"contactGroupMembership": {"contactGroupResourceName": group}}]}
    for number in range(3):
        book.add(person(f"Person {number}", f"p{number}@example.com", **member))
    seen = go(paged)
    assert {c.labels for c in cards(seen).values()} == {("Recruiters",)}
    book.groups[group] = "Рекрутёры"
    with pytest.raises(CursorExpired):
        go(paged, seen.position)
    assert {c.labels for c in cards(go(paged)).values()} == {("Рекрутёры",)}


def test_a_token_is_good_for_seven_days(paged: SignedIn, book: Book) -> None:
    book.add(person())
    seen = go(paged)
    paged.clock = NOW + timedelta(days=6)
    assert not go(paged, seen.position).items
    paged.clock = NOW + timedelta(days=7, minutes=1)
    with pytest.raises(CursorExpired):
        go(paged, seen.position)
    assert go(paged).full


def test_pages_that_expire_in_between(paged: SignedIn, book: Book) -> None:
    names = [book.add(person(f"Person {n}", f"p{n}@example.com")) for n in range(5)]
    position = go(paged, stop=1).position
    book.expire()
    with pytest.raises(CursorExpired):
        go(paged, position)
    full = go(paged)
    for name in names:
        book.change(name, person("Changed", "changed@example.com"))
    position = go(paged, full.position, stop=1).position
    assert position.progress
    book.expire()
    with pytest.raises(CursorExpired):
        go(paged, position)


def test_incremental_pages_are_resumed_where_they_stopped(paged: SignedIn, book: Book) -> None:
    names = [book.add(person(f"Person {n}", f"p{n}@example.com")) for n in range(5)]
    full = go(paged)
    for number, name in enumerate(names):
        book.change(name, person(f"Changed {number}", f"p{number}@example.com"))
    first = go(paged, full.position, stop=1)
    second = go(paged, first.position)
    assert set(cards(first)) | set(cards(second)) == {f"Changed {n}" for n in range(5)}
    assert not set(cards(first)) & set(cards(second))
    assert not (first.full or second.full)
    assert not go(paged, second.position).pages


def test_deleted_and_renamed_entries(paged: SignedIn, book: Book) -> None:
    names = [book.add(person(f"Person {n}", f"p{n}@example.com")) for n in range(4)]
    seen = go(paged)
    book.delete(names[0])
    renamed = book.rename(names[1])
    second = go(paged, seen.position)
    assert second.gone == {names[0], names[1]}
    assert {c.record_id for c in cards(second).values()} == {renamed}
    stream = source(paged).streams()[0]
    assert source(paged).gone(stream, names) == {names[0], names[1]}


def test_more_are_asked_about_than_one_question_takes(paged: SignedIn, book: Book) -> None:
    names = [book.add(person(f"Person {n}", f"p{n}@example.com")) for n in range(250)]
    book.delete(names[220])
    assert source(paged).gone(source(paged).streams()[0], names) == {names[220]}


def test_other_contacts_and_notes_are_not_read(paged: SignedIn, book: Book, google: GoogleDouble) -> None:
    book.add(person())
    go(paged)
    assert not any("otherContacts" in method for method in google.calls)
    fields = {a.get("personFields", "") for method, a, _ in google.traffic if method.endswith("connections.list")}
    assert fields
    assert not any("biographies" in each or "phoneNumbers" in each for each in fields)


def test_without_the_permission_or_the_wish_there_are_no_contacts(google: GoogleDouble, tmp_path: Path) -> None:
    left_out = SCOPES - {"https://www.googleapis.com/auth/contacts.readonly"}
    for made in (SignedIn(google, tmp_path, contacts=False), SignedIn(google, tmp_path, scopes=left_out)):
        assert made.connection().contacts is None
        made.close()
