"""deliver(on): queue the day's rows, then let the transport work them off at the desk.

    pending --claim--> claimed --mark--> on_wire --reply--> sent | refused | deferred
       ^                  |                 |  |
       +----- unsent -----+-----------------+  +-- no reply: stays until its lease ends

One reader's refusal never stops the rest. The servers as a whole can: what was claimed is then
given back unsent and the run ends with the server's own words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from digest.domain.delivery import Delivery, Envelope
from digest.errors import TransportError
from digest.ports import Clock, Paced, Printer, Store, Transport
from digest.workflows.desk import Dispatch, LedgerDesk, Seal


@dataclass(frozen=True, slots=True)
class Courier:
    """Works deliveries off with the parts that wiring gives it."""

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
        Raises TransportError when no letter finds a usable server; what was claimed is given back.
        """
        run = Dispatch()
        edition = self.store.editions.get(on)
        if edition is None:
            return run
        if queue:
            run.queued = self.store.deliveries.enqueue(on, self.clock(), self.window_h, limit)
        blocks = self.store.editions.blocks(on)

        def write(delivery: Delivery) -> Envelope:
            return self.seal(self.printer.letter(edition, blocks, delivery), delivery)

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
        )
        reason = "interrupted"
        try:
            self.transport.run(desk)
            reason = "the run ended"
        except TransportError as error:
            reason = error.message
            if not run.outcomes:
                raise
            run.stopped = str(error)
        finally:
            # Not the reader's fault, whatever it is: nothing may stay claimed.
            desk.give_back(reason)
            self.transport.close()
        return run
