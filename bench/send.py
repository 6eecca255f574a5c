"""Sending, end to end, against the wire's own speed: `python bench/send.py [--help]`.

Starts Debian's smtp-sink (package postfix), makes an edition and N subscribers, and lets the
program do all it does for a letter: claim, compose, sign, send, record. In the same run, in turn:
smtp-source with a fixed body of the same size, and the peers that are installed (smtplib,
aiosmtplib, nodemailer), which build a message per reader and sign nothing.

    --letter real|small    five figures inside (about 250 KB), or pictures linked (about 50 KB)
    --database sqlite|postgres
    --key rsa|ed25519|none
    --delay-ms 20          every reply comes so much later, by a proxy beside this file
    --workers 2            so many processes share the rows (Postgres)
    --pace 2000            so many letters a second are allowed, to all processes together
    --memory               one run of ours alone: its memory and open files after a tenth, a half
                           and all of it

Prints medians over --runs: letters a second, CPU of the sender in ms per letter (user and system),
its peak resident memory, the ratio to smtp-source in this run, and how many times as fast as each
the program is. Only ratios within one run count on a machine that others use. Peers are found
through PYTHONPATH and NODE_PATH, so that they can be installed into a folder of their own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
sys.path.insert(0, str(ROOT))

from digest.domain.delivery import Delivery, Unsent  # noqa: E402
from digest.domain.subscriber import Preferences, Status, Subscriber  # noqa: E402
from digest.ports import Store  # noqa: E402
from digest.settings import Settings  # noqa: E402
from digest.wiring import Wiring  # noqa: E402

ON = date(2026, 3, 14)
NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Result:
    name: str
    per_second: float
    cpu_ms: float
    rss_mb: float


# --- what is measured against ------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(*words: str, port: int) -> Iterator[None]:
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield
        finally:
            process.terminate()


@contextmanager
def sink(delay_ms: float) -> Iterator[int]:
    """A port that takes mail and throws it away."""
    port = free_port()
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    with ExitStack() as stack:
        stack.enter_context(running("smtp-sink", *user, f"127.0.0.1:{port}", "1000", port=port))
        if delay_ms:
            inner, port = port, free_port()
            words = (sys.executable, str(PEERS / "delay.py"), str(port), str(inner), str(delay_ms))
            stack.enter_context(running(*words, port=port))
        yield port


def timed(name: str, letters: int, words: Sequence[str]) -> Result:
    """A program that sends and leaves: by wall clock and what the kernel counted for it."""
    began = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"{name} failed (exit code {process.returncode})")
    # The kernel's peak counts what this process had when it split off, so theirs is not known.
    cpu, rss = usage.ru_utime + usage.ru_stime, math.nan
    if said.strip():  # it has counted for itself, without its start
        own = json.loads(said.strip().splitlines()[-1])
        took, cpu, rss = own["seconds"], own["cpu"], own.get("rss", math.nan)
        assert own["sent"] == letters, f"{name} sent {own['sent']} of {letters}"
    return Result(name, letters / took, cpu / letters * 1000, rss)


def smtp_source(port: int, size: int, letters: int, connections: int) -> Result:
    words = ["smtp-source", "-d", "-s", str(connections), "-m", str(letters), "-l", str(size)]
    words += ["-f", "bounce@example.org", "-t", "reader@example.org", f"127.0.0.1:{port}"]
    return timed("smtp-source, fixed body", letters, words)


# --- the program -------------------------------------------------------------------------------


def settings_of(folder: Path, url: str, port: int, options: argparse.Namespace) -> Settings:
    selectors = {"rsa": {"selector": "r1"}, "ed25519": {"ed25519_selector": "e1"}, "none": {}}
    return Settings.model_validate(
        {
            "secret_key": "0" * 64,
            "database": {"url": url},
            "paths": {"state": folder, "cache": options.cache, "out": folder / "out"},
            "site": {"base_url": "https://digest.example.org", "postal_address": "1 Road, Town"},
            "mail": {"from_address": "letters@example.org", "bounce_address": "b@example.org"},
            "dkim": selectors[options.key],
            "preflight": {"checks": "letter"},
            "smtp": {
                "host": "127.0.0.1",
                "port": port,
                "connections": options.connections,
                "letters_per_connection": options.per_connection,
                "letters_per_second": options.pace,
                "helo_name": "bench.example.org",
            },
        }
    )


def prepare(folder: Path, url: str, options: argparse.Namespace) -> int:
    """Keys, an edition, subscribers and their rows; returns the bytes of a letter."""
    from digest.mail.dkim import new_key, write_key

    for name, algorithm in (("r1", "rsa"), ("e1", "ed25519")):
        path = folder / "dkim" / f"{name}.pem"
        if not path.exists():
            write_key(new_key(algorithm), path)
    wiring = Wiring(settings_of(folder, url, 1, options), lambda: NOW)
    wants = Preferences(images="" if options.letter == "real" else "hosted")
    with wiring.store() as store:
        edition = wiring.publisher(store).publish(ON, NOW)
        for start in range(0, options.letters, 10_000):
            store.subscribers.add_all([
                Subscriber(0, address, address, Status.ACTIVE, NOW, wants)
                for number in range(start, min(start + 10_000, options.letters))
                for address in [f"reader{number}@inbox{number % 50}.example"]
            ])  # fmt: skip
        store.deliveries.enqueue(ON, NOW, 12, None)
        blocks = store.editions.blocks(ON)
        (delivery,) = store.deliveries.claim(ON, "look", NOW, 1)
        envelope = wiring.seal(wiring.printer.letter(edition, blocks, delivery), delivery)
        (folder / "letter.eml").write_bytes(envelope.data)
        store.deliveries.exchange("look", NOW, [(delivery, Unsent("only looked at"))], [])
        return len(envelope.data)


def work(folder: Path, url: str, port: int, options: argparse.Namespace) -> None:
    """The worker process: sends all that is due, prints what it took."""
    ticking = NOW.timestamp() - time.monotonic()

    def clock() -> datetime:
        return datetime.fromtimestamp(ticking + time.monotonic(), UTC)

    ended, memory, files = 0, {}, {}
    marks = {math.ceil(options.letters * part / 100): part for part in (10, 50, 100)}

    def progress(_outcome: str) -> None:
        nonlocal ended
        ended += 1
        if ended in marks:
            memory[marks[ended]] = memory_mb("VmRSS")
            files[marks[ended]] = sum(1 for _ in Path("/proc/self/fd").iterdir())

    wiring = Wiring(settings_of(folder, url, port, options), clock)
    with wiring.store() as store:
        courier = wiring.courier(store, wiring.transport(store))
        warm(wiring, store)
        print("ready", flush=True)
        sys.stdin.readline()
        began, cpu = time.perf_counter(), time.process_time()
        run = courier.deliver(ON, progress=progress)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    heavy = [name for name in ("numpy", "matplotlib") if name in sys.modules]
    assert not heavy, f"the sending process imported {heavy}"
    assert run.whole, (run.stopped, run.troubles[:3])
    counted = {"sent": run.sent, "seconds": took, "cpu": cpu, "rss": memory_mb("VmHWM")}
    print(json.dumps(counted | {"memory": memory, "files": files}))


def warm(wiring: Wiring, store: Store) -> None:
    """Render and encode the form once, as a worker does for its first letter of a day."""
    edition = store.editions.get(ON)
    assert edition is not None
    wants = Preferences(images="" if "real" in sys.argv else "hosted")
    made = Delivery(0, ON, 0, "warm@example.org", wants, "warm@example.org", NOW, 1)
    wiring.seal(wiring.printer.letter(edition, store.editions.blocks(ON), made), made)


def memory_mb(name: str) -> float:
    """Resident memory of this process: now (VmRSS), or at most (VmHWM), of this program only."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


