"""`HttpFeedReader`: all feeds at once, each within its limits, the whole within a budget."""

from __future__ import annotations

import asyncio
import queue
import random
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

import httpx

from digest.domain.story import Source
from digest.ingest.faults import FeedError
from digest.ingest.fetch import Fetcher, Lanes, shown
from digest.ingest.guard import Guard, Resolver, networks
from digest.ingest.parsers import Parsers
from digest.ingest.schedule import failed, succeeded, unanswered
from digest.ports import Clock, FeedResult, FeedState
from digest.settings import FeedSettings

Wanted = Sequence[tuple[Source, FeedState]]
_Out = queue.SimpleQueue[FeedResult | BaseException | None]


@dataclass(frozen=True, slots=True)
class _Means:
    """What outlives a round."""

    settings: FeedSettings
    clock: Clock
    rng: random.Random
    guard: Guard
    lanes: Lanes
    ssl_context: ssl.SSLContext


class HttpFeedReader:
    """The port `FeedReader` over HTTP.

    `clock` tells how long a round has taken: states are dated `now` and what has passed since.
    `rng` spreads the waits after failures. `resolve` and `ssl_context` stand in for the system's
    name resolution and trusted certificates.
    """

    def __init__(
        self,
        settings: FeedSettings,
        clock: Clock,
        rng: random.Random | None = None,
        *,
        resolve: Resolver | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._means = _Means(
            settings,
            clock,
            rng or random.Random(),  # noqa: S311 - it spreads waits, it keeps no secret
            Guard(networks(settings.allow_private), resolve),
            Lanes(settings.host_interval_s),
            ssl_context or httpx.create_ssl_context(),
        )

    def read(self, wanted: Wanted, now: datetime, budget_s: float) -> Iterator[FeedResult]:
        """Fetch all at once and yield each result as it comes.

        At the end of `budget_s` (seconds) what has not answered is a result with a fault that
        does not count as a failure. Whoever stops listening early ends the round.
        """
        if not wanted:
            return
        if budget_s <= 0:
            yield from (_too_late(state, now, budget_s) for _, state in wanted)
            return
        out: _Out = queue.SimpleQueue()
        this_round = _Round(self._means, wanted, now, budget_s, out)
        thread = threading.Thread(target=this_round.run, name="digest-feeds", daemon=True)
        thread.start()
        try:
            while (item := out.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            this_round.stop()
            thread.join()


class _Round:
    """One call of `read`: an event loop in a thread, results into a queue, None at the end."""

    def __init__(
        self, means: _Means, wanted: Wanted, now: datetime, budget_s: float, out: _Out
    ) -> None:
        self._means = means
        self._wanted = wanted
        self._now = now
        self._budget_s = budget_s
        self._out = out
        self._began = means.clock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._main: asyncio.Task[None] | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """The thread's whole life."""
        try:
            asyncio.run(self._all())
        except asyncio.CancelledError:
            pass
        except BaseException as err:  # noqa: BLE001 - the caller's thread must hear of it
            self._out.put(err)
        finally:
            self._out.put(None)

    def stop(self) -> None:
        """From another thread: give up what is under way."""
        self._stopped.set()
        loop, main = self._loop, self._main
        if loop is not None and main is not None:
            try:
                loop.call_soon_threadsafe(main.cancel)
            except RuntimeError:
                return  # it has ended by itself

    async def _all(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        if self._stopped.is_set():
            return
        means = self._means
        deadline = self._loop.time() + self._budget_s
        async with (
            Fetcher(
                means.settings, means.guard, means.lanes, means.clock, means.ssl_context
            ) as fetcher,
            Parsers(means.settings.max_bytes) as parsers,
        ):
            tasks = {
                asyncio.create_task(self._one(source, state, fetcher, parsers)): state
                for source, state in self._wanted
            }
            try:
                await asyncio.wait(tasks, timeout=max(deadline - self._loop.time(), 0))
                for task, state in tasks.items():
                    if not task.done():
                        self._out.put(_too_late(state, self._at(), self._budget_s))
                        task.cancel()
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled() and (err := task.exception()) is not None:
                raise err

    async def _one(
        self, source: Source, state: FeedState, fetcher: Fetcher, parsers: Parsers
    ) -> None:
        means = self._means
        url = state.url or source.url
        try:
            answer = await fetcher.get(url, state.etag, state.last_modified)
            if answer.status == HTTPStatus.NOT_MODIFIED:
                after = succeeded(state, self._at(), answer.headers, answer.moved_to, None)
                self._out.put(FeedResult(after, not_modified=True))
                return
            content_type = answer.headers.get("Content-Type", "")
            parsed = await parsers.parse(answer.body, source, answer.url, content_type, self._now)
        except FeedError as err:
            park_after = means.settings.park_after_failures
            after = failed(state, self._at(), err, park_after, means.rng)
            self._out.put(FeedResult(after, fault=f"{source.id}: {err.message} ({shown(url)})"))
        else:
            after = succeeded(state, self._at(), answer.headers, answer.moved_to, parsed)
            self._out.put(FeedResult(after, parsed.entries))

    def _at(self) -> datetime:
        return self._now + (self._means.clock() - self._began)


def _too_late(state: FeedState, at: datetime, budget_s: float) -> FeedResult:
    message = f"no answer within the {budget_s:g} s given to all feeds"
    return FeedResult(unanswered(state, at, message), fault=message)
