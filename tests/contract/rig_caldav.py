"""The rigs of the caldav connector: Radicale and Xandikos. The network between can lose requests and answers."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import connectors.caldav
from daemon.core.model import Account, Position
from daemon.core.ports import Connection, Surroundings
from tests.contract.rig import ME, SeenEvent
from tests.contract.samples import NOW, PAGE, dragged, event, retitled, reworded, seen_event
from tests.support.dav import PASSWORD, DavAccount, DavServer, dav_server
from tests.support.folders import copy_tree
from tests.support.proxy import Proxy, Way, proxy

WRITING = rb"\A(?:PUT|DELETE) "


class Secrets:
    """The one password there is."""

    def get(self, account: str, name: str) -> str | None:
        return PASSWORD if name == "password" else None

    def put(self, account: str, name: str, value: str) -> None:
        raise AssertionError("no secret to be kept")


class CaldavRig:
    """Handles are paths on the server."""

    whole: frozenset[str] = frozenset()
    cannot: frozenset[str] = frozenset()

    def __init__(self, account: DavAccount, net: Proxy, folder: Path) -> None:
        self.account = account
        self.net = net
        self._around = Surroundings(Secrets(), str(folder / "state"), lambda: NOW)
        self._connection: Connection | None = None
        self._numbers = itertools.count(1)

    def connection(self) -> Connection:
        return self._connection or self.fresh_connection()

    def fresh_connection(self) -> Connection:
        options = {"url": f"http://127.0.0.1:{self.net.port}", "user": self.account.user, "batch": PAGE, "timeout": 10}
        self._connection = connectors.caldav.connect(Account("dav", "caldav", ME, options=options), self._around)
        return self._connection

    def lose_next_response(self) -> None:
        # only the answer to a write, however the server words it: the trap is set as the write goes by
        self.net.lose_answer_to(WRITING)

    def lose_next_request(self) -> None:
        self.net.lose(Way.UP, WRITING)

    # -- the kill matrix

    def save(self, folder: Path) -> None:
        copy_tree(self.account.kept, folder)

    def restore(self, folder: Path) -> None:
        # In place, for paths name the user; between requests Radicale keeps nothing in memory. Made anew each time:
        # it lists files in the order the folder gives them.
        shutil.rmtree(self.account.kept)
        copy_tree(folder, self.account.kept)

    # -- calendars

    def add_event(self, raw: bytes) -> str:
        return self.account.put(f"{self.account.calendar}e{next(self._numbers)}@x.ics", raw)

    def add_broken_event(self) -> str:
        raw = event("broken").replace(b"DTSTART:", b"DTSTART;TZID=Nowhere Standard Time:")
        return self.add_event(re.sub(rb"(DTSTART;.*)Z\r", rb"\1\r", raw))

    def change_event(self, handle: str, raw: bytes) -> None:
        self.account.put(handle, raw)

    def delete_event(self, handle: str) -> None:
        self.account.delete(handle)

    def expire_calendar_cursor(self, stream: str, position: Position) -> Position:
        return replace(position, cursor=position.cursor[:-4] + "0000")

    # -- address books

    def add_card(self, raw: bytes) -> str:
        return self.account.put(f"{self.account.book}c{next(self._numbers)}.vcf", raw)

    def add_broken_card(self) -> str:
        return self.add_card(b"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:broken\r\nFN:\r\nN:;;;;\r\nEND:VCARD\r\n")

    def change_card(self, handle: str, raw: bytes) -> None:
        self.account.put(handle, raw)

    def delete_card(self, handle: str) -> None:
        self.account.delete(handle)

    def expire_contacts_cursor(self, stream: str, position: Position) -> Position:
        return self.expire_calendar_cursor(stream, position)

    def belongings(self) -> object:
        shelves = (self.account.calendar, self.account.book)
        return [(path, self.account.get(path)) for shelf in shelves for path in self.account.members(shelf)]

    # -- reminders

    def _reminder_paths(self) -> dict[str, bytes]:
        homes = [c for c in self.account.collections() if c.endswith("/kith/")]
        return {path: self.account.get(path) for home in homes for path in self.account.members(home)}

    def reminders(self) -> Sequence[SeenEvent]:
        return [seen_event(raw) for raw in self._reminder_paths().values()]

    def _reminder(self, uid: str) -> tuple[str, bytes]:
        return next((path, raw) for path, raw in self._reminder_paths().items() if seen_event(raw).uid == uid)

    def user_drags_event(self, uid: str, start: datetime) -> None:
        path, raw = self._reminder(uid)
        self.account.put(path, dragged(raw, start))

    def user_retitles_event(self, uid: str, title: str) -> None:
        path, raw = self._reminder(uid)
        self.account.put(path, retitled(raw, title))

    def user_rewrites_event(self, uid: str, text: str) -> None:
        path, raw = self._reminder(uid)
        self.account.put(path, reworded(raw, text))

    def user_deletes_event(self, uid: str) -> None:
        self.account.delete(self._reminder(uid)[0])


class DavRigs:
    def __init__(self, server: DavServer) -> None:
        self._server = server

    @contextmanager
    def rig(self, folder: Path) -> Iterator[CaldavRig]:
        with self._server.account() as account, proxy(self._server.port) as net:
            account.make_calendar(f"{account.home}kith/", "kith")
            yield CaldavRig(account, net, folder)


@contextmanager
def open_server(folder: Path) -> Iterator[DavRigs]:
    """Radicale."""
    with dav_server("radicale", folder) as server:
        yield DavRigs(server)
