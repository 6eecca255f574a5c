"""The ledger: one row per (edition, subscriber), worked off by any number of senders.

    pending --claim--> claimed --on_wire--> on_wire --record--> sent | refused | deferred | expired
       ^                  |                    |
       +--- release ------+     lease over: claimed again (on_ambiguous=resend) or left (hold)

`next_at` says when a row may be claimed, whatever its state: its hour, its next try, or the end of
its owner's lease. So one condition and one index serve new, deferred and orphaned rows. `attempts`
grows with each claim; every later change asks for the same owner and the same attempt, so that an
owner who comes back after its lease writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    TextClause,
    and_,
    case,
    func,
    or_,
    select,
    tuple_,
    update,
)

from digest.domain.delivery import (
    Accepted,
    Deferred,
    Delivery,
    DeliveryStatus,
    NoReply,
    Rejected,
    SendResult,
)
from digest.domain.edition import EditionStatus
from digest.domain.subscriber import Preferences, Status, due_at
from digest.errors import EditionError
from digest.storage import schema
from digest.storage.codec import days_from_bits, preferences_from_json, preferences_to_json
from digest.storage.doors import Access, insert
from digest.storage.subscribers import subscriber_of

_T = schema.deliveries
_SUBSCRIBERS = schema.subscribers
_PAGE: Final = 1000
_TIMES_AT_ONCE: Final = 1000
"""(zone, hour, days) of one statement: three values each."""

MessageId = Callable[[date, int], str]
"""(edition, subscriber id) -> Message-ID without angle brackets, always the same one."""


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
    ) -> None:
        self._access = access
        self._message_id = message_id
        self._lease = timedelta(minutes=lease_minutes)
        self._retries = [timedelta(minutes=minutes) for minutes in retry_minutes]
        self._hold = on_ambiguous == "hold"

    # --- making rows ----------------------------------------------------------------------------

    def enqueue(self, edition: date, now: datetime, window_h: int, limit: int | None) -> int:
        """Make the missing rows for active subscribers whose hour has come; returns how many.

        Those whose hour passed more than `window_h` hours ago are left out; a pause that is over
        counts as active. Raises EditionError when the edition is not published.
        """
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
                f"run: digest edition publish --date {edition}",
            )

    def _times_due(
        self, edition: date, now: datetime, window: timedelta
    ) -> dict[tuple[str, int, int], datetime]:
        """(zone, hour, days) -> the moment, for those in [now - window, now].

        A million readers are a few hundred of these, and only Python knows the zones.
        """
        columns = (_SUBSCRIBERS.c.zone, _SUBSCRIBERS.c.hour, _SUBSCRIBERS.c.days)
        with self._access.read() as connection:
            found = connection.execute(select(*columns).where(_active(now)).distinct()).all()
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
        return select(_SUBSCRIBERS).where(_active(now), time.in_(times), ~has_row)

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

    # --- working rows off -----------------------------------------------------------------------

    def claim(self, edition: date, owner: str, now: datetime, limit: int) -> Sequence[Delivery]:
        """Claim due rows for `owner`; rows of dead owners come back after their lease.

        A row whose reader has left becomes `suppressed`, one whose window is over `expired`.
        """
        claimed: list[Delivery] = []
        with self._access.write(ledger=True) as connection:
            while len(claimed) < limit:
                rows = self._take(connection, edition, owner, now, limit - len(claimed))
                if not rows:
                    break
                claimed += self._still_wanted(connection, rows, now)
        return claimed

    def _take(
        self, connection: Connection, edition: date, owner: str, now: datetime, limit: int
    ) -> Sequence[Row[Any]]:
        """One statement for both databases; SQLite drops the lock clause, having one writer."""
        may: list[ColumnElement[bool] | TextClause] = [
            _T.c.edition_date == edition,
            schema.UNFINISHED,
            _T.c.next_at <= now,
        ]
        if self._hold:
            may.append(_T.c.status != DeliveryStatus.ON_WIRE)
        due = (
            select(_T.c.id)
            .where(*may)
            .order_by(_T.c.next_at, _T.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        taken = connection.execute(
            update(_T)
            .where(_T.c.id.in_(select(due.c.id)))
            .values(
                status=DeliveryStatus.CLAIMED,
                owner=owner,
                attempts=_T.c.attempts + 1,
                next_at=now + self._lease,
                updated_at=now,
            )
            .returning(_T)
        ).all()
        return sorted(taken, key=lambda row: (row.not_before, row.id))

    @staticmethod
    def _still_wanted(
        connection: Connection, rows: Sequence[Row[Any]], now: datetime
    ) -> list[Delivery]:
        readers = {row.subscriber_id for row in rows}
        addresses = dict(
            connection.execute(
                select(_SUBSCRIBERS.c.id, _SUBSCRIBERS.c.address).where(
                    _SUBSCRIBERS.c.id.in_(readers), _active(now)
                )
            )
            
            .all()
        )
        kept: list[Delivery] = []
        ended: dict[DeliveryStatus, list[int]] = {
            DeliveryStatus.SUPPRESSED: [],
            DeliveryStatus.EXPIRED: [],
        }
        for row in rows:
            if row.subscriber_id not in addresses:
                ended[DeliveryStatus.SUPPRESSED].append(row.id)
            elif row.expires_at < now:
                ended[DeliveryStatus.EXPIRED].append(row.id)
            else:
                kept.append(_delivery(row, addresses[row.subscriber_id]))
        for status, ids in ended.items():
            if ids:
                connection.execute(
                    update(_T).where(_T.c.id.in_(ids)).values(status=status, owner=None)
                )
        return kept

    def on_wire(self, delivery: Delivery, owner: str, now: datetime) -> None:
        """Mark that the end of data is about to go out; the lease begins anew.

        Raises NoReply when the letter must not go out: its lease is over and another has it, or
        its reader has left since the claim.
        """
        stays = (
            select(_SUBSCRIBERS.c.id)
            .where(_SUBSCRIBERS.c.id == delivery.subscriber_id, _active(now))
            .exists()
        )
        with self._access.write(ledger=True) as connection:
            marked = connection.execute(
                update(_T)
                .where(_mine(delivery, owner), _T.c.status == DeliveryStatus.CLAIMED, stays)
                .values(status=DeliveryStatus.ON_WIRE, next_at=now + self._lease, updated_at=now)
            )
        if marked.rowcount != 1:
            raise NoReply("held back: the reader left, or the lease is over", on_wire=False)

    def record(self, delivery: Delivery, owner: str, result: SendResult, now: datetime) -> None:
        """Record how an attempt ended; a stale owner writes nothing.

        After a 4xx the row waits for its next retry; after the last one, or where that would be
        too late for its edition, it expires. Trouble of the server as a whole uses up no retry.
        """
        with self._access.write(ledger=True) as connection:
            values: dict[str, Any]
            match result:
                case Accepted():
                    values = {"status": DeliveryStatus.SENT}
                case Rejected():
                    values = {"status": DeliveryStatus.REFUSED}
                case Deferred():
                    found = connection.execute(select(_T).where(_T.c.id == delivery.id)).first()
                    values = {} if found is None else self._deferred(found, result, now)
            connection.execute(
                update(_T)
                .where(
                    _mine(delivery, owner),
                    _T.c.status.in_([DeliveryStatus.CLAIMED, DeliveryStatus.ON_WIRE]),
                )
                .values(
                    **values,
                    owner=None,
                    updated_at=now,
                    # A reply may repeat an address that has been erased meanwhile.
                    last_reply=case((_T.c.domain == "", ""), else_=result.reply),
                )
            )

    def _deferred(self, row: Row[Any], result: Deferred, now: datetime) -> dict[str, Any]:
        if result.server_wide:
            used, wait = row.deferrals, self._retries[0]
        elif row.deferrals < len(self._retries):
            used, wait = row.deferrals + 1, self._retries[row.deferrals]
        else:
            return {"status": DeliveryStatus.EXPIRED}
        if now + wait > row.expires_at:
            return {"status": DeliveryStatus.EXPIRED, "deferrals": used}
        return {"status": DeliveryStatus.DEFERRED, "deferrals": used, "next_at": now + wait}

    def release(self, delivery: Delivery, owner: str, reason: str, now: datetime) -> None:
        """Give a claimed row back unsent (a dead connection is never the recipient's fault).

        A row that is on the wire stays there: nobody knows whether it was sent.
        """
        with self._access.write(ledger=True) as connection:
            connection.execute(
                update(_T)
                .where(_mine(delivery, owner), _T.c.status == DeliveryStatus.CLAIMED)
                .values(
                    status=DeliveryStatus.PENDING,
                    owner=None,
                    next_at=_T.c.not_before,
                    updated_at=now,
                    last_reply=case((_T.c.domain == "", ""), else_=reason),
                )
            )

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


def _active(now: datetime) -> ColumnElement[bool]:
    """Subscribers who may be written to: active, or paused until a moment that has passed."""
    return or_(
        _SUBSCRIBERS.c.status == Status.ACTIVE,
        and_(_SUBSCRIBERS.c.status == Status.PAUSED, _SUBSCRIBERS.c.paused_until <= now),
    )


def _mine(delivery: Delivery, owner: str) -> ColumnElement[bool]:
    return and_(_T.c.id == delivery.id, _T.c.owner == owner, _T.c.attempts == delivery.attempts)


def _delivery(row: Row[Any], address: str) -> Delivery:
    return Delivery(
        id=row.id,
        edition=row.edition_date,
        subscriber_id=row.subscriber_id,
        address=address,
        preferences=preferences_from_json(row.preferences),
        message_id=row.message_id,
        date_header=row.created_at,
        attempts=row.attempts,
    )
