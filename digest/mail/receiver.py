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
from typing import Any, Final

from aiosmtpd.lmtp import LMTP

from digest.domain.mailbox import Mailboxes
from digest.errors import DigestError, OutputError, TransportError

log = logging.getLogger("digest.receiver")

Hear = Callable[[bytes, str, str | None], tuple[str, ...]]
"""Hears one message; raises DigestError when it must come again."""

_ALWAYS: Final = frozenset({"postmaster", "abuse"})  # RFC 5321, 4.5.1; RFC 2142
_RECIPIENTS: Final = 100
_SESSIONS: Final = 50


class Handler:
    """aiosmtpd's hooks. Recipients that are no mailbox of ours are refused at once."""

    def __init__(self, boxes: Mailboxes, hear: Hear) -> None:
        self._boxes = boxes
        self._hear = hear
        self._turn = asyncio.Lock()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: object, _session: object, envelope: Any, address: str, options: list[str]  # noqa: ANN401
    ) -> str:
        """Take a recipient or not."""
        del options
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
        self, _server: object, _session: object, envelope: Any  # noqa: ANN401
    ) -> str:
        """Hear a message; LMTP wants a reply for each recipient (RFC 2033, 4.2)."""
        replies = []
        for recipient in envelope.rcpt_tos:
            async with self._turn:
                reply = await asyncio.to_thread(
                    hear_one, self._hear, envelope.content, recipient, envelope.mail_from or ""
                )
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
    """Listens on a port or on a Unix socket until told to stop."""

    def __init__(
        self, boxes: Mailboxes, hear: Hear, *, host: str, port: int, socket: Path | None, max_kb: int
    ) -> None:
        self._handler = (boxes, hear)
        self._where = (host, port)
        self._socket = socket
        self._max_bytes = max_kb * 1024
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None

    @property
    def place(self) -> str:
        """Where it listens."""
        if self._socket is not None:
            return str(self._socket)
        host, port = self._where
        if self._server is not None and self._server.sockets:
            port = self._server.sockets[0].getsockname()[1]
        return f"{host}:{port}"

    def start(self) -> None:
        """Listen. Raises TransportError when the place cannot be had."""
        try:
            self._server = self._loop.run_until_complete(self._listen())
        except OSError as error:
            self._loop.close()
            raise TransportError(
                f"{self.place}: cannot listen for mail: {error.strerror or error}",
                "choose another inbound.lmtp_port or inbound.lmtp_socket",
            ) from error
        self._thread = threading.Thread(target=self._loop.run_forever, name="lmtp", daemon=True)
        self._thread.start()

    async def _listen(self) -> asyncio.Server:
        handler = Handler(*self._handler)
        sessions = 0

        def made() -> LMTP:
            nonlocal sessions
            sessions += 1
            return LMTP(
                handler,
                data_size_limit=self._max_bytes,
                enable_SMTPUTF8=True,
                hostname="digest",
                ident="digest LMTP",
                timeout=60,
                loop=self._loop,
            )

        if self._socket is None:
            return await self._loop.create_server(made, *self._where, backlog=_SESSIONS)
        self._socket.unlink(missing_ok=True)
        server = await self._loop.create_unix_server(made, str(self._socket), backlog=_SESSIONS)
        # The mail server runs as another user; the folder decides who may come in.
        self._socket.chmod(0o666)
        return server

    def stop(self) -> None:
        """Stop listening; a message that is being heard is heard to its end."""
        if self._server is not None:
            self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(timeout=30)
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)


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
