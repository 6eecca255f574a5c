"""The rest of the fault plan: each takes a kind of database and how often, and says how it went."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlalchemy import select

from digest.domain.subscriber import Status
from digest.storage import open_store, schema
from digest.workflows.desk import GROUP
from tests.databases import settings_for
from tests.faults import matrix
from tests.faults.house import House, Sinks, house, verdict
from tests.faults.sink import fate

Outcome = tuple[bool, str]
T = schema.deliveries
CONNECTIONS = 8
LOCKED_S = 30
NOT_RUN = "not run: "


def replies(_kind: str, times: int) -> Outcome:
    """40 cells of the reply matrix, each `times` times, on SQLite: the states are the ledger's."""
    faults, done = [], 0
    with tempfile.TemporaryDirectory(prefix="digest-faults-") as name, Sinks() as sinks:
        made = Path(name, "made.db")
        with open_store(settings_for(f"sqlite:///{made}")) as store:
            matrix.publish(store)
        for step in matrix.STEPS:
            for fault in matrix.FAULTS:
                for _ in range(times):
                    done += 1
                    path = Path(name, f"{done}.db")
                    shutil.copy(made, path)
                    with open_store(settings_for(f"sqlite:///{path}")) as store:
                        wrong = matrix.cell(store, sinks, step, fault)
                    if wrong:
                        faults.append(f"{step} {fault}: {wrong}")
    return not faults, "; ".join([f"{done} runs of 40 cells, {len(faults)} off the table", *faults])


def recipients(kind: str, times: int, letters: int = 2000) -> Outcome:
    """5 % of the recipients get a 4xx, 2 % a 5xx: the states equal the oracle's."""
    faults = []
    for seed in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(seed=seed, soft=0.05, hard=0.02), CONNECTIONS)
            home.queue()
            home.sender("serve", "worker", "--once").wait(600)
            wanted = {"ok": "sent", "soft": "deferred", "hard": "refused"}
            with home.store() as store:
                faults += [
                    f"{row.address}: {row.status}"
                    for row in store.ledger.rows(home.day, "", "", letters)
                    if row.status != wanted[fate(seed, row.address, 0.05, 0.02)]
                ]
            faults += verdict(home, 0)
    said = f"{times} x {letters} letters, {len(faults)} rows off the oracle"
    return not faults, "; ".join([said, *faults[:3]])


def greylisting(kind: str, times: int, letters: int = 60) -> Outcome:
    """Every first RCPT gets a 451: all arrive later, once, however slowly that makes us go."""
    faults, passes = [], 0
    for _ in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(grey=True), CONNECTIONS)
            home.queue()
            while home.counts()["sent"] < letters and passes < 40 * times:
                passes += 1
                home.sender("serve", "worker", "--once").wait(600)
                home.age()
            if home.counts() != {"sent": letters}:
                faults.append(f"after {passes} passes: {dict(home.counts())}")
            faults += verdict(home, 0)
    return not faults, "; ".join([f"{times} x {letters} letters, {passes} passes", *faults])


def drops(kind: str, times: int, letters: int = 500) -> Outcome:
    """The server cuts 5 % of its connections at the end of a letter, some after it took it."""
    faults, copies = [], 0
    for seed in range(times):
        step = "AFTER" if seed % 2 else "END"
        with house(kind, letters) as home:
            port = home.sink(seed=seed, random={"drop": 0.05}, at_step=step)
            home.configure(port, CONNECTIONS)
            home.queue()
            counts = home.finish(300)
            if counts["sent"] != letters:
                faults.append(f"{dict(counts)}")
            # Only a letter that was taken and whose reply was cut may have gone out twice.
            faults += verdict(home, letters // 10 if step == "AFTER" else 0)
            copies += home.sent().second
    return not faults, "; ".join(
        [f"{times} x {letters} letters, {copies} second copies", *faults[:3]]
    )


def crons(kind: str, times: int, letters: int = 200) -> Outcome:
    """Two schedulers, three `digest send`, three workers at once: one row and one letter each."""
    faults = []
    for _ in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(), 2)
            crowd = [home.sender("-q", "send", "--date", home.day.isoformat()) for _ in range(3)]
            crowd += [home.sender("serve", "worker", "--once") for _ in range(3)]
            crowd += [home.sender("serve", "scheduler", "--once") for _ in range(2)]
            for process in crowd:
                process.wait(600)
            if home.counts() != {"sent": letters}:
                faults.append(f"{dict(home.counts())}")
            faults += verdict(home, 0)
    return not faults, "; ".join([f"{times} x 8 processes, {letters} letters", *faults[:3]])


