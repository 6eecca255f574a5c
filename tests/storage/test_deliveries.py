from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from digest.domain.delivery import Accepted, Deferred, Delivery, Rejected, Unsent
from digest.domain.edition import Edition
from digest.domain.subscriber import WEEKDAYS, Preferences, Status, Subscriber
from digest.errors import EditionError
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, acks, open_store, queue, schema
from tests.storage.conftest import (
    DAY,
    NOW,
    a_subscriber,
    an_edition,
    mark,
    record,
    release,
)

Subscribe = Callable[..., Subscriber]
MINUTE = timedelta(minutes=1)
LEASE = 15 * MINUTE


@pytest.fixture(autouse=True)
def published(publish: Callable[..., Edition]) -> Edition:
    return publish()


def claimed(store: SqlStore, owner: str = "me", now: datetime = NOW) -> Delivery:
    (delivery,) = store.deliveries.claim(DAY, owner, now, 10)
    return delivery


def queued(store: SqlStore, now: datetime = NOW) -> int:
    return store.deliveries.enqueue(DAY, now, 12, None)


# --- making rows --------------------------------------------------------------------------------


def test_everyone_whose_hour_has_come_gets_one_row(store: SqlStore, subscribe: Subscribe) -> None:
    due = {
        "at-the-minute": Preferences(hour=8),
        "berlin": Preferences(zone="Europe/Berlin", hour=9),
        "auckland": Preferences(zone="Pacific/Auckland", hour=10),
    }
    not_due = {
        "later": Preferences(hour=9),
        "no-monday": Preferences(days=frozenset({1, 2})),
        "long-past": Preferences(zone="Pacific/Kiritimati", hour=7),
        "california": Preferences(zone="America/Los_Angeles", hour=7),
    }
    for name, preferences in (due | not_due).items():
        subscribe(name, preferences=preferences)
    assert queued(store) == 3
    assert queued(store) == 0
    addresses = {d.address.lower() for d in store.deliveries.claim(DAY, "me", NOW, 10)}
    assert addresses == {f"{name}@example.org" for name in due}
    assert queued(store, NOW + timedelta(hours=1)) == 1


@pytest.mark.parametrize("status", list(Status))
def test_only_active_readers_get_a_row(
    store: SqlStore, subscribe: Subscribe, status: Status
) -> None:
    subscribe(status=status, paused_until=NOW + MINUTE)
    assert queued(store) == (status is Status.ACTIVE)


def test_a_pause_that_is_over_counts_as_active(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe(status=Status.PAUSED, paused_until=NOW)
    subscribe("bo", status=Status.PAUSED)
    assert queued(store) == 1
    assert claimed(store).address == "Ada@example.org"


def test_a_limit_leaves_the_rest_for_later(store: SqlStore, subscribe: Subscribe) -> None:
    for name in "abc":
        subscribe(name)
    assert store.deliveries.enqueue(DAY, NOW, 12, 2) == 2
    assert store.deliveries.enqueue(DAY, NOW, 12, 2) == 1


def test_more_than_a_page_is_queued(store: SqlStore) -> None:
    with store.write():
        for number in range(1001):
            store.subscribers.add(a_subscriber(f"r{number}"))
    assert queued(store) == 1001
    assert store.deliveries.counts(DAY) == {"pending": 1001}
    assert len(store.deliveries.claim(DAY, "me", NOW, 1000)) == 1000


def test_a_draft_is_not_sent(store: SqlStore) -> None:
    tomorrow = DAY + timedelta(days=1)
    store.editions.save(an_edition(tomorrow, 2), [])
    for on in (tomorrow, date(2020, 1, 1)):
        with pytest.raises(EditionError, match="is not published"):
            store.deliveries.enqueue(on, NOW, 12, None)


def test_a_delivery_has_what_composing_needs_and_stays_the_same(
    database_settings: DatabaseSettings, subscribe: Subscribe
) -> None:
    wants = Preferences(zone="Europe/Berlin", days=WEEKDAYS, tracks=frozenset({"optimisation"}))
    reader = subscribe(preferences=wants)
    with open_store(database_settings, message_id=lambda on, to: f"{on}.{to}@x.example") as store:
        queued(store)
        first = claimed(store)
        assert first == Delivery(
            id=first.id,
            edition=DAY,
            subscriber_id=reader.id,
            address=reader.address,
            preferences=wants,
            message_id=f"{DAY}.{reader.id}@x.example",
            date_header=NOW.replace(microsecond=0),
            attempts=1,
        )
        # The wish changes between two attempts: the letter does not.
        store.subscribers.update(replace(reader, preferences=Preferences(text_only=True)))
        record(store, first, "me", Deferred("451 later"), NOW)
        second = claimed(store, now=NOW + 5 * MINUTE)
        assert second == replace(first, attempts=2)


# --- working rows off ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "status"), [(Accepted("250 ok"), "sent"), (Rejected("550 no"), "refused")]
)
def test_a_letter_that_ended_is_never_claimed_again(
    store: SqlStore, subscribe: Subscribe, result: Accepted | Rejected, status: str
) -> None:
    subscribe()
    queued(store)
    delivery = claimed(store)
    mark(store, delivery, "me", NOW)
    assert store.deliveries.counts(DAY) == {"on_wire": 1}
    record(store, delivery, "me", result, NOW)
    assert store.deliveries.counts(DAY) == {status: 1}
    assert store.deliveries.claim(DAY, "me", NOW + timedelta(days=9), 9) == []
    assert queued(store) == 0


