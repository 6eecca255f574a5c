"""How near two entries are: what their words share, what a model says, and the time between them.

Each entry is a vector of terms and pairs of terms (`words`), the title's weighted over the lead's,
by TF-IDF of the batch itself. Two entries are as near as their vectors' cosine, which fades with
the time between them: AI news repeats its words every week, and without fading old and new
events run together. Pairs are looked for only among entries that share a rare term. Where a model
gave vectors of meaning (`digest[embed]`), they look for pairs as well, and their cosine is mixed
in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from digest.domain.meaning import Meaning, Vectors
from digest.domain.story import UNDATED, Entry
from digest.domain.words import Floats, Ints, Words, spread, sums

__all__ = ["DEFAULT", "WITH_MODEL", "Grouping", "Pairs", "Vectors", "days", "fading", "pairs"]


@dataclass(frozen=True, slots=True)
class Grouping:
    """How near entries must be. One default for all feeds, learned on labelled headlines.

    `threshold` is the nearness, 0 to 1, that two groups need. `decay_days` is the standard
    deviation of the fading (Gaussian). A term of the title weighs 1, of the lead `lead_weight`, a
    pair of terms `pair_weight`. Where both entries have a lead, their nearness is multiplied by
    `lead_factor`: leads also share the words of their subject. Pairs below `faint` of the threshold
    count as not near at all. A term counts as found in `least_count` entries or more. It is rare,
    so that entries sharing it are compared, in at most `rare_share` of the entries, and always up
    to `rare_least`, never above `rare_most`.

    A group of `large` entries or more also takes in what is near to its centre: as near as
    `centre_threshold` times the square of the share of entries that are in no large group. A story
    has at most `largest` entries, or `largest_share` of the batch if that is more.

    The rest says what vectors of meaning count where there are any. A cosine of `meaning_floor` or
    less counts nothing, one of 1 counts 1, linear between; nearness is this at `meaning_weight` and
    that of the words at the rest. Each entry is compared at least with the `meaning_most` others
    nearest in meaning, however few words they share. `mean_weight`: see `Meaning`.
    """

    threshold: float = 0.215
    decay_days: float = 2.5
    lead_weight: float = 0.5
    pair_weight: float = 0.5
    lead_factor: float = 0.75
    faint: float = 0.35
    least_count: int = 3
    rare_share: float = 0.05
    rare_least: int = 150
    rare_most: int = 400
    large: int = 8
    centre_threshold: float = 0.65
    largest: int = 60
    largest_share: float = 0.12
    meaning_weight: float = 0.0
    meaning_floor: float = 0.2
    meaning_most: int = 10
    mean_weight: float = 50.0


DEFAULT: Final = Grouping()
WITH_MODEL: Final = replace(
    DEFAULT,
    threshold=0.24,
    lead_factor=0.66,
    meaning_weight=0.3,
    meaning_floor=0.2,
    meaning_most=40,
    centre_threshold=1.0,
)
"""What serves where entries have vectors of meaning."""

_DAY_S: Final = 86_400.0
_RARE_PART, _RARE_PART_WITH_MODEL = 0.7, 0.3
"""What rare terms alone must give of a pair that is not faint; less where a model adds to it."""

_CELLS: Final = 1_000_000
"""Rows that are compared at once have so many partners at most: it bounds the memory (8 MB)."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Entries `i` < `j`, places in the batch, and how near they are, 0 to 1."""

    i: Ints
    j: Ints
    near: Floats


def days(entries: Sequence[Entry]) -> Floats:
    """When entries appeared, in days; NaN where that is not known."""
    return np.array(
        [np.nan if e.published == UNDATED else e.published.timestamp() / _DAY_S for e in entries]
    )


def fading(gap: Floats, decay_days: float) -> Floats:
    """What is left of a nearness over a gap in days; all of it where a time is not known."""
    return np.nan_to_num(np.exp(-0.5 * (gap / decay_days) ** 2), nan=1.0)


