"""What a restore keeps of the database that it replaces: who left since, and what was shut."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, inspect, select, update

from digest.domain.subscriber import Status
from digest.errors import DigestError
from digest.settings import DatabaseSettings
from digest.storage import migrate, schema
from digest.storage.doors import insert
from digest.storage.engine import connect

_GONE: Final = (Status.UNSUBSCRIBED, Status.SUPPRESSED)


@dataclass(slots=True)
class Leavers:
    """Who may not be written to and who may not come in, as the replaced database knows it.

    `revoked` is tokens, `operators` the passwords: an old backup must not bring back what was
    taken away since, perhaps because it had leaked. `paces` are the servers' matter, not the
    backup's: what they have had today of a warm-up they have had. None: not known there.
    """

    revoked: dict[str, datetime] = field(default_factory=dict)
    operators: list[dict[str, Any]] | None = None
    paces: list[dict[str, Any]] | None = None
    suppressions: list[dict[str, Any]] = field(default_factory=list)
    readers: dict[str, tuple[str, datetime | None]] = field(default_factory=dict)

    def merge(self, connection: Connection) -> int:
        """Put it into a database that was restored; returns how many readers had left since.

        Nobody is signed in after that.
        """
        s, tokens = schema.subscribers, schema.tokens
        if self.suppressions:
            listing = insert(connection, schema.suppressions).on_conflict_do_nothing()
            connection.execute(listing, self.suppressions)
        merged = 0
        for key, (status, left_at) in self.readers.items():
            merged += connection.execute(
                update(s)
                .where(s.c.key == key, s.c.status.not_in(_GONE))
                .values(status=status, left_at=left_at)
            ).rowcount
        connection.execute(delete(schema.sessions))
        for token_id, at in self.revoked.items():
            connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=at))
        if self.operators is not None:
            _instead(connection, schema.operators, self.operators)
        if self.paces is not None:
            _instead(connection, schema.paces, self.paces)
        return merged


def look_up(settings: DatabaseSettings) -> Leavers:
    """Asked of the database that is replaced; nobody where it cannot be read any more."""
    found = Leavers()
    database = connect(settings, make=False)
    s, listed, tokens = schema.subscribers, schema.suppressions, schema.tokens
    try:
        with suppress(DigestError), database.transaction("read") as connection:
            if migrate.current(connection) is None:
                return found
            # An older schema lacks columns; who left must stay gone all the same.
            there = {column["name"] for column in inspect(connection).get_columns(listed.name)}
            kept = select(*(column for column in listed.c if column.name in there))
            found.suppressions = [
                dict(row._mapping)  # noqa: SLF001 - its public name
                for row in connection.execute(kept)
            ]
            rows = connection.execute(
                select(s.c.key, s.c.status, s.c.left_at).where(s.c.status.in_(_GONE))
            )
            found.readers = {row.key: (row.status, row.left_at) for row in rows}
            # Last: an older schema has no such tables.
            revoked = select(tokens.c.id, tokens.c.revoked_at).where(
                tokens.c.revoked_at.is_not(None)
            )
            found.revoked = dict(connection.execute(revoked).all())
            found.operators = _all(connection, schema.operators)
            if inspect(connection).has_table(schema.paces.name):
                found.paces = _all(connection, schema.paces)
    finally:
        database.close()
    return found


def _instead(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    connection.execute(delete(table))
    if rows:
        connection.execute(table.insert(), rows)


def _all(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(select(table))]  # noqa: SLF001 - its public name
