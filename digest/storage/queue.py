"""Making the rows of the ledger: who is due, and has none yet.

Which readers are due is a matter of zones, which only Python knows; which of them lack a row is a
matter of the database. So the zones are asked first, for each (zone, hour, days) once.

A million rows should take half a minute, so a page is one statement of the driver (`executemany`
in SQLite, `unnest` of arrays in Postgres) and what many readers share is made once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    tuple_,
)

from digest.domain.delivery import DeliveryStatus
from digest.domain.edition import EditionStatus
from digest.domain.subscriber import Preferences, closes_at, due_at
from digest.errors import EditionError
from digest.storage import schema
from digest.storage.bell import ring
from digest.storage.codec import days_from_bits, preferences_to_json
from digest.storage.columns import MOMENT
from digest.storage.doors import Access, insert
from digest.storage.plans import in_order
from digest.storage.subscribers import active

_T = schema.deliveries
_SUBSCRIBERS = schema.subscribers
_DAYS = schema.ledger_days
_PAGE: Final = 5000
_TIMES_AT_ONCE: Final = 1000
"""(zone, hour, days) of one statement: three values each."""

MessageId = Callable[[date, int], str]
"""(edition, subscriber id) -> Message-ID without angle brackets, always the same one."""

_INSERT: Final = (
    "INSERT INTO deliveries (subscriber_id, domain, message_id, preferences, status, not_before, "
    "next_at, expires_at, edition_date, created_at, updated_at, attempts, deferrals, last_reply) "
)
_SQLITE: Final = (
    f"{_INSERT} VALUES (?, ?, ?, ?, ?, ?6, ?6, ?, ?, ?, ?, 0, 0, '') "
    "ON CONFLICT (edition_date, subscriber_id) DO NOTHING"
)
# Psycopg writes out an array value by value, at a cost per quotation mark: hence the kinds apart.
_POSTGRES: Final = (
    f"{_INSERT} SELECT reader, domain, said, wants::json, status, since, since, until, "  # noqa: S608 - ours
    "%(edition)s, %(created)s, %(now)s, 0, 0, '' "
    "FROM unnest(%(readers)s::int[], %(domains)s::text[], %(said)s::text[], %(kinds)s::int[]) "
    "AS new (reader, domain, said, kind) "
    "JOIN unnest(%(wants)s::text[], %(statuses)s::text[], %(since)s::timestamptz[], "
    "%(until)s::timestamptz[]) WITH ORDINALITY AS kinds (wants, status, since, until, kind) "
    "USING (kind) ON CONFLICT (edition_date, subscriber_id) DO NOTHING RETURNING status"
)


@dataclass(frozen=True, slots=True)
class _Hour:
    """When readers of one (zone, hour, days) are due, and until when; `late` when that is over."""

    at: datetime
    until: datetime
    late: bool


_Times = dict[tuple[str, int, int], _Hour]


class _Shared(NamedTuple):
    """What the rows of one kind of reader share: preferences as the column keeps them, moments."""

    wants: str
    status: DeliveryStatus
    at: datetime
    until: datetime


class Queue:
    """Makes rows, each with the Message-ID that `message_id` gives."""

    def __init__(self, access: Access, message_id: MessageId) -> None:
        self._access = access
        self._message_id = message_id

    def enqueue(self, edition: date, now: datetime, window_h: int, limit: int | None) -> int:
        """See `Deliveries.enqueue`."""
        self._require_published(edition)
        if self._closed(edition):
            return 0
        due = self.times_due(edition, now, timedelta(hours=window_h))
        times = sorted(due)
        made = 0
        for start in range(0, len(times), _TIMES_AT_ONCE):
            some = {time: due[time] for time in times[start : start + _TIMES_AT_ONCE]}
            wanted = _without_row(edition, now, some)
            last = 0
            while limit is None or made < limit:
                size = _PAGE if limit is None else min(_PAGE, limit - made)
                # A transaction a page: nobody waits for the lock longer than for one of them.
                with self._access.write() as connection:
                    in_order(connection)
                    page = connection.execute(
                        wanted.where(_SUBSCRIBERS.c.id > last)
                        .order_by(_SUBSCRIBERS.c.id)
                        .limit(size)
                    ).all()
                    if not page:
                        break
                    made += self._insert(connection, edition, now, page, some)
                last = page[-1].id
        return made

    def missing(self, edition: date, now: datetime, window_h: int) -> int:
        """How many readers are due by `now` and have no row."""
        due = self.times_due(edition, now, timedelta(hours=window_h))
        times = sorted(due)
        found = 0
        for start in range(0, len(times), _TIMES_AT_ONCE):
            some = {time: due[time] for time in times[start : start + _TIMES_AT_ONCE]}
            wanted = _without_row(edition, now, some).subquery()
            with self._access.read() as connection:
                found += connection.scalar(select(func.count()).select_from(wanted)) or 0
        return found

    def times_due(self, edition: date, now: datetime, window: timedelta) -> _Times:
        """(zone, hour, days) -> the moment, for those whose moment has come by `now`.

        A million readers are a few hundred of these, and only Python knows the zones.
        """
        columns = (_SUBSCRIBERS.c.zone, _SUBSCRIBERS.c.hour, _SUBSCRIBERS.c.days)
        with self._access.read() as connection:
            found = connection.execute(select(*columns).where(active(now)).distinct()).all()
        due = {}
        for zone, hour, bits in found:
            wants = Preferences(zone=zone, hour=hour, days=days_from_bits(bits))
            at = due_at(edition, wants)
            if at is not None and at <= now:
                until = closes_at(edition, wants, window)
                due[zone, hour, bits] = _Hour(at, until, late=until < now)
        return due

    def _closed(self, edition: date) -> bool:
        with self._access.read() as connection:
            closed = connection.scalar(
                select(_DAYS.c.closed_at).where(_DAYS.c.edition_date == edition)
            )
        return closed is not None

    def _require_published(self, edition: date) -> None:
        with self._access.read() as connection:
            status = connection.scalar(
                select(schema.editions.c.status).where(schema.editions.c.date == edition)
            )
        if status != EditionStatus.PUBLISHED:
            raise EditionError(
                f"edition {edition}: is not published, so nothing may be sent of it",
                f"run: digest edition build --publish --date {edition}",
            )

    def _insert(
        self,
        connection: Connection,
        edition: date,
        now: datetime,
        page: Sequence[Any],
        due: _Times,
    ) -> int:
        """Insert a page and count it in the day's books; returns how many rows may be sent."""
        kinds: dict[tuple[Any, ...], int] = {}
        rows = []
        for number, key, *wants in page:
            kind = kinds.setdefault(tuple(wants), len(kinds))
            rows.append((number, key.rpartition("@")[2], self._message_id(edition, number), kind))
        shared = [_shared(wants, due) for wants in kinds]
        # The Date header, which knows no parts of a second.
        fixed = (edition, now.replace(microsecond=0), now)
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            pending, made = _many(raw, rows, shared, fixed)
        else:
            pending, made = _unnested(connection, rows, shared, fixed)
        if made:
            _count(connection, edition, made)
            ring(connection)
        return pending


