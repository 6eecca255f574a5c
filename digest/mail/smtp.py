"""Letters to SMTP servers over several connections at once: one thread, no copy of a letter.

    desk --take--> ready --give--> dialogue --sendmsg--> server
      ^                                |
      +------------ended---------------+

Each connection has a `Dialogue`, which knows SMTP, and a socket (`room`); here are the choice of
server, pace, faults and time: one loop over the connections that are ready. Letters are taken
from the desk only when a connection can begin with them, so a slow server slows the ledger down
and nothing piles up.
"""

from __future__ import annotations

import logging
import math
import selectors
import time
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from digest.domain.delivery import Accepted, Deferred, Envelope, Outcome, Rejected
from digest.domain.pace import Pace
from digest.errors import TransportError
from digest.mail.connection import Busy, Session, place, tls_context
from digest.mail.dialogue import Dialogue
from digest.mail.room import Line, Room, Server
from digest.ports import Clock, Desk, Paced
from digest.settings import SmtpSettings

log = logging.getLogger("digest.mail")

MAX_SERVER_FAULTS: Final = 3
"""Faults of a server in a row after which it is left alone: it is not the readers' mail that is
off."""

_QUIT_WAIT_S: Final = 5.0
_DRAIN_S: Final = 30.0
_LONGEST_WAIT_S: Final = 1.0


