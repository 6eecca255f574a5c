"""How groups of entries grow: the nearest join first, until none are near enough.

Average linkage (UPGMA) over the whole batch, so that the order of entries does not matter. A
large group is loose inside; the nearness asked of a newcomer falls with the group's own tightness,
or one event with hundreds of headlines would come out in pieces. Entries with an equal `ref` are
one from the start; two versions of one product are never one story ("GPT-5.1", "GPT-5.2").
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence

from digest.domain.nearness import Grouping
from digest.domain.story import Entry
from digest.domain.text import versions


class Groups:
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
