"""The People half of the double: one person's address book, its tokens good for seven days and not an hour more."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.doubles.google.call import Call, Handler, Refusal, utc_now

GOOD_FOR = timedelta(days=7)
FIELDS = frozenset(
    """
    addresses ageRanges biographies birthdays calendarUrls clientData coverPhotos emailAddresses events externalIds
    genders imClients interests locales locations memberships metadata miscKeywords names nicknames occupations
    organizations phoneNumbers photos relations sipAddresses skills urls userDefined
    """.split()
)

Person = dict[str, Any]


@dataclass
class Book:
    """One person's address book. The methods are what the user does; the API's are the handlers below."""

    email: str
    clock: Callable[[], datetime] = utc_now
    people: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    number: int = 0
    generation: int = 1
    tokens: dict[str, tuple[dict[str, Any], int, datetime]] = field(default_factory=dict)
    pages: dict[str, tuple[dict[str, Any], list[str], int, datetime]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def add(self, person: Mapping[str, Any]) -> str:
        """A person appears in the book; returns the resource name."""
        name = f"people/c{next(self.numbers)}"
        self._store(name, dict(person))
        return name

    def change(self, name: str, person: Mapping[str, Any]) -> None:
        """The entry is written anew."""
        self._store(name, dict(person))

    def delete(self, name: str) -> None:
        """The entry is deleted."""
        self._store(name, {"metadata": {"deleted": True}})

    def rename(self, name: str) -> str:
        """A verified address links the entry to a profile: it goes on under another resource name."""
        person = self.people.pop(name)
        del self.changed[name]
        new = f"people/c{next(self.numbers)}"
        self._store(new, {**person, "metadata": {"previousResourceNames": [name]}})
        return new

    def add_group(self, name: str) -> str:
        """A label; returns its resource name."""
        resource = f"contactGroups/g{next(self.numbers)}"
        self.groups[resource] = name
        return resource

    def expire(self) -> None:
        """Every token given out so far is worthless."""
        self.generation += 1
        self.tokens.clear()
        self.pages.clear()

    def _store(self, name: str, person: Person) -> None:
        self.number += 1
        self.changed[name] = self.number
        self.people[name] = {**deepcopy(person), "resourceName": name, "etag": f"%{self.number}"}


def _deleted(person: Person) -> bool:
    return bool(person.get("metadata", {}).get("deleted"))


def _shown(person: Person, wanted: str, *, incremental: bool) -> Person:
    fields = set(wanted.split(",")) | {"resourceName", "etag"}
    shown = {name: value for name, value in deepcopy(person).items() if name in fields}
    if not incremental:
        shown.get("metadata", {}).pop("previousResourceNames", None)
    return shown


def _fields_refused(call: Call) -> Refusal | None:
    wanted = call.get("personFields", "")
    if not wanted:
        return Refusal(400, "INVALID_ARGUMENT", "personFields mask is required.")
    if unknown := set(wanted.split(",")) - FIELDS:
        return Refusal(400, "INVALID_ARGUMENT", f"Invalid personFields mask path: {sorted(unknown)}")
    return None


def _connections(call: Call) -> dict[str, Any] | Refusal:
    book = call.account.people
    if refused := _fields_refused(call):
        return refused
    if call.get("peopleId", "me") != "me":
        return Refusal(400, "INVALID_ARGUMENT", "Only people/me is valid.")
    size = call.get("pageSize", 100)
    if not 1 <= size <= 1000:
        return Refusal(400, "INVALID_ARGUMENT", "Page size must be between 1 and 1000.")
    told = {k: v for k, v in call.arguments.items() if k not in ("pageToken", "syncToken", "alt", "fields")}
    since = 0
    born = call.now
    if token := call.get("syncToken"):
        if token not in book.tokens or book.tokens[token][2] + GOOD_FOR < call.now:
            return Refusal(400, "EXPIRED_SYNC_TOKEN", "Sync token is expired. Clear local cache and retry without it.")
        asked, since, born = book.tokens[token]
        if asked != told:
            return Refusal(400, "INVALID_ARGUMENT", "Sync token does not match the request parameters.")
    if page := call.get("pageToken"):
        if page not in book.pages:
            return Refusal(400, "INVALID_ARGUMENT", "Invalid page token.")
        asked, names, number, born = book.pages[page]
        if asked != {**told, "syncToken": token}:
            return Refusal(400, "INVALID_ARGUMENT", "Page token does not match the request parameters.")
    else:
        number = book.number
        order = sorted(book.changed, key=lambda n: book.changed[n])
        names = [n for n in order if book.changed[n] > since and (token or not _deleted(book.people[n]))]
    here, rest = names[:size], names[size:]
    shown = [
        _shown(book.people[n], call.get("personFields"), incremental=bool(token)) for n in here if n in book.people
    ]
    answer: dict[str, Any] = {"connections": shown, "totalItems": len(book.people)}
    if rest:
        answer["nextPageToken"] = f"page-{book.generation}.{len(book.pages)}"
        book.pages[answer["nextPageToken"]] = ({**told, "syncToken": token}, rest, number, born)
    elif call.get("requestSyncToken"):
        answer["nextSyncToken"] = f"sync-{book.generation}.{number}"
        book.tokens[answer["nextSyncToken"]] = (told, number, born)
    return answer


def _batch_get(call: Call) -> dict[str, Any] | Refusal:
    if refused := _fields_refused(call):
        return refused
    names = call.get("resourceNames", [])
    if not 1 <= len(names) <= 200:
        return Refusal(400, "INVALID_ARGUMENT", "Between 1 and 200 resource names.")
    answers: list[dict[str, Any]] = []
    for name in names:
        person = call.account.people.people.get(name)
        if person is None or _deleted(person):
            answers.append({"requestedResourceName": name, "httpStatusCode": 404, "status": {"code": 5}})
        else:
            shown = _shown(person, call.get("personFields"), incremental=False)
            answers.append({"requestedResourceName": name, "httpStatusCode": 200, "status": {}, "person": shown})
    return {"responses": answers}


SYSTEM = {"contactGroups/myContacts": "myContacts", "contactGroups/starred": "starred"}


def _groups(call: Call) -> dict[str, Any] | Refusal:
    groups = [
        {"resourceName": r, "groupType": "SYSTEM_CONTACT_GROUP", "name": n, "formattedName": n}
        for r, n in SYSTEM.items()
    ]
    groups += [
        {"resourceName": r, "groupType": "USER_CONTACT_GROUP", "name": n, "formattedName": n}
        for r, n in call.account.people.groups.items()
    ]
    size, start = call.get("pageSize", 30), int(call.get("pageToken", "0"))
    answer: dict[str, Any] = {"contactGroups": groups[start : start + size], "totalItems": len(groups)}
    if start + size < len(groups):
        answer["nextPageToken"] = str(start + size)
    return answer


HANDLERS: dict[str, Handler] = {
    "people.people.connections.list": _connections,
    "people.people.getBatchGet": _batch_get,
    "people.contactGroups.list": _groups,
}
