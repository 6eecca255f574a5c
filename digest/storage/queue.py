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
from typing import Any, Final

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
from digest.storage.doors import Access, insert
from digest.storage.subscribers import active

_T = schema.deliveries
_SUBSCRIBERS = schema.subscribers
_DAYS = schema.ledger_days
_PAGE: Final = 5000
_TIMES_AT_ONCE: Final = 1000
"""(zone, hour, days) of one statement: three values each."""

MessageId = Callable[[date, int], str]
"""(edition, subscriber id) -> Message-ID without angle brackets, always the same one."""

_COLUMNS: Final = (
    "subscriber_id", "domain", "preferences", "message_id", "status", "not_before", "expires_at",
    "edition_date", "created_at", "updated_at",
)  # fmt: skip
_REST: Final = "next_at, attempts, deferrals, last_reply"
_SQLITE: Final = (
    f"INSERT INTO deliveries ({', '.join(_COLUMNS)}, {_REST}) "  # noqa: S608 - names from above
    "VALUES (?, ?, ?, ?, ?, ?6, ?, ?, ?, ?, ?6, 0, 0, '') "
    "ON CONFLICT (edition_date, subscriber_id) DO NOTHING"
)
_POSTGRES: Final = (
    f"INSERT INTO deliveries ({', '.join(_COLUMNS)}, {_REST}) "  # noqa: S608 - names from above
    "SELECT a, b, c::json, d, e, f, g, %s, %s, %s, f, 0, 0, '' FROM unnest("
    "%s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], "
    "%s::timestamptz[]) AS new (a, b, c, d, e, f, g) "
    "ON CONFLICT (edition_date, subscriber_id) DO NOTHING RETURNING status"
)


@dataclass(frozen=True, slots=True)
class _Hour:
    """When readers of one (zone, hour, days) are due, and until when; `late` when that is over."""

    at: datetime
    until: datetime
    late: bool


_Times = dict[tuple[str, int, int], _Hour]


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
        rows = []
        # The Date header, which knows no parts of a second.
        created = now.replace(microsecond=0)
        for number, key, zone, hour, days, *rest in page:
            time = due[zone, hour, days]
            rows.append(
                (
                    number,
                    key.rpartition("@")[2],
                    _wants(zone, hour, days, *rest),
                    self._message_id(edition, number),
                    DeliveryStatus.EXPIRED.value if time.late else DeliveryStatus.PENDING.value,
                    time.at,
                    time.until,
                )
            )
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            pending = _many(raw, rows, edition, created, now)
            made = pending[0] + pending[1]
        else:
            pending, made = _unnested(connection, rows, (edition, created, now))
        if made:
            _count(connection, edition, made)
            ring(connection)
        return pending[0]


def _many(
    raw: sqlite3.Connection,
    rows: Sequence[tuple[Any, ...]],
    edition: date,
    created: datetime,
    now: datetime,
) -> tuple[int, int]:
    """Insert with SQLite's driver; returns how many are pending and how many came late."""
    moment = lru_cache(maxsize=4096)(_text)
    fixed = (edition.isoformat(), moment(created), moment(now))
    made = []
    for late in (False, True):
        status = DeliveryStatus.EXPIRED.value if late else DeliveryStatus.PENDING.value
        some = [
            (*row[:5], moment(row[5]), moment(row[6]), *fixed) for row in rows if row[4] == status
        ]
        made.append(raw.executemany(_SQLITE, some).rowcount if some else 0)
    return made[0], made[1]


def _unnested(
    connection: Connection, rows: Sequence[tuple[Any, ...]], fixed: tuple[Any, ...]
) -> tuple[tuple[int, int], int]:
    found = connection.exec_driver_sql(
        _POSTGRES, (*fixed, *(list(column) for column in zip(*rows, strict=True)))
    ).scalars()
    statuses = list(found)
    late = sum(status == DeliveryStatus.EXPIRED for status in statuses)
    return (len(statuses) - late, late), len(statuses)


def _text(moment: datetime) -> str:
    """A moment as `schema.Moment` writes it on SQLite."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


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
    on_time = [key for key, hour in due.items() if not hour.late]
    wanted: list[ColumnElement[bool]] = [time.in_(on_time)] if on_time else []
    for until in sorted({hour.until for hour in due.values() if hour.late}):
        some = [key for key, hour in due.items() if hour.late and hour.until == until]
        wanted.append(and_(time.in_(some), since <= until))
    return select(
        c.id, c.key, c.zone, c.hour, c.days, c.concepts, c.stories, c.level,
        cast(c.tracks, Text), c.text_only, c.images,
    ).where(active(now), or_(*wanted), ~has_row)  # fmt: skip


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
