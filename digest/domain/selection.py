"""The day's concepts: the spaced edition, a pure function of the library and a number.

A virtual reader sees every edition, one a day, and answers Good each time. Their memory
(`memory`) says which concepts are due; the rest of an edition are new. Nobody's grades are
needed, so the archive, the cache and every letter of a day agree.

The rule:

1. up to three of five slots go to due concepts (predicted recall below 0.90), highest recall
   first, because those gain most from coming back before they are gone;
2. the others go to the next new concepts in library order whose prerequisites all appeared in an
   earlier edition;
3. when there is none, to the concept not shown for longest;
4. never more than two concepts of a track, never a concept again within two days.

Small libraries cannot always keep all of it. Then a mail is filled by giving up, in this order,
the second day's distance, the limit per track, and that a prerequisite came in an *earlier*
edition (it then comes earlier in the same one).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from digest.domain.concept import TRACKS, Concept
from digest.domain.edition import ConceptPick, Role
from digest.domain.memory import MemoryState, Rating, days_until, first, recall, review
from digest.errors import CatalogError

DUE_BELOW: Final = 0.90
"""A concept is due when the virtual reader's recall has fallen below this."""

DUE_SHARE: Final = 3 / 5
"""Share of an edition's slots that due concepts may take: three of five."""

TRACK_LIMIT: Final = 2
"""Concepts of one track in an edition, at most."""

DISTANCE: Final = 3
"""Editions from one showing of a concept to the next, at least: two lie between them."""

LEVEL_FROM: Final = {1: 0, 2: 15, 3: 55}
"""Level -> how many concepts come before the first of it in the library."""

VARIANTS: Final = 2
"""Figures that a concept has: a revisit shows the other one."""


def library_order(concepts: Sequence[Concept]) -> list[str]:
    """The slugs in the order in which concepts are introduced, whatever order they come in.

    Each concept follows its prerequisites. Among those ready comes first the track least served
    so far, then the lower level, then the one that most others build on; a track of the last two
    places waits; levels 2 and 3 wait for `LEVEL_FROM` concepts. The track's wait is given up
    before the level's. A prerequisite outside `concepts` does not hold anything up. Raises
    CatalogError when prerequisites run in a circle.
    """
    by_slug = {concept.slug: concept for concept in concepts}
    needs = {slug: {r for r in c.requires if r in by_slug} for slug, c in by_slug.items()}
    builds_on = _descendants(needs)
    tracks = {track: place for place, track in enumerate(TRACKS)}
    served: Counter[str] = Counter()
    order: list[str] = []
    placed: set[str] = set()
    recent: deque[str] = deque(maxlen=2)

    def rank(slug: str) -> tuple[int, int, int, int, str]:
        concept = by_slug[slug]
        place = tracks.get(concept.track, len(tracks))
        return served[concept.track], concept.level, place, -builds_on[slug], slug

    while len(order) < len(by_slug):
        ready = [s for s in by_slug if s not in placed and needs[s] <= placed]
        if not ready:
            stuck = ", ".join(sorted(by_slug.keys() - placed))
            raise CatalogError(
                f"prerequisites run in a circle among: {stuck}",
                "take one `requires` away, so that each card builds on earlier ones only",
            )
        grown = [s for s in ready if len(order) >= LEVEL_FROM.get(by_slug[s].level, 0)]
        if not grown:
            lowest = min(by_slug[s].level for s in ready)
            grown = [s for s in ready if by_slug[s].level == lowest]
        fresh = [s for s in grown if by_slug[s].track not in recent]
        slug = min(fresh or grown, key=rank)
        order.append(slug)
        placed.add(slug)
        served[by_slug[slug].track] += 1
        recent.append(by_slug[slug].track)
    return order


def choose_concepts(
    concepts: Sequence[Concept],
    number: int,
    k: int = 5,
    exclude: frozenset[str] = frozenset(),
) -> tuple[ConceptPick, ...]:
    """The concepts of edition `number` (from 1): due ones first, then new ones, `k` at most.

    Replays the editions before it with the same library. `exclude` holds the cards that cannot
    be shown today because their check failed: the next in order takes their place, today only.
    Fewer than `k` come back only where the library is smaller. Raises ValueError for a number
    below 1 and CatalogError for prerequisites in a circle.
    """
    if number < 1:
        raise ValueError(f"editions count from 1, not {number}")
    replay = _Replay.of(concepts)
    for _ in range(number - 1):
        replay.show(replay.choose(k))
    return replay.explain(replay.choose(k, exclude))


def plan_editions(
    concepts: Sequence[Concept], editions: int, k: int = 5
) -> Iterator[tuple[ConceptPick, ...]]:
    """The picks of editions 1, 2, ... `editions`, in one replay; nothing fails in a plan."""
    replay = _Replay.of(concepts)
    for _ in range(editions):
        chosen = replay.choose(k)
        yield replay.explain(chosen)
        replay.show(chosen)


