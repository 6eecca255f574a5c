"""Subscribers and the suppression list."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, or_, select, update

from digest.domain.delivery import DeliveryStatus
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.storage import schema
from digest.storage.codec import days_from_bits, days_to_bits
from digest.storage.doors import insert
from digest.storage.suppressions import SuppressionList

_T = schema.subscribers
_DELIVERIES = schema.deliveries
_WAITING: Final = (DeliveryStatus.PENDING, DeliveryStatus.DEFERRED, DeliveryStatus.CLAIMED)
_PAGE: Final = 1000
"""Subscribers read at once. Each page is a transaction of its own: a slow consumer of the list
holds nothing open."""


class Subscribers(SuppressionList):
    """`ports.SubscriberStore` over SQL."""

    def find(self, key: str) -> Subscriber | None:
        """By normalised address."""
        with self._access.read() as connection:
            row = connection.execute(select(_T).where(_T.c.key == key)).one_or_none()
        return None if row is None else subscriber_of(row)

    def by_id(self, number: int) -> Subscriber | None:
        """By the number that signed links hold."""
        with self._access.read() as connection:
            row = connection.execute(select(_T).where(_T.c.id == number)).one_or_none()
        return None if row is None else subscriber_of(row)

    def add(self, subscriber: Subscriber) -> Subscriber | None:
        """Add one; None when the address is known. The id given is ignored."""
        with self._access.write() as connection:
            made = connection.scalar(
                insert(connection, _T)
                .values(**_all_of(subscriber))
                .on_conflict_do_nothing(index_elements=[_T.c.key])
                .returning(_T.c.id)
            )
        return None if made is None else replace(subscriber, id=made)

    def known(self, keys: Collection[str]) -> Mapping[str, Subscriber]:
        """Which of these normalised addresses are known, by address."""
        with self._access.read() as connection:
            rows = connection.execute(select(_T).where(_T.c.key.in_(keys))).all()
        return {row.key: subscriber_of(row) for row in rows}

    def add_all(self, subscribers: Sequence[Subscriber]) -> Mapping[str, int]:
        """Add many; the numbers of those who were not known, by normalised address."""
        if not subscribers:
            return {}
        with self._access.write() as connection:
            statement = (
                insert(connection, _T)
                .on_conflict_do_nothing(index_elements=[_T.c.key])
                .returning(_T.c.key, _T.c.id)
            )
            rows = connection.execute(statement, [_all_of(one) for one in subscribers]).all()
        return {row.key: row.id for row in rows}

    def update(self, subscriber: Subscriber) -> None:
        """Write back status and preferences; nothing happens to one who was erased meanwhile.

        Where no letter may go to them any more, none is marked as on the wire after this is
        committed.
        """
        with self._access.write() as connection:
            connection.execute(
                update(_T).where(_T.c.id == subscriber.id).values(**_changeable(subscriber))
            )
            if subscriber.status is Status.ACTIVE:
                return
            # On Postgres a mark that runs now still sees them as they were. It and this wait for
            # each other at the row of the letter, and whoever comes second finds what the first
            # has made of it: on the wire before they left, or no longer the sender's. A row that
            # waits is touched as well: a claim of it may be about to be committed.
            status = _DELIVERIES.c.status
            claimed = status == DeliveryStatus.CLAIMED
            connection.execute(
                update(_DELIVERIES)
                .where(_DELIVERIES.c.subscriber_id == subscriber.id, status.in_(_WAITING))
                .values(
                    status=case((claimed, DeliveryStatus.PENDING), else_=status),
                    owner=None,
                    next_at=case((claimed, _DELIVERIES.c.not_before), else_=_DELIVERIES.c.next_at),
                )
            )

    def erase(self, key: str) -> bool:
        """Delete the subscriber, their notices, the reports about them, the address in deliveries.

        Returns False when they are unknown.

        The rows of the ledger stay, so that counts stay true. A letter not yet on the wire will
        not go out.
        """
        with self._access.write() as connection:
            found = connection.scalar(delete(_T).where(_T.c.key == key).returning(_T.c.id))
            if found is None:
                return False
            notices = schema.notices
            connection.execute(delete(notices).where(notices.c.subscriber_id == found))
            messages = schema.messages
            connection.execute(delete(messages).where(messages.c.subscriber_id == found))
            status = _DELIVERIES.c.status
            connection.execute(
                update(_DELIVERIES)
                .where(_DELIVERIES.c.subscriber_id == found)
                .values(
                    domain="",
                    # A server's reply often repeats the address.
                    last_reply="",
                    status=case((status.in_(_WAITING), DeliveryStatus.SUPPRESSED), else_=status),
                )
            )
        return True

    def unconfirmed(self, asked_before: datetime, limit: int) -> Sequence[Subscriber]:
        """Those who asked to subscribe before a moment and have not confirmed, oldest first."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T)
                .where(_T.c.status == Status.PENDING, _T.c.asked_at < asked_before)
                .order_by(_T.c.asked_at, _T.c.id)
                .limit(limit)
            ).all()
        return [subscriber_of(row) for row in rows]

    def listing(self, status: Status | None = None) -> Iterator[Subscriber]:
        """All subscribers, by id, streamed."""
        last = 0
        while True:
            wanted = select(_T).where(_T.c.id > last).order_by(_T.c.id).limit(_PAGE)
            if status is not None:
                wanted = wanted.where(_T.c.status == status)
            with self._access.read() as connection:
                rows = connection.execute(wanted).all()
            for row in rows:
                yield subscriber_of(row)
            if len(rows) < _PAGE:
                return
            last = rows[-1].id

    def counts(self) -> Mapping[Status, int]:
        """How many of each status, also where that is none."""
        with self._access.read() as connection:
            rows = connection.execute(select(_T.c.status, func.count()).group_by(_T.c.status))
            found: dict[str, int] = dict(rows.all())
        return {status: found.get(status, 0) for status in Status}