class SmtpTransport:
    """`ports.Transport` over SMTP, for one thread. It connects when there are letters.

    `servers` share the letters by weight; one without weight takes over when no other is left.
    `paces` are the servers' own, in the same order. Connections stay open between runs.
    """

    def __init__(
        self, servers: Sequence[SmtpSettings], clock: Clock, paces: Sequence[Paced] = ()
    ) -> None:
        self._clock = clock
        self._servers = [
            Server(settings, paces[n] if paces else pace_of(settings), settings.connections)
            for n, settings in enumerate(servers)
        ]
        self._ready: deque[Envelope] = deque()
        self._room: Room | None = None

    # --- the run --------------------------------------------------------------------------------

    def run(self, desk: Desk) -> None:
        """See `ports.Transport`; a letter that was taken and cannot go out stays unreported."""
        if self._room is None:
            self._room = Room()
        for server in self._servers:
            server.begun = server.faults = 0
            server.error = None
        try:
            while self._turn(self._room, desk):
                pass
        except BaseException:
            self._drain(self._room, desk)
            raise
        finally:
            # In the middle of a dialogue, a QUIT could be taken for a line of the letter.
            for line in [line for line in self._lines() if line.dialogue.busy]:
                self._settle(line, line.dialogue.lost(), desk)
                line.drop()
            self._ready.clear()
        broken = self._broken()
        if broken is not None:
            raise broken

    def close(self) -> None:
        """Leave politely: QUIT on all connections, waiting 5 s at most. Never raises."""
        for server in self._servers:
            server.pace.give_back()
        room, self._room = self._room, None
        if room is None:
            return
        lines = self._lines()
        for line in lines:
            line.dialogue.quit()
            line.write()
        end = time.monotonic() + min(
            [_QUIT_WAIT_S, *(line.server.settings.timeout_s for line in lines)]
        )
        while any(line.dialogue.busy for line in self._lines()):
            rest = end - time.monotonic()
            if rest <= 0:
                break
            for line, events in room.ready(rest):
                if events & selectors.EVENT_WRITE:
                    line.write()
                data = line.read()
                if data is None or not (line.dialogue.hear(data) or line.dialogue.busy):
                    line.drop()
        for line in self._lines():
            line.drop()
        room.close()

    def _drain(self, room: Room, desk: Desk) -> None:
        """Wait for the replies to what has gone out, so that it is not in doubt; 30 s at most."""
        end = time.monotonic() + _DRAIN_S
        while any(line.dialogue.ending for line in self._lines()):
            rest = min([end, *(line.quiet_at for line in self._lines())]) - time.monotonic()
            if rest <= 0:
                return
            for line, _ in room.ready(rest):
                data = line.read()
                if data:
                    self._settle(line, line.dialogue.hear(data), desk)
                elif data is None:
                    self._settle(line, line.dialogue.lost(), desk)
                    line.drop()

    def _turn(self, room: Room, desk: Desk) -> bool:
        """One turn of the loop; False when all is done."""
        self._greet(room, desk)
        usable = any(server.usable for server in self._servers)
        pause = self._feed(room, desk) if usable else math.inf
        idle = not any(line.dialogue.busy for line in self._lines())
        later = desk.wait(idle=idle)
        if idle and not usable:
            return False
        if idle and later is None and not self._ready and not self._opening():
            return False
        if later is not None:
            pause = min(pause, later)
        now = time.monotonic()
        quiet = min((line.quiet_at for line in self._lines()), default=math.inf)
        pause = max(0.0, min(pause, quiet - now, _LONGEST_WAIT_S))
        heard = [line for line, events in room.ready(pause) if self._hear(line, events, desk)]
        # Only now is more written: the desk has one commit for all that was heard, before it
        # hands out the next letter, so that a crash costs one second copy a connection at most.
        for line in heard:
            self._answer(line, desk)
        self._expire(desk)
        return True

    def _opening(self) -> int:
        return sum(server.dialling for server in self._servers)

    def _lines(self) -> list[Line]:
        return [line for server in self._servers for line in server.lines]

    # --- letters to connections -----------------------------------------------------------------

    def _feed(self, room: Room, desk: Desk) -> float:
        """Give each connection that wants one a letter, and open more where letters wait.

        Returns seconds until a server's pace lets the next one go.
        """
        pause = math.inf
        now = self._clock()
        for server in self._by_debt():
            wait = 0.0
            for line in [line for line in server.lines if line.dialogue.wants]:
                wait = server.pace.delay(now)
                if wait > 0 or not self._share(server) or not self._give(line, desk, now):
                    break
            spent = [line for line in server.lines if line.dialogue.spent]
            for line in spent:
                line.dialogue.quit()
                line.quiet_at = time.monotonic() + _QUIT_WAIT_S
                line.write()
            wait = server.pace.delay(now)
            if wait == math.inf:
                self._give_up(
                    server,
                    TransportError(
                        f"{place(server.settings)}: today's letters of the warm-up are used up",
                        "tomorrow it takes twice as many; smtp.warm_up_per_day says how many",
                    ),
                )
            elif wait > 0:
                if self._ready or self._took(desk):  # else there is nothing to wait for
                    pause = min(pause, wait)
            elif self._share(server):
                self._dial_for_letters(room, server, desk)
        return pause

    def _give(self, line: Line, desk: Desk, now: datetime) -> bool:
        """Begin a letter on a connection; False when there is none."""
        while line.dialogue.wants:
            if not self._ready and not self._took(desk):
                return False
            envelope = self._ready.popleft()
            outcome = line.dialogue.give(envelope)
            if line.dialogue.fault is not None:
                self._ready.appendleft(envelope)
                self._give_up(line.server, line.dialogue.fault)
                return False
            if outcome is not None:
                desk.ended(envelope, outcome)
                continue
            line.server.begun += 1
            line.server.pace.spend(now)
            line.touch()
            line.write()
            return True
        return True

    def _dial_for_letters(self, room: Room, server: Server, desk: Desk) -> None:
        """A connection for each letter that waits, as far as the settings go."""
        while server.may_dial:
            if len(self._ready) <= self._opening() and not self._took(desk):
                return
            self._dial(room, server)

    def _took(self, desk: Desk) -> bool:
        """Take one letter; whether there was one."""
        taken = desk.take(1)
        self._ready.extend(taken)
        return bool(taken)

    def _by_debt(self) -> list[Server]:
        """The usable servers, first the one that is furthest behind its share."""
        usable = [server for server in self._servers if server.usable]
        weighted = [server for server in usable if server.settings.weight > 0]
        if weighted:
            return sorted(weighted, key=lambda one: one.begun / one.settings.weight)
        return usable

    def _share(self, server: Server) -> bool:
        """Whether a server is not ahead of the others by more than its connections explain."""
        if len(self._servers) == 1:
            return True
        others = [one for one in self._by_debt() if one is not server]
        if not others or not server.settings.weight:
            return True
        least = min(one.begun / one.settings.weight for one in others)
        ahead = server.begun - least * server.settings.weight
        return ahead < 2 * server.settings.connections

    # --- connections ----------------------------------------------------------------------------

    def _dial(self, room: Room, server: Server) -> None:
        server.dialling += 1
        if server.context is None and server.settings.security != "none":
            try:
                server.context = tls_context(server.settings)
            except BaseException:
                server.dialling -= 1
                raise

        room.open(server)

    def _greet(self, room: Room, desk: Desk) -> None:
        """Take over the connections that have been opened, or learn why they could not be."""
        for server, result in room.opened():
            server.dialling -= 1
            if isinstance(result, Session):
                dialogue = Dialogue(server.settings, result.extensions)
                line = Line(room, server, result.sock, dialogue)
                server.lines.append(line)
                room.watch(line)
                if result.heard:
                    line.dialogue.hear(result.heard)
                if line.dialogue.over:
                    line.drop()
                continue
            if isinstance(result, Busy):
                server.pace.slow(self._clock())
            if server.lines or server.dialling:
                # It has taken others: so many, and no more.
                server.limit = max(1, len(server.lines) + server.dialling)
                continue
            if isinstance(result, Busy):
                name = place(server.settings)
                later = Deferred(result.reply.line, server_wide=True, server=name)
                if self._alone(server) and self._ready:
                    desk.ended(self._ready.popleft(), later)
                self._blame(server, later)
            elif isinstance(result, TransportError):
                self._give_up(server, result)
            else:
                raise result

    def _alone(self, server: Server) -> bool:
        return not any(one.usable for one in self._servers if one is not server)

    def _hear(self, line: Line, events: int, desk: Desk) -> bool:
        """Take in what a connection has said; whether it is still there to be answered."""
        if line.sock.fileno() < 0:
            return False
        if events & selectors.EVENT_WRITE:
            line.write()
        if events & selectors.EVENT_READ:
            data = line.read()
            if data is None:
                self._settle(line, line.dialogue.lost(), desk)
                line.drop()
                return False
            if data:
                self._settle(line, line.dialogue.hear(data), desk)
                if line.dialogue.fault is not None:
                    self._give_up(line.server, line.dialogue.fault)
        return True

    def _answer(self, line: Line, desk: Desk) -> None:
        if line.sock.fileno() < 0:
            return
        if line.dialogue.wants and line.server.usable:
            # The next letter's commands go out with the end of this one.
            now = self._clock()
            if line.server.pace.delay(now) <= 0 and self._share(line.server):
                self._give(line, desk, now)
        line.write()
        if line.dialogue.over and not line.dialogue.busy:
            line.drop()
        elif not line.dialogue.busy:
            line.quiet_at = math.inf

    def _expire(self, desk: Desk) -> None:
        now = time.monotonic()
        for line in self._lines():
            if line.quiet_at > now:
                continue
            # The desk may have kept us (a database away): what came meanwhile is no silence.
            if not self._hear(line, selectors.EVENT_READ, desk):
                continue
            if line.quiet_at > now:
                self._answer(line, desk)
                continue
            ended = line.dialogue.lost(silent_s=line.server.settings.timeout_s)
            self._settle(line, ended, desk)
            line.drop()

    def _settle(
        self, line: Line, ended: Sequence[tuple[Envelope, Outcome | None]], desk: Desk
    ) -> None:
        for envelope, outcome in ended:
            if outcome is None:
                self._ready.appendleft(envelope)
                continue
            desk.ended(envelope, outcome)
            self._blame(line.server, outcome)

    def _blame(self, server: Server, outcome: Outcome) -> None:
        """Count faults of the server in a row; at three it is left alone."""
        match outcome:
            case Accepted() | Rejected() | Deferred(server_wide=False):
                server.faults = 0
                return
            case Deferred(reply):
                server.pace.slow(self._clock())
                server.last = reply
            case _:
                server.last = outcome.reason
        server.faults += 1
        if server.faults >= MAX_SERVER_FAULTS:
            several = f" {place(server.settings)}" if len(self._servers) > 1 else ""
            self._give_up(
                server,
                TransportError(
                    f"{MAX_SERVER_FAULTS} faults of the SMTP server{several} in a row: "
                    f"{server.last}",
                    "look at the server's log; what was not sent is tried again by the next run",
                ),
            )

    def _give_up(self, server: Server, error: TransportError) -> None:
        if server.error is None:
            server.error = error
            if not self._alone(server):
                log.warning("%s; the other servers go on", error.message)

    def _broken(self) -> TransportError | None:
        """The error of the run: only when no server is left."""
        if any(server.usable for server in self._servers):
            return None
        return self._servers[0].error


def pace_of(settings: SmtpSettings) -> Pace:
    """The pace that the settings allow a server."""
    rate = settings.letters_per_second or math.inf
    return Pace(rate=rate, burst=max(1.0, rate) if rate != math.inf else 1.0)
