"""Paces as rows: held by one sender at a time, and let go when they tell nothing any more."""

from __future__ import annotations

from datetime import timedelta
from math import inf

import pytest

from digest.domain.pace import PaceState
from digest.errors import StorageError
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, open_store
from tests.databases import settings_for


def kept(store: SqlStore, key: str) -> PaceState:
    with store.paces.held(key) as (state, _):
        return state


def test_a_state_is_kept_as_it_is(store: SqlStore) -> None:
    assert kept(store, "server:ä:25") == PaceState()
    with store.paces.held("server:ä:25") as (state, at):
        state.tokens, state.at, state.slowed, state.trouble_at = 0.1 + 0.2, at, 1 / 60, at
        state.first, state.day, state.sent = at.date() - timedelta(days=1), at.date(), 7
    assert kept(store, "server:ä:25") == state
    assert dict(store.paces.slowed()) == {"server:ä:25": state}
    with store.paces.held("server:ä:25") as (again, later):
        again.slowed, again.trouble_at = inf, None
    assert timedelta() <= later - at < timedelta(seconds=30)
    assert store.paces.slowed() == {}
    with pytest.raises(ZeroDivisionError), store.paces.held("server:ä:25") as (broken, _):
        broken.sent = 1 // 0
    assert kept(store, "server:ä:25") == again


def test_one_sender_at_a_time_holds_a_key(
    store: SqlStore, database_settings: DatabaseSettings
) -> None:
    url = database_settings.url.get_secret_value()
    kept(store, "a")
    with open_store(settings_for(url, 0.2)) as other, store.paces.held("a") as (state, _):
        state.sent += 1
        with pytest.raises(StorageError), other.paces.held("a"):
            raise AssertionError("held by two")
        if url.startswith("postgres"):
            kept(other, "b")
    assert kept(store, "a").sent == 1


def test_keys_that_tell_nothing_any_more_are_let_go(store: SqlStore) -> None:
    days = {"domain:fresh": 1, "domain:old": 3, "server:old": 3, "server:warming": 300}
    for key, age in days.items():
        with store.paces.held(key) as (state, at):
            state.at = at - timedelta(days=age)
            if key == "server:warming":
                state.first = at.date() - timedelta(days=age)
            if key == "domain:old":
                state.slowed, state.trouble_at = 1 / 60, state.at
    kept(store, "domain:new")
    with store.read() as connection:
        found = connection.exec_driver_sql("SELECT key FROM paces ORDER BY key").scalars().all()
    assert found == ["domain:fresh", "domain:new", "server:warming"]
