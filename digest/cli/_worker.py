"""A worker's life: send until told to stop, then drain, then leave whatever happens."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

from digest.cli._wire import same_time
from digest.cli.serve import tell_run
from digest.ports import Store
from digest.wiring import Wiring
from digest.wiring.alarm import Watch, told_when_broken
from digest.workflows.deliver import Courier
from digest.workflows.work import work

log = logging.getLogger("digest.worker")

DRAIN_S = 30.0
"""How long letters that are out may take once the worker is told to stop, seconds."""


LOOK_S = 60.0
"""How often it is looked what is amiss, seconds."""


def run(wiring: Wiring, *, once: bool) -> None:
    """Work until SIGTERM or SIGINT; leaves within `DRAIN_S` of it and a little.

    What is on the wire by then stays marked so: its lease decides (`delivery.on_ambiguous`).
    """
    told = threading.Event()
    owner = wiring.pulse.owner
    with wiring.store() as store:

        def leave(*_: object) -> None:
            if not told.is_set():
                told.set()
                threading.Thread(target=_watch, args=(store, owner, wiring), daemon=True).start()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, leave)
        log.info("worker %s: started", owner)
        wiring.pulse.start()
        wiring.pulse.idle(store)
        watch = Watch(wiring)
        if not once:
            threading.Thread(target=_look, args=(watch, told), daemon=True).start()

        def courier() -> Courier:
            same_time(store, wiring.clock)
            return wiring.courier(store, wiring.transport(store), owner=owner, stop=told.is_set)

        runs = work(
            store,
            courier,
            wiring.clock,
            told.is_set,
            lambda words: log.error("%s", words),
            once=once,
        )
        try:
            with told_when_broken(wiring, store):
                for on, done in runs:
                    tell_run(log, on, done)
        finally:
            if once:
                watch.once()
    log.info("worker %s: left", owner)


def _look(watch: Watch, told: threading.Event) -> None:
    """Keep the watch beside the sending: where the scheduler died, somebody must notice."""
    while not told.wait(LOOK_S):
        watch.once()


def _watch(store: Store, owner: str, wiring: Wiring) -> None:
    """Leave by force after the drain, even where the database or a server hangs."""
    time.sleep(DRAIN_S)
    back = threading.Thread(
        target=lambda: store.ledger.give_back(owner, "the worker left", wiring.clock()),
        daemon=True,
    )
    back.start()
    back.join(5)
    log.error("worker %s: left after %d s; some letters were still out", owner, DRAIN_S)
    logging.shutdown()
    os._exit(1)
