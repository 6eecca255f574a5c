"""How near two entries are: what their words share, what a model says, and the time between them.

Each entry is a vector of terms and pairs of terms (`text`), the title's weighted over the lead's,
by TF-IDF of the batch itself. Two entries are as near as their vectors' cosine, which fades with
the time between them: AI news repeats its words every week, and without fading old and new
events run together. Pairs are looked for only among entries that share a rare term. Where a model
gave vectors of meaning (`digest[embed]`), they look for pairs as well, and their cosine is mixed
in.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from digest.domain.story import UNDATED, Entry
from digest.domain.text import template, terms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Vectors = Mapping[str, NDArray[np.float32]]
"""What an embedding model says: entry id -> vector (d,), of any length but 0. Entries may lack."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How near entries must be. One default for all feeds, learned on labelled headlines.

    `threshold` is the nearness, 0 to 1, that two groups need. `decay_days` is the standard
    deviation of the fading (Gaussian). A term of the title weighs 1, of the lead `lead_weight`, a
    pair of terms `pair_weight`. Where both entries have a lead, their nearness is multiplied by
    `lead_factor`: leads also share the words of their subject. `loosening` says how far a
    group larger than `loose_from` entries lowers the bar (0 not at all, 1 as if centres were
    compared). A term is rare, so that entries
    sharing it are compared, in at most `rare_share` of the entries, and always up to
    `rare_least`, never above `rare_most`. A term counts as found in `least_count` entries or
    more. A story has at most `largest` entries, or `largest_share` of the batch if that is more.

    The rest says what vectors of meaning count where there are any. Of each the batch's mean is
    taken off, as if `mean_weight` more entries without any direction were in it. A cosine of
    `meaning_floor` or less counts nothing, one of 1 counts 1, linear between; nearness is this at
    `meaning_weight` and that of the words at the rest. Each entry is compared at least with the
    `meaning_most` others nearest in meaning, however few words they share.
    """

    threshold: float = 0.23
    decay_days: float = 2.5
    lead_weight: float = 0.5
    pair_weight: float = 0.5
    lead_factor: float = 0.75
    loosening: float = 1.6
    loose_from: float = 5.0
    rare_share: float = 0.05
    rare_least: int = 150
    rare_most: int = 400
    least_count: int = 3
    largest: int = 60
    largest_share: float = 0.12
    meaning_weight: float = 0.0
    meaning_floor: float = 0.2
    meaning_most: int = 10
    mean_weight: float = 50.0


DEFAULT: Final = Grouping()
WITH_MODEL: Final = replace(
    DEFAULT, meaning_weight=0.4, meaning_floor=0.1, threshold=0.28, lead_factor=0.66
)
"""What serves where entries have vectors of meaning."""

_LEAST_DOCUMENTS: Final = 200
_DAY_S: Final = 86_400.0
_RARE_PART: Final = 0.3
_FAINT: Final = 0.2
"""Pairs below this share of the threshold count as not alike at all."""

_ROWS: Final = 512
"""Rows of vectors compared with all at once: 512 x 50 000 cosines take 100 MB."""


def _bag(entry: Entry, grouping: Grouping) -> dict[str, float]:
    """Term -> weight before rarity; a term said again adds by its logarithm."""
    bag: defaultdict[str, float] = defaultdict(float)
    for text, weight in ((entry.title, 1.0), (entry.lead, grouping.lead_weight)):
        said = terms(text)
        for term, count in Counter(said).items():
            bag[term] += weight * (1 + math.log(count))
        for pair in pairwise(said):
            bag[" ".join(pair)] += weight * grouping.pair_weight
    return bag


_NONE: Final = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Words:
    """Unit vectors in compressed rows: row `i` has `columns[start[i]:start[i+1]]`."""

    start: Ints
    columns: Ints
    values: Floats
    counts: Ints

    @classmethod
    def of(cls, bags: Sequence[dict[str, float]], least_count: int) -> _Words:
        seen = Counter(term for bag in bags for term in bag)
        # On a quiet day a handful of entries would make every shared word look common.
        documents = max(len(bags), _LEAST_DOCUMENTS)
        # A term of one entry brings none together, yet it belongs to the entry's length.
        column = {term: at for at, term in enumerate(sorted(t for t in seen if seen[t] > 1))}
        rarity = {
            t: math.log((documents + 1) / (max(n, least_count) + 0.5)) for t, n in seen.items()
        }
        start: list[int] = [0]
        columns: list[int] = []
        values: list[float] = []
        for bag in bags:
            weighed = {term: weight * max(rarity[term], 0.0) for term, weight in bag.items()}
            length = math.sqrt(sum(w * w for w in weighed.values())) or 1.0
            kept = sorted((column[t], w / length) for t, w in weighed.items() if t in column)
            columns.extend(at for at, _ in kept)
            values.extend(w for _, w in kept)
            start.append(len(columns))
        return cls(
            np.array(start, dtype=np.int64),
            np.array(columns, dtype=np.int64),
            np.array(values),
            np.array([seen[term] for term in column], dtype=np.int64),
        )


class _Meaning:
    """Unit vectors of a model, centred; what of them counts."""

    def __init__(self, unit: NDArray[np.float32], known: NDArray[np.bool_], g: Grouping) -> None:
        self._unit, self._known, self._grouping = unit, known, g
        self._first, self._near = 0, [_NONE][:0]

    @classmethod
    def of(cls, entries: Sequence[Entry], vectors: Vectors, g: Grouping) -> _Meaning | None:
        """None where no entry has a vector, or they count nothing."""
        known = np.array([e.id in vectors for e in entries], dtype=bool)
        if g.meaning_weight <= 0 or not known.any():
            return None
        given = np.stack([vectors[e.id] for e in entries if e.id in vectors]).astype(np.float32)
        given /= np.linalg.norm(given, axis=1, keepdims=True)
        given -= given.sum(axis=0) / (len(given) + g.mean_weight)
        given /= np.maximum(np.linalg.norm(given, axis=1, keepdims=True), 1e-6)
        unit = np.zeros((len(entries), given.shape[1]), dtype=np.float32)
        unit[known] = given
        return cls(unit, known, g)

    def nearest(self, i: int) -> Ints:
        """Those after `i` that are among the nearest of `i`, or `i` among theirs."""
        if not self._first <= i < self._first + len(self._near):
            self._first = i
            block = self._unit[i : i + _ROWS] @ self._unit.T
            np.put_along_axis(block, np.arange(i, i + len(block))[:, None], -1.0, axis=1)
            most = min(self._grouping.meaning_most, block.shape[1] - 1)
            top = np.argpartition(-block, most, axis=1)[:, :most].astype(np.int64)
            good = np.take_along_axis(block, top, axis=1) > self._grouping.meaning_floor
            self._near = [np.sort(near[yes]) for near, yes in zip(top, good, strict=True)]
        near = self._near[i - self._first]
        return near[near > i]

    def mixed(self, i: int, near: Ints, cosine: Floats) -> Floats:
        """The cosines of words of `i` with `near`, mixed with those of meaning."""
        if not self._known[i]:
            return cosine
        g = self._grouping
        like = (self._unit[near] @ self._unit[i]).astype(np.float64)
        like = np.maximum(like - g.meaning_floor, 0.0) / (1 - g.meaning_floor)
        share = np.where(self._known[near], g.meaning_weight, 0.0)
        mixed: Floats = (1 - share) * cosine + share * like
        return mixed


def pairs(
    entries: Sequence[Entry], grouping: Grouping, vectors: Vectors | None = None
) -> Iterator[tuple[float, int, int]]:
    """(nearness, i, j) with i < j of all pairs that are somewhat near; -1 for a veto.

    `i` and `j` are places in `entries`.
    """
    meaning = _Meaning.of(entries, vectors or {}, grouping)
    words = _Words.of([_bag(e, grouping) for e in entries], grouping.least_count)
    rows = np.repeat(np.arange(len(entries)), np.diff(words.start))
    by_column = np.argsort(words.columns, kind="stable")
    holders, weights = rows[by_column], words.values[by_column]
    begin = np.concatenate(([0], np.cumsum(words.counts)))
    share = int(grouping.rare_share * len(entries))
    rare = words.counts <= min(max(grouping.rare_least, share), grouping.rare_most)
    known = [np.nan if e.published == UNDATED else e.published.timestamp() for e in entries]
    days = np.array(known) / _DAY_S
    with_lead = np.array([bool(e.lead) for e in entries])
    series = [template(e.title) for e in entries]
    least = _FAINT * grouping.threshold
    dense = np.zeros(len(words.counts))
    front = begin[:-1].copy()

    for i in range(len(entries) - 1):
        own = slice(words.start[i], words.start[i + 1])
        mine = words.columns[own]
        front[mine] += 1  # rows come in order, so that what is left of a column is after `i`
        some = rare[mine] & (front[mine] < begin[mine + 1])
        near, at = _NONE, _NONE
        ranges = [slice(front[c], begin[c + 1]) for c in mine[some]]
        if ranges:
            products = np.concatenate([weights[each] for each in ranges])
            products *= np.repeat(
                words.values[own][some], begin[mine[some] + 1] - front[mine[some]]
            )
            near, at = np.unique(
                np.concatenate([holders[each] for each in ranges]), return_inverse=True
            )
            # What rare terms say comes first: few pairs are worth the whole sum.
            near = near[np.bincount(at, products) >= _RARE_PART * least]
        if meaning is not None:
            near = np.union1d(near, meaning.nearest(i))
        fading = np.exp(-0.5 * ((days[near] - days[i]) / grouping.decay_days) ** 2)
        fading = np.nan_to_num(fading, nan=1.0)  # where a time is not known, nothing fades
        near, fading = near[fading > least], fading[fading > least]
        if not len(near):
            continue
        dense[mine] = words.values[own]
        sizes = words.start[near + 1] - words.start[near]
        ends = np.cumsum(sizes)
        flat = np.arange(ends[-1]) + np.repeat(words.start[near] - (ends - sizes), sizes)
        products = dense[words.columns[flat]] * words.values[flat]
        of = np.repeat(np.arange(len(near)), sizes)
        cosine: Floats = np.bincount(of, products, len(near)).astype(np.float64)
        dense[mine] = 0.0
        if meaning is not None:
            cosine = meaning.mixed(i, near, cosine)
        if with_lead[i]:
            cosine[with_lead[near]] *= grouping.lead_factor
        cosine *= fading
        for j, value in zip(near[cosine >= least], cosine[cosine >= least], strict=True):
            other = int(j)
            one_series = series[i][0] == series[other][0] and series[i][1] != series[other][1]
            yield (-1.0 if one_series else round(float(value), 9)), i, other
