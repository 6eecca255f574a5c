"""The two databases: how a connection is made, and how a transaction begins.

A transaction has a kind, set as an execution option of its connection:

    read     SQLite: BEGIN, so that readers never wait for a writer and lock nobody out
    write    SQLite: BEGIN IMMEDIATE with synchronous=FULL: a reader's wish survives a power cut
    ledger   SQLite: BEGIN IMMEDIATE with synchronous=NORMAL: a power cut may take what came
             after the last commit of another kind; `deliveries` makes one a second
    migrate  SQLite: BEGIN IMMEDIATE, foreign keys off, as rebuilding a table demands

In WAL mode, NORMAL syncs at checkpoints and FULL at each commit (sqlite.org/pragma.html,
synchronous); a later FULL commit makes the NORMAL ones before it durable as well. Postgres begins
all four alike, and keeps its own synchronous_commit.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool, StaticPool

from digest.errors import StorageError
from digest.settings import DatabaseSettings
from digest.storage.faults import shown, told

Kind = Literal["read", "write", "ledger", "migrate"]

CONNECT_TIMEOUT_S: Final = 10
STATEMENT_TIMEOUT_S: Final = 120
"""Postgres: longer than the longest statement by far (1 000 rows take well below a second)."""
IDLE_TIMEOUT_S: Final = 600
"""Postgres ends a transaction that a hanging process has left open this long."""
_WAL_RETRY_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Database:
    """An engine and what is known of its place. `path` is SQLite's file, None in memory."""

    url: URL
    engine: Engine
    path: Path | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite; else it is Postgres."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def place(self) -> str:
        """The URL without its password, for messages."""
        return shown(self.url)

    @contextmanager
    def transaction(self, kind: Kind) -> Iterator[Connection]:
        """A connection inside a transaction of this kind; commits unless an exception passes.

        Raises StorageError for what the database refuses.
        """
        with (
            told(self.url),
            self.engine.connect().execution_options(digest_kind=kind) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def connect(settings: DatabaseSettings, *, make: bool = True) -> Database:
    """The database of the settings; nothing is read or asked yet.

    `make` makes SQLite's folder and file where they are missing and puts the file in WAL mode.
    Without it, nothing is made; then a file that is missing raises StorageError on use.
    Raises StorageError for a URL of another kind, or a folder that cannot be made.
    """
    url = _parsed(settings.url.get_secret_value())
    if url.get_backend_name() == "postgresql":
        return Database(url, _postgres(url, settings.busy_timeout_s))
    if url.database in {None, "", ":memory:"}:
        return private()
    path = Path(url.database or "")
    if make:
        _make_folder(path.parent, url)
    mode = "rwc" if make else "rw"
    return Database(url, _sqlite_file(url, path, mode, settings.busy_timeout_s), path)


def private() -> Database:
    """An empty SQLite database of this process alone, gone when it is closed.

    SQLite keeps it in memory, and on disk without a name where it grows
    (sqlite.org/inmemorydb.html).
    """

    def opened() -> sqlite3.Connection:
        return sqlite3.connect("", check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite+pysqlite://", creator=opened, poolclass=StaticPool)
    _listen(engine, wal=False, timeout_s=0)
    return Database(make_url("sqlite://"), engine)


def _parsed(text: str) -> URL:
    try:
        url = make_url(text.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        # The text is not repeated: it may hold a password.
        raise StorageError(
            "database.url cannot be read",
            "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME; "
            "in a password, write @ as %40 and / as %2F",
        ) from None
    drivers = {
        "sqlite": "sqlite+pysqlite",
        "sqlite+pysqlite": "sqlite+pysqlite",
        "postgresql": "postgresql+psycopg",
        "postgresql+psycopg": "postgresql+psycopg",
    }
    if url.drivername not in drivers:
        raise StorageError(
            f"database.url: {url.drivername!r} is no database of this program",
            "write sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME",
        )
    return url.set(drivername=drivers[url.drivername])


def _make_folder(folder: Path, url: URL) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"{shown(url)}: the folder {folder} cannot be made: {error.strerror}",
            "make it writable for this user, or set database.url to another place",
        ) from error


def _sqlite_file(url: URL, path: Path, mode: str, timeout_s: float) -> Engine:
    name = f"{path.absolute().as_uri()}?mode={mode}"

    def opened() -> sqlite3.Connection:
        return sqlite3.connect(
            name, uri=True, timeout=timeout_s, check_same_thread=False, isolation_level=None
        )

    plain = URL.create("sqlite+pysqlite", database=url.database)
    engine = create_engine(plain, creator=opened, poolclass=QueuePool, pool_size=8, max_overflow=32)
    _listen(engine, wal=mode == "rwc", timeout_s=timeout_s)
    return engine


def _listen(engine: Engine, *, wal: bool, timeout_s: float) -> None:
    """Begin transactions ourselves: the driver's own way knows neither kinds nor DDL in them."""

    @event.listens_for(engine, "connect")
    def connected(raw: DBAPIConnection, _record: object) -> None:
        cursor = raw.cursor()
        try:
            cursor.execute("PRAGMA foreign_keys=ON")
            if wal:
                _enter_wal(cursor, timeout_s)
        finally:
            cursor.close()

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        kind: Kind = connection.get_execution_options().get("digest_kind", "read")
        raw = connection.connection.driver_connection
        if not isinstance(raw, sqlite3.Connection):  # pragma: no cover - it is SQLite's engine
            raise TypeError(f"{raw!r} is no connection of SQLite")
        if kind == "read":
            raw.execute("BEGIN")
            return
        # Both are ignored or refused inside a transaction, hence before it.
        raw.execute(f"PRAGMA synchronous={'NORMAL' if kind == 'ledger' else 'FULL'}")
        raw.execute(f"PRAGMA foreign_keys={'OFF' if kind == 'migrate' else 'ON'}")
        raw.execute("BEGIN IMMEDIATE")


def _enter_wal(cursor: Any, timeout_s: float) -> None:  # noqa: ANN401 - PEP 249 has no types
    """Switch to WAL, once in a file's life; a file system without it keeps its own mode.

    Where two processes do so at once, SQLite does not wait for the other by itself.
    """
    cursor.execute("PRAGMA journal_mode")
    if cursor.fetchone()[0] == "wal":
        return
    give_up = time.monotonic() + timeout_s
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "readonly" in str(error):
                return
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(_WAL_RETRY_S)
        else:
            return


def _postgres(url: URL, lock_timeout_s: float) -> Engine:
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=32,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "digest"},
    )

    @event.listens_for(engine, "connect")
    def connected(raw: Any, _record: object) -> None:  # noqa: ANN401 - psycopg's connection
        with raw.cursor() as cursor:
            for name, seconds in (
                ("statement_timeout", STATEMENT_TIMEOUT_S),
                ("lock_timeout", lock_timeout_s),
                ("idle_in_transaction_session_timeout", IDLE_TIMEOUT_S),
            ):
                cursor.execute(f"SET {name} = {int(seconds * 1000)}")
        raw.commit()

    return engine
