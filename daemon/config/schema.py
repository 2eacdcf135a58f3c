"""The sections of the configuration file: which keys there are, what each may be, what holds where nothing is said.

``config.example.toml`` explains every key in plain words; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

from daemon.config import values
from daemon.config.reading import Section, nearest, shown
from daemon.core import address
from daemon.core.policy import (
    CIRCLES,
    DEFAULT_POLICY,
    SHIPPED_CIRCLES,
    SHIPPED_TIERS,
    TIERS,
    Me,
    Policies,
    Policy,
    Quiet,
    ReminderRules,
    WorkingHours,
    joined,
)

PURPOSES = ("thanks", "congratulations", "update", "check-in")
RESETS = ("outbound", "inbound", "meeting", "logged")
ADDRESS_FORMS = ("formal", "familiar")
DETAILS = ("full", "name", "none")
LOG_LEVELS = ("debug", "info", "warning", "error")

DAY, YEAR = timedelta(days=1), timedelta(days=365)


def read_me(section: Section) -> tuple[Me, str]:
    """[me]: who the user is; and the time zone, "" where it is not said. The addresses are normalised."""
    section.require("name", 'say how you sign letters, like name = "Anna Example"')
    section.require("addresses", 'list your own addresses, like addresses = ["anna@example.org"]')
    none: tuple[str, ...] = ()
    me = Me(
        name=section.get("name", values.text, ""),
        addresses=section.get("addresses", values.list_of(values.email, least=1), none),
        language=section.get("language", values.language, "en"),
        signature=section.get("signature", values.lines, ""),
        organisation=frozenset(section.get("organisation", values.list_of(values.domain), none)),
    )
    zone = section.get("time_zone", values.zone, "")
    section.finish()
    return me, zone


def read_hours(section: Section, zone: str) -> WorkingHours:
    """[hours]: when reminders may stand, in the user's zone."""
    default = WorkingHours()
    hours = WorkingHours(
        zone=zone,
        days=frozenset(section.get("days", values.list_of(values.weekday, least=1), tuple(default.days))),
        start=section.get("start", values.clock, default.start),
        end=section.get("end", values.clock, default.end),
        country=section.get("country", values.territory, default.country),
        subdivision=section.get("subdivision", values.subdivision, default.subdivision),
    )
    if hours.subdivision and not hours.country:
        section.problem("subdivision", "is said without its country; say that, too")
    if hours.start >= hours.end:
        section.problem("end", f"is not after the start ({hours.start:%H:%M}); allowed is a later time of the same day")
    section.finish()
    return hours


def read_quiet(sections: Sequence[Section]) -> tuple[Quiet, ...]:
    """[[quiet]]: days on which nothing is placed or drafted, both ends included; what overlaps or touches is one."""
    found = []
    for section in sections:
        for name in ("from", "to"):
            section.require(name, f"say it like {name} = 2026-12-24")
        first, last = section.maybe("from", values.day), section.maybe("to", values.day)
        section.finish()
        if first is not None and last is not None and last < first:
            section.problem("to", f"is before the beginning ({first})")
        elif first is not None and last is not None:
            found.append(Quiet(first, last))
    return joined(found)


def read_reminders(section: Section, accounts: Mapping[str, object]) -> tuple[ReminderRules, str]:
    """[reminders]: how they look, how many there may be, and the account they go to ("" where it is not said)."""
    default = ReminderRules()
    rules = ReminderRules(
        a_day=section.get("a_day", values.number(0, 50), default.a_day),
        a_week=section.get("a_week", values.number(0, 200), default.a_week),
        minutes=section.get("minutes", values.number(5, 120), default.minutes),
        ahead=section.get("ahead", values.duration(DAY, 90 * DAY), default.ahead),
        detail=section.get("detail", values.one_of(DETAILS), default.detail),
        reply_after=section.get("reply_after", values.duration(DAY, YEAR), default.reply_after),
        weekly_digest=section.maybe("weekly_digest", values.weekly),
    )
    account = section.get("account", values.text, "")
    if account and account not in accounts:
        section.problem("account", f'is "{account}", which is no account here.{nearest(account, accounts)}')
    section.finish()
    return rules, account


