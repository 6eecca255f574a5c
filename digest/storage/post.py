"""The log of what came in, and the raw reports for as long as they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, delete, func, or_, select, update

from digest.domain.delivery import DeliveryStatus
from digest.ports.post import Heard
from digest.storage import schema
from digest.storage.doors import Access, insert

_T = schema.heard
_MESSAGES = schema.messages
_DELIVERIES = schema.deliveries
MAX_RAW: Final = 256_000
"""Bytes kept of a message; what a report says stands at its head."""
_MAX_SAID: Final = 400


class Post:
    """`ports.PostStore` over SQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def keep(self, raw: bytes, recipient: str, now: datetime, *, whole: bool = True) -> int | None:
        """Keep a message; None when the very same came to the same mailbox before."""
        kept = raw[:MAX_RAW] if whole else b""
        name = hashlib.sha256(recipient.casefold().encode("utf-8", "replace") + b"\0" + raw)
        with self._access.write() as connection:
            made: int | None = connection.scalar(
                insert(connection, _MESSAGES)
                .values(at=now, digest=name.hexdigest(), said="", raw=kept)
                .on_conflict_do_nothing(index_elements=[_MESSAGES.c.digest])
                .returning(_MESSAGES.c.id)
            )
        return made

    def drop(self, message: int) -> None:
        """Forget a message that `keep` kept."""
        with self._access.write() as connection:
            connection.execute(delete(_MESSAGES).where(_MESSAGES.c.id == message))

    def log(self, heard: Heard, message: int | None) -> None:
        """Append a line. What the server said may hold an address: it lies with the raw bytes."""
        with self._access.write() as connection:
            connection.execute(
                _T.insert().values(
                    at=heard.at,
                    kind=heard.kind,
                    outcome=heard.outcome,
                    subscriber_id=heard.subscriber_id,
                    delivery_id=heard.delivery_id,
                    address=heard.address,
                    reason=heard.reason,
                    status=heard.status[:16],
                    proof=heard.proof,
                    weight=heard.weight,
                    message_id=message,
                )
            )
            if message is not None:
                connection.execute(
                    update(_MESSAGES)
                    .where(_MESSAGES.c.id == message)
                    .values(said=heard.said[:_MAX_SAID], subscriber_id=heard.subscriber_id)
                )

    def letter(self, delivery_id: int) -> tuple[int, date] | None:
        """Subscriber and edition of a delivery."""
        with self._access.read() as connection:
            row = connection.execute(
                select(_DELIVERIES.c.subscriber_id, _DELIVERIES.c.edition_date).where(
                    _DELIVERIES.c.id == delivery_id
                )
            ).one_or_none()
        return None if row is None else (row.subscriber_id, row.edition_date)

    def letter_of(self, edition: date, message_id: str) -> tuple[int, int] | None:
        """Delivery and subscriber of a Message-ID of an edition."""
        with self._access.read() as connection:
            row = connection.execute(
                select(_DELIVERIES.c.id, _DELIVERIES.c.subscriber_id)
                .where(
                    _DELIVERIES.c.edition_date == edition, _DELIVERIES.c.message_id == message_id
                )
                .limit(1)
            ).one_or_none()
        return None if row is None else (row.id, row.subscriber_id)

    def last_letter(self, subscriber_id: int, since: datetime) -> tuple[int, date] | None:
        """Delivery and edition of the last letter that a reader was sent since a moment."""
        with self._access.read() as connection:
            row = connection.execute(
                select(_DELIVERIES.c.id, _DELIVERIES.c.edition_date)
                .where(
                    _DELIVERIES.c.subscriber_id == subscriber_id,
                    _DELIVERIES.c.status == DeliveryStatus.SENT,
                    _DELIVERIES.c.updated_at >= since,
                )
                .order_by(_DELIVERIES.c.updated_at.desc())
                .limit(1)
            ).one_or_none()
        return None if row is None else (row.id, row.edition_date)

    def soft(self, subscriber_id: int, since: datetime) -> Sequence[tuple[datetime, float]]:
        """Moments and weights of a reader's proven bounces since a moment."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T.c.at, _T.c.weight).where(
                    _T.c.subscriber_id == subscriber_id,
                    _T.c.at > since,
                    _T.c.proof != "",
                    _T.c.weight > 0,
                )
            ).all()
        return [(row.at, row.weight) for row in rows]

    def arrived(self, subscriber_id: int, before: datetime) -> datetime | None:
        """When a reader's last letter was taken, before a moment, of which nothing came back.

        A bounce that does not say of which letter it is counts for those before it.
        """
        back = (
            select(_T.c.id)
            .where(
                _T.c.subscriber_id == subscriber_id,
                _T.c.kind == "bounce",
                or_(
                    _T.c.delivery_id == _DELIVERIES.c.id,
                    _T.c.delivery_id.is_(None) & (_T.c.at >= _DELIVERIES.c.updated_at),
                ),
            )
            .exists()
        )
        with self._access.read() as connection:
            found: datetime | None = connection.scalar(
                select(func.max(_DELIVERIES.c.updated_at)).where(
                    _DELIVERIES.c.subscriber_id == subscriber_id,
                    _DELIVERIES.c.status == DeliveryStatus.SENT,
                    _DELIVERIES.c.updated_at <= before,
                    ~back,
                )
            )
        return found

    def latest(self, limit: int) -> Sequence[Heard]:
        """The newest lines about anybody; `address` is the reader's, empty where there is none."""
        readers = schema.subscribers
        with self._access.read() as connection:
            rows = connection.execute(
                _lines(func.coalesce(readers.c.address, "").label("reader"))
                .outerjoin(readers, readers.c.id == _T.c.subscriber_id)
                .order_by(_T.c.id.desc())
                .limit(limit)
            ).all()
        return [_heard(row, row.reader) for row in rows]

    def history(self, subscriber_id: int) -> Sequence[Heard]:
        """All lines about a reader, oldest first."""
        with self._access.read() as connection:
            rows = connection.execute(
                _lines().where(_T.c.subscriber_id == subscriber_id).order_by(_T.c.id)
            ).all()
        return [_heard(row, row.address) for row in rows]

    def unproven(self, since: datetime) -> int:
        """How many lines without proof were written since a moment."""
        with self._access.read() as connection:
            found = connection.scalar(
                select(func.count()).select_from(_T).where(_T.c.at > since, _T.c.proof == "")
            )
        return int(found or 0)

    def about(self, subscriber_id: int, since: datetime) -> int:
        """How many proven lines about a reader were written since a moment."""
        with self._access.read() as connection:
            found = connection.scalar(
                select(func.count())
                .select_from(_T)
                .where(_T.c.at > since, _T.c.subscriber_id == subscriber_id, _T.c.proof != "")
            )
        return int(found or 0)

    def prune(self, before: datetime) -> int:
        """Delete raw messages older than a moment; the log stays. Returns how many."""
        with self._access.write() as connection:
            return connection.execute(delete(_MESSAGES).where(_MESSAGES.c.at < before)).rowcount


def _lines(*more: ColumnElement[str]) -> Select[Any]:
    """Lines with what servers said and the editions of letters."""
    said = func.coalesce(_MESSAGES.c.said, "").label("said")
    return (
        select(_T, said, _DELIVERIES.c.edition_date, *more)
        .outerjoin(_MESSAGES, _MESSAGES.c.id == _T.c.message_id)
        .outerjoin(_DELIVERIES, _DELIVERIES.c.id == _T.c.delivery_id)
    )


def _heard(row: Row[Any], address: str) -> Heard:
    return Heard(
        at=row.at,
        kind=row.kind,
        outcome=row.outcome,
        subscriber_id=row.subscriber_id,
        delivery_id=row.delivery_id,
        address=address,
        reason=row.reason,
        status=row.status,
        proof=row.proof,
        weight=row.weight,
        said=row.said,
        edition=row.edition_date,
    )
