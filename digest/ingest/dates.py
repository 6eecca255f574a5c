"""Dates of entries: which to believe, and what stands in for the others. All in UTC."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

AHEAD = timedelta(minutes=10)
"""How far a server's clock may be ahead."""

_FIRST_FEEDS = datetime(1999, 1, 1, tzinfo=UTC)
"""RSS began in March 1999: an earlier date (1970, 1601, year 1) is a mistake, not an old entry."""

_CLOCK = re.compile(r"\d:\d\d|T\d\d")


def settle(given: datetime | None, now: datetime) -> datetime:
    """The time to go by: `given`, or `now` where it cannot be true.

    Missing, ahead of `now` by more than 10 minutes, or older than RSS itself: first seen, `now`.
    Whether a date long past is that of an old text or a mistake shows only beside what is known of
    the feed: `workflows/collect.py` judges it.
    """
    if given is None or given > now + AHEAD or given < _FIRST_FEEDS:
        return now
    return given


def from_struct(parsed: time.struct_time | None, raw: str) -> datetime | None:
    """The UTC tuple of feedparser as a datetime; noon where `raw` names a day without a time."""
    if parsed is None:
        return None
    try:
        when = datetime(*parsed[:6], tzinfo=UTC)
    except ValueError:
        return None
    return when if _CLOCK.search(raw) else when.replace(hour=12, minute=0, second=0)


def from_iso(raw: object) -> datetime | None:
    """An ISO 8601 date or date-time (RFC 3339), None where it is none; noon for a bare date."""
    if not isinstance(raw, str):
        return None
    try:
        when = datetime.fromisoformat(raw.strip())
    except ValueError:
        return None
    if not _CLOCK.search(raw):
        when = when.replace(hour=12)
    try:
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def from_epoch(raw: object) -> datetime | None:
    """Seconds since 1970 as a datetime, None where they are none."""
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        return None
    try:
        return datetime.fromtimestamp(raw, UTC)
    except (OverflowError, OSError, ValueError):
        return None
