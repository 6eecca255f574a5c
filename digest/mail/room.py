"""The connections of a transport: sockets, the servers at their other ends, one place to wait.

Buffers go to `sendmsg` as they are: a letter is never joined or copied for the wire. Connections
are opened in threads of their own, because names, TLS and logins may take long.
"""

from __future__ import annotations

import math
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from digest.errors import TransportError
from digest.mail.connection import Session, open_session
from digest.mail.dialogue import Dialogue
from digest.ports import Paced
from digest.settings import SmtpSettings

_BUFFERS: Final = 256  # of one sendmsg; Linux takes 1024
_CHUNK: Final = 1 << 17  # bytes of one TLS write
_READ: Final = 1 << 16


@dataclass(eq=False)
class Server:
    """A server of the settings and how it has behaved in this run."""

    settings: SmtpSettings
    pace: Paced
    limit: int
    context: ssl.SSLContext | None = None
    lines: list[Line] = field(default_factory=list)
    dialling: int = 0
    begun: int = 0
    faults: int = 0
    last: str = ""
    error: TransportError | None = None

    @property
    def usable(self) -> bool:
        """Whether it may get letters in this run."""
        return self.error is None

    @property
    def may_dial(self) -> bool:
        """Whether one more connection may be opened."""
        return self.usable and len(self.lines) + self.dialling < self.limit


@dataclass(eq=False)
class Line:
    """An open connection. `quiet_at` is when it has been silent for too long (monotonic)."""

    room: Room
    server: Server
    sock: socket.socket
    dialogue: Dialogue
    quiet_at: float = math.inf
    writing: bool = False

    def read(self) -> bytes | None:
        """What has come; empty when nothing has, None when the connection is gone."""
        try:
            data = self.sock.recv(_READ)
            # TLS may hold more than the selector knows of.
            while data and isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                data += self.sock.recv(_READ)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        except OSError:
            return None
        if data:
            self.touch()
        return data or None

    def write(self) -> None:
        """Write what the socket takes; a connection that is gone is noticed by reading."""
        dialogue = self.dialogue
        full = False
        try:
            while dialogue.out:
                count = _send(self.sock, dialogue.out, dialogue)
                dialogue.written += count
                dialogue.reached = max(dialogue.reached, dialogue.written)
                _advance(dialogue.out, count)
                self.touch()
        except (BlockingIOError, InterruptedError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            full = True
        except OSError:
            pass
        if full is not self.writing:
            self.writing = full
            self.room.watch_writing(self, full)

    def touch(self) -> None:
        """Something happened: it is not silent."""
        self.quiet_at = time.monotonic() + self.server.settings.timeout_s

    def drop(self) -> None:
        """Close it at once."""
        if self in self.server.lines:
            self.server.lines.remove(self)
            self.room.forget(self)
        self.sock.close()


class Room:
    """Where the connections are waited for, and where those being opened arrive."""

    def __init__(self) -> None:
        self._poll = selectors.DefaultSelector()
        self._bell, self._rung = socket.socketpair()
        self._rung.setblocking(False)
        self._poll.register(self._rung, selectors.EVENT_READ, None)
        self._lock = threading.Lock()
        self._opened: list[tuple[Server, Session | Exception]] = []
        self._closed = False

    def open(self, server: Server) -> None:
        """Open a connection in a thread of its own."""

        def dial() -> None:
            result: Session | Exception
            try:
                result = open_session(server.settings, server.context)
            except Exception as fault:  # noqa: BLE001 - it is looked at in the other thread
                result = fault
            with self._lock:
                if not self._closed:
                    self._opened.append((server, result))
                    self._bell.send(b"x")
                elif isinstance(result, Session):
                    result.sock.close()

        threading.Thread(target=dial, name="smtp-dial", daemon=True).start()

    def opened(self) -> list[tuple[Server, Session | Exception]]:
        """What has been opened since the last call, or failed to be."""
        if not self._opened:
            return []
        with self._lock:
            opened, self._opened = self._opened, []
        return opened

    def ready(self, seconds: float) -> list[tuple[Line, int]]:
        """The connections that can be read or written, after `seconds` at most."""
        found: list[tuple[Line, int]] = []
        for key, events in self._poll.select(seconds):
            if key.data is None:
                self._rung.recv(4096)
            else:
                found.append((key.data, events))
        return found

    def watch(self, line: Line) -> None:
        """Wait for this connection from now on."""
        self._poll.register(line.sock, selectors.EVENT_READ, line)

    def watch_writing(self, line: Line, wanted: bool) -> None:  # noqa: FBT001 - it is the verb's object
        """Wait also until it can be written, or no more."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if wanted else 0)
        self._poll.modify(line.sock, events, line)

    def forget(self, line: Line) -> None:
        """Wait for it no more."""
        self._poll.unregister(line.sock)

    def close(self) -> None:
        """Close what is the room's own, and the connections that nobody has taken."""
        with self._lock:
            self._closed = True
        for _, result in self._opened:
            if isinstance(result, Session):
                result.sock.close()
        for thing in (self._poll, self._bell, self._rung):
            thing.close()


def _send(sock: socket.socket, out: deque[bytes | memoryview], dialogue: Dialogue) -> int:
    if not isinstance(sock, ssl.SSLSocket):
        return sock.sendmsg(
            list(out) if len(out) <= _BUFFERS else [out[n] for n in range(_BUFFERS)]
        )
    # Small parts share a record; a large one goes as it is.
    chunk: bytes | memoryview = out[0]
    if len(chunk) < _CHUNK and len(out) > 1:
        some: list[bytes | memoryview] = []
        size = 0
        for part in out:
            some.append(part)
            size += len(part)
            if size >= _CHUNK:
                break
        chunk = b"".join(some)
    chunk = chunk[:_CHUNK]
    # When it asks to wait, OpenSSL may have sent a part of it and does not say how much.
    dialogue.reached = max(dialogue.reached, dialogue.written + len(chunk))
    return sock.send(chunk)


def _advance(out: deque[bytes | memoryview], count: int) -> None:
    while count:
        size = len(out[0])
        if count < size:
            out[0] = memoryview(out[0])[count:]
            return
        count -= size
        out.popleft()
