"""What the operator is told: the port of what is kept of it, and that of a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from digest.domain.alert import Alert, Kind, Trouble
from digest.domain.checkup import Finding


class Channel(Protocol):
    """A way to the operator: mail, a web hook."""

    @property
    def name(self) -> str:
        """`mail` or `web hook`."""
        ...

    def takes(self, alert: Alert) -> bool:
        """Whether it can be told this way: not that mail fails, by mail."""
        ...

    def tell(self, alerts: Sequence[Alert], now: datetime) -> None:
        """Tell all of them. Raises DigestError when they cannot be told."""
        ...


@dataclass(frozen=True, slots=True)
class Reported:
    """How the letters of an edition fared as far as mail that came in tells: rows of its log."""

    edition: date
    bounces: int
    complaints: int


class AlertStore(Protocol):
    """Troubles and what was told of them, and the preflights of editions."""

    def raised(self, trouble: Trouble, now: datetime, wait: timedelta = timedelta()) -> None:
        """Keep a trouble; it is told once it has lasted for `wait`. Harmless to repeat."""
        ...

    def settle(self, kind: Kind, about: str, now: datetime) -> None:
        """It is over, if there was one."""
        ...

    def drop(self, kind: Kind, about: str) -> None:
        """Forget one of which nothing more is to be told."""
        ...

    def open(self, now: datetime, kind: Kind | None = None) -> Sequence[Alert]:
        """What is amiss now, oldest first; things that happened for a week."""
        ...

    def history(self, limit: int) -> Sequence[Alert]:
        """The newest, those that are over as well."""
        ...

    def claim(self, now: datetime) -> Sequence[Alert]:
        """What is to be told now. For some minutes nobody else gets the same."""
        ...

    def told(self, alerts: Sequence[Alert], now: datetime) -> None:
        """These were told."""
        ...

    def prune(self, now: datetime) -> int:
        """Delete what has long been over; returns how many."""
        ...

    def preflight(self, edition: date) -> Sequence[Finding] | None:
        """What the preflight of an edition found; None before there was one."""
        ...

    def keep_preflight(self, edition: date, found: Sequence[Finding], now: datetime) -> None:
        """Keep it; the first one stays."""
        ...

    def reported(self, since: date) -> Sequence[Reported]:
        """Proven bounces and complaints by edition, from `since` on."""
        ...

    def complaints(self, edition: date) -> tuple[int, int, bool]:
        """Complaints and letters sent of an edition, and whether letters are still to go."""
        ...
