"""A dry run: everything happens, nothing lasts."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, inspect, select

from digest.domain.delivery import Accepted
from digest.ports import FeedResult, FeedState
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, connect, open_store, schema
from tests.databases import settings_for
from tests.storage.conftest import (
    DAY,
    NOW,
    a_subscriber,
    an_edition,
    an_entry,
    mark,
    record,
    some_blocks,
)


def everything(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: [tuple(row) for row in connection.execute(select(table))]
        for table in schema.metadata.sorted_tables
    }


def a_whole_day(store: SqlStore) -> None:
    store.entries.record(FeedResult(FeedState("lab"), (an_entry(),)), NOW)
    store.subscribers.add(a_subscriber("trial"))
    with store.write():
        store.editions.save(an_edition(), some_blocks())
        store.editions.publish(DAY, NOW)
    store.deliveries.enqueue(DAY, NOW, 12, None)
    (delivery,) = store.deliveries.claim(DAY, "me", NOW, 9)
    mark(store, delivery, "me", NOW)
    record(store, delivery, "me", Accepted("250"), NOW)
    assert store.deliveries.counts(DAY) == {"sent": 1}
    assert len(store.entries.window(NOW - timedelta(days=9), NOW)) == 1


def test_nothing_of_a_dry_run_lasts(database_settings: DatabaseSettings) -> None:
    tomorrow = DAY + timedelta(days=1)
    with open_store(database_settings) as store:
        store.editions.save(an_edition(tomorrow, 2), some_blocks())
        store.subscribers.suppress("abc", "bounced", NOW)
        with store.read() as connection:
            before = everything(connection)
    path = connect(database_settings).path
    bytes_before = hashlib.sha256(path.read_bytes()).digest() if path else b""

    with open_store(database_settings, keep=False) as trial:
        assert trial.editions.get(tomorrow) == an_edition(tomorrow, 2)
        a_whole_day(trial)
        assert trial.editions.get(tomorrow) == an_edition(tomorrow, 2)

    assert (hashlib.sha256(path.read_bytes()).digest() if path else b"") == bytes_before
    with open_store(database_settings) as store, store.read() as connection:
        assert everything(connection) == before
        assert len(before["editions"]) == 1


def _break_off(settings: DatabaseSettings) -> None:
    with open_store(settings, keep=False) as trial:
        trial.subscribers.add(a_subscriber())
        _ = 1 / 0


def test_a_dry_run_that_breaks_off_leaves_nothing(database_settings: DatabaseSettings) -> None:
    with pytest.raises(ZeroDivisionError):
        _break_off(database_settings)
    with open_store(database_settings) as store:
        assert store.subscribers.find("ada@example.org") is None


def _add_and_fail(store: SqlStore) -> None:
    with store.write():
        store.subscribers.add(a_subscriber("undone"))
        _ = 1 / 0


def test_a_block_that_fails_is_undone_inside_a_dry_run(
    database_settings: DatabaseSettings,
) -> None:
    with open_store(database_settings, keep=False) as trial:
        trial.subscribers.add(a_subscriber("kept"))
        with pytest.raises(ZeroDivisionError):
            _add_and_fail(trial)
        assert trial.subscribers.find("kept@example.org") is not None
        assert trial.subscribers.find("undone@example.org") is None


def test_a_dry_run_works_where_there_is_no_database_yet(
    empty_database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(empty_database_url)
    with open_store(settings, keep=False) as trial:
        a_whole_day(trial)
    assert not (tmp_path / "db").exists()
    if not empty_database_url.startswith("sqlite"):
        database = connect(settings)
        with database.transaction("read") as connection:
            assert inspect(connection).get_table_names() == []
        database.close()


def test_senders_do_not_wait_for_a_dry_run(database_settings: DatabaseSettings) -> None:
    quick = database_settings.model_copy(update={"busy_timeout_s": 0.2})
    with open_store(database_settings, keep=False) as trial, open_store(quick) as store:
        trial.subscribers.add(a_subscriber("trial"))
        assert store.subscribers.add(a_subscriber("real")) is not None
        assert trial.subscribers.find("trial@example.org") is not None
    with open_store(database_settings) as store, store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(schema.subscribers)) == 1
