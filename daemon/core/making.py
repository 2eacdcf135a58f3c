"""How a want is made: its period, its key, and a reminder where no letter can be. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from daemon.core.urgency import urgency_of
from daemon.core.wants import DRAFT, REMINDER, TOLD, Person, Want, World, tells_of_hunting

LACKING = "lacking"
"""The detail of a reminder that says why there is no letter: one of the four below."""
LANGUAGE, ADDRESS, TEMPLATE, FACTS = "language", "address", "template", "facts"


def lacks(person: Person) -> str:
    """What keeps any letter to them from being written; "" where nothing does."""
    if not person.reachable:
        return ADDRESS
    if person.foreign:
        return TEMPLATE
    return "" if person.speaks else LANGUAGE


def stamp(at: datetime | None) -> str:
    """An interaction as a period names it: its moment, to the second, the same after any re-scan."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") if at else "never"


def make_want(person: Person, world: World, kind: str, purpose: str, period: str, **rest: object) -> Want:
    """One want with its key; ``rest`` are the other fields of `Want`."""
    return Want(
        key=world.key(person.uid, kind, purpose, period),
        kind=kind,
        purpose=purpose,
        contact_id=person.contact_id,
        period=period,
        days=person.policy.days,
        hours=person.policy.hours,
        about_hunting=tells_of_hunting(purpose, str(rest.get("occasion", ""))),
        **rest,  # type: ignore[arg-type]
    )


def next_period(person: Person, purpose: str, base: str) -> str:
    """The period named by its base and how often it was already dealt with."""
    n = max((d.n + 1 for d in person.dismissals if d.purpose == purpose and d.base == base), default=0)
    return f"{base}/{n}"


def counted(period: str) -> tuple[str, int] | None:
    """What `next_period` made a period of; None where it does not count."""
    base, _, n = period.rpartition("/")
    return (base, int(n)) if n.isdigit() else None


def dealt_with(person: Person, purpose: str, base: str) -> bool:
    """Whether the user, or time, has dealt with what comes once and no more."""
    return any(d.purpose == purpose and d.base == base and not d.withdrawn for d in person.dismissals)


def letter(
    person: Person,
    world: World,
    purpose: str,
    period: str,
    now: datetime,
    *,
    due: datetime,
    create_until: datetime | None,
    reason: str,
    occasion: str,
    occasion_date: date | None = None,
    source: str = "",
    details: Mapping[str, str] | None = None,
) -> Iterable[Want]:
    """A draft; or, where nobody knows the language or no address works, a reminder in its place that says so."""
    missing = lacks(person)
    kind = REMINDER if missing else DRAFT
    if kind == REMINDER and purpose in TOLD:  # news cannot be told by a reminder
        return
    yield make_want(
        person,
        world,
        kind,
        purpose,
        period,
        due=due,
        reason=reason,
        urgency=1.0 + urgency_of(person, world, due, now),
        create_until=create_until,
        occasion=occasion,
        occasion_date=occasion_date,
        source=source,
        details=tuple((name, value) for name, value in ({**(details or {}), LACKING: missing}).items() if value),
    )
