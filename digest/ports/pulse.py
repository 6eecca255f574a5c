"""How sending fares, in numbers: what senders say of themselves, and what waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sender:
    """A process that sends, since it was started: letters by outcome, commits and their seconds.

    `out` is how many letters were on their way when it was seen, one a connection.
    """

    owner: str
    started_at: datetime
    seen_at: datetime
    letters: Mapping[str, int]
    commits: int
    commit_s: float
    out: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """What has not ended: rows by state, and since when the oldest could have gone out."""

    rows: Mapping[str, int]
    oldest_due: datetime | None


class PulseStore(Protocol):
    """For those who watch; nothing that sends depends on it."""

    def beat(self, sender: Sender) -> None:
        """Keep what a sender says, in place of what it said before."""
        ...

    def senders(self, since: datetime) -> Sequence[Sender]:
        """Those seen since a moment, by name."""
        ...

    def waiting(self, now: datetime) -> Waiting:
        """What has not ended, of all editions."""
        ...
