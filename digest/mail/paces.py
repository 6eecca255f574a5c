"""Paces that outlast the process and are shared by all senders of one machine.

A small JSON file in paths.state, under a lock (flock) while it is read and written. A sender asks
it for a handful of letters at a time, a quarter of a second's worth, so that its cost does not
show; what it had asked for and not used when it ended is lost, which errs on the slow side.
"""

from __future__ import annotations

import fcntl
import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from digest.domain.pace import Pace
from digest.errors import OutputError

_SHARE: Final = 0.25  # seconds' worth of letters that are asked for at once


class KeptPace:
    """A `Pace` whose state is in the file; `warm_up` letters on the first day, doubled daily."""

    def __init__(
        self, file: PaceFile, key: str, pace: Pace, warm_up: int = 0, *, looked: bool = False
    ) -> None:
        self._file = file
        self._key = key
        self._pace = pace
        self._warm_up = warm_up
        self._granted = 0
        self._looked = looked

    @property
    def free(self) -> bool:
        """Whether nothing limits it now, so that the file need not be asked."""
        return self._looked and not self._warm_up and self._pace.limit == math.inf

    def delay(self, now: datetime) -> float:
        """Seconds until the next letter may go; inf when today's warm-up is used up."""
        if self.free or self._granted:
            return 0.0
        with self._file.opened() as states:
            state = states.setdefault(self._key, {})
            _load(self._pace, state)
            self._looked = True
            left = self._warm_left(state, now.date())
            if left <= 0:
                return math.inf
            wait = self._pace.delay(now)
            if wait <= 0:
                most = math.inf if self._pace.limit == math.inf else self._pace.tokens
                some = max(1, min(most, self._pace.limit * _SHARE, left, 1000))
                self._granted = int(some)
                for _ in range(self._granted):
                    self._pace.spend(now)
                state["sent"] = state.get("sent", 0) + self._granted
            _save(self._pace, state)
        return wait

    def spend(self, now: datetime) -> None:
        """Count a letter that goes out; it was granted by `delay`."""
        if self._granted:
            self._granted -= 1
        elif self.free:
            self._pace.spend(now)

    def slow(self, now: datetime) -> bool:
        """Take a sign of trouble, for all senders of this machine."""
        with self._file.opened() as states:
            state = states.setdefault(self._key, {})
            _load(self._pace, state)
            slower = self._pace.slow(now)
            self._granted = 0
            _save(self._pace, state)
        return slower

    def _warm_left(self, state: dict[str, Any], today: date) -> float:
        if not self._warm_up:
            return math.inf
        first = date.fromisoformat(state.setdefault("first", today.isoformat()))
        if state.get("day") != today.isoformat():
            state["day"], state["sent"] = today.isoformat(), 0
        allowed = self._warm_up * 2 ** min(30, max(0, (today - first) // timedelta(days=1)))
        return float(allowed - state.get("sent", 0))


class PaceFile:
    """The file; `of` gives the pace of a key, such as ``server:mail.example.org:587``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, key: str, *, rate: float = math.inf, warm_up: int = 0) -> KeptPace:
        """The pace of a key at `rate` letters a second."""
        burst = max(1.0, rate) if rate != math.inf else 1.0
        limited = rate != math.inf or warm_up or key in self._keys
        pace = Pace(rate=rate, burst=burst)
        return KeptPace(self, key, pace, warm_up, looked=not limited)

    @cached_property
    def _keys(self) -> frozenset[str]:
        """The keys that something is known of; others need not be asked for."""
        try:
            return frozenset(_read(self._path.read_text(encoding="utf-8")))
        except OSError:
            return frozenset()

    @contextmanager
    def opened(self) -> Iterator[dict[str, Any]]:
        """What is kept, to read and change. Raises OutputError where it cannot be kept."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            with os.fdopen(handle, "r+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                before = file.read()
                states = _read(before)
                yield states
                after = json.dumps(states, sort_keys=True)
                if after != before:
                    file.seek(0)
                    file.truncate()
                    file.write(after)
        except OSError as error:
            raise OutputError(
                f"{self._path}: the pace of sending cannot be kept: {error.strerror}",
                "make paths.state writable for this user",
            ) from error


def _read(text: str) -> dict[str, Any]:
    # A file that was cut short by a full disk must not stop the sending.
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _load(pace: Pace, state: dict[str, Any]) -> None:
    if "at" in state:
        pace.tokens = float(state.get("tokens", 1.0))
        pace.at = datetime.fromisoformat(state["at"])
    if "slowed" in state:
        pace.slowed = float(state["slowed"])
        pace.trouble_at = datetime.fromisoformat(state["trouble_at"])
    elif state:
        pace.slowed, pace.trouble_at = math.inf, None


def _save(pace: Pace, state: dict[str, Any]) -> None:
    if pace.at is not None:
        state["tokens"], state["at"] = pace.tokens, pace.at.isoformat()
    for name in ("slowed", "trouble_at"):
        state.pop(name, None)
    if pace.slowed != math.inf and pace.trouble_at is not None:
        state["slowed"], state["trouble_at"] = pace.slowed, pace.trouble_at.isoformat()
