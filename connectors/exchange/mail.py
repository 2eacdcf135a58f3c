"""Reading mail: SyncFolderItems page by page, details of what may concern somebody in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from exchangelib import Message
from exchangelib.errors import ErrorAccessDenied, EWSError

from connectors.exchange import cursor, elements, ews, letters, writing
from connectors.exchange.folders import MAIL, Folders
from connectors.exchange.session import Session
from connectors.matching import concerns
from daemon.core.address import normalise
from daemon.core.errors import BrokenItem, CursorExpired, Refused
from daemon.core.model import Broken, Interest, Mail, MailPage, Position, Stream
from daemon.core.own_words import OPENING

SEARCHABLE = 20
"""Up to so many addresses the server's index is asked for; above that the folder is listed again."""

LIMITS = (250, 1000)
"""So many hits an index gives at most, and then says nothing of the rest: then the folder is listed again."""

CLEARED = ("kith-thanks", "kith-reply", "kith-congratulations", "kith-check-in")


class ExchangeMail:
    """`daemon.core.ports.MailSource` and `TextSource`.

    A stream is named by its folder's id; a cursor is the server's sync state.
    """

    def __init__(self, session: Session, folders: Folders, page: int) -> None:
        self._session = session
        self._folders = folders
        self._page = page

    def streams(self) -> Sequence[Stream]:
        settings = self._session.settings
        return [f.stream for f in self._folders.of_class(MAIL, settings.folders, settings.exclude)]

    def pages(self, stream: Stream, since: Position, interest: Interest) -> Iterator[MailPage]:
        state = cursor.read(since.cursor)
        total = self._size(stream) if not state else None
        going_on = bool(since.progress)
        wanted = elements.fields(Message, letters.LISTED)
        while True:
            found = self._sync(stream, state, wanted)
            if state and not going_on and found.last and not found.changed and not found.gone:
                return
            progress = "" if found.last else "more"
            state, going_on = found.state, True
            yield self._read(found.changed, interest, Position(cursor.written(state), progress), total)
            if found.last:
                return

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        wanted = replace(interest, known=frozenset(addresses))
        if not wanted.known:
            return
        hits = None
        if len(wanted.known) <= SEARCHABLE and not progress.startswith("{"):
            hits = self._hits(stream, sorted(wanted.known))
        if hits is None:
            yield from self._listed_again(stream, progress, wanted)
            return
        todo = [one for one in hits if one > progress]
        for first in range(0, len(todo), self._page):
            some = todo[first : first + self._page]
            place = some[-1] if first + self._page < len(todo) else ""
            yield self._details(some, wanted, Position(progress=place), len(some), len(hits))

    def clear_ask(self, stream: Stream, item_id: str, purpose: str) -> None:
        if f"{letters.ASK}{purpose}" not in CLEARED:
            return
        wanted = elements.fields(Message, "categories")
        (element,) = self._session.read(lambda account: ews.get_items(account, [item_id], wanted, 1))
        if isinstance(element, ErrorAccessDenied):
            raise Refused("The message cannot be written to.")
        if isinstance(element, Exception):
            return
        names = [one.text or "" for one in element.findall("t:Categories/t:String", elements.NS)]
        left = [name for name in names if name.lower() != f"{letters.ASK}{purpose}"]
        if len(left) == len(names):
            return
        id_, change_key = elements.item_id(element)
        self._session.write(
            lambda account: writing.update_item(
                account, Message(id=id_, changekey=change_key, categories=left or None), ["categories"]
            )
        )

    def text(self, stream: str, item_id: str) -> str:
        """See `TextSource.text`. The body alone, made plain text by the server; attachments are no part of it."""
        (element,) = self._session.read(lambda account: ews.get_texts(account, [item_id]))
        return "" if isinstance(element, Exception) else elements.text(element, "t:Body")[:OPENING]

    # -- one page --------------------------------------------------------------------------------

    def _sync(self, stream: Stream, state: str, wanted: Sequence[Any]) -> ews.Changes:
        return self._session.read(lambda account: ews.sync(account, stream.name, state, wanted, self._page))

    def _read(self, listed: Sequence[Any], interest: Interest, position: Position, total: int | None) -> MailPage:
        ids = [elements.item_id(one)[0] for one in listed if letters.maybe(one, interest)]
        return self._details(ids, interest, position, len(listed), total)

    def _details(
        self, ids: Sequence[str], interest: Interest, position: Position, scanned: int, total: int | None
    ) -> MailPage:
        wanted = elements.fields(Message, letters.DETAILS)
        batch = self._session.settings.batch
        mails: list[Mail] = []
        broken: list[Broken] = []
        for first in range(0, len(ids), batch):
            some = list(ids[first : first + batch])
            found = self._session.read(lambda account, some=some: ews.get_items(account, some, wanted, batch))  # type: ignore[misc]
            for id_, element in zip(some, found, strict=True):
                if isinstance(element, ews.GONE):
                    continue  # moved or deleted since it was listed: the folder it went to tells of it
                if isinstance(element, Exception):
                    broken.append(Broken(id_, f"The server cannot read it ({type(element).__name__})."))
                    continue
                try:
                    mail = letters.read(element)
                except BrokenItem as error:
                    broken.append(Broken(id_, str(error)))
                    continue
                if concerns(mail, interest):
                    mails.append(mail)
        return MailPage(tuple(mails), position, tuple(broken), scanned, total)

    def _size(self, stream: Stream) -> int | None:
        return next((f.count for f in self._folders.all() if f.id == stream.name), None)

    # -- back-fill -------------------------------------------------------------------------------

    def _hits(self, stream: Stream, addresses: Sequence[str]) -> list[str] | None:
        """Ids of messages the server's index finds, ascending; None where it cannot be relied on."""
        said = " OR ".join(f'participants:"{needle}"' for needle in _needles(addresses))

        def ask(account: Any) -> list[Any] | None:
            try:
                return ews.find_items(account, [stream.name], query=said)
            except EWSError as error:
                # an index that is off, being built, or of a server that has no words for it
                if type(error).__name__ in ("ErrorContentIndexingNotEnabled", "ErrorInvalidQueryString", "ErrorAqs"):
                    return None
                raise

        found = self._session.read(ask)
        if found is None or len(found) in LIMITS:
            return None
        return sorted(elements.item_id(one)[0] for one in found if not isinstance(one, Exception))

    def _listed_again(self, stream: Stream, progress: str, wanted: Interest) -> Iterator[MailPage]:
        try:
            pages = self.pages(stream, Position(progress, "more" if progress else ""), wanted)
            page = next(pages, None)
        except CursorExpired:  # from the start then: the caller has no cursor here to lose
            pages = self.pages(stream, Position(), wanted)
            page = next(pages, None)
        while page is not None:
            following = next(pages, None)
            yield replace(page, position=Position(progress=page.position.cursor if following is not None else ""))
            page = following


def _needles(addresses: Sequence[str]) -> list[str]:
    """What to look for: the address, the start of one with a tag, and its domain as a program may have written it."""
    found: list[str] = []
    for address in addresses:
        local, _, domain = address.rpartition("@")
        found += [address, f"{local}+"]
        if "xn--" in domain:
            found.append(f"{local}@")
    return [one for one in dict.fromkeys(found) if normalise(one) or one.endswith(("+", "@"))]
