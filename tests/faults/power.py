"""The power goes while letters go out: a real file system forgets what it had not written.

ext4's own shutdown (EXT4_IOC_SHUTDOWN, as xfstests uses it) ends a file system without writing its
journal: mounted again, it has what a disk would have after a power cut.
"""

from __future__ import annotations

import fcntl
import os
import random
import signal
import sqlite3
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.faults.found import Found, NotTried
from tests.faults.house import CONNECTIONS, at_work, house, verdict

MEGABYTES: Final = 300
LASTING_S: Final = {"sqlite": 1.5, "postgres": 0.5}
"""How old a reply may be that is forgotten: SQLite waits for the disk once a second, Postgres at
each commit. The rest is for a busy machine."""

_SHUTDOWN: Final = 0x8004587D
_WITHOUT_JOURNAL: Final = 2


def cuts(kind: str, number: int, letters: int) -> Found:
    """The database's disk loses its power at a random moment, and comes back."""
    chance = random.Random(number)  # noqa: S311 - not for secrets
    found = Found()
    with tempfile.TemporaryDirectory(prefix="digest-power-") as name:
        image, disk = Path(name, "image"), Path(name, "disk")
        disk.mkdir()
        Path(name).chmod(0o711)  # Postgres is not run by root
        _make(image)
        with _mounted(image, disk), house(kind, letters, disk) as home:
            home.as_installed()
            os.sync()
            home.configure(home.sink(), CONNECTIONS)
            home.queue()
            worker = home.sender()
            at_work(home)
            time.sleep(chance.uniform(2.5, 5))
            forgotten = time.time() - LASTING_S[kind]  # noqa: TID251 - the clock of the sink
            _cut(disk)
            home.kill(worker)
            late = sum(at > forgotten for at in home.times().values())
            if home.taken() == letters:
                found.sums["times all were out before"] = 1
            if home.server is not None:
                home.server.stop(signal.SIGKILL)
            _unmount(disk)
            _mount(image, disk)
            if home.server is not None:
                home.server.serve()
            elif (said := _integrity(disk)) != "ok":
                found.faults.append(f"integrity: {said}")
            known = home.counts()["sent"]
            found.most["replies forgotten"] = found.sums["replies forgotten"] = max(
                0, home.taken() - known
            )
            home.age()
            counts = home.finish(300)
            if counts["sent"] != letters:
                found.faults.append(f"{dict(counts)}")
            found.faults += verdict(home, late + CONNECTIONS)
            found.sums["second copies"] = home.sent().second
    return found


def _make(image: Path) -> None:
    if os.geteuid() != 0:
        raise NotTried("needs root, for a file system of its own")
    with image.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)


@contextmanager
def _mounted(image: Path, disk: Path) -> Iterator[None]:
    try:
        _mount(image, disk)
    except subprocess.CalledProcessError as error:
        raise NotTried("needs a loop device, for a file system of its own") from error
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def _mount(image: Path, disk: Path) -> None:
    subprocess.run(["mount", "-o", "loop", image, disk], check=True, stderr=subprocess.DEVNULL)


def _unmount(disk: Path) -> None:
    """Unmount, once the processes that had files open are gone."""
    for _ in range(100):
        if subprocess.run(["umount", disk], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    raise RuntimeError(f"{disk} stays in use")


def _cut(disk: Path) -> None:
    folder = os.open(disk, os.O_RDONLY)
    try:
        fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _WITHOUT_JOURNAL))
    finally:
        os.close(folder)


def _integrity(disk: Path) -> str:
    with sqlite3.connect(disk / "digest.db") as database:
        (said,) = database.execute("PRAGMA integrity_check").fetchone()
    database.close()
    return str(said)
