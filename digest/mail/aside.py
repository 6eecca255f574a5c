"""RSA signatures by a process of its own: a second core makes them while letters are composed.

An RSA-2048 signature takes OpenSSL 0.2 to 0.3 ms, more than all the rest of a small letter, and
`cryptography` keeps Python's lock meanwhile, so a thread would gain nothing.

    begin(data) --digests, 8 a write--> child: sign --> signatures, in order --> the promise called

The child (`aside_child`) gets the key through its standard input and ends when that ends, also when
its parent was killed. Whatever happens to it, the letters go on: what it has not signed is signed
here, and PKCS #1 v1.5 gives the same bytes wherever it is done.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256

log = logging.getLogger("digest.mail")

AFTER: Final = 256
"""Signatures of a run that are made here first: a child costs as much as 500 of them to start."""

LOT: Final = 8
"""Digests a write: fewer wake two processes more often, more let one of them wait."""

PATIENCE_S: Final = 5.0
"""How long a signature is waited for; a child that is stopped must not stop the letters."""

_CHILD: Final = str(Path(__file__).with_name("aside_child.py"))
_SIGNING: Final = (padding.PKCS1v15(), Prehashed(SHA256()))
_READY: Final = b"+"


class _Ticket:
    """A digest whose signature is to come over this line; none where it is made here."""

    __slots__ = ("digest", "line", "signature")

    def __init__(self, digest: bytes, line: socket.socket | None) -> None:
        self.digest = digest
        self.line = line
        self.signature: bytes | None = None


class SigningProcess:
    """Signs with one RSA key, for one thread. The child starts when many letters are signed."""

    def __init__(self, key: rsa.RSAPrivateKey, *, after: int = AFTER) -> None:
        self._key = key
        self._after = after
        self._size = key.key_size // 8
        self._begun = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._ready = self._broken = False
        self._unsent: list[_Ticket] = []
        self._sent: deque[_Ticket] = deque()
        self._heard = b""

    @property
    def pid(self) -> int | None:
        """The child's number while it signs."""
        return self._child.pid if self._child is not None and self._ready else None

    def begin(self, data: bytes) -> Callable[[], bytes]:
        """Begin to sign; what it returns gives the signature (PKCS #1 v1.5 with SHA-256)."""
        ticket = _Ticket(sha256(data).digest(), self._open())
        if ticket.line is None:
            self._begun += 1
            ticket.signature = self._here(ticket.digest)
        else:
            self._unsent.append(ticket)
            if len(self._unsent) >= LOT:
                self._send(ticket.line)

        def signature() -> bytes:
            line = ticket.line
            while ticket.signature is None and line is not None and line is self._line:
                self._send(line)
                self._hear(line)
            if ticket.signature is None:
                ticket.signature = self._here(ticket.digest)
            return ticket.signature

        return signature

    def close(self) -> None:
        """End the child; another begin starts anew. Promises that are open sign here."""
        self._end()
        self._begun, self._broken = 0, False

    def _here(self, digest: bytes) -> bytes:
        return self._key.sign(digest, *_SIGNING)

    def _open(self) -> socket.socket | None:
        """The line to the child, once it signs; starts it when it is worth it."""
        if self._ready or self._broken or self._begun < self._after:
            return self._line if self._ready else None
        if self._line is None:
            self._start()
            return None
        try:
            said = self._line.recv(1, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            said = b""
        if said != _READY:
            self._lost("it did not start")
            return None
        self._ready = True
        return self._line

    def _start(self) -> None:
        if not sys.executable or cores() < 2:  # noqa: PLR2004 - one core has nothing to share
            self._broken = True
            return
        raw = self._key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self._line, theirs = socket.socketpair()
        self._line.settimeout(PATIENCE_S)
        try:
            with theirs:
                self._child = subprocess.Popen(  # noqa: S603 - our own words
                    # Its folder must not be looked in for modules (-P). In a group of its own,
                    # Ctrl-C at a terminal does not reach it.
                    [sys.executable, "-P", _CHILD],
                    stdin=theirs.fileno(), stdout=theirs.fileno(), process_group=0,
                )  # fmt: skip
            self._line.sendall(len(raw).to_bytes(4, "big") + raw)
        except OSError as error:
            self._lost(error.strerror or str(error))

    def _send(self, line: socket.socket) -> None:
        if not self._unsent:
            return
        lot = b"".join([ticket.digest for ticket in self._unsent])
        self._sent.extend(self._unsent)
        self._unsent = []
        try:
            line.sendall(lot)
        except OSError as error:
            self._lost(error.strerror or str(error))

    def _hear(self, line: socket.socket) -> None:
        """Wait for signatures and take those that have come."""
        if line is not self._line:
            return
        try:
            data = line.recv(1 << 16)
        except TimeoutError:
            self._lost(f"no signature within {PATIENCE_S:g} s")
            return
        except OSError as error:
            self._lost(error.strerror or str(error))
            return
        if not data:
            self._lost("it ended")
            return
        heard, size = self._heard + data, self._size
        whole = len(heard) // size * size
        for start in range(0, whole, size):
            self._sent.popleft().signature = heard[start : start + size]
        self._heard = heard[whole:]

    def _lost(self, why: str) -> None:
        """Go on without the child until the next run."""
        log.warning("the process that signs letters is gone (%s); they are signed here", why)
        if self._child is not None:
            self._child.kill()
        self._end()
        self._broken = True

    def _end(self) -> None:
        child, self._child = self._child, None
        line, self._line = self._line, None
        self._ready, self._unsent, self._heard = False, [], b""
        self._sent.clear()
        if line is not None:
            line.close()  # that ends it
        if child is None:
            return
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
