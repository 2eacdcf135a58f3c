"""Every address book is read alike."""

from __future__ import annotations

import pytest

from daemon.core.errors import CursorExpired
from daemon.core.model import Card, Position, Stream
from daemon.core.ports import ContactSource
from tests.contract.reading import Seen, read, stopping_anywhere
from tests.contract.rig import CONTACTS, Rig
from tests.contract.samples import ANNA, BORIS, card

CAPABILITY = CONTACTS


def source(rig: Rig) -> ContactSource:
    found = rig.connection().contacts
    assert found is not None
    return found


def book(rig: Rig) -> Stream:
    """The address book the rig's cards are in: the only one with anything in it."""
    streams = source(rig).streams()
    for stream in streams:
        if read(source(rig).pages(stream, Position())).listed:
            return stream
    return streams[0]


def go(rig: Rig, stream: Stream, since: Position = Position(), stop_after: int | None = None) -> Seen:  # noqa: B008
    return read(source(rig).pages(stream, since), since, stop_after)


def names(seen: Seen) -> list[str]:
    return [item.name for item in seen.items if isinstance(item, Card)]


def fill(rig: Rig, count: int = 10) -> list[str]:
    return [rig.add_card(card(f"uid-{n}", f"Person {n}", f"p{n}@example.com")) for n in range(count)]


ALL = {f"Person {n}" for n in range(10)}


def test_cards_are_read(rig: Rig) -> None:
    rig.add_card(card("uid-1", "Анна Образцова", "Anna@Example.com", "ORG:Пример", "BDAY:1990-02-03"))
    stream = book(rig)
    seen = go(rig, stream)
    (found,) = seen.items
    assert isinstance(found, Card)
    assert found.name == "Анна Образцова"
    assert found.addresses == (ANNA,)
    assert found.organisation == "Пример"
    assert found.record_id and found.record_id in seen.listed
    assert seen.full and seen.position.cursor and not seen.position.progress


def test_streams_are_stable(rig: Rig) -> None:
    rig.add_card(card("uid-1", "Anna", ANNA))
    before = list(source(rig).streams())
    rig.fresh_connection()
    assert before and list(source(rig).streams()) == before


def test_stopped_after_any_page_nothing_is_skipped(rig: Rig) -> None:
    fill(rig)
    stream = book(rig)
    pages = 0
    for before, after, bare in stopping_anywhere(lambda since: source(rig).pages(stream, since)):
        pages += 1
        assert set(names(before)) | set(names(after)) == ALL
        assert set(names(before)) | set(names(bare)) == ALL
        assert not after.position.progress
    assert pages > 1 or "contacts" in rig.whole


def test_nothing_new_is_nothing(rig: Rig) -> None:
    fill(rig)
    stream = book(rig)
    first = go(rig, stream)
    second = go(rig, stream, first.position)
    assert not second.items and not second.gone and second.position == first.position
    rig.fresh_connection()
    assert go(rig, stream, first.position).position == first.position


def test_only_what_is_new_or_changed_the_second_time(rig: Rig) -> None:
    handles = fill(rig, 5)
    stream = book(rig)
    first = go(rig, stream)
    rig.change_card(handles[2], card("uid-2", "Person Two", BORIS))
    rig.add_card(card("uid-new", "Newcomer", "new@example.net"))
    second = go(rig, stream, first.position)
    assert sorted(names(second)) == ["Newcomer", "Person Two"]
    assert not second.gone


def test_a_deleted_card_is_gone_and_only_it(rig: Rig) -> None:
    handles = fill(rig, 4)
    stream = book(rig)
    first = go(rig, stream)
    known = {item.record_id: item.name for item in first.items if isinstance(item, Card)}
    rig.delete_card(handles[1])
    second = go(rig, stream, first.position)
    gone = set(second.gone)
    if second.full:
        gone |= source(rig).gone(stream, sorted(set(known) - second.listed))
    assert {known[item] for item in gone} == {"Person 1"}
    assert {known[item] for item in source(rig).gone(stream, list(known))} == {"Person 1"}


def test_an_expired_cursor_means_a_full_pass(rig: Rig) -> None:
    fill(rig)
    stream = book(rig)
    first = go(rig, stream)
    position = rig.expire_contacts_cursor(stream.name, first.position)
    with pytest.raises(CursorExpired):
        next(iter(source(rig).pages(stream, position)))
    again = go(rig, stream)
    assert again.full and set(names(again)) == ALL
    assert again.listed >= {item.record_id for item in first.items if isinstance(item, Card)}


def test_one_broken_card_never_blocks_the_next(rig: Rig) -> None:
    rig.add_card(card("uid-1", "Anna", ANNA))
    rig.add_broken_card()
    rig.add_card(card("uid-2", "Boris", BORIS))
    stream = book(rig)
    seen = go(rig, stream)
    assert sorted(names(seen)) == ["Anna", "Boris"]
    assert len(seen.broken) == 1 and seen.broken[0].reason
    assert not go(rig, stream, seen.position).items
