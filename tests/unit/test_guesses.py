"""core.guesses: what is asked about, and what never is. Each question saved is one the user need not decline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from daemon.core.cadence import LastContact
from daemon.core.guesses import (
    Employer,
    Letter,
    Work,
    day_of_work,
    introduced,
    new_job,
    other_day,
    recommended,
    silence,
    told,
)
from daemon.core.model import NamedDate
from daemon.core.phrases import LEFT
from daemon.core.policy import Policies
from daemon.core.reasons import ACHIEVEMENT, INTRODUCTION, JOB, RECOMMENDATION, Noted, Yearly
from daemon.core.resolve import Resolver
from daemon.core.wants import Person

AT = datetime(2026, 11, 18, 9, tzinfo=UTC)
OUT_OF_THE_BLUE = Letter(
    1, "Ann Example", "<a@x>", AT, recipients=2, begins=True, others_known=0, inside=False, subject="Hello"
)
POLICY = Resolver(Policies(), AT.date()).of(set(), (), "")
ANN = Person(1, "u1", "Ann Example", ("partner",), "", "", POLICY)
SAYS_SO = replace(OUT_OF_THE_BLUE, subject="An introduction", recipients=4)


@pytest.mark.parametrize(
    ("letter", "read", "asked"),
    [
        (OUT_OF_THE_BLUE, False, True),
        (replace(OUT_OF_THE_BLUE, recipients=3), False, False),
        (replace(OUT_OF_THE_BLUE, begins=False), False, False),
        (replace(OUT_OF_THE_BLUE, others_known=1), False, False),
        (replace(OUT_OF_THE_BLUE, inside=True), False, False),
        (SAYS_SO, True, True),
        (SAYS_SO, False, False),
        (replace(SAYS_SO, recipients=5), True, False),
        (replace(SAYS_SO, others_known=1), True, False),
    ],
)
def test_an_introduction_is_a_letter_out_of_the_blue_to_one_other_nobody_knew(
    letter: Letter, read: bool, asked: bool
) -> None:
    found = introduced(letter, read_wording=read)
    assert (found is not None) is asked
    assert found is None or (found.mark, found.about["at"]) == ("introduction:<a@x>", "2026-11-18")


@pytest.mark.parametrize(
    ("subject", "read", "asked"),
    [
        ("I recommended you", True, True),
        ("Рекомендация для тебя", True, True),
        ("I recommended you", False, False),
        ("Could you recommend somebody?", True, False),
        ("Lunch", True, False),
    ],
)
def test_a_subject_speaks_of_a_recommendation_only_where_words_may_be_read(
    subject: str, read: bool, asked: bool
) -> None:
    found = recommended(replace(OUT_OF_THE_BLUE, subject=subject), read_wording=read)
    assert (found.mark if found else "") == ("recommendation:<a@x>" if asked else "")


@pytest.mark.parametrize(
    ("letter", "kinds"),
    [
        (replace(OUT_OF_THE_BLUE, recipients=4), [INTRODUCTION, RECOMMENDATION, LEFT]),
        (replace(OUT_OF_THE_BLUE, recipients=1), [RECOMMENDATION, LEFT]),  # nobody there to be introduced to
        (replace(OUT_OF_THE_BLUE, recipients=5), [RECOMMENDATION, LEFT]),
        (replace(OUT_OF_THE_BLUE, inside=True), [RECOMMENDATION, LEFT]),
        (replace(OUT_OF_THE_BLUE, others_known=1), [RECOMMENDATION, LEFT]),
    ],
)
def test_words_of_an_introduction_need_a_third_person_nobody_knew(letter: Letter, kinds: list[str]) -> None:
    says = {INTRODUCTION: "introduce", RECOMMENDATION: "recommended-you", LEFT: "last-day"}
    assert [g.kind for g in told(letter, says, Employer("u1", "Example"))] == kinds
    assert LEFT not in {g.kind for g in told(letter, says, Employer("u1"))}  # nothing they could have left


@pytest.mark.parametrize(
    ("before", "after", "asked"),
    [
        (Work("Old Works", "Editor"), Work("Example", "Editor"), "Has Ann Example a new job: Editor, Example?"),
        (Work("Example", "Editor"), Work("Example", "Head"), "Has Ann Example a new title: Head, Example?"),
        (Work("", ""), Work("Example", "Editor"), ""),  # a first word on it
        (Work("Example", "Editor"), Work("", ""), ""),
        (Work("Example", "Editor"), Work("EXAMPLE Ltd.", "editor"), ""),  # another spelling
    ],
)
def test_another_employer_or_title_is_news_and_a_first_word_or_spelling_is_not(
    before: Work, after: Work, asked: str
) -> None:
    found = new_job(1, "u1", "Ann Example", before, after, "cards")
    assert (found.question if found else "") == asked


def test_the_day_of_a_new_job_is_asked_about_when_it_comes_round() -> None:
    job, talk = (Noted(kind, kind, date(2026, 1, 1), AT) for kind in (JOB, ACHIEVEMENT))
    assert list(day_of_work(ANN, [job], date(2026, 10, 27))) == []
    (asked,) = day_of_work(ANN, [job, talk], date(2026, 10, 28))
    assert asked.about == {"kind": "work", "when": "2026-01-01"}
    known = replace(ANN, yearly=(Yearly("work", "2020-01-01"),))
    assert list(day_of_work(known, [job], date(2026, 12, 1))) == []


def test_a_wedding_in_an_address_book_is_asked_about_and_one_the_user_named_is_not() -> None:
    wedding = NamedDate("wedding", "2015-05-17", "")
    (asked,) = other_day(ANN, [(wedding, "cards"), (NamedDate("birthday", "1980-05-17", ""), "cards")])
    assert asked.source == "an anniversary in cards"
    assert list(other_day(ANN, [(wedding, "hand")])) == []
    known = replace(ANN, yearly=(Yearly("work", "2020-01-01"),))
    assert list(other_day(known, [(wedding, "cards")])) == []


def test_a_pause_is_proposed_after_four_letters_once_for_each_silence() -> None:
    waits = replace(ANN, unanswered=4, last=LastContact(inbound=AT, outbound=AT))
    assert list(silence(replace(waits, unanswered=3))) == []
    (asked,) = silence(waits)
    assert next(iter(silence(replace(waits, unanswered=6)))).mark == asked.mark
    (anew,) = silence(replace(waits, last=LastContact(inbound=AT.replace(year=2027))))
    assert anew.mark != asked.mark
