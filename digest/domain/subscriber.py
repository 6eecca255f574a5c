"""A subscriber and what they prefer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo


class Status(StrEnum):
    """Where a subscriber stands: pending -> active -> paused, unsubscribed, suppressed."""

    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    UNSUBSCRIBED = "unsubscribed"
    SUPPRESSED = "suppressed"


GRACE: Final = timedelta(days=7)
"""How long a request to subscribe waits for its answer, and how long leaving can be undone."""

ALL_DAYS = frozenset(range(7))
WEEKDAYS = frozenset(range(5))


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a subscriber wants the letter.

    `zone` is an IANA name, `hour` local 0 to 23, `days` weekdays as in `date.weekday()` (0 Monday),
    `concepts` and `stories` 1 to 5, `level` the highest level shown, `tracks` those wanted (all
    where empty), `text_only` a letter without HTML and images, `images` how pictures come: cid
    (inside the letter), hosted (linked) or empty, which is as the publisher has it.
    """

    zone: str = "UTC"
    hour: int = 7
    days: frozenset[int] = ALL_DAYS
    concepts: int = 5
    stories: int = 5
    level: int = 3
    tracks: frozenset[str] = frozenset()
    text_only: bool = False
    images: str = ""


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A reader. `address` as given, `key` normalised and unique; times in UTC.

    `asked_at` is when they last asked to subscribe, None for one whom the operator added;
    `left_at` is when they left, by which the days of grace for coming back are counted.
    """

    id: int
    address: str
    key: str
    status: Status
    created_at: datetime
    preferences: Preferences = field(default_factory=Preferences)
    confirmed_at: datetime | None = None
    paused_until: datetime | None = None
    asked_at: datetime | None = None
    left_at: datetime | None = None


def may_confirm(reader: Subscriber, now: datetime) -> bool:
    """Whether a request of theirs to subscribe is still open: made, not answered, not too old.

    One who left or was suppressed stays so until they confirm.
    """
    if reader.asked_at is None or now - reader.asked_at >= GRACE:
        return False
    if reader.status is Status.PENDING:
        return True
    return reader.status in {Status.UNSUBSCRIBED, Status.SUPPRESSED} and (
        reader.left_at is None or reader.asked_at > reader.left_at
    )


def may_return(reader: Subscriber, now: datetime) -> bool:
    """Whether their leaving can still be undone: they had confirmed, and it is not long ago."""
    return (
        reader.status is Status.UNSUBSCRIBED
        and reader.confirmed_at is not None
        and reader.left_at is not None
        and now - reader.left_at < GRACE
    )


def due_at(on: date, preferences: Preferences) -> datetime | None:
    """The UTC moment at which the letter of the local date `on` is due, None on an unwanted day.

    In a spring gap (the hour does not exist) the clock is read as if it had not jumped, so that
    02:00 becomes 03:00; in an autumn fold (it exists twice) it is the first of the two (PEP 495,
    fold=0). A date that a zone has skipped as a whole (Apia, 30 December 2011) has no moment.
    """
    if on.weekday() not in preferences.days:
        return None
    zone = ZoneInfo(preferences.zone)
    moment = datetime.combine(on, time(preferences.hour), tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).date() == on else None


def closes_at(on: date, preferences: Preferences, window: timedelta) -> datetime:
    """The UTC moment after which the letter of `on` is not sent any more.

    `window` after its hour, and never later than the hour of the next local date: a letter must
    not arrive after the one that follows it. Raises ValueError when none is due on that date.
    """
    at = due_at(on, preferences)
    if at is None:
        raise ValueError(f"no letter is due on {on}")
    every = replace(preferences, days=ALL_DAYS)
    following = due_at(on + timedelta(days=1), every)
    return at + window if following is None else min(at + window, following)
