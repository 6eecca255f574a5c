"""How the site holds under load: `python bench/web.py [SECONDS] [RATE] [--beside-send]`.

Asks for the archive page RATE (200) times a second for SECONDS (60), over 20 kept connections, and
prints the latency and the server's memory. Requests are due at fixed moments and a late answer
delays none of them (an open loop), so that waiting counts. The archive has 365 editions; the asker
shares the machine with the server. With --beside-send a real send from the same database goes on
meanwhile, `digest send` to Debian's smtp-sink (package postfix), signed, pictures inside; how many
letters it got rid of in that time is printed too.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from digest.domain.edition import EditionStatus
from digest.mail.dkim import new_key, write_key
from digest.settings import Settings
from digest.wiring import Wiring, utc_now

EDITIONS, CONNECTIONS = 365, 20
PATH = "/editions/"


def furnish(folder: Path, environ: dict[str, str], readers: int) -> None:
    """A database with a year of editions (one is built, the others are its copies), and readers."""
    run = [sys.executable, "-m", "digest"]
    today = utc_now().date()
    subprocess.run(
        [*run, "edition", "build", "--publish", "--date", str(today)],
        cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    wiring = Wiring(
        Settings.model_validate({"database": {"url": f"sqlite:///{folder}/var/digest.db"}})
    )
    with wiring.store() as store:
        first = store.editions.get(today)
        if first is None:
            raise SystemExit("no edition was built")
        blocks = store.editions.blocks(today)
        for back in range(1, EDITIONS):
            day = today - timedelta(days=back)
            copy = replace(
                first, date=day, number=back + 1, status=EditionStatus.DRAFT, published_at=None
            )
            store.editions.save(copy, blocks)
            store.editions.publish(day, datetime.now(UTC))
    if not readers:
        return
    rows = "".join(f"reader{n}@example.org,{utc_now().hour}\n" for n in range(readers))
    (folder / "readers.csv").write_text("address,hour\n" + rows)
    subprocess.run(
        [*run, "subscribers", "import", "readers.csv"],
        cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


@contextmanager
def serving(folder: Path, environ: dict[str, str], port: int) -> Iterator[int]:
    """The site as a process; yields its number."""
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "-q", "serve", "web", "--port", str(port)],
        cwd=folder, env=environ, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


async def load(port: int, rate: float, seconds: float, pid: int) -> tuple[list[float], list[int]]:
    """Latencies in seconds, and the server's memory in KB, once a second."""
    due: asyncio.Queue[float | None] = asyncio.Queue()
    took: list[float] = []
    memory: list[int] = []
    request = (f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n").encode()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (at := await due.get()) is not None:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(head.decode("latin1"))
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length")
            )
            await reader.readexactly(length)
            took.append(time.perf_counter() - at)
        writer.close()

    workers = [asyncio.create_task(one()) for _ in range(CONNECTIONS)]
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        at = began + number / rate
        if (wait := at - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        due.put_nowait(at)
        if number % int(rate) == 0:
            memory.append(resident_kb(pid))
    for _ in workers:
        due.put_nowait(None)
    await asyncio.gather(*workers)
    memory.append(resident_kb(pid))
    return took, memory


def resident_kb(pid: int) -> int:
    """Resident memory of a process (proc(5), VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


@contextmanager
def sending(folder: Path, environ: dict[str, str], port: int) -> Iterator[None]:
    """`digest send` to smtp-sink, as fast as it goes, until the end of the measurement."""
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    sink = subprocess.Popen(
        ["smtp-sink", *user, f"127.0.0.1:{port}", "1000"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    sender = subprocess.Popen(
        [sys.executable, "-m", "digest", "-q", "send"],
        cwd=folder, env=environ, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
        if sender.poll() is not None:
            raise SystemExit("the send was over before the measurement: nothing went on beside it")
    finally:
        sender.terminate()
        sender.wait(60)
        sink.terminate()
        sink.wait(30)


def sent(folder: Path) -> int:
    """Letters that the server took."""
    with sqlite3.connect(folder / "var" / "digest.db") as database:
        (count,) = database.execute(
            "SELECT COUNT(*) FROM deliveries WHERE status = 'sent'"
        ).fetchone()
    return int(count)


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--beside-send"]
    seconds = float(words[0]) if words else 60
    rate = float(words[1]) if len(words) > 1 else 200
    beside = "--beside-send" in sys.argv
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {k: v for k, v in os.environ.items() if not k.startswith("DIGEST_")}
        environ["DIGEST_FEEDS__DRY_RUN_BUDGET_S"] = "0"
        port, mail = free_port(), free_port()
        if beside:
            environ |= relay(folder, mail)
        # More than any machine sends in that time.
        furnish(folder, environ, int(2000 * seconds) if beside else 0)
        with serving(folder, environ, port) as pid:
            asyncio.run(load(port, 20, 2, pid))  # the page is rendered
            if beside:
                with sending(folder, environ, mail):
                    took, memory = asyncio.run(load(port, rate, seconds, pid))
                    busy = os.getloadavg()[0]
                print(f"{sent(folder)} letters went out meanwhile")
            else:
                took, memory = asyncio.run(load(port, rate, seconds, pid))
                busy = os.getloadavg()[0]
    took.sort()
    print(f"{len(took)} requests of {PATH}, {rate:g} a second, load average {busy:.1f}")
    for share in (0.5, 0.9, 0.99, 1.0):
        at = took[min(len(took) - 1, int(share * len(took)))]
        print(f"  p{share * 100:g}: {at * 1000:8.2f} ms")
    first, middle, last = (memory[i] / 1024 for i in (0, len(memory) // 2, -1))
    print(f"  memory: {first:.0f} MB, {middle:.0f} MB halfway, {last:.0f} MB")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def relay(folder: Path, port: int) -> dict[str, str]:
    """The settings of a real send, with a key to sign with."""
    key = folder / "var" / "dkim" / "r1.pem"
    key.parent.mkdir(parents=True)
    write_key(new_key("rsa"), key)
    return {
        "DIGEST_SECRET_KEY": "0" * 64,
        "DIGEST_MAIL__FROM_ADDRESS": "letters@example.org",
        "DIGEST_SITE__POSTAL_ADDRESS": "1 Road, Town",
        "DIGEST_DKIM__SELECTOR": "r1",
        "DIGEST_PREFLIGHT__CHECKS": "letter",
        "DIGEST_SMTP__HOST": "127.0.0.1",
        "DIGEST_SMTP__PORT": str(port),
        "DIGEST_SMTP__HELO_NAME": "bench.example.org",
    }


if __name__ == "__main__":
    main()
