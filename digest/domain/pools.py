"""Labelled pools: what was there on a day or in a week, ranked by a head and judged.

The measures are those of information retrieval: hit@5 (share of the wanted among the first five),
P@5, and nDCG@10 with gain 2^grade - 1 (Järvelin and Kekäläinen, TOIS 20, 2002).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from digest.domain.fitting import Example, Recipe, fit
from digest.domain.scoring import Features, Head
from digest.domain.text import likeness, terms

SAME: Final = 0.5
"""Likeness (Dice) of two titles from which the second is put behind: one event, one place."""

BEHIND: Final = 1.5
"""By how many log-odds."""

FOLDS: Final = 8


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of a day or week. `unit` is day or week, `name` its date.

    `keys` identify them (URL or id), `votes` is what a reader of the raw numbers would sort by, and
    `grades` (None where a file has none): 2 for the day's headline, 1 for a picked paper or one of
    the day's final top, 0 for the rest.
    """

    head: str
    unit: str
    name: str
    keys: tuple[str | int, ...]
    titles: tuple[str, ...]
    features: tuple[Features, ...]
    votes: tuple[float, ...]
    grades: tuple[int, ...] | None = None

    @property
    def wanted(self) -> tuple[bool, ...]:
        """Which ones were picked; none where no grade is known."""
        best = 2 if self.head == "headline" else 1
        return tuple(g >= best for g in self.grades or (0,) * len(self.keys))

    def examples(self) -> list[Example]:
        """The candidates as examples for a fit."""
        return [
            Example(features, picked, self.name)
            for features, picked in zip(self.features, self.wanted, strict=True)
        ]


Scores = Sequence[float]


def order(pool: Pool, scores: Scores) -> list[int]:
    """Places in the pool, best first; of headlines that tell one event the first goes before."""
    by_score = _best_first(scores)
    if pool.head != "headline":
        return by_score
    said = [frozenset(terms(title)) for title in pool.titles]
    lowered = list(scores)
    for place, at in enumerate(by_score):
        if any(likeness(said[at], said[other]) >= SAME for other in by_score[:place]):
            lowered[at] -= BEHIND
    return _best_first(lowered)


def _best_first(scores: Scores) -> list[int]:
    """Places by falling score, ties in the pool's order."""
    return sorted(range(len(scores)), key=lambda at: (-round(scores[at], 9), at))


def rank_pool(pool: Pool, head: Head) -> list[str | int]:
    """The keys of a pool, best first, each once."""
    places = order(pool, [head.score(f) for f in pool.features])
    return list(dict.fromkeys(pool.keys[at] for at in places))


# --- judging -----------------------------------------------------------------------------------

MEASURES: Final[Mapping[str, str]] = {
    "headline": "hit@5",
    "paper": "nDCG@10",
    "community": "P@5",
}


def judge(pool: Pool, places: Sequence[int]) -> float:
    """The head's measure for one pool, 0 to 1."""
    wanted = pool.wanted
    if pool.head == "paper":
        return _dcg([wanted[at] for at in places[:10]]) / _dcg(sorted(wanted, reverse=True)[:10])
    hits = sum(wanted[at] for at in places[:5])
    return hits / (sum(wanted) if pool.head == "headline" else 5)


def _dcg(picked: Sequence[bool]) -> float:
    return math.fsum(p / math.log2(place + 2) for place, p in enumerate(picked))


def interval(values: Sequence[float], rounds: int = 400) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean, over days or weeks; a fixed seed."""
    rng = Random(0)  # noqa: S311 - a repeatable sequence, no secret
    means = sorted(
        math.fsum(rng.choices(values, k=len(values))) / len(values) for _ in range(rounds)
    )
    return means[int(0.025 * rounds)], means[int(0.975 * rounds)]


# --- cross-validation --------------------------------------------------------------------------

Fitter = Callable[[Sequence[Pool]], Callable[[Pool], Scores]]
"""From pools to learn from to a way of scoring others."""


def cross_validate(pools: Sequence[Pool], fitter: Fitter, folds: int = FOLDS) -> list[Scores]:
    """Scores for every pool, each by a fit that saw neither it nor its neighbours in time.

    The folds are runs of consecutive days, which is nearer to judging the future than a shuffle.
    """
    ordered = sorted(range(len(pools)), key=lambda at: pools[at].name)
    found: dict[int, Scores] = {}
    for fold in range(folds):
        held = ordered[fold * len(pools) // folds : (fold + 1) * len(pools) // folds]
        learn = [pools[at] for at in ordered if at not in set(held)]
        if held and learn:
            scorer = fitter(learn)
            found |= {at: scorer(pools[at]) for at in held}
    return [found[at] for at in range(len(pools))]


def learned(recipe: Recipe) -> Fitter:
    """The project's own way: fit a head, score by it."""

    def fitter(pools: Sequence[Pool]) -> Callable[[Pool], Scores]:
        head = fit([example for pool in pools for example in pool.examples()], recipe)
        return lambda pool: [head.score(features) for features in pool.features]

    return fitter


def by_host(pools: Sequence[Pool], strength: float = 3.0) -> Callable[[Pool], Scores]:
    """A baseline: each host's own record, shrunk to the mean by `strength` pseudo-candidates."""
    seen: dict[str, int] = {}
    hits: dict[str, int] = {}
    for pool in pools:
        for features, wanted in zip(pool.features, pool.wanted, strict=True):
            host = _host(features)
            seen[host] = seen.get(host, 0) + 1
            hits[host] = hits.get(host, 0) + wanted
    mean = sum(hits.values()) / sum(seen.values())

    def scores(pool: Pool) -> Scores:
        hosts = [_host(features) for features in pool.features]
        return [(hits.get(h, 0) + strength * mean) / (seen.get(h, 0) + strength) for h in hosts]

    return scores


def by_votes(_pools: Sequence[Pool]) -> Callable[[Pool], Scores]:
    """A baseline: the raw votes (upvotes, points after two hours, other reports)."""
    return lambda pool: pool.votes


def _host(features: Features) -> str:
    return next((sign for sign in features.signs if sign.startswith("host=")), "")