def _descendants(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """Slug -> how many concepts build on it, directly or not."""
    above: dict[str, set[str]] = {slug: set() for slug in needs}
    for slug in needs:
        waiting = list(needs[slug])
        seen: set[str] = set()
        while waiting:
            below = waiting.pop()
            if below not in seen:
                seen.add(below)
                above[below].add(slug)
                waiting.extend(needs[below])
    return {slug: len(others) for slug, others in above.items()}


@dataclass(slots=True)
class _Replay:
    """The virtual reader, part of the way through the editions. Lives inside one call."""

    order: list[Concept]
    place: dict[str, int]
    today: int = 1
    unseen: list[Concept] = field(default_factory=list)
    memory: dict[str, MemoryState] = field(default_factory=dict)
    introduced: dict[str, int] = field(default_factory=dict)
    shown: Counter[str] = field(default_factory=Counter)
    due_from: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, concepts: Sequence[Concept]) -> _Replay:
        by_slug = {concept.slug: concept for concept in concepts}
        order = [by_slug[slug] for slug in library_order(concepts)]
        place = {concept.slug: at for at, concept in enumerate(order)}
        return cls(order=order, place=place, unseen=list(order))

    def recalled(self, slug: str) -> float:
        state = self.memory[slug]
        return recall(state, self.today - state.last)

    def ready(self, concept: Concept) -> bool:
        return all(r in self.introduced or r not in self.place for r in concept.requires)

    def choose(self, k: int, exclude: frozenset[str] = frozenset()) -> list[Concept]:
        chosen: list[Concept] = []
        tracks: Counter[str] = Counter()

        def take(
            candidates: Sequence[Concept],
            most: int,
            limit: int = TRACK_LIMIT,
            allowed: Callable[[Concept], bool] = lambda _: True,
        ) -> None:
            for concept in candidates:
                if len(chosen) >= most:
                    return
                if (
                    concept not in chosen
                    and concept.slug not in exclude
                    and tracks[concept.track] < limit
                    and allowed(concept)
                ):
                    chosen.append(concept)
                    tracks[concept.track] += 1

        rested = [c for c in self.order if self._rested(c.slug, DISTANCE)]
        due = [c for c in rested if self.due_from[c.slug] < self.today]
        due.sort(key=lambda c: (-self.recalled(c.slug), self.place[c.slug]))
        take(due, int(k * DUE_SHARE))
        new = [c for c in self.unseen if self.ready(c)]
        take(new, k)
        if len(chosen) < k:
            oldest = sorted(rested, key=self._age)
            take(oldest, k)
        if len(chosen) < k:
            close = sorted((c for c in self.order if self._rested(c.slug, 2)), key=self._age)
            take(close, k)
            take(new, k, limit=k)
            take(close, k, limit=k)
            take(
                self.unseen,
                k,
                limit=k,
                allowed=lambda c: all(
                    r in self.introduced
                    or r not in self.place
                    or self.order[self.place[r]] in chosen
                    for r in c.requires
                ),
            )
        if len(chosen) < k:
            take(
                sorted((c for c in self.order if c.slug in self.memory), key=self._age), k, limit=k
            )
        return chosen

    def _rested(self, slug: str, distance: int) -> bool:
        return slug in self.memory and self.today - self.memory[slug].last >= distance

    def _age(self, concept: Concept) -> tuple[int, int]:
        return self.memory[concept.slug].last, self.place[concept.slug]

    def show(self, chosen: Sequence[Concept]) -> None:
        """Let the reader see an edition, answer Good to all of it, and sleep."""
        for concept in chosen:
            slug = concept.slug
            if slug in self.memory:
                known = self.memory[slug]
                state = review(known, self.today - known.last, Rating.GOOD)
            else:
                state = first(Rating.GOOD, self.today)
                self.introduced[slug] = self.today
                self.unseen.remove(concept)
            self.memory[slug] = state
            self.due_from[slug] = state.last + days_until(state, DUE_BELOW)
            self.shown[slug] += 1
        self.today += 1

    def explain(self, chosen: Sequence[Concept]) -> tuple[ConceptPick, ...]:
        return tuple(self._pick(slot, concept) for slot, concept in enumerate(chosen, start=1))

    def _pick(self, slot: int, concept: Concept) -> ConceptPick:
        slug = concept.slug
        features = {"library_place": float(self.place[slug] + 1), "shown": float(self.shown[slug])}
        if slug in self.memory:
            role = Role.REVISIT
            recalled, days = self.recalled(slug), self.today - self.memory[slug].last
            features |= {
                "recall": recalled,
                "days_since": float(days),
                "stability_days": self.memory[slug].stability,
            }
            reason = f"Back after {days} day{'s' * (days != 1)}: "
            if recalled >= DUE_BELOW:
                reason += "not seen for longest, "
            reason += f"recall predicted at {100 * recalled:.0f} %"
        else:
            role = Role.NEW
            reason = self._new_reason(concept)
        return ConceptPick(
            slot=slot,
            slug=slug,
            version=concept.version,
            role=role,
            variant=self.shown[slug] % VARIANTS,
            reason=reason,
            features=features,
        )

    def _new_reason(self, concept: Concept) -> str:
        known = [
            f"{self.order[self.place[r]].title} "
            + (f"(edition {self.introduced[r]})" if r in self.introduced else "(above)")
            for r in concept.requires
            if r in self.place
        ]
        if not known:
            return "New: needs no earlier card"
        *others, last = known
        return "New: builds on " + (f"{', '.join(others)} and {last}" if others else last)
