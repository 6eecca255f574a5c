"""Letters to an SMTP server, one recipient each, over a connection that stays open.

How an attempt ends (RFC 5321, 4.2 and 4.5.3.2; the enhanced codes are RFC 3463):

answer                                 outcome
2xx after the end of data              Accepted
4xx to RCPT, DATA or the end of data   Deferred; server_wide where the status is 4.3.x
5xx to RCPT, DATA or the end of data   Rejected
4xx to MAIL, 421 to anything           Deferred(server_wide=True)
5xx to MAIL                            TransportError: the sender concerns all letters; but 552,
                                       5.3.4 and 5.6.7 are about this letter: Rejected
530, 534, 535, 538 before the data     TransportError: a login is wanted
503 before the data                    Deferred(server_wide=True), and a new connection
no answer, or none that SMTP knows     NoReply; on_wire once the end of data was begun
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable

from digest.domain.delivery import Accepted, Deferred, Envelope, NoReply, Rejected, SendResult
from digest.errors import TransportError, UsageError
from digest.mail.connection import (
    CLOSING,
    Busy,
    Reply,
    login_refused,
    open_session,
    place,
    tls_context,
)
from digest.mail.encoding import CRLF, wire_address
from digest.settings import SmtpSettings

_QUIT_WAIT_S = 5.0
_BAD_SEQUENCE = 503
_GO_AHEAD = 354
_ABOUT_THE_LETTER = frozenset({"5.3.4", "5.6.7"})  # too big; an address outside ASCII
_TOO_BIG = 552


class SmtpTransport:
    """`ports.Transport` over SMTP. It connects with the first letter; not for several threads.

    Raises TransportError when the server as a whole cannot be used, and NoReply; after either the
    next `send` connects anew.
    """

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = None
        self._client: smtplib.SMTP | None = None
        self._letters = 0

    def send(self, envelope: Envelope, about_to_end: Callable[[], None]) -> SendResult:
        """Send one letter; see the table above.

        `about_to_end` is called once all but the last line end is out. Whatever it raises goes
        through, and the letter is not sent.
        """
        try:
            return self._send(envelope, about_to_end)
        except BaseException:
            # In the middle of a dialogue, a QUIT could be taken for a line of the letter.
            self._drop()
            raise

    def close(self) -> None:
        """Leave politely: QUIT, waiting 5 s at most. Never raises."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            if client.sock is not None:
                client.sock.settimeout(min(_QUIT_WAIT_S, self._settings.timeout_s))
            client.docmd("QUIT")
        except (smtplib.SMTPException, OSError):
            pass  # it is over anyway
        finally:
            client.close()

    def _send(self, envelope: Envelope, about_to_end: Callable[[], None]) -> SendResult:
        try:
            sender = wire_address(envelope.sender) if envelope.sender else ""
        except UsageError as fault:
            raise TransportError(
                f"the sender {envelope.sender!r} is no address",
                "check mail.from_address and mail.bounce_address",
            ) from fault
        try:
            recipient = wire_address(envelope.recipient)
        except UsageError as fault:
            return Rejected(f"501 5.1.3 not sent: {fault.message}")
        body = wire_body(envelope.data)
        try:
            reply = self._mail(sender, recipient, envelope.data, len(body))
        except Busy as busy:
            return Deferred(busy.reply.line, server_wide=True)
        if isinstance(reply, Rejected):
            return reply
        if not reply.positive:
            return self._sender_refused(reply, sender)
        for verb, line in (("RCPT", f"TO:<{recipient}>"), ("DATA", "")):
            reply = self._say(verb, line)
            if not (reply.code == _GO_AHEAD if verb == "DATA" else reply.positive):
                return self._refused(verb, reply)
        return self._data(body, about_to_end)

    def _mail(self, sender: str, recipient: str, data: bytes, size: int) -> Reply | Rejected:
        """Say MAIL, over a new connection where the old one has ended while it lay idle."""
        while True:
            client, fresh = self._connected()
            line = self._mail_line(client, sender, recipient, data, size)
            if isinstance(line, Rejected):
                return line
            self._letters += 1
            try:
                reply = self._say("MAIL", line)
            except NoReply:
                if fresh:
                    raise
                continue
            if fresh or reply.code != CLOSING:
                return reply

    def _connected(self) -> tuple[smtplib.SMTP, bool]:
        """The session, and whether it is new."""
        if self._letters >= self._settings.letters_per_connection:
            self.close()
        if self._client is not None:
            return self._client, False
        if self._context is None and self._settings.security != "none":
            self._context = tls_context(self._settings)
        self._client = open_session(self._settings, self._context)
        self._letters = 0
        return self._client, True

    def _mail_line(
        self, client: smtplib.SMTP, sender: str, recipient: str, data: bytes, size: int
    ) -> str | Rejected:
        line = f"FROM:<{sender}>"
        if client.has_extn("size"):
            line += f" SIZE={size}"
        if not data.isascii():
            if not client.has_extn("8bitmime"):
                return self._lacks("554 5.6.3", "8BITMIME", "the letter's 8-bit bytes need")
            line += " BODY=8BITMIME"
        head = data.partition(b"\r\n\r\n")[0]
        if not (sender.isascii() and recipient.isascii() and head.isascii()):
            if not client.has_extn("smtputf8"):
                which = recipient if sender.isascii() else sender
                return self._lacks("553 5.6.7", "SMTPUTF8", f"the address {which} needs")
            client.command_encoding = "utf-8"
            line += " SMTPUTF8"
        return line

    def _lacks(self, code: str, extension: str, why: str) -> Rejected:
        server = place(self._settings)
        return Rejected(f"{code} not sent: {server} does not offer {extension}, which {why}")

    def _data(self, body: bytes, about_to_end: Callable[[], None]) -> SendResult:
        client = self._client
        if client is None:  # pragma: no cover - DATA was answered
            raise NoReply("the connection was lost", on_wire=False)
        try:
            client.send(body[: -len(CRLF)])
        except (smtplib.SMTPException, OSError) as fault:
            raise self._lost("the letter's text", fault, on_wire=False) from fault
        about_to_end()
        try:
            client.send(b"\r\n.\r\n")
            code, text = client.getreply()
        except (smtplib.SMTPException, OSError) as fault:
            raise self._lost("the end of data", fault, on_wire=True) from fault
        reply = Reply.of(code, text)
        if reply.positive:
            return Accepted(reply.line)
        if reply.code // 100 not in {4, 5}:
            raise NoReply(f"the end of data was answered with {reply.line!r}", on_wire=True)
        return self._refused("end of data", reply)

    def _say(self, verb: str, line: str = "") -> Reply:
        if self._client is None:  # pragma: no cover - the callers stop at a lost connection
            raise NoReply(f"the connection was lost before {verb}", on_wire=False)
        try:
            code, text = self._client.docmd(verb, line)
        except (smtplib.SMTPException, OSError) as fault:
            self._drop()
            raise self._lost(verb, fault, on_wire=False) from fault
        reply = Reply.of(code, text)
        if reply.code == CLOSING:
            self._drop()
        return reply

    def _sender_refused(self, reply: Reply, sender: str) -> Deferred | Rejected:
        if reply.code == _TOO_BIG or reply.status in _ABOUT_THE_LETTER:
            return self._refused("MAIL", reply)
        if reply.temporary:
            self._reset()
            return Deferred(reply.line, server_wide=True)
        if reply.wants_login or reply.code == _BAD_SEQUENCE or reply.code // 100 != 5:  # noqa: PLR2004 - 5yz
            return self._refused("MAIL", reply)
        self.close()
        raise TransportError(
            f"{place(self._settings)}: the sender {sender} was refused: {reply.line}",
            "set mail.from_address (and mail.bounce_address, if you use it) to an address that "
            "this server sends for",
        )

    def _refused(self, step: str, reply: Reply) -> Deferred | Rejected:
        """What a reply other than the one hoped for means, once the sender has been taken."""
        if reply.code == CLOSING:
            self._drop()
            return Deferred(reply.line, server_wide=True)
        ended = step == "end of data"
        if reply.wants_login and not ended:
            self.close()
            raise login_refused(reply, self._settings)
        if reply.code == _BAD_SEQUENCE and not ended:
            self._drop()
            return Deferred(reply.line, server_wide=True)
        if reply.temporary:
            self._reset()
            return Deferred(reply.line, server_wide=reply.status.startswith("4.3."))
        if reply.code // 100 == 5:  # noqa: PLR2004 - the first digit is the protocol's
            self._reset()
            return Rejected(reply.line)
        raise NoReply(f"{step} was answered with {reply.line!r}", on_wire=ended)

    def _reset(self) -> None:
        try:
            if not self._say("RSET").positive:
                self._drop()
        except NoReply:
            pass  # the answer that matters is known; the next letter connects anew

    def _lost(self, step: str, fault: Exception, *, on_wire: bool) -> NoReply:
        server = place(self._settings)
        if isinstance(fault, TimeoutError) or isinstance(fault.__context__, TimeoutError):
            wait = f"{self._settings.timeout_s:g} s"
            return NoReply(f"{server}: no answer to {step} within {wait}", on_wire=on_wire)
        return NoReply(f"{server}: the connection was lost at {step}", on_wire=on_wire)

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


def wire_body(data: bytes) -> bytes:
    """The message as it follows DATA: CRLF at every line end, each leading dot doubled, once.

    A bare CR or LF must not go out (RFC 5321, 2.3.8): servers that take one for a line end can be
    made to see two messages in one (CVE-2023-51764). The end-of-data line is not part of it.
    """
    ends = data.count(CRLF)
    if ends != data.count(b"\n") or ends != data.count(b"\r"):
        data = data.replace(CRLF, b"\n").replace(b"\r", b"\n").replace(b"\n", CRLF)
    if not data.endswith(CRLF):
        data += CRLF
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..")
