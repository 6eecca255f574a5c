from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from digest.ports import FeedResult, FeedState
from digest.storage import SqlStore
from tests.storage.conftest import NOW, an_entry

STATE = FeedState(
    source="lab", url="https://lab.example/feed", etag='W/"x"', last_modified="Mon, 02 Mar 2026",
    last_success=NOW, last_tried=NOW, next_at=NOW + timedelta(minutes=30), failures=2, parked=True,
    message="slow", moved_to="https://lab.example/new", moved_seen=1,
)  # fmt: skip


def test_a_feeds_state_comes_back_and_is_overwritten(store: SqlStore) -> None:
    assert store.entries.states() == {}
    assert store.entries.record(FeedResult(STATE), NOW) == 0
    assert store.entries.states() == {"lab": STATE}
    store.entries.record(FeedResult(FeedState(source="lab")), NOW)
    assert store.entries.states() == {"lab": FeedState(source="lab")}


def test_new_entries_are_counted_once(store: SqlStore) -> None:
    result = FeedResult(STATE, (an_entry("1"), an_entry("2"), an_entry("1")))
    assert store.entries.record(result, NOW) == 2
    assert store.entries.record(result, NOW) == 0
    other = FeedResult(FeedState(source="press"), (an_entry("1", source="press"),))
    assert store.entries.record(other, NOW) == 1


def test_an_entry_seen_again_keeps_all_but_its_signals(store: SqlStore) -> None:
    store.entries.record(FeedResult(STATE, (an_entry(),)), NOW)
    again = an_entry(title="Changed", first_seen=NOW, signals={"points": 99, "comments": 1.5})
    assert store.entries.record(FeedResult(STATE, (again, an_entry("2"))), NOW) == 1
    kept = store.entries.window(datetime(2026, 1, 1, tzinfo=UTC), NOW)
    assert kept[0] == replace(an_entry(), signals={"points": 99, "comments": 1.5})


def test_the_window_is_of_either_time_and_in_order(store: SqlStore) -> None:
    old = NOW - timedelta(days=30)
    entries = (
        an_entry("b", first_seen=NOW, published=old),
        an_entry("B", first_seen=NOW, published=old),
        an_entry("c", first_seen=old, published=NOW - timedelta(hours=1)),
        an_entry("old", first_seen=old, published=old),
        an_entry("after", first_seen=NOW + timedelta(microseconds=1), published=old),
    )
    store.entries.record(FeedResult(STATE, entries), NOW)
    found = store.entries.window(NOW - timedelta(hours=1), NOW)
    assert [entry.key for entry in found] == ["c", "B", "b"]


def test_times_of_any_zone_come_back_in_utc(store: SqlStore) -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    entry = an_entry(published=NOW.astimezone(there))
    store.entries.record(FeedResult(STATE, (entry,)), NOW)
    (kept,) = store.entries.window(NOW, NOW)
    assert kept.published == NOW
    assert kept.published.tzinfo is UTC


def test_what_no_database_takes_is_left_out_of_a_text(store: SqlStore) -> None:
    entry = an_entry("k" * 9000, title="a\0b \ud800 c", lead="\0")
    store.entries.record(FeedResult(STATE, (entry,)), NOW)
    (kept,) = store.entries.window(datetime(2026, 1, 1, tzinfo=UTC), NOW)
    assert (kept.title, kept.lead, kept.key) == ("ab ? c", "", "k" * 9000)


def test_a_long_feed_is_kept_whole(store: SqlStore) -> None:
    entries = tuple(an_entry(str(number)) for number in range(2600))
    assert store.entries.record(FeedResult(STATE, entries), NOW) == 2600


def test_vectors_are_kept_by_entry_and_model(store: SqlStore) -> None:
    store.entries.record(FeedResult(STATE, (an_entry("1"), an_entry("2"))), NOW)
    long_ago = NOW - timedelta(days=365)
    one, two = an_entry("1").id, an_entry("2").id
    assert store.entries.vectors("m/1", [one, two]) == {}
    store.entries.keep_vectors("m/1", {one: b"\0\1", "lab/gone": b"\2"}, long_ago)
    store.entries.keep_vectors("m/1", {one: b"other", two: b"\3"}, long_ago)
    assert store.entries.vectors("m/1", [two, one, "lab/gone"]) == {one: b"\0\1", two: b"\3"}
    assert store.entries.vectors("m/2", [one, two]) == {}
    assert store.entries.vectors("m/1", []) == {}


def test_vectors_of_old_entries_go(store: SqlStore) -> None:
    old, new = an_entry("1", first_seen=NOW - timedelta(days=31)), an_entry("2", first_seen=NOW)
    store.entries.record(FeedResult(STATE, (old, new)), NOW)
    both = {old.id: b"1", new.id: b"2"}
    store.entries.keep_vectors("m", both, NOW - timedelta(days=60))
    assert store.entries.vectors("m", both) == both
    store.entries.keep_vectors("m", {}, NOW - timedelta(days=30))
    assert store.entries.vectors("m", both) == {new.id: b"2"}


def test_more_vectors_than_one_statement_holds(store: SqlStore) -> None:
    entries = tuple(an_entry(str(number)) for number in range(1200))
    store.entries.record(FeedResult(STATE, entries), NOW)
    vectors = {entry.id: entry.key.encode() for entry in entries}
    store.entries.keep_vectors("m", vectors, NOW - timedelta(days=30))
    assert store.entries.vectors("m", vectors) == vectors
