"""The schema's versions: which one a database has, which one this program wants, the way between.

Alembic does the steps and is imported for them alone. To compare versions, the names of the files
are enough: revisions are named 0001, 0002 … in order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, inspect, text

from digest import resources
from digest.errors import MigrationError, StorageError
from digest.storage.engine import Database, private
from digest.storage.faults import shown
from digest.storage.schema import metadata

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE: Final = "digest_revision"
"""Not Alembic's usual name: a Postgres database may be shared with another program."""

_LOCK: Final = 0x6469676573740A
"""The number of Postgres's advisory lock: "digest" and a line end."""


def revisions() -> Sequence[str]:
    """The revisions that this program knows, oldest first."""
    files = (resources.folder("migrations") / "versions").glob("[0-9]*.py")
    return sorted(match[0] for file in files if (match := re.match(r"\d{4}", file.name)))


def head() -> str:
    """The revision that this program wants."""
    return revisions()[-1]


def current(connection: Connection) -> str | None:
    """The revision of the database, None when it has none of the tables.

    Raises StorageError when tables of another program bear the names of ours.
    """
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE in tables:
        found: str | None = connection.execute(
            text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608 - a constant
        ).scalar()
        if found is not None:
            return found
    if strange := sorted(tables & set(metadata.tables)):
        raise StorageError(
            f"{shown(connection.engine.url)}: holds tables of another program "
            f"({', '.join(strange)})",
            "set database.url to a database of its own",
        )
    return None


def check(connection: Connection) -> bool:
    """Whether the database has the schema of this program; False when it is empty.

    Raises MigrationError when it is older or newer.
    """
    found = current(connection)
    if found is None:
        return False
    _refuse_newer(connection, found)
    if found != head():
        raise MigrationError(
            f"{shown(connection.engine.url)}: the database is at revision {found}, this program "
            f"wants {head()}",
            "run: digest migrate",
        )
    return True


def upgrade(database: Database) -> list[str]:
    """Bring the database to `head()`; returns the revisions applied, none when it is there.

    All in one transaction: what fails leaves the database as it was. Two processes at once wait
    for one another: SQLite by its write lock, Postgres by an advisory lock.
    Raises MigrationError when the database is newer than the program, or a step fails.
    """
    with database.transaction("migrate") as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
        return upgrade_on(connection)


def upgrade_on(connection: Connection) -> list[str]:
    """The same inside a transaction that the caller has begun, and will end."""
    found = current(connection)
    if found is not None:
        _refuse_newer(connection, found)
    missing = [name for name in revisions() if found is None or name > found]
    if not missing:
        return []
    from alembic import command  # noqa: PLC0415 - see the top

    try:
        command.upgrade(_config(connection), "head")
        _check_references(connection)
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise MigrationError(
            f"{shown(connection.engine.url)}: migrating from {found or 'nothing'} failed: {first}",
            "the database is as it was; report this with the line above",
        ) from error
    return missing


def new_revision(message: str) -> Path:
    """For developers: write the next revision from what schema.py has and the last one lacks."""
    from alembic import command  # noqa: PLC0415
    from alembic.script import Script  # noqa: PLC0415

    database = private()
    try:
        with database.transaction("migrate") as connection:
            upgrade_on(connection)
            config = _config(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            name = f"{int(head()) + 1:04}"
            made = command.revision(config, message, autogenerate=True, rev_id=name)
    finally:
        database.close()
    if not isinstance(made, Script):
        raise MigrationError("Alembic wrote no revision", "see migrations/env.py")
    return Path(made.path)


def _config(connection: Connection) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    folder = str(resources.folder("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.attributes.update(connection=connection, metadata=metadata, version_table=VERSION_TABLE)
    return config


def _check_references(connection: Connection) -> None:
    """SQLite had its foreign keys off: look whether all of them still lead somewhere."""
    if connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if lost:
            raise RuntimeError(f"{len(lost)} rows of {lost[0][0]} refer to rows that are gone")


def _refuse_newer(connection: Connection, found: str) -> None:
    if found not in revisions():
        raise MigrationError(
            f"{shown(connection.engine.url)}: the database is at revision {found}, made by a newer "
            f"digest; this program knows revisions up to {head()}",
            "upgrade the program, or restore a backup",
        )
