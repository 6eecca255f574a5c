"""What is amiss is told once, again after a day, and that it is over; on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

from digest.domain.alert import Alert, Kind, Trouble
from digest.domain.checkup import Finding, State
from digest.storage import SqlStore, open_store
from tests.storage.conftest import DAY, NOW

MINUTE = timedelta(minutes=1)
DISK = Trouble(Kind.DISK, "host", "the disk is nearly full", "make room")
BOOKS = Trouble(Kind.BOOKS, "2026-03-02", "the books do not add up")


def said(store: SqlStore, now: datetime) -> list[tuple[str, str]]:
    """What is to be told, and it is told."""
    due = store.alerts.claim(now)
    store.alerts.told(due, now)
    return [(str(alert.kind), alert.state) for alert in due]


def test_what_lasts_is_told_once_and_again_after_a_day_and_when_it_is_over(store: SqlStore) -> None:
    for minute in range(3):
        store.alerts.raised(DISK, NOW + minute * MINUTE)
        assert said(store, NOW + minute * MINUTE) == ([("disk", "raised")] if not minute else [])
    tomorrow = NOW + timedelta(days=1)
    store.alerts.raised(DISK, tomorrow)
    assert said(store, tomorrow) == [("disk", "again")]
    assert [alert.since for alert in store.alerts.open(tomorrow)] == [NOW]
    store.alerts.settle(Kind.DISK, "host", tomorrow + MINUTE)
    assert said(store, tomorrow + MINUTE) == [("disk", "over")]
    assert said(store, tomorrow + 2 * MINUTE) == []
    assert store.alerts.open(tomorrow) == []
    assert [alert.words for alert in store.alerts.history(5)] == [DISK.words]


def test_what_mends_itself_in_time_is_not_told(store: SqlStore) -> None:
    store.alerts.raised(DISK, NOW, 10 * MINUTE)
    assert said(store, NOW + 9 * MINUTE) == []
    store.alerts.settle(Kind.DISK, "host", NOW + 9 * MINUTE)
    assert said(store, NOW + 30 * MINUTE) == []
    store.alerts.raised(DISK, NOW + 40 * MINUTE, 10 * MINUTE)
    assert said(store, NOW + 49 * MINUTE) == []
    assert said(store, NOW + 51 * MINUTE) == [("disk", "raised")]


def test_what_comes_and_goes_is_not_told_each_time(store: SqlStore) -> None:
    told = []
    for minute in range(0, 60, 10):
        store.alerts.raised(DISK, NOW + minute * MINUTE)
        told += said(store, NOW + minute * MINUTE)
        store.alerts.settle(Kind.DISK, "host", NOW + (minute + 5) * MINUTE)
        told += said(store, NOW + (minute + 5) * MINUTE)
    assert told == [("disk", "raised"), ("disk", "over")]
    store.alerts.raised(DISK, NOW + 61 * MINUTE)
    assert said(store, NOW + 61 * MINUTE) == [("disk", "raised")]


def test_what_happened_is_told_once_and_never_over(store: SqlStore) -> None:
    store.alerts.raised(BOOKS, NOW)
    assert said(store, NOW) == [("books", "raised")]
    later = NOW + timedelta(days=3)
    store.alerts.raised(BOOKS, later)
    assert said(store, later) == []
    assert [alert.kind for alert in store.alerts.open(later)] == [Kind.BOOKS]
    # Dismissed, it stays so, though it is found again.
    store.alerts.settle(Kind.BOOKS, BOOKS.about, later)
    store.alerts.raised(BOOKS, later)
    assert said(store, later + timedelta(days=2)) == []
    assert store.alerts.open(later) == []
    assert store.alerts.open(NOW + timedelta(days=8)) == []
    assert store.alerts.prune(NOW + timedelta(days=31)) == 1


def test_what_could_not_be_told_is_told_later_and_so_is_its_end(store: SqlStore) -> None:
    store.alerts.raised(DISK, NOW)
    assert len(store.alerts.claim(NOW)) == 1  # and the process dies, or no channel takes it
    assert store.alerts.claim(NOW + MINUTE) == []
    assert len(store.alerts.claim(NOW + 6 * MINUTE)) == 1
    store.alerts.settle(Kind.DISK, "host", NOW + 8 * MINUTE)
    assert said(store, NOW + 12 * MINUTE) == [("disk", "over")]


def test_of_two_processes_one_tells(store: SqlStore, database_settings) -> None:  # type: ignore[no-untyped-def]
    store.alerts.raised(DISK, NOW)
    with open_store(database_settings) as other:
        both: list[Alert] = [*store.alerts.claim(NOW), *other.alerts.claim(NOW)]
    assert len(both) == 1


def test_the_first_preflight_of_an_edition_stays(store: SqlStore) -> None:
    assert store.alerts.preflight(DAY) is None
    first = [Finding("letter", State.FAIL, "is broken", "mend it", certain=True)]
    store.alerts.keep_preflight(DAY, first, NOW)
    store.alerts.keep_preflight(DAY, [], NOW)
    assert store.alerts.preflight(DAY) == first


def test_no_address_is_kept(store: SqlStore) -> None:
    words = "6 letters were refused: 550 5.1.1 <ada.b+c@mail.example.org>: no such user"
    store.alerts.raised(Trouble(Kind.HELD, "2026-03-02", words), NOW)
    (alert,) = store.alerts.open(NOW)
    assert alert.words == "6 letters were refused: 550 5.1.1 (an address): no such user"
