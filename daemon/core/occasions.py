"""Reasons to write to one person: a meeting, their days, what was noted of them, the quarter's news, a flag on a
message. Facts in, wants out; pure. The user's own moves and trips are in `core.own_news`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from daemon.core.anniversaries import kept_now, next_occurrence, years
from daemon.core.due import THANKS_LASTS
from daemon.core.making import letter
from daemon.core.reasons import CONGRATULATED_ON, EVENT, INTERVIEW, THANKED_FOR, Noted
from daemon.core.wants import ASKED, CONGRATULATIONS, THANKS, UPDATE, Met, Person, Want, World

THANKS_WITHIN = timedelta(days=3)
THANKS_ONCE_IN = timedelta(days=90)
THANKS_PEOPLE = 5  # the user, the contact and at most three others
CONGRATULATIONS_WITHIN = timedelta(days=2)
CONGRATULATIONS_LAST = timedelta(days=3)
THANKS_FOR_EVENT = timedelta(days=30)
"""Who tells of a conference later than this after it wants its people kept, not thanked."""

EVENT_OVER = time(18)
"""When the last day of a conference is over, for the letters about it."""


def thanks(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """After a meeting that was no routine, in a small circle, outside the user's own organisation; or an interview."""
    if THANKS not in person.policy.drafts or world.enabled_since is None:
        return
    held = [m for m in person.met if deserves_thanks(m) and m.ended_at >= world.enabled_since]
    held = [m for m in held if m.ended_at <= now <= m.ended_at + THANKS_LASTS]
    made = {period for period, _ in person.thanked}
    # The letter already made stays; several meetings in these days make one letter, about an interview or the last.
    best = max(held, key=lambda m: (m.interview, m.ended_at), default=None)
    chosen = next((m for m in held if m.identity in made), None if thanked_of_late(person, now) else best)
    if chosen is None or _written_since(person, chosen.ended_at):
        return
    sort, reason = "meeting", "you met"
    if chosen.interview:
        sort, reason = INTERVIEW, "an interview"
    elif chosen.first:
        sort, reason = "first-meeting", "you met for the first time"
    yield from letter(
        person,
        world,
        THANKS,
        chosen.identity,
        now,
        due=chosen.ended_at,
        create_until=chosen.ended_at + THANKS_WITHIN,
        reason=reason,
        occasion=f"{sort}:{chosen.identity}",
        occasion_date=chosen.ended_at.astimezone(ZoneInfo(world.zone)).date(),
        source=f"calendar of {chosen.source}" if chosen.source else "logged by hand",
    )


def deserves_thanks(met: Met) -> bool:
    """No routine, no crowd, and not among colleagues unless the user marked it as an interview."""
    return not met.recurring and met.people <= THANKS_PEOPLE and (not met.inside or met.interview)


def thanked_of_late(person: Person, now: datetime, *, besides: str = "") -> bool:
    """Whether thanks were made for them in the last 90 days (for another reason than the period ``besides``)."""
    return any(at > now - THANKS_ONCE_IN for period, at in person.thanked if period != besides)


