"""Whether it lives (/livez), whether it is ready (/readyz), and in numbers (/metrics).

/metrics speaks Prometheus's text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats)
and is there for the networks of web.metrics_from only; for all others there is no such page.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from digest import __version__
from digest.domain.delivery import DeliveryStatus
from digest.errors import DigestError
from digest.ports import FeedState
from digest.web.exposition import family, head, sample, sending
from digest.web.site import Site
from digest.web.tally import BUCKETS

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_NEVER: Final = {"cache-control": "no-store"}
KEPT_S: Final = 15
"""How long what was counted in the database may be told again, seconds."""
_FAILING: Final = 3
"""Faults in a row from which a feed counts as failing: one is a matter of luck."""


class Health:
    """The routes for those who watch."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._counting = threading.Lock()
        self._counted: tuple[datetime, str] | None = None
        self._networks = [ipaddress.ip_network(name) for name in site.settings.web.metrics_from]

    def routes(self) -> list[BaseRoute]:
        """See the module."""
        return [
            Route("/livez", self.alive),
            Route("/readyz", self.ready),
            Route("/metrics", self.metrics),
        ]

    async def alive(self, _request: Request) -> Response:
        """The process answers; nothing else is asked, so that a dead database restarts nobody."""
        return PlainTextResponse("alive\n", headers=_NEVER)

    def ready(self, _request: Request) -> Response:
        """Whether pages can be shown and letters go out: a line for each thing looked at."""
        lines, well = self._look()
        return PlainTextResponse("\n".join(lines) + "\n", 200 if well else 503, _NEVER)

    def _look(self) -> tuple[list[str], bool]:
        site = self._site
        try:
            site.store.reports.check()
            last = site.store.reports.last_published()
        except DigestError as error:
            # The message names the place without its password; who asks here may be anybody.
            kind = type(error).__name__.removesuffix("Error").lower()
            words = {"migration": "its schema is not this program's: run digest migrate"}
            return [f"database: {words.get(kind, 'cannot be used')}"], False
        lines = ["database: answers", "migrations: up to date"]
        if last is None:
            return [*lines, "edition: none was published yet"], True
        age = site.now() - last[1]
        hours = int(age / timedelta(hours=1))
        most = site.settings.web.stale_after_h
        if most and age > timedelta(hours=most):
            fault = (
                f"edition: {last[0]} is the last, published {hours} hours ago; more than {most} "
                "hours (web.stale_after_h): does the scheduler run?"
            )
            return [*lines, fault], False
        return [*lines, f"edition: {last[0]}, published {hours} hours ago"], True

    # --- numbers --------------------------------------------------------------------------------

    def metrics(self, request: Request) -> Response:
        """All numbers; 404 for whoever is not of web.metrics_from."""
        if not self._may_read(request):
            raise HTTPException(404)
        try:
            text = self._kept() + "".join(self._requests())
        except DigestError as error:
            return PlainTextResponse(f"{error.message}\n", 503, _NEVER)
        return Response(text, headers={**_NEVER, "content-type": METRICS_TYPE})

    def _may_read(self, request: Request) -> bool:
        try:
            asker = ipaddress.ip_address(request.client.host if request.client else "")
        except ValueError:
            return False
        return any(asker in network for network in self._networks)

    def _kept(self) -> str:
        """What the database tells. Counting a million rows for each who asks would be dear."""
        most = timedelta(seconds=min(KEPT_S, self._site.settings.web.page_cache_s))
        with self._counting:
            now = self._site.now()
            if self._counted is None or not now - self._counted[0] < most:
                self._counted = now, "".join(self._families())
            return self._counted[1]

    def _families(self) -> Iterable[str]:
        store, now = self._site.store, self._site.now()
        yield family(
            "digest_info", "gauge", "1, with the version.", [({"version": __version__}, 1)]
        )
        yield family(
            "digest_subscribers",
            "gauge",
            "Subscribers by status.",
            [({"status": str(s)}, n) for s, n in store.subscribers.counts().items()],
        )
        last = store.reports.last_published()
        if last is not None:
            on, at = last
            yield family(
                "digest_last_edition_timestamp_seconds",
                "gauge",
                "When the newest edition was published, seconds since 1970.",
                [({}, at.timestamp())],
            )
            yield family(
                "digest_last_edition_age_seconds",
                "gauge",
                "Seconds since the newest edition was published.",
                [({}, (now - at).total_seconds())],
            )
            counts = store.deliveries.counts(on)
            yield family(
                "digest_deliveries",
                "gauge",
                "Deliveries of the newest edition by state.",
                [({"state": str(s)}, counts.get(s, 0)) for s in DeliveryStatus],
            )
        feeds = Counter(_state(feed) for feed in store.entries.states().values())
        yield family(
            "digest_feeds",
            "gauge",
            f"Feeds by state; failing is {_FAILING} faults in a row, parked is given up.",
            [({"state": s}, feeds[s]) for s in ("ok", "faulty", "failing", "parked")],
        )
        yield from sending(store, now, last and last[0])

    def _requests(self) -> Iterable[str]:
        tally = self._site.tally
        yield family(
            "digest_web_requests_total",
            "counter",
            "Requests answered by this process.",
            [
                ({"part": part, "method": method, "status": str(status)}, number)
                for (part, method, status), number in sorted(tally.requests.items())
            ],
        )
        samples: list[tuple[str, Mapping[str, str], float]] = []
        for part, counts in sorted(tally.buckets.items()):
            so_far = 0
            for bound, count in zip((*map(str, BUCKETS), "+Inf"), counts, strict=True):
                so_far += count
                samples.append(("_bucket", {"part": part, "le": bound}, so_far))
            samples.append(("_sum", {"part": part}, tally.seconds[part]))
            samples.append(("_count", {"part": part}, so_far))
        name = "digest_web_request_seconds"
        yield head(name, "histogram", "How long requests took, seconds.") + "".join(
            sample(name + ending, labels, value) for ending, labels, value in samples
        )


def _state(feed: FeedState) -> str:
    if feed.parked:
        return "parked"
    if feed.failures >= _FAILING:
        return "failing"
    return "faulty" if feed.failures else "ok"
