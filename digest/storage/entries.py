"""Entries and the state of their feeds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, or_, select, update

from digest.domain.story import Entry
from digest.ports import FeedResult, FeedState
from digest.storage import schema
from digest.storage.codec import numbers
from digest.storage.doors import Access, insert

_T = schema.entries
_SOURCES = schema.sources
_VECTORS = schema.entry_vectors
_MOST_NAMES: Final = 500
"""How many names one statement holds; SQLite takes 32 766 of them, Postgres 65 535."""

_STATE: Final = tuple(field.name for field in fields(FeedState))


class Entries:
    """`ports.EntryStore` over SQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def states(self) -> Mapping[str, FeedState]:
        """Source id -> state."""
        with self._access.read() as connection:
            rows = connection.execute(select(_SOURCES).order_by(_SOURCES.c.source)).all()
        return {row.source: FeedState(**row._mapping) for row in rows}  # noqa: SLF001 - its public name

    def record(self, result: FeedResult, now: datetime) -> int:
        """Keep a feed's new state and entries; returns how many entries were new.

        An entry seen before keeps all but its signals, which are brought up to date.
        """
        del now
        entries = {_id(entry.source, entry.key): entry for entry in result.entries}
        with self._access.write() as connection:
            state = {name: getattr(result.state, name) for name in _STATE}
            statement = insert(connection, _SOURCES).values(**state)
            connection.execute(
                statement.on_conflict_do_update(index_elements=[_SOURCES.c.source], set_=state)
            )
            new: set[str] = set()
            names = sorted(entries)
            if names:
                new = _add(connection, {name: entries[name] for name in names})
            known = [name for name in names if name not in new]
            if known:
                connection.execute(
                    update(_T).where(_T.c.id == bindparam("the_id")),
                    [{"the_id": name, "signals": numbers(entries[name].signals)} for name in known],
                )
        return len(new)

    def known(self, source: str, keys: Collection[str]) -> frozenset[str]:
        """Which of `keys` are kept already as entries of a source."""
        ids = {_id(source, key): key for key in keys}
        found: set[str] = set()
        with self._access.read() as connection:
            for some in _few_at_once(sorted(ids)):
                found.update(connection.scalars(select(_T.c.id).where(_T.c.id.in_(some))))
        return frozenset(ids[name] for name in found)

    def published(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """Source id -> how many of its entries were published in [since, until]."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T.c.source, func.count())
                .where(_T.c.published.between(since, until))
                .group_by(_T.c.source)
            ).all()
        return {name: int(count) for name, count in rows}

    def unpark(self, sources: Collection[str]) -> None:
        """Forget the failures of feeds, so that the next round asks them again."""
        with self._access.write() as connection:
            connection.execute(
                update(_SOURCES)
                .where(_SOURCES.c.source.in_(sorted(sources)))
                .values(parked=False, failures=0, next_at=None, message="")
            )

    def window(self, since: datetime, until: datetime) -> Sequence[Entry]:
        """Entries first seen or published in [since, until], by (first_seen, id)."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T).where(
                    or_(
                        _T.c.first_seen.between(since, until),
                        _T.c.published.between(since, until),
                    )
                )
            ).all()
        # Sorted here: two databases order text each in its own way.
        return sorted((_entry(row) for row in rows), key=lambda entry: (entry.first_seen, entry.id))

    def vectors(self, model: str, entries: Collection[str]) -> Mapping[str, bytes]:
        """Entry id -> what a model says of it, of those of `entries` that are kept."""
        names = {_hash(entry): entry for entry in entries}
        found: dict[str, bytes] = {}
        with self._access.read() as connection:
            for some in _few_at_once(sorted(names)):
                rows = connection.execute(
                    select(_VECTORS.c.entry, _VECTORS.c.vector).where(
                        _VECTORS.c.model == model, _VECTORS.c.entry.in_(some)
                    )
                )
                found |= {names[name]: bytes(vector) for name, vector in rows}
        return found

    def keep_vectors(self, model: str, vectors: Mapping[str, bytes], oldest: datetime) -> None:
        """Keep what a model says of entries, by id; one that is kept already stays as it is.

        Those of entries first seen before `oldest`, and of entries that are gone, go.
        """
        by_name = {_hash(entry): vector for entry, vector in vectors.items()}
        with self._access.write() as connection:
            old = select(_T.c.id).where(_T.c.first_seen < oldest)
            connection.execute(delete(_VECTORS).where(_VECTORS.c.entry.in_(old)))
            for some in _few_at_once(sorted(by_name)):
                there = connection.scalars(select(_T.c.id).where(_T.c.id.in_(some))).all()
                rows = [{"entry": n, "model": model, "vector": by_name[n]} for n in sorted(there)]
                if rows:
                    statement = insert(connection, _VECTORS).on_conflict_do_nothing()
                    connection.execute(statement, rows)


def _add(connection: Connection, entries: Mapping[str, Entry]) -> set[str]:
    rows: list[dict[str, Any]] = [
        {
            "id": name,
            "source": entry.source,
            "key": entry.key,
            "url": entry.url,
            "title": entry.title,
            "lead": entry.lead,
            "published": entry.published,
            "first_seen": entry.first_seen,
            "ref": entry.ref,
            "authors": list(entry.authors),
            "language": entry.language,
            "paper": entry.paper,
            "signals": numbers(entry.signals),
        }
        for name, entry in entries.items()
    ]
    statement = insert(connection, _T).on_conflict_do_nothing().returning(_T.c.id)
    return set(connection.scalars(statement, rows).all())


def _few_at_once(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _MOST_NAMES):
        yield names[start : start + _MOST_NAMES]


def _id(source: str, key: str) -> str:
    return _hash(f"{source}/{key}")


def _hash(entry: str) -> str:
    return hashlib.sha256(entry.encode("utf-8", "replace")).hexdigest()


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        source=row.source,
        key=row.key,
        url=row.url,
        title=row.title,
        lead=row.lead,
        published=row.published,
        first_seen=row.first_seen,
        ref=row.ref,
        authors=tuple(row.authors),
        language=row.language,
        paper=row.paper,
        signals=row.signals,
    )
