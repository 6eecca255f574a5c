"""What a reader remembers of a concept: the recurrences of FSRS-6.

FSRS (Free Spaced Repetition Scheduler, version 6) models a memory by its stability, the days
after which recall has fallen to 90 %, and its difficulty, 1 to 10. The formulas and the default
parameters are those of `py-fsrs` 6.3 without learning steps and without fuzz
(https://github.com/open-spaced-repetition/py-fsrs, `Scheduler`; described in
https://github.com/open-spaced-repetition/awesome-fsrs/wiki/The-Algorithm); the tests hold this
module against that library. Days come in as arguments, so nothing here reads a clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Rating(IntEnum):
    """How well a concept was recalled, with the numbers of FSRS."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


@dataclass(frozen=True, slots=True)
class MemoryState:
    """A reader's memory of one concept.

    `stability` is in days (0.001 or more), `difficulty` runs from 1 to 10. `last` is the day on
    which the concept was last shown: an edition's number for the virtual reader of
    `selection`, a date's ordinal for a real one.
    """

    stability: float
    difficulty: float
    last: int = 0


PARAMETERS: Final = (
    *(0.212, 1.2931, 2.3065, 8.2956),  # 0-3: stability after a first Again, Hard, Good, Easy
    *(6.4133, 0.8334, 3.0194, 0.001),  # 4-7: difficulty at first, its change, its pull back
    *(1.8722, 0.1666, 0.796),  # 8-10: growth of stability when recalled
    *(1.4835, 0.0614, 0.2629, 1.6483),  # 11-14: stability after a lapse
    *(0.6014, 1.8729),  # 15-16: Hard's malus, Easy's bonus
    *(0.5425, 0.0912, 0.0658),  # 17-19: a second look on the same day
    0.1542,  # 20: decay of the forgetting curve
)
"""FSRS-6's default parameters w0 to w20 (`DEFAULT_PARAMETERS` of py-fsrs 6.3)."""

_W: Final = PARAMETERS
_DECAY: Final = -_W[20]
_FACTOR: Final = math.pow(0.9, 1 / _DECAY) - 1
_LEAST_STABILITY: Final = 0.001


def first(rating: Rating, day: int = 0) -> MemoryState:
    """The state after a concept was seen for the first time, on `day`."""
    return MemoryState(
        stability=max(_W[rating - 1], _LEAST_STABILITY),
        difficulty=_clamp(_difficulty_at_first(rating)),
        last=day,
    )


def recall(state: MemoryState, elapsed_days: float) -> float:
    """The probability, 0 to 1, of recalling a concept `elapsed_days` after it was last shown.

    The curve is ``(1 + F t / S) ** -w20`` with F such that recall is 0.9 after `S` days. A
    negative time counts as none.
    """
    return math.pow(1 + _FACTOR * max(0.0, elapsed_days) / state.stability, _DECAY)


def days_until(state: MemoryState, target: float) -> float:
    """The days after which recall has fallen to `target` (0 < target < 1): `recall` inverted."""
    return state.stability / _FACTOR * (math.pow(target, 1 / _DECAY) - 1)


def review(state: MemoryState, elapsed_days: int, rating: Rating) -> MemoryState:
    """The state after a review `elapsed_days` (whole days) after the last.

    Less than a day counts as a second look on the same day, which moves stability a little and
    by its own formula. `last` moves on by `elapsed_days`.
    """
    if elapsed_days < 1:
        stability = _stability_same_day(state.stability, rating)
    elif rating is Rating.AGAIN:
        stability = _stability_forgotten(state, recall(state, elapsed_days))
    else:
        stability = _stability_recalled(state, recall(state, elapsed_days), rating)
    return MemoryState(
        stability=max(stability, _LEAST_STABILITY),
        difficulty=_next_difficulty(state.difficulty, rating),
        last=state.last + max(0, elapsed_days),
    )


def _clamp(difficulty: float) -> float:
    return min(max(difficulty, 1.0), 10.0)


def _difficulty_at_first(rating: Rating) -> float:
    return _W[4] - math.exp(_W[5] * (rating - 1)) + 1


def _next_difficulty(difficulty: float, rating: Rating) -> float:
    damped = difficulty - _W[6] * (rating - 3) * (10.0 - difficulty) / 9.0
    # The pull goes towards the unclamped difficulty of a first Easy, as in the library.
    return _clamp(_W[7] * _difficulty_at_first(Rating.EASY) + (1 - _W[7]) * damped)


def _stability_same_day(stability: float, rating: Rating) -> float:
    growth = math.exp(_W[17] * (rating - 3 + _W[18])) * math.pow(stability, -_W[19])
    return stability * (growth if rating is Rating.AGAIN else max(growth, 1.0))


def _stability_recalled(state: MemoryState, recalled: float, rating: Rating) -> float:
    growth = (
        math.exp(_W[8])
        * (11 - state.difficulty)
        * math.pow(state.stability, -_W[9])
        * math.expm1((1 - recalled) * _W[10])
    )
    if rating is Rating.HARD:
        growth *= _W[15]
    if rating is Rating.EASY:
        growth *= _W[16]
    return state.stability * (1 + growth)


def _stability_forgotten(state: MemoryState, recalled: float) -> float:
    lapse = (
        _W[11]
        * math.pow(state.difficulty, -_W[12])
        * (math.pow(state.stability + 1, _W[13]) - 1)
        * math.exp((1 - recalled) * _W[14])
    )
    return min(lapse, state.stability / math.exp(_W[17] * _W[18]))
