"""deliver(on): queue the day's rows, then let the transport work them off at the desk.

    pending --claim--> claimed --mark--> on_wire --reply--> sent | refused | deferred
       ^                  |                 |  |
       +----- unsent -----+-----------------+  +-- no reply: stays until its lease ends

One reader's refusal never stops the rest. The servers as a whole can: what was claimed is then
given back unsent and the run ends with the server's own words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from digest.domain.alert import Kind, without_addresses
from digest.domain.delivery import Delivery, DeliveryStatus, Envelope
from digest.errors import TransportError
from digest.ports import Clock, Paced, Printer, Store, Transport
from digest.workflows.alarm import FEWEST_BOUNCED, bounced, unreachable
from digest.workflows.desk import Dispatch, LedgerDesk, Seal
from digest.workflows.preflight import Find, holding, preflight
from digest.workflows.pulse import Pulse

SAMPLE: Final = 0.01
"""Share of an edition's letters that goes out first."""
SMALLEST_SAMPLE: Final = 20
FEWEST_REFUSED: Final = 5
"""So many refusals are needed at least: a few dead addresses among twenty tell nothing."""


@dataclass(frozen=True, slots=True)
class Courier:
    """Works deliveries off with the parts that wiring gives it.

    `look_over` is what an edition's preflight does; `patience` is how long no server can be used
    before it is told, and `tell_refused` the share of refused letters from which that is.
    """

    store: Store
    printer: Printer
    transport: Transport
    seal: Seal
    clock: Clock
    owner: str
    batch: int = 200
    window_h: int = 12
    stop: Callable[[], bool] = lambda: False
    pace: Callable[[str], Paced] | None = None
    stop_refused: float = 0.0
    look_over: Find | None = None
    patience: timedelta = timedelta(minutes=10)
    tell_refused: float = 0.0
    pulse: Pulse | None = None

    def deliver(
        self,
        on: date,
        *,
        limit: int | None = None,
        queue: bool = True,
        progress: Callable[[str], None] = lambda _outcome: None,
    ) -> Dispatch:
        """Queue and send the letters of a published edition that are due now.

        `limit` bounds the letters of this run; `progress` is called with each outcome. Without
        `queue` only rows that are there are worked off. Once `stop()` is true, no further letter
        is begun, and those that are out are waited for.
        The first letters of an edition are a sample, one in a hundred: where more than the share
        `stop_refused` of them is refused for good, the edition is held and nobody else gets it.
        Raises TransportError when no letter finds a usable server; what was claimed is given back.
        """
        run = Dispatch()
        edition = self.store.editions.get(on)
        if edition is None:
            return run
        if queue:
            run.queued = self.store.deliveries.enqueue(on, self.clock(), self.window_h, limit)
        if self.look_over is not None and self._unseen(on):
            run.found = preflight(self.store, on, self.clock, self.look_over)
            if reason := holding(run.found):
                run.stopped = f"{reason}\n  when it is mended, go on with: digest resume {on}"
                return run
        blocks = self.store.editions.blocks(on)

        def write(delivery: Delivery) -> Envelope:
            return self.seal(self.printer.letter(edition, blocks, delivery), delivery)

        try:
            if (sample := self._sample(on)) and (limit is None or sample < limit):
                self._work(on, write, run, sample, progress)
                if run.stopped or not self._passed(on, run):
                    return run
                limit = None if limit is None else limit - sum(run.outcomes.values())
            self._work(on, write, run, limit, progress)
        finally:
            if self.pulse is not None:
                self.pulse.ended(self.store, run)
            self.transport.close()
            self._note(on, run)
        return run

    def _unseen(self, on: date) -> bool:
        """Whether letters of an edition wait that nobody has looked over."""
        # The cheap question first: of a large edition the rows are not counted each time.
        return self.store.alerts.preflight(on) is None and bool(self.store.deliveries.counts(on))

    def _note(self, on: date, run: Dispatch) -> None:
        """What an operator should know of a run."""
        refused, sent = run.outcomes["refused"], run.outcomes["sent"]
        if sent and not run.stopped:
            self.store.alerts.settle(Kind.SERVERS, self._host, self.clock())
        letters = refused + sent
        if self.tell_refused and FEWEST_BOUNCED <= refused > self.tell_refused * letters:
            self.store.alerts.raised(bounced(on, refused, letters), self.clock())

    @property
    def _host(self) -> str:
        """The machine, as `owner` begins with it."""
        return self.owner.partition(":")[0]

    def _sample(self, on: date) -> int:
        """How many letters of an edition go out first; 0 where it was sampled, or is too small."""
        if not self.stop_refused or self.store.ledger.cleared(on):
            return 0
        waiting = self.store.deliveries.counts(on).get(DeliveryStatus.PENDING, 0)
        sample = max(SMALLEST_SAMPLE, math.ceil(waiting * SAMPLE))
        return sample if waiting > sample else 0

    def _passed(self, on: date, run: Dispatch) -> bool:
        """Whether the servers take the letter; else the edition is held from now on."""
        refused, sent = run.outcomes["refused"], run.outcomes["sent"]
        if refused < FEWEST_REFUSED or refused <= self.stop_refused * (refused + sent):
            if sent:
                self.store.ledger.clear(on, self.clock())
            return True
        replies = [reply for _, outcome, reply in run.troubles if outcome == "refused"]
        reason = f"{refused} of the first {refused + sent} letters were refused: {replies[-1]}"
        reason = without_addresses(reason)
        self.store.ledger.hold(on.isoformat(), reason, self.clock(), "first letters")
        run.stopped = f"{reason}\n  see the replies, then go on with: digest resume {on}"
        return False

    def _work(
        self,
        on: date,
        write: Callable[[Delivery], Envelope],
        run: Dispatch,
        limit: int | None,
        progress: Callable[[str], None],
    ) -> None:
        desk = LedgerDesk(
            self.store,
            on,
            self.owner,
            write=write,
            clock=self.clock,
            run=run,
            batch=self.batch,
            limit=limit,
            progress=progress,
            stop=self.stop,
            pace=self.pace,
            beat=lambda out: self.pulse.beat(self.store, run, out) if self.pulse else None,
        )
        reason = "interrupted"
        try:
            self.transport.run(desk)
            reason = "the run ended"
        except TransportError as error:
            reason = error.message
            trouble = unreachable(self._host, reason)
            self.store.alerts.raised(trouble, self.clock(), self.patience)
            if not run.outcomes:
                raise
            run.stopped = str(error)
        finally:
            # Not the reader's fault, whatever it is: nothing may stay claimed.
            desk.give_back(reason)