def thanks_noted(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """For a recommendation or an introduction the user accepted or noted, and to whoever was met at a conference.

    The user spoke of the former one by one, so they are thanked for each; those met at a conference came in by a list,
    and whoever was thanked of late is passed over.
    """
    if THANKS not in person.policy.drafts:
        return
    reasons = {"recommendation": "they recommended you", "introduction": "they introduced you"}
    for noted in person.noted:
        if noted.kind not in THANKED_FOR:
            continue
        if noted.kind == EVENT and (
            thanked_of_late(person, now, besides=noted.token)
            or world.day(noted.noted_at) - noted.day > THANKS_FOR_EVENT
        ):
            continue
        start = _begins(noted, world)
        if not _open(person, world, now, start, THANKS_LASTS):
            continue
        yield from letter(
            person,
            world,
            THANKS,
            noted.token,
            now,
            due=start,
            create_until=start + THANKS_WITHIN,
            reason=reasons.get(noted.kind) or f"you met at {noted.title}",
            occasion=f"{noted.kind}:{noted.token}",
            occasion_date=noted.day,
            source=noted.source,
            details={"title": noted.title},
        )


def congratulations(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A birthday: on its day in the contact's own zone, and for three days after.

    Where only a reminder can be, it is wanted as far ahead as reminders are placed: on the day itself all places may be
    taken, and a birthday is no day later.
    """
    if not person.birthday:
        return
    today = _today(person, world, now)
    day = kept_now(person.birthday, today, CONGRATULATIONS_LAST)
    if day is None and not (person.reachable and person.speaks):
        coming = next_occurrence(person.birthday, today)
        day = coming if coming is not None and coming <= today + world.rules.ahead else None
    if day is not None and not _still_ahead(person.birthday, day):
        yield from _congratulate(person, world, now, day, "birthday", source=_named(person.birthday_source))


def anniversaries(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """Years at their work and of their company, on days the user or an address book named as such."""
    today = _today(person, world, now)
    for yearly in person.yearly:
        day = kept_now(yearly.when, today, CONGRATULATIONS_LAST)
        if day is None or _still_ahead(yearly.when, day):
            continue
        passed = years(yearly.when, day)
        what = "at their work" if yearly.kind == "work" else f"of {yearly.title or 'their company'}"
        count = f"{passed} year{'s' if passed != 1 else ''}" if passed else "another year"
        yield from _congratulate(
            person,
            world,
            now,
            day,
            yearly.kind,
            reason=f"{count} {what}",
            source=_named(yearly.source),
            details={"years": str(passed or ""), "company": yearly.title},
        )


def holidays(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A holiday of their profession that the user switched on, where profession and country are known."""
    today = _today(person, world, now)
    for holiday in world.holidays:
        if not holiday.concerns(person.profession, person.circles, person.country):
            continue
        name = holiday.names.get(person.speaks, "")
        if person.speaks and not name:
            continue  # it has no name in their language: nobody there would know it
        for year in (today.year - 1, today.year):
            day = holiday.day(year)
            if day is not None and day <= today <= day + CONGRATULATIONS_LAST:
                yield from _congratulate(
                    person,
                    world,
                    now,
                    day,
                    f"holiday:{holiday.id}",
                    reason=name or next(iter(holiday.names.values())),
                    source=f"holidays, {holiday.id}",
                    details={"title": name},
                )


def congratulations_noted(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """A new job, title or achievement the user noted, or accepted when it was suggested."""
    if CONGRATULATIONS not in person.policy.drafts:
        return
    for noted in person.noted:
        if noted.kind not in CONGRATULATED_ON:
            continue
        start = _begins(noted, world)
        if not _open(person, world, now, start, CONGRATULATIONS_LAST):
            continue
        yield from letter(
            person,
            world,
            CONGRATULATIONS,
            noted.token,
            now,
            due=start,
            create_until=start + CONGRATULATIONS_WITHIN,
            reason="a new job or title" if noted.kind == "job" else "an achievement",
            occasion=noted.kind,
            occasion_date=noted.day,
            source=noted.source,
            details={"title": noted.title},
        )


def update(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """The quarter's news, unless they were met or talked to since it was written, or know all of it."""
    news = world.news_for(person.speaks)
    if news is None or UPDATE not in person.policy.drafts or world.enabled_since is None:
        return
    if news.circles and not news.circles & set(person.circles):
        return
    if not world.enabled_since <= news.ready_at <= now < news.closes_at:
        return
    talked = person.last.spoken()
    if talked is not None and talked >= news.written_at:
        return
    marks = news.to_tell(person)
    if not marks:
        return
    yield from letter(
        person,
        world,
        UPDATE,
        news.quarter,
        now,
        due=news.ready_at,
        create_until=news.closes_at,
        reason=f"news of {news.quarter}",
        occasion=f"{news.quarter}:{'.'.join(sorted(marks))}",
        source=f"{news.quarter}.md",
    )


def asked(person: Person, world: World, now: datetime) -> Iterable[Want]:
    """What the user asked for by a flag on a message: on that very message, once, and never taken back by itself."""
    if world.enabled_since is None:
        return
    for ask in person.asked:
        for want in letter(
            person,
            world,
            ask.purpose,
            f"{ASKED}{ask.identity}",
            now,
            due=min(ask.at, now),
            create_until=None,
            reason="you asked for it",
            occasion=f"mail:{ask.identity}",
            occasion_date=ask.at.astimezone(ZoneInfo(world.zone)).date(),
            source="your flag on the message",
        ):
            # A contact merged since has another uid: what was made stays what it is.
            yield replace(want, key=ask.key or want.key)


RULES = (thanks, thanks_noted, congratulations, anniversaries, holidays, congratulations_noted, update)
"""The rules for those kept; `asked` is for whoever is known."""


def _congratulate(
    person: Person,
    world: World,
    now: datetime,
    day: date,
    occasion: str,
    *,
    reason: str = "",
    source: str = "",
    details: Mapping[str, str] | None = None,
) -> Iterable[Want]:
    """On a day that comes back every year, by the calendar of the place they live in."""
    if CONGRATULATIONS not in person.policy.drafts:
        return
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(person.zone or world.zone))
    if world.enabled_since is None or start < world.enabled_since or _written_since(person, start):
        return
    yield from letter(
        person,
        world,
        CONGRATULATIONS,
        f"{occasion}:{day.year}",
        now,
        due=start,
        create_until=start + CONGRATULATIONS_WITHIN,
        reason=reason or occasion,
        occasion=occasion,
        occasion_date=day,
        source=source,
        details=details,
    )


def _open(person: Person, world: World, now: datetime, start: datetime, lasts: timedelta) -> bool:
    """Whether the time for a letter about something noted is now, and the user has not written yet."""
    if world.enabled_since is None or start < world.enabled_since:
        return False
    return start <= now <= start + lasts and not _written_since(person, start)


def _begins(noted: Noted, world: World) -> datetime:
    """When a letter about it makes sense: on its day, and not before the user spoke of it."""
    at = EVENT_OVER if noted.kind == EVENT else time()
    return max(datetime.combine(noted.day, at, ZoneInfo(world.zone)), noted.noted_at)


def _written_since(person: Person, start: datetime) -> bool:
    return person.last.outbound is not None and person.last.outbound >= start


def _still_ahead(when: str, day: date) -> bool:
    """Whether no year has passed yet: the day itself is no anniversary, and a slip of the pen may lie in the future."""
    passed = years(when, day)
    return passed is not None and passed <= 0


def _today(person: Person, world: World, now: datetime) -> date:
    return now.astimezone(ZoneInfo(person.zone or world.zone)).date()


def _named(source: str) -> str:
    """Where a date is from, for people to read."""
    if source in ("", "your record of the company"):
        return source
    return "a date you set" if source == "hand" else f"a date from {source}"
