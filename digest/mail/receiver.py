"""Mail comes in: over LMTP (RFC 2033) behind a mail server, or from a Maildir.

Each message is handed to `hear(raw, recipient, sender)`, one at a time, in a thread of its own. A
message that could not be heard because of the database is refused for now (451) or stays in the
Maildir's new/, so that it comes again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope

from digest.domain.mailbox import Mailboxes
from digest.errors import DigestError, OutputError, TransportError

log = logging.getLogger("digest.receiver")

Hear = Callable[[bytes, str, str | None], tuple[str, ...]]
"""Hears one message; raises DigestError when it must come again."""

_ALWAYS: Final = frozenset({"postmaster", "abuse"})  # RFC 5321, 4.5.1; RFC 2142
_RECIPIENTS: Final = 100
_BACKLOG: Final = 50
_IDLE_S: Final = 60


class Handler:
    """aiosmtpd's hooks. Recipients that are no mailbox of ours are refused at once."""

    def __init__(self, boxes: Mailboxes, hear: Hear) -> None:
        self._boxes = boxes
        self._hear = hear
        self.turn = asyncio.Lock()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self,
        _server: object,
        _session: object,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient or not."""
        local, _, domain = address.rpartition("@")
        known = self._boxes.box_of(address)[0] is not None
        if not known and not (
            domain.lower() == self._boxes.domain.lower() and local.lower() in _ALWAYS
        ):
            return "550 5.1.1 no such mailbox here"
        if len(envelope.rcpt_tos) >= _RECIPIENTS:
            return "452 4.5.3 too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802 - the library's name
        self, _server: object, _session: object, envelope: Envelope
    ) -> str:
        """Hear a message; LMTP wants a reply for each recipient (RFC 2033, 4.2)."""
        raw = envelope.content or b""
        raw = raw.encode() if isinstance(raw, str) else raw
        # The library hands the null sender over as it was written.
        sender = (envelope.mail_from or "").strip("<>")
        replies = []
        for recipient in envelope.rcpt_tos:
            async with self.turn:
                reply = await asyncio.to_thread(hear_one, self._hear, raw, recipient, sender)
            replies.append(reply)
        return "\r\n".join(replies)


def hear_one(hear: Hear, raw: bytes, recipient: str, sender: str | None) -> str:
    """Hear one message and log what followed; returns the reply of LMTP."""
    try:
        for line in hear(raw, recipient, sender):
            log.info("%s: %s", recipient.partition("+")[0] or "mail", line)
    except DigestError as error:
        log.error("not heard, it will come again: %s", error)  # noqa: TRY400 - no traceback wanted
        return "451 4.3.0 try again later"
    except Exception:
        # Not the sender's fault, and not to be lost: it comes again, and the log says why.
        log.exception("unexpected fault while hearing a message")
        return "451 4.3.0 try again later"
    return "250 2.0.0 heard"


class LmtpServer:
    """Listens on a port or on a Unix socket, in a thread of its own, until told to stop."""

    def __init__(
        self,
        boxes: Mailboxes,
        hear: Hear,
        *,
        host: str,
        port: int,
        socket: Path | None,
        max_kb: int,
    ) -> None:
        self._parts = (boxes, hear)
        self._where = (host, port)
        self._socket = socket
        self._max_bytes = max_kb * 1024
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="lmtp")
        self._ready = threading.Event()
        self._fault: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None

    @property
    def place(self) -> str:
        """Where it listens."""
        return str(self._socket) if self._socket is not None else "{}:{}".format(*self._where)

    def start(self) -> None:
        """Listen. Raises TransportError when the place cannot be had."""
        self._thread.start()
        self._ready.wait()
        if self._fault is not None:
            self._thread.join()
            raise TransportError(
                f"{self.place}: cannot listen for mail: {self._fault.strerror or self._fault}",
                "choose another inbound.lmtp_port or inbound.lmtp_socket",
            ) from self._fault

    def stop(self) -> None:
        """Stop listening; a message that is being heard is heard to its end."""
        if self._loop is not None and self._leave is not None:
            self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    async def _run(self) -> None:
        # It logs each command, and with it addresses and tokens.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        handler = Handler(*self._parts)
        sessions: set[LMTP] = set()

        def made() -> LMTP:
            session = LMTP(
                handler,
                data_size_limit=self._max_bytes,
                enable_SMTPUTF8=True,
                hostname="digest",
                ident="digest LMTP",
                timeout=_IDLE_S,
                loop=asyncio.get_running_loop(),
            )
            sessions.difference_update([each for each in sessions if each.transport is None])
            sessions.add(session)
            return session

        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await self._listen(made)
        except OSError as error:
            self._fault = error
            return
        finally:
            self._ready.set()
        await self._leave.wait()
        server.close()
        async with handler.turn:
            for session in sessions:
                if session.transport is not None:
                    session.transport.close()
        await asyncio.sleep(0)
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)

    async def _listen(self, made: Callable[[], LMTP]) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if self._socket is None:
            server = await loop.create_server(made, *self._where, backlog=_BACKLOG)
            self._where = (self._where[0], server.sockets[0].getsockname()[1])
            return server
        self._socket.unlink(missing_ok=True)
        server = await loop.create_unix_server(made, str(self._socket), backlog=_BACKLOG)
        # The mail server runs as another user; the folder decides who may come in.
        self._socket.chmod(0o666)
        return server


def watch_maildir(folder: Path, hear: Hear, limit: int = 1000) -> int:
    """Hear what lies in a Maildir's new/, oldest first; returns how many.

    What was heard goes to cur/ as seen. Raises OutputError when the folder cannot be used.
    """
    new, seen = folder / "new", folder / "cur"
    heard = 0
    try:
        seen.mkdir(exist_ok=True)
        for path in sorted(new.iterdir(), key=lambda each: each.name)[:limit]:
            if path.name.startswith(".") or not path.is_file():
                continue
            if not hear_one(hear, path.read_bytes(), "", None).startswith("250"):
                break
            os.rename(path, seen / f"{path.name.partition(':')[0]}:2,S")  # noqa: PTH104 - atomic
            heard += 1
    except OSError as error:
        raise OutputError(
            f"{folder}: the Maildir cannot be used: {error.strerror}",
            "name a folder with new/ and cur/ that this user may write",
        ) from error
    return heard
