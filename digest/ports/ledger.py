"""The ledger as an operator sees it: its books, what is held, what becomes of old rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from digest.domain.audit import Audit
from digest.domain.subscriber import Preferences

By = Literal["state", "domain", "server", "error"]
Cause = Literal["operator", "restore", "first letters", "preflight", "complaints"]
"""Who or what holds something."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is claimed: of all editions (`sending`, `restored`), or of the date it names."""

    name: str
    since: datetime
    reason: str
    cause: Cause = "operator"


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as a report shows it. `address` is empty once the reader is erased."""

    edition: date
    address: str
    status: str
    attempts: int
    doubts: int
    next_at: datetime
    updated_at: datetime
    server: str
    last_reply: str


class LedgerStore(Protocol):
    """What is asked of all deliveries together."""

    def audit(self, edition: date, now: datetime, window_h: int) -> Audit:
        """The books of an edition at `now`. Nothing is changed."""
        ...

    def close_due(self, now: datetime, window_h: int) -> Sequence[date]:
        """Dates of the last week whose last reader's window is over and whose books are open."""
        ...

    def close(self, edition: date, now: datetime, window_h: int) -> Audit:
        """End what was not sent in time and close the books; returns what they say."""
        ...

    def retry(self, edition: date, statuses: Sequence[str], now: datetime, window_h: int) -> int:
        """Make ended rows pending again, with a window from `now`; returns how many."""
        ...

    def hold(self, name: str, reason: str, now: datetime, cause: Cause = "operator") -> None:
        """Hold sending: of all (`sending`), or of an edition (its date). The first reason stays."""
        ...

    def release(self, names: Sequence[str]) -> Sequence[Hold]:
        """Take holds away; returns those that there were."""
        ...

    def holds(self) -> Sequence[Hold]:
        """What is held, oldest first."""
        ...

    def cleared(self, edition: date) -> bool:
        """Whether the first letters of an edition were found to be taken."""
        ...

    def clear(self, edition: date, now: datetime) -> None:
        """Note that they were."""
        ...

    def tally(self, edition: date | None, by: By) -> Mapping[str, int]:
        """Rows by state, domain, server or class of error, most first."""
        ...

    def rows(self, edition: date | None, status: str, address: str, limit: int) -> Sequence[Row]:
        """Rows, the last changed first; of a status or an address (by key) where given."""
        ...

    def times(self, now: datetime) -> Sequence[Preferences]:
        """The (zone, hour, days) of all readers, each once; the rest of them is the default."""
        ...

    def ahead(self, now: datetime) -> timedelta:
        """How far `now` is ahead of the database's clock; 0 where that is the machine's own."""
        ...

    def wait(self, seconds: float) -> bool:
        """Wait until rows were made, or so long at most; whether some were."""
        ...

    def give_back(self, owner: str, reason: str, now: datetime) -> int:
        """Free all that an owner has claimed and not put on the wire; returns how many."""
        ...

    def prune(self, before: date, now: datetime) -> tuple[int, int]:
        """Delete the rows of editions before a date, keeping their counts.

        Returns how many rows of how many editions.
        """
        ...
