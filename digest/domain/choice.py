"""A careful five: the best story first, each next one less for its likeness to those before.

Greedy maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998) under caps that keep a
five from being one outlet's, one company's or one event's. What spoke against a runner-up stands
in its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from digest.domain.companies import companies
from digest.domain.edition import StoryPick
from digest.domain.relevance import is_unwanted
from digest.domain.scoring import JUDGED, Judged
from digest.domain.sent import Titles
from digest.domain.story import Source


@dataclass(frozen=True, slots=True)
class Caps:
    """What keeps a five varied: at most so many per outlet and company, of money and court stories
    and of papers; at least `outlets` outlets where there are so many.
    """

    per_outlet: int = 2
    per_company: int = 2
    money: int = 1
    papers: int = 1
    outlets: int = 3


def choose_stories(
    ranked: Sequence[StoryPick],
    k: int,
    sources: Mapping[str, Source] | None = None,
    *,
    judged: Judged = JUDGED,
    caps: Caps = Caps(),
    runners: int = 10,
) -> tuple[tuple[StoryPick, ...], tuple[StoryPick, ...]]:
    """The picks with slots 1 to `k` at most, and the best `runners` of the rest with slot 0.

    A repeat of a sent story, an unwanted one, a paper without a co-signal and a story below
    `judged.least` are never chosen, so that fewer than `k` may come back: the shelf fills up.
    With `sources`, outlets of one owner count as one. A runner-up's reason ends with what spoke
    against it.
    """
    owner = {source.title: source.owner for source in (sources or {}).values()}
    against = {pick.story.id: _fault(pick, judged) for pick in ranked}
    candidates = [pick for pick in ranked if not against[pick.story.id]]
    titles = Titles(pick.story.title for pick in ranked)
    about = {pick.story.id: companies(pick.story.title) for pick in candidates}
    chosen: list[StoryPick] = []

    def outlet(pick: StoryPick) -> str:
        return owner.get(pick.story.outlet, pick.story.outlet)

    def worth(pick: StoryPick) -> float:
        like = max((titles.likeness(pick.story.title, p.story.title) for p in chosen), default=0.0)
        return round(pick.score - judged.likeness * like, 9)

    def objection(pick: StoryPick) -> str:
        if any(titles.same_event(pick.story, p.story) for p in chosen):
            return "the same event as one above"
        if pick.story.paper and sum(p.story.paper for p in chosen) >= caps.papers:
            return "a paper is in already"
        if pick.features.get("money") and (
            sum(bool(p.features.get("money")) for p in chosen) >= caps.money
        ):
            return "a story of money or courts is in already"
        if (n := sum(outlet(p) == outlet(pick) for p in chosen)) >= caps.per_outlet:
            return f"{n} of this outlet are in already"
        named = Counter(name for p in chosen for name in about[p.story.id])
        for name in sorted(about[pick.story.id]):
            if named[name] >= caps.per_company:
                return f"{named[name]} about {name} are in already"
        return ""

    while len(chosen) < k:
        for pick in candidates:
            against[pick.story.id] = objection(pick)
        candidates = [pick for pick in candidates if not against[pick.story.id]]
        if not candidates:
            break
        used = {outlet(p) for p in chosen}
        fresh = [pick for pick in candidates if outlet(pick) not in used]
        # The last free slots belong to new outlets, where such stories are there.
        missing = min(caps.outlets, k) - len(used)
        best = max(fresh if fresh and missing >= k - len(chosen) else candidates, key=worth)
        candidates.remove(best)
        chosen.append(replace(best, slot=len(chosen) + 1))
    against |= {pick.story.id: objection(pick) for pick in candidates}
    taken = {pick.story.id for pick in chosen}
    rest = [pick for pick in ranked if pick.story.id not in taken][:runners]
    return tuple(chosen), tuple(
        replace(
            pick,
            slot=0,
            reason=f"{pick.reason}; not chosen: {against[pick.story.id] or 'others scored higher'}",
        )
        for pick in rest
    )


def _fault(pick: StoryPick, judged: Judged) -> str:
    if pick.features.get("repeat"):
        return "sent in the last days"
    if pick.features.get("unwanted"):
        return is_unwanted(pick.story.title) or "unwanted"
    if pick.features.get("paper") and not pick.features.get("cosigned"):
        return "a paper that nobody else pointed to"
    if pick.score < judged.least:
        return f"its score is below {judged.least:g}"
    return ""
