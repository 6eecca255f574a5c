"""Making the rows of the ledger: who is due, and has none yet.

Which readers are due is a matter of zones, which only Python knows; which of them lack a row is a
matter of the database. So the zones are asked first, for each (zone, hour, days) once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, select, tuple_

from digest.domain.delivery import DeliveryStatus
from digest.domain.edition import EditionStatus
from digest.domain.subscriber import Preferences, due_at
from digest.errors import EditionError
from digest.storage import schema
from digest.storage.codec import days_from_bits, preferences_to_json
from digest.storage.doors import Access, insert
from digest.storage.subscribers import active, subscriber_of

_T = schema.deliveries
_SUBSCRIBERS = schema.subscribers
_PAGE: Final = 1000
_TIMES_AT_ONCE: Final = 1000
"""(zone, hour, days) of one statement: three values each."""

MessageId = Callable[[date, int], str]
"""(edition, subscriber id) -> Message-ID without angle brackets, always the same one."""


class Queue:
    """Makes rows, each with the Message-ID that `message_id` gives."""

    def __init__(self, access: Access, message_id: MessageId) -> None:
        self._access = access
        self._message_id = message_id

    def enqueue(self, edition: date, now: datetime, window_h: int, limit: int | None) -> int:
        """See `Deliveries.enqueue`."""
        self._require_published(edition)
        window = timedelta(hours=window_h)
        due = self._times_due(edition, now, window)
        times = sorted(due)
        made = 0
        for start in range(0, len(times), _TIMES_AT_ONCE):
            wanted = self._without_row(edition, now, times[start : start + _TIMES_AT_ONCE])
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
                    rows = [self._row(edition, row, due, now, window) for row in page]
                    made += len(
                        connection.scalars(
                            insert(connection, _T)
                            .on_conflict_do_nothing(
                                index_elements=[_T.c.edition_date, _T.c.subscriber_id]
                            )
                            .returning(_T.c.id),
                            rows,
                        ).all()
                    )
                last = page[-1].id
        return made

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

    def _times_due(
        self, edition: date, now: datetime, window: timedelta
    ) -> dict[tuple[str, int, int], datetime]:
        """(zone, hour, days) -> the moment, for those in [now - window, now].

        A million readers are a few hundred of these, and only Python knows the zones.
        """
        columns = (_SUBSCRIBERS.c.zone, _SUBSCRIBERS.c.hour, _SUBSCRIBERS.c.days)
        with self._access.read() as connection:
            found = connection.execute(select(*columns).where(active(now)).distinct()).all()
        due = {}
        for zone, hour, bits in found:
            at = due_at(edition, Preferences(zone=zone, hour=hour, days=days_from_bits(bits)))
            if at is not None and now - window <= at <= now:
                due[zone, hour, bits] = at
        return due

    @staticmethod
    def _without_row(
        edition: date, now: datetime, times: Sequence[tuple[str, int, int]]
    ) -> Select[Any]:
        has_row = (
            select(_T.c.id)
            .where(_T.c.edition_date == edition, _T.c.subscriber_id == _SUBSCRIBERS.c.id)
            .exists()
        )
        time = tuple_(_SUBSCRIBERS.c.zone, _SUBSCRIBERS.c.hour, _SUBSCRIBERS.c.days)
        return select(_SUBSCRIBERS).where(active(now), time.in_(times), ~has_row)

    def _row(
        self,
        edition: date,
        row: Row[Any],
        due: Mapping[tuple[str, int, int], datetime],
        now: datetime,
        window: timedelta,
    ) -> dict[str, Any]:
        at = due[row.zone, row.hour, row.days]
        return {
            "edition_date": edition,
            "subscriber_id": row.id,
            "domain": row.key.rpartition("@")[2],
            "preferences": preferences_to_json(subscriber_of(row).preferences),
            "status": DeliveryStatus.PENDING,
            "not_before": at,
            "next_at": at,
            "expires_at": at + window,
            "attempts": 0,
            "deferrals": 0,
            "message_id": self._message_id(edition, row.id),
            # The Date header, which knows no parts of a second.
            "created_at": now.replace(microsecond=0),
            "updated_at": now,
            "last_reply": "",
        }
