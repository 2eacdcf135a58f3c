"""A Gmail mailbox as the service reads it: over many minutes, through deaths, expiries and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.google.reached import Reached
from daemon.core.errors import CursorExpired, NeedsUser, Paced, Refused, SignInRefused, TryLater
from daemon.core.model import Mail, Position, Signal
from daemon.service.cycle import run_cycle
from daemon.service.overview import overview
from daemon.store.engine import Store
from tests.contract.reading import Seen, read
from tests.contract.rig import ME, Rig
from tests.contract.rig_google import GoogleRig
from tests.contract.rig_memory import MemoryBackend
from tests.contract.samples import ANNA, BORIS, KNOWN, NOW, STRANGER, mail
from tests.doubles.google import Fault, GoogleDouble, Refusal
from tests.google.signed_in import SCOPES, SignedIn, go, source
from tests.service.house import House, letter

PROMOTED = {"promotions", "social", "forums"}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
GET, LIST = "gmail.users.messages.get", "gmail.users.messages.list"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path / 'kith.db'}")
    made.upgrade()
    yield made
    made.close()


@pytest.fixture
def rig(google: GoogleDouble, tmp_path: Path) -> Iterator[GoogleRig]:
    made = GoogleRig(google, tmp_path)
    yield made
    made.connection().close()


def ids(seen: Seen) -> list[str]:
    return [m.message_id.strip("<>").removesuffix("@example.com") for m in seen.items if isinstance(m, Mail)]


def fill(account: SignedIn, count: int) -> None:
    for number in range(count):
        account.person.gmail.add(mail(number, ANNA if number % 2 else BORIS), ["INBOX"])


# -- the first pass ----------------------------------------------------------------------------------


def test_a_first_scan_of_many_minutes_keeps_within_each_and_goes_on_when_it_may(
    google: GoogleDouble, rig: GoogleRig, store: Store, tmp_path: Path
) -> None:
    rigs: dict[str, Rig] = {"google": rig}
    house = House(store, tmp_path, rigs)
    anna = house.person("Anna", ANNA)
    google.limit = 1_000
    rig.signed_in.options["quota_per_minute"] = 1_000
    rig.signed_in.now = lambda: house.clock  # type: ignore[method-assign]
    google.now = lambda: house.clock
    for number in range(90):
        rig.add_mail("INBOX", letter(number, NOW - number * DAY / 9, ANNA))
    rounds, units = 0, 0
    again: timedelta | None = MINUTE
    while again is not None:
        report = house.cycle(after=again)
        again = report.account("google").again
        rounds += 1
        units += report.account("google").units or 0
        rig.fresh_connection()
        with store.read() as conn:
            (state,) = overview(conn, house.settings, house.clock).accounts
        assert (state.goes_on is not None) is (again is not None)
        assert again is None or MINUTE / 2 < again <= 2 * MINUTE
        assert rounds < 9
    assert rounds == 3, "as many minutes as it takes, and no more"
    assert len(house.interactions(anna)) == 90
    assert google.calls[GET] == 90, "none twice"
    assert google.units <= 1.05 * 20 * 90
    assert state.units == report.account("google").units and units <= google.units


def test_killed_in_the_middle_it_goes_on_without_asking_again(signed_in: SignedIn) -> None:
    signed_in.page = 4
    fill(signed_in, 18)
    for number in range(9):
        signed_in.person.gmail.add(mail(f"s{number}", STRANGER), ["INBOX"])
    first = go(signed_in, stop_after=2)
    listed = signed_in.google.calls[LIST]
    second = go(signed_in, first.position)
    assert sorted(ids(first) + ids(second), key=int) == [str(n) for n in range(18)]
    assert ids(first) == [str(n) for n in range(17, 9, -1)], "newest first"
    assert signed_in.google.calls[LIST] == listed
    assert signed_in.google.calls[GET] == 18


def test_a_first_pass_pays_for_no_draft_and_no_chat(signed_in: SignedIn) -> None:
    fill(signed_in, 2)
    signed_in.person.gmail.make_draft(mail("draft", ME, ANNA))
    signed_in.person.gmail.add(mail("chat"), ["CHAT"])
    assert len(ids(go(signed_in))) == signed_in.google.calls[GET] == 2


def test_mail_that_came_back_is_found_in_a_first_pass(signed_in: SignedIn) -> None:
    back = mail("back", "Mail Delivery Subsystem <mailer-daemon@googlemail.com>", ME, X_Failed_Recipients=ANNA)
    signed_in.person.gmail.add(back, ["INBOX"])
    assert ids(go(signed_in)) == ["back"]


def test_without_its_list_it_lists_again_and_misses_nothing(signed_in: SignedIn, tmp_path: Path) -> None:
    signed_in.page = 4
    fill(signed_in, 18)
    first = go(signed_in, stop_after=2)
    (tmp_path / "state" / "scan.json").unlink()
    assert len(ids(first) + ids(go(signed_in, first.position))) == 18
    assert not (tmp_path / "state" / "scan.json").exists(), "nothing is left lying about"


def test_what_arrives_while_a_listing_waits_for_its_minute_is_not_missed(signed_in: SignedIn) -> None:
    fill(signed_in, 3)
    signed_in.google.faults.append(Fault("refuse", LIST, Refusal(403, "userRateLimitExceeded")))
    with pytest.raises(TryLater) as told:
        go(signed_in)
    assert told.value.after == MINUTE
    signed_in.person.gmail.add(mail("between"), ["INBOX"])
    seen = go(signed_in)
    assert "between" in ids(seen) + ids(go(signed_in, seen.position))


def test_a_place_whose_history_has_expired_is_not_gone_on_from(signed_in: SignedIn) -> None:
    signed_in.page = 2
    fill(signed_in, 6)
    first = go(signed_in, stop_after=1)
    signed_in.person.gmail.history += 7
    signed_in.person.gmail.floor = signed_in.person.gmail.history
    with pytest.raises(CursorExpired):
        go(signed_in, first.position)
    assert len(ids(go(signed_in))) == 6


def test_what_google_charges_is_what_is_counted(signed_in: SignedIn) -> None:
    fill(signed_in, 7)
    connection = signed_in.connection()
    assert connection.mail is not None and connection.spent is not None
    read(connection.mail.pages(connection.mail.streams()[0], Position(), KNOWN))
    assert connection.spent() == signed_in.google.units > 7 * 20


def test_many_new_people_are_searched_for_and_what_was_read_is_not_paid_for_again(
    google: GoogleDouble, rig: GoogleRig, store: Store, tmp_path: Path
) -> None:
    rigs: dict[str, Rig] = {"google": rig}
    house = House(store, tmp_path, rigs)
    house.person("Anna", ANNA)
    for number in range(12):
        rig.add_mail("INBOX", letter(number, NOW - number * DAY, ANNA))
    for number in range(30):
        rig.add_mail("INBOX", letter(f"n{number}", NOW - number * DAY, f"new{number}@example.net"))
    house.cycle()
    assert google.calls[GET] == 12
    new = [house.person(f"New {number}", f"new{number}@example.net") for number in range(30)]
    house.cycle()
    assert google.calls[GET] == 12 + 30
    assert all(len(house.interactions(who)) == 1 for who in new)


def test_people_added_while_a_first_scan_is_under_way_are_not_missed(
    google: GoogleDouble, rig: GoogleRig, store: Store, tmp_path: Path
) -> None:
    house = House(store, tmp_path, {"google": rig})
    anna = house.person("Anna", ANNA)
    for number in range(12):
        rig.add_mail("INBOX", letter(number, NOW - (12 - number) * DAY, ANNA))
    for number in range(6):  # newer and older than where the scan is when Boris is added
        rig.add_mail("INBOX", letter(f"b{number}", NOW - (12 - 2 * number) * DAY, BORIS))
    added: list[int] = []

    def add(method: str) -> None:
        if method == GET and google.calls[GET] == 8 and not added:
            added.append(house.person("Boris", BORIS))

    google.on_call = add
    house.cycle()
    house.cycle()
    assert len(house.interactions(anna)) == 12
    assert len(house.interactions(added[0])) == 6


# -- what is new -------------------------------------------------------------------------------------


def test_labels_say_what_a_message_is(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    position = go(signed_in).position
    for tab in ("promotions", "social", "forums", "updates"):
        box.add(mail(tab), ["INBOX", f"CATEGORY_{tab.upper()}"])
    box.add(mail("alias", "petra@alias.example.org", ANNA), ["SENT"])
    box.add(mail("chat"), ["CHAT"])
    spam = box.add(mail("spam"), ["SPAM"])
    box.make_draft(mail("draft", ME, ANNA))
    found = {m.message_id: m for m in go(signed_in, position).items if isinstance(m, Mail)}
    tabs = {name: Signal.PROMOTED in found.pop(f"<{name}@example.com>").signals for name in PROMOTED | {"updates"}}
    assert {name for name, only_hinted in tabs.items() if only_hinted} == PROMOTED
    assert set(found) == {"<alias@example.com>"}
    assert found["<alias@example.com>"].senders == (ME,), "Gmail knows who sent it"
    assert found["<alias@example.com>"].raw_from == "petra@alias.example.org"
    position = go(signed_in, position).position
    box.label(spam.id, ["INBOX"], ["SPAM"])
    assert ids(go(signed_in, position)) == ["spam"]


@pytest.mark.parametrize("name", ["kith-thanks", "kith/thanks", "Kith/Thanks"])
def test_a_label_asks_however_it_is_written_and_is_taken_off(signed_in: SignedIn, name: str) -> None:
    box = signed_in.person.gmail
    message = box.add(mail("old"), ["INBOX"])
    position = go(signed_in).position
    box.label(message.id, [box.named(name)])
    mailbox = source(signed_in)
    (found,) = read(mailbox.pages(mailbox.streams()[0], position, KNOWN), position).items
    assert isinstance(found, Mail) and found.asks == {"thanks"}
    mailbox.clear_ask(mailbox.streams()[0], message.id, "thanks")
    assert message.labels == {"INBOX"}


def test_where_mail_may_not_be_changed_the_label_stays(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    signed_in.options["change_mail"] = False
    message = box.add(mail("old"), ["INBOX", box.named("kith-thanks")])
    mailbox = source(signed_in)
    mailbox.clear_ask(mailbox.streams()[0], message.id, "thanks")
    assert len(message.labels) == 2 and not signed_in.google.calls["gmail.users.messages.modify"]


def test_a_letter_saved_again_and_again_while_it_is_written_costs_nothing(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    position = go(signed_in).position
    draft = box.make_draft(mail("draft", ME, ANNA))
    for number in range(5):
        box.edit_draft(draft, mail(f"draft{number}", ME, ANNA))
    box.send_draft(draft)
    assert ids(go(signed_in, position)) == ["draft4"]
    assert signed_in.google.calls[GET] == 1


def test_a_message_moved_to_the_trash_under_our_hands_is_none(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    made = box.add(mail("1"), ["INBOX"])
    box.add(mail("2"), ["INBOX"])

    def trashed(method: str) -> None:
        if method == GET:
            made.labels = {"TRASH"}

    signed_in.google.on_call = trashed
    assert ids(go(signed_in)) == ["2"]


def test_googles_own_date_is_kept_beside_the_headers(signed_in: SignedIn) -> None:
    signed_in.person.gmail.add(mail("1", Date="the day before yesterday"), ["INBOX"], received=NOW - DAY)
    (found,) = go(signed_in).items
    assert isinstance(found, Mail) and (found.date, found.received) == (None, NOW - DAY)


def test_a_label_made_while_the_daemon_runs_asks_as_well(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    message = box.add(mail("old"), ["INBOX", box.named("Work")])
    mailbox = source(signed_in)
    position = read(mailbox.pages(mailbox.streams()[0], Position(), KNOWN)).position
    box.label(message.id, [box.named("kith-reply")])
    (found,) = read(mailbox.pages(mailbox.streams()[0], position, KNOWN), position).items
    assert isinstance(found, Mail) and found.asks == {"reply"}


def test_a_page_of_history_that_tells_nothing_is_not_the_end(signed_in: SignedIn) -> None:
    fill(signed_in, 1)
    position = go(signed_in).position
    signed_in.person.gmail.hollow = True
    signed_in.person.gmail.add(mail("new"), ["INBOX"])
    assert ids(go(signed_in, position)) == ["new"]


def test_one_record_of_more_than_a_minute_allows_is_read_over_several(signed_in: SignedIn) -> None:
    box = signed_in.person.gmail
    signed_in.options["quota_per_minute"] = 1_000
    lost = [box.add(mail(number), ["TRASH"]).id for number in range(90)]
    position = go(signed_in).position
    box.restore(lost)
    seen: list[str] = []
    for minutes in range(4):
        mailbox, some = source(signed_in), Seen()
        signed_in.clock = NOW + minutes * 2 * MINUTE
        try:
            for page in mailbox.pages(mailbox.streams()[0], position, KNOWN):
                some.take(page)
                position = page.position
        except Paced:
            pass
        seen += ids(some)
    assert sorted(seen, key=int) == [str(n) for n in range(90)]
    assert signed_in.google.calls[GET] == 90, "none twice"
    assert Reached.read(position.cursor).history == str(box.history) and not position.progress


# -- trouble -----------------------------------------------------------------------------------------


def test_a_token_that_ends_in_the_middle_of_a_page_is_renewed_once(signed_in: SignedIn) -> None:
    signed_in.page = 5
    fill(signed_in, 20)
    ended: list[str] = []

    def end(method: str) -> None:
        if method == GET and signed_in.google.calls[GET] == 8 and not ended:
            ended.append(method)
            signed_in.google.sign.expire()

    signed_in.google.on_call = end
    assert len(ids(go(signed_in))) == 20
    assert ended and signed_in.google.sign.refreshes == 2


def test_a_token_that_is_refused_is_renewed_once_and_no_more(signed_in: SignedIn) -> None:
    mailbox = source(signed_in)
    position = read(mailbox.pages(mailbox.streams()[0], Position(), KNOWN)).position
    signed_in.google.sign.expire()
    assert not read(mailbox.pages(mailbox.streams()[0], position, KNOWN), position).pages
    assert signed_in.google.sign.refreshes == 2
    history = "gmail.users.history.list"
    signed_in.google.calls.clear()
    signed_in.google.faults.extend(Fault("refuse", history, Refusal(401, "authError")) for _ in range(9))
    with pytest.raises(SignInRefused, match="kith login google"):
        read(mailbox.pages(mailbox.streams()[0], position, KNOWN), position)
    assert signed_in.google.calls[history] == 2


def test_a_call_inside_a_batch_that_fails_is_made_again_alone(signed_in: SignedIn) -> None:
    fill(signed_in, 6)
    signed_in.google.faults.append(Fault("refuse", GET, Refusal(429, "tooMany"), inner=True, skip=2))
    assert len(ids(go(signed_in))) == 6
    assert signed_in.google.calls[GET] == 7


@pytest.mark.parametrize("kind", ["page", "lost-part"])
def test_a_batch_answered_in_part_is_no_answer(signed_in: SignedIn, kind: str) -> None:
    fill(signed_in, 6)
    signed_in.google.faults.append(Fault(kind, GET, inner=True, skip=2))
    if kind == "page":  # the others' parts are in order: this one is asked for again alone
        assert len(ids(go(signed_in))) == 6
    else:
        with pytest.raises(TryLater):
            go(signed_in)
        assert len(ids(go(signed_in))) == 6


@pytest.mark.parametrize("method", [LIST, "gmail.users.getProfile", "gmail.users.labels.list"])
def test_a_page_in_place_of_an_answer_is_not_taken_for_an_empty_mailbox(signed_in: SignedIn, method: str) -> None:
    fill(signed_in, 3)
    signed_in.google.faults.append(Fault("page", method))
    with pytest.raises(TryLater):
        go(signed_in)
    assert len(ids(go(signed_in))) == 3


def test_a_message_google_will_not_show_is_listed_and_holds_up_no_other(signed_in: SignedIn) -> None:
    fill(signed_in, 6)
    signed_in.google.faults.append(Fault("refuse", GET, Refusal(400, "failedPrecondition"), inner=True, skip=2))
    seen = go(signed_in)
    assert len(ids(seen)) == 5 and len(seen.broken) == 1
    assert seen.position.cursor


def test_where_google_shows_none_the_place_does_not_move(signed_in: SignedIn) -> None:
    fill(signed_in, 3)
    for _ in range(3):
        signed_in.google.faults.append(Fault("refuse", GET, Refusal(403, "newPolicy"), inner=True))
    with pytest.raises(Refused, match="newPolicy"):
        go(signed_in)
    assert len(ids(go(signed_in))) == 3


def test_what_the_library_repeats_is_paid_for(signed_in: SignedIn) -> None:
    fill(signed_in, 6)
    signed_in.google.faults.append(Fault("drop-after", GET, inner=True, skip=5))
    connection = signed_in.connection()
    assert connection.mail is not None and connection.spent is not None
    read(connection.mail.pages(connection.mail.streams()[0], Position(), KNOWN))
    assert connection.spent() == signed_in.google.units > 12 * 20


def test_what_the_library_would_repeat_waits_where_the_minute_is_used_up(signed_in: SignedIn) -> None:
    signed_in.options["quota_per_minute"] = 1_000
    fill(signed_in, 30)
    signed_in.google.limit = 1_000
    signed_in.google.faults.append(Fault("drop-after", GET, inner=True, skip=29))
    with pytest.raises(Paced):
        go(signed_in)
    assert not signed_in.google.calls["refused"]


def test_what_fails_again_alone_waits_and_nothing_is_lost(signed_in: SignedIn) -> None:
    signed_in.page = 3
    fill(signed_in, 6)
    for inner in (True, False):
        refusal = Refusal(503, "backendError", retry_after="90")
        signed_in.google.faults.append(Fault("refuse", GET, refusal, inner=inner, skip=4 if inner else 0))
    mailbox, seen = source(signed_in), Seen()
    with pytest.raises(TryLater) as told:
        for page in mailbox.pages(mailbox.streams()[0], Position(), KNOWN):
            seen.take(page)
    assert told.value.after == timedelta(seconds=90)
    assert sorted(ids(seen) + ids(go(signed_in, seen.position)), key=int) == [str(n) for n in range(6)]


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_a_connection_that_ends_in_a_batch_loses_nothing(signed_in: SignedIn, kind: str) -> None:
    fill(signed_in, 6)
    for _ in range(2):  # the library tries once more by itself
        signed_in.google.faults.append(Fault(kind, GET, inner=True, skip=2))
    with pytest.raises(TryLater):
        go(signed_in)
    assert len(ids(go(signed_in))) == 6


def test_a_grant_taken_back_stops_this_account_alone_and_says_what_helps(
    google: GoogleDouble, rig: GoogleRig, store: Store, tmp_path: Path
) -> None:
    with MemoryBackend().rig(tmp_path / "other") as other:
        rigs: dict[str, Rig] = {"google": rig, "other": other}
        house = House(store, tmp_path, rigs)
        anna, boris = house.person("Anna", ANNA), house.person("Boris", BORIS)
        rig.add_mail("INBOX", letter(1, NOW - DAY, ANNA))
        other.add_mail("INBOX", letter(2, NOW - DAY, BORIS))
        google.sign.revoke(ME)
        house.clock += MINUTE
        report = run_cycle(house.deps())
        (said,) = report.account("google").errors
        assert "kith login google" in said and not report.account("other").errors, "one attempt for all its parts"
        assert (len(house.interactions(anna)), len(house.interactions(boris))) == (0, 1)
        with store.read() as conn:
            told = {a.name: a.trouble for a in overview(conn, house.settings, house.clock).accounts}
        assert "kith login google" in told["google"] and not told["other"]


def test_a_permission_that_was_not_given_is_named_with_what_is_lost(google: GoogleDouble, tmp_path: Path) -> None:
    account = SignedIn(google, tmp_path, scopes=SCOPES - {"https://www.googleapis.com/auth/gmail.modify"})
    with pytest.raises(NeedsUser, match="kith login google"):
        go(account)
    with pytest.raises(NeedsUser, match=r"Missing permission gmail.modify: .*labels.*kith login google"):
        account.connection().check()
    account.close()


def test_an_api_that_is_switched_off_is_an_error_of_check(signed_in: SignedIn) -> None:
    refusal = Refusal(403, "accessNotConfigured")
    signed_in.google.faults.append(Fault("refuse", "gmail.users.getProfile", refusal))
    with pytest.raises(NeedsUser, match=r"switched off.*Enable Gmail"):
        signed_in.connection().check()


def test_a_sign_in_as_somebody_else_is_noticed(google: GoogleDouble, tmp_path: Path) -> None:
    account = SignedIn(google, tmp_path, email="other@example.org")
    assert "Gmail of other@example.org, searched for known people" in account.connection().check()
    account.email = ME
    (line,) = [line for line in account.connection().check() if line.startswith("the sign-in is other@example.org")]
    assert ME in line and "sign in" in line
    account.close()


def test_a_sign_in_that_never_was_is_said_with_its_remedy(signed_in: SignedIn) -> None:
    signed_in.secrets.kept.clear()
    with pytest.raises(NeedsUser, match="Run: kith login google"):
        go(signed_in)
