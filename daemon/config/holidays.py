"""[holidays]: the shipped table of professional holidays, the user's own rows, and which of them are switched on."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from daemon.config import values
from daemon.config.reading import Section, nearest
from daemon.core.countries import country_code
from daemon.core.holidays import ANYWHERE, Holiday, is_rule

TABLE = Path(__file__).with_name("professional_holidays.toml")
_ANYWHERE: tuple[str, ...] = (ANYWHERE,)


@cache
def shipped() -> dict[str, Holiday]:
    """The shipped table by the names `enabled` uses. Read only where a configuration switches something on."""
    with TABLE.open("rb") as file:
        rows = tomllib.load(file)
    return {
        name: Holiday(
            id=name,
            rule=row["rule"],
            names=row["names"],
            professions=tuple(row["professions"]),
            countries=tuple(row["countries"]),
            circles=frozenset(row.get("circles", ())),
            since=row.get("since", 0),
            source=row["source"],
        )
        for name, row in rows.items()
    }


def read_holidays(section: Section) -> tuple[Holiday, ...]:
    """The holidays that are switched on. None are, where nothing is said."""
    none: tuple[str, ...] = ()
    wanted = section.get("enabled", values.list_of(values.text), none)
    own_rows = section.table("own")
    own = {name: found for name in own_rows.names() if (found := _own(own_rows.table(name), name)) is not None}
    section.finish()
    if not wanted:
        return ()
    known = {**shipped(), **own}
    for name in wanted:
        if name not in known and name not in own_rows.names():
            section.problem("enabled", f'names "{name}", which is no holiday here.{nearest(name, known)}')
    return tuple(known[name] for name in dict.fromkeys(wanted) if name in known)


def _own(section: Section, name: str) -> Holiday | None:
    section.require("rule", 'say when it is, like rule = "last friday of july", "day 256" or "21 November"')
    section.require("names", 'say what it is called, by language, like names = { en = "Makers\' Day" }')
    none: tuple[str, ...] = ()
    rule = section.get("rule", _rule, "")
    called = section.table("names")
    names = {tag: called.get(tag, values.text, "") for tag in called.names()}
    called.finish()
    professions = section.get("professions", values.list_of(values.text), none)
    circles = section.get("circles", values.list_of(values.text), none)
    countries = section.get("countries", values.list_of(_country, least=1), _ANYWHERE)
    section.finish()
    if not professions and not circles:
        section.problem("professions", 'is missing: say whose day it is, like professions = ["maker"]')
    if not rule or not any(names.values()):
        return None
    return Holiday(
        id=name,
        rule=rule,
        names={tag: text for tag, text in names.items() if text},
        professions=tuple(professions),
        countries=tuple(countries),
        circles=frozenset(c.casefold() for c in circles),
        source="your own table",
    )


def _rule(value: object) -> str:
    if not isinstance(value, str) or not is_rule(value):
        raise values.NotAllowed(
            'a day like "21 November", "day 256", "last friday of july" or "2 days after first sunday of may"'
        )
    return value


def _country(value: object) -> str:
    found = value if value == ANYWHERE else country_code(value) if isinstance(value, str) else ""
    if not isinstance(found, str) or not found:
        raise values.NotAllowed('a country like "RU" or "Germany", or "*" for all of them')
    return found
