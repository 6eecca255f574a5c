"""One letter per reader and local date, whatever the zones do: 12 zones, 2 changes, 24 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from digest.domain.subscriber import Preferences, closes_at, due_at

DAY = timedelta(days=1)
WINDOW = timedelta(hours=12)

CHANGES = {
    # zone: the dates on which the clock changes, forward first (IANA tz database, 2026).
    "Europe/Berlin": (date(2026, 3, 29), date(2026, 10, 25)),
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Los_Angeles": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/St_Johns": (date(2026, 3, 8), date(2026, 11, 1)),
    "America/Havana": (date(2026, 3, 8), date(2026, 11, 1)),  # at midnight
    "America/Santiago": (date(2026, 9, 6), date(2026, 4, 4)),  # at midnight
    "Africa/Cairo": (date(2026, 4, 24), date(2026, 10, 29)),  # at midnight
    "Asia/Beirut": (date(2026, 3, 29), date(2026, 10, 24)),  # at midnight
    "Australia/Sydney": (date(2026, 10, 4), date(2026, 4, 5)),
    "Australia/Lord_Howe": (date(2026, 10, 4), date(2026, 4, 5)),  # by half an hour
    "Pacific/Auckland": (date(2026, 9, 27), date(2026, 4, 5)),
}


def offset(zone: str, on: date, hour: int) -> timedelta:
    found = datetime(on.year, on.month, on.day, hour, tzinfo=ZoneInfo(zone)).utcoffset()
    assert found is not None
    return found


@pytest.mark.parametrize("zone", CHANGES)
def test_the_table_holds_the_days_of_change(zone: str) -> None:
    forward, back = CHANGES[zone]
    # A change at 24:00 shows between one noon and the next.
    assert offset(zone, forward, 12) > offset(zone, forward - DAY, 12)
    assert offset(zone, back + DAY, 12) < offset(zone, back - DAY, 12)


@pytest.mark.parametrize("hour", range(24))
@pytest.mark.parametrize("zone", CHANGES)
def test_every_local_date_has_one_letter_at_its_hour(zone: str, hour: int) -> None:
    wants = Preferences(zone=zone, hour=hour)
    for change in CHANGES[zone]:
        dates = [change + timedelta(days=days) for days in range(-3, 4)]
        moments = [due_at(on, wants) for on in dates]
        for on, moment in zip(dates, moments, strict=True):
            assert moment is not None
            local = moment.astimezone(ZoneInfo(zone))
            # The letter of a date comes on that date: at its hour, or where that does not exist,
            # as far after it as the clock jumps.
            assert local.date() == on
            assert local.fold == 0
            wall = datetime.combine(on, time(hour))
            late = local.replace(tzinfo=None) - wall
            assert late in {timedelta(0), timedelta(minutes=30), timedelta(hours=1)}
            if late:
                back = (moment - timedelta(minutes=1)).astimezone(ZoneInfo(zone))
                assert back.replace(tzinfo=None) < wall
        gaps = [b - a for a, b in pairwise(moments) if a and b]
        assert min(gaps) >= timedelta(hours=23)
        assert max(gaps) <= timedelta(hours=25)
        for on, moment, after in zip(dates, moments, moments[1:], strict=False):
            assert moment is not None
            assert after is not None
            assert closes_at(on, wants, WINDOW) == moment + WINDOW
            # However long the window, a letter never comes after the next one.
            assert closes_at(on, wants, timedelta(hours=25)) <= after


def test_a_date_that_a_zone_skips_has_no_letter() -> None:
    apia = Preferences(zone="Pacific/Apia", hour=7)
    assert due_at(date(2011, 12, 30), apia) is None
    before, after = due_at(date(2011, 12, 29), apia), due_at(date(2011, 12, 31), apia)
    assert before == datetime(2011, 12, 29, 17, tzinfo=UTC)
    assert after == datetime(2011, 12, 30, 17, tzinfo=UTC)
    assert closes_at(date(2011, 12, 29), apia, WINDOW) == before + WINDOW


def test_an_unwanted_day_has_no_window() -> None:
    with pytest.raises(ValueError, match="no letter is due"):
        closes_at(date(2026, 3, 2), Preferences(days=frozenset({1})), WINDOW)
