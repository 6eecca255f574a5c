"""How groups of entries grow: the nearest join first, until none are near enough.

Average linkage (UPGMA) over the whole batch, so that the order of entries does not matter. Entries
with an equal `ref` are one from the start; two versions of one product are never one story
("GPT-5.1", "GPT-5.2"), nor two numbers of one series ("Weekly 12", "Weekly 13").
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence

from digest.domain.nearness import Pairs
from digest.domain.story import Entry
from digest.domain.text import template, versions

Named = Mapping[str, frozenset[str]]
"""Name of a product, or wording of a series, -> the versions or numbers said."""


class Vetoes:
    """What each group's titles name; groups that name different ones must not join."""

    def __init__(self, titles: Sequence[str], group: Sequence[int]) -> None:
        self._of: dict[int, Named] = {}
        for title, at in zip(titles, group, strict=True):
            self._of[at] = _merged(self._of.get(at, {}), _named(title))

    def part(self, a: int, b: int) -> bool:
        """Whether two groups must stay apart."""
        one, other = self._of[a], self._of[b]
        return any(one[name].isdisjoint(other[name]) for name in one.keys() & other.keys())

    def join(self, a: int, b: int) -> None:
        """Let group `a` take in `b`."""
        self._of[a] = _merged(self._of[a], self._of.pop(b))


def linked(
    entries: Sequence[Entry], near: Pairs, threshold: float, most: int
) -> tuple[list[int], Vetoes]:
    """The number of each entry's group, and what the groups name.

    Groups join while their entries are as near as `threshold` on average; pairs that are not given
    count 0. A group gets at most `most` entries, unless more have one `ref`. A group's number is
    the place of its first entry.
    """
    first: dict[str, int] = {}
    group = [first.setdefault(e.ref or e.id, at) for at, e in enumerate(entries)]
    vetoes = Vetoes([e.title for e in entries], group)
    size: dict[int, int] = defaultdict(int)
    for at in group:
        size[at] += 1
    between: dict[int, dict[int, float]] = {at: {} for at in size}
    for i, j, value in zip(near.i.tolist(), near.j.tolist(), near.near.tolist(), strict=True):
        a, b = group[i], group[j]
        if a != b:
            between[a][b] = between[b][a] = between[a].get(b, 0.0) + value
    age = dict.fromkeys(size, 0)
    queue = [
        (-round(value / (size[a] * size[b]), 9), a, b, 0, 0)
        for a, to in between.items()
        for b, value in to.items()
        if a < b and value >= threshold * size[a] * size[b]
    ]
    heapq.heapify(queue)
    joined: dict[int, int] = {}
    while queue:
        _, a, b, age_a, age_b = heapq.heappop(queue)
        if age.get(a) != age_a or age.get(b) != age_b:
            continue
        if size[a] + size[b] > most or vetoes.part(a, b):
            continue
        vetoes.join(a, b)
        joined[b] = a
        size[a] += size.pop(b)
        age[a] += 1
        del age[b]
        mine = between[a]
        del mine[b]
        for c, value in between.pop(b).items():
            if c != a:
                theirs = between[c]
                del theirs[b]
                mine[c] = theirs[a] = mine.get(c, 0.0) + value
        for c, value in mine.items():
            average = value / (size[a] * size[c])
            if average >= threshold:
                low, high = min(a, c), max(a, c)
                heapq.heappush(queue, (-round(average, 9), low, high, age[low], age[high]))
    return [_root(joined, at) for at in group], vetoes


def _root(joined: Mapping[int, int], at: int) -> int:
    while at in joined:
        at = joined[at]
    return at


def _named(title: str) -> Named:
    wording, numbers = template(title)
    return {**versions(title), **({wording: frozenset({" ".join(numbers)})} if numbers else {})}


def _merged(one: Named, other: Named) -> Named:
    if not one or not other:
        return one or other
    return {
        name: one.get(name, frozenset()) | other.get(name, frozenset())
        for name in one.keys() | other.keys()
    }
