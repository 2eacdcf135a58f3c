"""A small TCP proxy that makes a network as bad as a test wants it: delay, cut, black hole, trickle, lost answers."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum


class Way(StrEnum):
    """A direction through the proxy."""

    UP = "up"  # client to server
    DOWN = "down"  # server to client


@dataclass(slots=True)
class _Trap:
    pattern: re.Pattern[bytes]
    garbage: bytes
    sprung: threading.Event


class Spoil(StrEnum):
    """What becomes of the second half of a piece, and of all after it."""

    CUT = "cut"  # both ends are reset
    SILENCE = "silence"  # nothing ever comes again, and nothing is closed
    GARBAGE = "garbage"  # noise stands in its place; what follows comes as it should


NOISE = bytes(range(256)) * 4


@dataclass(slots=True)
class Hold:
    """A piece kept back: ``reached`` is set when it has come, ``release`` lets it go on."""

    pattern: re.Pattern[bytes]
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


@dataclass
class Proxy:
    """Stands before ``target``; everything set here holds for connections made from then on, traps at once."""

    target: tuple[str, int]
    port: int = 0
    delay: float = 0.0  # seconds before each piece that comes down
    cut_after: dict[Way, int] = field(default_factory=dict)  # bytes, then RST to both; once
    black_hole: bool = False  # bytes are taken and nothing ever comes back
    trickle: int = 0  # so many bytes a tenth of a second come down
    connections: int = 0
    sent: bytearray = field(default_factory=bytearray)  # all that went up
    _traps: dict[Way, _Trap] = field(default_factory=dict)
    _holds: dict[Way, Hold] = field(default_factory=dict)
    _spoil: tuple[Spoil, threading.Event] | None = None
    _spare: int = 0  # pieces still to be let through before the one that is spoilt
    _inside: re.Pattern[bytes] | None = None  # what the piece to be spoilt holds the beginning of
    _awaited: re.Pattern[bytes] | None = None
    _sockets: set[socket.socket] = field(default_factory=set)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def lose(self, way: Way, pattern: bytes, garbage: bytes = b"") -> threading.Event:
        """The next piece this way that holds the pattern is swallowed (``garbage`` goes in its place), and both
        ends are reset. Downwards that is an answer lost after the server has done its work.

        Returns an event that is set when it happened.
        """
        trap = _Trap(re.compile(pattern), garbage, threading.Event())
        self._traps[way] = trap
        return trap.sprung

    def lose_answer_to(self, pattern: bytes) -> None:
        """What the server says next after a piece upwards that holds the pattern is swallowed, and both ends reset."""
        self._awaited = re.compile(pattern)

    def hold(self, way: Way, pattern: bytes) -> Hold:
        """The next piece this way that holds the pattern waits, and all after it, until it is released."""
        made = self._holds[way] = Hold(re.compile(pattern))
        return made

    def spoil(self, how: Spoil, after: int = 0, inside: bytes = b"") -> threading.Event:
        """Of what comes down, ``after`` pieces pass, and the next is spoilt in its middle. Once.

        ``inside`` is a pattern: only pieces that hold it are counted, and the one is spoilt right behind the pattern's
        first occurrence: inside whatever begins so.

        Returns an event that is set when it happened.
        """
        happened = threading.Event()
        self._inside = re.compile(inside, re.DOTALL) if inside else None
        self._spoil, self._spare = (how, happened), after
        return happened

    def drop_all(self) -> None:
        """Reset every connection there is."""
        for one in list(self._sockets):
            _reset(one)

    def close(self) -> None:
        """No more of it."""
        self._stopping.set()
        for held in self._holds.values():
            held.release.set()
        self.drop_all()

    # -- inside ------------------------------------------------------------------------------------

    def _serve(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(self.target, 10)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            client.settimeout(None)
            self._sockets |= {client, server}
            ended: list[Way] = []
            for way, source, sink in ((Way.UP, client, server), (Way.DOWN, server, client)):
                threading.Thread(target=self._pump, args=(way, source, sink, ended), daemon=True).start()

    def _pump(self, way: Way, source: socket.socket, sink: socket.socket, ended: list[Way]) -> None:
        left = self.cut_after.pop(way, None)
        with suppress(OSError):
            while piece := source.recv(65536):
                if way is Way.UP and self._awaited is not None and self._awaited.search(piece):
                    self._awaited = None
                    self.lose(Way.DOWN, b"")
                if way is Way.UP:
                    self.sent += piece
                held = self._holds.get(way)
                if held is not None and held.pattern.search(piece):
                    held.reached.set()
                    held.release.wait()
                    self._holds.pop(way, None)
                trap = self._traps.get(way)
                if trap is not None and trap.pattern.search(piece):
                    del self._traps[way]
                    if trap.garbage:
                        sink.sendall(trap.garbage)
                    trap.sprung.set()
                    break
                if left is not None:
                    sink.sendall(piece[:left])
                    left -= len(piece)
                    if left <= 0:
                        break
                    continue
                if way is Way.DOWN:
                    if self.black_hole:
                        continue
                    spoilt = self._spoils(piece)
                    if spoilt is not None:
                        how, good = spoilt
                        sink.sendall(piece[:good])
                        if how is Spoil.CUT:
                            break
                        if how is Spoil.SILENCE:
                            self._stopping.wait()
                            break
                        piece = NOISE
                    self._slowly(sink, piece)
                else:
                    sink.sendall(piece)
            else:
                with suppress(OSError):
                    sink.shutdown(socket.SHUT_WR)
                ended.append(way)
                if len(ended) == len(Way):  # else the other way may have more to say
                    for one in (source, sink):
                        self._sockets.discard(one)
                        one.close()
                return
        for one in (source, sink):
            _reset(one)
            self._sockets.discard(one)

    def _spoils(self, piece: bytes) -> tuple[Spoil, int] | None:
        """What becomes of this piece, if anything, and how many bytes of it are good."""
        if self._spoil is None:
            return None
        found = self._inside.search(piece) if self._inside else None
        if self._inside and not found:
            return None
        if self._spare > 0:
            self._spare -= 1
            return None
        (how, happened), self._spoil = self._spoil, None
        happened.set()
        return how, found.end() if found else len(piece) // 2

    def _slowly(self, sink: socket.socket, piece: bytes) -> None:
        if self.delay:
            self._stopping.wait(self.delay)
        if not self.trickle:
            sink.sendall(piece)
            return
        for start in range(0, len(piece), self.trickle):
            sink.sendall(piece[start : start + self.trickle])
            if self._stopping.wait(0.1):
                return


def _reset(one: socket.socket) -> None:
    with suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # shutdown wakes a thread that is blocked in recv on it; close alone would not
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()


@contextmanager
def proxy(port: int, host: str = "127.0.0.1") -> Iterator[Proxy]:
    """A proxy on a free port of its own before ``host:port``."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Proxy((host, port), listener.getsockname()[1])
        thread = threading.Thread(target=made._serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.close()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            thread.join(5)
