"""What the People API says of a person, as a card.

https://developers.google.com/people/api/rest/v1/people
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from daemon.core.errors import BrokenItem
from daemon.core.model import Card, NamedDate
from daemon.core.names import is_patronymic, split_given
from daemon.formats.cards import make_date, named_date, names_somebody, tidy

Person = Mapping[str, Any]
"""A person resource as the API returns it."""

FIELDS = "addresses,birthdays,emailAddresses,events,locales,memberships,metadata,names,occupations,organizations,urls"
"""What is asked of each person: no notes, no pictures, no numbers. Sync tokens are bound to it: never varied."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")


def read_person(person: Person, groups: Mapping[str, str]) -> Card:
    """The person as a card. ``groups`` are the names of the user's own labels by resource name.

    A middle name is a patronymic only where it looks like one. Past employers are left out.

    Raises:
        BrokenItem: there is neither a name nor an address.
    """
    name = _first(person, "names")
    given, patronymic = split_given(str(name.get("givenName", "")))
    middle = str(name.get("middleName", ""))
    if not patronymic and is_patronymic(middle):
        patronymic = middle
    organisation = _first(person, "organizations", lambda one: one.get("current") is not False)
    place = _first(person, "addresses", lambda one: bool(one.get("city") or one.get("country")))
    language = str(_first(person, "locales").get("value", ""))
    card = tidy(
        Card(
            record_id=str(person.get("resourceName", "")),
            name=str(name.get("displayName") or name.get("unstructuredName") or ""),
            given=given,
            family=str(name.get("familyName", "")),
            patronymic=patronymic,
            addresses=tuple(str(one.get("value", "")) for one in _ranked(person, "emailAddresses")),
            organisation=str(organisation.get("name", "")),
            title=str(organisation.get("title", "")),
            profession=str(_first(person, "occupations").get("value", "")),
            city=str(place.get("city", "")),
            country=str(place.get("country", "")),
            language=language.replace("_", "-") if _LANGUAGE.match(language) else "",
            url=str(_first(person, "urls").get("value", "")),
            dates=tuple(_dates(person)),
            labels=tuple(_labels(person, groups)),
        )
    )
    if not names_somebody(card):
        raise BrokenItem("It has neither a name nor an address.")
    return card


def is_deleted(person: Person) -> bool:
    """Whether the entry tells of a deletion."""
    return _map(person.get("metadata")).get("deleted") is True


def former_names(person: Person) -> tuple[str, ...]:
    """Resource names the person had before: linking a profile gives another one."""
    former = _map(person.get("metadata")).get("previousResourceNames")
    return tuple(map(str, former)) if isinstance(former, list) else ()


def label_names(groups: list[Mapping[str, Any]]) -> dict[str, str]:
    """The user's own labels by resource name; Google's (my contacts, starred) say nothing of a person."""
    return {
        str(one["resourceName"]): str(one.get("name", ""))
        for one in groups
        if one.get("groupType") == "USER_CONTACT_GROUP" and one.get("name")
    }


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _ranked(person: Person, name: str) -> list[Mapping[str, Any]]:
    """The values of a field, the primary one first; otherwise as they stand."""
    values = [one for one in person.get(name, ()) if isinstance(one, Mapping)]
    return sorted(values, key=lambda one: one.get("metadata", {}).get("primary") is not True)


def _first(person: Person, name: str, fits: Any = lambda one: True) -> Mapping[str, Any]:
    return next((one for one in _ranked(person, name) if fits(one)), {})


def _dates(person: Person) -> Iterator[NamedDate]:
    # a profile may say it again, without the year
    born = [when for one in _ranked(person, "birthdays") if (when := _date(one))]
    if born:
        yield NamedDate("birthday", next((when for when in born if not when.startswith("--")), born[0]))
    for one in _ranked(person, "events"):
        if when := _date(one):
            # the predefined types are English, in whatever language they are shown: an anniversary is a wedding's
            yield named_date(when, str(one.get("type") or one.get("formattedType") or ""))


def _date(one: Mapping[str, Any]) -> str:
    told = one.get("date")
    if not isinstance(told, Mapping):
        return ""
    try:
        return make_date(int(told.get("year") or 0) or None, int(told.get("month") or 0), int(told.get("day") or 0))
    except (TypeError, ValueError):
        return ""


def _labels(person: Person, groups: Mapping[str, str]) -> Iterator[str]:
    for one in _ranked(person, "memberships"):
        name = str(one.get("contactGroupMembership", {}).get("contactGroupResourceName", ""))
        if name in groups:
            yield groups[name]
