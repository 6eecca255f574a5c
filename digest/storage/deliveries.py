"""The ledger: one row per (edition, subscriber), worked off by any number of senders.

    pending --claim--> claimed --exchange--> on_wire --exchange--> sent | refused | deferred
       ^                  |                     |  |                     | expired
       +----- unsent -----+---------------------+  +-- lease over: claimed again
                                                       (on_ambiguous=resend) or left (hold)

`next_at` says when a row may be claimed, whatever its state: its hour, its next try, or the end of
its owner's lease. So one condition and one index serve new, deferred and orphaned rows. `attempts`
grows with each claim; every later change asks for the same owner and the same attempt, so that an
owner who comes back after its lease writes nothing.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Text,
    TextClause,
    Update,
    bindparam,
    case,
    cast,
    func,
    select,
    type_coerce,
    update,
)
from sqlalchemy.types import NullType

from digest.domain.delivery import (
    Delivery,
    DeliveryStatus,
    SendResult,
    Unsent,
)
from digest.domain.subscriber import Preferences, Status
from digest.errors import StorageError
from digest.storage import schema
from digest.storage.acks import mark, record
from digest.storage.codec import preferences_from_json
from digest.storage.doors import Access
from digest.storage.holds import end_ambiguous, held
from digest.storage.plans import in_order
from digest.storage.queue import MessageId, Queue
from digest.storage.subscribers import active
from digest.storage.suppressions import Hashes, among, plain_hashes

log = logging.getLogger("digest.storage")

_T = schema.deliveries
_SUBSCRIBERS = schema.subscribers

_PATIENCE_S: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0)
"""Waits while the database is away, a minute in all: what a server has just said about a letter
would else be forgotten, and the letter sent twice."""
_TOLD_AFTER: Final = 3
"""So many of them are a hiccup; then the log says why no letter goes out."""

_SYNCED: Final = timedelta(seconds=1)
"""How often SQLite waits for the disk while replies come in: so much a power cut takes back."""


def _taking(*, sure: bool) -> Update:
    """One statement for both databases; SQLite drops the lock clause, having one writer.

    `sure` leaves out what may have gone out already.
    """
    may: list[ColumnElement[bool] | TextClause] = [
        _T.c.edition_date == bindparam("of"),
        schema.UNFINISHED,
        _T.c.next_at <= bindparam("at", type_=schema.Moment()),
    ]
    if sure:
        may.append(_T.c.status != DeliveryStatus.ON_WIRE)
    due = (
        select(_T.c.id)
        .where(*may)
        .order_by(_T.c.next_at, _T.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    at = bindparam("at", type_=schema.Moment())
    return (
        update(_T)
        .where(_T.c.id.in_(select(due.c.id)))
        .values(
            status=DeliveryStatus.CLAIMED,
            owner=bindparam("by"),
            attempts=_T.c.attempts + 1,
            doubts=_T.c.doubts + case((_T.c.status == DeliveryStatus.ON_WIRE, 1), else_=0),
            next_at=bindparam("until", type_=schema.Moment()),
            updated_at=at,
        )
        .returning(
            # As the driver has it: only its order counts.
            type_coerce(_T.c.not_before, NullType()).label("since"),
            _T.c.id, _T.c.subscriber_id, _T.c.message_id, _T.c.created_at, _T.c.attempts,
            _T.c.doubts, (_T.c.expires_at >= at).label("in_time"),
            cast(_T.c.preferences, Text).label("wants"),
        )
    )  # fmt: skip


# Built once: to build such a statement costs as much as to run it.
_TAKE: Final = _taking(sure=False)
_TAKE_SURE: Final = _taking(sure=True)
_READERS: Final = select(
    _SUBSCRIBERS.c.id,
    _SUBSCRIBERS.c.address,
    _SUBSCRIBERS.c.key,
    _SUBSCRIBERS.c.status,
    active(bindparam("at", type_=schema.Moment())).label("active"),
).where(_SUBSCRIBERS.c.id.in_(bindparam("readers", expanding=True)))


class Deliveries:
    """`ports.DeliveryStore` over SQL; see settings.DeliverySettings for what the numbers mean."""

    def __init__(
        self,
        access: Access,
        message_id: MessageId,
        *,
        lease_minutes: int,
        retry_minutes: Sequence[int],
        on_ambiguous: Literal["resend", "hold"],
        hashes_of: Hashes = plain_hashes,
    ) -> None:
        """`hashes_of` makes the hashes of the suppression list from a normalised address."""
        self._access = access
        self._queue = Queue(access, message_id)
        self._lease = timedelta(minutes=lease_minutes)
        self._retries = [timedelta(minutes=minutes) for minutes in retry_minutes]
        self._hold = on_ambiguous == "hold"
        self._hashes_of = hashes_of
        self._synced: datetime | None = None

    # --- making rows ----------------------------------------------------------------------------

    def enqueue(self, edition: date, now: datetime, window_h: int, limit: int | None) -> int:
        """Make the missing rows for active subscribers whose hour has come; returns how many.

        Those whose hour passed more than `window_h` hours ago get a row that is expired from the
        start, and are not counted here; a pause that is over counts as active. Raises EditionError
        when the edition is not published.
        """
        return self._queue.enqueue(edition, now, window_h, limit)

    # --- working rows off -----------------------------------------------------------------------

    def claim(self, edition: date, owner: str, now: datetime, limit: int) -> Sequence[Delivery]:
        """Claim due rows for `owner`; rows of dead owners come back after their lease.

        None while sending is held. A row whose reader has left becomes `suppressed`, one whose
        reader pauses `paused`, one whose window is over `expired`; where a copy may have gone out
        already, `unknown`.
        """
        claimed: list[Delivery] = []
        with self._access.write(ledger=True) as connection:
            if held(connection, edition):
                return claimed
            # Before one of these rows goes out it is marked, by a commit that waits for the disk.
            in_order(connection, lasting=False)
            while len(claimed) < limit:
                wanted = {"of": edition, "at": now, "most": limit - len(claimed)}
                rows = connection.execute(
                    _TAKE_SURE if self._hold else _TAKE,
                    wanted | {"by": owner, "until": now + self._lease},
                ).all()
                if not rows:
                    if self._hold:
                        end_ambiguous(connection, now, hold=True, edition=edition)
                    break
                claimed += self._still_wanted(connection, edition, rows, now)
        return claimed

    def _still_wanted(
        self, connection: Connection, edition: date, rows: Sequence[Any], now: datetime
    ) -> list[Delivery]:
        asked = {"readers": [row.subscriber_id for row in rows], "at": now}
        found = connection.execute(_READERS, asked).all()
        barred = self._suppressed(connection, found)
        addresses = {row.id: row.address for row in found if row.active and row.id not in barred}
        kept: list[Delivery] = []
        ended: dict[DeliveryStatus, list[int]] = {}
        # Oldest first; what RETURNING gives has no order.
        for _, number, reader, message_id, date_header, attempts, doubts, in_time, wants in sorted(
            rows, key=itemgetter(0, 1)
        ):
            address = addresses.get(reader)
            if address is not None and in_time:
                kept.append(
                    Delivery(
                        number, edition, reader, address, _preferences(wants), message_id,
                        date_header, attempts,
                    )
                )  # fmt: skip
                continue
            if doubts:
                status = DeliveryStatus.UNKNOWN
            elif address is not None:
                status = DeliveryStatus.EXPIRED
            else:
                pausing = {row.id for row in found if row.status == Status.PAUSED} - barred
                status = DeliveryStatus.PAUSED if reader in pausing else DeliveryStatus.SUPPRESSED
            ended.setdefault(status, []).append(number)
        for status, ids in ended.items():
            connection.execute(update(_T).where(_T.c.id.in_(ids)).values(status=status, owner=None))
        return kept

    def _suppressed(self, connection: Connection, readers: Sequence[Row[Any]]) -> set[int]:
        """Those whose address is on the suppression list, whatever their own row says."""
        barred = among(connection, self._hashes_of, {row.key for row in readers})
        return {row.id for row in readers if row.key in barred}

    def exchange(
        self,
        owner: str,
        now: datetime,
        ended: Sequence[tuple[Delivery, SendResult | Unsent]],
        leaving: Sequence[Delivery],
    ) -> Sequence[Delivery]:
        """Record how attempts ended and mark who is about to go out, in one commit.

        After a 4xx the row waits for its next retry; after the last one, or where that would be
        too late for its edition, it expires. Trouble of the server as a whole uses up no retry.
        Returns those of `leaving` that may go out; their lease begins anew. The rows of the others
        are free again, if they are still this owner's: their reader has left since the claim.
        A stale owner writes nothing.
        """
        for tried, pause in enumerate(_PATIENCE_S, start=1):
            try:
                return self._exchange(owner, now, ended, leaving)
            except StorageError as error:
                if tried == _TOLD_AFTER:
                    log.warning("%s\n  sending waits, and tries again for a minute", error.message)
                if self._access.inside:
                    raise
                # Where the commit was made and only its answer was lost, the rows are on the wire
                # by now and not marked again: they come back unsent.
                time.sleep(pause)
        return self._exchange(owner, now, ended, leaving)

    def _exchange(
        self,
        owner: str,
        now: datetime,
        ended: Sequence[tuple[Delivery, SendResult | Unsent]],
        leaving: Sequence[Delivery],
    ) -> Sequence[Delivery]:
        # A commit that the disk has makes all before it lasting.
        last = self._synced
        lasting = last is None or not timedelta() <= now - last < _SYNCED
        with self._access.write(ledger=not lasting) as connection:
            record(connection, owner, now, ended, self._retries)
            marked = mark(connection, owner, now, leaving, self._lease)
            back = [(d, Unsent("held back")) for d in leaving if d.id not in marked]
            record(connection, owner, now, back, self._retries)
        if lasting:
            self._synced = now
        return [delivery for delivery in leaving if delivery.id in marked]

    # --- looking --------------------------------------------------------------------------------

    def counts(self, edition: date) -> Mapping[str, int]:
        """Status -> rows."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T.c.status, func.count())
                .where(_T.c.edition_date == edition)
                .group_by(_T.c.status)
                .order_by(_T.c.status)
            )
            return dict(rows.all())

    def domains(self, edition: date) -> Mapping[str, int]:
        """Recipient domain -> rows, most first; those of erased readers have none."""
        count = func.count().label("n")
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T.c.domain, count)
                .where(_T.c.edition_date == edition, _T.c.domain != "")
                .group_by(_T.c.domain)
                .order_by(count.desc(), _T.c.domain)
            )
            return dict(rows.all())

    def history(self, subscriber_id: int) -> Sequence[Mapping[str, object]]:
        """What became of a reader's letters, newest first: edition, status, at, reply."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T)
                .where(_T.c.subscriber_id == subscriber_id)
                .order_by(_T.c.edition_date.desc())
            ).all()
        return [
            {
                "edition": row.edition_date,
                "status": row.status,
                "at": row.updated_at,
                "reply": row.last_reply,
            }
            for row in rows
        ]

    def due(self, now: datetime) -> Sequence[date]:
        """Editions of which a row may be claimed now, oldest first."""
        with self._access.read() as connection:
            found = connection.scalars(
                select(_T.c.edition_date)
                .where(schema.UNFINISHED, _T.c.next_at <= now)
                .distinct()
                .order_by(_T.c.edition_date)
            )
            return list(found)

    def next_due(self, edition: date) -> datetime | None:
        """When the next pending or deferred row is due."""
        with self._access.read() as connection:
            found: datetime | None = connection.scalar(
                select(func.min(_T.c.next_at)).where(
                    _T.c.edition_date == edition,
                    _T.c.status.in_([DeliveryStatus.PENDING, DeliveryStatus.DEFERRED]),
                )
            )
        return found


@lru_cache(maxsize=65536)
def _preferences(kept: str) -> Preferences:
    """From the column's text; most readers share theirs with many."""
    return preferences_from_json(json.loads(kept))
