"""The suppression list: keyed hashes of addresses that may not be written to.

An address that is forgotten cannot be hashed anew when the secret key changes. So each is looked up
by its hashes under all keys, the newest first, and noted under the newest; a row says which key its
hash was made with, so that one that is given away too soon is noticed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, select

from digest.storage import schema
from digest.storage.doors import Access, insert

_T = schema.suppressions

Hashes = Callable[[str], Sequence[str]]
"""Normalised address -> its keyed hashes, one for each secret key, the newest first."""


def plain_hashes(key: str) -> Sequence[str]:
    """For trials; wiring gives keyed ones."""
    return (hashlib.sha256(key.encode()).hexdigest(),)


class SuppressionList:
    """The part of `ports.SubscriberStore` that is about it. Addresses are normalised."""

    def __init__(self, access: Access, hashes_of: Hashes = plain_hashes, key_id: str = "") -> None:
        """`key_id` names the newest key."""
        self._access = access
        self._hashes_of = hashes_of
        self._key_id = key_id

    def suppress(self, key: str, reason: str, now: datetime) -> None:
        """Put an address on the suppression list; the first reason stays."""
        self.suppress_all({key: (reason, now)})

    def suppress_all(self, listed: Mapping[str, tuple[str, datetime]]) -> None:
        """Put many on the suppression list: address -> (reason, since when)."""
        if not listed:
            return
        with self._access.write() as connection:
            there = among(connection, self._hashes_of, listed)
            rows = [
                {
                    "key_hash": self._hashes_of(key)[0],
                    "reason": reason,
                    "created_at": at,
                    "key_id": self._key_id,
                }
                for key, (reason, at) in listed.items()
                if key not in there
            ]
            if rows:
                connection.execute(insert(connection, _T).on_conflict_do_nothing(), rows)

    def suppressed_among(self, keys: Collection[str]) -> frozenset[str]:
        """Which of these addresses may not be written to."""
        with self._access.read() as connection:
            return among(connection, self._hashes_of, keys)

    def is_suppressed(self, key: str) -> bool:
        """Whether the address may not be written to."""
        return bool(self.suppressed_among([key]))

    def suppressed_for(self, key: str) -> str:
        """Why the address may not be written to; empty when it may."""
        with self._access.read() as connection:
            found: str | None = connection.scalar(
                select(_T.c.reason)
                .where(_T.c.key_hash.in_(list(self._hashes_of(key))))
                .order_by(_T.c.created_at)
                .limit(1)
            )
        return found or ""

    def lift(self, key: str) -> None:
        """Take an address off the suppression list: its reader came back."""
        with self._access.write() as connection:
            connection.execute(delete(_T).where(_T.c.key_hash.in_(list(self._hashes_of(key)))))

    def suppression_keys(self) -> Mapping[str, int]:
        """Id of a secret key -> addresses noted under it; empty for those of before it was kept."""
        with self._access.read() as connection:
            rows = connection.execute(select(_T.c.key_id, func.count()).group_by(_T.c.key_id))
            return dict(rows.all())


_AMONG = select(_T.c.key_hash).where(_T.c.key_hash.in_(bindparam("hashes", expanding=True)))


def among(connection: Connection, hashes_of: Hashes, keys: Collection[str]) -> frozenset[str]:
    """Which of these addresses are on the list."""
    hashes = {key_hash: key for key in keys for key_hash in hashes_of(key)}
    found = connection.scalars(_AMONG, {"hashes": list(hashes)})
    return frozenset(hashes[key_hash] for key_hash in found)
