"""Mail read through delta queries, one a folder: strangers end at Graph's own properties, others have headers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from connectors.matching import concerns as parsed_concerns
from connectors.microsoft import messages
from connectors.microsoft.bounces import reported
from connectors.microsoft.cursor import REFRESH, Place
from connectors.microsoft.errors import Status
from connectors.microsoft.http import Client, Json, query, seg, values
from connectors.microsoft.places import Places
from connectors.microsoft.search import Search
from daemon.core.errors import BrokenItem, Refused
from daemon.core.model import Broken, Interest, Mail, MailPage, Position, Signal, Stream
from daemon.core.own_words import OPENING
from daemon.formats.html_text import readable


class MailReader:
    """`daemon.core.ports.MailSource` and `TextSource`. An item's id is the message's immutable id."""

    def __init__(self, client: Client, places: Places) -> None:
        self._client = client
        self._places = places

    def streams(self) -> Sequence[Stream]:
        return self._places.streams()

    def pages(self, stream: Stream, since: Position, interest: Interest) -> Iterator[MailPage]:
        # Raises CursorExpired also in the middle of a pass, where the next link has expired: one full pass.
        done, way = Place.read(since.cursor), Place.read(since.progress)
        folder = f"/me/mailFolders/{seg(stream.name)}"
        place = way or done
        link = place.link if place is not None else query(f"{folder}/messages/delta", select=messages.SELECT)
        total = None
        if done is None and way is None:
            total = self._client.get(query(folder, select="totalItemCount")).get("totalItemCount")
        while True:
            answer = self._client.get(link)
            link, final = self._client.follow(answer, link)
            now = self._client.now()
            position = Position(since.cursor, Place(link, now).text()) if link else Position(Place(final, now).text())
            items = [one for one in values(answer) if "@removed" not in one]  # moved or deleted: retracts nothing
            if not items and not link and not since.progress and done is not None and now - done.at < REFRESH:
                return
            yield self._page(items, interest, position, total)
            if not link:
                return

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        sought = replace(interest, known=frozenset(addresses))
        for items, further in Search(self._client, stream, addresses).pages(progress):
            yield self._page(items, sought, Position(progress=further))

    def clear_ask(self, stream: Stream, item_id: str, purpose: str) -> None:
        path = f"/me/messages/{seg(item_id)}"
        for last in (False, True):
            held = self._client.find(query(path, select="id,categories"))
            if held is None:
                return
            rest = [c for c in held.get("categories", []) if c.casefold() != f"kith-{purpose}"]
            if rest == held.get("categories", []):
                return
            try:
                self._client.write("PATCH", path, {"categories": rest}, if_match=str(held.get("@odata.etag", "")))
            except Status as error:
                if error.missing:
                    return
                if error.changed and not last:
                    continue  # the user was at it at the same moment: look again
                raise
            return

    def text(self, stream: str, item_id: str) -> str:
        """See `TextSource.text`. The body alone, made plain text by the server; attachments are no part of it."""
        held = self._client.find(query(f"/me/messages/{seg(item_id)}", select="body"), text=True)
        body = held.get("body") if held is not None else None
        if not isinstance(body, dict):
            return ""
        said = str(body.get("content") or "")
        return (readable(said) if str(body.get("contentType")).lower() == "html" else said)[:OPENING]

    # -- a page ----------------------------------------------------------------------------------

    def _page(
        self, items: Sequence[Json], interest: Interest, position: Position, total: int | None = None
    ) -> MailPage:
        mails: list[Mail] = []
        broken: list[Broken] = []
        for item_id, item in self._whole(items, interest):
            if item is None:
                broken.append(Broken(item_id, "Microsoft refuses to hand it out."))
                continue
            try:
                mail = self._mail(item)
            except BrokenItem as error:
                broken.append(Broken(item_id, str(error)))
                continue
            if parsed_concerns(mail, interest):
                mails.append(mail)
        return MailPage(tuple(mails), position, tuple(broken), len(items), total)

    def _whole(self, items: Sequence[Json], interest: Interest) -> Iterator[tuple[str, Json | None]]:
        """The messages of a page that may concern somebody known, read anew with their headers.

        What a delta tells may be a part, and an older one than the server's: it only decides whether to ask.
        """
        ids = [str(i["id"]) for i in items if messages.partial(i) or messages.concerns(i, interest)]
        paths = [query(f"/me/messages/{seg(i)}", select=messages.WITH_HEADERS, expand=messages.EXPAND) for i in ids]
        for item_id, part in zip(ids, self._client.batch(paths), strict=True):
            if part.status == 200:
                if messages.concerns(part.body, interest):
                    yield item_id, part.body
            elif part.status != 404:  # deleted since it was listed
                yield item_id, None

    def _mail(self, item: Json) -> Mail:
        mail = messages.read(item)
        if Signal.BOUNCE in mail.signals and not mail.bounced:
            with suppress(Refused):
                raw = self._client.raw(f"/me/messages/{seg(mail.item_id)}/$value")
                mail = mail._replace(bounced=reported(raw))
        return mail
