"""A token bucket, and what trouble does to it."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from digest.domain.pace import RECOVERY, SLOWEST, Pace

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


def sent(pace: Pace, start: datetime, seconds: float) -> int:
    """Letters that go out in a time, each as soon as it may."""
    count, now, end = 0, start, start + timedelta(seconds=seconds)
    while True:
        wait = pace.delay(now)
        now += timedelta(seconds=wait)
        if now >= end:
            return count
        pace.spend(now)
        count += 1


@pytest.mark.parametrize("rate", [0.5, 14, 200])
def test_no_more_than_the_rate_after_the_burst(rate: float) -> None:
    pace = Pace(rate=rate, burst=max(1.0, rate))
    assert sent(pace, NOW, 60) == pytest.approx(60 * rate + max(1.0, rate), abs=1)
    # A rest earns one burst, however long it was.
    later = NOW + timedelta(hours=5)
    assert sent(pace, later, 60) == pytest.approx(60 * rate + max(1.0, rate), abs=2)


def test_without_a_limit_nothing_waits() -> None:
    pace = Pace()
    for _ in range(1000):
        assert pace.delay(NOW) == 0
        pace.spend(NOW)


def test_trouble_halves_the_pace_and_quiet_gives_it_back() -> None:
    pace = Pace(rate=10, burst=10)
    sent(pace, NOW, 30)
    now = NOW + timedelta(seconds=30)
    assert pace.slow(now)
    assert pace.limit == 5
    # What was under way when it began is the same trouble.
    assert not pace.slow(now + timedelta(seconds=1))
    assert pace.slow(now + timedelta(seconds=3))
    assert 1.5 < pace.limit <= 2.5
    sent(pace, now + timedelta(seconds=3), 30)
    for _ in range(5):
        now += RECOVERY
        pace.delay(now + timedelta(seconds=3))
    assert pace.limit == 10


def test_a_pace_without_limit_slows_down_from_what_was_seen() -> None:
    pace, now = Pace(), NOW
    for _ in range(600):
        pace.spend(now)
        now += timedelta(milliseconds=10)
    pace.slow(now)
    assert pace.limit == pytest.approx(50, rel=0.1)
    for _ in range(12):
        now += RECOVERY
        pace.delay(now)
    assert pace.limit == math.inf


def test_it_never_stops_altogether_and_a_clock_set_back_makes_nobody_wait() -> None:
    pace = Pace(rate=1)
    now = NOW
    for _ in range(40):
        now += timedelta(seconds=3)
        pace.slow(now)
    assert pace.limit == SLOWEST
    pace = Pace(rate=1)
    pace.delay(NOW)
    pace.spend(NOW)
    assert pace.delay(NOW - timedelta(days=1)) <= 1
