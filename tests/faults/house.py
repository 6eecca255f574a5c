"""An installation to be ill-treated: a database, a published edition, readers, a sink, senders.

Senders are the real program in processes of their own (`digest serve worker`). The database may be
SQLite or a Postgres started for it. Time is the machine's; where a lease would have to be waited
for, `age` takes its end back to now in the database, for rows whose owner is dead.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from digest.domain.edition import Block, Edition, EditionStatus, StoryPick
from digest.domain.story import Story
from digest.errors import DigestError, OutputError, StorageError
from digest.mail.dkim import Key, new_key, write_key
from digest.settings import load
from digest.storage import SqlStore, open_store, schema
from digest.wiring import Wiring
from tests.databases import Postgres, settings_for
from tests.faults.content import ROOT, content

T = schema.deliveries
CONNECTIONS = 8


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the processes have this clock, too


@cache
def _keys() -> dict[str, Key]:
    return {"r1": new_key("rsa"), "e1": new_key("ed25519")}


@dataclass
class Sent:
    """What a sink took: recipient -> SHA-256 of each copy."""

    copies: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @property
    def messages(self) -> int:
        return sum(map(len, self.copies.values()))

    @property
    def second(self) -> int:
        return self.messages - len(self.copies)

    @property
    def unlike(self) -> int:
        """Recipients whose copies differ."""
        return sum(len(set(hashes)) > 1 for hashes in self.copies.values())


class House:
    """One installation; make it with `house()`."""

    def __init__(self, folder: Path, url: str, server: Postgres | None) -> None:
        self.folder, self.url, self.server = folder, url, server
        self.settings = settings_for(url, 60)
        self.day: date = now().date()
        self._sinks: list[subprocess.Popen[str]] = []
        self._senders: list[subprocess.Popen[bytes]] = []
        self._happened = folder / "sink.faults"
        self.log = folder / "sink.log"
        self.said = folder / "sender.log"
        self.config = folder / "digest.toml"

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def furnish(self, readers: int) -> None:
        """Publish an edition of today and add readers whose hour has come."""
        hour = now().hour
        with open_store(self.settings) as store:
            story = Story("s/1", "A story", "https://s.example/1", "S", "It says.", None, None)
            pick = StoryPick(1, story, 1.0, "because")
            edition = Edition(
                self.day, 1, EditionStatus.DRAFT, now(), "Five ideas", "And more", (), (pick,)
            )
            text = "It says a thing or two about gradient descent. " * 20
            store.editions.save(edition, [Block("story", "s/1", 1, f"<p>{text}</p>", text)])
            store.editions.publish(self.day, now())
            with store.access.write() as connection:
                connection.execute(
                    insert(schema.subscribers),
                    [
                        {
                            "address": f"r{number}@list{number % 9}.example",
                            "key": f"r{number}@list{number % 9}.example",
                            "status": "active", "created_at": now() - timedelta(days=9),
                            "zone": "UTC", "hour": hour, "days": 127, "concepts": 5, "stories": 5,
                            "level": 3, "tracks": [], "text_only": False, "images": "",
                        }
                        for number in range(readers)
                    ],
                )  # fmt: skip

    def configure(
        self,
        port: int,
        connections: int = 8,
        *,
        timeout_s: float = 5.0,
        rate: float = 0.0,
        state: Path | None = None,
        **delivery: object,
    ) -> None:
        """Write digest.toml, and the keys that sign."""
        for name, key in _keys().items():
            with suppress(OutputError):  # it is there
                write_key(key, self.folder / f"{name}.pem")
        lines = [
            f'secret_key = "{"0123456789abcdef" * 4}"',
            "[site]", 'base_url = "https://digest.example.org"',
            "[mail]", 'from_address = "editor@digest.example.org"',
            "[smtp]", 'host = "127.0.0.1"', f"port = {port}", f"connections = {connections}",
            f"timeout_s = {timeout_s}", f"letters_per_second = {rate}",
            "[dkim]", 'selector = "r1"', f'key_file = "{self.folder}/r1.pem"',
            'ed25519_selector = "e1"', f'ed25519_key_file = "{self.folder}/e1.pem"',
            "[database]", f'url = "{self.url}"', "busy_timeout_s = 60.0",
            "[paths]", f'state = "{state or self.folder / "state"}"',
            f'cache = "{self.folder}/cache"', f'out = "{self.folder}/out"',
            f'content = "{content(self.folder)}"',
            "[preflight]", 'checks = "none"',  # it has tests of its own, and asks the network
            "[delivery]",
            *(f"{name} = {json.dumps(value)}" for name, value in delivery.items()),
        ]  # fmt: skip
        self.config.write_text("\n".join(lines) + "\n")

    def end_connections(self, which: str) -> None:
        """Have Postgres end connections of the senders, those of which this SQL holds."""
        assert self.server is not None
        with self.server.administrator() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "  # noqa: S608 - ours
                f"WHERE pid <> pg_backend_pid() AND datname = 't1' AND {which}"
            )

    def as_installed(self) -> None:
        """Have Postgres wait for its log and its disk, as it does where nobody says otherwise.

        For other tests it does not: where it crashes, its last commits are gone.
        """
        if self.server is None:
            return
        with self.server.administrator() as connection:
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {name} = on")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("CHECKPOINT")

    @contextmanager
    def store(self) -> Iterator[SqlStore]:
        with open_store(self.settings) as opened:
            yield opened

    def queue(self) -> int:
        """Make the rows, as the scheduler does."""
        with Wiring(load(self.config).settings).store() as store:
            return store.deliveries.enqueue(self.day, now(), 12, None)

    def kill_sink(self) -> None:
        """End the last sink like a power cut."""
        process = self._sinks.pop()
        process.kill()
        process.wait(30)

    def sink(self, **plan: Any) -> int:
        """Start a sink; returns its port."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sink", str(self.log), json.dumps(plan)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            stderr=self._happened.open("ab"),
        )  # fmt: skip
        self._sinks.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline())

    def digest(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "digest", "--config", str(self.config), *words],
            cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def sender(self, *words: str) -> subprocess.Popen[bytes]:
        """A process that sends; `digest serve worker` unless told otherwise."""
        words = words or ("serve", "worker")
        with self.said.open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "digest", "--config", str(self.config), *words],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            )  # fmt: skip
        self._senders.append(process)
        return process

    @property
    def worker(self) -> subprocess.Popen[bytes]:
        """The sender that was started last."""
        return self._senders[-1]

    @staticmethod
    def kill(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait(30)

    def counts(self) -> Counter[str]:
        with self.store() as store:
            return Counter(dict(store.deliveries.counts(self.day)))

    def age(self) -> None:
        """End the leases of dead owners, and the waits of what was put off: time passes.

        A killed sender's last statement may still run in Postgres, and be in the way.
        """
        for attempt in range(5):
            try:
                with self.store() as store, store.access.write() as connection:
                    connection.execute(
                        update(T)
                        .where(T.c.status.in_(["pending", "claimed", "on_wire", "deferred"]))
                        .values(next_at=now())
                    )
            except StorageError:
                time.sleep(0.2 * (attempt + 1))
            else:
                return
        raise RuntimeError("the leases could not be ended")

    def sent(self) -> Sent:
        found = Sent()
        if self.log.exists():
            for line in self.log.read_text().splitlines():
                message = json.loads(line)
                found.copies[message["to"]].append(message["sha256"])
        return found

    def taken(self) -> int:
        """Messages that sinks took so far."""
        return self.log.read_bytes().count(b"\n") if self.log.exists() else 0

    def happened(self, what: str) -> int:
        """How often sinks did a thing of their plans: drop, or were slow to a new connection."""
        return self._happened.read_text().split().count(what)

    def times(self) -> dict[str, float]:
        """Recipient -> when their letter was taken last."""
        if not self.log.exists():
            return {}
        lines = map(json.loads, self.log.read_text().splitlines())
        return {line["to"]: line["at"] for line in lines}

    def wait_for(self, holds: Callable[[Counter[str]], bool], limit_s: float) -> Counter[str]:
        """Wait until the counts are so, or so long at most; returns them."""
        end = time.monotonic() + limit_s
        counts: Counter[str] = Counter()
        while time.monotonic() < end:
            with suppress(DigestError):
                counts = self.counts()
                if holds(counts):
                    break
            time.sleep(0.2)
        return counts

    def finish(self, limit_s: float = 120) -> Counter[str]:
        """Let workers send all that is left, one after the other; returns the counts.

        No other sender may be alive: leases and waits are ended before each.
        """
        ended = time.monotonic() + limit_s
        while (rest := ended - time.monotonic()) > 0:
            counts = self.counts()
            if not sum(counts[s] for s in ("pending", "claimed", "on_wire", "deferred")):
                return counts
            self.age()
            worker = self.sender("serve", "worker", "--once")
            with suppress(subprocess.TimeoutExpired):
                worker.wait(rest)
            worker.terminate()
            worker.wait(60)
        return self.counts()

    def close(self) -> None:
        for process in self._senders:
            if process.poll() is None:
                process.kill()
                process.wait(30)
        for sink in self._sinks:
            assert sink.stdin is not None
            sink.stdin.close()
            sink.wait(30)
        self._sinks.clear()


_made: list[Path] = []


@contextmanager
def postgres_made() -> Iterator[None]:
    """Make a Postgres once: houses of this process and of its children begin with copies of it."""
    with Postgres() as server:
        server.stop(signal.SIGINT)
        _made.append(server.data)
        try:
            yield
        finally:
            _made.pop()


@contextmanager
def house(kind: str, readers: int, disk: Path | None = None) -> Iterator[House]:
    """An installation on sqlite or postgres with so many readers, gone at the end.

    The database lies on `disk`, where that is given.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="digest-faults-")))
        if kind == "sqlite":
            made = House(folder, f"sqlite:///{(disk or folder) / 'digest.db'}", None)
        else:
            server = stack.enter_context(Postgres(disk, like=_made[-1] if _made else None))
            made = House(folder, server.url(server.database("made")), server)
        stack.callback(made.close)
        made.furnish(readers)
        yield made


def verdict(found: House, copies_allowed: int) -> list[str]:
    """What does not hold of a day that is over: lost letters, too many or unlike copies."""
    said = []
    counts, sent = found.counts(), found.sent()
    readers = sum(counts.values())
    with found.store() as store, store.read() as connection:
        rows = connection.execute(
            T.join(schema.subscribers, schema.subscribers.c.id == T.c.subscriber_id)
            .select()
            .with_only_columns(schema.subscribers.c.address, T.c.status)
        ).all()
    lost = [address for address, status in rows if status == "sent" and address not in sent.copies]
    if lost:
        said.append(f"{len(lost)} of {readers} are called sent and were not")
    if extra := [a for a, status in rows if status == "pending" and a in sent.copies]:
        said.append(f"{len(extra)} went out and are called pending")
    if sent.second > copies_allowed:
        said.append(f"{sent.second} second copies, {copies_allowed} allowed")
    if sent.unlike:
        said.append(f"{sent.unlike} readers got copies that differ")
    audit = found.digest("audit", found.day.isoformat(), "--json")
    if audit.returncode:
        said.append(f"the audit does not add up: {audit.stdout} {audit.stderr[-300:]}")
    return said


def at_work(home: House) -> None:
    """Wait until the first letter has gone out."""
    more_than(home, 0)


def more_than(home: House, before: int) -> None:
    """Wait until more letters have gone out."""
    end = time.monotonic() + 90
    while home.taken() <= before:
        if time.monotonic() > end:
            said = home.said.read_text()[-600:]
            raise RuntimeError(f"no letter went out for 90 s, {home.counts()}: {said}")
        time.sleep(0.01)


def environment() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load {load:.1f}, Python {sys.version.split()[0]}"
