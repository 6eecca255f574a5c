"""An old backup comes back; the disk of log and state is full; a day of many letters."""

from __future__ import annotations

import os
import random
import shutil
import statistics
import time
from pathlib import Path

from sqlalchemy import select, update

from digest.storage import schema
from tests.faults.house import House, house, verdict
from tests.faults.others import CONNECTIONS, NOT_RUN, Outcome, at_work, small_disk

MOST_MB = 120


def restored(kind: str, times: int, letters: int = 300) -> Outcome:
    """A backup of the middle of a day is restored: held, leavers stay gone, the rest goes on."""
    faults, copies, left = [], 0, 0
    if kind == "postgres" and not shutil.which("pg_restore"):
        return True, f"{NOT_RUN}pg_restore is not installed"
    for seed in range(times):
        with house(kind, letters) as home:
            home.configure(home.sink(slow_end=0.02), CONNECTIONS)
            home.queue()
            worker = home.sender()
            at_work(home)
            worker.terminate()
            worker.wait(60)
            file = home.folder / "old.backup"
            done = home.digest("backup", str(file))
            waiting = _leave(home, seed)
            home.finish(200)
            sent = home.taken()
            faults += [f"{c.args[-1]}: {c.stderr[-200:]}" for c in (done,) if c.returncode]
            back = home.digest("restore", str(file))
            home.sender("serve", "worker", "--once").wait(120)
            if back.returncode or home.taken() != sent:
                faults.append(f"not held: {home.taken() - sent} went out: {back.stderr[-200:]}")
            home.digest("resume", "--i-am-the-only-instance")
            counts = home.finish(200)
            if counts["sent"] + counts["suppressed"] != letters:
                faults.append(f"{dict(counts)}")
            if again := set(home.sent().copies) & waiting:
                faults.append(f"{len(again)} got a letter who had left")
            copies += home.sent().second
            left += len(waiting)
            # What went out after the backup is not known any more: it may go out again.
            faults += verdict(home, letters)
    said = f"{times} times, {left} had left since, {copies} second copies of what was sent since"
    return not faults, "; ".join([said, *faults[:3]])


def _leave(home: House, seed: int, many: int = 20) -> set[str]:
    """Some readers whose letter is waiting leave."""
    s, d = schema.subscribers, schema.deliveries
    with home.store() as store, store.access.write() as connection:
        waiting = connection.scalars(
            select(s.c.address)
            .join(d, d.c.subscriber_id == s.c.id)
            .where(d.c.status == "pending")
            .order_by(s.c.id)
        ).all()
        chance = random.Random(seed)  # noqa: S311 - not for secrets
        gone = chance.sample(waiting, min(many, len(waiting)))
        connection.execute(update(s).where(s.c.address.in_(gone)).values(status="unsubscribed"))
    return set(gone)


def full_log(kind: str, times: int, letters: int = 600) -> Outcome:
    """No room for the log and the state (the paces): every letter goes out all the same."""
    if os.geteuid() != 0:
        return True, f"{NOT_RUN}needs root, for a small tmpfs"
    faults = []
    for _ in range(times):
        with small_disk(1) as disk, house(kind, letters) as home:
            state = disk / "state"
            state.mkdir()
            home.configure(home.sink(), CONNECTIONS, state=state)
            home.queue()
            home.said = disk / "sender.log"
            home.said.touch()
            (disk / "filler").write_bytes(b"x" * shutil.disk_usage(disk).free)
            if shutil.disk_usage(disk).free:
                faults.append("the disk was not full")
            counts = home.finish(120)
            if counts != {"sent": letters}:
                faults.append(f"{dict(counts)}")
            faults += verdict(home, 0)
    said = f"{times} x {letters} letters, no second copy"
    return not faults, "; ".join([said, *faults[:3]])


def soak(kind: str, times: int) -> Outcome:
    """`times` thousand small letters from one worker: memory and descriptors stay flat."""
    letters = times * 1000
    faults = []
    with house(kind, letters) as home:
        home.configure(home.sink(), CONNECTIONS)
        home.queue()
        began = time.monotonic()
        worker = home.sender()
        seen: list[tuple[int, int]] = []
        taken = 0
        while taken < letters and time.monotonic() < began + 3600:
            time.sleep(2)
            taken = home.taken()
            if taken:
                seen.append((_rss_kb(worker.pid), _files(worker.pid)))
        took = time.monotonic() - began
        counts = home.wait_for(lambda c: c["sent"] == letters, 30)
        worker.terminate()
        worker.wait(60)
        if counts["sent"] != letters:
            faults.append(f"{dict(counts)}")
        faults += verdict(home, 0)
    # Medians: caches fill at the beginning, and at the end of the run all is let go at once.
    quarter = max(1, len(seen) // 4)
    early, late = seen[quarter : 2 * quarter] or seen, seen[-quarter:]
    before, most = (statistics.median(kb for kb, _ in some) / 1024 for some in (early, late))
    files_before, files = (statistics.median(n for _, n in some) for some in (early, late))
    if most > MOST_MB or most > before * 1.05 or files > files_before + 1:
        faults.append(f"grows: {before:.1f} to {most:.1f} MB, {files_before} to {files} files")
    said = (
        f"{letters} letters in {took:.0f} s, {before:.1f} MB in the second quarter and {most:.1f} "
        f"in the last, {files:.0f} open files"
    )
    return not faults, "; ".join([said, *faults[:3]])


def _files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _rss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