def pairs(
    entries: Sequence[Entry], words: Words, grouping: Grouping, meaning: Meaning | None = None
) -> Pairs:
    """All pairs that share a rare term, or are near in meaning, and are not faint."""
    values, _ = words.unit(words.counts, len(entries), grouping.least_count)
    when = days(entries)
    with_lead = np.array([bool(e.lead) for e in entries])
    faint = grouping.faint * grouping.threshold
    beside = None
    if meaning is not None:
        beside = meaning.nearest(grouping.meaning_most, grouping.meaning_floor)
    found: list[tuple[Ints, Ints, Floats]] = []
    part = _RARE_PART if meaning is None else _RARE_PART_WITH_MODEL
    for i, j, cosine in _alike(words, values, grouping, part * faint, beside):
        near = cosine
        if meaning is not None:
            like = np.maximum(meaning.cosines(i, j) - grouping.meaning_floor, 0.0)
            like /= 1 - grouping.meaning_floor
            share = grouping.meaning_weight * (meaning.known[i] & meaning.known[j])
            near = (1 - share) * near + share * like
        near = near * np.where(with_lead[i] & with_lead[j], grouping.lead_factor, 1.0)
        near *= fading(when[j] - when[i], grouping.decay_days)
        good = near >= faint
        found.append((i[good], j[good], near[good].round(9)))
    none = np.empty(0, dtype=np.int64)
    parts = zip(*found, strict=True) if found else ((none,), (none,), (np.empty(0),))
    one, other, near = (np.concatenate(part) for part in parts)
    return Pairs(one, other, near)


def _alike(
    words: Words, values: Floats, grouping: Grouping, least: float, beside: Ints | None
) -> list[tuple[Ints, Ints, Floats]]:
    """Pairs and their cosine, of which rare terms alone give `least`; and those `beside`."""
    n = len(words.start) - 1
    share = min(max(grouping.rare_least, int(grouping.rare_share * n)), grouping.rare_most)
    rare = (words.counts <= share)[words.columns]
    rows = words.rows
    # The rare values by column, and of each value in row order where its column's next row stands.
    order = np.flatnonzero(rare)
    order = order[np.argsort(words.columns[order], kind="stable")]
    holders, weights = rows[order], values[order]
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(1, len(order) + 1)
    sizes = np.where(words.counts <= share, words.counts, 0)
    ahead = np.cumsum(sizes)[words.columns] - place

    common = _Common(words, values, ~rare)
    at_once = max(1, min(512, _CELLS // n))
    sums_of, seen = np.zeros(at_once * n), np.zeros(at_once * n, dtype=np.int64)
    found: list[tuple[Ints, Ints, Floats]] = []
    for first in range(0, n, at_once):
        last = min(first + at_once, n)
        mine = np.arange(words.start[first], words.start[last])
        mine = mine[rare[mine]]
        others = spread(place[mine], ahead[mine])
        key = np.repeat(rows[mine] - first, ahead[mine]) * n + holders[others]
        products = np.repeat(values[mine], ahead[mine]) * weights[others]
        np.add.at(sums_of, key, products)
        likely = key[sums_of[key] >= least]
        # Each pair once, without sorting: where its last mention stands.
        mention = np.arange(len(likely))
        seen[likely] = mention
        near = likely[seen[likely] == mention]
        dot = sums_of[near]
        sums_of[key] = 0.0  # only what was touched: the work grows with the candidates, not with n
        if beside is not None:
            low, high = np.searchsorted(beside, (first * n, last * n))
            extra = np.setdiff1d(beside[low:high] - first * n, near, assume_unique=True)
            near, dot = np.append(near, extra), np.append(dot, np.zeros(len(extra)))
        i, j = near // n + first, near % n
        found.append((i, j, dot + common.dots(i, j, first, last)))
    return found


class _Common:
    """The part of the vectors that is not rare."""

    def __init__(self, words: Words, values: Floats, common: NDArray[np.bool_]) -> None:
        rows = words.rows[common]
        self._values = values[common]
        known, self._columns = np.unique(words.columns[common], return_inverse=True)
        self._start = np.searchsorted(rows, np.arange(len(words.start)))
        self._width = len(known)

    def dots(self, i: Ints, j: Ints, first: int, last: int) -> Floats:
        """The products of pairs, all of whose `i` are of the rows from `first` to `last`."""
        own = slice(self._start[first], self._start[last])
        spread_out = np.zeros((last - first, self._width))
        sizes = np.diff(self._start[first : last + 1])
        spread_out[np.repeat(np.arange(last - first), sizes), self._columns[own]] = self._values[
            own
        ]
        many = self._start[j + 1] - self._start[j]
        theirs = spread(self._start[j], many)
        one = np.repeat(i - first, many)
        products = spread_out[one, self._columns[theirs]] * self._values[theirs]
        return sums(np.repeat(np.arange(len(i)), many), products, len(i))
