"""Backups: one file that holds everything, and the way back from it.

SQLite: its online backup (sqlite.org/backup.html), while others write. Postgres: pg_dump and
pg_restore of its own, in the custom format, which must be installed where digest runs.

A restored database is held: nothing is sent from it until the operator says that no other
installation sends from the one it was copied from. Who left after the backup was made stays gone:
the database that is replaced is asked for them first, where it can be read.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
from pydantic import SecretStr
from sqlalchemy import Connection, func, inspect, select, text

from digest.errors import OutputError, StorageError, UsageError
from digest.settings import DatabaseSettings
from digest.storage import migrate, schema
from digest.storage.carry import carry
from digest.storage.doors import insert
from digest.storage.engine import Database, connect
from digest.storage.holds import RESTORED
from digest.storage.leavers import Leavers, look_up

_SQLITE: Final = b"SQLite format 3\0"
_POSTGRES: Final = b"PGDMP"
_COUNTED: Final = ("subscribers", "suppressions", "editions", "deliveries")
_ANOTHER: Final = "take another backup; the database was not touched"


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup or database holds: rows by table. `merged` is how many had left since."""

    revision: str
    rows: dict[str, int]
    merged: int = 0


def backup(settings: DatabaseSettings, file: Path) -> Contents:
    """Write all of the database into a new file, readable by its owner only.

    Raises UsageError when the file is there already, OutputError when it cannot be written,
    StorageError when the database cannot be read or pg_dump is missing.
    """
    if file.exists():
        raise UsageError(f"{file}: is there already", "name a new file")
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    database = connect(settings, make=False)
    try:
        with database.transaction("read") as connection:
            if not migrate.check(connection):
                raise StorageError(f"{database.place}: is empty: there is nothing to back up")
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        if database.is_sqlite:
            _copy_sqlite(database, new)
        else:
            _run_tool(database, "pg_dump", "--format=custom", "--no-owner", f"--file={new}")
        # The file is looked at before it gets its name: a backup that cannot be read is none.
        found = verify(settings, new)
        new.replace(file)
    except OSError as error:
        raise OutputError(
            f"{file}: cannot be written: {error.strerror}", "name a file in a folder of yours"
        ) from error
    finally:
        database.close()
        new.unlink(missing_ok=True)
    return found


def verify(settings: DatabaseSettings, file: Path) -> Contents:
    """Restore a backup beside the database and look through it; nothing is left of it.

    Raises UsageError when the file is no backup of this kind of database, StorageError when it is
    damaged.
    """
    with (
        _scratch(settings, file) as database,
        _blamed(file),
        database.transaction("read") as connection,
    ):
        _look_through(connection, file)
        return _contents(connection)


def restore(settings: DatabaseSettings, file: Path, now: datetime) -> Contents:
    """Put a backup in the place of the database, hold it, and merge who has left since.

    A backup of SQLite is carried over where database.url names an empty Postgres.
    On SQLite the database that was there stays beside it, as ``NAME.replaced``. All other
    processes of the installation must have ended. Raises as `verify`.
    """
    leavers = look_up(settings)
    with _scratch(settings, file) as database:
        with _blamed(file), database.transaction("read") as connection:
            _look_through(connection, file)
        if database.is_sqlite:
            migrate.upgrade(database)
            if not _names_sqlite(settings):
                return _carried(settings, database, leavers, now)
            found = _hold_and_merge(database, leavers, now)
            _move_sqlite(settings, database)
            return found
    target = connect(settings)
    try:
        _run_tool(
            target, "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction",
            "--exit-on-error", str(file),
        )  # fmt: skip
        target.engine.dispose()
        migrate.upgrade(target)
        return _hold_and_merge(target, leavers, now)
    finally:
        target.close()


def _names_sqlite(settings: DatabaseSettings) -> bool:
    """Whether database.url names SQLite."""
    database = connect(settings, make=False)
    database.close()
    return database.is_sqlite


def _carried(
    settings: DatabaseSettings, source: Database, leavers: Leavers, now: datetime
) -> Contents:
    target = connect(settings)
    try:
        migrate.upgrade(target)
        carry(source, target)
        return _hold_and_merge(target, leavers, now)
    finally:
        target.close()


def _hold_and_merge(database: Database, leavers: Leavers, now: datetime) -> Contents:
    holds = schema.holds
    with database.transaction("write") as connection:
        reason = f"restored from a backup on {now:%Y-%m-%d %H:%M} UTC"
        connection.execute(
            insert(connection, holds)
            .values(name=RESTORED, since=now, reason=reason, cause="restore")
            .on_conflict_do_update(index_elements=[holds.c.name], set_={"reason": reason})
        )
        before = _contents(connection).rows["suppressions"]
        merged = leavers.merge(connection)
        found = _contents(connection)
    return Contents(found.revision, found.rows, merged + found.rows["suppressions"] - before)


def _contents(connection: Connection) -> Contents:
    tables = schema.metadata.tables
    rows = {
        name: connection.scalar(select(func.count()).select_from(tables[name])) or 0
        for name in _COUNTED
    }
    return Contents(migrate.current(connection) or "", rows)


