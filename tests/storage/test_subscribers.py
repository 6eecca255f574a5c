from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from digest.domain.delivery import Rejected
from digest.domain.edition import Edition
from digest.domain.subscriber import WEEKDAYS, Preferences, Status, Subscriber
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, open_store, schema
from tests.storage.conftest import DAY, NOW, a_subscriber, record

Subscribe = Callable[..., Subscriber]
PREFERENCES = Preferences(
    zone="America/St_Johns", hour=23, days=WEEKDAYS, concepts=2, stories=0, level=1,
    tracks=frozenset({"optimisation", "généralités"}), text_only=True,
)  # fmt: skip


def test_a_subscriber_comes_back_whole(store: SqlStore) -> None:
    given = a_subscriber(
        preferences=PREFERENCES, status=Status.PAUSED, confirmed_at=NOW, paused_until=NOW
    )
    made = store.subscribers.add(given)
    assert made is not None
    assert made == replace(given, id=made.id)
    assert made.id > 0
    assert store.subscribers.find("ada@example.org") == made
    assert store.subscribers.find("bo@example.org") is None


def test_a_known_address_is_not_added(store: SqlStore, subscribe: Subscribe) -> None:
    first = subscribe()
    assert store.subscribers.add(a_subscriber(status=Status.PENDING)) is None
    assert store.subscribers.find(first.key) == first


def test_changes_are_written_back(store: SqlStore, subscribe: Subscribe) -> None:
    changed = replace(subscribe(), status=Status.UNSUBSCRIBED, preferences=PREFERENCES)
    other = subscribe("bo")
    store.subscribers.update(changed)
    assert store.subscribers.find("ada@example.org") == changed
    assert store.subscribers.find("bo@example.org") == other


def test_listing_streams_all_in_order(store: SqlStore) -> None:
    with store.write():
        for number in range(2001):
            status = Status.PENDING if number % 2 else Status.ACTIVE
            store.subscribers.add(a_subscriber(f"r{number}", status=status))
    ids = [subscriber.id for subscriber in store.subscribers.listing()]
    assert len(ids) == 2001
    assert ids == sorted(ids)
    assert len(list(store.subscribers.listing(Status.PENDING))) == 1000
    counts = store.subscribers.counts()
    assert counts == dict.fromkeys(Status, 0) | {Status.ACTIVE: 1001, Status.PENDING: 1000}


def test_a_reader_of_the_list_holds_no_lock(store: SqlStore, subscribe: Subscribe) -> None:
    subscribe()
    subscribe("bo")
    for subscriber in store.subscribers.listing():
        store.subscribers.update(replace(subscriber, status=Status.PENDING))
    assert store.subscribers.counts()[Status.PENDING] == 2


def test_suppressions(store: SqlStore) -> None:
    assert not store.subscribers.is_suppressed("abc")
    store.subscribers.suppress("abc", "bounced", NOW)
    store.subscribers.suppress("abc", "complained", NOW)
    assert store.subscribers.is_suppressed("abc")
    assert not store.subscribers.is_suppressed("ab")


def test_erasing_leaves_no_trace_of_the_address(
    store: SqlStore, subscribe: Subscribe, publish: Callable[..., Edition]
) -> None:
    erased, other = subscribe("ada"), subscribe("bo")
    publish()
    store.deliveries.enqueue(DAY, NOW, 12, None)
    for delivery in store.deliveries.claim(DAY, "me", NOW, 10):
        record(store, delivery, "me", Rejected(f"550 {delivery.address}"), NOW)
    assert store.subscribers.erase(erased.key)
    assert not store.subscribers.erase(erased.key)
    assert store.subscribers.find(erased.key) is None
    assert store.deliveries.counts(DAY) == {"refused": 2}
    assert store.deliveries.domains(DAY) == {"example.org": 1}
    with store.read() as connection:
        for table in schema.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                assert "ada@" not in str(row).lower()
    assert store.subscribers.find(other.key) == other


def test_an_erased_readers_id_is_never_given_again(store: SqlStore, subscribe: Subscribe) -> None:
    first = subscribe()
    store.subscribers.erase(first.key)
    assert subscribe().id > first.id


def test_what_was_queued_for_an_erased_reader_is_not_sent(
    store: SqlStore, subscribe: Subscribe, publish: Callable[..., Edition]
) -> None:
    reader = subscribe()
    publish()
    store.deliveries.enqueue(DAY, NOW, 12, None)
    store.subscribers.erase(reader.key)
    assert store.deliveries.claim(DAY, "me", NOW, 10) == []
    assert store.deliveries.counts(DAY) == {"suppressed": 1}
    later = NOW + timedelta(minutes=1)
    assert store.deliveries.enqueue(DAY, later, 12, None) == 0


def test_a_change_of_the_secret_key_lets_nobody_back_in(
    store: SqlStore, database_settings: DatabaseSettings
) -> None:
    before = {"hashes_of": lambda key: [f"old {key}"], "key_id": "old"}
    after = {"hashes_of": lambda key: [f"new {key}", f"old {key}"], "key_id": "new"}
    with open_store(database_settings, **before) as one:
        one.subscribers.suppress("a@example.org", "complaint", NOW)
    with open_store(database_settings, **after) as two:
        people = two.subscribers
        assert people.suppressed_for("a@example.org") == "complaint"
        people.suppress("a@example.org", "bounced", NOW)  # the first reason stays
        people.suppress("b@example.org", "bounced", NOW)
        assert people.suppressed_among(["a@example.org", "b@example.org", "c@example.org"]) == {
            "a@example.org", "b@example.org",
        }  # fmt: skip
        assert people.suppression_keys() == {"old": 1, "new": 1}
        people.lift("a@example.org")
        assert not people.is_suppressed("a@example.org")
    with open_store(database_settings, **before) as three:
        assert not three.subscribers.is_suppressed("b@example.org")  # hence the doctor's check
