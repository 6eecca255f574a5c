"""Pages that are the same for everybody: rendered once, kept for some seconds, sent compressed.

A page that is asked for while it is rendered anew is answered with the former one, so that a slow
page is slow for one asker in `seconds`, not for all.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

MOST: Final = 512
"""Pages kept at once; the one unused for longest goes first."""
_WORTH_PACKING: Final = 600
"""Below this many bytes compression gains nothing."""


@dataclass(frozen=True, slots=True)
class Page:
    """A finished body, plain and packed, with its validator."""

    body: bytes
    packed: bytes
    etag: str
    media_type: str

    @classmethod
    def of(cls, text: str | bytes, media_type: str = "text/html; charset=utf-8") -> Page:
        """The page of a text; bytes are taken for something that does not pack (a picture)."""
        body = text.encode() if isinstance(text, str) else text
        pack = isinstance(text, str) and len(body) > _WORTH_PACKING
        return cls(
            body=body,
            packed=gzip.compress(body, 6, mtime=0) if pack else b"",
            etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
            media_type=media_type,
        )

    def response(self, request: Request, cache_control: str, status: int = 200) -> Response:
        """The answer: 304 where the asker has it, packed where they take it."""
        headers = {"etag": self.etag, "cache-control": cache_control, "vary": "Accept-Encoding"}
        if self.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = self.body
        if self.packed and "gzip" in request.headers.get("accept-encoding", ""):
            body = self.packed
            headers["content-encoding"] = "gzip"
        return Response(body, status, headers, media_type=self.media_type)


class PageCache:
    """Pages by key; for use on one event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: OrderedDict[str, tuple[float, Page]] = OrderedDict()
        self._busy: dict[str, asyncio.Lock] = {}

    async def get(self, key: str, build: Callable[[], Page]) -> Page:
        """The page of a key, built in a thread where it is missing or too old.

        What `build` raises goes through, and nothing is kept.
        """
        page = self._fresh(key)
        if page is not None:
            return page
        lock = self._busy.setdefault(key, asyncio.Lock())
        if lock.locked() and key in self._kept:
            return self._kept[key][1]
        try:
            async with lock:
                page = self._fresh(key)
                if page is None:
                    page = await run_in_threadpool(build)
                    self._kept[key] = (time.monotonic() + self._seconds, page)
                    self._kept.move_to_end(key)
                    while len(self._kept) > MOST:
                        self._kept.popitem(last=False)
                return page
        finally:
            if not lock.locked():
                self._busy.pop(key, None)

    def _fresh(self, key: str) -> Page | None:
        kept = self._kept.get(key)
        if kept is None or kept[0] <= time.monotonic():
            return None
        self._kept.move_to_end(key)
        return kept[1]
