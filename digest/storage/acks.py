"""What one commit of a sender writes: how attempts ended, and which letters leave next.

Every change asks for the owner and the attempt, so that an owner who comes back after its lease
writes nothing.

A sender runs the first statements some fifty times a second. So they are text that never changes,
which the driver prepares once, and their rows come as one JSON array of arrays: an IN with a
parameter for each value costs more to write out than to run.

The ids alone find the rows. Of a table of which it knows nothing yet, Postgres believes that few
rows are unfinished and few readers active, and would go through all of these for each group: 0.6 s
for one of 64 letters among 3 000. So the status is hidden from that index (`||`), and the reader is
asked for in a subquery that cannot become a join.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Text,
    TextClause,
    bindparam,
    case,
    func,
    or_,
    select,
    text,
    update,
)

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
from digest.storage.columns import MOMENT, Moment
from digest.storage.holds import RESTORED, SENDING

_T = schema.deliveries

# How a value of a row is read, by its place and kind; and what gives the rows.
_JSON: Final = {
    "sqlite": ("json_extract(value, '$[{}]')", "json_each(:rows)"),
    "postgresql": ("CAST(value ->> {} AS {})", "json_array_elements(CAST(:rows AS json))"),
}


def _rows(dialect: str, **kinds: str) -> str:
    """A table `new` of the parameter `rows`, with columns of these names and kinds, in order."""
    value, source = _JSON[dialect]
    columns = [
        f"{value.format(number, kind)} AS {name}"
        for number, (name, kind) in enumerate(kinds.items())
    ]
    return f"(SELECT {', '.join(columns)} FROM {source}) AS new"  # noqa: S608 - words from above


def _statement(words: str, *moments: str) -> TextClause:
    return text(words).bindparams(*(bindparam(name, type_=Moment()) for name in moments))


_MARK: Final = {
    dialect: _statement(
        "UPDATE deliveries SET status = 'on_wire', next_at = :until, updated_at = :now "  # noqa: S608
        f"FROM {_rows(dialect, id='bigint', attempt='int')} "
        "WHERE deliveries.id = new.id AND deliveries.attempts = new.attempt "
        "AND deliveries.owner = :owner AND deliveries.status || '' = 'claimed' "
        "AND (SELECT subscribers.status = 'active' "
        "OR subscribers.status = 'paused' AND subscribers.paused_until <= :now "
        "FROM subscribers WHERE subscribers.id = deliveries.subscriber_id) "
        f"AND NOT EXISTS (SELECT 1 FROM holds WHERE name IN ('{SENDING}', '{RESTORED}', :edition)) "
        "RETURNING deliveries.id",
        "until",
        "now",
    )
    for dialect in _JSON
}
_ENDED: Final = (
    "UPDATE deliveries SET status = {}, owner = NULL, updated_at = {}, server = {}, "
    # A reply may repeat an address that has been erased meanwhile.
    "last_reply = CASE domain WHEN '' THEN '' ELSE {} END {} "
    "WHERE deliveries.id = {} AND deliveries.attempts = {} AND deliveries.owner = {} "
    "AND deliveries.status || '' IN ('claimed', 'on_wire')"
)
_END: Final = _statement(
    _ENDED.format(
        "new.status", ":now", "new.server", "new.reply",
        "FROM " + _rows(
            "postgresql", id="bigint", attempt="int", status="text", reply="text", server="text"
        ),
        "new.id", "new.attempt", ":owner",
    ),
    "now",
)  # fmt: skip
# SQLite's driver does a row in half the time that a join with such a table takes.
_END_EACH: Final = _ENDED.format("?3", "?6", "?5", "?4", "", "?1", "?2", "?7")


_MOVE: Final = (
    update(_T)
    .where(
        _T.c.id == bindparam("row"),
        _T.c.attempts == bindparam("attempt"),
        _T.c.owner == bindparam("by"),
        # Not in_(): such a list cannot be part of a statement for many rows.
        or_(_T.c.status == DeliveryStatus.CLAIMED, _T.c.status == DeliveryStatus.ON_WIRE),
    )
    .values(
        status=bindparam("to"),
        owner=None,
        updated_at=bindparam("now", type_=Moment()),
        server=bindparam("from"),
        last_reply=case((_T.c.domain == "", ""), else_=bindparam("reply", type_=Text)),
        next_at=func.coalesce(bindparam("next", type_=Moment()), _T.c.not_before),
        deferrals=_T.c.deferrals + bindparam("used"),
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
    marked: set[int] = set()
    statement = _MARK[connection.dialect.name]
    for edition in {delivery.edition for delivery in leaving}:
        rows = [(d.id, d.attempts) for d in leaving if d.edition == edition]
        values = {"rows": json.dumps(rows), "owner": owner, "edition": edition.isoformat()}
        moments = {"now": now, "until": now + lease}
        marked.update(connection.execute(statement, values | moments).scalars())
    return marked


def record(
    connection: Connection,
    owner: str,
    now: datetime,
    ended: Sequence[tuple[Delivery, SendResult | Unsent]],
    waits: Sequence[timedelta],
) -> None:
    """Record how attempts ended; see `Deliveries.exchange`."""
    over: list[tuple[int, int, str, str, str]] = []
    moved: list[dict[str, Any]] = []
    for delivery, outcome in ended:
        match outcome:
            case Accepted(reply):
                over.append((delivery.id, delivery.attempts, "sent", reply, outcome.server))
                continue
            case Rejected(reply):
                over.append((delivery.id, delivery.attempts, "refused", reply, outcome.server))
                continue
            case Deferred(reply):
                values = _put_off(connection, delivery, outcome, now, waits)
            case Unsent(reply, until):
                values = {"to": DeliveryStatus.PENDING, "used": 0, "next": until}
        moved.append(
            values
            | {
                "row": delivery.id, "attempt": delivery.attempts, "by": owner, "now": now,
                "reply": reply, "from": outcome.server,
            }
        )  # fmt: skip
    if over and connection.dialect.name == "sqlite":
        at = now.astimezone(UTC).strftime(MOMENT)
        connection.exec_driver_sql(_END_EACH, [(*row, at, owner) for row in over])
    elif over:
        connection.execute(_END, {"rows": json.dumps(over), "owner": owner, "now": now})
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
