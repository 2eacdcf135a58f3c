"""When a contact is due: what was last contact, which form's turn it is, and how long they may wait."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from daemon.core.resolve import Resolved

DOUBLED_AFTER, PAUSE_AFTER = 2, 4
"""So many letters in a row without an answer double the interval; so many propose a pause."""


ANSWERS_WITHIN = timedelta(days=30)
"""A letter of the user's this long after the last word of the other's is no answer to it."""


@dataclass(frozen=True, slots=True)
class LastContact:
    """The latest counted contact of each sort, UTC; None where there was none."""

    inbound: datetime | None = None
    outbound: datetime | None = None
    meeting: datetime | None = None
    logged: datetime | None = None  # calls and chats logged by hand, whoever began
    call: datetime | None = None  # the calls among them

    def reset(self, resets: Collection[str]) -> datetime | None:
        """The latest that resets the cadence under ``resets`` (outbound, inbound, meeting, logged).

        *Answered* inbound mail needs no case of its own: the answer is outbound and later.
        """
        named = (
            ("inbound", self.inbound),
            ("outbound", self.outbound),
            ("meeting", self.meeting),
            ("logged", self.logged),
        )
        return max((at for name, at in named if at is not None and name in resets), default=None)

    def latest(self) -> datetime | None:
        """The latest of any sort, whether or not it resets anything."""
        return self.reset(("inbound", "outbound", "meeting", "logged"))

    def spoken(self) -> datetime | None:
        """When the two last met, or had contact logged by hand: what the user has to tell was told then."""
        return self.reset(("meeting", "logged"))

    def in_touch(self) -> datetime | None:
        """When both sides had last a part in it: a letter of the user's counts where it may be an answer.

        A letter that nobody answered is the user's own; "we were last in touch in May" would be wrong of it.
        """
        both = self.reset(("inbound", "meeting", "logged"))
        if self.outbound is None or both is None or self.outbound > both + ANSWERS_WITHIN:
            return both
        return max(both, self.outbound)

    def talk(self) -> datetime | None:
        """The latest call or meeting."""
        return max((at for at in (self.call, self.meeting) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is due next: the form ("" where the policy asks for none), and since when its interval runs (UTC).

    ``base`` is the contact it is counted from, None where there was none of the form yet.
    """

    form: str
    base: datetime | None
    since: datetime | None
    cadence: timedelta


def next_turn(policy: Resolved, last: LastContact, reset_at: datetime | None, kept_since: datetime | None) -> Turn:
    """The form that is due first; or a heavier one that is due within half an interval of that.

    A heavier form does for the lighter ones: a meeting is a talk, and either is as good as a letter. So nobody is
    asked to write today and to call tomorrow. A form there never was is counted from the day they were kept.
    """
    if not policy.forms or reset_at is None:
        return Turn(policy.forms[0][0] if policy.forms else "", reset_at, reset_at, policy.cadence)
    by_form = {"mail": reset_at, "talk": last.talk(), "meeting": last.meeting}
    turns = []
    for form, every in policy.forms:
        base = by_form[form]
        since = base or kept_since or reset_at
        turns.append((since + every, Turn(form, base, since, every)))
    first_at, first = min(turns, key=lambda t: t[0])
    return [turn for at, turn in turns if at <= first_at + first.cadence / 2][-1]


def interval(cadence: timedelta, unanswered: int) -> timedelta:
    """The cadence, doubled once two letters in a row went without an answer: no pressing on."""
    return cadence * 2 if unanswered >= DOUBLED_AFTER else cadence


def proposes_pause(unanswered: int) -> bool:
    """Whether so many letters without an answer are reason to propose a pause (a suggestion, nothing more)."""
    return unanswered >= PAUSE_AFTER


def share_of(uid: str) -> float:
    """A number in [0, 1) that belongs to a contact for ever: spreads those alike evenly."""
    return int.from_bytes(sha256(uid.encode()).digest()[:8]) / 2**64


def first_due(uid: str, tier: str, kept_since: datetime, cadence: timedelta) -> datetime:
    """When somebody with whom there never was contact comes up first.

    Spread over the cadence, so that many kept at once do not all come at once; key ties over its first half.
    """
    within = cadence / 2 if tier == "key" else cadence
    return kept_since + share_of(uid) * within
