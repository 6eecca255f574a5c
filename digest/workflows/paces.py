"""Paces that all senders of an installation share, by way of the database.

    transport, lane --delay--> SharedPace --grant, a quarter of a second's worth--> a row a key

A sender asks for a handful of letters at a time, so that asking does not show: for a server four
times a second where it sends as fast as it may, eight at most where others were there first. What
it has asked for and not used is given back at the end of a run; where it is killed, that is lost,
which errs on the slow side. Where nothing limits, nothing is asked for; once a second it is looked,
for all keys at once, whether another sender has met trouble.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Set as AbstractSet
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from digest.domain.pace import SHARE_S, Pace
from digest.errors import StorageError
from digest.ports import PaceStore

log = logging.getLogger("digest.paces")

LOOK: Final = timedelta(seconds=1)
"""How often it is looked for trouble of others; and how long an answer holds at most."""

PATIENCE: Final = timedelta(seconds=60)
"""How long a database may be away, as the ledger bears it: letters wait, connections go on."""
_TOLD_AFTER: Final = 3
"""So many attempts in vain are a hiccup; then the log says why no letter goes out."""

_TICK: Final = timedelta(milliseconds=2)
"""By so much a wait is longer: the database's clock may count in milliseconds."""


class SharedPaces:
    """What makes them; `of` gives the pace of a key, such as ``server:mail.example.org:587``."""

    def __init__(self, store: PaceStore) -> None:
        self.store = store
        self._slowed: AbstractSet[str] = frozenset()
        self._look_at: datetime | None = None

    def of(
        self, key: str, *, rate: float = math.inf, warm_up: int = 0, once: bool = False
    ) -> SharedPace:
        """The pace of a key at `rate` letters a second, `warm_up` on the first day (0: any).

        `once`: it is asked once for each letter, which then gets a moment of its own; else again
        and again until a letter may go.
        """
        return SharedPace(self, key, Pace(rate, max(1.0, rate), warm_up), once=once)

    def slowed(self, key: str, now: datetime) -> bool:
        """Whether trouble has slowed a key down, as far as was known a second ago."""
        if not _waits(self._look_at, now):
            self._look_at = now + LOOK
            # A database that is away is the ledger's concern.
            with suppress(StorageError):
                self._slowed = self.store.slowed().keys()
        return key in self._slowed

    def note(self, key: str, *, slowed: bool) -> None:
        """A sender of this process has found out more."""
        self._slowed = self._slowed | {key} if slowed else self._slowed - {key}


class SharedPace:
    """One sender's end of a pace: `ports.Paced`. `now` is its own clock, for waits only."""

    def __init__(self, paces: SharedPaces, key: str, pace: Pace, *, once: bool) -> None:
        self._paces = paces
        self._key = key
        self._pace = pace
        self._once = once
        self._open = pace.rate == math.inf and not pace.warm_up
        self._granted = 0
        self._refused = False
        self._over = False
        self._ask_at: datetime | None = None
        self._away: datetime | None = None
        self._tries = 0
        self._trouble = False

    @property
    def gap(self) -> float:
        """See `ports.Paced`."""
        return self._pace.gap

    def delay(self, now: datetime) -> float:
        """See `ports.Paced`. Raises StorageError when the database stays away."""
        if self._granted:
            return 0.0
        if self._open and not self._trouble and not self._paces.slowed(self._key, now):
            return 0.0
        if self._ask_at is not None and _waits(self._ask_at, now):
            return math.inf if self._over else (self._ask_at - now).total_seconds()
        try:
            wait = self._ask(now)
        except StorageError as error:
            self._away = self._away or now
            if now - self._away > PATIENCE:
                raise
            self._tries += 1
            if self._tries == _TOLD_AFTER:
                log.warning("%s\n  letters wait for their pace, for a minute", error.message)
            wait = LOOK.total_seconds()
        else:
            self._away, self._tries = None, 0
        self._over = wait == math.inf
        least = timedelta(seconds=min(wait, LOOK.total_seconds()))
        self._ask_at = now + least + _TICK if wait else None
        return wait

    @property
    def _least(self) -> float:
        """Of a share, what is worth asking for.

        Who was granted some and asks again too early waits a little longer than need be; who has
        waited in vain takes less. So nobody comes first each time, and each asks eight times a
        second at most, however many there are.
        """
        if self._once:
            return 0.5
        return 0.75 if self._refused else 1.0

    def _ask(self, now: datetime) -> float:
        pace, speed = self._pace, self._pace.meter.speed(now)
        with self._paces.store.held(self._key) as (pace.state, at):
            if self._trouble:
                pace.slow(at, speed)
            granted, wait = pace.grant(at, speed, least=self._least)
        if not granted and not self._once:
            wait = max(wait, SHARE_S / 2) if self._refused else max(wait + SHARE_S / 2, SHARE_S)
        self._trouble, self._refused = False, not granted
        if self._open and pace.limit == math.inf:
            self._paces.note(self._key, slowed=False)
        self._granted = granted
        return wait

    def spend(self, now: datetime) -> None:
        """See `ports.Paced`; it was granted by `delay`."""
        self._granted = max(0, self._granted - 1)
        self._pace.meter.count(now)

    def slow(self, now: datetime) -> bool:
        """See `ports.Paced`; for all senders. Where it cannot be kept now, it will be."""
        pace, speed = self._pace, self._pace.meter.speed(now)
        granted, self._granted = self._granted, 0
        self._ask_at = None
        try:
            with self._paces.store.held(self._key) as (pace.state, at):
                pace.take_back(granted)
                slower = pace.slow(at, speed)
        except StorageError:
            self._trouble = slower = True
        else:
            self._paces.note(self._key, slowed=True)
        return slower

    def give_back(self) -> None:
        """See `ports.Paced`."""
        granted, self._granted = self._granted, 0
        if granted:
            with (
                suppress(StorageError),
                self._paces.store.held(self._key) as (self._pace.state, _),
            ):
                self._pace.take_back(granted)


def _waits(until: datetime | None, now: datetime) -> bool:
    """Whether a moment is still to come; one far off is that of a clock that was set back."""
    return until is not None and now < until <= now + LOOK + _TICK
