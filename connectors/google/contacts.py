"""Google Contacts read through the People API: what changed by sync token, good for seven days after a full pass.

"Other contacts", which Google gathers from whoever was written to, are not read: nobody put them into an address book.
https://developers.google.com/people/api/rest/v1/people.connections/list
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.google.errors import Rejected
from connectors.google.persons import FIELDS, Person, former_names, is_deleted, label_names, read_person
from connectors.google.session import Session
from daemon.core.errors import BrokenItem, CursorExpired, TryLater
from daemon.core.model import Broken, Card, CardPage, Position, Stream

BOOK = Stream("people/me", "Google Contacts")
PAGE = 1000
ASK = 200
"""People of one answer at most, by the API's own limits."""

NOT_FOUND = 5
"""google.rpc.Code"""


class GoogleContacts:
    """`daemon.core.ports.ContactSource`. A record is named by its resource name. ``page``: people in one answer."""

    def __init__(self, session: Session, page: int | None = None) -> None:
        self._session = session
        self._size = page or PAGE

    def streams(self) -> Sequence[Stream]:
        return [BOOK]

    def pages(self, stream: Stream, since: Position) -> Iterator[CardPage]:
        labels = self._labels()
        place = _Place.at(since, _mark(labels))
        first = True
        while True:
            answer = self._answer(place)
            people = answer.get("connections", ())
            more, token = str(answer.get("nextPageToken", "")), str(answer.get("nextSyncToken", ""))
            if not more and not token:
                raise TryLater("Google Contacts ended a listing without saying where to go on from.")
            now = _Place(place.token, more, place.labels)
            position = Position(since.cursor, now.text()) if more else Position(_Place(token, "", place.labels).text())
            if first and place.token and not people and position == since:
                return
            yield read_page(people, labels, position, full=not place.token)
            if not more:
                return
            place, first = now, False

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        missing: set[str] = set()
        for start in range(0, len(item_ids), ASK):
            asked = list(item_ids[start : start + ASK])
            people = self._session.people.people()
            answer = self._session.call(people.getBatchGet(resourceNames=asked, personFields="metadata"))
            for told in answer.get("responses", ()):
                code = told.get("status", {}).get("code", 0)
                name = str(told.get("requestedResourceName", ""))
                if name in asked and (code == NOT_FOUND or _under_another_name(told)):
                    missing.add(name)
        return frozenset(missing)

    def _answer(self, place: _Place) -> Mapping[str, Any]:
        # with a token, everything but the page has to be as it was the first time
        asked = {"pageToken": place.page} if place.page else {}
        asked |= {"syncToken": place.token} if place.token else {}
        request = (
            self._session.people.people()
            .connections()
            .list(
                resourceName="people/me",
                personFields=FIELDS,
                pageSize=self._size,
                requestSyncToken=True,
                **asked,
            )
        )
        try:
            return self._session.call(request)
        except Rejected as error:
            if asked and error.status in (400, 410):  # EXPIRED_SYNC_TOKEN, or a page that is none any more
                raise CursorExpired("Google Contacts does not know this position any more.") from error
            raise

    def _labels(self) -> dict[str, str]:
        found: list[Mapping[str, Any]] = []
        asked: dict[str, Any] = {"pageSize": PAGE, "groupFields": "name,groupType"}
        while True:
            answer = self._session.call(self._session.people.contactGroups().list(**asked))
            found += answer.get("contactGroups", ())
            if not answer.get("nextPageToken"):
                return label_names(found)
            asked["pageToken"] = answer["nextPageToken"]


def read_page(people: Sequence[Person], labels: Mapping[str, str], position: Position, *, full: bool) -> CardPage:
    """People as cards. What is not of the form the API documents breaks that one entry."""
    cards: list[Card] = []
    gone: list[str] = []
    listed: list[str] = []
    broken: list[Broken] = []
    for person in people:
        name = str(person["resourceName"])
        gone += former_names(person)
        if is_deleted(person):
            gone.append(name)
            continue
        listed.append(name)
        try:
            cards.append(read_person(person, labels))
        except BrokenItem as error:
            broken.append(Broken(name, str(error)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            broken.append(Broken(name, f"It cannot be read ({type(error).__name__})."))
    return CardPage(tuple(cards), position, tuple(gone), tuple(listed), tuple(broken), full)


def _under_another_name(told: Mapping[str, Any]) -> bool:
    """Found, but only because Google remembers what it was called before: that record is another one by now."""
    person = told.get("person", {})
    return bool(person) and person.get("resourceName") != told.get("requestedResourceName")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a pass stands. ``labels`` is a mark of the names of all labels: a token tells nothing of a renamed one."""

    token: str = ""
    page: str = ""
    labels: str = ""

    @classmethod
    def at(cls, since: Position, labels: str) -> _Place:
        text = since.progress or since.cursor
        if not text:
            return cls(labels=labels)
        try:
            told = json.loads(text)
            found = cls(str(told["token"]), str(told["page"]), str(told["labels"]))
        except (ValueError, KeyError, TypeError):
            raise CursorExpired("The position in Google Contacts cannot be read.") from None
        if found.labels != labels:
            raise CursorExpired("The labels in Google Contacts have changed.")
        return found

    def text(self) -> str:
        return json.dumps({"token": self.token, "page": self.page, "labels": self.labels}, separators=(",", ":"))


def _mark(labels: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sorted(labels.items())).encode()).hexdigest()[:16]
