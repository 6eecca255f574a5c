"""How fast the ledger is: `python bench/ledger.py [ROWS] [--only sqlite|postgres]`.

Queues ROWS deliveries (1 000 000) and claims CLAIMED of them (100 000), 200 at a time, on SQLite
and on a Postgres that it starts itself, which waits for its disk as one in service does. Then two
processes claim beside one another on Postgres, against one. Nothing is sent.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import insert

from digest.domain import tokens
from digest.domain.delivery import Accepted
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, open_store, schema
from tests.databases import Postgres, settings_for
from tests.storage.conftest import an_edition

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "Europe/London", "Africa/Lagos", "Asia/Kolkata")
CLAIMED = 100_000
BATCH = 200


def message_id(edition: date, reader: int) -> str:
    return tokens.message_id("0123456789abcdef" * 4, edition, reader, "digest.example.org")


def opened(settings: DatabaseSettings):  # noqa: ANN201
    hashed = partial(tokens.keyed_hash, "0123456789abcdef" * 4, "suppression")
    return open_store(settings, message_id=message_id, hashes_of=lambda key: [hashed(key)])


def fill(store: SqlStore, readers: int) -> None:
    store.editions.save(an_edition(DAY), [])
    store.editions.publish(DAY, NOW)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    for start in range(0, readers, 50_000):
        with store.access.write() as connection:
            connection.execute(
                insert(schema.subscribers),
                [
                    {
                        "address": f"reader{number}@example{number % 50}.org",
                        "key": f"reader{number}@example{number % 50}.org",
                        "status": "active", "created_at": made, "zone": ZONES[number % 5],
                        "hour": 7 if number % 5 else 8, "days": 127, "concepts": 5, "stories": 5,
                        "level": 3, "tracks": [], "text_only": False, "images": "",
                    }
                    for number in range(start, min(start + 50_000, readers))
                ],
            )  # fmt: skip


def claim(store: SqlStore, owner: str, most: int, *, mark: bool) -> int:
    """Claim `most` rows; with `mark` also put them on the wire and record them as sent."""
    done = 0
    while done < most and (rows := store.deliveries.claim(DAY, owner, NOW, BATCH)):
        done += len(rows)
        if mark:
            going = store.deliveries.exchange(owner, NOW, [], rows)
            store.deliveries.exchange(owner, NOW, [(d, Accepted("250 ok")) for d in going], [])
    return done


@contextmanager
def databases(only: str) -> Iterator[dict[str, DatabaseSettings]]:
    folder = Path(tempfile.mkdtemp(prefix="digest-bench-"))
    found = {}
    try:
        if only != "postgres":
            found["sqlite"] = settings_for(f"sqlite:///{folder / 'ledger.db'}", 60)
        if only == "sqlite":
            yield found
            return
        with Postgres() as server:
            with server.administrator() as connection:
                for name in ("fsync", "synchronous_commit", "full_page_writes"):
                    connection.execute(f"ALTER SYSTEM SET {name} = on")
                connection.execute("SELECT pg_reload_conf()")
            found["postgres"] = settings_for(server.url(server.database("made")), 60)
            yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def timed(what: str, work: Callable[[], int]) -> None:
    """Print rows a second by the clock, and by the CPU time of this process alone: on a machine
    that others keep busy the latter says what the ledger's own part is.
    """
    began, busy = time.perf_counter(), time.process_time()
    rows = work()
    took, cpu = time.perf_counter() - began, time.process_time() - busy
    print(
        f"  {what:28} {rows:9,} rows {took:7.1f} s {rows / took:9,.0f} rows/s "
        f"{rows / max(cpu, 1e-6):9,.0f} rows/CPU s",
        flush=True,
    )


def measure(name: str, settings: DatabaseSettings, rows: int) -> None:
    print(name, flush=True)
    with opened(settings) as store:
        fill(store, rows)
        timed("queued", lambda: store.deliveries.enqueue(DAY, NOW, 12, None))
        began = time.perf_counter()
        again = store.deliveries.enqueue(DAY, NOW, 12, None)
        print(f"  asked again: {again} made, {time.perf_counter() - began:.1f} s", flush=True)
        most = min(CLAIMED, rows // 4)
        timed("claimed", lambda: claim(store, "bench", most, mark=False))
        timed("claimed, marked, recorded", lambda: claim(store, "bench", most, mark=True))
    if name == "postgres":
        for workers in (1, 2):
            each = min(CLAIMED, rows // 4) // 2
            timed(f"the same, {workers} process(es)", partial(together, settings, workers, each))


def together(settings: DatabaseSettings, workers: int, each: int) -> int:
    """So many processes, each claiming, marking and recording `each` rows."""
    running = [
        subprocess.Popen(
            [sys.executable, __file__, "--worker", str(number), str(each)],
            env={**os.environ, "BENCH_URL": settings.url.get_secret_value()},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(workers)
    ]
    return sum(int(process.communicate()[0]) for process in running)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["sqlite", "postgres"], default="")
    parser.add_argument("--worker", nargs=2, metavar=("NAME", "ROWS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        with opened(settings_for(os.environ["BENCH_URL"], 60)) as store:
            print(claim(store, options.worker[0], int(options.worker[1]), mark=True))
        return
    load = os.getloadavg()[0]
    print(f"{options.rows:,} readers; {os.cpu_count()} cores, load {load:.1f}; {datetime.now(UTC)}")
    with databases(options.only) as found:
        for name, settings in found.items():
            measure(name, settings, options.rows)


if __name__ == "__main__":
    main()
