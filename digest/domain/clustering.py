"""Entries that report one event become one story.

Each entry is a vector of terms and pairs of terms (`text`), the title's weighted over the lead's,
by TF-IDF of the batch itself. Two entries are as near as their vectors' cosine, which fades with
the time between them: AI news repeats its words every week, and without fading old and new
events run together. Pairs are looked for only among entries that share a rare term.

Stories grow over the whole batch, nearest groups first (average linkage, UPGMA), so the order of
entries does not matter. A large group is loose inside; the nearness asked of a newcomer
falls with the group's own tightness, or one event with hundreds of headlines would come out in
pieces. Entries with an equal `ref` are one from the start; two versions of one product are never
one story ("GPT-5.1", "GPT-5.2"), nor two numbers of one series ("Weekly 12", "Weekly 13").
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from digest.domain.story import UNDATED, Entry, Source, Story
from digest.domain.text import host_of, template, terms, versions


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


DEFAULT: Final = Grouping()
WORST_TIER: Final = 4
"""An aggregator's tier, also that of a source no longer known."""

WORDS_A_MINUTE: Final = 238
"""Silent reading of English prose (Brysbaert, Journal of Memory and Language 109, 2019)."""

_LEAST_DOCUMENTS: Final = 200
_DAY_S: Final = 86_400.0
_RARE_PART: Final = 0.3
_FAINT: Final = 0.2
"""Pairs below this share of the threshold count as not alike at all."""


def cluster(entries: Sequence[Entry], grouping: Grouping = DEFAULT) -> list[tuple[Entry, ...]]:
    """Group entries by the event they report, whatever order they come in.

    Groups come by their earliest entry, and inside a group entries by publication. An entry given
    twice (equal `id`) counts once. 3 000 entries take about two seconds.
    """
    unique = sorted({entry.id: entry for entry in entries}.values(), key=lambda e: e.id)
    if not unique:
        return []
    most = max(grouping.largest, int(grouping.largest_share * len(unique)))
    groups = _Groups(unique, grouping, most)
    for near, one, other in _pairs(unique, grouping):
        groups.relate(one, other, near)
    stories = [
        tuple(sorted((unique[at] for at in members), key=lambda e: (e.published, e.id)))
        for members in groups.grow()
    ]
    return sorted(stories, key=lambda s: min((e.first_seen, e.id) for e in s))


def story_id(entries: Sequence[Entry]) -> str:
    """The story's id: 16 hex digits of SHA-256 of the id of the entry seen first.

    It stays while later entries join; `keep_ids` keeps it when the first one leaves the window.
    """
    _, earliest = min((entry.first_seen, entry.id) for entry in entries)
    return hashlib.sha256(earliest.encode()).hexdigest()[:16]


def keep_ids(stories: Sequence[Story], before: Sequence[Story]) -> list[Story]:
    """The stories, each with the id of the earlier one that it continues.

    It does when it holds more than half of the earlier story's entries, or when half of all
    entries of both are common (Jaccard 0.5). An id goes to one story only, which shares most, and
    no other story has it.
    """
    owner: dict[str, list[int]] = {}
    for at, story in enumerate(stories):
        for entry in story.entries:
            owner.setdefault(entry.id, []).append(at)
    claims: list[tuple[int, str, int]] = []
    for earlier in before:
        shared = Counter(at for entry in earlier.entries for at in owner.get(entry.id, ()))
        for at, common in shared.items():
            theirs, mine = len(earlier.entries), len(stories[at].entries)
            if 2 * common > theirs or 2 * common >= theirs + mine - common:
                claims.append((-common, earlier.id, at))
    kept: dict[int, str] = {}
    for _, name, at in sorted(claims):
        if at not in kept and name not in kept.values():
            kept[at] = name
    named: list[Story] = []
    given = set(kept.values())
    for at, story in enumerate(stories):
        if at in kept:
            named.append(replace(story, id=kept[at]))
        elif story.id in given:
            # It parted from the story that goes on under this id.
            named.append(replace(story, id=hashlib.sha256(story.id.encode()).hexdigest()[:16]))
        else:
            named.append(story)
    return named


# --- from entries to a story -------------------------------------------------------------------


