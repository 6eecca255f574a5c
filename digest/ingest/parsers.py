"""A few child processes that parse feeds, and the patience with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import digest
from digest.domain.story import Source
from digest.ingest import child
from digest.ingest.entries import Parsed
from digest.ingest.faults import FeedError

PATIENCE_S: Final = 20.0
"""How long the parsing of one feed may take; arXiv's 2000 entries take about 2 s."""

_CHILDREN: Final = 2
_PACKAGE: Final = str(Path(digest.__file__).resolve().parent.parent)


class Parsers:
    """Parses feeds in up to two children, started when there is something to parse.

    Use as an asynchronous context manager.
    """

    def __init__(self, max_bytes: int, patience_s: float = PATIENCE_S) -> None:
        self._max_bytes = max_bytes
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(min(_CHILDREN, os.cpu_count() or 1))
        self._idle: list[asyncio.subprocess.Process] = []
        self._all: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        for process in self._all:
            await _end(process)

    async def parse(
        self, body: bytes, source: Source, url: str, content_type: str, now: datetime
    ) -> Parsed:
        """Read a feed. Raises FeedError where it is none, or too much for a child."""
        async with self._turns:
            process = self._idle.pop() if self._idle else await self._start()
            try:
                async with asyncio.timeout(self._patience_s):
                    head = child.request(source, url, content_type, now)
                    raw = await _ask(process, head, body)
            except TimeoutError as err:
                raise FeedError(
                    f"the feed ({len(body)} bytes) could not be read within {self._patience_s:g} s"
                ) from err
            except (EOFError, OSError) as err:
                raise FeedError(f"reading the feed ({len(body)} bytes) failed badly") from err
            else:
                self._idle.append(process)
                return _understood(raw)
            finally:
                if process not in self._idle:
                    await _end(process)

    async def _start(self) -> asyncio.subprocess.Process:
        secrets = ("DIGEST_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(secrets)}
        path = os.pathsep.join((_PACKAGE, *os.environ.get("PYTHONPATH", "").split(os.pathsep)))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "digest.ingest.child", str(self._max_bytes)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=kept | {"PYTHONPATH": path.rstrip(os.pathsep), "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
        )
        self._all.append(process)
        return process


async def _ask(process: asyncio.subprocess.Process, head: bytes, body: bytes) -> bytes:
    stdin, stdout = process.stdin, process.stdout
    if stdin is None or stdout is None:
        raise EOFError
    for part in (head, body):
        stdin.write(child.LENGTH.pack(len(part)) + part)
    await stdin.drain()
    length = await stdout.readexactly(child.LENGTH.size)
    return await stdout.readexactly(child.LENGTH.unpack(length)[0])


def _understood(raw: bytes) -> Parsed:
    try:
        return child.received(raw)
    except (ValueError, TypeError, KeyError) as err:
        # A child is the program as it lies on the disk now: perhaps newer than the one running.
        raise FeedError("its reader speaks otherwise: start digest anew after an upgrade") from err


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it and wait until it is gone; harmless when it is so already."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    if process.stdin is not None:
        process.stdin.close()
    await process.wait()
