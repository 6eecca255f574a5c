"""aiosmtplib, as many clients as connections, an EmailMessage per reader; as smtplib_threads."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import aiosmtplib
from smtplib_threads import build, parts


async def main(port: int, letter: Path, count: int, connections: int) -> None:
    text, html, images = parts(letter)
    sent = 0

    async def send(number: int) -> None:
        nonlocal sent
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for reader in range(number, count, connections):
                message = build(text, html, images, reader)
                await client.send_message(
                    message, sender="b@example.org", recipients=[f"r{reader}@example.org"]
                )
                sent += 1

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(send(number) for number in range(connections)))
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"sent": sent, "seconds": took, "cpu": cpu}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
