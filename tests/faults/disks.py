"""A small disk fills up: that of the database, that of the log and the state."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psycopg

from tests.faults.found import Found, NotTried
from tests.faults.house import CONNECTIONS, House, at_work, house, verdict

LEFT: Final = {"sqlite": 150_000, "postgres": 0}
"""Bytes that the filler leaves: some commits of SQLite. Postgres has its log laid out before."""
SEGMENT: Final = 16 * 2**20
"""Bytes of a file of Postgres's log."""
LAID_OUT: Final = 10
"""More such files than there are before they are needed."""
MEGABYTES: Final = {"sqlite": 12, "postgres": 200}
RATE: Final = 200
"""Letters a second that are allowed while there is no room for the state."""
TOLD_S: Final = 30


def database(kind: str, number: int, letters: int) -> Found:
    """The disk fills up: sending stops before it cannot be recorded; with room it goes on.

    Every other time it is Postgres's log that wants room, not the tables: Postgres ends then.
    """
    found = Found()
    with small_disk(MEGABYTES[kind]) as disk, house(kind, letters, disk) as home:
        home.as_installed()
        home.configure(home.sink(slow_end=0.02), CONNECTIONS, rate=2000)
        home.queue()
        if home.server is None:
            with sqlite3.connect(disk / "digest.db") as made:
                made.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        filler = disk / "filler"
        worker = home.sender()
        at_work(home)
        if home.server is None or number % 2 == 0:
            _fill(filler, LEFT[kind])
        else:
            _fill(filler, SEGMENT // 2)
            # On to a file of the log that is not laid out yet: that ends Postgres, or the next
            # commit does.
            with suppress(psycopg.OperationalError), home.server.administrator() as connection:
                for _ in range(LAID_OUT):
                    connection.execute("SELECT pg_logical_emit_message(true, '', '')")
                    connection.execute("SELECT pg_switch_wal()")
        said = _until_told(home, letters)
        went = home.taken()
        time.sleep(1)
        if home.taken() > went:
            found.faults.append(f"{home.taken() - went} letters went out after it had stopped")
        if went >= letters:
            found.faults.append("the disk never was full")
        if worker.poll() is not None:
            found.faults.append(f"the worker ended with {worker.returncode}: {said[-300:]}")
        if "the disk is full" in said:
            found.sums["times told that the disk is full"] = 1
        elif "cannot be reached" in said and home.server is not None:
            # Without room for its log, Postgres ends: all that we can see is that it is away.
            found.sums["times told that the server is away"] = 1
        else:
            found.faults.append(f"not told: {said[-300:]}")
        filler.unlink()
        if home.server is not None:
            home.server.serve()
        # What it had marked when it gave up is on the wire until the lease is over.
        counts = home.wait_for(lambda c: not c["pending"] and not c["claimed"], 180)
        worker.terminate()
        worker.wait(60)
        if counts["sent"] != letters and home.finish(200)["sent"] != letters:
            found.faults.append(f"{dict(home.counts())}")
        found.faults += verdict(home, CONNECTIONS)
        found.most["letters before"] = went
        found.sums["second copies"] = home.sent().second
        if home.server is None:
            with sqlite3.connect(disk / "digest.db") as check:
                whole = check.execute("PRAGMA integrity_check").fetchone()[0]
            if whole != "ok":
                found.faults.append(f"integrity: {whole}")
    return found


def log(kind: str, _number: int, letters: int) -> Found:
    """No room for the log and paths.state: every letter goes out all the same, at its pace."""
    found = Found()
    with small_disk(1) as disk, house(kind, letters) as home:
        state = disk / "state"
        state.mkdir()
        home.configure(home.sink(), CONNECTIONS, state=state, rate=RATE)
        home.queue()
        home.said = disk / "sender.log"
        home.said.touch()
        _fill(disk / "filler", 0)
        if shutil.disk_usage(disk).free:
            found.faults.append("the disk was not full")
        counts = home.finish(120)
        if counts != {"sent": letters}:
            found.faults.append(f"{dict(counts)}")
        at = home.times().values()
        took = max(at) - min(at)
        if letters > RATE + RATE * took + 1:
            found.faults.append(f"all went out within {took:.1f} s")
        found.faults += verdict(home, 0)
    return found


@contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """A file system in memory of that size."""
    if os.geteuid() != 0:
        raise NotTried("needs root, for a small file system")
    with tempfile.TemporaryDirectory(prefix="digest-disk-") as name:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", name], check=True
        )
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=False)


def _fill(path: Path, left: int) -> None:
    """Take all room of a file system but `left` bytes."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while left == 0 or shutil.disk_usage(path.parent).free > left:
            file.write(b"x" * 4096)


def _until_told(home: House, letters: int) -> str:
    """Wait until the sender has said that something is wrong, or has sent all."""
    end = time.monotonic() + TOLD_S
    while time.monotonic() < end and home.taken() < letters:
        said = home.said.read_text()
        if "the disk is full" in said or "cannot be reached" in said:
            break
        time.sleep(0.5)
    return home.said.read_text()
