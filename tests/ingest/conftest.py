from __future__ import annotations

import importlib.util
import random
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from digest.domain.story import Source
from digest.ingest.reader import HttpFeedReader
from digest.ports import FeedResult, FeedState
from digest.settings import FeedSettings

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


feedserver = _load(Path(__file__).parents[1] / "feedserver.py")


@pytest.fixture
def server() -> Iterator[Any]:
    with feedserver.FeedServer() as running:
        yield running


@pytest.fixture
def reply() -> Any:
    return feedserver.Reply


@pytest.fixture
def another_server() -> Iterator[Callable[..., Any]]:
    running: list[Any] = []

    def start(*args: Any, **how: Any) -> Any:
        running.append(feedserver.FeedServer(*args, **how).__enter__())
        return running[-1]

    yield start
    for each in running:
        each.close()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def make_source() -> Callable[..., Source]:
    def make(url: str = "https://example.org/feed", id: str = "example", **more: Any) -> Source:  # noqa: A002
        given = {
            "title": "Example Blog",
            "homepage": "https://example.org/",
            "owner": "Example",
            "kind": "lab",
            "tier": 1,
        }
        return Source(id=id, url=url, **(given | more))

    return make


@pytest.fixture
def settings() -> Callable[..., FeedSettings]:
    def make(**more: Any) -> FeedSettings:
        given = {"allow_private": ["127.0.0.0/8"], "host_interval_s": 0, "timeout_s": 5}
        return FeedSettings(**(given | more))

    return make


@pytest.fixture
def make_reader(settings: Any) -> Callable[..., HttpFeedReader]:
    def make(*, resolve: Any = None, ssl_context: Any = None, **more: Any) -> HttpFeedReader:
        return HttpFeedReader(
            settings(**more),
            lambda: NOW,
            random.Random(1),  # noqa: S311 - it spreads waits
            resolve=resolve,
            ssl_context=ssl_context,
        )

    return make


@pytest.fixture
def read(make_reader: Any, make_source: Any) -> Callable[..., FeedResult]:
    """Read one feed: from a fresh state, or from the one given."""

    def one(url: str, state: FeedState | None = None, *, budget_s: float = 30, **more: Any) -> Any:
        form = {name: more.pop(name) for name in ("format",) if name in more}
        source = make_source(url, **form)
        given = state or FeedState(source=source.id)
        (result,) = make_reader(**more).read([(source, given)], NOW, budget_s)
        return result

    return one


def rss(*titles: str, extra: str = "") -> bytes:
    items = "".join(
        f"<item><title>{title}</title><link>https://example.org/{at}</link><guid>g{at}</guid>"
        f"<pubDate>Tue, 10 Mar 2026 0{at}:00:00 GMT</pubDate>"
        f"<description>What {title} is about, said at some length.</description></item>"
        for at, title in enumerate(titles)
    )
    return (
        f'<rss version="2.0"><channel><title>Example Blog</title>{extra}{items}</channel></rss>'
    ).encode()


@pytest.fixture(name="rss")
def _rss() -> Callable[..., bytes]:
    return rss
