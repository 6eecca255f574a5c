"""What is amiss, what was told of it, and the preflights of editions: `ports.AlertStore`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, not_, or_, select, update

from digest.domain.alert import (
    AGAIN,
    FLAPPING,
    KEEP,
    LASTING,
    RETRY,
    Alert,
    Kind,
    Trouble,
    without_addresses,
)
from digest.domain.checkup import Finding, State
from digest.domain.delivery import DeliveryStatus
from digest.ports.alarm import Reported
from digest.storage import schema
from digest.storage.doors import Access, insert

_T = schema.alerts
_PREFLIGHTS = schema.preflights
_HEARD = schema.heard
_DELIVERIES = schema.deliveries
_WEEK: Final = timedelta(days=7)


class Alerts:
    """See `ports.AlertStore`."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def raised(self, trouble: Trouble, now: datetime, wait: timedelta = timedelta()) -> None:
        """Keep a trouble; what lasts and was over begins anew. Its words are the newest."""
        words: dict[str, Any] = {
            "words": without_addresses(trouble.words),
            "hint": trouble.hint,
        }
        mine = (_T.c.kind == trouble.kind, _T.c.about == trouble.about)
        with self._access.read() as connection:
            kept = connection.execute(select(_T).where(*mine)).one_or_none()
        same = kept is not None and (kept.words, kept.hint) == (words["words"], words["hint"])
        if kept is not None and same and (kept.over_at is None or trouble.kind not in LASTING):
            return  # as each minute before
        with self._access.write() as connection:
            new = insert(connection, _T).values(
                kind=trouble.kind, about=trouble.about, since=now, tell_at=now + wait, **words
            )
            anew: dict[str, Any] = {}
            if trouble.kind in LASTING:
                again = _T.c.over_at.is_not(None)
                anew = {
                    "since": case((again, new.excluded.since), else_=_T.c.since),
                    "tell_at": case((again, new.excluded.tell_at), else_=_T.c.tell_at),
                    # What is over and was not told of will not be: it is there again.
                    "over_at": None,
                    "over_told_at": None,
                }
            connection.execute(
                new.on_conflict_do_update(index_elements=[_T.c.kind, _T.c.about], set_=words | anew)
            )

    def settle(self, kind: Kind, about: str, now: datetime) -> None:
        """It is over, if there was one."""
        mine = (_T.c.kind == kind, _T.c.about == about, _T.c.over_at.is_(None))
        with self._access.read() as connection:
            # Nearly always there is none: then nothing is written.
            if connection.scalar(select(_T.c.kind).where(*mine)) is None:
                return
        with self._access.write() as connection:
            connection.execute(update(_T).where(*mine).values(over_at=now))

    def drop(self, kind: Kind, about: str) -> None:
        """Forget one of which nothing more is to be told."""
        with self._access.write() as connection:
            connection.execute(delete(_T).where(_T.c.kind == kind, _T.c.about == about))

    def open(self, now: datetime, kind: Kind | None = None) -> Sequence[Alert]:
        """What is amiss now, oldest first; things that happened for a week."""
        may: list[ColumnElement[bool]] = [
            _T.c.over_at.is_(None),
            or_(_T.c.kind.in_(LASTING), _T.c.since > now - _WEEK),
        ]
        if kind is not None:
            may.append(_T.c.kind == kind)
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T).where(*may).order_by(_T.c.since, _T.c.kind, _T.c.about)
            ).all()
        return [_alert(row) for row in rows]

    def history(self, limit: int) -> Sequence[Alert]:
        """The newest, those that are over as well."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(_T).order_by(_T.c.since.desc(), _T.c.kind, _T.c.about).limit(limit)
            ).all()
        return [_alert(row) for row in rows]

    def claim(self, now: datetime) -> Sequence[Alert]:
        """What is to be told now. For some minutes nobody else gets the same."""
        due = _due(now)
        with self._access.read() as connection:
            if connection.scalar(select(_T.c.kind).where(due).limit(1)) is None:
                return []
        with self._access.write() as connection:
            rows = connection.execute(
                update(_T).where(due).values(tried_at=now).returning(_T)
            ).all()
        return sorted(map(_alert, rows), key=lambda alert: (alert.since, alert.kind, alert.about))

    def told(self, alerts: Sequence[Alert], now: datetime) -> None:
        """These were told."""
        with self._access.write() as connection:
            for alert in alerts:
                over = alert.over_at is not None
                connection.execute(
                    update(_T)
                    .where(_T.c.kind == alert.kind, _T.c.about == alert.about)
                    .values({"over_told_at" if over else "told_at": now, "tried_at": None})
                )

    def prune(self, now: datetime) -> int:
        """Delete what has long been over; returns how many."""
        happened = not_(_T.c.kind.in_(LASTING))
        with self._access.write() as connection:
            return connection.execute(
                delete(_T).where(
                    or_(_T.c.over_at < now - KEEP, and_(happened, _T.c.since < now - KEEP))
                )
            ).rowcount

    # --- preflights -----------------------------------------------------------------------------

    def preflight(self, edition: date) -> Sequence[Finding] | None:
        """What the preflight of an edition found; None before there was one."""
        with self._access.read() as connection:
            found = connection.scalar(
                select(_PREFLIGHTS.c.found).where(_PREFLIGHTS.c.edition_date == edition)
            )
        return None if found is None else [_finding(kept) for kept in found]

    def keep_preflight(self, edition: date, found: Sequence[Finding], now: datetime) -> None:
        """Keep it; the first one stays."""
        kept = [
            {
                "name": f.name, "state": f.state.value, "words": f.words, "hint": f.hint,
                "certain": f.certain,
            }
            for f in found
        ]  # fmt: skip
        with self._access.write() as connection:
            connection.execute(
                insert(connection, _PREFLIGHTS)
                .values(edition_date=edition, at=now, found=kept)
                .on_conflict_do_nothing()
            )

    # --- what came back -------------------------------------------------------------------------

    def reported(self, since: date) -> Sequence[Reported]:
        """Proven bounces and complaints by edition, from `since` on; a reader counts once."""
        with self._access.read() as connection:
            rows = connection.execute(
                select(
                    _DELIVERIES.c.edition_date,
                    _HEARD.c.kind,
                    func.count(func.distinct(_HEARD.c.delivery_id)),
                )
                .join(_DELIVERIES, _DELIVERIES.c.id == _HEARD.c.delivery_id)
                .where(
                    _HEARD.c.proof != "",
                    _HEARD.c.at >= datetime(since.year, since.month, since.day, tzinfo=UTC),
                    _DELIVERIES.c.edition_date >= since,
                )
                .group_by(_DELIVERIES.c.edition_date, _HEARD.c.kind)
            ).all()
        counts: dict[date, Counter[str]] = {}
        for on, kind, number in rows:
            counts.setdefault(on, Counter())[kind] += number
        return [
            Reported(on, found["bounce"], found["complaint"])
            for on, found in sorted(counts.items())
        ]

    def complaints(self, edition: date) -> tuple[int, int, bool]:
        """Complaints and letters sent of an edition, and whether letters are still to go."""
        mine = _DELIVERIES.c.edition_date == edition
        with self._access.read() as connection:
            angry = connection.scalar(
                select(func.count(func.distinct(_HEARD.c.delivery_id)))
                .join(_DELIVERIES, _DELIVERIES.c.id == _HEARD.c.delivery_id)
                .where(_HEARD.c.kind == "complaint", _HEARD.c.proof != "", mine)
            )
            if not angry:
                return 0, 0, False
            sent = connection.scalar(
                select(func.count()).where(mine, _DELIVERIES.c.status == DeliveryStatus.SENT)
            )
            left = connection.scalar(
                select(_DELIVERIES.c.id).where(mine, schema.UNFINISHED).limit(1)
            )
        return int(angry), int(sent or 0), left is not None


def _due(now: datetime) -> ColumnElement[bool]:
    """Rows to be told of: new ones, those that last for another day, those that are over."""
    never = or_(
        _T.c.told_at.is_(None), and_(_T.c.told_at < _T.c.since, _T.c.told_at <= now - FLAPPING)
    )
    lasts = and_(_T.c.kind.in_(LASTING), _T.c.told_at <= now - AGAIN)
    raised = and_(_T.c.over_at.is_(None), _T.c.tell_at <= now, or_(never, lasts))
    # What ended before it was worth telling is not told; of what could not be told, its end is.
    over = and_(
        _T.c.kind.in_(LASTING),
        _T.c.over_told_at.is_(None),
        _T.c.over_at >= _T.c.tell_at,
        or_(_T.c.told_at.is_(None), _T.c.told_at >= _T.c.since),
    )
    free = or_(_T.c.tried_at.is_(None), _T.c.tried_at <= now - RETRY)
    return and_(or_(raised, over), free)


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        Kind(row.kind), row.about, row.words, row.hint, row.since, row.told_at, row.over_at
    )


def _finding(kept: dict[str, Any]) -> Finding:
    return Finding(
        str(kept["name"]),
        State(kept["state"]),
        str(kept["words"]),
        str(kept.get("hint", "")),
        certain=bool(kept.get("certain")),
    )
