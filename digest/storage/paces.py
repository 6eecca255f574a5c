"""Paces of servers and domains, one for all senders: `ports.PaceStore` over SQL.

A row a key. Who asks holds it (Postgres: its row; SQLite: the write lock) from reading to commit,
a millisecond or two; rows of other keys are free meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select, type_coerce, update

from digest.domain.pace import PaceState
from digest.storage import schema
from digest.storage.columns import Moment
from digest.storage.doors import Access, insert

_T = schema.paces
_KEPT: Final = timedelta(days=2)
"""Not used for so long, a bucket is full and trouble is over; only a warm-up is remembered."""

# Read after the row is locked. SQLite: milliseconds, in the form of a `Moment`.
_POSTGRES_NOW = type_coerce(func.clock_timestamp(), Moment())
_SQLITE_NOW = type_coerce(func.strftime("%Y-%m-%d %H:%M:%f", "now"), Moment())
_MINE = select(_T).where(_T.c.key == bindparam("of")).with_for_update()
_ON_SQLITE: Final = _MINE.add_columns(_SQLITE_NOW.label("now"))
_JOINED: Final = _MINE.add_columns(_POSTGRES_NOW.label("now"))
# Nobody waits for the disk: what a crash of the server forgets is the last second's letters.
_ON_POSTGRES: Final = _JOINED.add_columns(func.set_config("synchronous_commit", "off", True))
_KEEP: Final = update(_T).where(_T.c.key == bindparam("of"))


class PaceRows:
    """See `ports.PaceStore`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @contextmanager
    def held(self, key: str) -> Iterator[tuple[PaceState, datetime]]:
        """The state of a key, to be changed; and the database's time. A new key is made."""
        joined = self._access.inside
        with self._access.write(ledger=True) as connection:
            row = _row(connection, key, joined=joined) or _new(connection, key, joined=joined)
            before = _state(row)
            after = replace(before)
            yield after, row.now
            if after != before:
                slowed = None if after.slowed == inf else after.slowed
                connection.execute(_KEEP, asdict(after) | {"of": key, "slowed": slowed})

    def slowed(self) -> Mapping[str, PaceState]:
        """The keys that trouble has slowed down."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T).where(_T.c.slowed.is_not(None)).order_by(_T.c.key)
            ).all()
        return {row.key: _state(row) for row in rows}


def _row(connection: Connection, key: str, *, joined: bool) -> Row[Any] | None:
    if connection.dialect.name == "sqlite":
        statement = _ON_SQLITE
    else:
        # In a transaction of others, their commit is theirs.
        statement = _JOINED if joined else _ON_POSTGRES
    return connection.execute(statement, {"of": key}).one_or_none()


def _new(connection: Connection, key: str, *, joined: bool) -> Row[Any]:
    """The row of a key that is not known; those that tell nothing any more are let go."""
    made = insert(connection, _T).values(key=key, tokens=PaceState().tokens, sent=0)
    connection.execute(made.on_conflict_do_nothing())
    row = _row(connection, key, joined=joined)
    if row is None:  # pragma: no cover - it was made above and is ours
        raise LookupError(key)
    old = select(_T.c.key).where(_T.c.first.is_(None), _T.c.at < row.now - _KEPT)
    connection.execute(
        # Not those that another holds: two who tidy up must not wait for each other.
        delete(_T).where(_T.c.key.in_(old.with_for_update(skip_locked=True)))
    )
    return row


def _state(row: Row[Any]) -> PaceState:
    return PaceState(
        tokens=row.tokens,
        at=row.at,
        slowed=inf if row.slowed is None else row.slowed,
        trouble_at=row.trouble_at,
        first=row.first,
        day=row.day,
        sent=row.sent,
    )
