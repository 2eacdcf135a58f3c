"""What changed in one collection: by sync-collection (RFC 6578) where it works, else by comparing entity tags.

A cursor is ``sync TOKEN`` or ``etags MAP``. A pass is cut into batches; its progress says up to which path it came, so
that it can go on there, and the cursor it will end with is never newer than the oldest listing it used:
what changed in between is told again.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from connectors.caldav import dav
from connectors.caldav.discovery import Collection, Finder
from connectors.caldav.errors import Status
from connectors.caldav.http import Client
from daemon.core.errors import CursorExpired, TryLater
from daemon.core.model import Position

MAX_ROUNDS = 1000
"""Answers of one sync-collection: a server that never comes to an end is given up."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a pass: objects to fetch now, and the position once they are dealt with."""

    paths: tuple[str, ...]
    position: Position
    gone: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    full: bool = False


@dataclass
class _Listing:
    changed: dict[str, str] = field(default_factory=dict)  # path -> entity tag
    gone: set[str] = field(default_factory=set)
    token: str = ""


class Reader:
    """Reads changes of the collections of one service. ``gone`` asks the server for single objects."""

    def __init__(self, client: Client, finder: Finder, gone: Callable[[list[str]], frozenset[str]]) -> None:
        self._client = client
        self._finder = finder
        self._gone = gone
        self._tagged: set[str] = set()  # collections whose sync-collection turned out not to work

    def chunks(self, collection: Collection, since: Position) -> Iterator[Chunk]:
        """The pieces of a pass from ``since``; none where nothing changed.

        Raises:
            CursorExpired: the server does not know the token any more, or the position is not one of ours.
        """
        mode, _, rest = since.cursor.partition(" ")
        if since.progress:
            mode = since.progress.partition(" ")[0]
        elif not since.cursor:
            mode = "sync" if collection.sync and collection.path not in self._tagged else "etags"
        if mode == "sync":
            try:
                listing = self._sync(collection, rest if since.cursor.startswith("sync ") else "")
            except Status:
                if since.cursor or since.progress:
                    raise
                self._tagged.add(collection.path)
                mode = "etags"
            else:
                yield from self._by_token(listing, since)
                return
        if mode != "etags":
            raise CursorExpired("The position in this collection is none of ours.")
        yield from self._by_tags(collection, since)

    # -- by token --------------------------------------------------------------------------------

    def _sync(self, collection: Collection, token: str) -> _Listing:
        found = _Listing()
        url = self._finder.url(collection.path)
        for _ in range(MAX_ROUNDS):
            try:
                answer = self._client.multistatus("REPORT", url, dav.sync_collection(token), depth="0")
            except Status as error:
                # no two servers agree how an unknown token is refused: 403 Radicale and Cyrus, 412 Xandikos, 409, 410
                if token and (error.code in (403, 409, 410, 412) or "valid-sync-token" in error.said):
                    raise CursorExpired("The server does not know this sync token any more.") from error
                raise
            more = False
            for one in answer.answers:
                if one.path.rstrip("/") == collection.path.rstrip("/"):
                    more = more or one.status == 507  # RFC 6578 3.6: there is more, ask with the new token
                elif one.status in (404, 410):
                    found.changed.pop(one.path, None)
                    found.gone.add(one.path)
                elif not one.path.endswith("/"):
                    found.gone.discard(one.path)
                    found.changed[one.path] = one.text("D:getetag")
            if not answer.token:
                raise Status(url, "REPORT", 501)  # answers, but not to what was asked
            found.token, before = answer.token, token
            if not more:
                return found
            if found.token == before:
                break
            token = found.token
        raise TryLater("The server never comes to the end of its changes.")

    def _by_token(self, listing: _Listing, since: Position) -> Iterator[Chunk]:
        full = not since.cursor
        after, token = "", listing.token
        if since.progress:
            told = _unpack(since.progress)
            after, token = told.get("after", ""), told.get("token", listing.token)
        final = Position(f"sync {token}")
        todo = sorted(path for path in listing.changed if path > after)
        listed = tuple(sorted(listing.changed)) if full else tuple(todo)
        gone = tuple(sorted(listing.gone))
        if not todo and not gone and not full and final == since:
            return
        for paths, last in _batches(todo, self._client.settings.batch):
            progress = "" if last else "sync " + _pack({"after": paths[-1], "token": token})
            yield Chunk(paths, final if last else Position(since.cursor, progress), gone, listed, full)
            gone = listed = ()

    # -- by entity tags --------------------------------------------------------------------------

    def _by_tags(self, collection: Collection, since: Position) -> Iterator[Chunk]:
        full = not since.cursor
        known: dict[str, str] = {}
        for text in (since.cursor, since.progress):
            if text:
                known |= _unpack(text)
        answers = self._client.multistatus(
            "PROPFIND", self._finder.url(collection.path), dav.propfind(["D:getetag", "D:resourcetype"]), depth="1"
        ).answers
        held = {
            a.path: _short(a.text("D:getetag"))
            for a in answers
            if not a.path.endswith("/") and a.status == 200 and not a.has("D:resourcetype", "D:collection")
        }
        todo = sorted(path for path, tag in held.items() if known.get(path) != tag)
        missing = sorted(set(known) - set(held))
        # not listed is not gone: the server is asked for each, and what it will not say stays known and is asked again
        gone = tuple(sorted(self._gone(missing))) if missing else ()
        doubtful = {path: known[path] for path in missing if path not in gone}
        listed = tuple(sorted(held)) if full else tuple(todo)
        final = Position("etags " + _pack(held | doubtful))
        if not todo and not gone and not full and not since.progress:
            return
        done = {path: tag for path, tag in known.items() if path not in gone}
        for paths, last in _batches(todo, self._client.settings.batch):
            done |= {path: held[path] for path in paths}
            position = final if last else Position(since.cursor, "etags " + _pack(done))
            yield Chunk(paths, position, gone, listed, full)
            gone = listed = ()


def _batches(paths: list[str], size: int) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Pieces of the list, and whether each is the last; one empty piece of an empty list."""
    for start in range(0, max(len(paths), 1), size):
        yield tuple(paths[start : start + size]), start + size >= len(paths)


def _short(etag: str) -> str:
    # without an entity tag the object counts as changed every time
    return hashlib.sha256(etag.encode()).hexdigest()[:12] if etag else ""


def _pack(facts: Mapping[str, str]) -> str:
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode("ascii")


def _unpack(text: str) -> dict[str, str]:
    try:
        facts = json.loads(zlib.decompress(base64.b64decode(text.partition(" ")[2], validate=True)))
    except (ValueError, zlib.error):
        raise CursorExpired("The position in this collection cannot be read.") from None
    if not isinstance(facts, dict):
        raise CursorExpired("The position in this collection cannot be read.")
    return {str(k): str(v) for k, v in facts.items()}
