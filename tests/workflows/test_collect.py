"""Old dates, judged by what is known of the feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from digest.domain.story import Entry
from digest.workflows.collect import judge_old

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)


def entry(key: str, published: datetime = NOW) -> Entry:
    return Entry("s", key, "", key, "", published=published, first_seen=NOW, ref=key)


def times(entries: list[Entry], known: set[str]) -> list[tuple[bool, bool]]:
    """For each: is it news by its date, by when it was first seen?"""
    judged = judge_old(entries, known, NOW)
    assert [e.key for e in judged] == [e.key for e in entries]
    return [(e.published == NOW, e.first_seen == NOW) for e in judged]


def test_the_old_entries_of_a_new_feed_are_its_archive() -> None:
    assert times([entry("a"), entry("b", LONG_AGO)], set()) == [(True, True), (False, False)]


def test_an_old_entry_above_a_known_one_bears_a_wrong_date() -> None:
    feed = [entry("new", LONG_AGO), entry("a"), entry("b", LONG_AGO)]
    assert times(feed, {"a", "b"})[0] == (True, True)
    assert times(feed, {"b"})[0] == (True, True)


def test_an_old_entry_below_all_known_ones_is_old() -> None:
    feed = [entry("a"), entry("came up again", LONG_AGO)]
    assert times(feed, {"a"})[1] == (False, False)
