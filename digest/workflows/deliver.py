"""deliver(on, store, printer, transport, clock): claim -> compose -> send -> record.

    pending --claim--> claimed --about_to_end--> on_wire --reply--> sent | refused | deferred
       ^                  |                         |
       +---- release -----+          no reply: stays on_wire until its lease ends

One reader's refusal never stops the rest. The server as a whole can: what was claimed is then
given back unsent and the run ends with the server's own words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from digest.domain.delivery import (
    Accepted,
    Deferred,
    Delivery,
    Envelope,
    Letter,
    NoReply,
    Rejected,
)
from digest.errors import TransportError, UsageError
from digest.ports import Clock, Printer, Store, Transport

MAX_SERVER_FAULTS: Final = 3
"""Faults of the server in a row after which a run ends: it is not the readers' mail that is off."""

Seal = Callable[[Letter, Delivery], Envelope]
"""Turns a letter into the bytes and addresses of the SMTP dialogue."""


@dataclass(slots=True)
class Dispatch:
    """What became of a run: rows by outcome, and each address that was not served, with why."""

    queued: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    troubles: list[tuple[str, str, str]] = field(default_factory=list)
    stopped: str = ""
    largest_bytes: int = 0
    faults_in_a_row: int = 0

    @property
    def sent(self) -> int:
        """Letters that the server took responsibility for."""
        return self.outcomes["sent"]

    @property
    def whole(self) -> bool:
        """Whether nothing is left to tell the operator."""
        return not self.troubles and not self.stopped


@dataclass(frozen=True, slots=True)
class Courier:
    """Works deliveries off with the parts that wiring gives it."""

    store: Store
    printer: Printer
    transport: Transport
    seal: Seal
    clock: Clock
    owner: str
    batch: int = 50
    window_h: int = 12

    def deliver(
        self,
        on: date,
        *,
        limit: int | None = None,
        progress: Callable[[str], None] = lambda _outcome: None,
    ) -> Dispatch:
        """Queue and send the letters of a published edition that are due now.

        `limit` bounds the letters of this run; `progress` is called with each outcome.
        Raises TransportError when the very first letter finds no usable server; what was claimed
        is given back.
        """
        run = Dispatch()
        edition = self.store.editions.get(on)
        if edition is None:
            return run
        run.queued = self.store.deliveries.enqueue(on, self.clock(), self.window_h, limit)
        blocks = self.store.editions.blocks(on)
        left = limit
        try:
            while left is None or left > 0:
                size = self.batch if left is None else min(self.batch, left)
                claimed = self.store.deliveries.claim(on, self.owner, self.clock(), size)
                if not claimed:
                    break
                self._work_off(
                    claimed, lambda d: self.printer.letter(edition, blocks, d), run, progress
                )
                if run.stopped:
                    break
                left = None if left is None else left - len(claimed)
        finally:
            self.transport.close()
        return run

    def _work_off(
        self,
        claimed: Sequence[Delivery],
        compose: Callable[[Delivery], Letter],
        run: Dispatch,
        progress: Callable[[str], None],
    ) -> None:
        for index, delivery in enumerate(claimed):
            try:
                outcome, server_fault = self._one(delivery, compose, run)
            except TransportError as error:
                self._release(claimed[index:], error.message)
                if not run.outcomes:
                    raise
                run.stopped = str(error)
                return
            except BaseException:
                # Not the reader's fault, whatever it is: nothing of the batch may stay claimed.
                self._release(claimed[index:], "interrupted")
                raise
            run.outcomes[outcome] += 1
            progress(outcome)
            run.faults_in_a_row = run.faults_in_a_row + 1 if server_fault else 0
            if run.faults_in_a_row >= MAX_SERVER_FAULTS:
                self._release(claimed[index + 1 :], "the server has trouble")
                run.stopped = (
                    f"{MAX_SERVER_FAULTS} faults of the SMTP server in a row: {run.troubles[-1][2]}"
                )
                return

    def _one(
        self, delivery: Delivery, compose: Callable[[Delivery], Letter], run: Dispatch
    ) -> tuple[str, bool]:
        """Send one letter; returns how it ended and whether the server is at fault."""
        try:
            envelope = self.seal(compose(delivery), delivery)
        except UsageError as error:
            # An address that no mail can be sent to: this reader's matter, not the run's.
            self.store.deliveries.record(
                delivery, self.owner, Rejected(error.message), self.clock()
            )
            run.troubles.append((delivery.address, "refused", error.message))
            return "refused", False
        run.largest_bytes = max(run.largest_bytes, len(envelope.data))
        wire = [False]

        def about_to_end() -> None:
            self.store.deliveries.on_wire(delivery, self.owner, self.clock())
            wire[0] = True

        try:
            result = self.transport.send(envelope, about_to_end)
        except NoReply as lost:
            if lost.on_wire:
                run.troubles.append((delivery.address, "unknown", lost.reason))
                return "unknown", True
            self._release([delivery], lost.reason)
            run.troubles.append((delivery.address, "released", lost.reason))
            return "released", True
        self.store.deliveries.record(delivery, self.owner, result, self.clock())
        match result:
            case Accepted():
                return "sent", False
            case Rejected(reply):
                run.troubles.append((delivery.address, "refused", reply))
                return "refused", False
            case Deferred(reply, server_wide):
                run.troubles.append((delivery.address, "deferred", reply))
                return "deferred", server_wide

    def _release(self, deliveries: Sequence[Delivery], reason: str) -> None:
        for delivery in deliveries:
            self.store.deliveries.release(delivery, self.owner, reason, self.clock())
