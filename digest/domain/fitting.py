"""Fit a head: logistic regression towards a prior, by L-BFGS, the same bytes each time.

One recipe for all heads (`Recipe`): each weight has a normal prior around 0, or around the weights
that are given; numbers and hosts get a wider one than words, pairs and paths, of which there are
many. A sign that occurs on too few days is left out, so that no single case can be learnt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from digest.domain.scoring import Features, Head

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How strongly weights are held back; one default for all heads.

    `spread` is the prior's standard deviation in log-odds by kind of sign (numbers: ``number``);
    `least_days` on how many days, weeks or the like a sign must occur.
    """

    spread: Mapping[str, float] = field(
        default_factory=lambda: {
            "number": 1.0,
            "host": 1.0,
            "domain": 1.0,
            "path": 0.5,
            "word": 0.3,
            "pair": 0.2,
        }
    )
    least_days: Mapping[str, int] = field(
        default_factory=lambda: {
            "host": 2,
            "domain": 2,
            "path": 3,
            "word": 5,
            "pair": 5,
        }
    )


@dataclass(frozen=True, slots=True)
class Example:
    """A candidate that was picked or not. `day` is the pool it was in; all of one count as one."""

    features: Features
    picked: bool
    day: str


_DIGITS: Final = 3
_FAINT: Final = 0.02
"""Signs of less weight than that change no order worth speaking of; there are thousands."""


def fit(examples: Sequence[Example], recipe: Recipe = Recipe(), prior: Head = Head()) -> Head:  # noqa: B008 - frozen
    """The most probable head under the prior.

    Weights have three decimals; signs of next to none are left out.
    Raises ValueError unless some examples were picked and some were not.
    """
    picked = np.array([example.picked for example in examples], dtype=np.float64)
    if not 0 < picked.sum() < len(picked):
        raise ValueError("a fit needs picked and other examples")
    days: defaultdict[str, set[str]] = defaultdict(set)
    for example in examples:
        for sign in example.features.signs:
            days[sign].add(example.day)
    names = set(prior.numbers).union(*(example.features.numbers for example in examples))
    kept = {
        sign
        for sign, on in days.items()
        if len(on) >= recipe.least_days.get(sign.partition("=")[0], 1)
    }
    # What the prior knows stays known, also where these examples say nothing about it.
    kept |= prior.signs.keys()
    order = [*sorted(names), *sorted(kept)]
    column = {name: at for at, name in enumerate(order)}
    rows, columns, values = [], [], []
    for at, example in enumerate(examples):
        for name, value in example.features.numbers.items():
            if value:
                rows.append(at)
                columns.append(column[name])
                values.append(value)
        for sign in sorted(example.features.signs & kept):
            rows.append(at)
            columns.append(column[sign])
            values.append(1.0)
    start = np.array([prior.numbers.get(n, prior.signs.get(n, 0.0)) for n in order] + [prior.bias])
    if start[-1] == 0.0:
        start[-1] = np.log(picked.mean() / (1 - picked.mean()))
    spread = np.array(
        [recipe.spread["number" if n in names else n.partition("=")[0]] for n in order] + [np.inf]
    )
    problem = _Problem(
        np.array(rows), np.array(columns), np.array(values), picked, start.copy(), spread
    )
    found = _lbfgs(problem.scaled(), start / problem.scale()) * problem.scale()
    weights = {name: round(float(w), _DIGITS) for name, w in zip(order, found[:-1], strict=True)}
    return Head(
        bias=round(float(found[-1]), _DIGITS),
        numbers={n: w for n, w in weights.items() if n in names and w},
        signs={n: w for n, w in weights.items() if n in kept and abs(w) >= _FAINT},
    )


@dataclass(frozen=True, slots=True)
class _Problem:
    """Non-zero cells of the examples, the labels, and the prior's mean and spread.

    The bias is the last weight, in units of `unit`.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: Vector
    picked: Vector
    mean: Vector
    spread: Vector
    unit: float = 1.0

    def scale(self) -> Vector:
        """For each weight, how far it may go until the loss bends: 1 / sqrt(curvature)."""
        share = self.picked.mean()
        squares = np.bincount(self.columns, self.values**2, minlength=len(self.mean) - 1)
        bend = share * (1 - share) * np.append(squares, len(self.picked))
        scale: Vector = 1 / np.sqrt(bend + self.spread**-2.0)
        return scale

    def scaled(self) -> _Problem:
        """The same problem with weights in units of their scale, which is solved in fewer steps."""
        scale = self.scale()
        return replace(
            self,
            values=self.values * scale[self.columns],
            mean=self.mean / scale,
            spread=self.spread / scale,
            unit=float(scale[-1]),
        )

    def loss(self, weights: Vector) -> tuple[float, Vector]:
        """Minus the log posterior, and its gradient."""
        size = len(self.picked)
        z = (
            np.bincount(self.rows, self.values * weights[self.columns], minlength=size)
            + self.unit * weights[-1]
        )
        miss = np.logaddexp(0.0, z) - self.picked * z
        off = (weights - self.mean) / self.spread
        residual = 1 / (1 + np.exp(-np.clip(z, -60, 60))) - self.picked
        slope = np.empty_like(weights)
        slope[:-1] = np.bincount(
            self.columns, self.values * residual[self.rows], minlength=len(weights) - 1
        )
        slope[-1] = self.unit * residual.sum()
        return float(miss.sum() + 0.5 * (off @ off)), slope + off / self.spread


_MEMORY: Final = 12
_ROUNDS: Final = 400
_FLAT: Final = 1e-4
_ARMIJO: Final = 1e-4


def _lbfgs(problem: _Problem, start: Vector) -> Vector:
    """Limited-memory BFGS with backtracking (Nocedal and Wright, algorithm 7.4 and 7.5)."""
    point, (value, slope) = start, problem.loss(start)
    steps: list[tuple[Vector, Vector, float]] = []
    for _ in range(_ROUNDS):
        if np.abs(slope).max() < _FLAT:
            break
        direction = -_inverse(steps, slope)
        downhill = float(slope @ direction)
        length = 1.0 if steps else min(1.0, 1 / float(np.abs(slope).sum()))
        while True:
            new = point + length * direction
            new_value, new_slope = problem.loss(new)
            if new_value <= value + _ARMIJO * length * downhill or length < 1e-12:  # noqa: PLR2004
                break
            length *= 0.5
        step, change = new - point, new_slope - slope
        curved = float(step @ change)
        if curved > 0:
            steps = [*steps[-_MEMORY + 1 :], (step, change, 1 / curved)]
        if value - new_value <= 1e-10 * abs(value):
            point = new
            break
        point, value, slope = new, new_value, new_slope
    return point


def _inverse(steps: Sequence[tuple[Vector, Vector, float]], slope: Vector) -> Vector:
    """The approximate inverse Hessian times the slope."""
    rest, factors = slope.copy(), []
    for step, change, scale in reversed(steps):
        factor = scale * float(step @ rest)
        rest -= factor * change
        factors.append(factor)
    if steps:
        step, change, scale = steps[-1]
        rest *= 1 / (scale * float(change @ change))
    for (step, change, scale), factor in zip(steps, reversed(factors), strict=True):
        rest += (factor - scale * float(change @ rest)) * step
    return rest
