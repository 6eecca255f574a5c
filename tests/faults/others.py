"""Refusals, several processes at once, workers that stop, readers that leave."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from dataclasses import replace
from typing import Final

from sqlalchemy import select

from digest.domain.subscriber import Status
from digest.storage import open_store, schema
from digest.workflows.desk import GROUP
from tests.faults.found import Found
from tests.faults.house import CONNECTIONS, House, at_work, house, verdict
from tests.faults.sink import fate

T = schema.deliveries
ROUNDS: Final = 40
"""Of a greylist, at most."""


def recipients(kind: str, number: int, letters: int) -> Found:
    """5 % of the recipients get a 4xx, 2 % a 5xx: the states equal the oracle's."""
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(seed=number, soft=0.05, hard=0.02), CONNECTIONS)
        home.queue()
        home.sender("serve", "worker", "--once").wait(600)
        wanted = {"ok": "sent", "soft": "deferred", "hard": "refused"}
        with home.store() as store:
            off = [
                f"{row.address}: {row.status}"
                for row in store.ledger.rows(home.day, "", "", letters)
                if row.status != wanted[fate(number, row.address, 0.05, 0.02)]
            ]
        found.sums["rows off the oracle"] = len(off)
        found.faults = off + verdict(home, 0)
    return found


def greylisting(kind: str, _number: int, letters: int) -> Found:
    """Every first RCPT gets a 451: all arrive later, once, however slowly that makes us go."""
    found, rounds = Found(), 0
    with house(kind, letters) as home:
        home.configure(home.sink(grey=True), CONNECTIONS)
        home.queue()
        while home.counts()["sent"] < letters and rounds < ROUNDS:
            rounds += 1
            home.sender("serve", "worker", "--once").wait(600)
            home.age()
        if home.counts() != {"sent": letters}:
            found.faults.append(f"after {rounds} rounds: {dict(home.counts())}")
        found.faults += verdict(home, 0)
    found.most["rounds"] = rounds
    return found


def crons(kind: str, _number: int, letters: int) -> Found:
    """Two schedulers, three `digest send`, three workers at once: one row and one letter each."""
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(), 2)
        crowd = [home.sender("-q", "send", "--date", home.day.isoformat()) for _ in range(3)]
        crowd += [home.sender("serve", "worker", "--once") for _ in range(3)]
        crowd += [home.sender("serve", "scheduler", "--once") for _ in range(2)]
        for process in crowd:
            process.wait(600)
        if home.counts() != {"sent": letters}:
            found.faults.append(f"{dict(home.counts())}")
        found.faults += verdict(home, 0)
    return found


def stale(kind: str, number: int, letters: int) -> Found:
    """A worker is stopped beyond its lease; its heir sends; it wakes and writes nothing.

    Not for SQLite: a stopped worker may hold the only write lock.
    """
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(slow_end=0.02), CONNECTIONS)
        home.queue()
        sleeper = home.sender()
        at_work(home)
        time.sleep(random.Random(number).uniform(0, 0.2))  # noqa: S311 - not for secrets
        sleeper.send_signal(signal.SIGSTOP)
        # Postgres ends a transaction that stands still for ten minutes, before any lease.
        home.end_connections("xact_start IS NOT NULL")
        # What it has sent is in the sink; the leases of all the rest are over.
        home.age()
        home.sender("serve", "worker", "--once").wait(600)
        before = _stamps(home)
        sleeper.send_signal(signal.SIGCONT)
        time.sleep(1.5)
        sleeper.terminate()
        sleeper.wait(60)
        if _stamps(home) != before:
            found.faults.append("the stale worker wrote into rows that were another's")
        # Its lease was ended in the database, its clock went on: it cannot see that the group
        # which it had marked is old, and sends that, too (after a real lease it would not).
        found.faults += verdict(home, 2 * CONNECTIONS + GROUP)
        found.sums["second copies"] = home.sent().second
    return found


def drains(kind: str, number: int, letters: int) -> Found:
    """SIGTERM in the middle: what is out is waited for, nothing is left claimed or sent twice."""
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(slow_end=0.05), CONNECTIONS)
        home.queue()
        worker = home.sender()
        at_work(home)
        time.sleep(random.Random(number).uniform(0, 0.5))  # noqa: S311 - not for secrets
        worker.terminate()
        code = worker.wait(40)
        counts = home.counts()
        if code or counts["claimed"] or counts["on_wire"] or not counts["pending"]:
            found.faults.append(f"exit {code}, {dict(counts)}")
        if home.finish(300) != {"sent": letters}:
            found.faults.append(f"at the end {dict(home.counts())}")
        found.faults += verdict(home, 0)
    return found


def leavers(kind: str, number: int, letters: int) -> Found:
    """Readers leave while letters go out: none gets one after that but those on the wire."""
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(), 4)
        home.queue()
        worker = home.sender()
        at_work(home)
        gone: set[str] = set()
        for reader_number in random.Random(number).sample(range(letters), 40):  # noqa: S311
            address = f"r{reader_number}@list{reader_number % 9}.example"
            with open_store(home.settings) as store:
                reader = store.subscribers.find(address)
                assert reader is not None
                with store.access.write() as connection:
                    store.subscribers.update(replace(reader, status=Status.UNSUBSCRIBED))
                    status = connection.scalar(
                        select(T.c.status).where(T.c.subscriber_id == reader.id)
                    )
                if status in {"pending", "claimed", "deferred"}:
                    gone.add(address)
        worker.terminate()
        worker.wait(60)
        home.finish(300)
        if late := set(home.times()) & gone:
            found.faults.append(f"{len(late)} got a letter after they had left")
        found.sums["left while theirs was waiting"] = len(gone)
        found.faults += verdict(home, 0)
    return found


def _stamps(home: House) -> Counter[str]:
    with home.store() as store, store.read() as connection:
        rows = connection.execute(select(T.c.id, T.c.status, T.c.attempts, T.c.last_reply)).all()
    return Counter(json.dumps(list(row)) for row in rows)
