"""A real SMTP server (aiosmtpd) on loopback for tests, which can be told to misbehave.

    with SmtpServer() as server:
        server.answer("RCPT", "550 5.1.1 no such user", to="bob@example.org")
        server.drop("END", times=1)
        transport = SmtpTransport([server.settings()], clock)
        ...
        assert [letter.recipients for letter in server.letters] == [("ada@example.org",)]

Steps are CONNECT, EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, END (end of data), RSET and QUIT.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from digest.settings import SmtpSettings

Security = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as it arrived: unstuffed bytes; `options` are those of MAIL."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    options: tuple[str, ...]


@dataclass(slots=True)
class _Fault:
    step: str
    do: Literal["answer", "drop", "hang", "delay"]
    reply: str = ""
    seconds: float = 0.0
    to: str | None = None
    times: int | None = None


@dataclass(frozen=True, slots=True)
class _Certificates:
    server: ssl.SSLContext
    ca_file: Path
    folder: tempfile.TemporaryDirectory[str] = field(repr=False)


@cache
def certificates() -> _Certificates:
    """An authority of this test run, and a certificate of it for localhost and 127.0.0.1."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    folder = tempfile.TemporaryDirectory(prefix="digest-test-ca-", ignore_cleanup_errors=True)
    ca_file = Path(folder.name, "ca.pem")
    authority.cert_pem.write_to_path(str(ca_file))
    return _Certificates(context, ca_file, folder)


class SmtpServer:
    """The server, in a thread with its own event loop; use it in a `with`.

    `login` is (user, password) and makes AUTH necessary. `hidden` are extensions left out of the
    EHLO reply, such as "8BITMIME"; `pipelining` is announced or not. All that arrived is in
    `letters`, all commands in `commands`.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        security: Security = "none",
        login: tuple[str, str] | None = None,
        hidden: tuple[str, ...] = (),
        utf8: bool = True,
        size_limit: int | None = 33_554_432,
        pipelining: bool = True,
    ) -> None:
        self.security: Security = security
        self.login = login
        self.hidden = hidden
        self.utf8 = utf8
        self.size_limit = size_limit
        self.pipelining = pipelining
        self.letters: list[Arrived] = []
        self.commands: list[str] = []
        self.connections = 0
        self.faults: list[_Fault] = []
        self._protocols: list[_Protocol] = []
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._socket = socket.create_server((self.host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name="smtp-server", daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()

    # --- what the test says ---------------------------------------------------------------

    def answer(
        self, step: str, reply: str, *, to: str | None = None, times: int | None = None
    ) -> None:
        """Answer a step with a reply; `to` one recipient (RCPT, DATA, END), `times` times."""
        self.faults.append(_Fault(step, "answer", reply=reply, to=to, times=times))

    def drop(self, step: str, *, to: str | None = None, times: int | None = None) -> None:
        """Cut the connection at a step, without an answer."""
        self.faults.append(_Fault(step, "drop", to=to, times=times))

    def hang(self, step: str, *, to: str | None = None, times: int | None = None) -> None:
        """Never answer a step."""
        self.faults.append(_Fault(step, "hang", to=to, times=times))

    def delay(
        self, step: str, seconds: float, *, to: str | None = None, times: int | None = None
    ) -> None:
        """Answer a step as usual, but late."""
        self.faults.append(_Fault(step, "delay", seconds=seconds, to=to, times=times))

    def behave(self) -> None:
        """Forget all faults."""
        self.faults.clear()

    def cut(self) -> None:
        """Cut all open connections now; returns once that is done."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(10)

    def settings(self, **changes: Any) -> SmtpSettings:
        """Settings with which a client reaches this server, its certificate trusted."""
        given: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "security": self.security,
            "timeout_s": 10,
            "helo_name": "client.example.org",
        }
        if self.security != "none":
            given["ca_file"] = certificates().ca_file
        if self.login:
            given["username"], given["password"] = self.login
        return SmtpSettings(**(given | changes))

    def said(self, verb: str) -> list[str]:
        """The commands with this verb, in order."""
        return [line for line in self.commands if line.split(" ")[0] == verb]

    # --- running --------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the SMTP server did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await self._loop.create_server(
            self._protocol,
            sock=self._socket,
            ssl=certificates().server if self.security == "tls" else None,
        )
        self._ready.set()
        await self._stop.wait()
        server.close()
        await self._cut()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # lets the transports close their sockets

    async def _cut(self) -> None:
        for protocol in self._protocols:
            protocol.cut()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    def _protocol(self) -> _Protocol:
        protocol = _Protocol(self, self._loop)
        self._protocols.append(protocol)
        return protocol

    def fault(self, step: str, recipients: list[str]) -> _Fault | None:
        with self._lock:
            for fault in self.faults:
                if fault.step != step or (fault.to is not None and fault.to not in recipients):
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times == 0:
                        self.faults.remove(fault)
                return fault
        return None

    # --- aiosmtpd's hooks ------------------------------------------------------------------

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        wanted = self.login and LoginPassword(*(word.encode() for word in self.login))
        return AuthResult(success=data == wanted, handled=False)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, name: str, lines: list[str]
    ) -> list[str]:
        session.host_name = name
        hidden = {"AUTH", *self.hidden} if self.login is None else {*self.hidden}
        if self.pipelining:  # aiosmtpd reads line by line, so it can, and does not say so
            lines = [*lines[:1], "250-PIPELINING", *lines[1:]]
        return [line for line in lines if line[4:].split(" ")[0] not in hidden]

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: _Protocol, session: Session, envelope: Envelope
    ) -> str:
        self.commands.append("END")
        reply = await server.misbehave("END", envelope.rcpt_tos)
        if reply:
            return reply
        data = envelope.content
        self.letters.append(
            Arrived(
                envelope.mail_from or "",
                tuple(envelope.rcpt_tos),
                data if isinstance(data, bytes) else (data or "").encode(),
                tuple(envelope.mail_options),
            )
        )
        return f"250 2.0.0 queued as {len(self.letters)}"


