"""The desk between the ledger and a transport: hands out letters, takes back how they ended.

    ledger --claim--> claimed --exchange--> ready --compose, take--> out
       ^                                                             |
       +----------------- exchange -- acks <------- ended -----------+

The ledger is asked in groups: one commit records what came back and marks the next letters that
leave. So a letter costs a fraction of a commit, and what a crash can leave in doubt is what was
taken and the replies of the last `ACK_DELAY`.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from digest.domain.checkup import Finding
from digest.domain.delivery import (
    Accepted,
    Deferred,
    Delivery,
    Envelope,
    Letter,
    Outcome,
    Rejected,
    SendResult,
    Unknown,
    Unsent,
)
from digest.errors import DigestError, StorageError, TransportError, UsageError
from digest.ports import Clock, Paced, Store
from digest.workflows.lane import Lane

ACK_DELAY: Final = timedelta(milliseconds=20)
"""How long a reply may wait for others before it is written."""

GROUP: Final = 64
"""Letters marked in one commit, at most; half as many each time that they last for too long."""

LAST: Final = timedelta(seconds=1)
"""How long a group should last, so that a crash leaves few in doubt."""

STALE: Final = timedelta(seconds=60)
"""After which letters that were marked and not begun are given back: their lease must not end."""

AT_ONCE: Final = 16
"""Letters composed in a row: what composing needs is near then, where sending a letter of 250 KB
between two drives it out of the processor's cache. That saved 8 % of what a letter costs."""

FEW: Final = 8
"""So many that are left, and the next are composed while replies are on their way: 639 letters a
second instead of 549 where each reply took 20 ms."""

BROKEN: Final = 3
"""So many letters in a row that cannot be composed, with none before that could: it is the edition
or a setting, and nobody is blamed for it."""

Seal = Callable[[Letter, Delivery], Envelope]
"""Turns a letter into the bytes and addresses of the SMTP dialogue."""

OUTCOMES: Final = {
    Accepted: "sent",
    Rejected: "refused",
    Deferred: "deferred",
    Unsent: "released",
    Unknown: "unknown",
}
"""How a report names an outcome."""


@dataclass(slots=True)
class Dispatch:
    """What became of a run: rows by outcome, each address that was not served, with why, and what
    the edition's preflight found, where this run had it. `commit_s` is the seconds of its commits.
    """

    queued: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    troubles: list[tuple[str, str, str]] = field(default_factory=list)
    stopped: str = ""
    largest_bytes: int = 0
    found: Sequence[Finding] = ()
    commits: int = 0
    commit_s: float = 0.0

    @property
    def sent(self) -> int:
        """Letters that the server took responsibility for."""
        return self.outcomes["sent"]

    @property
    def whole(self) -> bool:
        """Whether nothing is left to tell the operator."""
        return not self.troubles and not self.stopped


def told(outcome: Outcome) -> str:
    """The reply or reason of an outcome."""
    return outcome.reason if isinstance(outcome, Unsent | Unknown) else outcome.reply


