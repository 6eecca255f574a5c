"""What one commit of a sender writes: how attempts ended, and which letters leave next.

Every change asks for the owner and the attempt, so that an owner who comes back after its lease
writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Text, bindparam, case, func, or_, select, tuple_, update

from digest.domain.delivery import (
    Accepted,
    Deferred,
    Delivery,
    DeliveryStatus,
    Rejected,
    SendResult,
    Unsent,
)
from digest.domain.replies import wait_after
from digest.storage import schema
from digest.storage.holds import held
from digest.storage.subscribers import active

_T = schema.deliveries
_SUBSCRIBERS = schema.subscribers


_NOW = bindparam("now", type_=schema.Moment())

# Built once: a sender runs them some twenty times a second, and building costs more than running.
_MARK = (
    update(_T)
    .where(
        # The ids alone find the rows; the attempts are the fence.
        _T.c.id.in_(bindparam("ids", expanding=True)),
        tuple_(_T.c.id, _T.c.attempts).in_(bindparam("pairs", expanding=True)),
        _T.c.owner == bindparam("by"),
        _T.c.status == DeliveryStatus.CLAIMED,
        _T.c.subscriber_id.in_(
            select(_SUBSCRIBERS.c.id).where(
                _SUBSCRIBERS.c.id.in_(bindparam("readers", expanding=True)), active(_NOW)
            )
        ),
    )
    .values(
        status=DeliveryStatus.ON_WIRE,
        next_at=bindparam("until", type_=schema.Moment()),
        updated_at=_NOW,
    )
    .returning(_T.c.id)
)
_MINE = (
    _T.c.id == bindparam("row"),
    _T.c.attempts == bindparam("attempt"),
    _T.c.owner == bindparam("by"),
    # Not in_(): such a list cannot be part of a statement for many rows.
    or_(_T.c.status == DeliveryStatus.CLAIMED, _T.c.status == DeliveryStatus.ON_WIRE),
)
_ALWAYS: dict[str, Any] = {
    "status": bindparam("to"),
    "owner": None,
    "updated_at": _NOW,
    "server": bindparam("server"),
    # A reply may repeat an address that has been erased meanwhile.
    "last_reply": case((_T.c.domain == "", ""), else_=bindparam("reply", type_=Text)),
}
_END = update(_T).where(*_MINE).values(_ALWAYS)
_MOVE = (
    update(_T)
    .where(*_MINE)
    .values(
        _ALWAYS
        | {
            "next_at": func.coalesce(bindparam("next", type_=schema.Moment()), _T.c.not_before),
            "deferrals": _T.c.deferrals + bindparam("used"),
        }
    )
)


def mark(
    connection: Connection,
    owner: str,
    now: datetime,
    leaving: Sequence[Delivery],
    lease: timedelta,
) -> set[int]:
    """Mark as on the wire what may go out; returns the ids. Their lease begins anew.

    Left out are rows that are another's by now, those whose reader has left since the claim, and
    all of an edition that is held.
    """
    allowed = [
        delivery
        for edition in {delivery.edition for delivery in leaving}
        if not held(connection, edition)
        for delivery in leaving
        if delivery.edition == edition
    ]
    if not allowed:
        return set()
    marked = connection.execute(
        _MARK,
        {
            "ids": [d.id for d in allowed],
            "pairs": [(d.id, d.attempts) for d in allowed],
            "readers": [d.subscriber_id for d in allowed],
            "by": owner,
            "now": now,
            "until": now + lease,
        },
    )
    return set(marked.scalars())


def record(
    connection: Connection,
    owner: str,
    now: datetime,
    ended: Sequence[tuple[Delivery, SendResult | Unsent]],
    waits: Sequence[timedelta],
) -> None:
    """Record how attempts ended; see `Deliveries.exchange`."""
    plain: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    for delivery, outcome in ended:
        row = {
            "row": delivery.id, "attempt": delivery.attempts, "by": owner, "now": now,
            "server": outcome.server,
        }  # fmt: skip
        match outcome:
            case Accepted(reply):
                plain.append(row | {"to": DeliveryStatus.SENT, "reply": reply})
            case Rejected(reply):
                plain.append(row | {"to": DeliveryStatus.REFUSED, "reply": reply})
            case Deferred(reply):
                moved.append(
                    row | {"reply": reply} | _put_off(connection, delivery, outcome, now, waits)
                )
            case Unsent(reason, until):
                values = {"to": DeliveryStatus.PENDING, "reply": reason, "used": 0}
                moved.append(row | values | {"next": until})
    if plain:
        connection.execute(_END, plain)
    if moved:
        connection.execute(_MOVE, moved)


def _put_off(
    connection: Connection,
    delivery: Delivery,
    result: Deferred,
    now: datetime,
    waits: Sequence[timedelta],
) -> dict[str, Any]:
    over = {"to": DeliveryStatus.EXPIRED, "used": 0, "next": now}
    row = connection.execute(
        select(_T.c.deferrals, _T.c.expires_at).where(_T.c.id == delivery.id)
    ).first()
    if row is None:
        return over
    used = 0 if result.server_wide else 1
    wait = waits[0] if result.server_wide else wait_after(result.reply, row.deferrals, waits)
    if wait is None:
        return over
    if now + wait > row.expires_at:
        return over | {"used": used}
    return {"to": DeliveryStatus.DEFERRED, "used": used, "next": now + wait}
