"""Contacts read through delta queries, one a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from connectors.microsoft.cursor import REFRESH, Place
from connectors.microsoft.errors import Status
from connectors.microsoft.http import Client, Json, query, seg, values
from connectors.microsoft.moments import birthday
from daemon.core.errors import BrokenItem
from daemon.core.model import Broken, Card, CardPage, NamedDate, Position, Stream
from daemon.core.names import is_patronymic
from daemon.core.plain import one_line
from daemon.formats.cards import names_somebody, tidy

FIELDS = (
    "displayName givenName middleName surname nickName emailAddresses companyName jobTitle profession birthday "
    "businessAddress homeAddress businessHomePage categories"
).split()
SELECT = "id," + ",".join(FIELDS)


class Books:
    """`daemon.core.ports.ContactSource`. A card's record is the contact's immutable id."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def streams(self) -> Sequence[Stream]:
        found = self._main()
        layer = self._client.every(query("/me/contactFolders", select="id,displayName"))
        while layer:
            found += layer
            layer = [
                below
                for one in layer
                for below in self._client.every(
                    query(f"/me/contactFolders/{seg(str(one['id']))}/childFolders", select="id,displayName")
                )
            ]
        named = {str(one["id"]): one_line(str(one.get("displayName") or "Contacts")) for one in found}
        return [Stream(folder_id, label) for folder_id, label in named.items()]

    def _main(self) -> list[Json]:
        """The folder of all contacts. It is in no listing, and its well-known name in no documentation."""
        try:
            return [self._client.get(query("/me/contactFolders/contacts", select="id,displayName"))]
        except Status:
            held = values(self._client.get(query("/me/contacts", select="parentFolderId", top="1")))
            return [{"id": one["parentFolderId"]} for one in held if one.get("parentFolderId")]

    def pages(self, stream: Stream, since: Position) -> Iterator[CardPage]:
        # Raises CursorExpired also in the middle of a pass, where the next link has expired: one full pass.
        done, way = Place.read(since.cursor), Place.read(since.progress)
        full = way.full if way is not None else done is None
        base = f"/me/contactFolders/{seg(stream.name)}/contacts"
        place = way or done
        link = place.link if place is not None else query(f"{base}/delta", select=SELECT)
        while True:
            answer = self._client.get(link)
            link, final = self._client.follow(answer, link)
            now = self._client.now()
            if link:
                position = Position(since.cursor, Place(link, now, full).text())
            else:
                position = Position(Place(final, now).text())
            told = values(answer)
            if not (told or link or full or since.progress) and done is not None and now - done.at < REFRESH:
                return
            yield self._page(told, position, full)
            if not link:
                return

    def gone(self, stream: Stream, item_ids: Sequence[str]) -> frozenset[str]:
        base = f"/me/contactFolders/{seg(stream.name)}/contacts"
        parts = self._client.batch([query(f"{base}/{seg(item_id)}", select="id") for item_id in item_ids])
        return frozenset(i for i, part in zip(item_ids, parts, strict=True) if part.status == 404)

    def _page(self, told: Sequence[Json], position: Position, full: bool) -> CardPage:
        gone = [str(one["id"]) for one in told if "@removed" in one]
        held = [one for one in told if "@removed" not in one]
        broken: list[Broken] = []
        cards: list[Card] = []
        partial = [str(one["id"]) for one in held if any(name not in one for name in FIELDS)]
        anew: dict[str, Json] = {}
        for item_id, part in zip(
            partial,
            self._client.batch([query(f"/me/contacts/{seg(item_id)}", select=SELECT) for item_id in partial]),
            strict=True,
        ):
            if part.status == 200:
                anew[item_id] = part.body
            elif part.status == 404:
                gone.append(item_id)
            else:
                broken.append(Broken(item_id, "Microsoft refuses to hand it out."))
        listed = [str(one["id"]) for one in held if str(one["id"]) not in gone]
        for one in held:
            item_id = str(one["id"])
            whole = anew.get(item_id) if item_id in partial else one
            if whole is None:
                continue
            try:
                cards.append(card(whole))
            except BrokenItem as error:
                broken.append(Broken(item_id, str(error)))
        return CardPage(tuple(cards), position, tuple(gone), tuple(listed), tuple(broken), full)


def card(contact: Mapping[str, Any]) -> Card:
    """One contact. Graph v1.0 tells no wedding day, and a birthday is no day of work.

    Raises:
        BrokenItem: it has neither a name nor an address.
    """

    def text(name: str) -> str:
        return str(contact.get(name) or "")

    middle = text("middleName").strip()
    emails, categories = contact.get("emailAddresses"), contact.get("categories")
    places = (contact.get("businessAddress"), contact.get("homeAddress"))
    place: Mapping[str, Any] = next((p for p in places if isinstance(p, dict) and _tells(p)), {})
    born = birthday(contact.get("birthday"))
    found = tidy(
        Card(
            record_id=text("id"),
            name=text("displayName") or text("nickName"),
            given=text("givenName"),
            family=text("surname"),
            patronymic=middle if is_patronymic(middle) else "",
            addresses=tuple(str(e.get("address") or "") for e in emails if isinstance(e, dict)) if emails else (),
            organisation=text("companyName"),
            title=text("jobTitle"),
            profession=text("profession"),
            city=str(place.get("city") or ""),
            country=str(place.get("countryOrRegion") or ""),
            url=text("businessHomePage"),
            dates=(NamedDate("birthday", born),) if born else (),
            labels=tuple(map(str, categories)) if isinstance(categories, list) else (),
        )
    )
    if not names_somebody(found):
        raise BrokenItem("It has neither a name nor an address.")
    return found


def _tells(place: Mapping[str, Any]) -> bool:
    return bool(place.get("city") or place.get("countryOrRegion"))
