"""A message Google fails to show, for ever or for a while: it is listed, holds up no other, and is not forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from connectors.google.unshown import MANY, Unshown
from daemon.core.errors import StoreBusy, TryLater
from daemon.core.model import Mail, MailPage
from daemon.store import quarantine
from daemon.store.engine import Store
from daemon.store.tables import evidence
from tests.contract.reading import Seen, read
from tests.contract.rig_google import GoogleRigs
from tests.contract.samples import ANNA, KNOWN, NOW, mail
from tests.doubles.google import Fault, Refusal
from tests.google.signed_in import SignedIn, go, source
from tests.service.house import House, letter

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
GET = "gmail.users.messages.get"


def ids(seen: Seen) -> list[str]:
    return sorted(m.message_id.strip("<>").removesuffix("@example.com") for m in seen.items if isinstance(m, Mail))


def mended(seen: Seen) -> list[str]:
    return [name for page in seen.pages if isinstance(page, MailPage) for name in page.mended]


def bad(account: SignedIn, name: str = "bad") -> str:
    """A message arrives that the server cannot show."""
    made = account.person.gmail.add(mail(name), ["INBOX"]).id
    account.person.gmail.failing.add(made)
    return made


def test_in_a_first_pass_it_is_listed_and_the_others_are_read(signed_in: SignedIn) -> None:
    signed_in.page = 3
    box = signed_in.person.gmail
    for number in range(4):
        box.add(mail(number), ["INBOX"])
    name = bad(signed_in)
    for number in range(4, 8):
        box.add(mail(number), ["INBOX"])
    seen = go(signed_in)
    assert ids(seen) == [str(n) for n in range(8)]
    assert [(one.item_id, one.reason) for one in seen.broken] == [
        (name, "Google is busy (500). It will be asked for again.")
    ]
    assert seen.position.cursor and not seen.position.progress


@pytest.mark.parametrize("count", [1, 2])
def test_alone_in_the_news_they_hold_up_no_later_one(signed_in: SignedIn, count: int) -> None:
    position = go(signed_in).position
    names = [bad(signed_in, f"bad{number}") for number in range(count)]
    second = go(signed_in, position)
    assert [one.item_id for one in second.broken] == names
    signed_in.person.gmail.add(mail("next"), ["INBOX"])
    signed_in.clock += 5 * MINUTE
    third = go(signed_in, second.position)
    assert ids(third) == ["next"] and third.broken == [], "listed once"


def test_shown_at_last_it_is_read_and_listed_no_more(signed_in: SignedIn) -> None:
    name = bad(signed_in)
    position = go(signed_in).position
    signed_in.person.gmail.failing.clear()
    assert go(signed_in, position).pages == [], "a moment later it is too early"
    signed_in.clock += 2 * MINUTE
    seen = go(signed_in, position)
    assert ids(seen) == ["bad"] and mended(seen) == [name] and seen.position == position
    signed_in.clock += DAY / 48
    assert go(signed_in, position).pages == []


def test_stopped_before_its_page_is_committed_it_is_asked_for_again(signed_in: SignedIn) -> None:
    bad(signed_in)
    position = go(signed_in).position
    signed_in.person.gmail.failing.clear()
    signed_in.clock += 2 * MINUTE
    for _ in range(2):
        assert ids(go(signed_in, position, stop_after=1)) == ["bad"]


@pytest.mark.parametrize("gone", [True, False])
def test_what_is_gone_or_refused_for_good_is_not_asked_for_for_ever(signed_in: SignedIn, gone: bool) -> None:
    name = bad(signed_in)
    position = go(signed_in).position
    signed_in.person.gmail.failing.clear()
    signed_in.clock += 2 * MINUTE
    if gone:
        signed_in.person.gmail.erase(name)
    else:
        signed_in.google.faults.append(Fault("refuse", GET, Refusal(400, "failedPrecondition")))
    seen = go(signed_in, position)
    assert mended(seen) == ([name] if gone else [])
    assert [one.reason for one in seen.broken] == (
        [] if gone else ["Google refused the request (400 failedPrecondition)."]
    )
    calls = signed_in.google.calls[GET]
    signed_in.clock += 2 * DAY / 48
    go(signed_in, seen.position)
    assert signed_in.google.calls[GET] == calls


def test_it_is_asked_for_ever_more_seldom(signed_in: SignedIn) -> None:
    position = go(signed_in).position
    bad(signed_in)
    position = go(signed_in, position).position
    signed_in.google.calls.clear()
    for _ in range(4 * 24 * 12):
        signed_in.clock += 5 * MINUTE
        due = Unshown(Path(signed_in._folder) / "state", signed_in.now).due()
        if due:
            go(signed_in, position)
    asked = signed_in.google.calls[GET] // 2  # together and then alone
    assert 8 <= asked <= 14


def test_past_mail_of_somebody_added_later_is_no_different(signed_in: SignedIn) -> None:
    position = go(signed_in).position
    name = bad(signed_in)
    signed_in.person.gmail.add(mail("good"), ["INBOX"])
    mailbox = source(signed_in)
    found = read(mailbox.search(mailbox.streams()[0], [ANNA], "", KNOWN))
    assert ids(found) == ["good"] and [one.item_id for one in found.broken] == [name]
    signed_in.person.gmail.failing.clear()
    signed_in.clock += 2 * MINUTE
    assert "bad" in ids(go(signed_in, position))


def many(account: SignedIn) -> None:
    for number in range(MANY + 1):
        bad(account, f"bad{number}")


def silent(account: SignedIn) -> None:
    bad(account)
    account.google.faults.append(Fault("refuse", "gmail.users.getProfile", Refusal(500, "backendError"), skip=1))


@pytest.mark.parametrize("ill", [many, silent])
def test_where_google_is_ill_nothing_is_passed_over(signed_in: SignedIn, ill: Callable[[SignedIn], None]) -> None:
    ill(signed_in)
    with pytest.raises(TryLater):
        go(signed_in)
    assert not (Path(signed_in._folder) / "state" / "unshown.json").exists()
    signed_in.person.gmail.failing.clear()
    assert len(ids(go(signed_in))) == len(signed_in.person.gmail.messages)


def test_through_whole_rounds_it_is_listed_until_it_is_read(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "google"
    folder.mkdir()
    with GoogleRigs().rig(folder) as rig:
        house = House(store, tmp_path, {"google": rig})
        rig.double.now = rig.signed_in.now = lambda: house.clock  # type: ignore[method-assign]
        anna = house.person("Anna", ANNA)
        house.cycle()
        for number in range(3):
            made = rig.add_mail("INBOX", letter(number, NOW - number * DAY, ANNA))
            if number == 1:
                rig.box.failing.add(made)
        for _ in range(3):
            house.cycle()
            assert len(house.interactions(anna)) == 2
            with store.read() as conn:
                assert len(quarantine.rows(conn, "google")) == 1
        rig.box.failing.clear()
        house.cycle(after=DAY)
        with store.read() as conn:
            assert quarantine.rows(conn) == []
            assert conn.execute(select(func.count()).select_from(evidence)).scalar_one() == 3
        assert len(house.interactions(anna)) == 3


def test_what_cannot_be_remembered_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(StoreBusy):
        Unshown(tmp_path / "state", lambda: NOW).failed(["18c0"])


def test_a_clock_set_back_and_a_file_cut_short_stop_nothing(tmp_path: Path) -> None:
    Unshown(tmp_path, lambda: NOW + 400 * DAY).failed(["18c0"])
    assert Unshown(tmp_path, lambda: NOW).due() == ["18c0"]
    (tmp_path / "unshown.json").write_text('{"18c0": [1')
    assert Unshown(tmp_path, lambda: NOW).due() == []
