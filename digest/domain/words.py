"""Entries as sparse vectors of their words, in compressed rows (CSR); numpy alone.

A term of the title or the lead is a column, and so is a pair of neighbouring terms. How rare a
column is can be asked of the entries, or of groups of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from digest.domain.story import Entry
from digest.domain.text import terms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_LEAST_DOCUMENTS: Final = 200


@dataclass(frozen=True, slots=True)
class Words:
    """Row `i` has `columns[start[i]:start[i+1]]` and its `weights` before rarity.

    `counts` says in how many rows a column is. What is in one row only has no column, as it brings
    none together; `alone` is the sum of its squared weights, for it belongs to a row's length.
    """

    start: Ints
    columns: Ints
    weights: Floats
    counts: Ints
    alone: Floats

    @classmethod
    def of(cls, entries: Sequence[Entry], lead_weight: float, pair_weight: float) -> Words:
        """A title's term weighs 1, a lead's `lead_weight`, a pair `pair_weight` as much.

        A term said again in a text adds by its logarithm; a pair counts each time.
        """
        rows, leads, words, size = _said(entries)
        n = len(entries)
        # Neighbours within one text; a pair is known by the ids of its terms.
        together = (rows[1:] == rows[:-1]) & (leads[1:] == leads[:-1])
        paired = words[:-1][together] * size + words[1:][together]
        known, pair = np.unique(paired, return_inverse=True)
        width = size + len(known)
        text, count = np.unique((rows * 2 + leads) * size + words, return_counts=True)
        of_lead = (text // size) % 2 == 1
        key, at = np.unique(
            np.concatenate(
                [
                    text // (2 * size) * width + text % size,
                    rows[:-1][together] * width + size + pair,
                ]
            ),
            return_inverse=True,
        )
        weights = np.bincount(
            at,
            np.concatenate(
                [
                    np.where(of_lead, lead_weight, 1.0) * (1 + np.log(count)),
                    np.where(leads[:-1][together] == 1, lead_weight, 1.0) * pair_weight,
                ]
            ),
            len(key),
        )
        row, column = key // width, key % width
        counts = np.bincount(column, minlength=width)
        shared = counts > 1
        kept = shared[column]
        number = np.cumsum(shared) - 1
        return cls(
            np.concatenate(([0], np.cumsum(np.bincount(row[kept], minlength=n)))),
            number[column[kept]],
            weights[kept],
            counts[shared],
            sums(row[~kept], weights[~kept] ** 2, n),
        )

    @property
    def rows(self) -> Ints:
        """The row of each value."""
        return np.repeat(np.arange(len(self.start) - 1), np.diff(self.start))

    def unit(self, counts: Ints, documents: int, least: int) -> tuple[Floats, Floats]:
        """(values, alone): rows of length 1 when a column is in `counts` of so many documents.

        What is in fewer than `least` of them counts as being in `least`. `alone` is what is in one
        row only, squared.
        """
        # On a quiet day a handful of entries would make every shared word look common.
        total = max(documents, _LEAST_DOCUMENTS) + 1
        rarity = np.log(total / (np.maximum(counts, least) + 0.5)).clip(0)
        most = np.log(total / (least + 0.5))
        values = self.weights * rarity[self.columns]
        rows = self.rows
        alone = self.alone * most**2
        square = np.bincount(rows, values**2, len(alone)) + alone
        square[square == 0] = 1.0
        return values / np.sqrt(square)[rows], alone / square


def sums(at: Ints, values: Floats, n: int) -> Floats:
    """For each number below `n` the sum of the values that stand at it."""
    return np.bincount(at, values, n).astype(np.float64, copy=False)


def spread(begin: Ints, sizes: Ints) -> Ints:
    """All places of the ranges that start at `begin` and have these sizes, one after the other."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    places: Ints = np.arange(total) + np.repeat(begin - (ends - sizes), sizes)
    return places


def _said(entries: Sequence[Entry]) -> tuple[Ints, Ints, Ints, int]:
    """(row, 1 in a lead else 0, term) of every term in order, and how many terms there are."""
    ids: dict[str, int] = {}
    words: list[int] = []
    sizes: list[int] = []
    for entry in entries:
        for text in (entry.title, entry.lead):
            said = [ids.setdefault(term, len(ids)) for term in terms(text)]
            words += said
            sizes.append(len(said))
    texts = np.repeat(np.arange(len(sizes)), sizes)
    return texts // 2, texts % 2, np.array(words, dtype=np.int64), max(len(ids), 1)
