"""How fast letters may go: a token bucket that slows down at trouble and recovers by itself.

Multiplicative decrease, slow increase, as TCP does (Chiu and Jain, 1989): each sign of trouble
halves the rate, each `RECOVERY` without one gives half of it back.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

RECOVERY: Final = timedelta(seconds=60)
"""Time without trouble after which a slowed rate grows by half."""

SLOWEST: Final = 1 / 60
"""Letters a second that no trouble takes away, so that the end of the trouble is noticed."""

SHARE_S: Final = 0.25
"""Seconds' worth of letters that one sender is granted at once."""

_WINDOW: Final = timedelta(seconds=5)
_SETTLE: Final = timedelta(seconds=2)
"""Signs of trouble so close together are one: they were on their way when it began."""

_GUESS: Final = 10.0
"""Letters a second from which a pace without limit slows down at its first trouble, at least."""

_FREE: Final = 8.0
"""Times the rate seen at the first trouble, from which a limit that only trouble made is lifted."""

_SKEW: Final = timedelta(seconds=5)
"""A time that lies so little back is one that was read a little earlier, or in another place."""


@dataclass(slots=True)
class PaceState:
    """What is known of a pace at a moment; kept, and shared by all who send.

    `tokens` letters could go at the moment `at`; `slowed` is the rate that trouble left, the last
    of it at `trouble_at` (inf: none). A warm-up began on the day `first`; `sent` letters were
    granted on `day`.
    """

    tokens: float = 1.0
    at: datetime | None = None
    slowed: float = math.inf
    trouble_at: datetime | None = None
    first: date | None = None
    day: date | None = None
    sent: int = 0


@dataclass(slots=True)
class Meter:
    """Letters a second lately, as one sender sees them: by its own clock."""

    observed: float = 0.0
    _seen: int = 0
    _since: datetime | None = None

    def count(self, now: datetime) -> None:
        """A letter goes out."""
        if self._since is None or now - self._since >= _WINDOW:
            if self._since is not None:
                self.observed = self._seen / (now - self._since).total_seconds()
            self._since, self._seen = now, 0
        self._seen += 1

    def speed(self, now: datetime) -> float:
        """Letters a second; `_GUESS` where little is known."""
        if self._since is None:
            return _GUESS
        age = max((now - self._since).total_seconds(), 1.0)
        return max(self.observed, self._seen / age, _GUESS)


@dataclass(slots=True)
class Pace:
    """The pace of one server or one recipient domain.

    `rate` is the letters a second that the settings allow (inf: no limit), `burst` how many may go
    at once after a rest, `warm_up` how many on the first day, doubled daily (0: no such limit;
    `grant` counts them). It is one sender's own (`delay`, `spend`), or its `state` is taken from
    where all keep it, changed by `grant`, `take_back` and `slow`, and kept again.
    """

    rate: float = math.inf
    burst: float = 1.0
    warm_up: int = 0
    state: PaceState = field(default_factory=PaceState)
    meter: Meter = field(default_factory=Meter)

    @property
    def limit(self) -> float:
        """Letters a second that may go now."""
        return min(self.rate, self.state.slowed)

    @property
    def gap(self) -> float:
        """Seconds between two letters at this limit."""
        return 1 / self.limit

    def delay(self, now: datetime) -> float:
        """Seconds until the next letter may go; 0.0 when it may go at once."""
        self._recover(now)
        limit = self.limit
        if limit == math.inf:
            return 0.0
        self._fill(now, limit)
        # A billionth is what floats may lose on the way.
        return 0.0 if self.state.tokens >= 1.0 - 1e-9 else (1.0 - self.state.tokens) / limit

    def spend(self, now: datetime) -> None:
        """Count a letter that goes out."""
        if self.limit != math.inf:
            self._fill(now, self.limit)
            self.state.tokens -= 1.0
        self.meter.count(now)

    def give_back(self) -> None:
        """Nothing was granted ahead."""

    def grant(self, now: datetime, speed: float, *, least: float = 0.0) -> tuple[int, float]:
        """So many letters may go at once, and count as gone; or none for so many seconds.

        At most a share: what goes out in `SHARE_S` by the limit and by the sender's `speed`
        (letters a second). At least so much of a share as `least` says (0 to 1), and one letter.
        inf seconds: today's letters of the warm-up are used up.
        """
        left = self._left(now.date())
        if left <= 0:
            return 0, math.inf
        self._recover(now)
        limit = self.limit
        share = min(speed * SHARE_S, limit * SHARE_S, left)
        granted = math.ceil(share)
        if limit != math.inf:
            self._fill(now, limit)
            enough, tokens = max(1, int(share * least)), self.state.tokens + 1e-9
            if tokens < enough:
                return 0, (enough - tokens) / limit
            granted = min(granted, int(tokens))
        self.take_back(-granted)
        return granted, 0.0

    def take_back(self, letters: int) -> None:
        """Letters that were granted and do not go out."""
        if self.limit != math.inf:
            self.state.tokens += letters
        if self.warm_up:
            self.state.sent = max(0, self.state.sent - letters)

    def slow(self, now: datetime, speed: float | None = None) -> bool:
        """Take a sign of trouble (421, 450, 451, 454); whether it slows anything down.

        `speed` is the letters a second of the one who met it, else as this pace has seen them.
        """
        self._recover(now)
        state = self.state
        if state.trouble_at is not None and now - state.trouble_at < _SETTLE:
            return False
        was = min(self.limit, self.meter.speed(now) if speed is None else speed)
        state.slowed = max(SLOWEST, was / 2)
        state.trouble_at = now
        state.tokens, state.at = min(state.tokens, 0.0), now
        return True

    def _left(self, today: date) -> float:
        """Letters of today's warm-up that are left."""
        if not self.warm_up:
            return math.inf
        state = self.state
        state.first = state.first or today
        if state.day != today:
            state.day, state.sent = today, 0
        days = min(30, max(0, (today - state.first) // timedelta(days=1)))
        return float(self.warm_up * 2**days - state.sent)

    def _recover(self, now: datetime) -> None:
        state = self.state
        if state.trouble_at is None or state.slowed == math.inf:
            return
        if state.trouble_at - now > _SKEW:
            state.trouble_at = now
        while now - state.trouble_at >= RECOVERY:
            state.trouble_at += RECOVERY
            state.slowed *= 1.5
            free = self.rate if self.rate != math.inf else _FREE * max(self.meter.observed, 1.0)
            if state.slowed >= free:
                state.slowed, state.trouble_at = math.inf, None
                return

    def _fill(self, now: datetime, limit: float) -> None:
        state, burst = self.state, max(1.0, min(self.burst, limit))
        if state.at is None:
            state.tokens = burst
        elif now > state.at:
            passed = (now - state.at).total_seconds()
            state.tokens = min(burst, state.tokens + passed * limit)
        elif state.at - now <= _SKEW:
            # What has passed since is counted already.
            return
        # A clock that was set back must not make letters wait for it.
        state.at = now
