"""What a database's own words mean to the person who runs the program."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from digest.errors import StorageError

_MEANINGS: Final = (
    # (words of the driver, what is wrong, the next step), the first that fits counts.
    (
        "unable to open database file",
        "the file cannot be opened",
        "let this user read and write the file and its folder, or set database.url to another",
    ),
    (
        "file is not a database",
        "the file is not an SQLite database",
        "set database.url to another file, or restore a backup",
    ),
    (
        "malformed",
        "the database is damaged",
        "stop all processes and restore a backup",
    ),
    (
        "readonly database",
        "the database may be read but not written",
        "let this user write the file and its folder",
    ),
    (
        "database is locked",
        "another process has been writing for too long",
        "try again; else look for a process that hangs, or raise database.busy_timeout_s",
    ),
    (
        "lock timeout",
        "another process holds what is needed for too long",
        "try again; if it stays so, look for a process that hangs",
    ),
    (
        "deadlock detected",
        "two processes were in each other's way, and the server let this one go",
        "try again",
    ),
    ("is full", "the disk is full", "make room, then run the same command again"),
    ("no space left", "the disk is full", "make room, then run the same command again"),
    ("disk i/o error", "the disk cannot be read or written", "look at the disk and its mounts"),
    (
        "password authentication failed",
        "the server refuses the user or the password",
        "check the user and password in database.url",
    ),
    (
        "no password supplied",
        "the server wants a password and database.url has none",
        "put the password into database.url",
    ),
    (
        "pg_hba.conf",
        "the server lets this user not in from here",
        "check the user in database.url, and pg_hba.conf on the server",
    ),
    (
        "role ",
        "the server does not know this user",
        "check the user in database.url, or make it: createuser",
    ),
    (
        "statement timeout",
        "the server took too long for a statement",
        "try again; if it stays so, look at the server's load",
    ),
    (
        "permission denied",
        "this user lacks a right in the database",
        "grant it: the user must own the tables, and the schema to migrate",
    ),
)
_UNREACHABLE: Final = (
    "connection failed",
    "connection refused",
    "could not translate",
    "failed to resolve",
    "name or service not known",
    "timeout expired",
    "connection timeout",
    "server closed the connection",
    "terminating connection",
    "the database system is",
    "connection is lost",
    "connection to server",
    "too many clients",
    "consuming input failed",
    "connection is closed",
)


def shown(url: URL) -> str:
    """The URL without its secrets."""
    return URL.create(
        url.get_backend_name(),
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in url.query.items() if "pass" not in name},
    ).render_as_string()


@contextmanager
def told(url: URL) -> Iterator[None]:
    """Turn the faults of a database inside into StorageError.

    A broken rule of the schema (IntegrityError) and a statement that no database understands go
    through: these are mistakes of the program, not of the one who runs it.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise StorageError(
            f"{shown(url)}: all connections of this process are in use", "try again"
        ) from error
    except IntegrityError:
        raise
    except sqlite3.Error as error:
        raise explained(url, str(error)) from error
    except DBAPIError as error:
        words = " ".join(str(error.orig).split())
        if isinstance(error, ProgrammingError) and "permission denied" not in words:
            raise
        raise explained(url, words) from error


def explained(url: URL, words: str) -> StorageError:
    """The error for what a driver said."""
    low = words.lower()
    place = shown(url)
    if 'database "' in low and "does not exist" in low:
        return StorageError(f"{place}: there is no such database", "make it: createdb NAME")
    for sign, meaning, step in _MEANINGS:
        if sign in low:
            return StorageError(f"{place}: {meaning} ({_short(words)})", step)
    if any(sign in low for sign in _UNREACHABLE):
        return StorageError(
            f"{place}: the server cannot be reached ({_short(words)})",
            "check that it runs, and host and port in database.url",
        )
    return StorageError(f"{place}: {_short(words)}", "see the database's own log")


def _short(words: str) -> str:
    return words if len(words) <= 300 else f"{words[:300]}…"  # noqa: PLR2004 - two lines
