"""The ledger's books, its holds and its upkeep: `ports.LedgerStore` over SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, bindparam, case, delete, func, or_, select, update

from digest.domain.audit import Audit
from digest.domain.delivery import DeliveryStatus
from digest.domain.edition import EditionStatus
from digest.domain.replies import error_class
from digest.domain.subscriber import Preferences
from digest.errors import EditionError
from digest.ports import Hold, Row
from digest.ports.ledger import By, Cause
from digest.storage import schema
from digest.storage.bell import Bell
from digest.storage.codec import days_from_bits
from digest.storage.doors import Access, insert
from digest.storage.holds import end_ambiguous
from digest.storage.queue import Queue
from digest.storage.subscribers import active

_T = schema.deliveries
_SUBSCRIBERS = schema.subscribers
_HOLDS = schema.holds
_DAYS = schema.ledger_days
_EDITIONS = schema.editions

_DAYS_OPEN: Final = 7
"""Days back that are looked for open books: older ones were sent before there were any."""


class Ledger:
    """See `ports.LedgerStore`."""

    def __init__(self, access: Access, queue: Queue, *, hold: bool) -> None:
        """`hold` is whether ambiguous letters are left (`on_ambiguous`)."""
        self._access = access
        self._queue = queue
        self._hold = hold
        self._bell = Bell(access)

    # --- the books ------------------------------------------------------------------------------

    def audit(self, edition: date, now: datetime, window_h: int) -> Audit:
        """The books of an edition at `now`. Nothing is changed."""
        with self._access.read() as connection:
            status = connection.scalar(
                select(_EDITIONS.c.status).where(_EDITIONS.c.date == edition)
            )
            line = connection.execute(
                select(_DAYS).where(_DAYS.c.edition_date == edition)
            ).one_or_none()
            counts: Counter[str] = Counter()
            doubled = 0
            for name, rows, doubts in connection.execute(
                select(_T.c.status, func.count(), func.sum(case((_T.c.doubts > 0, 1), else_=0)))
                .where(_T.c.edition_date == edition)
                .group_by(_T.c.status)
            ):
                counts[name] += rows
                doubled += doubts or 0
        # Who subscribes after the books were closed, or changes their hour, was not due then.
        closed = line is not None and line.closed_at is not None
        if line is not None and closed:
            missing = line.missing
        else:
            missing = self._queue.missing(edition, now, window_h)
        return Audit(
            edition=edition,
            published=status == EditionStatus.PUBLISHED,
            closed=closed,
            queued=line.queued if line is not None else 0,
            missing=missing,
            doubled=doubled,
            counts=dict(counts + Counter(line.pruned if line is not None else {})),
        )

    def close_due(self, now: datetime, window_h: int) -> Sequence[date]:
        """Dates of the last week whose last reader's window is over and whose books are open.

        Not those of which a letter may still go out: one tried again, or on its way just now.
        """
        # The westernmost reader's day begins 12 h after that of UTC, and lasts 24 h.
        last = (now - timedelta(hours=12 + 24 + window_h)).date()
        week = [last - timedelta(days=days) for days in range(_DAYS_OPEN, 0, -1)]
        with self._access.read() as connection:
            closed = connection.scalars(
                select(_DAYS.c.edition_date).where(
                    _DAYS.c.edition_date.in_(week), _DAYS.c.closed_at.is_not(None)
                )
            ).all()
            under_way = connection.scalars(
                select(_T.c.edition_date)
                .where(
                    _T.c.edition_date.in_(week),
                    schema.UNFINISHED,
                    or_(
                        _T.c.expires_at >= now,
                        _T.c.status.in_([DeliveryStatus.CLAIMED, DeliveryStatus.ON_WIRE])
                        & (_T.c.next_at > now),
                    ),
                )
                .distinct()
            ).all()
        return [day for day in week if day not in closed and day not in under_way]

    def close(self, edition: date, now: datetime, window_h: int) -> Audit:
        """End what was not sent in time and close the books; returns what they say.

        Readers who were due and got no row get one that is expired, if there is an edition.
        """
        books = self.audit(edition, now, window_h)
        if books.closed:
            return books
        with suppress(EditionError):
            self._queue.enqueue(edition, now, window_h, None)
        missing = self._queue.missing(edition, now, window_h)
        with self._access.write() as connection:
            end_ambiguous(connection, now, hold=self._hold, edition=edition)
            connection.execute(
                update(_T)
                .where(
                    _T.c.edition_date == edition,
                    schema.UNFINISHED,
                    _T.c.expires_at < now,
                    or_(
                        _T.c.status.in_([DeliveryStatus.PENDING, DeliveryStatus.DEFERRED]),
                        # A dead owner's; that of one alive is its matter.
                        (_T.c.status == DeliveryStatus.CLAIMED) & (_T.c.next_at <= now),
                    ),
                )
                .values(
                    status=case(
                        (_T.c.doubts > 0, DeliveryStatus.UNKNOWN), else_=DeliveryStatus.EXPIRED
                    ),
                    owner=None,
                    updated_at=now,
                )
            )
            values = {"closed_at": now, "missing": missing}
            line = insert(connection, _DAYS).values(
                edition_date=edition, queued=0, pruned={}, **values
            )
            connection.execute(
                line.on_conflict_do_update(index_elements=[_DAYS.c.edition_date], set_=values)
            )
        return self.audit(edition, now, window_h)

    def retry(self, edition: date, statuses: Sequence[str], now: datetime, window_h: int) -> int:
        """Make ended rows pending again, with a window from `now`; returns how many.

        Only those whose reader still gets the letter; what was sent is never sent again. Raises
        EditionError where the rows were pruned: nobody knows any more to whom it was.
        """
        readers = select(_SUBSCRIBERS.c.id).where(active(now))
        with self._access.write() as connection:
            # With its books open, an edition without rows would get new ones, for everybody.
            if connection.scalar(select(_DAYS.c.pruned).where(_DAYS.c.edition_date == edition)):
                raise EditionError(
                    f"edition {edition}: its deliveries were pruned, so it is not known any more "
                    "who has got it",
                    f"what is left of it: digest audit {edition}",
                )
            done = connection.execute(
                update(_T)
                .where(
                    _T.c.edition_date == edition,
                    _T.c.status.in_(list(statuses)),
                    _T.c.status != DeliveryStatus.SENT,
                    _T.c.subscriber_id.in_(readers),
                )
                .values(
                    status=DeliveryStatus.PENDING,
                    owner=None,
                    deferrals=0,
                    not_before=now,
                    next_at=now,
                    expires_at=now + timedelta(hours=window_h),
                    updated_at=now,
                )
            )
            if done.rowcount:
                connection.execute(
                    update(_DAYS).where(_DAYS.c.edition_date == edition).values(closed_at=None)
                )
        return done.rowcount

    # --- holds ----------------------------------------------------------------------------------

    def hold(self, name: str, reason: str, now: datetime, cause: Cause = "operator") -> None:
        """Hold sending: of all (`sending`), or of an edition (its date). The first reason stays."""
        with self._access.write() as connection:
            connection.execute(
                insert(connection, _HOLDS)
                .values(name=name, since=now, reason=reason, cause=cause)
                .on_conflict_do_nothing(index_elements=[_HOLDS.c.name])
            )

    def release(self, names: Sequence[str]) -> Sequence[Hold]:
        """Take holds away; returns those that there were."""
        with self._access.write() as connection:
            gone = connection.execute(
                delete(_HOLDS).where(_HOLDS.c.name.in_(list(names))).returning(_HOLDS)
            ).all()
        return [Hold(row.name, row.since, row.reason, row.cause) for row in gone]

    def holds(self) -> Sequence[Hold]:
        """What is held, oldest first."""
        with self._access.read() as connection:
            rows = connection.execute(select(_HOLDS).order_by(_HOLDS.c.since, _HOLDS.c.name)).all()
        return [Hold(row.name, row.since, row.reason, row.cause) for row in rows]

    def cleared(self, edition: date) -> bool:
        """Whether the first letters of an edition were found to be taken."""
        with self._access.read() as connection:
            found = connection.scalar(
                select(_DAYS.c.cleared_at).where(_DAYS.c.edition_date == edition)
            )
        return found is not None

    def clear(self, edition: date, now: datetime) -> None:
        """Note that they were."""
        with self._access.write() as connection:
            connection.execute(
                update(_DAYS).where(_DAYS.c.edition_date == edition).values(cleared_at=now)
            )

    # --- reports --------------------------------------------------------------------------------

    def tally(self, edition: date | None, by: By) -> Mapping[str, int]:
        """Rows by state, domain, server or class of error, most first."""
        if by == "error":
            return self._errors(edition)
        column = {"state": _T.c.status, "domain": _T.c.domain, "server": _T.c.server}[by]
        count = func.count().label("n")
        with self._access.read() as connection:
            rows = connection.execute(
                select(column, count)
                .where(*_of(edition))
                .group_by(column)
                .order_by(count.desc(), column)
            )
            return {name or "none": number for name, number in rows}

    def _errors(self, edition: date | None) -> Mapping[str, int]:
        # Replies differ by queue ids and addresses: their classes are few, and made in Python.
        found: Counter[str] = Counter()
        begins = func.substr(_T.c.last_reply, 1, 16).label("begins")
        with self._access.read() as connection:
            for reply, rows in connection.execute(
                select(begins, func.count())
                .where(*_of(edition), _T.c.last_reply != "", ~_T.c.last_reply.startswith("2"))
                .group_by("begins")
            ):
                found[error_class(reply)] += rows
        return dict(found.most_common())

    def rows(self, edition: date | None, status: str, address: str, limit: int) -> Sequence[Row]:
        """Rows, the last changed first; of a status or an address (by key) where given."""
        may = _of(edition)
        if status:
            may.append(_T.c.status == status)
        if address:
            may.append(_SUBSCRIBERS.c.key == address)
        with self._access.read() as connection:
            found = connection.execute(
                select(_T, _SUBSCRIBERS.c.address)
                .outerjoin(_SUBSCRIBERS, _SUBSCRIBERS.c.id == _T.c.subscriber_id)
                .where(*may)
                .order_by(_T.c.updated_at.desc(), _T.c.id.desc())
                .limit(limit)
            ).all()
        return [
            Row(
                row.edition_date, row.address or "", row.status, row.attempts, row.doubts,
                row.next_at, row.updated_at, row.server, row.last_reply,
            )
            for row in found
        ]  # fmt: skip

    def times(self, now: datetime) -> Sequence[Preferences]:
        """The (zone, hour, days) of all readers, each once; the rest of them is the default."""
        c = _SUBSCRIBERS.c
        with self._access.read() as connection:
            found = connection.execute(
                select(c.zone, c.hour, c.days).where(active(now)).distinct()
            ).all()
        return [
            Preferences(zone=zone, hour=hour, days=days_from_bits(bits))
            for zone, hour, bits in found
        ]

    # --- upkeep ---------------------------------------------------------------------------------

    def ahead(self, now: datetime) -> timedelta:
        """How far `now` is ahead of Postgres' clock; 0 on SQLite, which has the machine's."""
        with self._access.read() as connection:
            if connection.dialect.name == "sqlite":
                return timedelta()
            theirs: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
        return now - theirs

    def wait(self, seconds: float) -> bool:
        """Wait until rows were made, or so long at most; whether some were."""
        return self._bell.wait(seconds)

    def quiet(self) -> None:
        """Let go of the connection on which one waits."""
        self._bell.close()

    def give_back(self, owner: str, reason: str, now: datetime) -> int:
        """Free all that an owner has claimed and not put on the wire; returns how many."""
        with self._access.write(ledger=True) as connection:
            done = connection.execute(
                update(_T)
                .where(
                    schema.UNFINISHED, _T.c.status == DeliveryStatus.CLAIMED, _T.c.owner == owner
                )
                .values(
                    status=DeliveryStatus.PENDING,
                    owner=None,
                    next_at=_T.c.not_before,
                    updated_at=now,
                    last_reply=case((_T.c.domain == "", ""), else_=reason),
                )
            )
        return done.rowcount

    def prune(self, before: date, now: datetime) -> tuple[int, int]:
        """Delete the rows of editions before a date, keeping their counts.

        Returns how many rows of how many editions. An edition in which something is under way
        stays whole.
        """
        rows = editions = 0
        with self._access.read() as connection:
            days = connection.scalars(
                select(_T.c.edition_date).where(_T.c.edition_date < before).distinct()
            ).all()
        for day in sorted(days):
            gone = self._prune_one(day, now)
            rows, editions = rows + gone, editions + bool(gone)
        return rows, editions

    def _prune_one(self, day: date, now: datetime) -> int:
        with self._access.write() as connection:
            under_way = connection.scalar(
                select(func.count()).where(_T.c.edition_date == day, schema.UNFINISHED)
            )
            if under_way:
                return 0
            counts: dict[str, int] = dict(
                connection.execute(
                    select(_T.c.status, func.count())
                    .where(_T.c.edition_date == day)
                    .group_by(_T.c.status)
                ).all()
            )
            done = connection.execute(delete(_T).where(_T.c.edition_date == day)).rowcount
            line = connection.scalar(select(_DAYS.c.pruned).where(_DAYS.c.edition_date == day))
            connection.execute(
                update(_DAYS)
                .where(_DAYS.c.edition_date == day)
                .values(
                    pruned=dict(Counter(counts) + Counter(line or {})),
                    # Else a reader without row would look like one who was forgotten.
                    closed_at=func.coalesce(
                        _DAYS.c.closed_at, bindparam("now", now, type_=schema.Moment())
                    ),
                )
            )
        return done


def _of(edition: date | None) -> list[ColumnElement[bool]]:
    return [] if edition is None else [_T.c.edition_date == edition]
