"""The children that parse: their limits, and what is left of a feed that breaks one."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from digest.ingest import charset, child, parsers
from digest.ingest.faults import FeedError
from digest.ingest.parsers import Parsers


def test_what_goes_over_the_pipe_comes_back_the_same(
    make_source: Any, rss: Any, now: datetime
) -> None:
    parsed = child.parse(rss("Ünë", "Two"), make_source(), "https://example.org/", "", now)
    assert len(parsed.entries) == 2
    assert child.received(child.reply(parsed)) == parsed


def test_a_feed_that_takes_too_long_ends_its_child_and_not_the_next(
    make_source: Any, rss: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = b"<rss><channel>" + b"<item><title>x</title></item>" * 150_000

    async def both() -> Any:
        async with Parsers(5_000_000, patience_s=0.6) as parsers:
            await parsers.parse(rss("Warm"), make_source(), "https://example.org/", "", now)
            began = time.monotonic()
            with pytest.raises(FeedError, match=r"could not be read within 0\.6 s"):
                await parsers.parse(long, make_source(), "https://example.org/", "", now)
            assert time.monotonic() - began < 2
            parsers._patience_s = 10
            after = await parsers.parse(rss("After"), make_source(), "https://e.example/", "", now)
            return [entry.title for entry in after.entries]

    assert asyncio.run(both()) == ["After"]


def test_a_feed_that_needs_too_much_memory_is_a_fault(
    make_source: Any, rss: Any, now: datetime
) -> None:
    async def both() -> Any:
        async with Parsers(0) as parsers:
            wide = b"<rss><channel><title>" + b"x" * 60_000_000
            with pytest.raises(FeedError, match=r"more memory|failed badly"):
                await parsers.parse(wide, make_source(), "https://example.org/", "", now)
            after = await parsers.parse(rss("After"), make_source(), "https://e.example/", "", now)
            return len(after.entries)

    assert asyncio.run(both()) == 1


def test_a_child_sees_none_of_our_secrets(
    make_source: Any, rss: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIGEST_SECRET_KEY", "do-not-tell")

    async def environment() -> Any:
        async with Parsers(1_000_000) as parsers:
            await parsers.parse(rss("One"), make_source(), "https://example.org/", "", now)
            return Path(f"/proc/{parsers._all[0].pid}/environ").read_bytes()  # noqa: ASYNC240 - it is no disk

    assert b"do-not-tell" not in asyncio.run(environment())


@pytest.mark.parametrize("raw", [b"", b"nonsense", b"[]", b"{}", b'{"entries": 1}'])
def test_a_child_of_another_version_is_one_feeds_fault(raw: bytes) -> None:
    with pytest.raises(FeedError, match="start digest anew"):
        parsers._understood(raw)


def test_a_large_feed_in_an_undeclared_charset_takes_linear_time() -> None:
    body = "<rss><channel><title>é</title>ééé</channel></rss>".encode("cp1252")
    large = body.replace(b"\xe9\xe9\xe9", b"\xe9 " * 1_000_000)
    began = time.monotonic()
    assert charset.text(large, "").count("é") == 1_000_001
    assert time.monotonic() - began < 10  # by slices it takes minutes
