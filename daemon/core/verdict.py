"""Does this exchange count as contact with this person? Each rule is one function that names its objection.

A rule returns None where it has nothing against the exchange. The first objection is the verdict; the order
is from what is certain to what depends on the user's taste. ``kith why`` shows the names, docs/what-counts.md
explains them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from daemon.core.automated import decisive
from daemon.core.model import Answer, Direction, FolderRole, Role, Signal

COUNTED = "counted"


@dataclass(frozen=True, slots=True)
class Caps:
    """How large an exchange may be for one contact to still count (from the contact's policy)."""

    max_people: int = 12
    max_recipients: int = 10
    count_cc: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """``counted``, or not and the name of the rule that said so."""

    counted: bool
    rule: str


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What the rules read of one message, for one contact. ``answered``: the user replied to this very message."""

    direction: Direction | None  # None: written by a third person
    role: Role
    folder: FolderRole
    draft: bool
    senders: int
    recipients: int
    signals: frozenset[Signal]
    answered: bool = False


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """What the rules read of one meeting, for one contact. ``read_at``: when its calendar was last read, UTC."""

    ends_at: datetime
    read_at: datetime | None
    cancelled: bool
    all_day: bool
    people: int
    my_answer: Answer
    their_answer: Answer
    special: str = ""


def unsent_draft(m: MailFacts, caps: Caps) -> str | None:
    """A draft is no letter, in whatever folder or label it shows up."""
    return "draft" if m.draft or m.folder is FolderRole.DRAFTS else None


def spam_or_trash(m: MailFacts, caps: Caps) -> str | None:
    """What lies in Junk or Trash when first seen is not contact."""
    return m.folder.value if m.folder in (FolderRole.JUNK, FolderRole.TRASH) else None


def several_senders(m: MailFacts, caps: Caps) -> str | None:
    """A From that names two people credits nobody (RFC 5322 3.6.2 allows it, nobody means it)."""
    return "several-senders" if m.senders != 1 else None


def invitation(m: MailFacts, caps: Caps) -> str | None:
    """Invitations, answers and cancellations by mail: the calendar is the evidence."""
    return "invitation" if Signal.INVITATION in m.signals else None


def automated(m: MailFacts, caps: Caps) -> str | None:
    """Machines: bulk mail, auto-replies, bounces (RFC 3834 and its kin)."""
    named = sorted(s.value for s in m.signals if s is not Signal.INVITATION and decisive(s))
    return named[0] if named else None


def third_person(m: MailFacts, caps: Caps) -> str | None:
    """Somebody else wrote it: both were merely addressed."""
    return "third-person" if m.direction is None else None


def copied_only(m: MailFacts, caps: Caps) -> str | None:
    """The contact was only in Cc of what the user wrote."""
    if m.direction is Direction.OUT and m.role is Role.CC and not caps.count_cc:
        return "cc-only"
    return None


def mass_mail(m: MailFacts, caps: Caps) -> str | None:
    """Written to so many that it was written to nobody."""
    return "mass-mail" if m.recipients > caps.max_recipients else None


def hinted_unanswered(m: MailFacts, caps: Caps) -> str | None:
    """A signal that only hints (a mailing list, say) leaves it to the user: counts once answered."""
    hinted = m.direction is Direction.IN and any(not decisive(s) for s in m.signals)
    return "unanswered-list-or-bulk" if hinted and not m.answered else None


MAIL_RULES: tuple[Callable[[MailFacts, Caps], str | None], ...] = (
    unsent_draft,
    spam_or_trash,
    several_senders,
    invitation,
    automated,
    third_person,
    copied_only,
    mass_mail,
    hinted_unanswered,
)


def cancelled(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """Cancelled by the organiser, or taken out of the calendar before it was held."""
    return "cancelled" if m.cancelled else None


def special_event(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """Focus time, birthdays, working locations and the like are no meetings."""
    return f"special-{m.special}" if m.special else None


def all_day(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """An all-day entry is a holiday, a trip or a note."""
    return "all-day" if m.all_day else None


def declined_by_me(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """The user said no."""
    return "declined" if m.my_answer is Answer.DECLINED else None


def declined_by_them(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """The contact said no."""
    return "declined-by-contact" if m.their_answer is Answer.DECLINED else None


def too_many_people(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """A gathering, not a talk."""
    return "too-many-people" if m.people > caps.max_people else None


def not_yet_held(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """It has not ended yet."""
    return UPCOMING if m.ends_at > now else None


def not_read_since(m: MeetingFacts, caps: Caps, now: datetime) -> str | None:
    """It has ended, but its calendar was not read after its end: it may have been called off meanwhile."""
    return NOT_READ_SINCE if m.read_at is None or m.read_at < m.ends_at else None


UPCOMING = "upcoming"
NOT_READ_SINCE = "calendar-not-read-since"
OPEN_RULES = (UPCOMING, NOT_READ_SINCE)
"""Verdicts that time alone changes."""

MEETING_RULES: tuple[Callable[[MeetingFacts, Caps, datetime], str | None], ...] = (
    cancelled,
    special_event,
    all_day,
    declined_by_me,
    declined_by_them,
    too_many_people,
    not_yet_held,
    not_read_since,
)


FINAL_RULES = frozenset({"cancelled", "declined", "declined-by-contact"})
"""Objections one copy of a meeting raises for all its copies."""


def judge_mail(facts: MailFacts, caps: Caps) -> Verdict:
    """The verdict on one message for one contact."""
    for rule in MAIL_RULES:
        objection = rule(facts, caps)
        if objection:
            return Verdict(False, objection)
    return Verdict(True, COUNTED)


def judge_meeting(facts: MeetingFacts, caps: Caps, now: datetime) -> Verdict:
    """The verdict on one meeting for one contact, as of ``now``."""
    for rule in MEETING_RULES:
        objection = rule(facts, caps, now)
        if objection:
            return Verdict(False, objection)
    return Verdict(True, COUNTED)


def reduce(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict out of several copies of one exchange: counted if any copy counts.

    A letter seen among the sent counts though an old copy of it still lies in Drafts. But a meeting cancelled or
    declined in one calendar is so, whatever a stale copy in another says. Independent of order.
    """
    return min(verdicts, key=lambda v: (v.rule not in FINAL_RULES, not v.counted, v.rule))
