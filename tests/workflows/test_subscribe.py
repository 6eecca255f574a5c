from datetime import UTC, datetime, timedelta

import pytest

from digest.domain.subscriber import ALL_DAYS, WEEKDAYS, Preferences, Status
from digest.errors import UsageError
from digest.storage import open_store
from digest.workflows.subscribe import (
    COLUMNS,
    Registrar,
    days_text,
    parse_days,
    preferences_from,
)
from tests.databases import settings_for

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


@pytest.fixture
def registrar(database_url):
    with open_store(settings_for(database_url)) as store:
        yield Registrar(store)


def test_an_address_is_added_once_however_it_is_written(registrar):
    added, new = registrar.add("Ada@Example.org", NOW)
    assert new
    assert added.id
    again, new = registrar.add("ada@example.ORG", NOW)
    assert not new
    assert again.id == added.id
    assert again.address == added.address


def test_an_export_is_read_back_as_it_was(registrar):
    registrar.add("a@example.org", NOW, Preferences(zone="Asia/Tokyo", hour=5, text_only=True))
    registrar.add("b@example.org", NOW, Preferences(days=frozenset({0, 2, 4}), stories=3))
    exported = list(registrar.export_rows())
    assert all(tuple(row) == COLUMNS for row in exported)
    wanted = {row["address"]: registrar.find(row["address"]).preferences for row in exported}
    for row in exported:
        assert preferences_from(row, Preferences()) == wanted[row["address"]]


def test_an_erased_address_is_not_written_to_again(registrar):
    registrar.add("a@example.org", NOW)
    registrar.erase("A@example.org", NOW)
    with pytest.raises(UsageError, match="is no subscriber"):
        registrar.find("a@example.org")
    with pytest.raises(UsageError, match="on the suppression list"):
        registrar.add("a@example.org", NOW)


def test_pause_and_remove(registrar):
    registrar.add("a@example.org", NOW)
    paused = registrar.pause("a@example.org", 7, NOW)
    assert (paused.status, paused.paused_until) == (Status.PAUSED, NOW + timedelta(days=7))
    assert registrar.pause("a@example.org", 0, NOW).status is Status.ACTIVE
    assert registrar.remove("a@example.org").status is Status.UNSUBSCRIBED
    with pytest.raises(UsageError, match="nothing to pause"):
        registrar.pause("a@example.org", 7, NOW)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", ALL_DAYS),
        ("weekdays", WEEKDAYS),
        ("mon, Wednesday fri", frozenset({0, 2, 4})),
        ("sun", frozenset({6})),
    ],
)
def test_days(text, days):
    assert parse_days(text) == days
    assert parse_days(days_text(days)) == days


def test_days_that_are_none():
    with pytest.raises(UsageError, match="say daily, weekdays, or names"):
        parse_days("someday")
