"""What keeps rows from being claimed: holds, and the end of what is ambiguous."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, TextClause, bindparam, or_, select, update

from digest.domain.delivery import DeliveryStatus
from digest.storage import schema

_T = schema.deliveries
_HOLDS = schema.holds

SENDING = "sending"
RESTORED = "restored"


_HELD = (
    select(_HOLDS.c.name)
    .where(or_(_HOLDS.c.name.in_([SENDING, RESTORED]), _HOLDS.c.name == bindparam("edition")))
    .limit(1)
)


def held(connection: Connection, edition: date) -> bool:
    """Whether nothing of an edition may be sent now."""
    return connection.scalar(_HELD, {"edition": edition.isoformat()}) is not None


def end_ambiguous(
    connection: Connection, now: datetime, *, hold: bool, edition: date | None = None
) -> None:
    """End rows that were left on the wire and are not to be sent again.

    With `hold` all whose lease is over, else those whose window is over as well.
    """
    may: list[ColumnElement[bool] | TextClause] = [
        schema.UNFINISHED,
        _T.c.status == DeliveryStatus.ON_WIRE,
        _T.c.next_at <= now,
    ]
    if edition is not None:
        may.append(_T.c.edition_date == edition)
    if not hold:
        may.append(_T.c.expires_at < now)
    connection.execute(
        update(_T)
        .where(*may)
        .values(status=DeliveryStatus.UNKNOWN, owner=None, updated_at=now, doubts=_T.c.doubts + 1)
    )


def all_held(connection: Connection) -> bool:
    """Whether all sending is held: by the operator, or since a restore."""
    names = [SENDING, RESTORED]
    found = connection.scalar(select(_HOLDS.c.name).where(_HOLDS.c.name.in_(names)).limit(1))
    return found is not None
