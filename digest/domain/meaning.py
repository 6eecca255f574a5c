"""What vectors of an embedding model say of two entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from digest.domain.story import Entry

Vectors = Mapping[str, NDArray[np.float32]]
"""What an embedding model says: entry id -> vector (d,), of any length but 0. Entries may lack."""

_ROWS: Final = 512
"""Rows of vectors compared with all at once: 512 x 50 000 cosines take 100 MB."""


class Meaning:
    """Unit vectors of a model, less their mean; entries without one are known by `known`.

    Of each vector the batch's mean is taken off, as if `mean_weight` more entries without any
    direction were in it: what all news have in common says nothing.
    """

    def __init__(self, entries: Sequence[Entry], vectors: Vectors, mean_weight: float) -> None:
        self.known = np.array([e.id in vectors for e in entries], dtype=bool)
        given = np.stack([vectors[e.id] for e in entries if e.id in vectors]).astype(np.float32)
        given /= np.linalg.norm(given, axis=1, keepdims=True)
        given -= given.sum(axis=0) / (len(given) + mean_weight)
        given /= np.maximum(np.linalg.norm(given, axis=1, keepdims=True), 1e-6)
        self.unit = np.zeros((len(entries), given.shape[1]), dtype=np.float32)
        self.unit[self.known] = given

    def nearest(self, most: int, floor: float) -> NDArray[np.int64]:
        """Pairs i < j, one among the `most` nearest of the other, as i * n + j, in order.

        Those at `floor` or below are left out. It takes n x n products.
        """
        n = len(self.unit)
        most = min(most, n - 1)
        found = [np.empty(0, dtype=np.int64)]
        for first in range(0, n if most > 0 else 0, _ROWS):
            block = self.unit[first : first + _ROWS] @ self.unit.T
            rows = np.arange(first, first + len(block))
            np.put_along_axis(block, rows[:, None], -1.0, axis=1)
            top = np.argpartition(-block, most - 1, axis=1)[:, :most].astype(np.int64)
            good = np.take_along_axis(block, top, axis=1) > floor
            one = np.broadcast_to(rows[:, None], top.shape)
            found.append((np.minimum(one, top) * n + np.maximum(one, top))[good])
        return np.unique(np.concatenate(found))

    def cosines(self, i: NDArray[np.int64], j: NDArray[np.int64]) -> NDArray[np.float64]:
        """The cosines of pairs."""
        parts = [np.empty(0)]
        for at in range(0, len(i), 8 * _ROWS):
            some = slice(at, at + 8 * _ROWS)
            parts.append(np.einsum("pd,pd->p", self.unit[i[some]], self.unit[j[some]]))
        return np.concatenate(parts).astype(np.float64)
