"""Whether a day adds up: everyone who was due, against how their letters ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from digest.domain.delivery import DeliveryStatus as S

ACCOUNTED: Final = (S.SENT, S.REFUSED, S.DEFERRED, S.EXPIRED, S.SUPPRESSED, S.PAUSED, S.UNKNOWN)
"""The states that account for a reader. The others (pending, claimed, on the wire) are under way:
while there are any, the day does not add up yet."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The books of an edition.

    `queued` is how many rows were ever made, as counted when they were made; `counts` is how many
    there are by status, those pruned included; `missing` is readers whose hour has come and who
    have no row; `doubled` is rows of which a second copy may be out there. `published` is whether
    there is an edition, `closed` whether nothing of it will be sent any more.
    """

    edition: date
    published: bool
    closed: bool
    queued: int
    missing: int
    doubled: int
    counts: Mapping[str, int]

    @property
    def eligible(self) -> int:
        """Readers who were due: those with a row ever made, and those without one."""
        return self.queued + self.missing

    @property
    def accounted(self) -> int:
        """Readers whose letters ended, or wait for their next attempt."""
        return sum(self.counts.get(status, 0) for status in ACCOUNTED)

    @property
    def under_way(self) -> int:
        """Rows that are neither."""
        return sum(self.counts.values()) - self.accounted

    @property
    def lost(self) -> int:
        """Rows that were made and are gone; negative for rows that nobody has counted."""
        return self.queued - sum(self.counts.values())

    @property
    def balanced(self) -> bool:
        """Eligible = sent + refused + deferred + expired + suppressed + paused + unknown."""
        return self.eligible == self.accounted and (self.published or not self.eligible)

    @property
    def faults(self) -> tuple[str, ...]:
        """What does not add up, in words."""
        said = []
        if not self.published and self.eligible:
            said.append(f"there is no published edition, and {self.eligible} readers were due")
        if self.missing and self.published:
            said.append(f"{self.missing} readers were due and have no row")
        if self.under_way:
            said.append(f"{self.under_way} rows are still under way")
        if self.lost:
            said.append(f"{self.queued} rows were made, {self.queued - self.lost} are there")
        return tuple(said)
