"""The database is away: Postgres ends connections and restarts, SQLite is locked."""

from __future__ import annotations

import random
import signal
import sqlite3
import time
from typing import Final

from tests.faults.found import Found
from tests.faults.house import CONNECTIONS, House, at_work, house, more_than, verdict

ENDED: Final = "times all connections ended"
A_ROUND: Final = 10
LOCKED_S: Final = 30
RATE: Final = 150
"""Letters a second where a pace is set: it is asked of the database, too."""
RESTARTS: Final = (signal.SIGINT, signal.SIGQUIT)
"""Postgres's shutdowns *fast* and *immediate*."""


def ended(kind: str, number: int, letters: int) -> Found:
    """All connections to Postgres are ended, ten times while the letters go out."""
    chance = random.Random(number)  # noqa: S311 - not for secrets
    found = Found()
    with house(kind, letters) as home:
        assert home.server is not None
        home.configure(home.sink(slow_end=0.05), CONNECTIONS)
        home.queue()
        home.sender()
        while found.sums[ENDED] < A_ROUND and home.taken() < letters - CONNECTIONS:
            more_than(home, home.taken())
            time.sleep(chance.uniform(0, 0.5))
            home.end_connections("true")
            found.sums[ENDED] += 1
        _goes_on(home, letters, found, CONNECTIONS * found.sums[ENDED])
    return found


def restarted(kind: str, number: int, letters: int) -> Found:
    """Postgres is shut down and started again, in turn *fast* and *immediate*."""
    how = RESTARTS[number % len(RESTARTS)]
    found = Found()
    with house(kind, letters) as home:
        assert home.server is not None
        home.as_installed()
        home.configure(home.sink(slow_end=0.05), CONNECTIONS, rate=RATE)
        home.queue()
        home.sender()
        at_work(home)
        home.server.stop(how)
        time.sleep(1)
        home.server.serve()
        _goes_on(home, letters, found, CONNECTIONS)
    found.sums["fast" if how is signal.SIGINT else "immediate"] = 1
    return found


def locked(kind: str, _number: int, letters: int) -> Found:
    """Another process holds SQLite's write lock for half a minute."""
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(slow_end=0.05), CONNECTIONS, rate=RATE)
        home.queue()
        home.sender()
        at_work(home)
        lock = sqlite3.connect(home.url.removeprefix("sqlite:///"), timeout=30)
        lock.isolation_level = None
        lock.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_S)
        lock.execute("COMMIT")
        lock.close()
        _goes_on(home, letters, found, CONNECTIONS)
    return found


def _goes_on(home: House, letters: int, found: Found, copies: int) -> None:
    """The sender that was there sends the rest."""
    worker = home.worker
    counts = home.wait_for(lambda c: c["sent"] == letters, 120)
    if worker.poll() is not None:
        found.faults.append(f"the worker ended with {worker.returncode}")
    worker.terminate()
    worker.wait(60)
    if counts["sent"] != letters:
        # In doubt until its lease is over.
        counts = home.finish(200)
    if counts["sent"] != letters:
        found.faults.append(f"{dict(counts)}")
    found.faults += verdict(home, copies)
    found.sums["second copies"] = home.sent().second
