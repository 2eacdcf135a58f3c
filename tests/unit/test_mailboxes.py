"""The same news once a mailbox, on made-up people."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from daemon.core.mailboxes import ALIKE, readers_of_another, told_already
from daemon.core.plan import Row
from daemon.core.states import EDITED, SENT, TAKEN_BACK, WITHDRAWN, WRITTEN
from daemon.core.wants import ASKED, DRAFT, THANKS, UPDATE, VISIT, Person, Want
from tests.unit.test_plan import NOW
from tests.unit.test_quarterly import person

OFFICE, FAMILY = "office@example.org", "family@example.org"
PURPOSES = st.sampled_from((UPDATE, VISIT, THANKS))


def reader(n: int, *boxes: str, tier: str = "") -> Person:
    return replace(person(n, tier), mailboxes=frozenset(boxes))


def want(who: int, purpose: str = UPDATE, period: str = "p") -> Want:
    return Want(f"{who}/{purpose}/{period}", DRAFT, purpose, who, period, NOW, "")


def row(of: Want, state: str) -> Row:
    return Row(of.key, DRAFT, of.purpose, of.contact_id, of.period, state)


@given(
    st.lists(
        st.tuples(
            st.frozensets(st.sampled_from((OFFICE, FAMILY, "desk@example.org"))),
            st.sampled_from(("key", "", "supporting")),
            PURPOSES,
            st.sampled_from((None, WRITTEN, SENT, WITHDRAWN)),
        ),
        max_size=8,
    )
)
def test_no_mailbox_gets_the_same_twice_and_only_who_shares_one_with_somebody_told_goes_without(
    given_: list[tuple[frozenset[str], str, str, str | None]],
) -> None:
    persons = {n: reader(n, *boxes, tier=tier) for n, (boxes, tier, _, _) in enumerate(given_)}
    wants = [want(n, purpose) for n, (_, _, purpose, _) in enumerate(given_)]
    rows = [row(w, state) for w, (_, _, _, state) in zip(wants, given_, strict=True) if state]
    found = told_already(wants, rows, persons)
    begun = {r.key for r in rows}
    left = [w for w in wants if w.key not in found and w.key not in begun]
    reached = {(r.purpose, box) for r in rows if r.state not in TAKEN_BACK for box in persons[r.contact_id].mailboxes}
    for w in left:
        if w.purpose in ALIKE:
            boxes = {(w.purpose, box) for box in persons[w.contact_id].mailboxes}
            assert not boxes & reached
            reached |= boxes
    by_key = {w.key: w for w in wants}
    for key, other in found.items():
        assert by_key[key].purpose in ALIKE and key not in begun
        assert persons[by_key[key].contact_id].mailboxes & other.mailboxes
        theirs = want(other.contact_id, by_key[key].purpose)
        assert theirs in left or theirs.key in begun, "whoever is named is told"


def test_the_nearer_tie_is_told_but_whose_letter_was_begun_stays() -> None:
    persons = {1: reader(1, OFFICE), 2: reader(2, OFFICE, tier="key")}
    one, two = want(1), want(2)
    assert told_already([one, two], [], persons) == {one.key: persons[2]}
    assert told_already([one, two], [row(one, SENT)], persons) == {two.key: persons[1]}
    assert told_already([one, two], [row(one, WITHDRAWN)], persons) == {}
    again = replace(one, key="again", period="p~1")
    assert told_already([again, two], [row(one, WITHDRAWN)], persons) == {again.key: persons[2]}


def test_who_would_be_told_more_than_the_other_is_told_and_what_the_file_says_now_counts() -> None:
    persons = {1: reader(1, OFFICE), 2: reader(2, OFFICE, tier="key"), 3: reader(3, OFFICE)}
    one, two, three = (
        replace(want(n), occasion=f"p:{says}") for n, says in ((1, "all.mentors"), (2, "all"), (3, "all"))
    )
    assert told_already([one, two, three], [], persons) == {three.key: persons[2]}
    before = replace(row(two, SENT), occasion="p:slip")
    assert told_already([one, two, three], [before], persons) == {three.key: persons[2]}
    assert told_already([three], [before], persons) == {}, "all of it is new"


def test_who_has_an_earlier_letter_lying_there_keeps_nobody_from_theirs() -> None:
    persons = {1: reader(1, OFFICE), 2: reader(2, OFFICE, tier="key")}
    earlier = row(want(2, period="o"), EDITED)
    assert told_already([want(1), want(2)], [earlier], persons) == {}
    assert told_already([want(1), want(2)], [replace(earlier, state=SENT)], persons) == {want(1).key: persons[2]}


def test_what_is_each_ones_own_or_was_asked_for_on_a_message_is_nobody_elses() -> None:
    persons = {1: reader(1, OFFICE), 2: reader(2, OFFICE)}
    for purpose, period in ((THANKS, "p"), (UPDATE, f"{ASKED}m")):
        assert told_already([want(1, purpose, period), want(2, purpose, period)], [], persons) == {}
    assert told_already([want(1), want(2, period="q")], [], persons) == {}, "other news"


def test_of_three_in_a_chain_the_ends_are_told() -> None:
    one, two, three = reader(1, OFFICE), reader(2, OFFICE, FAMILY), reader(3, FAMILY)
    assert readers_of_another([one, two, three]) == {2: one}
