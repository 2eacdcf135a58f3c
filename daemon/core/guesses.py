"""Guesses at reasons to write: each is a question to the user, and nothing follows from it until they accept. Pure.

A guess has a ``mark`` that names it for ever: what was declined once is never asked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from daemon.core.address import domain_of
from daemon.core.anniversaries import years
from daemon.core.cadence import proposes_pause
from daemon.core.making import stamp
from daemon.core.model import NamedDate
from daemon.core.names import fold
from daemon.core.organisations import fold_organisation
from daemon.core.phrases import LEFT
from daemon.core.reasons import INTRODUCTION, JOB, RECOMMENDATION, WORK, Noted
from daemon.core.wants import Person

PAUSE = "pause"
RHYTHM = "rhythm"
ANNIVERSARY = "anniversary"

_RECOMMENDS = re.compile(r"\brecommend(?:ation|ed|ing)?\b|\breferral\b|\breference for\b|рекоменд(?:ац|у|ов)", re.I)
_INTRODUCES = re.compile(r"\bintro(?:duction|ducing)?\b|\bmeet\b.*\bmeet\b|знаком(?:ств|лю|ьтесь)|познаком", re.I)


@dataclass(frozen=True, slots=True)
class Guess:
    """One question. ``about`` is what acceptance needs to know; ``source`` what was seen, for people to read."""

    mark: str
    kind: str
    contact_id: int
    question: str
    source: str
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message from somebody kept, by what is stored of it.

    ``recipients`` counts everybody it went to; ``known`` are the other known people among them who had no contact
    with the user before it. ``begins`` a conversation: it answers nothing.
    """

    contact_id: int
    name: str
    identity: str
    at: datetime
    recipients: int
    begins: bool
    others_known: int  # known people among the recipients with whom the user was in touch before
    inside: bool
    subject: str = ""


def introduced(letter: Letter, *, read_wording: bool) -> Guess | None:
    """Somebody wrote, out of the blue, to the user and exactly one other: perhaps to introduce the two.

    Not among colleagues, and not where the other is an old acquaintance. With ``read_wording`` the subject's words
    make it an introduction among three or more, too.
    """
    if letter.inside or not letter.begins or letter.others_known:
        return None
    says_so = read_wording and bool(_INTRODUCES.search(letter.subject))
    if letter.recipients != 2 and not (says_so and letter.recipients <= 4):
        return None
    return _introduced(letter, "the words of its subject" if says_so else "a letter to you and one other")


def _introduced(letter: Letter, source: str) -> Guess:
    return _did(INTRODUCTION, letter, f"introduce you to somebody on {letter.at:%Y-%m-%d}", source)


@dataclass(frozen=True, slots=True)
class Employer:
    """Where the contact of this uid works, by what is known: the organisation's name, and the address there.

    ``address`` is "" where the letter came from an address of the contact's own, which says nothing of employers.
    """

    uid: str
    organisation: str = ""
    address: str = ""

    @property
    def domain(self) -> str:
        """The employer's mail domain, as far as it is known."""
        return domain_of(self.address)

    @property
    def known(self) -> bool:
        """Whether there is anything they could have left."""
        return bool(self.organisation or self.address)


def told(letter: Letter, says: Mapping[str, str], employer: Employer) -> Iterable[Guess]:
    """What the words of a letter suggest; ``says`` is what `core.sayings` found in them, by the names of its rules.

    An introduction takes a third person, whom the user does not know yet.
    """
    for kind, rule in says.items():
        source = f"the words of their letter of {letter.at:%Y-%m-%d} ({rule})"
        if kind == RECOMMENDATION:
            yield _recommended(letter, source)
        elif kind == INTRODUCTION and 2 <= letter.recipients <= 4 and not letter.inside and not letter.others_known:
            yield _introduced(letter, source)
        elif kind == LEFT and employer.known:
            yield Guess(
                mark=f"{LEFT}:{employer.uid}:{employer.domain or fold_organisation(employer.organisation)}",
                kind=LEFT,
                contact_id=letter.contact_id,
                question=f"Has {letter.name} left {employer.organisation or employer.domain}?",
                source=source,
                about={**_about(letter), "organisation": employer.organisation, "address": employer.address},
            )


