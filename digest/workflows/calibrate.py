"""calibrate(pools, model) -> a model and a report: learn the weights, and say how good they are.

Each head is fitted to the pools of its kind, towards 0 or towards the weights there are. The
report judges every head on days or weeks that its fit did not see, beside simple baselines on the
same days: the record of each host, and the raw votes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from digest.domain.edition import Edition
from digest.domain.fitting import Recipe, fit
from digest.domain.pools import (
    FOLDS,
    MEASURES,
    Fitter,
    Pool,
    by_host,
    by_votes,
    cross_validate,
    interval,
    judge,
    learned,
    order,
)
from digest.domain.ranking import headline_features
from digest.domain.scoring import HEADS, Head, Model
from digest.domain.story import Source
from digest.errors import UsageError
from digest.workflows.edit import EDITOR

_LEAST_CANDIDATES = 20
_LEAST_POOLS = 8


@dataclass(frozen=True, slots=True)
class Row:
    """One way of scoring, judged: the mean of the measure, its interval, and the gain over it.

    `gain` is how much better the learned head is on the same days, with its interval.
    """

    head: str
    way: str
    measure: str
    pools: int
    value: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


def recipe() -> dict[str, Any]:
    """The recipe of the fit, for the record."""
    return asdict(Recipe()) | {"folds": FOLDS, "folds_are": "runs of consecutive days or weeks"}


def usable(pools: Iterable[Pool]) -> list[Pool]:
    """Pools with grades, something picked, and (threads) 20 candidates or more."""
    return [
        pool
        for pool in pools
        if pool.grades is not None
        and any(pool.wanted)
        and (pool.head != "community" or len(pool.keys) >= _LEAST_CANDIDATES)
    ]


def calibrate(pools: Sequence[Pool], model: Model, *, fresh: bool = False) -> Model:
    """The model with every head fitted anew for which there are pools.

    Weights are pulled towards those of `model`, or towards 0 if `fresh`. Raises UsageError where
    nothing can be learned.
    """
    heads = {name: [pool for pool in pools if pool.head == name] for name in HEADS}
    if not any(heads.values()):
        raise UsageError(
            "there is nothing to learn from: no pool tells what was picked",
            "give files with `grade`, `pick` or `final_points`",
        )
    fitted: dict[str, Any] = {}
    for name, own in heads.items():
        if own:
            examples = [example for pool in own for example in pool.examples()]
            old = Head() if fresh else model.head(name)
            try:
                new = fit(examples, prior=old)
            except ValueError as error:
                raise UsageError(f"{name}: {error}", "give days of both kinds") from error
            # How many are picked of how many differs from file to file and says nothing of a story.
            fitted[name] = new if fresh else replace(new, bias=old.bias)
    return replace(model, **fitted)


def report(pools: Sequence[Pool]) -> list[Row]:
    """Cross-validated rows, the learned head of each kind first, then its baselines."""
    rows: list[Row] = []
    for name in HEADS:
        own = [pool for pool in pools if pool.head == name]
        if len(own) < _LEAST_POOLS:
            continue
        ways: dict[str, Fitter] = {"learned": learned(Recipe()), "votes": by_votes}
        if name == "headline":
            ways["host record"] = by_host
        values = {
            way: [
                judge(pool, order(pool, scores))
                for pool, scores in zip(own, cross_validate(own, fitter), strict=True)
            ]
            for way, fitter in ways.items()
        }
        for way, got in values.items():
            gains = [ours - theirs for ours, theirs in zip(values["learned"], got, strict=True)]
            low, high = interval(got)
            gain_low, gain_high = interval(gains)
            rows.append(
                Row(
                    name,
                    way,
                    MEASURES[name],
                    len(own),
                    sum(got) / len(got),
                    low,
                    high,
                    sum(gains) / len(gains),
                    gain_low,
                    gain_high,
                )
            )
    return rows


def from_editions(editions: Iterable[Edition], sources: Mapping[str, Source]) -> list[Pool]:
    """The editions in which an editor exchanged a story, as pools of headlines.

    What was there when the editor was done counts as picked, what was taken out or passed over as
    not. Other editions are left out: the program's own picks teach it nothing. So are papers and
    the shelf.
    """
    found = []
    for edition in editions:
        if not any(pick.features.get(EDITOR) for pick in edition.stories):
            continue
        rows = [
            pick
            for pick in (*edition.stories, *edition.runners_up)
            if not (pick.story.shelf or pick.story.paper) and "owners" in pick.features
        ]
        if not rows:
            continue
        found.append(
            Pool(
                head="headline",
                unit="day",
                name=edition.date.isoformat(),
                keys=tuple(pick.story.id for pick in rows),
                titles=tuple(pick.story.title for pick in rows),
                features=tuple(headline_features(p.story, p.features, sources) for p in rows),
                votes=tuple(pick.features["owners"] for pick in rows),
                grades=tuple(2 if pick.slot else 0 for pick in rows),
            )
        )
    return found
