"""The bell: a worker with nothing to do is woken on Postgres, and waits in patience on SQLite."""

from __future__ import annotations

import threading
import time

from digest.settings import DatabaseSettings
from digest.storage import SqlStore, open_store
from digest.storage.bell import ring


def test_who_waits_is_woken_where_the_database_can(
    store: SqlStore, database_settings: DatabaseSettings
) -> None:
    can = not database_settings.url.get_secret_value().startswith("sqlite")
    # The first wait begins to listen: nobody has rung yet.
    assert not store.ledger.wait(0.05)

    def rings() -> None:
        with open_store(database_settings) as other, other.access.write() as connection:
            ring(connection)

    later = threading.Timer(0.2, rings)
    later.start()
    began = time.monotonic()
    rang = store.ledger.wait(20.0 if can else 0.5)
    took = time.monotonic() - began
    later.join()
    assert rang is can
    assert took < 10.0
    assert not store.ledger.wait(0.05)