def recommended(letter: Letter, *, read_wording: bool) -> Guess | None:
    """The words of a subject speak of a recommendation; only where the user allowed kith to look at words."""
    if not read_wording or "?" in letter.subject or not _RECOMMENDS.search(letter.subject):
        return None
    return _recommended(letter, "the words of its subject")


def _recommended(letter: Letter, source: str) -> Guess:
    return _did(RECOMMENDATION, letter, f"recommend you, in a letter of {letter.at:%Y-%m-%d}", source)


def _did(kind: str, letter: Letter, what: str, source: str) -> Guess:
    question = f"Did {letter.name} {what}?"
    return Guess(f"{kind}:{letter.identity}", kind, letter.contact_id, question, source, _about(letter))


def _about(letter: Letter) -> Mapping[str, str]:
    return {"identity": letter.identity, "at": letter.at.date().isoformat()}


@dataclass(frozen=True, slots=True)
class Work:
    """Where somebody works and as what."""

    organisation: str
    title: str

    @property
    def said(self) -> str:
        """As one line, for a letter: "Head of Data, Example"."""
        return ", ".join(part for part in (self.title, self.organisation) if part)


def new_job(contact_id: int, uid: str, name: str, before: Work, after: Work, source: str) -> Guess | None:
    """An address book says something else than it did; a first word on it, or another spelling, is no news."""
    moved = _differ(fold_organisation(before.organisation), fold_organisation(after.organisation))
    titled = _differ(fold(before.title), fold(after.title))
    if not moved and not titled:
        return None
    return Guess(
        mark=job_mark(uid, after),
        kind=JOB,
        contact_id=contact_id,
        question=f"Has {name} a new {'job' if moved else 'title'}: {after.said}?",
        source=f"{source} (before: {before.said})",
        about={"title": after.said if moved else after.title},
    )


def job_mark(uid: str, work: Work) -> str:
    """What names the guess that somebody now works there, as that."""
    return f"{JOB}:{uid}:{fold_organisation(work.organisation)}:{fold(work.title)}"


def _differ(before: str, after: str) -> bool:
    return bool(before and after) and before != after


def day_of_work(person: Person, noted: Iterable[Noted], today: date) -> Iterable[Guess]:
    """A new job noted last year comes round: is its day one to congratulate on from now on?"""
    if any(y.kind == WORK for y in person.yearly):
        return
    for one in noted:
        if one.kind == JOB and (today - one.day).days >= 300:
            yield Guess(
                mark=f"{ANNIVERSARY}:{person.uid}:{one.day}",
                kind=ANNIVERSARY,
                contact_id=person.contact_id,
                question=f"Congratulate {person.name} on the years at their work, from {one.day} on?",
                source="a new job you noted",
                about={"kind": WORK, "when": one.day.isoformat()},
            )


def other_day(person: Person, dates: Iterable[tuple[NamedDate, str]]) -> Iterable[Guess]:
    """An address book's anniversary is a wedding by itself (RFC 6350 6.2.6); only the user can say that it is not."""
    if any(y.kind == WORK for y in person.yearly):
        return
    for named, source in dates:
        if named.kind == "wedding" and source != "hand" and (years(named.when, date.max) or 1) > 0:
            yield Guess(
                mark=f"{ANNIVERSARY}:{person.uid}:{named.when}",
                kind=ANNIVERSARY,
                contact_id=person.contact_id,
                question=f"Is {named.when} the day {person.name} began at their work? (If it is a wedding, decline.)",
                source=f"an anniversary in {source}",
                about={"kind": WORK, "when": named.when},
            )


def silence(person: Person) -> Iterable[Guess]:
    """So many letters without an answer that a pause is the polite thing. Asked once for each such silence."""
    if proposes_pause(person.unanswered):
        since = person.last.reset(("inbound", "meeting", "logged"))
        yield Guess(
            mark=f"{PAUSE}:{person.uid}:{stamp(since)}",
            kind=PAUSE,
            contact_id=person.contact_id,
            question=f"Pause {person.name}? {person.unanswered} letters of yours had no answer.",
            source="the letters since they last wrote",
        )