def _all_of(subscriber: Subscriber) -> dict[str, Any]:
    return {
        "address": subscriber.address,
        "key": subscriber.key,
        "created_at": subscriber.created_at,
        **_changeable(subscriber),
    }


def _changeable(subscriber: Subscriber) -> dict[str, Any]:
    wants = subscriber.preferences
    return {
        "status": subscriber.status,
        "confirmed_at": subscriber.confirmed_at,
        "paused_until": subscriber.paused_until,
        "zone": wants.zone,
        "hour": wants.hour,
        "days": days_to_bits(wants.days),
        "concepts": wants.concepts,
        "stories": wants.stories,
        "level": wants.level,
        "tracks": sorted(wants.tracks),
        "text_only": wants.text_only,
        "images": wants.images,
        "asked_at": subscriber.asked_at,
        "left_at": subscriber.left_at,
    }


def active(
    now: datetime | ColumnElement[datetime], status: ColumnElement[str] = _T.c.status
) -> ColumnElement[bool]:
    """Subscribers who may be written to: active, or paused until a moment that has passed.

    `status` is the column, or what hides it from its index.
    """
    return or_(
        status == Status.ACTIVE,
        and_(status == Status.PAUSED, _T.c.paused_until <= now),
    )


def subscriber_of(row: Row[Any]) -> Subscriber:
    """A row of the table as a subscriber."""
    return Subscriber(
        id=row.id,
        address=row.address,
        key=row.key,
        status=Status(row.status),
        created_at=row.created_at,
        preferences=Preferences(
            zone=row.zone,
            hour=row.hour,
            days=days_from_bits(row.days),
            concepts=row.concepts,
            stories=row.stories,
            level=row.level,
            tracks=frozenset(row.tracks),
            text_only=row.text_only,
            images=row.images,
        ),
        confirmed_at=row.confirmed_at,
        paused_until=row.paused_until,
        asked_at=row.asked_at,
        left_at=row.left_at,
    )
