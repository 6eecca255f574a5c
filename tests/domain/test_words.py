"""Vectors of words and the pairs looked for, held against plain loops."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from digest.domain.nearness import Grouping, pairs
from digest.domain.story import Entry
from digest.domain.text import terms
from digest.domain.words import Words, spread

Make = Callable[..., Entry]


def batch(make_entry: Make, n: int = 60, seed: int = 2) -> list[Entry]:
    rng = Random(seed)  # noqa: S311 - a repeatable batch, no secret
    words = [f"w{chr(97 + a)}{chr(97 + b)}" for a in range(9) for b in range(9)]
    return [
        make_entry(
            " ".join(rng.choices(words, k=6)),
            source=f"s{at}",
            hours=90 * rng.random(),
            lead=" ".join(rng.choices(words, k=rng.choice([0, 12]))),
        )
        for at in range(n)
    ]


def plain(entries: list[Entry], g: Grouping) -> list[dict[str, float]]:
    bags: list[dict[str, float]] = []
    for entry in entries:
        bag: defaultdict[str, float] = defaultdict(float)
        for text, weight in ((entry.title, 1.0), (entry.lead, g.lead_weight)):
            said = terms(text)
            for term, count in Counter(said).items():
                bag[term] += weight * (1 + math.log(count))
            for pair in pairwise(said):
                bag[" ".join(pair)] += weight * g.pair_weight
        bags.append(bag)
    seen = Counter(term for bag in bags for term in bag)
    total = max(len(bags), 200) + 1
    vectors = []
    for bag in bags:
        weighed = {
            t: w * math.log(total / (max(seen[t], g.least_count) + 0.5)) for t, w in bag.items()
        }
        length = math.sqrt(sum(w * w for w in weighed.values()))
        vectors.append({t: w / length for t, w in weighed.items()})
    return vectors


@pytest.mark.parametrize("rare_most", [400, 3])
def test_pairs_are_those_of_plain_loops(make_entry: Make, rare_most: int) -> None:
    grouping = Grouping(rare_most=rare_most, faint=0.1)
    entries = batch(make_entry)
    vectors = plain(entries, grouping)
    words = Words.of(entries, grouping.lead_weight, grouping.pair_weight)
    found = pairs(entries, words, grouping)
    got = dict(zip(zip(found.i.tolist(), found.j.tolist(), strict=True), found.near, strict=True))
    assert len(got) > 10
    for (i, j), near in got.items():
        assert i < j
        cosine = sum(w * vectors[j].get(t, 0.0) for t, w in vectors[i].items())
        if entries[i].lead and entries[j].lead:
            cosine *= grouping.lead_factor
        gap = (entries[i].published - entries[j].published).total_seconds() / 86_400
        assert near == pytest.approx(
            cosine * math.exp(-0.5 * (gap / grouping.decay_days) ** 2), abs=1e-8
        )
    if rare_most == 400:  # every term is rare here: nothing near may be missed
        close = {
            (i, j)
            for j in range(len(entries))
            for i in range(j)
            if sum(w * vectors[j].get(t, 0.0) for t, w in vectors[i].items()) > 0.3
            and abs((entries[i].published - entries[j].published).total_seconds()) < 86_400
        }
        assert close
        assert close <= got.keys()


def test_ranges_are_spread() -> None:
    assert spread(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert spread(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
