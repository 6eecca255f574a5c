"""A tick keeps no memory: whatever the clock does, one row per reader and local date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from digest.domain.edition import Edition, EditionStatus
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.errors import EditionError
from digest.storage import SqlStore, open_store, schema
from digest.workflows.tick import Ticked, tick
from tests.databases import settings_for

BEGIN = datetime(2026, 3, 28, 0, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Pacific/Kiritimati", "UTC")
HOURS = (0, 2, 7, 23)


class Shelf:
    """A publisher whose editions are empty; `broken` dates cannot be built."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.broken: set[date] = set()

    def publish(self, on: date, now: datetime) -> Edition:
        if on in self.broken:
            raise EditionError(f"edition {on}: there is neither a concept nor a story", "check")
        number = self.store.editions.next_number(on)
        draft = Edition(on, number, EditionStatus.DRAFT, now, "Subject", "", (), ())
        self.store.editions.save(draft, [])
        return self.store.editions.publish(on, now)


@pytest.fixture
def store(sqlite_template: Any, tmp_path: Any) -> Iterator[SqlStore]:
    with open_store(settings_for(f"sqlite:///{tmp_path / 'digest.db'}")) as opened:
        for zone in ZONES:
            for hour in HOURS:
                address = f"{zone.replace('/', '.').lower()}.{hour}@inbox.example"
                opened.subscribers.add(
                    Subscriber(
                        0, address, address, Status.ACTIVE, BEGIN - timedelta(days=9),
                        Preferences(zone=zone, hour=hour),
                    )
                )  # fmt: skip
        yield opened


def ticked(store: SqlStore, shelf: Shelf, now: datetime) -> Ticked:
    return tick(store, now, shelf, None, lead_minutes=30, window_h=12)  # type: ignore[arg-type]


def test_the_clock_may_jump_back_and_forth(store: SqlStore) -> None:
    shelf = Shelf(store)
    clock = [BEGIN + timedelta(hours=hours) for hours in range(0, 72, 4)]
    hour, day = timedelta(hours=1), timedelta(days=1)
    jumps = [clock[8] + by for by in (hour, -hour, -day, timedelta(0))]
    for now in [*clock[:9], *jumps, *clock[8:]]:
        ticked(store, shelf, now)
    t = schema.deliveries
    with store.read() as connection:
        rows = connection.execute(select(t.c.edition_date, t.c.subscriber_id, t.c.status)).all()
    per_reader = Counter((row.edition_date, row.subscriber_id) for row in rows)
    assert set(per_reader.values()) == {1}
    # Nothing of the days that the clock has run through came too late for its row.
    since = date(2026, 3, 29)  # on Kiritimati the 28th began half a day before the clock did
    assert {row.status for row in rows if row.edition_date >= since} == {"pending"}
    # Every reader's 28th, 29th (when Berlin's clock changes) and 30th as far as they have come.
    for on in (date(2026, 3, 28), date(2026, 3, 29)):
        assert sum(row.edition_date == on for row in rows) >= len(ZONES) * len(HOURS) - 8


def test_a_day_that_was_slept_through_is_counted_not_sent(store: SqlStore) -> None:
    shelf = Shelf(store)
    ticked(store, shelf, BEGIN)
    done = ticked(store, shelf, BEGIN + timedelta(days=4))
    closed = {books.edition: books for books in done.closed}
    assert closed[date(2026, 3, 28)].counts["expired"] + closed[date(2026, 3, 28)].counts.get(
        "pending", 0
    ) == len(ZONES) * len(HOURS)
    assert closed[date(2026, 3, 28)].balanced
    # For the 29th there was no edition at all: that is said, once.
    silent = closed[date(2026, 3, 29)]
    assert not silent.balanced
    assert "there is no published edition" in silent.faults[0]
    assert ticked(store, shelf, BEGIN + timedelta(days=4)).closed == []


def test_an_edition_that_cannot_be_built_stops_no_other(store: SqlStore) -> None:
    shelf = Shelf(store)
    shelf.broken = {date(2026, 3, 28)}
    done = ticked(store, shelf, BEGIN + timedelta(hours=12))
    assert any("neither a concept nor a story" in fault for fault in done.faults)
    assert date(2026, 3, 29) in done.queued