def build_story(entries: Sequence[Entry], sources: Mapping[str, Source]) -> Story:
    """The story that a group of entries tells, told by its best citable outlet.

    That is the one with the lowest tier, then the earliest. Entries of sources that are never
    cited (or no longer known) stand for their target: without another entry the story's outlet is
    the target's host. `outlets` names the citable outlets, one per owner, best first; `signals`
    are the highest of each kind. Raises ValueError without entries.
    """
    if not entries:
        raise ValueError("a story needs an entry")
    ordered = tuple(sorted(entries, key=lambda e: (e.published, e.id)))

    def standing(entry: Entry) -> tuple[bool, int, datetime, str]:
        source = sources.get(entry.source)
        cited = source is not None and source.cite
        return not cited, source.tier if source else WORST_TIER, entry.published, entry.id

    ranked = sorted(ordered, key=standing)
    best = ranked[0]
    outlets: dict[str, str] = {}
    for entry in ranked:
        source = sources.get(entry.source)
        if source is not None and source.cite:
            outlets.setdefault(source.owner, source.title)
    if not outlets:
        host = host_of(best.url)
        outlets[host] = host
    signals: dict[str, float] = {}
    for entry in ordered:
        for name, value in entry.signals.items():
            signals[name] = max(value, signals.get(name, value))
    return Story(
        id=story_id(ordered),
        title=best.title,
        url=best.url,
        outlet=next(iter(outlets.values())),
        summary=best.lead
        or next((e.lead for e in ranked if e.lead and not _is_signal(e, sources)), ""),
        published=min(e.published for e in ordered),
        first_seen=min(e.first_seen for e in ordered),
        entries=ordered,
        outlets=tuple(outlets.values()),
        authors=best.authors,
        paper=best.paper,
        ref=best.ref,
        minutes=_minutes(best),
        signals=signals,
    )


def _minutes(entry: Entry) -> int | None:
    """How long the text takes to read, where its feed told how many words it has."""
    words = entry.signals.get("words", 0.0)
    return max(1, round(words / WORDS_A_MINUTE)) if words > 0 else None


def _is_signal(entry: Entry, sources: Mapping[str, Source]) -> bool:
    source = sources.get(entry.source)
    return source is None or not source.cite


# --- how near two entries are ------------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Unit vectors in compressed rows: row `i` has `columns[start[i]:start[i+1]]`."""

    start: NDArray[np.int64]
    columns: NDArray[np.int64]
    values: NDArray[np.float64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, bags: Sequence[dict[str, float]], least_count: int) -> _Vectors:
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


def _pairs(entries: Sequence[Entry], grouping: Grouping) -> Iterator[tuple[float, int, int]]:
    """(nearness, i, j) with i < j of all pairs that share a rare term and are not far apart."""
    vectors = _Vectors.of([_bag(e, grouping) for e in entries], grouping.least_count)
    if not len(vectors.counts):
        return
    rows = np.repeat(np.arange(len(entries)), np.diff(vectors.start))
    by_column = np.argsort(vectors.columns, kind="stable")
    holders, weights = rows[by_column], vectors.values[by_column]
    begin = np.concatenate(([0], np.cumsum(np.bincount(vectors.columns))))
    share = int(grouping.rare_share * len(entries))
    rare = vectors.counts <= min(max(grouping.rare_least, share), grouping.rare_most)
    known = [np.nan if e.published == UNDATED else e.published.timestamp() for e in entries]
    days = np.array(known) / _DAY_S
    with_lead = np.array([bool(e.lead) for e in entries])
    series = [template(e.title) for e in entries]
    least = _FAINT * grouping.threshold
    dense = np.zeros(len(vectors.counts))
    front = begin[:-1].copy()

    for i in range(len(entries) - 1):
        own = slice(vectors.start[i], vectors.start[i + 1])
        mine = vectors.columns[own]
        front[mine] += 1  # rows come in order, so that what is left of a column is after `i`
        some = rare[mine] & (front[mine] < begin[mine + 1])
        if not some.any():
            continue
        ranges = [slice(front[c], begin[c + 1]) for c in mine[some]]
        products = np.concatenate([weights[each] for each in ranges])
        products *= np.repeat(vectors.values[own][some], begin[mine[some] + 1] - front[mine[some]])
        near, at = np.unique(
            np.concatenate([holders[each] for each in ranges]), return_inverse=True
        )
        # What rare terms say comes first: few pairs are worth the whole sum.
        near = near[np.bincount(at, products) >= _RARE_PART * least]
        fading = np.exp(-0.5 * ((days[near] - days[i]) / grouping.decay_days) ** 2)
        fading = np.nan_to_num(fading, nan=1.0)  # where a time is not known, nothing fades
        near, fading = near[fading > least], fading[fading > least]
        if not len(near):
            continue
        dense[mine] = vectors.values[own]
        sizes = vectors.start[near + 1] - vectors.start[near]
        ends = np.cumsum(sizes)
        flat = np.arange(ends[-1]) + np.repeat(vectors.start[near] - (ends - sizes), sizes)
        products = dense[vectors.columns[flat]] * vectors.values[flat]
        cosine = np.add.reduceat(products, ends - sizes) * fading
        dense[mine] = 0.0
        if with_lead[i]:
            cosine[with_lead[near]] *= grouping.lead_factor
        for j, value in zip(near[cosine >= least], cosine[cosine >= least], strict=True):
            other = int(j)
            one_series = series[i][0] == series[other][0] and series[i][1] != series[other][1]
            yield (-1.0 if one_series else round(float(value), 9)), i, other