class _Protocol(SMTP):
    """aiosmtpd's session, with a script in front of every step."""

    def __init__(self, server: SmtpServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._greeted = False
        super().__init__(
            server,
            hostname="server.example.org",
            loop=loop,
            enable_SMTPUTF8=server.utf8,
            data_size_limit=server.size_limit,
            tls_context=certificates().server if server.security == "starttls" else None,
            authenticator=server.authenticate,
            auth_require_tls=server.security == "starttls",
        )
        # Not as an argument: aiosmtpd warns of a login without TLS, which loopback tests need.
        self._auth_required = server.login is not None
        self._smtp_methods = {
            verb: self._scripted(verb, method) for verb, method in self._smtp_methods.items()
        }

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            self._server.connections += 1
            status = await self.misbehave("CONNECT", []) or status
        await super().push(status)

    def cut(self) -> None:
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport):
            # Python 3.11.2: a TLS transport whose connection is gone has nothing left to abort.
            with contextlib.suppress(AttributeError):
                transport.abort()

    async def misbehave(self, step: str, recipients: list[str]) -> str:
        """Carry out the script; the reply to give, or nothing for the usual one."""
        fault = self._server.fault(step, recipients)
        if fault is None:
            return ""
        if fault.do == "delay":
            await asyncio.sleep(fault.seconds)
        if fault.do == "drop":
            self.cut()
        if fault.do in {"drop", "hang"}:
            await asyncio.Event().wait()  # until the connection's end cancels this task
        return fault.reply

    def _scripted(self, verb: str, method: Any) -> Any:
        async def call(arg: str | None) -> None:
            self._server.commands.append(f"{verb} {arg}" if arg else verb)
            recipients = list(self.envelope.rcpt_tos) if self.envelope else []
            if verb == "RCPT" and arg:
                recipients = [arg.partition("<")[2].partition(">")[0]]
            reply = await self.misbehave(verb, recipients)
            if not reply:
                await method(arg)
                return
            await self.push(reply)
            if reply.startswith("421") and self.transport is not None:
                self.transport.close()

        return call