class LedgerDesk:
    """`ports.Desk` over the rows of an edition; see the module.

    `write` makes the letter of a row. `limit` bounds the letters of the run; once `stop()` is
    true, none is handed out any more. `beat` is called at each turn with the letters on their way.
    """

    def __init__(
        self,
        store: Store,
        on: date,
        owner: str,
        *,
        write: Callable[[Delivery], Envelope],
        clock: Clock,
        run: Dispatch,
        batch: int,
        limit: int | None,
        progress: Callable[[str], None],
        stop: Callable[[], bool] = lambda: False,
        pace: Callable[[str], Paced] | None = None,
        beat: Callable[[int], None] = lambda _out: None,
    ) -> None:
        self._store = store
        self._on = on
        self._owner = owner
        self._write = write
        self._clock = clock
        self._run = run
        self._batch = batch
        self._left = limit
        self._progress = progress
        self._stop = stop
        self._beat = beat
        self._lane = Lane(pace) if pace is not None else None
        self._claimed: deque[Delivery] = deque()
        self._ready: deque[Delivery] = deque()
        self._composed: deque[tuple[Delivery, Envelope]] = deque()
        self._broken: list[tuple[Delivery, DigestError]] = []
        self._sound = False
        self._marked_at = clock()
        self._group = 8
        self._out: dict[str, Delivery] = {}
        self._acks: list[tuple[Delivery, SendResult | Unsent]] = []
        self._oldest_ack: datetime | None = None
        self._dry = False
        self._later: datetime | None = None

    def take(self, most: int) -> Sequence[Envelope]:
        """See `ports.Desk`: composed only now, and a few in a row, so that few are in memory."""
        if (self._composed or self._ready) and self._clock() - self._marked_at > STALE:
            self._acks += [(delivery, Unsent("not begun in time")) for delivery in self._marked()]
        if self._acks and (self._composed or self._ready):
            # Before more letters leave: else a crash would send again what was just taken.
            self._exchange([])
        taken: list[Envelope] = []
        while len(taken) < most and not self._stop() and (self._composed or self._compose()):
            delivery, envelope = self._composed.popleft()
            self._out[envelope.message_id] = delivery
            size = sum(map(len, envelope.parts))
            self._run.largest_bytes = max(self._run.largest_bytes, size)
            taken.append(envelope)
        return taken

    def _compose(self) -> bool:
        """Compose the next letters; whether there is one."""
        while len(self._composed) < AT_ONCE and (
            self._ready or (not self._composed and self._refill())
        ):
            delivery = self._ready.popleft()
            try:
                envelope = self._write(delivery)
            except UsageError as error:
                # An address that no mail can be sent to: this reader's matter, not the run's.
                self._close(delivery, Rejected(error.message))
                continue
            except (StorageError, TransportError):
                self._ready.appendleft(delivery)
                raise
            except DigestError as error:
                self._broken.append((delivery, error))
                if not self._sound and len(self._broken) >= BROKEN:
                    break
                continue
            except BaseException:
                self._ready.appendleft(delivery)
                raise
            self._sound = True
            self._composed.append((delivery, envelope))
        self._judge()
        return bool(self._composed)

    def _judge(self) -> None:
        """What is to become of letters that cannot be composed: where others can, they alone are
        broken, and must not keep those behind them waiting.
        """
        if not self._broken:
            return
        if not self._sound:
            raise self._broken[0][1]
        broken, self._broken = self._broken, []
        for delivery, error in broken:
            self._close(delivery, Rejected(error.message))

    def _marked(self) -> list[Delivery]:
        """Take back what was marked and has not left."""
        marked = [delivery for delivery, _ in (*self._composed, *self._broken)] + list(self._ready)
        self._composed.clear()
        self._broken.clear()
        self._ready.clear()
        return marked

    def ended(self, envelope: Envelope, outcome: Outcome) -> None:
        """See `ports.Desk`."""
        self._close(self._out.pop(envelope.message_id), outcome)

    def wait(self, *, idle: bool) -> float | None:
        """See `ports.Desk`."""
        self._beat(len(self._out))
        if self._out and self._ready and len(self._composed) < FEW and not self._stop():
            # While replies are on their way: a connection that wants a letter need not wait for it.
            self._compose()
        if self._oldest_ack is not None:
            rest = self._oldest_ack + ACK_DELAY - self._clock()
            if not idle and rest > timedelta():
                return rest.total_seconds()
            self._flush()
        if self._later is not None and self._left != 0 and not self._stop():
            rest = self._later - self._clock()
            # Beyond that the next run has them.
            return max(0.0, rest.total_seconds()) if rest < STALE else None
        return None

    def give_back(self, reason: str) -> None:
        """Write what came back; what was claimed or taken and has not ended is free again."""
        unsent = Unsent(reason)
        for held in (self._out.values(), self._marked(), self._claimed):
            self._acks += [(delivery, unsent) for delivery in held]
        self._out.clear()
        self._claimed.clear()
        self._exchange([])

    def _refill(self) -> bool:
        """Have the next group marked; whether there is one."""
        now = self._clock()
        quick = now - self._marked_at < LAST
        self._group = min(GROUP, self._group * 2) if quick else max(1, self._group // 2)
        while not self._ready:
            if not self._claimed and not self._claim():
                return False
            group = self._next_group(now)
            try:
                self._ready.extend(self._exchange(group))
                self._marked_at = now
            except BaseException:
                self._claimed.extendleft(reversed(group))
                raise
        return True

    def _flush(self) -> None:
        """Write the replies; where few letters are ready, the same commit marks the next."""
        group: list[Delivery] = []
        now = self._clock()
        few = len(self._ready) < self._group // 2 and now - self._marked_at < LAST
        if few and self._claimed and not self._stop():
            group = self._next_group(now)
            self._marked_at = now
        try:
            self._ready.extend(self._exchange(group))
        except BaseException:
            self._claimed.extendleft(reversed(group))
            raise

    def _next_group(self, now: datetime) -> list[Delivery]:
        """The next to be marked; those whose domain has had enough are put back until later."""
        group: list[Delivery] = []
        while self._claimed and len(group) < self._group:
            delivery = self._claimed.popleft()
            until = self._lane.until(delivery.address, now) if self._lane else None
            if until is None:
                group.append(delivery)
            else:
                self._acks.append((delivery, Unsent("the pace of its domain", until)))
                self._later = min(until, self._later or until)
                if self._left is not None:
                    self._left += 1
        return group

    def _claim(self) -> bool:
        if self._later is not None and self._clock() >= self._later:
            self._dry, self._later = False, None
        if self._dry or self._left == 0:
            return False
        if self._acks and any(isinstance(result, Unsent) for _, result in self._acks):
            self._exchange([])  # what came back unsent may be claimed again
        size = self._batch if self._left is None else min(self._batch, self._left)
        self._claimed.extend(
            self._store.deliveries.claim(self._on, self._owner, self._clock(), size)
        )
        self._dry = not self._claimed
        if self._left is not None:
            self._left -= len(self._claimed)
        return not self._dry

    def _exchange(self, leaving: Sequence[Delivery]) -> Sequence[Delivery]:
        if not self._acks and not leaving:
            return leaving
        acks, began = self._acks, self._clock()
        marked = self._store.deliveries.exchange(self._owner, began, acks, leaving)
        self._acks, self._oldest_ack = [], None
        self._run.commits += 1
        self._run.commit_s += (self._clock() - began).total_seconds()
        return marked

    def _close(self, delivery: Delivery, outcome: Outcome) -> None:
        name = OUTCOMES[type(outcome)]
        if self._lane is not None and isinstance(outcome, Deferred) and not outcome.server_wide:
            self._lane.trouble(delivery.address, outcome.reply, self._clock())
        if not isinstance(outcome, Unknown):  # such a row stays on the wire
            self._acks.append((delivery, outcome))
            if self._oldest_ack is None:
                self._oldest_ack = self._clock()
        if isinstance(outcome, Unsent) and self._left is None:
            self._dry = False
        self._run.outcomes[name] += 1
        if name != "sent":
            self._run.troubles.append((delivery.address, name, told(outcome)))
        self._progress(name)


class OneLetter:
    """A desk with a single letter and no ledger; `outcome` says how it ended."""

    def __init__(self, envelope: Envelope) -> None:
        self._left = [envelope]
        self.outcome: Outcome = Unsent("the run ended before it")

    def take(self, most: int) -> Sequence[Envelope]:
        """The letter, once."""
        taken, self._left = self._left[:most], self._left[most:]
        return taken

    def ended(self, envelope: Envelope, outcome: Outcome) -> None:
        """Keep the outcome."""
        del envelope
        self.outcome = outcome

    def wait(self, *, idle: bool) -> float | None:
        """Nothing is to be written."""
        del idle
        return None
