"""What is kept: SQLAlchemy Core over SQLite (the default) and Postgres."""

from __future__ import annotations

from digest.storage.engine import Database, connect
from digest.storage.store import SqlStore, open_store

__all__ = ["Database", "SqlStore", "connect", "open_store"]
