"""What can be wrong with a database is said in a line, with the next step, without the password."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from digest.domain.subscriber import Status
from digest.errors import StorageError
from digest.settings import DatabaseSettings
from digest.storage import SqlStore, connect, open_store
from tests.databases import Postgres, settings_for
from tests.storage.conftest import a_subscriber


def fault(url: str, *, keep: bool = True, busy_timeout_s: float = 0.2) -> StorageError:
    with (
        pytest.raises(StorageError) as caught,
        open_store(settings_for(url, busy_timeout_s), keep=keep) as store,
    ):
        store.subscribers.add(a_subscriber())
    assert caught.value.hint
    assert "secret" not in str(caught.value)
    assert "\n" not in caught.value.message
    return caught.value


@pytest.mark.parametrize("keep", [True, False])
def test_a_file_that_is_no_database(tmp_path: Path, keep: bool) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"Dear diary, " * 1000)
    assert "not an SQLite database" in fault(f"sqlite:///{path}", keep=keep).message
    assert str(path) in fault(f"sqlite:///{path}", keep=keep).message
    assert path.read_bytes() == b"Dear diary, " * 1000


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = fault(f"sqlite:///{tmp_path}/file/sub/digest.db")
    assert "cannot be made" in found.message
    assert "database.url" in found.hint


def test_a_folder_in_place_of_the_file(tmp_path: Path) -> None:
    for keep in (True, False):
        assert "cannot be opened" in fault(f"sqlite:///{tmp_path}", keep=keep).message


@pytest.fixture
def locked_folder() -> Iterator[Path]:
    """A folder that this test may look into and not write; root becomes `nobody` for it."""
    folder = Path(tempfile.mkdtemp(prefix="digest-test-"))
    root = os.geteuid() == 0
    folder.chmod(0o755)
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def lock(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o444)
    folder.chmod(0o555)
    if os.geteuid() == 0:
        os.seteuid(65534)


def test_a_folder_that_may_not_be_written(locked_folder: Path) -> None:
    lock(locked_folder)
    assert "cannot be opened" in fault(f"sqlite:///{locked_folder}/digest.db").message
    assert "cannot be made" in fault(f"sqlite:///{locked_folder}/sub/digest.db").message


def test_a_file_that_may_only_be_read(locked_folder: Path, sqlite_template: Path) -> None:
    path = locked_folder / "digest.db"
    shutil.copy(sqlite_template, path)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    lock(locked_folder)
    assert "may be read but not written" in fault(f"sqlite:///{path}").message
    with open_store(settings_for(f"sqlite:///{path}"), keep=False) as trial:
        assert trial.subscribers.add(a_subscriber()) is not None


def test_a_lock_that_is_held_too_long(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "digest.db"
    path.write_bytes(sqlite_template.read_bytes())
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        found = fault(f"sqlite:///{path}")
    finally:
        other.close()
    assert "writing for too long" in found.message
    assert "try again" in found.hint


def test_a_reader_locks_nobody_out(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "digest.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_store(settings_for(f"sqlite:///{path}", 0.2)) as store, store.read() as connection:
        connection.execute(text("SELECT count(*) FROM subscribers"))
        added: list[object] = []
        writer = threading.Thread(
            target=lambda: added.append(store.subscribers.add(a_subscriber()))
        )
        writer.start()
        writer.join()
        assert added


def test_what_sqlite_is_told(tmp_path: Path) -> None:
    database = connect(settings_for(f"sqlite:///{tmp_path}/digest.db", 12.5))
    found = {}
    for kind in ("read", "write", "ledger", "migrate", "write"):
        with database.transaction(kind) as connection:
            found[kind] = tuple(
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            )
    database.close()
    assert found["write"] == ("wal", 2, 1, 12500)
    assert found["ledger"] == ("wal", 1, 1, 12500)
    assert found["migrate"] == ("wal", 2, 0, 12500)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite+aiosqlite:///digest.db",
        "postgresql+asyncpg://digest:secret@db.example/digest",
        "postgresql://digest:secret@db.example:port/digest",
    ],
)
def test_a_url_that_means_nothing(url: str) -> None:
    assert "database.url" in fault(url).message


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused
        port = taken.getsockname()[1]
        found = fault(f"postgresql://digest:secret@127.0.0.1:{port}/digest")
    assert f"postgresql://digest@127.0.0.1:{port}/digest: the server cannot be" in found.message
    assert "host and port" in found.hint


def test_the_short_scheme_of_postgres_is_understood() -> None:
    settings = DatabaseSettings.model_construct(
        url=SecretStr("postgres://digest:secret@db.example/digest"), busy_timeout_s=1.0
    )
    database = connect(settings)
    assert database.url.drivername == "postgresql+psycopg"
    assert database.place == "postgresql://digest@db.example/digest"
    database.close()


def test_what_the_server_refuses(postgres: Postgres) -> None:
    with postgres.administrator() as connection:
        connection.execute("DROP ROLE IF EXISTS locked")
        connection.execute("CREATE ROLE locked LOGIN PASSWORD 'right'")
    base = f"postgresql://locked:secret@/made?host={postgres.folder}"
    assert "refuses the user or the password" in fault(base).message
    assert "the password" in fault(base.replace(":secret", "")).hint
    by_query = fault(f"postgresql://locked@/made?host={postgres.folder}&password=secret")
    assert "refuses the user or the password" in by_query.message
    assert "no such database" in fault(postgres.url("nowhere")).message
    assert "does not know this user" in fault(postgres.url("made", user="nobody_here")).message
    may_not = fault(base.replace("secret", "right"))
    assert "lacks a right" in may_not.message


def test_a_lock_of_postgres_that_is_held_too_long(postgres: Postgres) -> None:
    url = postgres.url(postgres.database("made"))
    settings = settings_for(url, 0.2)
    with open_store(settings) as one, open_store(settings) as two, one.write():
        one.subscribers.add(a_subscriber())
        with pytest.raises(StorageError, match="holds what is needed for too long"):
            two.subscribers.add(a_subscriber())


def test_connections_that_the_server_ended_are_made_anew(postgres: Postgres) -> None:
    name = postgres.database("made")
    with open_store(settings_for(postgres.url(name))) as store:
        _end_connections(postgres, name)
        assert store.subscribers.add(a_subscriber()) is not None
        with pytest.raises(StorageError, match="cannot be reached"):
            _lose_the_connection(store, postgres, name)
        assert store.subscribers.counts()[Status.ACTIVE] == 1


def _lose_the_connection(store: SqlStore, postgres: Postgres, name: str) -> None:
    with store.write():
        store.subscribers.counts()
        _end_connections(postgres, name)
        store.subscribers.counts()


def _end_connections(postgres: Postgres, name: str) -> None:
    with postgres.administrator() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )


def test_importing_the_room_stays_cheap() -> None:
    code = "import sys, digest.storage; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "sqlalchemy" in loaded
    assert not loaded & {"numpy", "matplotlib", "alembic", "psycopg"}


def test_in_memory_one_connection_serves_all_threads() -> None:
    with open_store(settings_for("sqlite://")) as store:
        threads = [
            threading.Thread(target=lambda n=n: store.subscribers.add(a_subscriber(f"r{n}")))
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.subscribers.counts()[Status.ACTIVE] == 8
