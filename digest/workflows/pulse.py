"""A sender says now and then how it fares, so that those who watch can see it from outside."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from digest.errors import StorageError
from digest.ports import Clock, Sender, Store
from digest.workflows.desk import Dispatch

EVERY: Final = timedelta(seconds=10)


class Pulse:
    """The numbers of one process, over all its runs, one at a time; `owner` is its name."""

    def __init__(self, owner: str, clock: Clock) -> None:
        self.owner = owner
        self._clock = clock
        self._started: datetime | None = None
        self._beaten: datetime | None = None
        self._letters: Counter[str] = Counter()
        self._commits = 0
        self._commit_s = 0.0

    def start(self) -> None:
        """This process sends from now on."""
        self._started = self._started or self._clock()

    def beat(self, store: Store, run: Dispatch, out: int) -> None:
        """Called at each turn of a run; one in ten seconds is kept.

        On SQLite it also makes lasting what the run's last second has written.
        """
        now = self._clock()
        self.start()
        if self._beaten is None or now - self._beaten >= EVERY:
            self._keep(store, now, run, out)

    def ended(self, store: Store, run: Dispatch) -> None:
        """A run is over."""
        self._letters.update(run.outcomes)
        self._commits += run.commits
        self._commit_s += run.commit_s
        if run.outcomes:
            self.idle(store)

    def idle(self, store: Store) -> None:
        """Say that one is there, where one is a sender."""
        if self._started is not None:
            self._keep(store, self._clock(), Dispatch(), 0)

    def _keep(self, store: Store, now: datetime, run: Dispatch, out: int) -> None:
        self._beaten = now
        sender = Sender(
            self.owner,
            self._started or now,
            now,
            dict(self._letters + run.outcomes),
            self._commits + run.commits,
            self._commit_s + run.commit_s,
            out,
        )
        with suppress(StorageError):
            store.pulses.beat(sender)