def read_policies(section: Section) -> tuple[Policies, list[str]]:
    """[policy.*]: the user's over the shipped ones, key by key; and warnings."""
    default = read_policy(section.table("default"), DEFAULT_POLICY)
    circles, tiers, contacts = section.table("circle"), section.table("tier"), section.table("contact")
    section.finish()
    for tier in tiers.names():
        if tier not in TIERS:
            tiers.problem(tier, f"is no tier.{nearest(tier, TIERS)}")
    for group in (circles, tiers, contacts):
        for each in (group.table(name) for name in group.names()):
            then = each.raw("then")
            if isinstance(then, str) and then not in (*CIRCLES, *circles.names()):
                each.problem("then", f"is {shown(then)}, which is no circle here.{nearest(then, CIRCLES)}")
    policies = Policies(
        default=default,
        circles={**SHIPPED_CIRCLES, **_each(circles, SHIPPED_CIRCLES)},
        tiers={**SHIPPED_TIERS, **_each(tiers, SHIPPED_TIERS)},
        contacts={address.normalise(name) or name: policy for name, policy in _each(contacts, {}).items()},
    )
    warnings = [
        f'policy.circle."{name}" is a circle of your own; if you meant another:{near}'
        for name in circles.names()
        if name not in CIRCLES and (near := nearest(name, CIRCLES)).startswith(" Did")
    ]
    return policies, warnings


def _each(section: Section, shipped: Mapping[str, Policy]) -> dict[str, Policy]:
    return {name: read_policy(section.table(name), shipped.get(name, Policy())) for name in section.names()}


def read_policy(section: Section, base: Policy) -> Policy:
    """One policy: what is said here over ``base``."""
    rhythm = section.maybe("cadence", values.rhythm(DAY, 10 * YEAR))
    said = Policy(
        cadence=rhythm[0] if rhythm else None,
        drafts=section.maybe("drafts", values.words(PURPOSES)),
        resets=section.maybe("resets", values.words(RESETS)),
        max_people=section.maybe("max_people", values.number(2, 10_000)),
        max_recipients=section.maybe("max_recipients", values.number(1, 10_000)),
        count_cc=section.maybe("count_cc", values.flag),
        language=section.maybe("language", values.language),
        form=section.maybe("form", values.one_of(ADDRESS_FORMS)),
        days=frozenset(days) if (days := section.maybe("days", values.list_of(values.weekday, least=1))) else None,
        hours=section.maybe("hours", values.hours),
        until=section.maybe("until", values.day),
        then=section.maybe("then", values.text),
    )
    if said.then and said.until is None:
        section.problem("then", "is said without a day; say until when this policy holds, like until = 2027-03-31")
    section.finish()
    present = {f.name: getattr(said, f.name) for f in fields(said) if getattr(said, f.name) is not None}
    present["forms"] = rhythm[1] if rhythm else base.forms
    return replace(base, **present)


def read_store(section: Section, base: Path, default: Path) -> tuple[Path, str]:
    """[store]: the folder for all that kith keeps, and the database's URL (SQLite in that folder by default)."""
    state = section.get("state", values.path(base), default)
    url = section.get("url", values.text, "")
    if url:
        scheme, _, rest = url.partition("://")
        if not scheme.startswith(("sqlite", "postgresql")) or not rest:
            url = ""
            section.problem("url", 'is no URL kith can use; allowed is "sqlite:////folder/file" or "postgresql://…"')
        elif ":" in rest.partition("/")[0].rpartition("@")[0] or "password=" in rest.lower():
            url = ""
            section.problem("url", "holds a password; put that into ~/.pgpass (mode 0600) and leave it out here")
    section.finish()
    return state, url or f"sqlite:///{state / 'kith.db'}"


def read_folder(section: Section, name: str, base: Path) -> Path | None:
    """A section with one folder in it."""
    folder = section.maybe(name, values.path(base))
    section.finish()
    return folder
