"""What one fetch means for the feed's state, and when it is to be asked again. All pure."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from digest.ingest.entries import Parsed
from digest.ingest.faults import FeedError
from digest.ports import FeedState

_FIRST_BACKOFF_S: Final = 300.0
_LONGEST_S: Final = 24 * 3600.0
_WEEK_H: Final = 7 * 24
_SHORTEST_S: Final = 60.0
_JITTER: Final = 0.2
_MOVED_FOR_GOOD: Final = 3
_MAX_AGE: Final = re.compile(r"(?:^|,)\s*max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_UNSTORED: Final = re.compile(r"(?:^|,)\s*no-(?:store|cache)\s*(?:,|$)", re.IGNORECASE)


def succeeded(
    state: FeedState, at: datetime, headers: httpx.Headers, moved_to: str, parsed: Parsed | None
) -> FeedState:
    """After a 200 (`parsed`) or a 304 (None). Validators are kept verbatim.

    A permanent redirect to the same place three times in a row becomes the feed's URL.
    """
    url, seen = state.url, 0
    if moved_to:
        seen = state.moved_seen + 1 if moved_to == state.moved_to else 1
        if seen >= _MOVED_FOR_GOOD:
            url, moved_to, seen = moved_to, "", 0
    etag = headers.get("ETag", "")
    last_modified = headers.get("Last-Modified", "")
    if parsed is None:
        etag, last_modified = etag or state.etag, last_modified or state.last_modified
    elif not parsed.whole:
        etag = last_modified = ""  # or the half that is missing would never be asked for
    if parsed is not None:
        wishes = (parsed.ttl_s, parsed.skip_hours, parsed.skip_days)
    else:
        wishes = (state.ttl_s, state.skip_hours, state.skip_days)  # a 304 does not repeat them
    return replace(
        state,
        ttl_s=wishes[0],
        skip_hours=wishes[1],
        skip_days=wishes[2],
        url=url,
        etag=etag,
        last_modified=last_modified,
        last_success=at,
        last_tried=at,
        next_at=_next(at, headers, *wishes),
        failures=0,
        parked=False,
        message="",
        moved_to=moved_to,
        moved_seen=seen,
    )


def failed(
    state: FeedState, at: datetime, error: FeedError, park_after: int, rng: random.Random
) -> FeedState:
    """After a failure: 5 min x 2^n up to 24 h, a fifth more or less; the server's wish comes first.

    Parked after `park_after` failures in a row, or at once by a 410.
    """
    failures = state.failures + 1
    if error.again_s is None:
        wait_s = _FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 16)
        wait_s = min(wait_s, _LONGEST_S) * rng.uniform(1 - _JITTER, 1 + _JITTER)
    else:
        wait_s = max(error.again_s, _SHORTEST_S)
    return replace(
        state,
        last_tried=at,
        next_at=at + timedelta(seconds=min(wait_s, _LONGEST_S)),
        failures=failures,
        parked=state.parked or error.gone or failures >= park_after,
        message=error.message,
        moved_to="",
        moved_seen=0,
    )


def unanswered(state: FeedState, at: datetime, message: str) -> FeedState:
    """After a round that ended first: nobody's failure, nothing changes but the message."""
    return replace(state, last_tried=at, message=message)


def retry_after(value: str, at: datetime) -> float | None:
    """Retry-After in seconds from `at` (RFC 9110, 10.2.3: seconds or an HTTP date), else None."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - at).total_seconds(), 0.0)


def _next(
    at: datetime, headers: httpx.Headers, ttl_s: float, skip_hours: int, skip_days: int
) -> datetime | None:
    """The latest of what max-age (RFC 9111, 4.2) and ttl ask for, 24 h at most; then the next hour
    that skipHours and skipDays leave. A feed that leaves none is asked all the same.
    """
    waits = [ttl_s]
    control = headers.get("Cache-Control", "")
    max_age = _MAX_AGE.search(control)
    if max_age and not _UNSTORED.search(control):
        age = headers.get("Age", "")
        waits.append(float(max_age[1]) - (float(age[:9]) if age.isdigit() else 0.0))
    wait_s = min(max(waits), _LONGEST_S)
    when = at + timedelta(seconds=wait_s) if wait_s > 0 else None
    start = (when or at).astimezone(UTC)
    for ahead in range(_WEEK_H):
        hour = start + timedelta(hours=ahead)
        if not (skip_hours >> hour.hour & 1 or skip_days >> hour.weekday() & 1):
            return hour.replace(minute=0, second=0, microsecond=0) if ahead else when
    return when
