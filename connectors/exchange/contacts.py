"""Reading contact folders: changes by SyncFolderItems, details in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from exchangelib import Contact

from connectors.exchange import elements, ews
from connectors.exchange.calendar import gone
from connectors.exchange.changes import changes
from connectors.exchange.folders import PEOPLE, Folders
from connectors.exchange.session import Session
from daemon.core.model import Broken, Card, CardPage, NamedDate, Position, Stream
from daemon.formats.cards import make_date, names_somebody, tidy
from daemon.formats.zones import user_zone

FIELDS = (
    "display_name given_name middle_name surname company_name job_title profession email_addresses "
    "physical_addresses business_homepage birthday wedding_anniversary categories"
)


class ExchangeContacts:
    """`daemon.core.ports.ContactSource`. Distribution lists are no people and pass by."""

    def __init__(self, session: Session, folders: Folders, page: int) -> None:
        self._session = session
        self._folders = folders
        self._page = page

    def streams(self) -> Sequence[Stream]:
        return [f.stream for f in self._folders.of_class(PEOPLE)]

    def pages(self, stream: Stream, since: Position) -> Iterator[CardPage]:
        for found, position, full in changes(self._session, stream, since, self._page):
            yield self._read(found, position, full=full)

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        return gone(self._session, item_ids)

    def _read(self, found: ews.Changes, position: Position, *, full: bool) -> CardPage:
        wanted = elements.fields(Contact, FIELDS)
        listed = tuple(elements.item_id(one)[0] for one in found.changed)
        people = [elements.item_id(one)[0] for one in found.changed if str(one.tag).endswith("}Contact")]
        size = self._session.settings.batch
        cards: list[Card] = []
        broken: list[Broken] = []
        for first in range(0, len(people), size):
            some = people[first : first + size]
            answers = self._session.read(lambda account, some=some: ews.get_items(account, some, wanted, size))  # type: ignore[misc]
            for id_, element in zip(some, answers, strict=True):
                if isinstance(element, ews.GONE):
                    continue
                if isinstance(element, Exception):
                    broken.append(Broken(id_, f"The server cannot read it ({type(element).__name__})."))
                    continue
                card = read(id_, element, self._session.settings.time_zone)
                if names_somebody(card):
                    cards.append(card)
                else:
                    broken.append(Broken(id_, "It has neither a name nor an address."))
        return CardPage(tuple(cards), position, found.gone, listed, tuple(broken), full)


def read(id_: str, element: Any, time_zone: str) -> Card:
    """One contact. ``time_zone`` is the user's: a birthday is kept as the midnight it began with there."""
    address = element.find("t:PhysicalAddresses/t:Entry[@Key='Business']", elements.NS)
    if address is None:
        address = element.find("t:PhysicalAddresses/t:Entry", elements.NS)
    dates = [
        NamedDate(kind, when)
        for kind, path in (("birthday", "t:Birthday"), ("wedding", "t:WeddingAnniversary"))
        if (when := _day(element, path, time_zone))
    ]
    entries = element.findall("t:EmailAddresses/t:Entry", elements.NS)
    return tidy(
        Card(
            record_id=id_,
            name=elements.text(element, "t:DisplayName"),
            given=elements.text(element, "t:GivenName"),
            family=elements.text(element, "t:Surname"),
            patronymic=elements.text(element, "t:MiddleName"),
            addresses=tuple(e.text or "" for e in sorted(entries, key=lambda e: str(e.get("Key", "")))),
            organisation=elements.text(element, "t:CompanyName"),
            title=elements.text(element, "t:JobTitle"),
            profession=elements.text(element, "t:Profession"),
            city=elements.text(address, "t:City") if address is not None else "",
            country=elements.text(address, "t:CountryOrRegion") if address is not None else "",
            url=elements.text(element, "t:BusinessHomePage"),
            dates=tuple(dates),
            labels=tuple(c.text or "" for c in element.findall("t:Categories/t:String", elements.NS)),
        )
    )


def _day(element: Any, path: str, time_zone: str) -> str:
    moment = elements.moment(element, path)
    if moment is None or (moment.year < 1605 and moment.year != 1604):
        return ""
    # either midnight there or noon of UTC: a minute on, for programs that rounded down
    day = user_zone(time_zone).to_wall(moment + timedelta(minutes=1))
    return make_date(day.year, day.month, day.day)
