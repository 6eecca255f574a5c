"""How sending fares: `ports.PulseStore` over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select

from digest.ports.pulse import Sender, Waiting
from digest.storage import schema
from digest.storage.doors import Access, insert

_T = schema.senders
_DELIVERIES = schema.deliveries
_KEPT: Final = timedelta(days=2)


class Pulses:
    """See `ports.PulseStore`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def beat(self, sender: Sender) -> None:
        """Keep what a sender says; those long gone are forgotten."""
        values = asdict(sender)
        # Not a ledger's commit: the disk has it, and so all that the sender wrote before.
        with self._access.write() as connection:
            made = insert(connection, _T).values(**values)
            connection.execute(made.on_conflict_do_update(index_elements=[_T.c.owner], set_=values))
            connection.execute(delete(_T).where(_T.c.seen_at < sender.seen_at - _KEPT))

    def senders(self, since: datetime) -> Sequence[Sender]:
        """Those seen since a moment, by name."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T).where(_T.c.seen_at >= since).order_by(_T.c.owner)
            ).all()
        return [Sender(**row._mapping) for row in rows]  # noqa: SLF001 - its public name

    def waiting(self, now: datetime) -> Waiting:
        """What has not ended, of all editions.

        A row that is claimed has the end of its lease as `next_at`: past that it is due again.
        """
        with self._access.read() as connection:
            rows = connection.execute(
                select(_DELIVERIES.c.status, func.count(), func.min(_DELIVERIES.c.next_at))
                .where(schema.UNFINISHED)
                .group_by(_DELIVERIES.c.status)
            ).all()
        oldest = min((at for _, _, at in rows), default=None)
        return Waiting(
            {status: number for status, number, _ in rows},
            oldest if oldest is not None and oldest <= now else None,
        )
