"""From SQLite to Postgres: all rows of one into the empty tables of the other."""

from __future__ import annotations

from sqlalchemy import Connection, Integer, Table, func, select, text, update

from digest.domain.edition import EditionStatus
from digest.errors import UsageError
from digest.storage import schema
from digest.storage.engine import Database

_TOGETHER = 1000


def carry(source: Database, target: Database) -> None:
    """Copy every row, in one transaction of the target. Both have this program's schema.

    Raises UsageError when the target holds something already.
    """
    with source.transaction("read") as give, target.transaction("migrate") as take:
        for table in (schema.subscribers, schema.suppressions, schema.editions, schema.deliveries):
            if kept := take.scalar(select(func.count()).select_from(table)):
                raise UsageError(
                    f"{target.place}: holds {kept} {table.name} already",
                    "name an empty database in database.url: a copy is not mixed with another",
                )
        for table in schema.metadata.sorted_tables:
            _copy(table, give, take)
        _publish(give, take)
        for table in schema.metadata.sorted_tables:
            _count_on(table, take)


def _copy(table: Table, give: Connection, take: Connection) -> None:
    rows = give.execution_options(yield_per=_TOGETHER).execute(select(table)).mappings()
    for some in rows.partitions():
        values = [dict(row) for row in some]
        if table is schema.editions:
            # A published edition takes no parts any more: it is published when it has them.
            values = [row | {"status": EditionStatus.DRAFT} for row in values]
        take.execute(table.insert(), values)


def _publish(give: Connection, take: Connection) -> None:
    editions = schema.editions
    statuses: dict[str, list[object]] = {}
    for day, status in give.execute(select(editions.c.date, editions.c.status)):
        statuses.setdefault(status, []).append(day)
    for status, days in statuses.items():
        take.execute(update(editions).where(editions.c.date.in_(days)).values(status=status))


def _count_on(table: Table, take: Connection) -> None:
    """Let new rows be numbered after those copied."""
    column = table.c.get("id")
    if column is None or not isinstance(column.type, Integer):
        return
    sequence = take.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
    highest = take.scalar(select(func.max(column)))
    if sequence and highest:
        take.execute(
            text("SELECT setval(:sequence, :highest)"), {"sequence": sequence, "highest": highest}
        )