def _shared(wants: tuple[Any, ...], due: _Times) -> _Shared:
    """What all rows of one kind of reader share; `wants` are the columns of `_without_row`."""
    zone, hour, days, *_ = wants
    time = due[zone, hour, days]
    status = DeliveryStatus.EXPIRED if time.late else DeliveryStatus.PENDING
    return _Shared(_wants(*wants), status, time.at, time.until)


def _many(
    raw: sqlite3.Connection,
    rows: Sequence[tuple[int, str, str, int]],
    shared: Sequence[_Shared],
    fixed: tuple[date, datetime, datetime],
) -> tuple[int, int]:
    """Insert with SQLite's driver; returns how many are pending, and how many were made."""
    edition, created, now = fixed
    rest = [
        (one.wants, one.status.value, _text(one.at), _text(one.until),
         edition.isoformat(), _text(created), _text(now))
        for one in shared
    ]  # fmt: skip
    made = []
    for status in (DeliveryStatus.PENDING, DeliveryStatus.EXPIRED):
        some = [(*row[:3], *rest[row[3]]) for row in rows if shared[row[3]].status is status]
        made.append(raw.executemany(_SQLITE, some).rowcount if some else 0)
    return made[0], sum(made)


def _unnested(
    connection: Connection,
    rows: Sequence[tuple[int, str, str, int]],
    shared: Sequence[_Shared],
    fixed: tuple[date, datetime, datetime],
) -> tuple[int, int]:
    """The same on Postgres, whose arrays begin at 1."""
    readers, domains, said, kinds = (list(column) for column in zip(*rows, strict=True))
    wants, statuses, since, until = (list(column) for column in zip(*shared, strict=True))
    edition, created, now = fixed
    found = connection.exec_driver_sql(
        _POSTGRES,
        {
            "readers": readers, "domains": domains, "said": said, "kinds": [n + 1 for n in kinds],
            "wants": wants, "statuses": statuses, "since": since, "until": until,
            "edition": edition, "created": created, "now": now,
        },
    ).scalars()  # fmt: skip
    statuses = list(found)
    return statuses.count(DeliveryStatus.PENDING), len(statuses)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(MOMENT)


