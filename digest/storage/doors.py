"""The two doors to the database: `read()` and `write()`.

All repositories of a store share one pair. Inside a `write()` block, every call of the same thread
joins its transaction; outside, each call is a transaction of its own. Two doors, because BEGIN
IMMEDIATE on every transaction would let one forgotten reader lock out all writers.

`Doors` keeps what is written. `TrialDoors` throws all of it away at its end: the same statements,
for a dry run.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from digest.storage.engine import Database, private
from digest.storage.faults import told


class Access(Protocol):
    """What a repository needs of the database."""

    @property
    def inside(self) -> bool:
        """Whether a transaction of this thread is open: what fails in it cannot be tried again."""
        ...

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection to read with; everything read inside is of one moment on SQLite."""
        ...

    @contextmanager
    def write(self, *, ledger: bool = False) -> Iterator[Connection]:
        """A connection to write with, in one transaction.

        `ledger` lets SQLite answer before the disk has it, see `engine`.
        """
        ...


class Doors:
    """Doors whose transactions are committed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._mine = threading.local()
        # In memory there is one connection, for all threads in turn.
        self._turn = threading.RLock() if database.is_sqlite and database.path is None else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See `Access`."""
        held = self._held()
        if held is not None:
            with told(self._database.url):
                yield held
            return
        with self._in_turn(), self._database.transaction("read") as connection:
            # A read that calls another read must not take a second place in the pool.
            yield connection

    @contextmanager
    def write(self, *, ledger: bool = False) -> Iterator[Connection]:
        """See `Access`."""
        held = self._held()
        if held is not None:
            with told(self._database.url):
                yield held
            return
        with (
            self._in_turn(),
            self._database.transaction("ledger" if ledger else "write") as connection,
        ):
            self._mine.connection = connection
            try:
                yield connection
            finally:
                self._mine.connection = None

    @property
    def inside(self) -> bool:
        """See `Access`."""
        return self._held() is not None

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _held(self) -> Connection | None:
        held: Connection | None = getattr(self._mine, "connection", None)
        return held

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        with self._turn:
            yield


class TrialDoors:
    """Doors behind which everything happens and nothing lasts.

    Until the first write, the database itself is read. Then Postgres works inside one transaction
    that is rolled back at the end, each `write()` a savepoint of it. SQLite has one writer: such a
    transaction would make all senders wait for the dry run, so a copy is worked on, taken at the
    first write and never given a name.
    """

    def __init__(self, database: Database, prepare: Callable[[Connection], object]) -> None:
        """`prepare` is called once with the connection on which all writing is done."""
        self._database = database
        self._prepare = prepare
        self._copy: Database | None = None
        self._connection: Connection | None = None
        self._turn = threading.RLock()
        self._depth = 0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See `Access`."""
        with self._turn:
            if self._connection is None:
                with self._database.transaction("read") as connection:
                    yield connection
                return
            with told(self._database.url):
                yield self._connection

    @contextmanager
    def write(self, *, ledger: bool = False) -> Iterator[Connection]:
        """See `Access`; `ledger` is all one here."""
        del ledger
        with self._turn, told(self._database.url):
            connection = self._connection or self.begin()
            if self._depth:
                yield connection
                return
            self._depth += 1
            try:
                with connection.begin_nested():
                    yield connection
            finally:
                self._depth -= 1

    @property
    def inside(self) -> bool:
        """See `Access`: once begun, all is one transaction."""
        return True

    def begin(self) -> Connection:
        """Begin the transaction that will be rolled back."""
        with self._turn, told(self._database.url):
            place = self._database
            if place.is_sqlite:
                place = self._copy = private()
                if self._database.path is not None and self._database.path.exists():
                    _copy(self._database, self._copy)
            connection = place.engine.connect().execution_options(digest_kind="write")
            self._connection = connection
            connection.begin()
            self._prepare(connection)
            return connection

    def close(self) -> None:
        """Roll everything back and close the database."""
        with self._turn:
            try:
                if self._connection is not None:
                    with told(self._database.url):
                        self._connection.rollback()
                        self._connection.close()
            finally:
                self._connection = None
                if self._copy is not None:
                    self._copy.close()
                self._database.close()


def insert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 - two classes, no common base
    """An INSERT that can say ON CONFLICT, in the dialect of the connection."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def _copy(source: Database, target: Database) -> None:
    """All pages, in one go (sqlite.org/backup.html); writers of the source are not held up."""
    with source.engine.connect() as one, target.engine.connect() as two:
        give, take = one.connection.driver_connection, two.connection.driver_connection
        if isinstance(give, sqlite3.Connection) and isinstance(take, sqlite3.Connection):
            give.backup(take)
