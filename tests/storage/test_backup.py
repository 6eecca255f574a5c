"""Backups of both databases, and the way back."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest.domain.access import Scope, Session, Token
from digest.domain.edition import Edition
from digest.domain.subscriber import Status, Subscriber
from digest.errors import StorageError, UsageError
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, open_store
from digest.storage.backup import backup, restore, verify
from tests.databases import Postgres, settings_for
from tests.storage.conftest import DAY, NOW, a_subscriber, an_edition, some_blocks

Subscribe = Callable[..., Subscriber]


@pytest.fixture(autouse=True)
def tools(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pg_dump and pg_restore of the tests' server on the PATH."""
    if "postgres" in request.node.name:
        server = request.getfixturevalue("postgres")
        monkeypatch.setenv("PATH", f"{server._bin}:/usr/bin:/bin")


def test_a_backup_comes_back_held_and_without_those_who_left_since(
    store: SqlStore,
    database_settings: DatabaseSettings,
    publish: Callable[..., Edition],
    subscribe: Subscribe,
    tmp_path: Path,
) -> None:
    publish()
    stays, leaves, _gone = [subscribe(name) for name in "abc"]
    store.deliveries.enqueue(DAY, NOW, 12, None)
    file = tmp_path / "backup"
    made = backup(database_settings, file)
    assert made.rows == {"subscribers": 3, "suppressions": 0, "editions": 1, "deliveries": 3}
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="is there already"):
        backup(database_settings, file)

    store.subscribers.update(replace(leaves, status=Status.UNSUBSCRIBED, left_at=NOW))
    store.subscribers.suppress("c@example.org", "bounced", NOW)
    store.subscribers.erase("c@example.org")
    store.access.close()  # type: ignore[attr-defined] - all processes have ended

    assert verify(database_settings, file).rows == made.rows
    found = restore(database_settings, file, NOW + timedelta(days=1))
    assert found.merged == 2
    with open_store(database_settings) as restored:
        assert [hold.name for hold in restored.ledger.holds()] == ["restored"]
        assert restored.deliveries.claim(DAY, "me", NOW, 9) == []
        restored.ledger.release(["restored"])
        (claimed,) = restored.deliveries.claim(DAY, "me", NOW, 9)
        assert claimed.address == stays.address
        assert restored.deliveries.counts(DAY) == {"claimed": 1, "suppressed": 2}


def test_a_backup_opens_no_door_that_was_shut_since(
    store: SqlStore, database_settings: DatabaseSettings, tmp_path: Path
) -> None:
    keys = store.keys
    for number, name in enumerate(("leaked", "good")):
        keys.add(Token(str(number) * 12, name, "f" * 64, frozenset({Scope.ADMIN}), NOW))
    keys.set_password("old", NOW)
    keys.open(Session("a" * 64, "operator", NOW, NOW))
    backup(database_settings, tmp_path / "backup")
    keys.revoke("leaked", NOW)
    keys.set_password("new", NOW)
    store.access.close()  # type: ignore[attr-defined] - all processes have ended
    restore(database_settings, tmp_path / "backup", NOW)
    with open_store(database_settings) as restored:
        assert [token.holds(NOW) for token in restored.keys.tokens()] == [False, True]
        assert restored.keys.password() == "new"
        assert restored.keys.session("a" * 64) is None


def test_a_backup_takes_back_no_letter_of_a_warm_up(
    store: SqlStore, database_settings: DatabaseSettings, tmp_path: Path
) -> None:
    with store.paces.held("server:a:25") as (state, at):
        state.first, state.day, state.sent = at.date() - timedelta(days=3), at.date(), 100
    backup(database_settings, tmp_path / "backup")
    with store.paces.held("server:a:25") as (state, _):
        state.sent = 700
    with store.paces.held("domain:x.example") as (state, at):
        state.at, state.slowed, state.trouble_at = at, 2.5, at
    store.access.close()  # type: ignore[attr-defined] - all processes have ended
    restore(database_settings, tmp_path / "backup", NOW)
    with open_store(database_settings) as restored:
        with restored.paces.held("server:a:25") as (state, _):
            assert state.sent == 700
        assert restored.paces.slowed()["domain:x.example"].slowed == 2.5