def _count(connection: Connection, edition: date, made: int) -> None:
    """Count rows in the books, in the transaction that makes them."""
    line = insert(connection, _DAYS).values(edition_date=edition, queued=made, pruned={})
    connection.execute(
        line.on_conflict_do_update(
            index_elements=[_DAYS.c.edition_date], set_={"queued": _DAYS.c.queued + made}
        )
    )


def _without_row(edition: date, now: datetime, due: _Times) -> Select[Any]:
    """Readers of these times who have no row.

    Of those who come too late, only who was a reader while there was time: who subscribes in the
    evening has missed nothing.
    """
    c = _SUBSCRIBERS.c
    has_row = (
        select(_T.c.id).where(_T.c.edition_date == edition, _T.c.subscriber_id == c.id).exists()
    )
    time = tuple_(c.zone, c.hour, c.days)
    # Who was imported today may have agreed elsewhere long before.
    since = case((c.confirmed_at > c.created_at, c.confirmed_at), else_=c.created_at)
    # By the index of the status each page would collect and sort all readers that are left: of a
    # million rows a page cost 0.3 s. By their ids (`||` hides the status) it reads what it takes.
    may_get_it = active(now, c.status.concat(""))
    on_time = [key for key, hour in due.items() if not hour.late]
    wanted: list[ColumnElement[bool]] = [time.in_(on_time)] if on_time else []
    for until in sorted({hour.until for hour in due.values() if hour.late}):
        some = [key for key, hour in due.items() if hour.late and hour.until == until]
        wanted.append(and_(time.in_(some), since <= until))
    return select(
        c.id, c.key, c.zone, c.hour, c.days, c.concepts, c.stories, c.level,
        cast(c.tracks, Text), c.text_only, c.images,
    ).where(may_get_it, or_(*wanted), ~has_row)  # fmt: skip


@lru_cache(maxsize=65536)
def _wants(  # noqa: PLR0917 - columns in order, as rows have them
    zone: str,
    hour: int,
    days: int,
    concepts: int,
    stories: int,
    level: int,
    tracks: str,
    text_only: bool,  # noqa: FBT001 - columns in order
    images: str,
) -> str:
    """Preferences as the column keeps them; most readers share theirs with many."""
    return json.dumps(
        preferences_to_json(
            Preferences(
                zone=zone,
                hour=hour,
                days=days_from_bits(days),
                concepts=concepts,
                stories=stories,
                level=level,
                tracks=frozenset(json.loads(tracks)),
                text_only=text_only,
                images=images,
            )
        )
    )
