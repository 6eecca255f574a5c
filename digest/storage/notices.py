"""The queue of notices, the requests that limits count, and the consent log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, and_, delete, func, select, update

from digest.domain.notice import Action, Ask, Consent, Notice, NoticeKind, NoticeStatus, Via
from digest.storage import schema
from digest.storage.doors import Access
from digest.storage.holds import all_held

_T = schema.notices
_ASKS = schema.asks
_CONSENTS = schema.consents
_COLUMNS: Final = tuple(field.name for field in fields(Consent))
_PAGE: Final = 1000


class Notices:
    """`ports.NoticeStore` over SQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def put(self, kind: NoticeKind, subscriber_id: int, now: datetime) -> None:
        """Queue a notice; it may be claimed at once."""
        with self._access.write() as connection:
            connection.execute(
                _T.insert().values(
                    kind=kind,
                    subscriber_id=subscriber_id,
                    status=NoticeStatus.PENDING,
                    created_at=now.replace(microsecond=0),
                    next_at=now,
                    attempts=0,
                    last_reply="",
                )
            )

    def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int = 50
    ) -> Sequence[Notice]:
        """Claim what is due for `lease`; a dead owner's come back after it.

        Nothing while all sending is held.
        """
        due = (
            select(_T.c.id)
            .where(_T.c.status == NoticeStatus.PENDING, _T.c.next_at <= now)
            .order_by(_T.c.next_at, _T.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        with self._access.read() as connection:
            # Most looks find nothing: they need not wait for the one who writes.
            waits = connection.scalar(
                select(_T.c.id)
                .where(_T.c.status == NoticeStatus.PENDING, _T.c.next_at <= now)
                .limit(1)
            )
            if waits is None or all_held(connection):
                return []
        with self._access.write(ledger=True) as connection:
            rows = connection.execute(
                update(_T)
                .where(_T.c.id.in_(select(due.c.id)))
                .values(owner=owner, next_at=now + lease, attempts=_T.c.attempts + 1)
                .returning(_T)
            ).all()
        return [_notice(row) for row in sorted(rows, key=lambda row: row.id)]

    def record(self, notice: Notice, owner: str, status: NoticeStatus, reply: str) -> None:
        """Record how it ended; a stale owner writes nothing."""
        with self._access.write() as connection:
            connection.execute(
                update(_T)
                .where(_mine(notice, owner))
                .values(status=status, last_reply=reply, owner=None)
            )

    def put_off(self, notice: Notice, owner: str, until: datetime, reply: str) -> None:
        """Try again at `until`; a stale owner writes nothing."""
        with self._access.write() as connection:
            connection.execute(
                update(_T)
                .where(_mine(notice, owner))
                .values(next_at=until, last_reply=reply, owner=None)
            )

    def has(self, kind: NoticeKind, subscriber_id: int, since: datetime) -> bool:
        """Whether a notice of this kind was queued for a reader since a moment."""
        with self._access.read() as connection:
            found = connection.scalar(
                select(_T.c.id)
                .where(
                    _T.c.subscriber_id == subscriber_id,
                    _T.c.kind == kind,
                    _T.c.created_at >= since.replace(microsecond=0),
                )
                .limit(1)
            )
        return found is not None

    # --- requests -------------------------------------------------------------------------------

    def note(self, ask: Ask) -> None:
        """Keep a request."""
        with self._access.write() as connection:
            connection.execute(_ASKS.insert().values(**asdict(ask)))

    def asked(
        self,
        since: datetime | None,
        *,
        network: str = "",
        address: str = "",
        domain: str = "",
        purpose: str = "",
        mailed: bool = False,
    ) -> int:
        """How many requests there were since a moment, of those that match what is given."""
        wanted = select(func.count()).select_from(_ASKS)
        if since is not None:
            wanted = wanted.where(_ASKS.c.at > since)
        for column, value in (
            (_ASKS.c.network, network),
            (_ASKS.c.address, address),
            (_ASKS.c.domain, domain),
            (_ASKS.c.purpose, purpose),
        ):
            if value:
                wanted = wanted.where(column == value)
        if mailed:
            wanted = wanted.where(_ASKS.c.mailed)
        with self._access.read() as connection:
            return int(connection.scalar(wanted) or 0)

    def answered(self, address: str) -> None:
        """The reader of an address has answered: its former requests count no longer."""
        with self._access.write() as connection:
            connection.execute(delete(_ASKS).where(_ASKS.c.address == address))

    def prune(self, before: datetime) -> int:
        """Delete what is older; unanswered requests that were mailed stay. Returns how many."""
        with self._access.write() as connection:
            asks = connection.execute(delete(_ASKS).where(_ASKS.c.at < before, ~_ASKS.c.mailed))
            notices = connection.execute(
                delete(_T).where(_T.c.created_at < before, _T.c.status != NoticeStatus.PENDING)
            )
        return asks.rowcount + notices.rowcount

    # --- the consent log ------------------------------------------------------------------------

    def log(self, consent: Consent) -> None:
        """Append a line; nothing of the log can be changed or taken away."""
        with self._access.write() as connection:
            connection.execute(_CONSENTS.insert().values(**asdict(consent)))

    def log_all(self, consents: Sequence[Consent]) -> None:
        """Append many lines."""
        if consents:
            with self._access.write() as connection:
                # Not asdict, which copies deeply: half the time of a large import.
                connection.execute(
                    _CONSENTS.insert(),
                    [{name: getattr(one, name) for name in _COLUMNS} for one in consents],
                )

    def consents(self, subscriber_id: int | None = None) -> Iterator[Consent]:
        """The log, oldest first, streamed; of one reader where a number is given."""
        last = 0
        while True:
            wanted = select(_CONSENTS).where(_CONSENTS.c.id > last)
            if subscriber_id is not None:
                wanted = wanted.where(_CONSENTS.c.subscriber_id == subscriber_id)
            with self._access.read() as connection:
                rows = connection.execute(wanted.order_by(_CONSENTS.c.id).limit(_PAGE)).all()
            for row in rows:
                yield Consent(
                    at=row.at,
                    subscriber_id=row.subscriber_id,
                    address=row.address,
                    action=Action(row.action),
                    via=Via(row.via),
                    form=row.form,
                    ip=row.ip,
                )
            if len(rows) < _PAGE:
                return
            last = rows[-1].id


def _mine(notice: Notice, owner: str) -> Any:  # noqa: ANN401 - SQLAlchemy's condition
    return and_(_T.c.id == notice.id, _T.c.owner == owner, _T.c.attempts == notice.attempts)


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        id=row.id,
        kind=NoticeKind(row.kind),
        subscriber_id=row.subscriber_id,
        created_at=row.created_at,
        attempts=row.attempts,
    )
