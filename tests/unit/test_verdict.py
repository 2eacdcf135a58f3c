"""core.verdict, core.identity, core.cadence: the rules of "What counts", one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.cadence import LastContact, interval
from daemon.core.identity import mail_identity, meeting_identity, moment
from daemon.core.model import Answer, Direction, FolderRole, Mail, Meeting, Role, Signal
from daemon.core.policy import MONTH, QUARTER, YEAR, Policies, Policy
from daemon.core.resolve import resolve
from daemon.core.verdict import Caps, MailFacts, MeetingFacts, Verdict, judge_mail, judge_meeting, reduce

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CAPS = Caps()
IN = MailFacts(Direction.IN, Role.FROM, FolderRole.INBOX, False, 1, 1, frozenset())
OUT = MailFacts(Direction.OUT, Role.TO, FolderRole.SENT, False, 1, 1, frozenset())


def rule(facts: MailFacts, caps: Caps = CAPS) -> str:
    return judge_mail(facts, caps).rule


def test_a_letter_either_way_counts() -> None:
    assert judge_mail(IN, CAPS) == judge_mail(OUT, CAPS) == Verdict(True, "counted")


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (replace(OUT, draft=True), "draft"),
        (replace(OUT, folder=FolderRole.DRAFTS), "draft"),
        (replace(IN, folder=FolderRole.JUNK), "junk"),
        (replace(IN, folder=FolderRole.TRASH), "trash"),
        (replace(IN, senders=2), "several-senders"),
        (replace(IN, senders=0), "several-senders"),
        (replace(IN, signals=frozenset({Signal.INVITATION})), "invitation"),
        (replace(IN, signals=frozenset({Signal.AUTO_SUBMITTED})), "auto-submitted"),
        (replace(IN, signals=frozenset({Signal.AUTO_REPLY})), "auto-reply"),
        (replace(IN, signals=frozenset({Signal.BOUNCE})), "bounce"),
        (replace(IN, direction=None, role=Role.CC), "third-person"),
        (replace(IN, direction=None, role=Role.TO), "third-person"),
        (replace(OUT, role=Role.CC), "cc-only"),
        (replace(IN, recipients=11), "mass-mail"),
        (replace(OUT, recipients=11), "mass-mail"),
        (replace(IN, signals=frozenset({Signal.LIST})), "unanswered-list-or-bulk"),
    ],
)
def test_each_rule_has_its_name(facts: MailFacts, name: str) -> None:
    assert rule(facts) == name


def test_caps_are_the_contacts_own() -> None:
    assert rule(replace(IN, recipients=10)) == "counted"
    assert rule(replace(IN, recipients=3), Caps(max_recipients=2)) == "mass-mail"
    assert rule(replace(OUT, role=Role.CC), Caps(count_cc=True)) == "counted"


def test_a_hint_alone_does_not_decide_once_the_user_answered() -> None:
    listed = replace(IN, signals=frozenset({Signal.LIST}))
    assert rule(replace(listed, answered=True)) == "counted"
    machine = replace(IN, signals=frozenset({Signal.LIST, Signal.AUTO_SUBMITTED}), answered=True)
    assert rule(machine) == "auto-submitted"


HELD = MeetingFacts(NOW - timedelta(hours=1), NOW, False, False, 2, Answer.ACCEPTED, Answer.ACCEPTED)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (HELD, "counted"),
        (replace(HELD, cancelled=True), "cancelled"),
        (replace(HELD, special="focusTime"), "special-focusTime"),
        (replace(HELD, all_day=True), "all-day"),
        (replace(HELD, my_answer=Answer.DECLINED), "declined"),
        (replace(HELD, their_answer=Answer.DECLINED), "declined-by-contact"),
        (replace(HELD, people=13), "too-many-people"),
        (replace(HELD, people=12), "counted"),
        (replace(HELD, ends_at=NOW + timedelta(minutes=1)), "upcoming"),
        (replace(HELD, read_at=NOW - timedelta(hours=2)), "calendar-not-read-since"),
        (replace(HELD, read_at=None), "calendar-not-read-since"),
        (replace(HELD, my_answer=Answer.NONE, their_answer=Answer.TENTATIVE), "counted"),
    ],
)
def test_a_meeting_counts_once_held_and_read_after_its_end(facts: MeetingFacts, name: str) -> None:
    assert judge_meeting(facts, CAPS, NOW).rule == name


@given(st.permutations([Verdict(True, "counted"), Verdict(False, "draft"), Verdict(False, "junk")]))
def test_copies_are_reduced_in_any_order(copies: list[Verdict]) -> None:
    assert reduce(copies) == Verdict(True, "counted")
    assert reduce([*copies, Verdict(False, "cancelled")]) == Verdict(False, "cancelled")


def mail(**facts: object) -> Mail:
    base = Mail(
        item_id="1:1",
        message_id="<a@example.org>",
        date=NOW - timedelta(days=1),
        received=NOW - timedelta(hours=23),
        senders=("ada@example.org",),
        to=("me@example.org",),
        cc=(),
        recipients=1,
        subject="Plans",
    )
    return base._replace(**facts)  # type: ignore[arg-type]


def test_identity_is_the_message_wherever_it_lies() -> None:
    assert mail_identity(mail()) == mail_identity(mail(item_id="9:9", received=NOW, subject="[list] Plans"))
    assert mail_identity(mail()) != mail_identity(mail(senders=("eve@example.org",)))
    assert mail_identity(mail()) != mail_identity(mail(message_id="<b@example.org>"))


@pytest.mark.parametrize("none", ["", "<>", " < > "])
def test_without_a_message_id_date_people_and_subject_are_the_identity(none: str) -> None:
    bare = mail(message_id=none)
    assert mail_identity(bare) == mail_identity(bare._replace(received=NOW, item_id="2:2"))
    assert mail_identity(bare) != mail_identity(bare._replace(subject="Other"))
    dateless = bare._replace(date=None)
    assert mail_identity(dateless) != mail_identity(dateless._replace(received=NOW))


def test_an_absurd_or_future_date_falls_back_to_the_servers() -> None:
    received = NOW - timedelta(hours=23)
    for absurd in (NOW + timedelta(days=30), datetime(3609, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), None):
        assert moment(mail(date=absurd), NOW) == received
    assert moment(mail(date=received + timedelta(days=3), received=received), NOW + timedelta(days=9)) == received
    assert moment(mail(date=None, received=None), NOW) is None


def test_an_instance_is_its_uid_and_original_start() -> None:
    at = NOW - timedelta(days=1)
    one = Meeting("u", at, at, at + timedelta(hours=1))
    moved = replace(one, start=at + timedelta(hours=3), end=at + timedelta(hours=4))
    assert meeting_identity(one) == meeting_identity(moved)
    assert meeting_identity(one) != meeting_identity(replace(one, original=at + timedelta(days=7)))


def test_the_nearest_policy_wins_and_says_so() -> None:
    shipped = Policies()
    assert (resolve(shipped, {"ada"}, ["hr"], "").cadence, resolve(shipped, {"ada"}, ["hr"], "").rule) == (
        QUARTER,
        "circle hr",
    )
    assert resolve(shipped, {"ada"}, ["mentor", "hr"], "").cadence == MONTH
    assert resolve(shipped, {"ada"}, ["mentor"], "supporting").cadence == YEAR
    assert resolve(shipped, {"ada"}, ["mentor"], "regular").rule == "circle mentor"
    assert resolve(shipped, {"ada"}, ["friend"], "").rule == "default"
    own = replace(shipped, contacts={"Ada": Policy(cadence=timedelta(days=10))})
    assert resolve(own, {"ada"}, ["mentor"], "key").rule == "contact"


def test_several_circles_unite_their_wishes_and_keep_the_stricter_cap() -> None:
    circles = {
        "a": Policy(drafts=frozenset({"thanks"}), max_people=4),
        "b": Policy(drafts=frozenset({"update"}), max_people=2),
    }
    found = resolve(Policies(circles=circles), set(), ["a", "b"], "")
    assert found.drafts == {"thanks", "update"}
    assert found.caps.max_people == 2


def test_last_contact_is_the_latest_that_resets() -> None:
    last = LastContact(inbound=NOW, outbound=NOW - timedelta(days=2), meeting=NOW - timedelta(days=1))
    assert last.reset({"outbound", "meeting", "logged"}) == NOW - timedelta(days=1)
    assert last.reset({"inbound"}) == NOW
    assert LastContact().reset({"outbound"}) is None
    assert interval(MONTH, 1) == MONTH
    assert interval(MONTH, 2) == 2 * MONTH
