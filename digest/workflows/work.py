"""work(store, courier): send whatever is due, of any edition, until told to stop.

Any number of workers share the rows: each claims with a lease what no other holds, so one may be
killed, paused or added at any time. A worker makes no rows and knows no date: the scheduler does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from digest.errors import StorageError, TransportError
from digest.ports import Clock, Store
from digest.workflows.deliver import Courier
from digest.workflows.desk import Dispatch

IDLE_S: Final = 5.0
"""How often a worker looks for rows that nobody told it of (retries, dead owners), seconds."""
TROUBLE_S: Final = 30.0
"""How long it lets a server or database alone that cannot be used, seconds."""
_SLICE_S: Final = 1.0


def work(
    store: Store,
    courier: Callable[[], Courier],
    clock: Clock,
    stop: Callable[[], bool],
    tell: Callable[[str], None],
    *,
    once: bool = False,
) -> Iterator[tuple[date, Dispatch]]:
    """Yield each run in which something happened; `tell` gets what went wrong, in words.

    With `once`, until nothing is due; then what goes wrong is raised.
    """
    while not stop():
        pause = IDLE_S
        try:
            due = store.deliveries.due(clock())
            for on in due:
                if stop():
                    return
                run = courier().deliver(on, queue=False)
                if run.outcomes:
                    yield on, run
                if run.stopped:
                    pause = TROUBLE_S
        except (StorageError, TransportError) as error:
            if once:
                raise
            tell(str(error))
            pause = TROUBLE_S
        if once:
            return
        while pause > 0 and not stop():
            if store.ledger.wait(min(pause, _SLICE_S)) and pause <= IDLE_S:
                break
            pause -= _SLICE_S