def test_retries_wait_longer_and_longer_then_the_row_expires(
    database_settings: DatabaseSettings, subscribe: Subscribe
) -> None:
    subscribe()
    with open_store(database_settings, retry_minutes=[5, 15]) as store:
        queued(store)
        now = NOW
        for wait in (5, 15):
            record(store, claimed(store, now=now), "me", Deferred("451"), now)
            assert store.deliveries.next_due(DAY) == now + wait * MINUTE
            just_before = now + wait * MINUTE - timedelta(microseconds=1)
            assert store.deliveries.claim(DAY, "me", just_before, 9) == []
            now += wait * MINUTE
        record(store, claimed(store, now=now), "me", Deferred("451"), now)
        assert store.deliveries.counts(DAY) == {"expired": 1}
        assert store.deliveries.next_due(DAY) is None


def test_trouble_of_the_server_uses_up_no_retry(
    database_settings: DatabaseSettings, subscribe: Subscribe
) -> None:
    subscribe()
    with open_store(database_settings, retry_minutes=[5]) as store:
        queued(store)
        now = NOW
        for _ in range(4):
            delivery = claimed(store, now=now)
            record(store, delivery, "me", Deferred("421", server_wide=True), now)
            now += 5 * MINUTE
        assert store.deliveries.counts(DAY) == {"deferred": 1}


