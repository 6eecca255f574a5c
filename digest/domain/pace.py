"""How fast letters may go: a token bucket that slows down at trouble and recovers by itself.

Multiplicative decrease, slow increase, as TCP does (Chiu and Jain, 1989): each sign of trouble
halves the rate, each `RECOVERY` without one gives half of it back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

RECOVERY: Final = timedelta(seconds=60)
"""Time without trouble after which a slowed rate grows by half."""

SLOWEST: Final = 1 / 60
"""Letters a second that no trouble takes away, so that the end of the trouble is noticed."""

_WINDOW: Final = timedelta(seconds=5)
_SETTLE: Final = timedelta(seconds=2)
"""Signs of trouble so close together are one: they were on their way when it began."""

_GUESS: Final = 10.0
"""Letters a second from which a pace without limit slows down at its first trouble, at least."""

_FREE: Final = 8.0
"""Times the rate seen at the first trouble, from which a limit that only trouble made is lifted."""


@dataclass(slots=True)
class Pace:
    """The pace of one server or one recipient domain.

    `rate` is the letters a second that the settings allow (inf: no limit), `burst` how many may go
    at once after a rest. `tokens`, `at`, `slowed` and `trouble_at` are its state, which can be
    kept and given again; `slowed` is the rate that trouble left (inf: none).
    """

    rate: float = math.inf
    burst: float = 1.0
    tokens: float = 1.0
    at: datetime | None = None
    slowed: float = math.inf
    trouble_at: datetime | None = None
    _seen: int = field(default=0, repr=False)
    _since: datetime | None = field(default=None, repr=False)
    _observed: float = field(default=0.0, repr=False)

    @property
    def limit(self) -> float:
        """Letters a second that may go now."""
        return min(self.rate, self.slowed)

    def delay(self, now: datetime) -> float:
        """Seconds until the next letter may go; 0.0 when it may go at once."""
        self._recover(now)
        limit = self.limit
        if limit == math.inf:
            return 0.0
        self._fill(now, limit)
        # A billionth is what floats may lose on the way.
        return 0.0 if self.tokens >= 1.0 - 1e-9 else (1.0 - self.tokens) / limit

    def spend(self, now: datetime) -> None:
        """Count a letter that goes out."""
        if self.limit != math.inf:
            self._fill(now, self.limit)
            self.tokens -= 1.0
        if self._since is None or now - self._since >= _WINDOW:
            if self._since is not None:
                self._observed = self._seen / (now - self._since).total_seconds()
            self._since, self._seen = now, 0
        self._seen += 1

    def slow(self, now: datetime) -> bool:
        """Take a sign of trouble (421, 450, 451, 454); whether it slows anything down."""
        if self.trouble_at is not None and now - self.trouble_at < _SETTLE:
            return False
        was = min(self.limit, self._speed(now))
        self.slowed = max(SLOWEST, was / 2)
        self.trouble_at = now
        self.tokens, self.at = min(self.tokens, 0.0), now
        return True

    def _speed(self, now: datetime) -> float:
        """Letters a second lately; `_GUESS` where little is known."""
        if self._since is None:
            return _GUESS
        age = max((now - self._since).total_seconds(), 1.0)
        return max(self._observed, self._seen / age, _GUESS)

    def _recover(self, now: datetime) -> None:
        if self.trouble_at is None or self.slowed == math.inf:
            return
        while now - self.trouble_at >= RECOVERY:
            self.trouble_at += RECOVERY
            self.slowed *= 1.5
            free = self.rate if self.rate != math.inf else _FREE * max(self._observed, 1.0)
            if self.slowed >= free:
                self.slowed, self.trouble_at = math.inf, None
                return

    def _fill(self, now: datetime, limit: float) -> None:
        burst = max(1.0, min(self.burst, limit))
        if self.at is None:
            self.tokens = burst
        elif now > self.at:
            self.tokens = min(burst, self.tokens + (now - self.at).total_seconds() * limit)
        # A clock that was set back must not make letters wait for it.
        self.at = now