def ours(folder: Path, url: str, port: int, options: argparse.Namespace) -> Result:
    """The program, in as many processes as asked for; all begin at the same moment."""
    words = [sys.executable, __file__, "--worker", str(folder), url, str(port)]
    words += ["--letters", str(options.letters), "--key", options.key]
    words += ["--letter", options.letter, "--connections", str(options.connections)]
    words += ["--per-connection", str(options.per_connection), "--pace", str(options.pace)]
    running = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(options.workers)
    ]
    for process in running:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            sys.exit("a worker did not start")
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    counted = [json.loads(process.communicate()[0]) for process in running]
    sent = sum(one["sent"] for one in counted)
    assert sent == options.letters, f"{sent} of {options.letters} were sent"
    if options.memory:
        one = counted[0]
        after = [f"{part} %: {one['memory'][part]:.1f} MB, {one['files'][part]} open files"
                 for part in one["memory"]]  # fmt: skip
        print(f"resident memory after {'; '.join(after)}")
    how = f", {options.workers} processes" if options.workers > 1 else ""
    return Result(
        f"digest, {options.database}, {options.key}{how}",
        sent / max(one["seconds"] for one in counted),
        sum(one["cpu"] for one in counted) / sent * 1000,
        max(one["rss"] for one in counted),
    )


