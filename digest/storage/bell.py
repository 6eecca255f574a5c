"""A hint that there are rows to claim: LISTEN and NOTIFY on Postgres, patience on SQLite.

It is only a hint: a notification that is lost costs the rest of a wait, never a letter.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from digest.errors import StorageError
from digest.storage.doors import Access

if TYPE_CHECKING:
    import psycopg  # 40 ms at import, which a command on SQLite does not pay

CHANNEL: Final = "digest_due"


def ring(connection: Connection) -> None:
    """Wake all who wait, when the transaction of this connection is committed."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {CHANNEL}")


class Bell:
    """Waits; on Postgres with a connection of its own, made when first asked."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._listener: psycopg.Connection[Any] | None = None

    def wait(self, seconds: float) -> bool:
        """Wait until somebody rings, or so long at most; whether it rang."""
        import psycopg  # noqa: PLC0415 - see above

        began = time.monotonic()
        try:
            listener = self._listener or self._listen()
            if listener is not None:
                for _ in listener.notifies(timeout=seconds, stop_after=1):
                    return True
        except (psycopg.Error, StorageError):
            self.close()
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        return False

    def close(self) -> None:
        """Let the connection go."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _listen(self) -> psycopg.Connection[Any] | None:
        with self._access.read() as connection:
            if connection.dialect.name != "postgresql":
                return None
            engine = connection.engine
        fairy = engine.raw_connection()
        # Asked before it leaves the pool: afterwards the pool knows it no longer.
        raw: psycopg.Connection[Any] | Any = fairy.driver_connection
        # A connection that listens is good for nothing else.
        fairy.detach()
        raw.autocommit = True
        raw.execute(f"LISTEN {CHANNEL}")
        self._listener = raw
        return raw
