from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from digest.ingest.entries import Parsed
from digest.ingest.faults import FeedError
from digest.ingest.fetch import Lanes, user_agent
from digest.ingest.schedule import failed, retry_after, succeeded
from digest.ports import FeedState

AT = datetime(2026, 3, 10, 8, 20, tzinfo=UTC)


def next_at(parsed: Any = None, **headers: str) -> Any:
    named = httpx.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    wait = succeeded(FeedState("s"), AT, named, "", parsed or Parsed((), 0)).next_at
    return None if wait is None else wait - AT


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"cache_control": "max-age=1800"}, 1800),
        ({"cache_control": 'public, Max-Age="1800"', "age": "600"}, 1200),
        ({"cache_control": "max-age=600", "age": "900"}, None),
        ({"cache_control": "no-cache, max-age=1800"}, None),
        ({"cache_control": "max-age=31536000"}, 24 * 3600),
        ({"cache_control": "s-maxage=1800"}, None),
    ],
)
def test_max_age(headers: Any, wait: Any) -> None:
    assert next_at(**headers) == (None if wait is None else timedelta(seconds=wait))


def test_ttl_and_skip_hours() -> None:
    def hours(*skipped: int) -> int:
        return sum(1 << hour for hour in skipped)

    assert next_at(Parsed((), 0, ttl_s=3600.0)) == timedelta(hours=1)
    assert next_at(Parsed((), 0, ttl_s=3600.0), cache_control="max-age=60") == timedelta(hours=1)
    assert next_at(Parsed((), 0, ttl_s=1e9)) == timedelta(hours=24)
    assert next_at(Parsed((), 0, skip_hours=hours(9))) is None
    assert next_at(Parsed((), 0, skip_hours=hours(8, 9))) == timedelta(hours=1, minutes=40)
    ttl_into_skip = Parsed((), 0, ttl_s=3600.0, skip_hours=hours(9))
    assert next_at(ttl_into_skip) == timedelta(hours=1, minutes=40)
    assert next_at(Parsed((), 0, skip_hours=hours(*range(24)))) is None


def test_skip_days() -> None:
    tuesday, wednesday = 1 << AT.weekday(), 1 << AT.weekday() + 1
    assert next_at(Parsed((), 0, skip_days=wednesday)) is None
    assert next_at(Parsed((), 0, skip_days=tuesday)) == timedelta(hours=15, minutes=40)
    both = Parsed((), 0, skip_days=tuesday | wednesday)
    assert next_at(both) == timedelta(hours=39, minutes=40)
    assert next_at(Parsed((), 0, skip_days=127)) is None


def test_wishes_hold_after_a_304() -> None:
    state = succeeded(FeedState("s"), AT, httpx.Headers(), "", Parsed((), 0, 3600.0, 3 << 9, 0))
    again = succeeded(state, AT, httpx.Headers(), "", None)
    assert again.next_at == state.next_at == AT + timedelta(hours=2, minutes=40)


def test_backoff_doubles_up_to_a_day_with_jitter() -> None:
    rng = random.Random(7)  # noqa: S311 - it spreads waits
    waits = []
    state = FeedState("s")
    for n in range(12):
        state = failed(state, AT, FeedError("x"), 100, rng)
        wait = (state.next_at - AT).total_seconds()
        nominal = min(300 * 2**n, 86400)
        assert nominal * 0.8 <= wait <= min(nominal * 1.2, 86400)
        waits.append(wait / nominal)
    assert len(set(waits)) > 6
    assert state.failures == 12
    assert failed(FeedState("s", failures=10_000), AT, FeedError("x"), 100, rng).next_at


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("120", 120.0),
        ("Tue, 10 Mar 2026 09:20:00 GMT", 3600.0),
        ("Tue, 10 Mar 2026 01:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Tue, 10 Mar 99999 09:20:00 GMT", None),
    ],
)
def test_retry_after(value: str, want: Any) -> None:
    assert retry_after(value, AT) == want


def test_all_hosts_of_arxiv_share_a_lane_of_three_seconds() -> None:
    lanes = Lanes(2.0)
    assert {lanes.lane(f"{host}arxiv.org") for host in ("", "rss.", "export.")} == {
        ("arxiv.org", 3.0)
    }
    assert lanes.lane("notarxiv.org") == ("notarxiv.org", 2.0)
    assert Lanes(5.0).lane("arxiv.org") == ("arxiv.org", 5.0)


def test_a_contact_cannot_break_the_header() -> None:
    assert user_agent("https://example.org/\r\nX: y (z)").endswith("(+https://example.org/X:yz)")
    assert "(" not in user_agent("")