def stale(kind: str, times: int, letters: int = 400) -> Outcome:
    """A worker is stopped beyond its lease; its heir sends; it wakes and writes nothing."""
    if kind == "sqlite":
        return True, f"{NOT_RUN}one worker on SQLite: a stopped one may hold the only write lock"
    faults, copies = [], 0
    for seed in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(slow_end=0.02), CONNECTIONS)
            home.queue()
            sleeper = home.sender()
            at_work(home)
            time.sleep(random.Random(seed).uniform(0, 0.2))  # noqa: S311 - not for secrets
            sleeper.send_signal(signal.SIGSTOP)
            # What it has sent is in the sink; the leases of all the rest are over.
            home.age()
            home.sender("serve", "worker", "--once").wait(600)
            before = _stamps(home)
            sleeper.send_signal(signal.SIGCONT)
            time.sleep(1.5)
            sleeper.terminate()
            sleeper.wait(60)
            if _stamps(home) != before:
                faults.append("the stale worker wrote into rows that were another's")
            # Its lease was ended in the database, its clock went on: it cannot see that the group
            # which it had marked is old, and sends that, too (after a real lease it would not).
            faults += verdict(home, 2 * CONNECTIONS + GROUP)
            copies += home.sent().second
    return not faults, "; ".join([f"{times} times, {copies} second copies", *faults[:3]])


def drains(kind: str, times: int, letters: int = 600) -> Outcome:
    """SIGTERM in the middle: what is out is waited for, nothing is left claimed or sent twice."""
    faults = []
    for _ in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(slow_end=0.05), CONNECTIONS)
            home.queue()
            worker = home.sender()
            at_work(home)
            worker.terminate()
            code = worker.wait(40)
            counts = home.counts()
            if code or counts["claimed"] or counts["on_wire"] or not counts["pending"]:
                faults.append(f"exit {code}, {dict(counts)}")
            if home.finish(300) != {"sent": letters}:
                faults.append(f"at the end {dict(home.counts())}")
            faults += verdict(home, 0)
    return not faults, "; ".join([f"{times} times, no second copy allowed", *faults[:3]])


def leavers(kind: str, times: int, letters: int = 1000) -> Outcome:
    """Readers leave while letters go out: none gets one after that but those on the wire."""
    faults, left = [], 0
    for seed in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(), 4)
            home.queue()
            worker = home.sender()
            at_work(home)
            gone: set[str] = set()
            ids = random.Random(seed).sample(range(letters), 40)  # noqa: S311 - not for secrets
            for number in ids:
                address = f"r{number}@list{number % 9}.example"
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
            late = set(home.times()) & gone
            left += len(gone)
            if late:
                faults.append(f"{len(late)} got a letter after they had left")
            faults += verdict(home, 0)
    said = f"{times} x {letters} letters, {left} left while theirs was waiting"
    return not faults, "; ".join([said, *faults[:3]])


