"""One SMTP connection's dialogue, without its socket: bytes in, buffers out, outcomes.

With PIPELINING (RFC 2920) a group is: the text of a letter, its end, and MAIL, RCPT, DATA of the
next one; the replies come back in order. Without it each command waits for the reply before.

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
no answer, or none that SMTP knows     Unknown once the end of data went out, else Unsent

A letter whose turn had not come when its connection ended is nobody's fault and goes another way:
its outcome is None.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from digest.domain.delivery import (
    Accepted,
    Deferred,
    Envelope,
    Outcome,
    Rejected,
    Unknown,
    Unsent,
)
from digest.errors import TransportError, UsageError
from digest.mail.connection import login_refused, place
from digest.mail.encoding import wire_address
from digest.mail.reply import CLOSING, Replies, Reply
from digest.mail.wire import Wire, wire_parts
from digest.settings import SmtpSettings

Verb = Literal["MAIL", "RCPT", "DATA", "the end of data", "RSET", "QUIT"]
Ended = tuple[Envelope, Outcome | None]

_END: Final = "the end of data"
_END_OF_DATA: Final = b".\r\n"
_BAD_SEQUENCE: Final = 503
_GO_AHEAD: Final = 354
_ABOUT_THE_LETTER: Final = frozenset({"5.3.4", "5.6.7"})  # too big; an address outside ASCII
_TOO_BIG: Final = 552


@dataclass(slots=True)
class _Passage:
    """A letter on its way through the dialogue."""

    envelope: Envelope
    wire: Wire
    sender: str
    mail: Reply | None = None
    rcpt: Reply | None = None
    end_at: int = 0


@dataclass(slots=True)
class _Step:
    verb: Verb
    line: bytes
    passage: _Passage | None


class Dialogue:
    """The dialogue after EHLO (and login). `out` is what to write; `written` counts the bytes
    that were, `reached` those that may have been (TLS does not say).

    `fault` is set when the server cannot be used for any letter; `over` when nothing more may be
    said on this connection.
    """

    def __init__(self, settings: SmtpSettings, extensions: Mapping[str, str]) -> None:
        self._settings = settings
        self._place = place(settings)
        self._has = extensions
        self._pipelining = "pipelining" in extensions
        self._unsaid: deque[_Step] = deque()
        self._waiting: deque[_Step] = deque()
        self._replies = Replies()
        self._current: _Passage | None = None
        self._next: _Passage | None = None
        self._queued = 0
        self._answered = 0
        self.out: deque[bytes | memoryview] = deque()
        self.written = 0
        self.reached = 0
        self.letters = 0
        self.fault: TransportError | None = None
        self.over = False

    # --- what the connection is told ------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a reply is awaited or something is still to be said."""
        return bool(self._waiting or self._unsaid or self.out)

    @property
    def wants(self) -> bool:
        """Whether a letter can be given now."""
        if self.over or self.fault or self._next is not None:
            return False
        if self.letters >= self._settings.letters_per_connection:
            return False
        if self._current is None:
            return True
        # Its commands go out together with the end of the letter before it.
        return self._pipelining

    @property
    def ending(self) -> bool:
        """Whether the end of a letter has gone out and its reply is awaited."""
        return self._current is not None and self.reached >= self._current.end_at

    @property
    def spent(self) -> bool:
        """Whether it has carried as many letters as it should, and rests."""
        full = self.letters >= self._settings.letters_per_connection
        return full and not self.busy and not self.over

    def give(self, envelope: Envelope) -> Outcome | None:
        """Begin a letter; returns its outcome where there is nothing to say to the server.

        Sets `fault` (and returns None, with the letter not begun) for a sender that is no address.
        """
        try:
            sender = wire_address(envelope.sender) if envelope.sender else ""
        except UsageError:
            self.fault = TransportError(
                f"the sender {envelope.sender!r} is no address",
                "check mail.from_address and mail.bounce_address",
            )
            return None
        try:
            recipient = wire_address(envelope.recipient)
        except UsageError as fault:
            return Rejected(f"501 5.1.3 not sent: {fault.message}")
        wire = wire_parts(envelope.parts)
        line = self._mail_line(sender, recipient, wire)
        if isinstance(line, Rejected):
            return line
        self.letters += 1
        passage = self._next = _Passage(envelope, wire, sender)
        self._unsaid += (
            _Step("MAIL", f"MAIL FROM:<{sender}>{line}\r\n".encode(), passage),
            _Step("RCPT", f"RCPT TO:<{recipient}>\r\n".encode(), passage),
            _Step("DATA", b"DATA\r\n", passage),
        )
        self._speak()
        return None

    def quit(self) -> None:
        """Say QUIT; nothing comes after it."""
        self._unsaid.append(_Step("QUIT", b"QUIT\r\n", None))
        self._speak()
        self.over = True

    def _mail_line(self, sender: str, recipient: str, wire: Wire) -> str | Rejected:
        line = f" SIZE={wire.size}" if "size" in self._has else ""
        if not wire.ascii:
            if "8bitmime" not in self._has:
                return self._lacks("554 5.6.3", "8BITMIME", "the letter's 8-bit bytes need")
            line += " BODY=8BITMIME"
        if not (sender.isascii() and recipient.isascii() and wire.ascii_head):
            if "smtputf8" not in self._has:
                which = recipient if sender.isascii() else sender
                return self._lacks("553 5.6.7", "SMTPUTF8", f"the address {which} needs")
            line += " SMTPUTF8"
        return line

    def _lacks(self, code: str, extension: str, why: str) -> Rejected:
        words = f"{code} not sent: {self._place} does not offer {extension}, which {why}"
        return Rejected(words, server=self._place)

    def _speak(self) -> None:
        """Say what may be said now."""
        lines: list[bytes] = []
        before = self._waiting[-1].verb if self._waiting else None
        # DATA ends a group: what follows depends on its reply.
        while self._unsaid and not (before and (not self._pipelining or before == "DATA")):
            step = self._unsaid.popleft()
            self._waiting.append(step)
            lines.append(step.line)
            before = step.verb
        if lines:
            self._put(b"".join(lines))

    def _put(self, line: bytes) -> None:
        self.out.append(line)
        self._queued += len(line)

    def _letter(self, passage: _Passage) -> None:
        """The text and the end of a letter whose DATA got its go-ahead."""
        self._current, self._next = passage, None
        self.out.extend(passage.wire.parts)
        self.out.append(_END_OF_DATA)
        self._queued += passage.wire.size + len(_END_OF_DATA)
        passage.end_at = self._queued
        self._waiting.append(_Step(_END, b"", passage))

    # --- what the connection hears --------------------------------------------------------------

    def hear(self, data: bytes) -> list[Ended]:
        """Take in bytes of the server; returns the letters that ended by them."""
        self._replies.feed(data)
        ended: list[Ended] = []
        while not self.over or self._waiting:
            reply = self._replies.next()
            if reply is None:
                break
            ended += self._on(reply)
        return ended

    def _on(self, reply: Reply) -> list[Ended]:
        if not self._waiting:
            # Nothing was asked: the server closes (RFC 5321, 3.8), or speaks out of turn.
            self.over = True
            return []
        step = self._waiting.popleft()
        self._answered += 1
        passage = step.passage
        if step.verb == "QUIT":
            self.over = True
            return []
        if reply.code == CLOSING:
            return self._closing(step, reply)
        if reply.code // 100 not in {2, 3, 4, 5}:
            return self._no_reply(step, f"{step.verb} was answered with {reply.line!r}")
        ended: list[Ended] = []
        if step.verb == "RSET" or passage is None:
            # Also the end of an empty letter that a server wanted without a recipient.
            self.over = self.over or (step.verb == "RSET" and not reply.positive)
            if self.over:
                ended = self._left_over()
        elif step.verb == "MAIL":
            passage.mail = reply
            if not reply.positive and not self._pipelining:
                ended = self._refuse(passage, "MAIL", reply)
        elif step.verb == "RCPT":
            passage.rcpt = reply
            if not reply.positive and not self._pipelining:
                ended = self._refuse(passage, "RCPT", reply)
        elif step.verb == "DATA":
            ended = self._after_data(passage, reply)
        else:
            ended = self._after_end(passage, reply)
        self._speak()
        return ended

    def _after_data(self, passage: _Passage, reply: Reply) -> list[Ended]:
        go = reply.code == _GO_AHEAD
        for verb, earlier in (("MAIL", passage.mail), ("RCPT", passage.rcpt)):
            if earlier is not None and not earlier.positive:
                if go:  # RFC 2920, 3.1: then an empty letter must be sent, and is refused
                    self._put(_END_OF_DATA)
                    self._waiting.append(_Step(_END, b"", None))
                return self._refuse(passage, verb, earlier)
        if not go:
            return self._refuse(passage, "DATA", reply)
        self._letter(passage)
        return []

    def _after_end(self, passage: _Passage, reply: Reply) -> list[Ended]:
        self._current = None
        if reply.positive:
            return [(passage.envelope, Accepted(reply.line, server=self._place))]
        if reply.temporary:
            wide = reply.status.startswith("4.3.")
            return [(passage.envelope, Deferred(reply.line, server_wide=wide, server=self._place))]
        return [(passage.envelope, Rejected(reply.line, server=self._place))]

    def _refuse(self, passage: _Passage, verb: str, reply: Reply) -> list[Ended]:
        """What a reply other than the one hoped for means; the dialogue goes on where it can."""
        self._next = None
        self._unsaid.clear()
        outcome: Outcome | None
        if reply.wants_login:
            self.fault = login_refused(reply, self._settings)
            outcome = None
        elif reply.code == _BAD_SEQUENCE:
            self.over = True
            outcome = Deferred(reply.line, server_wide=True, server=self._place)
        elif reply.temporary:
            wide = verb == "MAIL" or reply.status.startswith("4.3.")
            outcome = Deferred(reply.line, server_wide=wide, server=self._place)
        elif reply.code // 100 != 5:  # noqa: PLR2004 - 2xx or 3xx out of place
            self.over = True
            outcome = self._unsent(f"{verb} was answered with {reply.line!r}")
        elif verb != "MAIL" or reply.code == _TOO_BIG or reply.status in _ABOUT_THE_LETTER:
            outcome = Rejected(reply.line, server=self._place)
        else:
            self.fault = TransportError(
                f"{self._place}: the sender {passage.sender} was refused: {reply.line}",
                "set mail.from_address (and mail.bounce_address, if you use it) to an address "
                "that this server sends for",
            )
            outcome = None
        if not self.over:
            self._unsaid.append(_Step("RSET", b"RSET\r\n", None))
        return [(passage.envelope, outcome)]

    def _closing(self, step: _Step, reply: Reply) -> list[Ended]:
        """421: the server shuts the channel, whatever was asked."""
        self.over = True
        passage = step.passage
        later = Deferred(reply.line, server_wide=True, server=self._place)
        ended: list[Ended] = []
        if passage is not None and not (step.verb == "MAIL" and self._answered > 1):
            # On an old connection it says that this one has served its time, and no more.
            ended.append((passage.envelope, self._known(passage) or later))
            self._forget(passage)
        return ended + self._left_over()

    def _no_reply(self, step: _Step, reason: str) -> list[Ended]:
        self.over = True
        ended: list[Ended] = []
        if step.passage is not None:
            sent = step.verb == _END
            known = Unknown(reason, server=self._place) if sent else self._known(step.passage)
            outcome = known or self._unsent(reason)
            ended.append((step.passage.envelope, outcome))
            self._forget(step.passage)
        return ended + self._left_over()

    def lost(self, *, silent_s: float | None = None) -> list[Ended]:
        """The connection is gone, or was silent for `silent_s` seconds."""
        first = self._waiting[0] if self._waiting else None
        self.over = True
        verb = first.verb if first else "MAIL"
        if self._current and verb == _END and self.reached < self._current.end_at:
            verb = "the letter's text"  # type: ignore[assignment]
        what = (
            f"the connection was lost at {verb}"
            if silent_s is None
            else f"no answer to {verb} within {silent_s:g} s"
        )
        reason = f"{self._place}: {what}"
        ended: list[Ended] = []
        passage = self._current
        if passage is not None:
            ended.append((passage.envelope, self._cut(passage, reason)))
            self._forget(passage)
        elif self._next is not None:
            passage = self._next
            known = self._known(passage)
            stale = passage.mail is None and self._answered and silent_s is None
            ended.append((passage.envelope, known or (None if stale else self._unsent(reason))))
            self._forget(passage)
        return ended + self._left_over()

    def _cut(self, passage: _Passage, reason: str) -> Outcome:
        """How a letter ended whose connection is gone: in doubt once its end may be out."""
        if self.reached >= passage.end_at:
            return Unknown(reason, server=self._place)
        return self._unsent(reason)

    def _unsent(self, reason: str) -> Unsent:
        return Unsent(reason, server=self._place)

    def _known(self, passage: _Passage) -> Outcome | None:
        """The outcome where MAIL or RCPT was refused and DATA is not answered any more."""
        for verb, reply in (("MAIL", passage.mail), ("RCPT", passage.rcpt)):
            if reply is not None and not reply.positive:
                return self._refuse(passage, verb, reply)[0][1]
        return None

    def _forget(self, passage: _Passage) -> None:
        if self._current is passage:
            self._current = None
        if self._next is passage:
            self._next = None

    def _left_over(self) -> list[Ended]:
        """Letters whose turn had not come, when no more is said on this connection."""
        ended: list[Ended] = []
        if self._current is not None:
            # Replies come in order, so this one's end was not answered and will not be.
            reason = f"{self._place}: the connection ended before the reply"
            ended.append((self._current.envelope, self._cut(self._current, reason)))
        if self._next is not None:
            ended.append((self._next.envelope, None))
        self._current = self._next = None
        self._unsaid.clear()
        self._waiting.clear()
        self.out.clear()
        return ended
