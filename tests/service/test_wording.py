"""Texts read in passing: only where allowed, only what is new and somebody's own, and nothing of them is kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.memory import MemoryServer
from daemon.config.settings import AccountSettings
from daemon.core.errors import NeedsUser, Paced, Refused, TryLater
from daemon.core.guesses import Guess
from daemon.core.model import Account, Position
from daemon.service import suggesting
from daemon.service.contacts import Change, edit, pause
from daemon.service.cycle import run_cycle
from daemon.service.hand import unfreeze
from daemon.service.judging import Rules
from daemon.service.people import people
from daemon.store import addresses, contacts, cursors, metas, suggestions
from tests.contract.rig import ME
from tests.contract.rig_memory import MemoryRig
from tests.contract.samples import ANNA, BORIS, NOW, STRANGER
from tests.service.house import House, letter

HOUR = timedelta(hours=1)
WORK = "ann@example-works.example"
SECRET_WORDS = "I have recommended you to Oleg for the harpsichord post."
memory_only = pytest.mark.memory_only


def written(number: int, sender: str, text: str, to: str = ME, *, at: timedelta = HOUR, **headers: str) -> bytes:
    head, _, _ = letter(number, NOW + at, sender, to, **headers).partition(b"\r\n\r\n")
    return head + b"\r\n\r\n" + text.encode() + b"\r\n"


def box(house: House) -> MemoryRig:
    return next(iter(house.rigs.values()))  # type: ignore[return-value]


def server(house: House) -> MemoryServer:
    return box(house).server


def open_ones(house: House) -> Mapping[str, Guess]:
    with house.store.read() as conn:
        return {one.guess.kind: one.guess for one in suggestions.rows(conn)}


def answer(house: House, kind: str, *, accept: bool = True) -> str:
    with house.store.write() as conn:
        (number,) = [one.id for one in suggestions.rows(conn) if one.guess.kind == kind]
        if accept:
            return suggesting.accept(conn, Rules(house.settings.policies, house.clock), house.settings, number)
        return suggesting.decline(conn, number, house.clock)


@pytest.fixture
def allowed(house: House) -> House:
    """A house that has been at it for a round, with Ann kept, when its user allows texts to be read."""
    house.person("Ann Example", ANNA, WORK, language="en", organisation="Example Works")
    house.settings = replace(house.settings, read_wording=True)
    for rig in house.rigs.values():
        if hasattr(rig, "allow_texts"):
            rig.allow_texts()
    house.cycle()
    return house


# -- what is read, and what comes of it ---------------------------------------------------------------


def test_a_recommendation_in_a_text_is_asked_about_and_thanked_for(allowed: House) -> None:
    allowed.enable()
    box(allowed).add_mail("INBOX", written(1, ANNA, f"Dear Petra,\n\n{SECRET_WORDS}"))
    allowed.cycle(after=2 * HOUR)
    guess = open_ones(allowed)["recommendation"]
    assert guess.source == f"the words of their letter of {NOW:%Y-%m-%d} (recommended-you)"
    assert "harpsichord" not in repr(allowed.facts()) and "Oleg" not in repr(guess)
    answer(allowed, "recommendation")
    allowed.cycle()
    assert [(r.purpose, r.state) for r in allowed.ledger(kind="draft")] == [("thanks", "written")]
    facts = allowed.facts()
    allowed.cycle()
    assert allowed.facts() == facts


@memory_only
def test_with_it_off_nobody_is_asked_for_a_text(house: House) -> None:
    house.person("Ann Example", ANNA)
    for n in range(3):
        box(house).add_mail("INBOX", written(n, ANNA, SECRET_WORDS, at=n * HOUR))
        house.cycle(after=2 * HOUR)
    assert server(house).calls["mail.text"] == 0
    assert open_ones(house) == {}
    with house.store.read() as conn:
        assert metas.get(conn, f"{metas.WORDING}home") is None


def test_with_it_off_no_server_sees_a_text_asked_for(house: House) -> None:
    """The strict doubles fail this themselves: `Rig.allow_texts` was not called."""
    house.person("Ann Example", ANNA)
    box(house).add_mail("INBOX", written(1, ANNA, SECRET_WORDS))
    house.cycle(after=2 * HOUR)
    assert open_ones(house) == {}


@memory_only
def test_only_new_letters_of_people_kept_are_read(house: House) -> None:
    kept, known = "kept@example.test", "known@example.test"
    house.settings = replace(house.settings, read_wording=True)
    house.person("Known Only", known, circles=())
    house.person("Kept", kept)
    paused = house.person("Paused", "paused@example.test")
    with house.store.write() as conn:
        pause(conn, paused, None)
    rig = box(house)
    rig.add_mail("INBOX", written(1, kept, SECRET_WORDS, at=-HOUR))  # before they were kept
    house.cycle()
    rig.add_mail("INBOX", written(2, known, SECRET_WORDS))
    rig.add_mail("INBOX", written(3, STRANGER, SECRET_WORDS))
    rig.add_mail("INBOX", written(4, "paused@example.test", SECRET_WORDS))
    rig.add_mail("INBOX", written(6, kept, SECRET_WORDS, Precedence="bulk"))
    rig.add_mail("INBOX", written(7, kept, SECRET_WORDS, List_Id="<list.example.test>"))
    rig.add_mail("INBOX", written(8, kept, SECRET_WORDS, ", ".join(f"p{n}@example.test" for n in range(20))))
    rig.add_mail("Sent", written(9, ME, SECRET_WORDS, kept))
    rig.add_mail("Junk", written(10, kept, SECRET_WORDS))
    rig.add_mail("INBOX", written(11, f"{kept}, {known}", SECRET_WORDS))
    rig.add_mail("INBOX", written(12, kept, SECRET_WORDS), draft=True)
    house.cycle(after=2 * HOUR)
    assert server(house).calls["mail.text"] == 0
    rig.add_mail("INBOX", written(13, kept, SECRET_WORDS, at=3 * HOUR))
    house.cycle(after=2 * HOUR)
    assert server(house).calls["mail.text"] == 1
    house.cycle()
    assert server(house).calls["mail.text"] == 1


@memory_only
def test_a_pause_that_is_over_is_none(allowed: House) -> None:
    with allowed.store.write() as conn:
        pause(conn, 1, allowed.clock + timedelta(minutes=20))
    box(allowed).add_mail("INBOX", written(1, ANNA, SECRET_WORDS))
    allowed.cycle(after=2 * HOUR)
    assert server(allowed).calls["mail.text"] == 1


@memory_only
def test_what_comes_late_is_no_news(allowed: House) -> None:
    box(allowed).add_mail("INBOX", written(1, ANNA, SECRET_WORDS))
    allowed.cycle(after=timedelta(days=31))
    assert server(allowed).calls["mail.text"] == 0
    assert len(allowed.interactions(1)) == 1


@memory_only
def test_history_is_not_read_when_somebody_is_added(allowed: House) -> None:
    for n in range(5):
        box(allowed).add_mail("INBOX", written(n, BORIS, SECRET_WORDS, at=n * HOUR))
    allowed.cycle(after=6 * HOUR)
    allowed.person("Boris Example", BORIS)
    allowed.cycle()
    assert server(allowed).calls["mail.text"] == 0
    assert len(allowed.interactions(2)) == 5


@memory_only
def test_what_came_before_the_permission_or_while_it_was_withdrawn_is_not_read(house: House) -> None:
    house.person("Ann Example", ANNA)
    rig, settings = box(house), house.settings
    for n, on in enumerate((False, True, False, True)):
        rig.add_mail("INBOX", written(n, ANNA, SECRET_WORDS, at=timedelta(hours=2 * n + 1)))
        house.settings = replace(settings, read_wording=on)
        house.cycle(after=2 * HOUR)
    assert server(house).calls["mail.text"] == 0


@memory_only
@pytest.mark.parametrize(
    ("employer", "said", "read"),
    [(False, None, True), (True, None, False), (True, True, True), (False, False, False)],
)
def test_an_employers_account_is_read_only_if_that_was_said(
    allowed: House, employer: bool, said: bool | None, read: bool
) -> None:
    account = AccountSettings(Account("home", "memory", ME, employer=employer), read_wording=said)
    allowed.settings = replace(allowed.settings, accounts=(account,))
    allowed.cycle()
    box(allowed).add_mail("INBOX", written(1, ANNA, SECRET_WORDS))
    allowed.cycle(after=2 * HOUR)
    assert (server(allowed).calls["mail.text"] == 1) is read


@memory_only
def test_declined_once_it_is_never_asked_again_even_after_a_rescan(allowed: House) -> None:
    rig = box(allowed)
    rig.add_mail("INBOX", written(1, ANNA, SECRET_WORDS))
    allowed.cycle(after=2 * HOUR)
    answer(allowed, "recommendation", accept=False)
    mail = allowed.connections()["home"].mail
    assert mail is not None
    for stream in mail.streams():
        with allowed.store.write() as conn:
            cursors.put(conn, "home", "mail", stream, Position())
    allowed.cycle()
    assert open_ones(allowed) == {}
    assert server(allowed).calls["mail.text"] == 1


# -- trouble ------------------------------------------------------------------------------------------


@memory_only
@pytest.mark.parametrize("error", [TryLater("slow"), NeedsUser("no", "way"), Refused("no")])
def test_a_text_that_cannot_be_had_costs_one_suggestion_and_no_letter(allowed: House, error: Exception) -> None:
    raised: list[str] = []

    def fail(name: str) -> None:
        if name == "mail.text" and not raised:
            raised.append(name)
            raise error

    server(allowed).on_call = fail
    for n in range(3):
        box(allowed).add_mail("INBOX", written(n, ANNA, SECRET_WORDS, at=timedelta(minutes=n + 1)))
    allowed.cycle(after=2 * HOUR)  # asserts that nothing failed
    allowed.cycle()
    assert len(allowed.interactions(1)) == 3
    with allowed.store.read() as conn:
        assert len(suggestions.rows(conn)) == 2
    assert server(allowed).calls["mail.text"] == 3


@memory_only
def test_a_budget_used_up_costs_nothing(allowed: House) -> None:
    raised: list[str] = []

    def pace(name: str) -> None:
        if name == "mail.text" and not raised:
            raised.append(name)
            raise Paced("wait", timedelta(minutes=1))

    server(allowed).on_call = pace
    box(allowed).add_mail("INBOX", written(1, ANNA, SECRET_WORDS))
    allowed.cycle(after=2 * HOUR)
    assert open_ones(allowed) == {}
    allowed.cycle()
    assert set(open_ones(allowed)) == {"recommendation"}


@memory_only
def test_what_is_too_much_for_one_round_follows_in_the_next(allowed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.service.texts.AT_ONCE", 2)
    for n in range(5):
        box(allowed).add_mail("INBOX", written(n, ANNA, SECRET_WORDS, at=timedelta(minutes=n + 1)))
    seen = []
    for _ in range(4):
        allowed.cycle(after=2 * HOUR)
        seen.append(server(allowed).calls["mail.text"])
    assert seen == [2, 4, 5, 5]


@memory_only
def test_asked_to_stop_it_goes_on_where_it_was(allowed: House) -> None:
    for n in range(3):
        box(allowed).add_mail("INBOX", written(n, ANNA, SECRET_WORDS, at=timedelta(minutes=n + 1)))
    allowed.clock += HOUR
    stopped = run_cycle(allowed.deps(should_stop=lambda: server(allowed).calls["mail.text"] >= 1))
    assert stopped.stopped and server(allowed).calls["mail.text"] == 1
    allowed.cycle()
    assert server(allowed).calls["mail.text"] == 3
    with allowed.store.read() as conn:
        assert len(suggestions.rows(conn)) == 3


@memory_only
def test_nothing_of_a_text_reaches_a_log_or_an_error(allowed: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    box(allowed).add_mail("INBOX", written(1, ANNA, SECRET_WORDS))
    box(allowed).add_mail("INBOX", written(2, ANNA, "Harpsichord news only.", at=timedelta(minutes=3)))
    report = allowed.cycle(after=2 * HOUR)
    assert "harpsichord" not in (caplog.text + repr(report) + repr(allowed.facts())).lower()
    assert "harpsichord" not in json.dumps([g.question + g.source + str(g.about) for g in open_ones(allowed).values()])


# -- introductions -------------------------------------------------------------------------------------


@memory_only
@pytest.mark.parametrize(
    ("to", "asked"),
    [(f"{ME}, {STRANGER}, other@example.test", True), (ME, False), (f"{ME}, {BORIS}, other@example.test", False)],
)
def test_an_introduction_takes_a_third_person_who_is_no_old_acquaintance(allowed: House, to: str, asked: bool) -> None:
    allowed.person("Boris Example", BORIS)
    box(allowed).add_mail("INBOX", written(1, BORIS, "Hello", at=timedelta(minutes=1)))
    allowed.cycle(after=HOUR)
    said = written(2, ANNA, "I'm putting you two in touch.", to, In_Reply_To="<0@example.org>")
    box(allowed).add_mail("INBOX", said)
    allowed.cycle(after=HOUR)
    assert ("introduction" in open_ones(allowed)) is asked


# -- leaving -------------------------------------------------------------------------------------------

FAREWELL = "Dear all,\n\ntoday is my last day at Example Works."


@memory_only
def test_who_has_left_is_written_to_elsewhere(allowed: House) -> None:
    allowed.enable()
    box(allowed).add_mail("INBOX", written(1, WORK, FAREWELL))
    allowed.cycle(after=2 * HOUR)
    guess = open_ones(allowed)["left"]
    assert guess.question == "Has Ann Example left Example Works?"
    assert answer(allowed, "left").startswith("Noted: Ann Example has left Example Works.")
    with allowed.store.read() as conn:
        ann = contacts.load(conn, [1])[1]
        assert (ann.fields["organisation"], ann.fields["title"]) == ("", "")
        states = addresses.states(conn, [ANNA, WORK])
        assert (states[ANNA].frozen_reason, states[WORK].frozen_reason) == ("", "they work there no more")
        (person,) = people(conn, allowed.settings, allowed.clock, only=[1])
        assert person.reachable
    allowed.cycle()
    assert allowed.ledger(kind="draft") == []  # nobody is congratulated
    box(allowed).add_mail("INBOX", written(2, WORK, FAREWELL, at=3 * HOUR))
    allowed.cycle(after=2 * HOUR)
    assert open_ones(allowed) == {}
    with allowed.store.write() as conn:
        unfreeze(conn, WORK, allowed.clock)


@memory_only
@pytest.mark.parametrize("besides", [(), ("no-reply@ann.example",), ("bounces-back@ann.example",)])
def test_the_only_address_stays_in_use(house: House, besides: Sequence[str]) -> None:
    house.person("Ann Example", WORK, *besides, organisation="Example Works", title="Head of Data")
    house.settings = replace(house.settings, read_wording=True)
    house.cycle()
    box(house).add_mail("INBOX", written(1, WORK, FAREWELL))
    house.cycle(after=2 * HOUR)
    with house.store.write() as conn:
        addresses.freeze(conn, "bounces-back@ann.example", "it bounced", house.clock)
    assert "the only address" in answer(house, "left")
    with house.store.read() as conn:
        assert addresses.states(conn, [WORK])[WORK].frozen_reason == ""
        assert contacts.load(conn, [1])[1].fields["title"] == ""


@memory_only
def test_what_the_user_wrote_of_the_next_employer_stays(allowed: House) -> None:
    box(allowed).add_mail("INBOX", written(1, WORK, FAREWELL))
    allowed.cycle(after=2 * HOUR)
    with allowed.store.write() as conn:
        now_at = Change(fields={"organisation": "Sample Ltd", "title": "Editor"})
        edit(conn, Rules(allowed.settings.policies, allowed.clock), 1, now_at)
    answer(allowed, "left")
    with allowed.store.read() as conn:
        fields = contacts.load(conn, [1])[1].fields
    assert (fields["organisation"], fields["title"]) == ("Sample Ltd", "Editor")


@memory_only
def test_a_mailbox_may_say_that_its_owner_has_left_and_is_no_contact(allowed: House) -> None:
    text = "Ann Example is no longer with Example Works. I have recommended you to my successor."
    box(allowed).add_mail("INBOX", written(1, WORK, text, Auto_Submitted="auto-replied"))
    box(allowed).add_mail("INBOX", written(2, WORK, text, Subject="Automatic reply: hello", at=timedelta(minutes=9)))
    allowed.cycle(after=2 * HOUR)
    assert [(one[2], one[3]) for one in allowed.interactions(1)] == [(False, "auto-reply")] * 2
    assert set(open_ones(allowed)) == {"left"}
    answer(allowed, "left", accept=False)
    box(allowed).add_mail("INBOX", written(3, WORK, text, Auto_Submitted="auto-replied", at=3 * HOUR))
    allowed.cycle(after=2 * HOUR)
    assert open_ones(allowed) == {}


@memory_only
def test_a_new_employer_shows_and_the_user_may_take_it_back(allowed: House) -> None:
    box(allowed).add_mail("INBOX", written(1, WORK, FAREWELL))
    allowed.cycle(after=2 * HOUR)
    answer(allowed, "left")
    with allowed.store.write() as conn:
        edit(conn, Rules(allowed.settings.policies, allowed.clock), 1, Change(fields={"organisation": "Example Works"}))
        assert contacts.load(conn, [1])[1].fields["organisation"] == "Example Works"
