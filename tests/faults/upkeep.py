"""An old backup comes back; a day of many letters."""

from __future__ import annotations

import random
import shutil
import statistics
import time
from pathlib import Path

from sqlalchemy import select, update

from digest.storage import schema
from tests.faults.found import Found, NotTried
from tests.faults.house import CONNECTIONS, House, at_work, house, verdict

MOST_MB = 120
LONGEST_S = 3 * 3600


def restored(kind: str, number: int, letters: int) -> Found:
    """A backup of the middle of a day is restored: held, leavers stay gone, the rest goes on."""
    if kind == "postgres" and not shutil.which("pg_restore"):
        raise NotTried("pg_restore is not installed")
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(slow_end=0.02), CONNECTIONS)
        home.queue()
        worker = home.sender()
        at_work(home)
        worker.terminate()
        worker.wait(60)
        file = home.folder / "old.backup"
        done = home.digest("backup", str(file))
        waiting = _leave(home, number)
        home.finish(200)
        sent = home.taken()
        if done.returncode:
            found.faults.append(f"backup: {done.stderr[-200:]}")
        back = home.digest("restore", str(file))
        home.sender("serve", "worker", "--once").wait(120)
        if back.returncode or home.taken() != sent:
            found.faults.append(f"not held: {home.taken() - sent} went out: {back.stderr[-200:]}")
        home.digest("resume", "--i-am-the-only-instance")
        counts = home.finish(200)
        if counts["sent"] + counts["suppressed"] != letters:
            found.faults.append(f"{dict(counts)}")
        if again := set(home.sent().copies) & waiting:
            found.faults.append(f"{len(again)} got a letter who had left")
        # What went out after the backup is not known any more: it may go out again.
        found.faults += verdict(home, letters)
        found.sums["had left since"] = len(waiting)
        found.sums["second copies of what was sent since"] = home.sent().second
    return found


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


def soak(kind: str, _number: int, letters: int) -> Found:
    """So many small letters from one worker: memory and descriptors stay flat."""
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(), CONNECTIONS)
        home.queue()
        began = time.monotonic()
        worker = home.sender()
        seen: list[tuple[int, int]] = []
        taken = 0
        while taken < letters and time.monotonic() < began + LONGEST_S:
            time.sleep(2)
            taken = home.taken()
            if taken:
                seen.append((_rss_kb(worker.pid), _files(worker.pid)))
        took = time.monotonic() - began
        counts = home.wait_for(lambda c: c["sent"] == letters, 30)
        worker.terminate()
        worker.wait(60)
        if counts["sent"] != letters:
            found.faults.append(f"{dict(counts)}")
        found.faults += verdict(home, 0)
    # Medians: caches fill at the beginning, and at the end of the run all is let go at once.
    quarter = max(1, len(seen) // 4)
    early, late = seen[quarter : 2 * quarter] or seen, seen[-quarter:]
    before, most = (statistics.median(kb for kb, _ in some) / 1024 for some in (early, late))
    files_before, files = (statistics.median(n for _, n in some) for some in (early, late))
    if most > MOST_MB or most > before * 1.05 or files > files_before + 1:
        found.faults.append(
            f"grows: {before:.1f} to {most:.1f} MB, {files_before} to {files} files"
        )
    found.most = {
        "s": took,
        "MB in the second quarter": before,
        "MB in the last": most,
        "open files": files,
    }
    return found


def _files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _rss_kb(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