@contextmanager
def database(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """A database with its tables, anew each time; Postgres does not wait for the disk."""
    if options.database == "sqlite":
        yield f"sqlite:///{folder}/bench.db"
        return
    from tests.databases import Postgres

    with Postgres() as server:
        yield server.url(server.database("made"))


# --- peers -------------------------------------------------------------------------------------


def peers(port: int, folder: Path, options: argparse.Namespace) -> Iterator[Result]:
    count = max(200, options.letters // 8)
    shared = [str(port), str(folder / "letter.eml"), str(count), str(options.connections)]
    yield timed("smtplib, built per reader", count, [
        sys.executable, str(PEERS / "smtplib_threads.py"), *shared])  # fmt: skip
    if importlib.util.find_spec("aiosmtplib"):
        yield timed("aiosmtplib, built per reader", count, [
            sys.executable, str(PEERS / "aiosmtplib_pool.py"), *shared])  # fmt: skip
    else:
        print("aiosmtplib is not installed: left out (pip install aiosmtplib)", file=sys.stderr)
    if shutil.which("node") and has_nodemailer():
        yield timed("nodemailer pool, built per reader", count, [
            "node", str(PEERS / "nodemailer_pool.cjs"), *shared])  # fmt: skip
    else:
        print("nodemailer is not installed: left out (npm install nodemailer)", file=sys.stderr)


def has_nodemailer() -> bool:
    asked = subprocess.run(
        ["node", "-e", "require('nodemailer')"], check=False, capture_output=True, cwd=PEERS
    )
    return asked.returncode == 0


# --- the whole ---------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--letter", choices=["real", "small"], default="real")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--key", choices=["rsa", "ed25519", "none"], default="rsa")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--per-connection", type=int, default=100_000)
    parser.add_argument("--pace", type=float, default=0.0)
    parser.add_argument("--delay-ms", type=float, default=0.0)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--memory", action="store_true", help="one run of ours, for its memory")
    parser.add_argument("--cache", type=Path, default=ROOT / "var" / "cache")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        folder, url, port = options.worker
        work(Path(folder), url, int(port), options)
        return
    missing = [name for name in ("smtp-sink", "smtp-source") if not shutil.which(name)]
    if missing:
        sys.exit(f"{' and '.join(missing)} missing: install Debian's package postfix")
    with tempfile.TemporaryDirectory(prefix="digest-bench-") as name:
        measure(Path(name), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    results: dict[str, list[Result]] = {}
    size = 0
    for number in range(1 if options.memory else options.runs):
        place = folder / str(number)
        place.mkdir()
        with database(options, place) as url, sink(options.delay_ms) as port:
            began = time.perf_counter()
            size = prepare(place, url, options)
            if options.memory:
                print(f"made ready in {time.perf_counter() - began:.0f} s", flush=True)
            found = [ours(place, url, port, options)]
            if not options.memory:
                found.append(smtp_source(port, size, options.letters, options.connections))
                found += [] if options.no_peers else peers(port, place, options)
        for one in found:
            results.setdefault(one.name, []).append(one)
        shutil.rmtree(place)
    base = statistics.median(
        [one.per_second for one in results.get("smtp-source, fixed body", [])] or [math.nan]
    )
    how = f", replies {options.delay_ms:g} ms later" if options.delay_ms else ""
    print(
        f"{options.letters} letters of {size / 1000:.0f} KB, {options.connections} connections"
        f"{how}; medians of {options.runs}; {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, "
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(f"{'sender':36} {'letters/s':>10} {'ratio':>7} {'CPU ms':>8} {'RSS MB':>7} {'digest':>8}")
    own = statistics.median(one.per_second for one in next(iter(results.values())))
    for name, found in results.items():
        speed = statistics.median(one.per_second for one in found)
        cpu = statistics.median(one.cpu_ms for one in found)
        print(
            f"{name:36} {speed:10.0f} {speed / base:7.2f} {cpu:8.3f} "
            f"{max(one.rss_mb for one in found):7.0f} {own / speed:6.2f} x"
        )


if __name__ == "__main__":
    main()
