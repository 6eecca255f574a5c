"""When a letter is due: zones, days, and the hours that a change of clocks takes or gives."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.domain.subscriber import WEEKDAYS, Preferences, due_at


@pytest.mark.parametrize(
    ("on", "zone", "hour", "due"),
    [
        ("2026-11-24", "UTC", 7, "2026-11-24T07:00"),
        ("2026-11-24", "Europe/Berlin", 7, "2026-11-24T06:00"),
        ("2026-07-24", "Europe/Berlin", 7, "2026-07-24T05:00"),
        ("2026-11-24", "Pacific/Auckland", 7, "2026-11-23T18:00"),
        ("2026-11-24", "Pacific/Honolulu", 7, "2026-11-24T17:00"),
        ("2026-11-24", "Asia/Kolkata", 7, "2026-11-24T01:30"),
        ("2026-11-24", "Pacific/Kiritimati", 0, "2026-11-23T10:00"),
        # Spring gap: 02:00 does not exist in Berlin on 29 March, the clock shows 03:00.
        ("2026-03-29", "Europe/Berlin", 2, "2026-03-29T01:00"),
        ("2026-03-29", "Europe/Berlin", 3, "2026-03-29T01:00"),
        ("2026-03-29", "Europe/Berlin", 1, "2026-03-29T00:00"),
        # Autumn fold: 02:00 comes twice on 25 October; the first counts.
        ("2026-10-25", "Europe/Berlin", 2, "2026-10-25T00:00"),
        ("2026-10-25", "Europe/Berlin", 3, "2026-10-25T02:00"),
        # Half an hour on Lord Howe, and a gap at midnight in Beirut.
        ("2026-10-04", "Australia/Lord_Howe", 2, "2026-10-03T15:30"),
        ("2026-03-29", "Asia/Beirut", 0, "2026-03-28T22:00"),
    ],
)
def test_due(on, zone, hour, due):
    wanted = datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert due_at(date.fromisoformat(on), Preferences(zone=zone, hour=hour)) == wanted


def test_an_unwanted_day_is_never_due():
    saturday = date(2026, 11, 28)
    assert due_at(saturday, Preferences(days=WEEKDAYS)) is None
    assert due_at(saturday - timedelta(days=1), Preferences(days=WEEKDAYS)) is not None


ZONES = sorted(z for z in available_timezones() if "/" in z and not z.startswith("Etc/"))


@given(
    st.sampled_from(ZONES),
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    st.integers(0, 23),
)
def test_the_local_clock_shows_the_hour_or_the_end_of_a_gap(zone, on, hour):
    due = due_at(on, Preferences(zone=zone, hour=hour))
    local = due.astimezone(ZoneInfo(zone))
    wall = datetime(on.year, on.month, on.day, hour)  # noqa: DTZ001 - a clock on a wall
    late = local.replace(tzinfo=None) - wall
    assert timedelta(0) <= late <= timedelta(hours=1)


@given(st.sampled_from(ZONES), st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(0, 23))
def test_two_days_are_never_due_at_once(zone, on, hour):
    wants = Preferences(zone=zone, hour=hour)
    assert due_at(on, wants) < due_at(on + timedelta(days=1), wants)