def outages(kind: str, times: int, letters: int = 600) -> Outcome:
    """The database is away: Postgres ends connections and restarts, SQLite is locked."""
    faults, copies = [], 0
    ways: Counter[str] = Counter()
    for number in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(slow_end=0.05), CONNECTIONS)
            home.queue()
            worker = home.sender()
            at_work(home)
            how = _away(home, number)
            ways[how] += 1
            counts = home.wait_for(lambda c: c["sent"] == letters, 60)
            if counts["sent"] != letters:
                counts = home.finish(200)
            worker.terminate()
            worker.wait(60)
            if counts["sent"] != letters:
                faults.append(f"{how}: {dict(counts)}")
            faults += verdict(home, CONNECTIONS)
            copies += home.sent().second
    said = ", ".join(f"{count} x {how}" for how, count in ways.items())
    return not faults, "; ".join([f"{said}, {copies} second copies", *faults[:3]])


def _away(home: House, number: int) -> str:
    if home.server is None:
        path = home.url.removeprefix("sqlite:///")
        lock = sqlite3.connect(path, timeout=30, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_S)
        lock.execute("COMMIT")
        lock.close()
        return f"locked {LOCKED_S} s"
    if number % 3 == 0:
        with home.server.administrator() as connection:
            for _ in range(10):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid() AND datname = 't1'"
                )
                time.sleep(0.1)
        return "connections ended"
    how = signal.SIGINT if number % 3 == 1 else signal.SIGQUIT
    process = home.server._process
    assert process is not None
    process.send_signal(how)
    process.wait(30)
    time.sleep(1)
    home.server._process = subprocess.Popen(
        [home.server._bin / "postgres", "-D", home.server.folder / "data"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
        cwd=home.server.folder, **home.server._as(),
    )  # fmt: skip
    for _ in range(300):
        try:
            home.server.administrator().close()
            break
        except psycopg.OperationalError:
            time.sleep(0.05)
    return "restarted fast" if how is signal.SIGINT else "restarted immediate"


def disk_full(kind: str, times: int, letters: int = 3000) -> Outcome:
    """The disk fills up: sending stops before it cannot be recorded; with room it goes on."""
    if kind != "sqlite" or os.geteuid() != 0:
        return True, f"{NOT_RUN}needs root, for a small tmpfs; SQLite only"
    faults, stops = [], 0
    for _ in range(times):
        with small_disk() as disk, house("sqlite", letters) as home:
            path = disk / "digest.db"
            with sqlite3.connect(home.url.removeprefix("sqlite:///")) as made:
                made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copy(home.url.removeprefix("sqlite:///"), path)
            home.url = f"sqlite:///{path}"
            home.settings = settings_for(home.url, 60)
            home.configure(home.sink(), CONNECTIONS)
            home.queue()
            filler = disk / "filler"
            filler.write_bytes(b"x" * (shutil.disk_usage(disk).free - 150_000))
            worker = home.sender()
            home.wait_for(lambda c: c["sent"] == letters, 15)
            stops += "disk is full" in home.said.read_text()
            worker.kill()
            worker.wait(30)
            went = home.taken()
            filler.unlink()
            home.age()
            if home.finish(200)["sent"] != letters:
                faults.append(f"{dict(home.counts())}")
            # What was out when the disk was full is in doubt; no more than that.
            faults += verdict(home, 2 * CONNECTIONS)
            with sqlite3.connect(path) as check:
                said = check.execute("PRAGMA integrity_check").fetchone()[0]
            if said != "ok":
                faults.append(f"integrity: {said}")
            if went >= letters:
                faults.append("the disk never was full")
    said = f"{times} times, {stops} said that the disk is full"
    return not faults, "; ".join([said, *faults[:3]])


@contextmanager
def small_disk(megabytes: int = 12):
    with tempfile.TemporaryDirectory(prefix="digest-disk-") as name:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", name], check=True
        )
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=False)


def at_work(home: House) -> None:
    end = time.monotonic() + 60
    while not home.taken():
        if time.monotonic() > end:
            raise RuntimeError("no letter went out within a minute")
        time.sleep(0.01)


def _stamps(home: House) -> Counter[str]:
    with home.store() as store, store.read() as connection:
        rows = connection.execute(select(T.c.id, T.c.status, T.c.attempts, T.c.last_reply)).all()
    return Counter(json.dumps(list(row)) for row in rows)
