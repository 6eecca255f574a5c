"""Policies: which five concepts a reader's next letter shows. All readers of a run at once.

Fixed ones (random, round robin, the spaced edition) show everyone the same and ask for no grades.
Graded ones (Leitner, SM-2, stock FSRS) keep a schedule for each reader: due concepts first, the
longest overdue first, then the next new ones in library order, then what is due next.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from memories import Fsrs, fsrs_review

from digest.domain.concept import Concept
from digest.domain.memory import PARAMETERS
from digest.domain.selection import library_order, plan_editions

FIVE = 5


class Policy(ABC):
    """`choose` gives concept numbers, (readers, 5); `graded` says how those graded went."""

    name: str

    @abstractmethod
    def choose(self, day: int) -> np.ndarray: ...

    @abstractmethod
    def graded(self, who: np.ndarray, what: np.ndarray, day: int, good: np.ndarray) -> None: ...


class Fixed(Policy):
    """The same five for every reader."""

    def __init__(self, name: str, plan: np.ndarray, readers: int) -> None:
        self.name, self.plan, self.readers = name, plan, readers

    def choose(self, day: int) -> np.ndarray:
        return np.repeat(self.plan[day][None], self.readers, axis=0)

    def graded(self, who: np.ndarray, what: np.ndarray, day: int, good: np.ndarray) -> None:
        """Grades change nothing here."""


def spaced_edition(concepts: Sequence[Concept], days: int, readers: int) -> Fixed:
    """Ours: `digest edition plan`."""
    place = {slug: n for n, slug in enumerate(library_order(concepts))}
    picks = plan_editions(concepts, days)
    return Fixed("edition", np.array([[place[p.slug] for p in five] for five in picks]), readers)


def random_five(concepts: int, days: int, readers: int, rng: np.random.Generator) -> Fixed:
    """Any five of the library."""
    plan = np.array([rng.choice(concepts, FIVE, replace=False) for _ in range(days)])
    return Fixed("random", plan, readers)


def round_robin(concepts: int, days: int, readers: int) -> Fixed:
    """The library in order, again and again."""
    plan = np.arange(days * FIVE).reshape(days, FIVE) % concepts
    return Fixed("round robin", plan, readers)


class Scheduled(Policy):
    """A due day for each reader and concept. New ones are due after all others, in order."""

    def __init__(self, readers: int, concepts: int) -> None:
        self.due = np.full((readers, concepts), np.inf)
        self.order = np.arange(concepts) * 1e-6

    def choose(self, day: int) -> np.ndarray:
        overdue = np.where(self.due <= day, self.due - 1e9, np.inf)
        new = np.where(np.isinf(self.due), self.order, np.inf)
        later = np.where(np.isinf(self.due), np.inf, 1e9 + self.due)
        key = np.minimum(np.minimum(overdue, new), later)
        return np.argsort(key, axis=1, kind="stable")[:, :FIVE]

    def graded(self, who: np.ndarray, what: np.ndarray, day: int, good: np.ndarray) -> None:
        self.due[who, what] = day + self.interval(who, what, day, good)

    @abstractmethod
    def interval(
        self, who: np.ndarray, what: np.ndarray, day: int, good: np.ndarray
    ) -> np.ndarray: ...


class Leitner(Scheduled):
    """Boxes of 1, 2, 4, ... 64 days: up one when recalled, back to the first when not."""

    name = "Leitner"

    def __init__(self, readers: int, concepts: int) -> None:
        super().__init__(readers, concepts)
        self.box = np.full((readers, concepts), -1)

    def interval(self, who: np.ndarray, what: np.ndarray, day: int, good: np.ndarray) -> np.ndarray:
        self.box[who, what] = np.where(good, np.minimum(self.box[who, what] + 1, 6), 0)
        return 2.0 ** self.box[who, what]


class Sm2(Scheduled):
    """SM-2 (Wozniak, 1990): 1 day, 6 days, then times the ease; quality 4 or 2."""

    name = "SM-2"

    def __init__(self, readers: int, concepts: int) -> None:
        super().__init__(readers, concepts)
        self.ease = np.full((readers, concepts), 2.5)
        self.run = np.zeros((readers, concepts), dtype=int)
        self.gap = np.zeros((readers, concepts))

    def interval(self, who: np.ndarray, what: np.ndarray, day: int, good: np.ndarray) -> np.ndarray:
        quality = np.where(good, 4, 2)
        change = 0.1 - (5 - quality) * (0.08 + (5 - quality) * 0.02)
        run = np.where(good, self.run[who, what] + 1, 0)
        grown = np.round(self.gap[who, what] * self.ease[who, what])
        gap = np.select([run <= 1, run == 2], [1.0, 6.0], grown)
        self.ease[who, what] = np.maximum(1.3, self.ease[who, what] + change)
        self.run[who, what], self.gap[who, what] = run, gap
        return gap


class StockFsrs(Scheduled):
    """FSRS-6 as it comes: default parameters, desired retention 0.9, grades Good and Again."""

    name = "stock FSRS"

    def __init__(self, readers: int, concepts: int) -> None:
        super().__init__(readers, concepts)
        shape = (readers, concepts)
        self.stability, self.difficulty = np.zeros(shape), np.zeros(shape)
        self.last = np.zeros(shape)

    def interval(self, who: np.ndarray, what: np.ndarray, day: int, good: np.ndarray) -> np.ndarray:
        new = self.stability[who, what] == 0
        stability = np.where(new, 1.0, self.stability[who, what])
        hard = np.where(new, 5.0, self.difficulty[who, what])
        after, harder = fsrs_review(stability, hard, day - self.last[who, what], good)
        first = np.where(good, PARAMETERS[2], PARAMETERS[0])
        start = np.where(good, Fsrs.HARD, PARAMETERS[4])
        self.stability[who, what] = np.where(new, first, after)
        self.difficulty[who, what] = np.clip(np.where(new, start, harder), 1, 10)
        self.last[who, what] = day
        return np.maximum(1.0, np.round(self.stability[who, what]))


def policies(
    concepts: Sequence[Concept], days: int, readers: int, rng: np.random.Generator
) -> list[Policy]:
    """All six, ours last."""
    count = len(concepts)
    return [
        random_five(count, days, readers, rng),
        round_robin(count, days, readers),
        Leitner(readers, count),
        Sm2(readers, count),
        StockFsrs(readers, count),
        spaced_edition(concepts, days, readers),
    ]