def test_a_backup_of_an_older_program_is_brought_up_to_date(
    sqlite_template: Path, tmp_path: Path
) -> None:
    file, settings = tmp_path / "old.backup", settings_for(f"sqlite:///{tmp_path}/digest.db")
    shutil.copy(sqlite_template, file)
    with closing(sqlite3.connect(file, isolation_level=None)) as old:
        old.execute("DROP TABLE paces")
        old.execute("UPDATE digest_revision SET version_num = '0009'")
    assert restore(settings, file, NOW).revision > "0009"
    with open_store(settings) as restored:
        assert restored.paces.slowed() == {}


def test_a_damaged_backup_is_noticed(
    store: SqlStore, database_settings: DatabaseSettings, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    backup(database_settings, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    # The backup is to blame, not the database: else one would go and restore another.
    blamed = f"{file}: cannot be read" if whole.startswith(b"SQLite") else "pg_restore failed"
    with pytest.raises(StorageError, match=f"^{blamed}"):
        verify(database_settings, file)
    with pytest.raises(StorageError, match=f"^{blamed}"):
        restore(database_settings, file, NOW)
    assert store.ledger.holds() == []
    file.write_bytes(b"hello")
    with pytest.raises(UsageError, match="is no backup"):
        verify(database_settings, file)
    with pytest.raises(UsageError, match="cannot be read"):
        restore(database_settings, tmp_path / "none", NOW)


def test_without_pg_dump_it_says_what_to_install(
    store: SqlStore,
    database_settings: DatabaseSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    if "postgresql" in database_settings.url.get_secret_value():
        with pytest.raises(StorageError, match="pg_dump is not installed"):
            backup(database_settings, tmp_path / "backup")
    else:
        backup(database_settings, tmp_path / "backup")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".backup")] == []


def test_a_backup_of_sqlite_is_carried_over_to_an_empty_postgres(
    sqlite_template: Path, postgres: Postgres, tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "digest.db")
    small = settings_for(f"sqlite:///{tmp_path / 'digest.db'}")
    with open_store(small) as store:
        store.editions.save(an_edition(DAY, 1), some_blocks())
        store.editions.publish(DAY, NOW)
        store.editions.save(an_edition(DAY + timedelta(days=1), 2), some_blocks())
        for name in ("a", "b"):
            store.subscribers.add(a_subscriber(name))
        store.subscribers.suppress("c@example.org", "bounced", NOW)
        store.deliveries.enqueue(DAY, NOW, 12, None)
        edition, blocks = store.editions.get(DAY), store.editions.blocks(DAY)
        draft = store.editions.get(DAY + timedelta(days=1))
        readers = list(store.subscribers.listing())
    backup(small, tmp_path / "backup")
    name = postgres.database("template0")
    large = settings_for(postgres.url(name))
    try:
        assert verify(large, tmp_path / "backup").rows["subscribers"] == 2
        found = restore(large, tmp_path / "backup", NOW)
        assert found.rows == {"subscribers": 2, "suppressions": 1, "editions": 2, "deliveries": 2}
        with open_store(large) as there:
            assert there.editions.get(DAY) == edition
            assert there.editions.blocks(DAY) == blocks
            assert there.editions.get(DAY + timedelta(days=1)) == draft
            assert list(there.subscribers.listing()) == readers
            assert [hold.name for hold in there.ledger.holds()] == ["restored"]
            there.ledger.release(["restored"])
            assert len(there.deliveries.claim(DAY, "me", NOW, 9)) == 2
            # New rows are numbered after those that came over.
            fresh = there.subscribers.add(a_subscriber("d"))
            assert fresh is not None
            assert fresh.id > max(reader.id for reader in readers)
        with pytest.raises(UsageError, match="holds 3 subscribers already"):
            restore(large, tmp_path / "backup", NOW)
    finally:
        postgres.drop(name)
