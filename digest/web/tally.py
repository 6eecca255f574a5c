"""How many requests came, how they ended and how long they took: counted in the process."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets, seconds: those of Prometheus's own clients."""

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PARTS: Final = {
    "api": "api", "admin": "admin", "feeds": "feeds",
    "static": "files", "images": "files", "og": "files",
    "livez": "health", "readyz": "health", "metrics": "health",
}  # fmt: skip


class Tally:
    """Counts by part of the site, method and status: words that nobody outside can add to."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.seconds: dict[str, float] = {}
        self.buckets: dict[str, list[int]] = {}

    def add(self, part: str, method: str, status: int, seconds: float) -> None:
        """Count one request; `seconds` is how long it took until its answer was out."""
        self.requests[part, method, status] += 1
        self.seconds[part] = self.seconds.get(part, 0.0) + seconds
        counts = self.buckets.setdefault(part, [0] * (len(BUCKETS) + 1))
        counts[bisect_left(BUCKETS, seconds)] += 1


class Tallied:
    """An application whose requests are counted; on one event loop."""

    def __init__(self, app: ASGIApp, tally: Tally) -> None:
        self._app = app
        self._tally = tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and count it; one that breaks before its answer counts as 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._tally.add(part_of(scope["path"]), method, status, time.perf_counter() - began)


def part_of(path: str) -> str:
    """The part of the site that a path belongs to: api, admin, feeds, files, health or pages."""
    return _PARTS.get(path.lstrip("/").partition("/")[0], "pages")