# --- how groups grow ---------------------------------------------------------------------------


class _Groups:
    """Groups of entries by number, the sum of nearness between and inside them."""

    def __init__(self, entries: Sequence[Entry], grouping: Grouping, most: int) -> None:
        self._grouping = grouping
        self._most = most
        first: dict[str, int] = {}
        self._group = [first.setdefault(e.ref or e.id, at) for at, e in enumerate(entries)]
        self._members: dict[int, list[int]] = defaultdict(list)
        for at, group in enumerate(self._group):
            self._members[group].append(at)
        self._between: dict[int, dict[int, float]] = {g: {} for g in self._members}
        self._inside = {g: float(len(m) ** 2) for g, m in self._members.items()}
        self._bar = dict.fromkeys(self._members, 1.0)
        self._age = dict.fromkeys(self._members, 0)
        self._versions = {
            g: _merged([versions(entries[at].title) for at in m]) for g, m in self._members.items()
        }

    def relate(self, one: int, other: int, near: float) -> None:
        """Add the nearness of two entries; pairs inside one group count as certain already."""
        a, b = self._group[one], self._group[other]
        if a != b:
            self._between[a][b] = self._between[b][a] = self._between[a].get(b, 0.0) + near

    def grow(self) -> list[list[int]]:
        """Merge the nearest groups until none are near enough; returns the members of each."""
        queue: list[tuple[float, int, int, int, int]] = []
        for a in self._members:
            for b in self._between[a]:
                if a < b:
                    self._offer(queue, a, b)
        while queue:
            _, a, b, age_a, age_b = heapq.heappop(queue)
            if self._age.get(a) != age_a or self._age.get(b) != age_b:
                continue
            if len(self._members[a]) + len(self._members[b]) > self._most:
                continue
            if _conflict(self._versions[a], self._versions[b]):
                continue
            self._merge(a, b)
            for c in self._between[a]:
                self._offer(queue, min(a, c), max(a, c))
        return list(self._members.values())

    def _offer(self, queue: list[tuple[float, int, int, int, int]], a: int, b: int) -> None:
        pairs = len(self._members[a]) * len(self._members[b])
        near = self._between[a][b] / (pairs * self._bar[a] * self._bar[b])
        if near >= self._grouping.threshold:
            heapq.heappush(queue, (-round(near, 9), a, b, self._age[a], self._age[b]))

    def _merge(self, a: int, b: int) -> None:
        """Let `a` take in `b`."""
        self._inside[a] += self._inside.pop(b) + 2 * self._between[a].pop(b)
        self._members[a] += self._members.pop(b)
        self._versions[a] = _merged([self._versions[a], self._versions.pop(b)])
        for c, near in self._between.pop(b).items():
            if c == a:
                continue
            del self._between[c][b]
            together = self._between[a].get(c, 0.0) + near
            self._between[a][c] = self._between[c][a] = together
        size = len(self._members[a])
        tightness = max(self._inside[a] / size**2, 1 / size)
        looser = max(0.0, 1 - self._grouping.loose_from / size)
        self._bar[a] = tightness ** (0.5 * self._grouping.loosening * looser)
        self._age[a] += 1
        del self._age[b]


def _merged(named: Sequence[dict[str, frozenset[str]]]) -> dict[str, frozenset[str]]:
    together: dict[str, frozenset[str]] = {}
    for versioned in named:
        for name, numbers in versioned.items():
            together[name] = together.get(name, frozenset()) | numbers
    return together


def _conflict(one: dict[str, frozenset[str]], other: dict[str, frozenset[str]]) -> bool:
    return any(one[name].isdisjoint(other[name]) for name in one.keys() & other.keys())
