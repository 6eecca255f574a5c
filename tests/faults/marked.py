"""Kills at marked points: while an edition is published, and while its rows are made.

    python -m tests.faults.marked POINT COUNTED words of digest ...

runs the program in this process, with a listener on the database that ends it (kill -9) before its
statement or commit number POINT. POINT 0 ends nothing. COUNTED is a file for how many there were.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, delete, event, func, select

from digest.storage import schema
from tests.faults.content import ROOT
from tests.faults.found import Found
from tests.faults.house import CONNECTIONS, House, house

POINTS: Final = "kills at marked points"
A_TURN: Final = 16


def editions(kind: str, number: int, _letters: int) -> Found:
    """Killed while an edition is built and published, then run again: one edition, whole."""
    found = Found()
    with house(kind, 3) as home:
        home.configure(1, CONNECTIONS)
        first = home.day + timedelta(days=1)
        words = ("-q", "edition", "build", "--publish", "--date")
        points = _count(home, *words, first.isoformat())
        wanted = _parts(home, first)
        for day, point in enumerate(_some(points, number), start=1):
            on = first + timedelta(days=day)
            found.sums[POINTS] += _killed_at(home, point, *words, on.isoformat())
            again = home.digest(*words, on.isoformat())
            if again.returncode or _parts(home, on) != wanted:
                found.faults.append(f"point {point}: {again.stderr[-200:]} {_parts(home, on)}")
        with home.store() as store:
            numbers = [edition.number for edition in store.editions.listing(1000)]
        if sorted(numbers) != list(range(1, len(numbers) + 1)):
            found.faults.append(f"numbers {sorted(numbers)}")
    found.most["points there are"] = points
    return found


def rows(kind: str, number: int, readers: int) -> Found:
    """Killed while the rows are made, then run again: one row a reader, and the books say so."""
    found = Found()
    words = ("serve", "scheduler", "--once", "--queue-only")
    days = schema.ledger_days
    with house(kind, readers) as home:
        home.configure(1, CONNECTIONS)
        # The readers are nine days old: closes the books of the days before, which do not add up.
        home.digest(*words)
        _forget(home)
        points = _count(home, *words)
        for point in _some(points, number):
            _forget(home)
            found.sums[POINTS] += _killed_at(home, point, *words)
            again = home.digest(*words)
            with home.store() as store, store.read() as connection:
                queued = connection.scalar(
                    select(days.c.queued).where(days.c.edition_date == home.day)
                )
            if again.returncode or home.counts() != {"pending": readers} or queued != readers:
                found.faults.append(f"point {point}: {dict(home.counts())}, books {queued}")
    found.most["points there are"] = points
    return found


def _forget(home: House) -> None:
    """Take the rows of the day away, and their line in the books."""
    days = schema.ledger_days
    with home.store() as store, store.access.write() as connection:
        connection.execute(delete(schema.deliveries))
        connection.execute(delete(days).where(days.c.edition_date == home.day))


def _some(points: int, number: int) -> list[int]:
    """The points of a turn; the turns one after the other come to all of them, again and again."""
    return [1 + (number * A_TURN + n) % points for n in range(A_TURN)]


def _parts(home: House, on: object) -> Counter[str]:
    """What is kept of an edition: its row by status, its picks and its blocks."""
    found: Counter[str] = Counter()
    e, p, b = schema.editions, schema.edition_picks, schema.edition_blocks
    with home.store() as store, store.read() as connection:
        found.update(connection.scalars(select(e.c.status).where(e.c.date == on)))
        for name, column in (("picks", p.c.edition_date), ("blocks", b.c.edition_date)):
            # Stories come from the shelf and differ by date; how many there are does not.
            found[name] = connection.scalar(select(func.count()).where(column == on)) or 0
    return found


def _count(home: House, *words: str) -> int:
    counted = home.folder / "counted"
    _run(home, 0, counted, *words).check_returncode()
    return int(counted.read_text())


def _killed_at(home: House, point: int, *words: str) -> bool:
    return _run(home, point, home.folder / "counted", *words).returncode == -signal.SIGKILL


def _run(home: House, point: int, counted: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "tests.faults.marked", str(point), str(counted)]
    return subprocess.run(
        [*command, "--config", str(home.config), *words],
        cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip


def _main(point: int, counted: Path, words: list[str]) -> None:
    from digest.cli import main

    seen = 0

    def passed(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == point:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", passed)
    event.listen(Engine, "commit", passed)
    atexit.register(lambda: counted.write_text(str(seen)))
    sys.argv = ["digest", *words]
    main()


if __name__ == "__main__":
    _main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
