"""Large groups take in what average linkage left: fragments of a story told in many words.

A story told by a hundred outlets is told in many words: two of its headlines may share none, and
average linkage leaves it in pieces. But a large group knows its words: its centre does. What is
near to the centre of a group of some size joins it, the nearest first, and the centre moves with
it.

Rarity is asked of the groups, not of the entries: the name that two hundred headlines of one story
have in common is rare among stories. How near is near enough depends on the batch: where much of it
already is in large groups, a headline left over likely belongs to one of them; where hardly
anything is, it does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from digest.domain.linkage import Vetoes
from digest.domain.meaning import Meaning
from digest.domain.nearness import Grouping, days, fading
from digest.domain.story import Entry
from digest.domain.words import Floats, Ints, Words, spread, sums


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries, their words, and what a model says of them."""

    entries: Sequence[Entry]
    words: Words
    meaning: Meaning | None = None


def gathered(
    batch: Batch, group: Sequence[int], vetoes: Vetoes, grouping: Grouping, most: int
) -> list[int]:
    """The number of each entry's group after large groups took in what is near their centres.

    `group` is the number of each entry's group before, that of its first entry; no group gets more
    than `most` entries.
    """
    names, at, sizes = np.unique(group, return_inverse=True, return_counts=True)
    large = np.flatnonzero(sizes >= grouping.large)
    bar = grouping.centre_threshold * (1 - sizes[large].sum() / len(group)) ** 2
    if not len(large) or not len(batch.words.counts):
        return list(group)
    centres = _Centres(batch, at, large, grouping)
    to = np.arange(len(names))
    while True:
        score, row, taken = centres.nearest()
        if score < bar:
            break
        taker = int(large[row])
        a, b = int(names[taker]), int(names[taken])
        if sizes[taker] + sizes[taken] > most or vetoes.part(a, b):
            centres.forbid(row, taken)
            continue
        vetoes.join(a, b)
        to[to == taken] = taker
        sizes[taker] += sizes[taken]
        centres.join(row, taken)
    return [int(name) for name in names[to[at]]]


class _Centres:
    """The sums of the vectors of each group, and how near all groups are to the large ones."""

    def __init__(self, batch: Batch, at: Ints, large: Ints, grouping: Grouping) -> None:
        self._grouping, self._large = grouping, large
        words = batch.words
        self._row = {int(g): row for row, g in enumerate(large)}
        n = self._n = int(at.max()) + 1
        width = len(words.counts)
        key, inverse = np.unique(at[words.rows] * width + words.columns, return_inverse=True)
        group, self._columns = key // width, key % width
        counts = np.bincount(self._columns, minlength=width)
        # What so many groups share says nothing of one, and would cost most of the time.
        told = counts <= grouping.rare_most
        values, alone = words.unit(np.where(told, counts, n + 1), n, grouping.least_count)
        values[~told[words.columns]] = 0.0
        self._values = sums(inverse, values, len(key))
        self._start = np.searchsorted(group, np.arange(n + 1))
        order = np.argsort(self._columns, kind="stable")
        self._holders, self._weights = group[order], self._values[order]
        self._sizes = np.where(told, counts, 0)
        self._begin = np.cumsum(counts) - counts
        self._square = sums(group, self._values**2, n) + sums(at, alone, n)
        self._square[self._square == 0] = 1.0

        self._many = np.bincount(at).astype(np.float64)
        self._day = np.bincount(at, days(batch.entries), n) / self._many
        self._unit: NDArray[np.float32] | None = None
        if batch.meaning is not None:
            self._unit = np.zeros((n, batch.meaning.unit.shape[1]), dtype=np.float32)
            np.add.at(self._unit, at, batch.meaning.unit)
            self._norms = np.linalg.norm(self._unit, axis=1)
            self._means = self._unit[large] @ self._unit.T
        self._open = np.ones((len(large), n), dtype=bool)
        self._open[np.arange(len(large)), large] = False
        self._dots = np.stack([self._dot(int(g)) for g in large])
        self._best = np.full(len(large), -1.0)
        self._nearest = np.zeros(len(large), dtype=np.int64)
        for row in range(len(large)):
            self._look(row)

    def nearest(self) -> tuple[float, int, int]:
        """(nearness, row of a large group, group) of the nearest; below 0 where none is left."""
        row = int(np.argmax(self._best))
        return float(self._best[row]), row, int(self._nearest[row])

    def forbid(self, row: int, group: int) -> None:
        """Never offer `group` to this large group again."""
        self._open[row, group] = False
        self._look(row)

    def join(self, row: int, taken: int) -> None:
        """Let the large group of `row` take in the group `taken`."""
        taker = int(self._large[row])
        gone = self._row.get(taken)
        added = self._dots[gone] if gone is not None else self._dot(taken)
        # What large groups took in since is in their rows, not in the words of the groups.
        added[self._large] = self._dots[:, taken]
        self._square[taker] += self._square[taken] + 2 * self._dots[row, taken]
        self._dots[row] += added
        self._dots[:, taker] += self._dots[:, taken]
        together = self._many[taker] + self._many[taken]
        moved = self._day[taken] - self._day[taker]
        self._day[taker] += moved * self._many[taken] / together
        self._many[taker] = together
        if self._unit is not None:
            self._unit[taker] += self._unit[taken]
            self._norms[taker] = np.linalg.norm(self._unit[taker])
            self._means[row] = self._unit @ self._unit[taker]
            self._means[:, taker] = self._unit[self._large] @ self._unit[taker]
        self._open[:, taken] = False
        if gone is not None:
            self._open[gone] = False
            self._best[gone] = -1.0
        rows = np.flatnonzero(self._best >= 0)
        changed = np.isin(self._nearest[rows], (taken, taker)) | (rows == row)
        changed |= self._scores(rows, np.array([taker])) > self._best[rows]
        for other in rows[changed].tolist():
            self._look(other)

    def _dot(self, group: int) -> Floats:
        own = slice(self._start[group], self._start[group + 1])
        columns = self._columns[own]
        many = self._sizes[columns]
        others = spread(self._begin[columns], many)
        products = np.repeat(self._values[own], many) * self._weights[others]
        return sums(self._holders[others], products, self._n)

    def _look(self, row: int) -> None:
        scores = self._scores(np.array([row]), np.arange(self._n))
        self._nearest[row] = int(np.argmax(scores))
        self._best[row] = scores[self._nearest[row]]

    def _scores(self, rows: Ints, groups: Ints) -> Floats:
        """How near groups are to large ones: one row and many groups, or many rows and one."""
        large = self._large[rows]
        length = np.sqrt(self._square[large] * self._square[groups])
        near: Floats = self._dots[rows, groups] / length
        if self._unit is not None:
            norms = self._norms[large] * self._norms[groups]
            like = self._means[rows, groups] / np.maximum(norms, 1e-6)
            g = self._grouping
            like = np.maximum(like - g.meaning_floor, 0.0) / (1 - g.meaning_floor)
            share = np.where(norms > 0, g.meaning_weight, 0.0)
            near = (1 - share) * near + share * like
        near = near * fading(self._day[groups] - self._day[large], self._grouping.decay_days)
        return np.where(self._open[rows, groups], near.round(9), -1.0)
