"""Learned scores: log-odds that an editor picks a headline, a paper, a thread.

A head is a linear model with parts that can be read: a number times its weight, or a weight for
a sign that is there or not (`host=`, `word=`). What is unknown adds nothing, so that a missing
field is never a reason by itself. Three heads share this form and one way of fitting
(`domain/fitting.py`); their weights are data, shipped with the program or an operator's own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

VERSION: Final = 1
"""Of the weights' form; a file of another version is refused."""

HEADS: Final = ("headline", "paper", "community")


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of one candidate: numbers by name, and signs such as ``host=lab.example``."""

    numbers: Mapping[str, float] = field(default_factory=dict)
    signs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Head:
    """A linear score in log-odds. `numbers` are weights per unit, `signs` weights if present."""

    bias: float = 0.0
    numbers: Mapping[str, float] = field(default_factory=dict)
    signs: Mapping[str, float] = field(default_factory=dict)

    def score(self, features: Features) -> float:
        """The log-odds. Summed exactly, so that the order of the parts plays no role."""
        return math.fsum(self.parts(features).values())

    def parts(self, features: Features) -> dict[str, float]:
        """The addends by name: ``base``, each number, and the signs summed by kind (``host``)."""
        found: dict[str, list[float]] = {"base": [self.bias]}
        for name, value in features.numbers.items():
            weight = self.numbers.get(name)
            if weight is not None and value:
                found.setdefault(name, []).append(weight * value)
        for sign in features.signs:
            weight = self.signs.get(sign)
            if weight is not None:
                found.setdefault(PARTS[sign.partition("=")[0]], []).append(weight)
        return {name: math.fsum(addends) for name, addends in sorted(found.items())}


PARTS: Final[Mapping[str, str]] = {
    "host": "host",
    "domain": "host",
    "path": "host",
    "word": "title",
    "pair": "title",
}
"""Kind of sign -> the part of the score it counts for."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What no labelled day can teach, set by judgement and in log-odds like the rest.

    `owners` multiplies ln(independent owners), beyond what the headline's own weight gives; `heat`
    the chance (0 to 1) that a thread ends among the day's top on Hacker News; `fresh` a factor
    that halves every `half_life_h` hours. `offtopic` is lost in full by a story of relevance 0 and
    not at all from 0.5 on. `hype` and `finance` are taken off: the editors who were learnt from
    like money more than a letter that teaches does. `likeness` is what a full resemblance to a
    chosen story costs, and below `least` a story is not worth a slot.
    """

    owners: float = 0.8
    heat: float = 2.0
    fresh: float = 1.2
    half_life_h: float = 24.0
    offtopic: float = 1.0
    hype: float = 0.4
    finance: float = 1.5
    likeness: float = 3.0
    least: float = -4.5


JUDGED: Final = Judged()


@dataclass(frozen=True, slots=True)
class Model:
    """All weights of the ranking; `name` says where they come from."""

    headline: Head = Head()
    paper: Head = Head()
    community: Head = Head()
    judged: Judged = Judged()
    name: str = ""

    def head(self, name: str) -> Head:
        """One of `HEADS` by its name."""
        return {"headline": self.headline, "paper": self.paper, "community": self.community}[name]


def chance(log_odds: float) -> float:
    """The probability that belongs to log-odds, 0 to 1."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)
