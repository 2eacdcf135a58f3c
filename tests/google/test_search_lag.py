"""A full pass asks Gmail's search, and the search knows a message only a while after it came: nothing may be missed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.google.reached import LAG, Reached
from daemon.core.errors import CursorExpired, Paced
from daemon.core.model import Mail, Position
from daemon.store.engine import Store
from tests.contract.reading import Seen, read
from tests.contract.rig_google import GoogleRigs
from tests.contract.samples import ANNA, KNOWN, NOW, STRANGER, mail
from tests.google.signed_in import SignedIn
from tests.service.house import House, letter

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
GET, LIST, HISTORY = "gmail.users.messages.get", "gmail.users.messages.list", "gmail.users.history.list"


@pytest.fixture
def lagging(signed_in: SignedIn) -> SignedIn:
    """An account whose search takes twenty minutes to know a message; the server goes by the same clock."""
    signed_in.google.now = lambda: signed_in.clock
    signed_in.person.gmail.lag = 20 * MINUTE
    return signed_in


def go(account: SignedIn, since: Position = Position(), stop_after: int | None = None) -> Seen:  # noqa: B008
    mailbox = account.connection().mail
    assert mailbox is not None
    return read(mailbox.pages(mailbox.streams()[0], since, KNOWN), since, stop_after)


def ids(seen: Seen) -> list[str]:
    return [m.message_id.strip("<>").removesuffix("@example.com") for m in seen.items if isinstance(m, Mail)]


def test_what_came_just_before_the_first_pass_is_found_once_the_search_knows_it(lagging: SignedIn) -> None:
    lagging.person.gmail.add(mail("just"), ["INBOX"])
    first = go(lagging)
    assert ids(first) == []
    listed = lagging.google.calls[LIST]
    lagging.clock += LAG - MINUTE
    second = go(lagging, first.position)
    assert second.pages == [] and lagging.google.calls[LIST] == listed, "too early to ask again"
    lagging.clock += MINUTE
    third = go(lagging, first.position)
    assert ids(third) == ["just"]
    listed = lagging.google.calls[LIST]
    lagging.clock += DAY
    assert go(lagging, third.position).pages == [] and lagging.google.calls[LIST] == listed, "once is enough"


def test_the_same_after_a_history_that_has_expired(lagging: SignedIn) -> None:
    first = go(lagging)
    lagging.clock += LAG
    position = go(lagging, first.position).position
    box = lagging.person.gmail
    box.add(mail("just"), ["INBOX"])
    box.floor = box.history + 1
    box.history += 7
    with pytest.raises(CursorExpired):
        go(lagging, position)
    again = go(lagging)
    assert ids(again) == []
    lagging.clock += LAG
    assert ids(go(lagging, again.position)) == ["just"]


def test_what_is_new_meanwhile_comes_by_the_history_and_what_is_owed_stays_owed(lagging: SignedIn) -> None:
    lagging.page = 2
    box = lagging.person.gmail
    box.add(mail("just"), ["INBOX"])
    first = go(lagging)
    for number in range(5):
        box.add(mail(number), ["INBOX"])
    second = go(lagging, first.position)
    assert sorted(ids(second)) == [str(n) for n in range(5)]
    lagging.clock += LAG
    box.add(mail("last"), ["INBOX"])
    third = go(lagging, second.position)
    assert {"just", "last"} <= set(ids(third))
    assert third.position == Position(str(box.history))


def test_stopped_after_any_page_it_skips_nothing(lagging: SignedIn) -> None:
    lagging.page = 2
    box = lagging.person.gmail
    for number in range(7):
        box.add(mail(number), ["INBOX"])
    first = go(lagging)
    box.add(mail("news"), ["INBOX"])
    lagging.clock += LAG
    whole = go(lagging, first.position)
    assert len(whole.pages) > 4
    for count in range(1, len(whole.pages) + 1):
        before = go(lagging, first.position, stop_after=count)
        after = go(lagging, before.position)
        assert set(ids(before)) | set(ids(after)) == set(ids(whole)) == {"news", *(str(n) for n in range(7))}
        assert after.position == whole.position
        assert len(ids(before)) + len(ids(after)) <= len(ids(whole)), "none is asked for again"


def test_the_place_inside_a_record_of_history_is_not_taken_for_one_inside_the_search(lagging: SignedIn) -> None:
    lagging.page = 2
    box = lagging.person.gmail
    lost = [box.add(mail(number), ["TRASH"]).id for number in range(6)]
    box.add(mail("just"), ["INBOX"])
    first = go(lagging)
    box.restore(lost)
    half = go(lagging, first.position, stop_after=1)
    lagging.clock += LAG
    assert set(ids(half) + ids(go(lagging, half.position))) == {"just", *(str(n) for n in range(6))}


def test_a_minute_used_up_on_the_way_goes_on_where_it_was(lagging: SignedIn) -> None:
    lagging.options["quota_per_minute"] = 1_000
    for number in range(70):
        lagging.person.gmail.add(mail(number), ["INBOX"])
    position = go(lagging).position
    lagging.clock += LAG
    seen: list[str] = []
    for _ in range(4):
        mailbox, some = lagging.connection().mail, Seen()
        assert mailbox is not None
        try:
            for page in mailbox.pages(mailbox.streams()[0], position, KNOWN):
                some.take(page)
                position = page.position
        except Paced:
            pass
        seen += ids(some)
        lagging.clock += 2 * MINUTE
    assert sorted(seen, key=int) == [str(n) for n in range(70)]
    assert lagging.google.calls[GET] == 70, "none twice"


def test_only_the_last_day_is_paid_for_twice(lagging: SignedIn) -> None:
    box = lagging.person.gmail
    lagging.clock -= 3 * DAY
    for number in range(9):
        box.add(mail(number), ["INBOX"])
    lagging.clock += 3 * DAY - 60 * MINUTE
    box.add(mail("today"), ["INBOX"])
    box.add(mail("stranger", STRANGER), ["INBOX"])
    lagging.clock = NOW
    first = go(lagging)
    assert len(ids(first)) == 10
    lagging.clock += 29 * DAY  # and not all that came since, which the history tells of
    for number in range(20, 25):
        box.add(mail(number), ["INBOX"])
    lagging.clock += DAY
    assert sorted(ids(go(lagging, first.position))) == ["20", "21", "22", "23", "24", "today"]
    assert lagging.google.calls[GET] == 10 + 1 + 5


def test_through_whole_rounds_nothing_is_missed_and_nothing_doubled(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "google"
    folder.mkdir()
    with GoogleRigs().rig(folder) as rig:
        house = House(store, tmp_path, {"google": rig})
        rig.double.now = rig.signed_in.now = lambda: house.clock  # type: ignore[method-assign]
        anna = house.person("Anna", ANNA)
        rig.add_mail("INBOX", letter("old", NOW - 9 * DAY, ANNA))
        rig.box.lag = 20 * MINUTE
        rig.add_mail("INBOX", letter("known", NOW - DAY, ANNA))
        house.clock += 25 * MINUTE
        rig.add_mail("INBOX", letter("just", NOW, ANNA))
        house.cycle()
        assert len(house.interactions(anna)) == 2
        house.cycle(after=LAG)
        assert len(house.interactions(anna)) == 3
        before = house.facts()
        for _ in range(2):
            house.cycle(after=LAG)
        assert house.facts() == before


def test_somebody_added_right_after_they_wrote(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "google"
    folder.mkdir()
    with GoogleRigs().rig(folder) as rig:
        house = House(store, tmp_path, {"google": rig})
        rig.double.now = rig.signed_in.now = lambda: house.clock  # type: ignore[method-assign]
        house.cycle(after=2 * LAG)
        house.cycle(after=2 * LAG)
        rig.box.lag = 20 * MINUTE
        rig.add_mail("INBOX", letter("just", NOW, ANNA))
        house.cycle(after=MINUTE)
        anna = house.person("Anna", ANNA)
        house.cycle(after=MINUTE)
        assert house.interactions(anna) == []
        house.cycle(after=LAG)
        assert len(house.interactions(anna)) == 1
        listed = rig.double.calls[LIST]
        house.cycle(after=2 * LAG)
        assert rig.double.calls[LIST] == listed


def test_a_clock_that_was_set_back_does_not_put_it_off_for_ever(lagging: SignedIn) -> None:
    lagging.person.gmail.add(mail("just"), ["INBOX"])
    first = go(lagging)
    lagging.google.now = lambda: NOW + DAY
    lagging.clock -= 400 * DAY
    assert ids(go(lagging, first.position)) == ["just"]


@given(st.integers(1, 10**20), st.integers(0, 4 * 10**9))
def test_a_position_survives_being_stored(history: int, taken: int) -> None:
    reached = Reached(str(history), taken)
    assert Reached.read(reached.text()) == reached
    assert Reached.read(str(history)) == Reached(str(history)), "as stored by earlier versions"
