"""Pages and counts of rows, for the API, the operator's page and those who watch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, case, func, literal, select

from digest.domain.edition import Edition, EditionStatus
from digest.domain.notice import Action
from digest.domain.subscriber import Status, Subscriber
from digest.errors import MigrationError
from digest.ports.operation import DeliveryRow
from digest.storage import migrate, schema
from digest.storage.doors import Access
from digest.storage.editions import Editions
from digest.storage.subscribers import subscriber_of

_T = schema.deliveries
_EDITIONS = schema.editions
_SUBSCRIBERS = schema.subscribers
_CONSENTS = schema.consents
_HEARD = schema.heard


class Reports:
    """`ports.ReportStore` over SQL."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._editions = Editions(access)

    def check(self) -> None:
        """Raises StorageError when the database does not answer, MigrationError by its schema."""
        with self._access.read() as connection:
            if not migrate.check(connection):
                raise MigrationError("the database is empty", "run: digest migrate")

    def last_published(self) -> tuple[date, datetime] | None:
        """Date and moment of the edition that was published last."""
        with self._access.read() as connection:
            row = connection.execute(
                select(_EDITIONS.c.date, _EDITIONS.c.published_at)
                .where(_EDITIONS.c.status == EditionStatus.PUBLISHED)
                .order_by(_EDITIONS.c.published_at.desc(), _EDITIONS.c.date.desc())
                .limit(1)
            ).one_or_none()
        return None if row is None else (row.date, row.published_at)

    # --- pages ----------------------------------------------------------------------------------

    def subscribers(
        self, after: int, limit: int, status: Status | None, key: str
    ) -> Sequence[Subscriber]:
        """Subscribers with an id above `after`, by id; of a status or an address where given."""
        wanted = select(_SUBSCRIBERS).where(_SUBSCRIBERS.c.id > after)
        if status is not None:
            wanted = wanted.where(_SUBSCRIBERS.c.status == status)
        if key:
            wanted = wanted.where(_SUBSCRIBERS.c.key == key)
        with self._access.read() as connection:
            rows = connection.execute(wanted.order_by(_SUBSCRIBERS.c.id).limit(limit)).all()
        return [subscriber_of(row) for row in rows]

    def editions(self, before: date | None, limit: int) -> Sequence[Edition]:
        """Editions before a date, newest first, without runners-up."""
        return self._editions.listing(limit, before)

    def deliveries(
        self, before: int | None, limit: int, *, edition: date | None, state: str, domain: str
    ) -> Sequence[DeliveryRow]:
        """Deliveries with an id below `before`, newest first, of what is given."""
        may: list[ColumnElement[bool]] = []
        if before is not None:
            may.append(_T.c.id < before)
        if edition is not None:
            may.append(_T.c.edition_date == edition)
        if state:
            may.append(_T.c.status == state)
        if domain:
            may.append(_T.c.domain == domain)
        with self._access.read() as connection:
            rows = connection.execute(
                select(
                    _T.c.id, _T.c.edition_date, _T.c.subscriber_id,
                    func.coalesce(_SUBSCRIBERS.c.address, ""),
                    _T.c.domain, _T.c.status, _T.c.attempts, _T.c.next_at, _T.c.updated_at,
                    _T.c.last_reply,
                )
                .outerjoin(_SUBSCRIBERS, _SUBSCRIBERS.c.id == _T.c.subscriber_id)
                .where(*may)
                .order_by(_T.c.id.desc())
                .limit(limit)
            ).all()  # fmt: skip
        return [DeliveryRow(*tuple(row)) for row in rows]

    # --- counts ---------------------------------------------------------------------------------

    def by_domain(self, edition: date, limit: int) -> Mapping[str, Mapping[str, int]]:
        """Domain -> state -> rows, for the domains with most rows; erased readers have none."""
        return self._by(_T.c.domain, edition, limit)

    def by_server(self, edition: date, limit: int) -> Mapping[str, Mapping[str, int]]:
        """Server -> state -> rows, for those that answered most rows last."""
        return self._by(_T.c.server, edition, limit)

    def _by(
        self, column: ColumnElement[str], edition: date, limit: int
    ) -> Mapping[str, Mapping[str, int]]:
        rows, mine = func.count(), (_T.c.edition_date == edition, column != "")
        with self._access.read() as connection:
            names = connection.scalars(
                select(column)
                .where(*mine)
                .group_by(column)
                .order_by(rows.desc(), column)
                .limit(limit)
            ).all()
            found: dict[str, dict[str, int]] = {name: {} for name in names}
            for name, status, number in connection.execute(
                select(column, _T.c.status, rows)
                .where(*mine, column.in_(names))
                .group_by(column, _T.c.status)
            ):
                found[name][status] = number
        return found

    def outcomes(self, limit: int) -> Sequence[tuple[date, Mapping[str, int]]]:
        """State -> rows of the last published editions, oldest first."""
        with self._access.read() as connection:
            days = connection.scalars(
                select(_EDITIONS.c.date)
                .where(_EDITIONS.c.status == EditionStatus.PUBLISHED)
                .order_by(_EDITIONS.c.date.desc())
                .limit(limit)
            ).all()
            found: dict[date, dict[str, int]] = {day: {} for day in reversed(days)}
            for day, status, number in connection.execute(
                select(_T.c.edition_date, _T.c.status, func.count())
                .where(_T.c.edition_date.in_(days))
                .group_by(_T.c.edition_date, _T.c.status)
            ):
                found[day][status] = number
        return list(found.items())

    def growth(self, since: datetime) -> tuple[Mapping[date, int], Mapping[date, int]]:
        """Readers who confirmed, and who left or were erased, by day (UTC).

        Erased readers leave a line in the consent log only; those who came by command or import
        have none there. So each is counted where it is certain to stand.
        """
        with self._access.read() as connection:
            came = _by_day(
                connection, _SUBSCRIBERS.c.confirmed_at, _SUBSCRIBERS.c.confirmed_at >= since
            )
            left = _by_day(connection, _SUBSCRIBERS.c.left_at, _SUBSCRIBERS.c.left_at >= since)
            erased = _by_day(
                connection,
                _CONSENTS.c.at,
                _CONSENTS.c.at >= since,
                _CONSENTS.c.action == Action.ERASED,
            )
        return came, {d: left.get(d, 0) + erased.get(d, 0) for d in {*left, *erased}}

    def came_in(self, since: datetime) -> Mapping[date, Mapping[str, int]]:
        """What came in by day (UTC) and kind; see `ports.ReportStore`."""
        kind = case(
            (_HEARD.c.proof == "", literal("unproven")),
            (_HEARD.c.kind != "bounce", _HEARD.c.kind),
            (_HEARD.c.reason.startswith("hard"), literal("hard")),
            else_=literal("soft"),
        ).label("what")
        with self._access.read() as connection:
            day = _day(connection, _HEARD.c.at).label("day")
            found: dict[date, dict[str, int]] = {}
            for name, what, number in connection.execute(
                select(day, kind, func.count()).where(_HEARD.c.at >= since).group_by("day", "what")
            ):
                found.setdefault(date.fromisoformat(name), {})[what] = number
        return found


def _by_day(
    connection: Connection, moment: ColumnElement[datetime | None], *may: ColumnElement[bool]
) -> dict[date, int]:
    day = _day(connection, moment)
    rows = connection.execute(select(day, func.count()).where(*may).group_by(day))
    return {date.fromisoformat(name): number for name, number in rows}


def _day(connection: Connection, moment: ColumnElement[datetime | None]) -> ColumnElement[str]:
    """The day of a moment (UTC) as text."""
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d", moment)
    return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD")
