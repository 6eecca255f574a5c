from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from digest import resources
from digest.errors import MigrationError, StorageError
from digest.storage import Database, connect, migrate, open_store
from digest.storage.schema import metadata
from tests.databases import settings_for


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Database]:
    opened = connect(settings_for(empty_database_url))
    yield opened
    opened.close()


def tables(database: Database) -> set[str]:
    with database.transaction("read") as connection:
        return set(inspect(connection).get_table_names())


def at(database: Database, revision: str) -> None:
    with database.transaction("write") as connection:
        connection.execute(text("UPDATE digest_revision SET version_num = :new"), {"new": revision})


@pytest.fixture
def broken_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations with a second revision that makes a table and then fails."""
    folder = tmp_path / "migrations"
    shutil.copytree(resources.folder("migrations"), folder)
    last = migrate.head()
    second = folder / "versions" / f"{int(last) + 1:04}_next.py"
    second.write_text(
        f"revision, down_revision = '{int(last) + 1:04}', '{last}'\n"  # noqa: S608 - no SQL yet
        "from alembic import op\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE half (id INTEGER)')\n"
        "    op.execute('INSERT INTO nowhere VALUES (1)')\n"
    )
    monkeypatch.setattr(resources, "folder", lambda name: tmp_path / name)
    return second


def test_migrating_is_idempotent(database: Database) -> None:
    assert migrate.upgrade(database) == list(migrate.revisions())
    assert migrate.upgrade(database) == []
    with database.transaction("read") as connection:
        assert migrate.current(connection) == migrate.head()
        assert migrate.check(connection)


def test_the_names_of_the_files_are_alembics_revisions(database: Database) -> None:
    with database.transaction("read") as connection:
        known = ScriptDirectory.from_config(migrate._config(connection)).walk_revisions()
    assert [script.revision for script in known] == list(reversed(migrate.revisions()))


def test_migrations_make_what_schema_says(database: Database) -> None:
    migrate.upgrade(database)
    with database.transaction("read") as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": migrate.VERSION_TABLE,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, metadata) == []
        migrated = reflected(connection)
    with database.transaction("migrate") as connection:
        # What compare_metadata does not look at: names of keys, conditions of indexes, order.
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert reflected(connection) == migrated


def reflected(connection: Connection) -> dict[str, object]:
    found = inspect(connection)
    return {
        table: (
            [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in found.get_columns(table)
            ],
            found.get_pk_constraint(table),
            found.get_foreign_keys(table),
            found.get_unique_constraints(table),
            [
                (index["name"], index["column_names"], {
                    key: str(value) for key, value in index.get("dialect_options", {}).items()
                })
                for index in found.get_indexes(table)
            ],
        )
        for table in sorted(metadata.tables)
    }  # fmt: skip


def test_a_newer_database_is_left_alone(database: Database, empty_database_url: str) -> None:
    migrate.upgrade(database)
    at(database, "9999")
    wanted = rf"at revision 9999, made by a newer digest.*up to {migrate.head()}\n.*upgrade the"
    with pytest.raises(MigrationError, match=wanted):
        migrate.upgrade(database)
    for keep in (True, False):
        with (
            pytest.raises(MigrationError, match=wanted),
            open_store(settings_for(empty_database_url), keep=keep),
        ):
            pass


def test_an_older_database_is_not_migrated_by_the_way(
    database: Database, empty_database_url: str, broken_second: Path
) -> None:
    broken_second.rename(broken_second.with_suffix(".hidden"))
    migrate.upgrade(database)
    broken_second.with_suffix(".hidden").rename(broken_second)
    wanted = rf"at revision {migrate.revisions()[-2]}.*{migrate.head()}\n  run: digest migrate"
    for keep in (True, False):
        with (
            pytest.raises(MigrationError, match=wanted),
            open_store(settings_for(empty_database_url), keep=keep),
        ):
            pass


def test_a_step_that_fails_leaves_all_as_it_was(database: Database, broken_second: Path) -> None:
    with pytest.raises(MigrationError, match=r"from nothing failed: .*nowhere"):
        migrate.upgrade(database)
    assert tables(database) == set()

    broken_second.rename(broken_second.with_suffix(".hidden"))
    migrate.upgrade(database)
    before, last = tables(database), migrate.head()
    broken_second.with_suffix(".hidden").rename(broken_second)
    with pytest.raises(MigrationError, match=rf"from {last} failed: .*nowhere"):
        migrate.upgrade(database)
    assert tables(database) == before
    with database.transaction("read") as connection:
        assert migrate.current(connection) == last


def test_the_next_revision_is_written_for_developers(broken_second: Path) -> None:
    broken_second.unlink()
    last = migrate.head()
    new = f"{int(last) + 1:04}"
    made = migrate.new_revision("more of it")
    assert made == broken_second.with_name(f"{new}_more_of_it.py")
    assert f"down_revision = '{last}'" in made.read_text()
    assert migrate.head() == new


def test_an_empty_database_gets_its_tables_by_being_opened(empty_database_url: str) -> None:
    settings = settings_for(empty_database_url)
    with open_store(settings) as store:
        assert store.editions.listing(1) == ()
    with open_store(settings) as store:
        assert store.editions.listing(1) == ()


def test_tables_of_another_program_are_not_touched(
    database: Database, empty_database_url: str
) -> None:
    with database.transaction("write") as connection:
        connection.execute(text("CREATE TABLE subscribers (email TEXT)"))
    with pytest.raises(StorageError, match=r"tables of another program \(subscribers\)"):
        migrate.upgrade(database)
    with (
        pytest.raises(StorageError, match="another program"),
        open_store(settings_for(empty_database_url)),
    ):
        pass
    assert tables(database) == {"subscribers"}


def test_a_database_may_be_shared_where_no_name_is_taken(database: Database) -> None:
    with database.transaction("write") as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)"))
        connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))
    assert migrate.upgrade(database) == list(migrate.revisions())