def test_a_retry_that_would_come_too_late_expires(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe(preferences=Preferences(hour=7))
    queued(store)
    late = datetime(2026, 3, 2, 18, 56, tzinfo=UTC)
    record(store, claimed(store, now=late), "me", Deferred("451"), late)
    assert store.deliveries.counts(DAY) == {"expired": 1}


def test_what_nobody_sent_in_time_expires(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    assert store.deliveries.claim(DAY, "me", NOW + timedelta(hours=12), 9) == []
    assert store.deliveries.counts(DAY) == {"expired": 1}


def test_a_claim_is_safe_until_its_lease_ends(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    assert claimed(store, "dead").attempts == 1
    assert store.deliveries.claim(DAY, "heir", NOW + LEASE - MINUTE, 9) == []
    assert claimed(store, "heir", NOW + LEASE).attempts == 2


def test_an_owner_beyond_its_lease_writes_nothing(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    stale = claimed(store, "slow")
    fresh = claimed(store, "heir", NOW + LEASE)
    assert not mark(store, stale, "slow", NOW + LEASE)
    record(store, stale, "slow", Rejected("550"), NOW + LEASE)
    release(store, stale, "slow", "late", NOW + LEASE)
    assert store.deliveries.counts(DAY) == {"claimed": 1}
    record(store, fresh, "heir", Accepted("250"), NOW + LEASE)
    assert store.deliveries.counts(DAY) == {"sent": 1}


def test_only_the_owner_writes(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    delivery = claimed(store, "me")
    assert not mark(store, delivery, "thief", NOW)
    record(store, delivery, "thief", Accepted("250"), NOW)
    release(store, delivery, "thief", "mine", NOW)
    assert store.deliveries.counts(DAY) == {"claimed": 1}


def test_an_older_attempt_of_the_same_owner_writes_nothing(
    store: SqlStore, subscribe: Subscribe
) -> None:
    subscribe()
    queued(store)
    first = claimed(store)
    claimed(store, now=NOW + LEASE)
    record(store, first, "me", Accepted("250"), NOW + LEASE)
    assert store.deliveries.counts(DAY) == {"claimed": 1}


def test_a_released_row_is_free_at_once_and_unblamed(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    for _ in range(9):
        release(store, claimed(store), "me", "connection lost", NOW)
        assert store.deliveries.counts(DAY) == {"pending": 1}


def test_a_letter_that_is_known_not_to_have_gone_out_is_free_at_its_time(
    store: SqlStore, subscribe: Subscribe
) -> None:
    subscribe()
    queued(store)
    delivery = claimed(store)
    assert mark(store, delivery, "me", NOW)
    record(store, delivery, "me", Unsent("its domain has had enough", NOW + MINUTE), NOW)
    assert store.deliveries.counts(DAY) == {"pending": 1}
    assert store.deliveries.claim(DAY, "me", NOW, 9) == []
    assert claimed(store, now=NOW + MINUTE).attempts == 2


def test_one_exchange_does_it_all_and_touches_nothing_else(
    store: SqlStore, subscribe: Subscribe
) -> None:
    readers = [subscribe(name) for name in "abcdefgh"]
    queued(store)
    a, b, c, d, e, f, *_ = store.deliveries.claim(DAY, "me", NOW, 7)
    left = store.deliveries.exchange("me", NOW, [], [a, b, c, d])
    assert left == [a, b, c, d]
    store.subscribers.update(replace(readers[5], status=Status.UNSUBSCRIBED))
    ended = [
        (a, Accepted("250 ok")),
        (b, Rejected("550 no")),
        (c, Deferred("450 later")),
        (d, Unsent("the connection was lost")),
    ]
    assert store.deliveries.exchange("me", NOW, ended, [e, f]) == [e]
    # d and f are free again, h was never claimed, g is.
    assert store.deliveries.counts(DAY) == {
        "claimed": 1, "deferred": 1, "on_wire": 1, "pending": 3, "refused": 1, "sent": 1,
    }  # fmt: skip


def test_an_ambiguous_letter_is_sent_again(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    delivery = claimed(store)
    mark(store, delivery, "me", NOW + MINUTE)
    after = NOW + MINUTE + LEASE
    assert store.deliveries.claim(DAY, "heir", after - MINUTE, 9) == []
    assert claimed(store, "heir", after) == replace(delivery, attempts=2)


@pytest.mark.parametrize("status", [Status.UNSUBSCRIBED, Status.SUPPRESSED, Status.PAUSED])
def test_who_leaves_after_queueing_gets_no_letter(
    store: SqlStore, subscribe: Subscribe, status: Status
) -> None:
    gone, *others = [subscribe(name) for name in "abc"]
    queued(store)
    store.subscribers.update(replace(gone, status=status))
    # The limit is filled all the same.
    found = store.deliveries.claim(DAY, "me", NOW, 2)
    assert [d.subscriber_id for d in found] == [reader.id for reader in others]
    assert store.deliveries.counts(DAY) == {
        "claimed": 2,
        "paused" if status is Status.PAUSED else "suppressed": 1,
    }


def test_who_leaves_after_the_claim_gets_no_letter(store: SqlStore, subscribe: Subscribe) -> None:
    reader = subscribe()
    queued(store)
    delivery = claimed(store)
    store.subscribers.update(replace(reader, status=Status.UNSUBSCRIBED))
    assert not mark(store, delivery, "me", NOW)
    assert store.deliveries.counts(DAY) == {"pending": 1}
    assert store.deliveries.claim(DAY, "me", NOW, 9) == []
    assert store.deliveries.counts(DAY) == {"suppressed": 1}


def test_domains_are_counted_most_first(store: SqlStore, subscribe: Subscribe) -> None:
    for name in ("a@one.example", "b@two.example", "c@two.example", "d@zoo.example"):
        subscribe(name, key=name)
    queued(store)
    assert list(store.deliveries.domains(DAY).items()) == [
        ("two.example", 2),
        ("one.example", 1),
        ("zoo.example", 1),
    ]
    assert store.deliveries.domains(DAY + timedelta(days=1)) == {}


def test_editions_do_not_mix(
    store: SqlStore, subscribe: Subscribe, publish: Callable[..., Edition]
) -> None:
    subscribe()
    tomorrow = DAY + timedelta(days=1)
    publish(tomorrow, 2)
    queued(store)
    later = NOW + timedelta(days=1)
    assert store.deliveries.enqueue(tomorrow, later, 12, None) == 1
    (delivery,) = store.deliveries.claim(tomorrow, "me", later, 9)
    assert delivery.edition == tomorrow
    assert store.deliveries.counts(DAY) == {"pending": 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_waits_for_the_disk_once_a_second(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    queued(store)
    said: list[str] = []

    def listen(connection: Any, *_: object) -> None:
        connection.set_trace_callback(said.append)

    event.listen(store.access._database.engine, "checkout", listen)
    waited = []
    for ms in (0, 300, 900, 1000, 1400, 2100, 500):  # at last the clock is set back
        said.clear()
        now = NOW + timedelta(milliseconds=ms)
        store.deliveries.exchange("me", now, [(claimed(store), Unsent("x"))], [])
        # A claim comes before.
        waited.append([words for words in said if "synchronous" in words][-1].endswith("FULL"))
    assert waited == [True, False, False, True, False, True, True]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_group_is_found_by_its_ids_in_tables_that_nobody_has_analyzed(store: SqlStore) -> None:
    """Else each group of a large edition goes through all of it; see `acks`."""
    store.subscribers.add_all([a_subscriber(f"r{number}") for number in range(1000)])
    queued(store)
    ids = [(delivery.id, 1) for delivery in store.deliveries.claim(DAY, "me", NOW, 9)]
    values = {"rows": json.dumps(ids), "owner": "me", "edition": str(DAY), "now": NOW, "until": NOW}
    with store.access.write() as connection:
        asked = text(f"EXPLAIN {acks._MARK['postgresql']}")
        plan = "\n".join(connection.execute(asked, values).scalars())
    assert "pk_subscribers" in plan
    assert "ix_deliveries_unfinished" not in plan
    assert "ix_subscribers_status" not in plan


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_claim_reads_what_it_takes_in_tables_that_nobody_has_analyzed(store: SqlStore) -> None:
    """Else each claim collects and sorts all that waits; see `plans`."""
    store.subscribers.add_all([a_subscriber(f"r{number}") for number in range(1000)])
    queued(store)
    # What this transaction has read so far, by the indexes and without.
    read = text(
        "SELECT idx_tup_fetch + seq_tup_read FROM pg_stat_xact_user_tables "
        "WHERE relname = 'deliveries'"
    )
    with store.access.write() as connection:
        # What Postgres chooses by itself from some ten thousand rows on.
        connection.exec_driver_sql(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off"
        )
        assert len(store.deliveries.claim(DAY, "me", NOW, 10)) == 10
        assert 10 <= connection.scalar(read) <= 50


def test_readers_are_gone_through_by_their_ids_in_tables_that_nobody_has_analyzed(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else each page of a million sorts all readers that are left; see `queue`."""
    store.subscribers.add_all([a_subscriber(f"r{number}") for number in range(1000)])
    plans = []
    page = queue.Queue._insert

    def explained(self: queue.Queue, connection: Connection, *rest: Any) -> int:
        times = self.times_due(DAY, NOW, timedelta(hours=12))
        some = queue._without_row(DAY, NOW, times).order_by(schema.subscribers.c.id).limit(100)
        words = some.compile(connection, compile_kwargs={"literal_binds": True})
        how = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        plan = connection.exec_driver_sql(f"{how} {words}".replace("%", "%%")).all()
        plans.append("\n".join(str(row[-1]) for row in plan))
        return page(self, connection, *rest)

    monkeypatch.setattr(queue.Queue, "_insert", explained)
    assert queued(store) == 1000
    for plan in plans:
        assert "ix_subscribers_status" not in plan
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan
    assert plans


def test_a_database_that_stays_away_is_told_while_the_commit_waits(
    store: SqlStore,
    subscribe: Subscribe,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("digest.storage.deliveries._PATIENCE_S", (0.0,) * 4)
    for name, failures, told in (("ada", 2, ""), ("bob", 3, "the disk is full")):
        subscribe(name)
        queued(store)
        row, left = claimed(store), [failures]

        def full(*_: object, left: list[int] = left) -> None:
            if left[0]:
                left[0] -= 1
                raise sqlite3.OperationalError("database or disk is full")

        event.listen(store.access._database.engine, "before_cursor_execute", full)
        assert store.deliveries.exchange("me", NOW, [], [row]) == [row]
        assert left == [0]
        assert told in caplog.text
        assert bool(told) is bool(caplog.records)
