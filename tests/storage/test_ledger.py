"""The books, the holds and the upkeep of the ledger, on both databases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete

from digest.cli._wire import same_time
from digest.domain.delivery import Accepted, Deferred, Rejected
from digest.domain.edition import Edition
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.errors import EditionError, StorageError
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, open_store, schema
from tests.storage.conftest import DAY, NOW, mark, record, release

Subscribe = Callable[..., Subscriber]
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(minutes=16)


@pytest.fixture(autouse=True)
def published(publish: Callable[..., Edition]) -> Edition:
    return publish()


def queued(store: SqlStore) -> int:
    return store.deliveries.enqueue(DAY, NOW, 12, None)


def test_a_day_adds_up_state_by_state(store: SqlStore, subscribe: Subscribe) -> None:
    readers = [subscribe(name) for name in "abcdef"]
    assert queued(store) == 6
    books = store.ledger.audit(DAY, NOW, 12)
    assert (books.eligible, books.under_way, books.balanced) == (6, 6, False)
    assert books.faults == ("6 rows are still under way",)
    rows = {row.address[0].lower(): row for row in store.deliveries.claim(DAY, "me", NOW, 4)}
    record(store, rows["a"], "me", Accepted("250 ok"), NOW)
    record(store, rows["b"], "me", Rejected("550 5.1.1 no"), NOW)
    record(store, rows["c"], "me", Deferred("451 later"), NOW)
    release(store, rows["d"], "me", "lost", NOW)
    store.subscribers.update(replace(readers[4], status=Status.UNSUBSCRIBED))
    store.subscribers.update(
        replace(readers[5], status=Status.PAUSED, paused_until=NOW + timedelta(days=9))
    )
    assert [d.address for d in store.deliveries.claim(DAY, "me", NOW, 9)] == ["D@example.org"]
    books = store.ledger.audit(DAY, NOW, 12)
    assert books.counts == {
        "sent": 1, "refused": 1, "deferred": 1, "claimed": 1, "suppressed": 1, "paused": 1,
    }  # fmt: skip
    store.ledger.close(DAY, NOW + 13 * HOUR, 12)
    books = store.ledger.audit(DAY, NOW + 13 * HOUR, 12)
    assert books.counts["expired"] == 2
    assert books.balanced
    assert books.closed


def test_a_row_that_is_gone_is_noticed(store: SqlStore, subscribe: Subscribe) -> None:
    reader = subscribe()
    subscribe("bo")
    queued(store)
    for delivery in store.deliveries.claim(DAY, "me", NOW, 9):
        record(store, delivery, "me", Accepted("250"), NOW)
    assert store.ledger.audit(DAY, NOW, 12).balanced
    with store.access.write() as connection:
        rows, readers = schema.deliveries, schema.subscribers
        connection.execute(delete(rows).where(rows.c.subscriber_id == reader.id))
        connection.execute(delete(readers).where(readers.c.id == reader.id))
    books = store.ledger.audit(DAY, NOW, 12)
    assert (books.lost, books.balanced) == (1, False)


def test_a_reader_without_row_is_noticed(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    books = store.ledger.audit(DAY, NOW, 12)
    assert (books.missing, books.eligible, books.balanced) == (1, 1, False)
    tomorrow = store.ledger.audit(DAY + timedelta(days=1), NOW + 24 * HOUR, 12)
    assert tomorrow.faults == ("there is no published edition, and 1 readers were due",)


def test_who_was_due_too_long_ago_gets_an_expired_row(
    store: SqlStore, subscribe: Subscribe
) -> None:
    long_ago = NOW - timedelta(days=30)
    late = Preferences(zone="Pacific/Kiritimati", hour=7)
    subscribe("old", preferences=late, created_at=long_ago)
    subscribe("new", preferences=late)
    # They agreed elsewhere long ago, and were imported today.
    subscribe("imported", preferences=late, confirmed_at=long_ago)
    assert queued(store) == 0
    assert store.deliveries.counts(DAY) == {"expired": 1}
    assert queued(store) == 0
    assert store.ledger.audit(DAY, NOW, 12).balanced


@pytest.fixture
def hold(database_settings: DatabaseSettings) -> Iterator[SqlStore]:
    with open_store(database_settings, on_ambiguous="hold") as opened:
        yield opened


def test_hold_ends_what_is_in_doubt_as_unknown(hold: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(hold)
    (delivery,) = hold.deliveries.claim(DAY, "dead", NOW, 9)
    mark(hold, delivery, "dead", NOW)
    assert hold.deliveries.claim(DAY, "heir", LATER, 9) == []
    assert hold.deliveries.counts(DAY) == {"unknown": 1}
    books = hold.ledger.audit(DAY, LATER, 12)
    assert (books.balanced, books.doubled) == (True, 1)
    assert hold.ledger.retry(DAY, ["unknown"], LATER, 12) == 1
    assert len(hold.deliveries.claim(DAY, "heir", LATER, 9)) == 1


def test_what_was_on_the_wire_when_its_reader_left_is_unknown(
    store: SqlStore, subscribe: Subscribe
) -> None:
    reader = subscribe()
    queued(store)
    (delivery,) = store.deliveries.claim(DAY, "dead", NOW, 9)
    mark(store, delivery, "dead", NOW)
    store.subscribers.update(replace(reader, status=Status.UNSUBSCRIBED))
    assert store.deliveries.claim(DAY, "heir", LATER, 9) == []
    assert store.deliveries.counts(DAY) == {"unknown": 1}


def test_no_letter_is_marked_in_the_moment_its_reader_leaves(
    store: SqlStore, subscribe: Subscribe
) -> None:
    reader = subscribe()
    queued(store)
    (delivery,) = store.deliveries.claim(DAY, "me", NOW, 9)
    with ThreadPoolExecutor(1) as sender:
        with store.write():
            store.subscribers.update(replace(reader, status=Status.UNSUBSCRIBED))
            marking = sender.submit(store.deliveries.exchange, "me", NOW, [], [delivery])
            time.sleep(0.3)  # it has seen the reader as they were, and waits
            assert not marking.done()
        assert marking.result(30) == []
    assert store.deliveries.claim(DAY, "heir", NOW, 9) == []
    assert store.deliveries.counts(DAY) == {"suppressed": 1}


def test_who_leaves_in_the_moment_of_a_claim_has_it_taken_back(
    store: SqlStore, subscribe: Subscribe
) -> None:
    reader = subscribe()
    queued(store)
    gone = replace(reader, status=Status.UNSUBSCRIBED)
    with ThreadPoolExecutor(1) as site:
        with store.write():
            (delivery,) = store.deliveries.claim(DAY, "me", NOW, 9)
            leaving = site.submit(store.subscribers.update, gone)
            time.sleep(0.3)  # it sees the row as it was, and waits
            assert not leaving.done()
        leaving.result(30)
    assert store.deliveries.exchange("me", NOW, [], [delivery]) == []
    assert store.deliveries.counts(DAY) == {"pending": 1}
    assert store.deliveries.claim(DAY, "heir", NOW, 9) == []
    assert store.deliveries.counts(DAY) == {"suppressed": 1}


def test_a_suppressed_address_is_never_claimed(
    database_settings: DatabaseSettings, subscribe: Subscribe
) -> None:
    with open_store(database_settings) as store:
        subscribe()
        queued(store)
        store.subscribers.suppress("ada@example.org", "bounced", NOW)
        assert store.deliveries.claim(DAY, "me", NOW, 9) == []
        assert store.deliveries.counts(DAY) == {"suppressed": 1}


def test_nothing_is_claimed_while_sending_is_held(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    for name in ("sending", "restored", DAY.isoformat()):
        store.ledger.hold(name, "why", NOW)
        store.ledger.hold(name, "another", LATER)
        assert store.deliveries.claim(DAY, "me", NOW, 9) == []
        assert [(h.name, h.reason) for h in store.ledger.holds()] == [(name, "why")]
        assert [h.name for h in store.ledger.release([name])] == [name]
    store.ledger.hold((DAY + timedelta(days=1)).isoformat(), "another edition", NOW)
    assert len(store.deliveries.claim(DAY, "me", NOW, 9)) == 1


def test_retry_takes_up_what_failed_and_never_what_was_sent(
    store: SqlStore, subscribe: Subscribe
) -> None:
    gone = subscribe("a")
    for name in "bc":
        subscribe(name)
    queued(store)
    rows = store.deliveries.claim(DAY, "me", NOW, 9)
    for row, result in zip(rows, (Rejected("550"), Rejected("550"), Accepted("250")), strict=True):
        record(store, row, "me", result, NOW)
    store.subscribers.update(replace(gone, status=Status.UNSUBSCRIBED))
    much_later = NOW + timedelta(days=3)
    assert store.ledger.retry(DAY, ["refused", "expired", "sent"], much_later, 12) == 1
    assert store.deliveries.due(much_later) == [DAY]
    (again,) = store.deliveries.claim(DAY, "me", much_later, 9)
    assert again.address == "B@example.org"
    assert again.message_id in {row.message_id for row in rows}


def test_the_books_of_a_day_that_is_tried_again_stay_open_until_its_letters_ended(
    store: SqlStore, subscribe: Subscribe
) -> None:
    subscribe(created_at=NOW - timedelta(days=30))
    queued(store)
    (row,) = store.deliveries.claim(DAY, "me", NOW, 9)
    record(store, row, "me", Rejected("550"), NOW)
    later = NOW + timedelta(days=3)
    assert store.ledger.close(DAY, later, 12).balanced
    assert store.ledger.retry(DAY, ["refused"], later, 12) == 1
    assert DAY not in store.ledger.close_due(later, 12)
    assert DAY in store.ledger.close_due(later + timedelta(hours=13), 12)
    (row,) = store.deliveries.claim(DAY, "me", later + timedelta(hours=11, minutes=59), 9)
    assert DAY not in store.ledger.close_due(later + timedelta(hours=12, minutes=1), 12)
    record(store, row, "me", Accepted("250"), later + timedelta(hours=12, minutes=2))
    assert DAY in store.ledger.close_due(later + timedelta(hours=12, minutes=3), 12)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_whose_clock_is_off_sends_nothing(store: SqlStore) -> None:
    now = datetime.now(UTC)  # noqa: TID251 - the database has no other
    same_time(store, lambda: now)
    assert abs(store.ledger.ahead(now)) < timedelta(seconds=30)
    for off, way in ((timedelta(minutes=16), "ahead of"), (-timedelta(minutes=2), "behind")):
        with pytest.raises(StorageError, match=f"clock is [0-9]+ s {way} the database's"):
            same_time(store, lambda off=off: now + off)


def test_tallies_and_rows(store: SqlStore, subscribe: Subscribe) -> None:
    for name in "abc":
        subscribe(name)
    queued(store)
    replies = ["550 5.1.1 no such user a", "550 5.1.1 no such user b", "452 4.2.2 full"]
    for row, reply in zip(store.deliveries.claim(DAY, "me", NOW, 9), replies, strict=True):
        server = "mx.example:25"
        result = Deferred(reply) if reply.startswith("4") else Rejected(reply, server=server)
        record(store, row, "me", result, NOW)
    assert store.ledger.tally(DAY, "state") == {"refused": 2, "deferred": 1}
    assert store.ledger.tally(None, "domain") == {"example.org": 3}
    assert store.ledger.tally(DAY, "error") == {"no such mailbox": 2, "mailbox full": 1}
    assert store.ledger.tally(date(2020, 1, 1), "server") == {}
    assert store.ledger.tally(DAY, "server") == {"mx.example:25": 2, "none": 1}
    by_server = store.reports.by_server(DAY, 5)
    assert by_server == {"mx.example:25": {"refused": 2}}
    (row,) = store.ledger.rows(DAY, "", "a@example.org", 9)
    assert (row.address, row.status, row.last_reply) == ("A@example.org", "refused", replies[0])
    assert len(store.ledger.rows(None, "refused", "", 9)) == 2


def test_give_back_frees_what_was_claimed_and_leaves_the_wire(
    store: SqlStore, subscribe: Subscribe
) -> None:
    subscribe("a")
    subscribe("b")
    queued(store)
    first, _second = store.deliveries.claim(DAY, "me", NOW, 9)
    mark(store, first, "me", NOW)
    assert store.ledger.give_back("me", "leaving", NOW) == 1
    assert store.deliveries.counts(DAY) == {"on_wire": 1, "pending": 1}


def test_pruning_keeps_the_counts(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe("a")
    subscribe("b")
    queued(store)
    first, second = store.deliveries.claim(DAY, "me", NOW, 9)
    record(store, first, "me", Accepted("250"), NOW)
    tomorrow = DAY + timedelta(days=1)
    assert store.ledger.prune(tomorrow, NOW) == (0, 0)  # one is under way
    record(store, second, "me", Rejected("550"), NOW)
    assert store.ledger.prune(DAY, NOW) == (0, 0)
    assert store.ledger.prune(tomorrow, NOW) == (2, 1)
    books = store.ledger.close(DAY, NOW, 12)
    assert (books.counts, books.balanced) == ({"sent": 1, "refused": 1}, True)
    assert queued(store) == 0
    # Whoever got it must not get it again because nobody knows of it any more.
    with pytest.raises(EditionError, match="2026-03-02: its deliveries were pruned"):
        store.ledger.retry(DAY, ["refused", "expired"], NOW, 12)
    assert queued(store) == 0


def test_days_whose_last_window_is_over_are_closed_once(
    store: SqlStore, subscribe: Subscribe
) -> None:
    subscribe(created_at=NOW - timedelta(days=30))
    over = NOW + timedelta(days=3)
    due = store.ledger.close_due(over, 12)
    assert due[-1] == DAY
    assert len(due) == 7
    books = store.ledger.close(DAY, over, 12)
    assert (dict(books.counts), books.balanced) == ({"expired": 1}, True)
    # A day without edition is not forgotten: neither now nor when it is asked for again.
    silent = store.ledger.close(due[0], over, 12)
    assert silent.faults == ("there is no published edition, and 1 readers were due",)
    assert store.ledger.audit(due[0], over, 12) == silent
    assert store.ledger.close_due(over, 12) == due[1:-1]
    assert due[0] not in store.ledger.close_due(NOW, 12)
