"""Mail of a `MemoryServer`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from connectors.matching import concerns
from connectors.memory.server import Collection, Item, MemoryServer
from daemon.core.errors import BrokenItem, Refused
from daemon.core.model import Broken, FolderRole, Interest, Mail, MailPage, Position, Stream
from daemon.formats.headers import parse_mail
from daemon.formats.opening import FETCHED, opening
from daemon.formats.prefilter import Prefilter

UNREAD = frozenset({FolderRole.JUNK, FolderRole.TRASH, FolderRole.DRAFTS})
ASK = "kith-"


class MemoryMail:
    """`daemon.core.ports.MailSource`: changes in the order they happened, cut into pages. And `TextSource`."""

    def __init__(self, server: MemoryServer, size: int) -> None:
        self._server = server
        self._size = size

    def streams(self) -> Sequence[Stream]:
        with self._server.call("mail.streams"):
            return [Stream(f.name, f.name, f.role) for f in self._server.folders.values() if f.role not in UNREAD]

    def pages(self, stream: Stream, since: Position, interest: Interest) -> Iterator[MailPage]:
        reading = _Reading(interest)
        cursor = since.cursor
        while True:
            with self._server.call("mail.pages"):
                folder = self._folder(stream)
                after = folder.after(cursor)
                new = folder.listing(after)
                page, rest = new[: self._size], new[self._size :]
                # Deletions raise the folder's number too, but a cursor moves only with what was read.
                cursor = folder.cursor(page[-1].number if page else after)
            if not page and since.cursor and not since.progress:
                return
            yield reading.page(page, Position(cursor, "more" if rest else ""), total=len(new))
            if not rest:
                return

    def search(self, stream: Stream, addresses: Sequence[str], progress: str, interest: Interest) -> Iterator[MailPage]:
        reading = _Reading(replace(interest, known=frozenset(addresses)))
        cursor = progress
        while True:
            with self._server.call("mail.search"):
                folder = self._folder(stream)
                hits = [i for i in folder.listing(folder.after(cursor)) if reading.wants(i)]
                page, rest = hits[: self._size], hits[self._size :]
                cursor = folder.cursor(page[-1].number) if rest else ""
            yield reading.page(page, Position(progress=cursor))
            if not rest:
                return

    def clear_ask(self, stream: Stream, item_id: str, purpose: str) -> None:
        with self._server.call("mail.clear_ask", write=True):
            folder = self._folder(stream)
            item = folder.items.get(item_id)
            if item is not None and f"{ASK}{purpose}" in item.flags:
                folder.change(item_id, flags=item.flags - {f"{ASK}{purpose}"})

    def text(self, stream: str, item_id: str) -> str:
        with self._server.call("mail.text"):
            item = self._folder(Stream(stream, stream)).items.get(item_id)
            return opening(item.content[:FETCHED]) if item is not None and isinstance(item.content, bytes) else ""

    def _folder(self, stream: Stream) -> Collection[bytes | Mail]:
        if stream.name not in self._server.folders:
            raise Refused(f"there is no folder {stream.label}")
        return self._server.folders[stream.name]


class _Reading:
    """Turns stored messages into what a page holds."""

    def __init__(self, interest: Interest) -> None:
        self._interest = interest
        self._maybe: Callable[[bytes], bool] = Prefilter(interest).maybe

    def wants(self, item: Item[bytes | Mail]) -> bool:
        if any(flag.startswith(ASK) for flag in item.flags):
            return True
        if isinstance(item.content, bytes):
            return self._maybe(item.content)
        return True

    def page(self, items: Sequence[Item[bytes | Mail]], position: Position, total: int | None = None) -> MailPage:
        mails, broken = [], []
        for item in items:
            try:
                if self.wants(item) and concerns(mail := self._mail(item), self._interest):
                    mails.append(mail)
            except BrokenItem as error:
                broken.append(Broken(item.item_id, str(error)))
        return MailPage(tuple(mails), position, tuple(broken), len(items), total)

    @staticmethod
    def _mail(item: Item[bytes | Mail]) -> Mail:
        draft = "\\Draft" in item.flags
        asks = frozenset(flag.removeprefix(ASK) for flag in item.flags if flag.startswith(ASK))
        if isinstance(item.content, Mail):
            return item.content._replace(item_id=item.item_id, draft=draft, asks=asks)
        return parse_mail(item.item_id, item.content, received=None, draft=draft, asks=asks)