def _look_through(connection: Connection, file: Path) -> None:
    """Raise StorageError unless every page, reference and edition of a backup can be read."""
    if connection.dialect.name == "sqlite":
        said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if said != "ok" or lost:
            raise StorageError(f"{file}: is damaged: {said}", _ANOTHER)
    if migrate.current(connection) is None:
        raise StorageError(f"{file}: holds no tables of digest", _ANOTHER)
    # An older backup lacks tables; it is brought up to date once it was looked through.
    for name in set(inspect(connection).get_table_names()) & set(schema.metadata.tables):
        connection.execute(text(f"SELECT count(*) FROM {name}"))  # noqa: S608 - our names


@contextmanager
def _blamed(file: Path) -> Iterator[None]:
    """What cannot be read inside is the backup, not the database beside which it was unpacked."""
    try:
        yield
    except StorageError as error:
        if error.hint == _ANOTHER:
            raise
        reason = error.message.rpartition(": ")[2]
        raise StorageError(f"{file}: cannot be read as a backup: {reason}", _ANOTHER) from error


@contextmanager
def _scratch(settings: DatabaseSettings, file: Path) -> Iterator[Database]:
    """A database beside the one of the settings, with the contents of a backup."""
    mine = connect(settings, make=False)
    mine.close()
    try:
        with file.open("rb") as opened:
            head = opened.read(len(_SQLITE))
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}", "name a backup") from error
    if not head.startswith(_SQLITE if mine.is_sqlite else (_SQLITE, _POSTGRES)):
        kind = "SQLite" if mine.is_sqlite else "Postgres (pg_dump --format=custom) or SQLite"
        raise UsageError(
            f"{file}: is no backup of a {kind} database",
            "name the file that `digest backup` wrote for the kind that database.url names",
        )
    if mine.path is not None:
        yield from _scratch_sqlite(mine.path, settings, file)
    elif head.startswith(_SQLITE):
        with tempfile.TemporaryDirectory(prefix="digest-restore-") as folder:
            yield from _scratch_sqlite(Path(folder, "digest.db"), settings, file)
    else:
        yield from _scratch_postgres(mine, settings, file)


def _scratch_sqlite(path: Path, settings: DatabaseSettings, file: Path) -> Iterator[Database]:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        shutil.copyfile(file, beside)
        beside.chmod(0o600)
        place = settings.model_copy(update={"url": SecretStr(f"sqlite:///{beside}")})
        database = connect(place)
        try:
            yield database
        finally:
            database.close()
    except OSError as error:
        raise OutputError(f"{beside}: {error.strerror}", "make room beside the database") from error
    finally:
        for end in ("", "-wal", "-shm"):
            beside.with_name(beside.name + end).unlink(missing_ok=True)


def _scratch_postgres(mine: Database, settings: DatabaseSettings, file: Path) -> Iterator[Database]:
    name = f"digest_look_{secrets.token_hex(4)}"
    try:
        with _administrator(mine) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    except psycopg.Error as error:
        raise StorageError(
            f"{mine.place}: no database can be made to look through the backup: {error}",
            "grant it: ALTER ROLE NAME CREATEDB",
        ) from error
    url = mine.url.set(database=name).render_as_string(hide_password=False)
    place = settings.model_copy(update={"url": SecretStr(url)})
    database = connect(place)
    try:
        _run_tool(database, "pg_restore", "--no-owner", "--exit-on-error", str(file))
        yield database
    finally:
        database.close()
        with _administrator(mine) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def _administrator(database: Database) -> Iterator[psycopg.Connection[Any]]:
    plain = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        yield connection


def _copy_sqlite(database: Database, file: Path) -> None:
    with (
        database.engine.connect() as source,
        closing(sqlite3.connect(file)) as target,
    ):
        raw = source.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            raw.backup(target)
        # One file, whole: no -wal beside it that a copy would forget.
        target.execute("PRAGMA journal_mode=DELETE")


def _move_sqlite(settings: DatabaseSettings, database: Database) -> None:
    """Put the looked-through copy in the place of the database."""
    target = connect(settings, make=False)
    target.close()
    if target.path is None or database.path is None:
        raise StorageError("a database in memory cannot be restored", "set database.url to a file")
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    if target.path.exists():
        # Its last commits may be in the -wal beside it: put them into the file first.
        with suppress(sqlite3.Error), closing(sqlite3.connect(target.path)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        target.path.replace(target.path.with_name(f"{target.path.name}.replaced"))
    for end in ("-wal", "-shm"):
        target.path.with_name(target.path.name + end).unlink(missing_ok=True)
    shutil.copyfile(database.path, target.path)
    target.path.chmod(0o600)


def _run_tool(database: Database, tool: str, *words: str) -> None:
    """Run one of Postgres's own programs on a database; the password goes by its environment."""
    program = shutil.which(tool)
    if program is None:
        raise StorageError(
            f"{tool} is not installed here, and a backup of Postgres needs it",
            "install postgresql-client, of the server's version or a newer one",
        )
    url = database.url.set(drivername="postgresql", password=None)
    password = database.url.password
    env = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    done = subprocess.run(  # noqa: S603 - the program found above, words of ours
        [program, f"--dbname={url.render_as_string()}", *words],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        raise StorageError(f"{tool} failed: {said}", "see the message of the server")
