"""Address books in: people kept in sync with where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection as Db

from daemon.core.model import CardPage, Interest, Position, Stream
from daemon.core.ports import ContactSource
from daemon.service import importing as book
from daemon.service.passes import Passes
from daemon.store import vanished


class ContactsIn:
    """The address books of one account."""

    def __init__(self, passes: Passes, source: ContactSource) -> None:
        self.passes = passes
        self.deps = passes.deps
        self.account = passes.account
        self.source = source

    def read(self) -> None:
        """Everything new, stream by stream."""
        for stream in self.source.streams():
            self._one_book(stream)

    def _one_book(self, stream: Stream) -> None:
        listed: set[str] = set()

        def commit(conn: Db, page: CardPage, _: Interest) -> None:
            listed.update(page.listed)
            vanished.note(conn, self.account, "contacts", stream.name, page.gone, back=page.listed)
            self._take_cards(conn, stream, replace(page, gone=()))
            if page.full and not page.position.progress:
                missing = book.known_records(conn, self.account, stream.name) - listed
                vanished.suspect(conn, self.account, "contacts", stream.name, missing)

        self.passes.read("contacts", stream, lambda since, _: self.source.pages(stream, since), commit)
        self.passes.settle_gone("contacts", stream, self.source.gone, self._gone_cards)

    def _gone_cards(self, conn: Db, stream: Stream, gone: Sequence[str]) -> None:
        self._take_cards(conn, stream, CardPage((), Position(), gone=tuple(gone)))

    def _take_cards(self, conn: Db, stream: Stream, page: CardPage) -> None:
        book.sync_page(
            conn,
            self.account,
            stream.name,
            page,
            self.deps.now(),
            secret=self.deps.key_secret,
            me=self.deps.me,
            rules=self.passes.rules(),
        )
