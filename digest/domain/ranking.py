"""Which stories a good editor would pick: a score of few readable parts, then a careful five.

The score is a weighted sum of features (`Weights`); everything that a pick was judged by is kept
with it, so `digest explain` can show it. The choice is greedy: the best story first, each next
one a little punished for its likeness to those already in (maximal marginal relevance, Carbonell
and Goldstein, SIGIR 1998), under caps that keep a five from being one outlet's or one event's.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

from digest.domain.clustering import WORST_TIER, build_story
from digest.domain.edition import StoryPick
from digest.domain.relevance import is_finance, is_hype, is_news, is_unwanted, relevance
from digest.domain.story import ShelfItem, Source, Story
from digest.domain.text import host_of, likeness, same_title, terms


@dataclass(frozen=True, slots=True)
class Weights:
    """What each part of the score is worth; a score of 1 is roughly one good reason.

    `coverage` multiplies ln(independent owners), `points` and `velocity` ln(1 + Hacker News
    points) and ln(1 + points per hour), `upvotes` ln(1 + upvotes); `tier` is per tier better than
    4, `freshness` multiplies a factor that halves every `half_life_h` hours, `relevance` 0 to 1;
    `news` goes to a headline in which something was made or found. Penalties are subtracted.
    `likeness` is how much resemblance to a chosen story costs and `least` the score below which a
    story is not worth a slot (the shelf fills it).
    """

    coverage: float = 1.0
    tier: float = 0.25
    primary: float = 0.5
    points: float = 0.25
    velocity: float = 0.15
    upvotes: float = 0.25
    freshness: float = 0.8
    half_life_h: float = 24.0
    relevance: float = 2.0
    news: float = 0.5
    hype: float = 0.4
    finance: float = 0.4
    unwanted: float = 5.0
    lone_paper: float = 1.5
    likeness: float = 1.5
    least: float = 1.8


DEFAULT: Final = Weights()
"""Set by judgement and checked on labelled days as a whole; nothing is fitted to single cases."""

_COMMUNITY_POINTS: Final = "points"
_UPVOTES: Final = "upvotes"
_MANY_POINTS: Final = 50


# --- the score ---------------------------------------------------------------------------------


def rank(
    stories: Sequence[Story],
    sources: Mapping[str, Source],
    now: datetime,
    sent: Sequence[Story] = (),
    weights: Weights = DEFAULT,
) -> list[StoryPick]:
    """All stories, best first, each with slot 0, its score, features and reason.

    `now` is aware; `sent` are the stories of the last 21 days: one that tells the same event is
    marked with the feature ``repeat`` and never chosen. Ties fall by story id.
    """
    before = _Memory(sent)
    labs = {
        host_of(s.homepage): s.title for s in sources.values() if s.kind == "lab" and s.tier == 1
    }
    picks = []
    for story in stories:
        primary = _primary(story, sources, labs)
        features = _features(story, sources, now) | {"primary": float(bool(primary))}
        features["repeat"] = float(before.knows(story))
        picks.append(
            StoryPick(
                slot=0,
                story=story,
                score=score(features, weights),
                reason=_reason(story, primary, features),
                features=features,
            )
        )
    return sorted(picks, key=lambda p: (-p.score, p.story.id))


def score(features: Mapping[str, float], weights: Weights = DEFAULT) -> float:
    """The weighted sum of a story's features."""
    return (
        weights.coverage * math.log(max(1.0, features["owners"]))
        + weights.tier * (WORST_TIER - features["tier"])
        + weights.primary * features["primary"]
        + weights.points * math.log1p(features["points"])
        + weights.velocity * math.log1p(features["velocity"])
        + weights.upvotes * math.log1p(features["upvotes"])
        + weights.freshness * math.exp2(-features["age_h"] / weights.half_life_h)
        + weights.relevance * features["relevance"]
        + weights.news * features["news"]
        - weights.hype * features["hype"]
        - weights.finance * features["finance"]
        - weights.unwanted * features["unwanted"]
        - weights.lone_paper * (features["paper"] * (1 - features["cosigned"]))
    )


def _features(story: Story, sources: Mapping[str, Source], now: datetime) -> dict[str, float]:
    known = [sources[e.source] for e in story.entries if e.source in sources]
    owners = _owners(story, sources)
    seen = story.first_seen or now
    age_h = max(0.0, (now - seen).total_seconds() / 3600)
    points = story.signals.get(_COMMUNITY_POINTS, 0.0)
    upvotes = story.signals.get(_UPVOTES, 0.0)
    citable = [s for s in known if s.cite]
    best_tier = min((s.tier for s in citable), default=WORST_TIER)
    paper = story.paper
    return {
        "owners": float(len(owners)),
        "tier": float(best_tier),
        "points": points,
        "velocity": points / max(age_h, 1.0),
        "upvotes": upvotes,
        "age_h": age_h,
        "relevance": relevance(story.title, story.summary, paper=paper),
        "news": float(is_news(story.title)),
        "hype": float(is_hype(story.title)),
        "finance": float(is_finance(story.title)),
        "unwanted": float(bool(is_unwanted(story.title))),
        "paper": float(paper),
        "cosigned": float(upvotes > 0 or points > 0 or len(owners) > 1),
    }


def _owners(story: Story, sources: Mapping[str, Source]) -> frozenset[str]:
    """Who carried the story: owners of its sources; a bare signal counts for its target's host."""
    return frozenset(
        sources[e.source].owner if e.source in sources else host_of(e.url) for e in story.entries
    )


def _primary(story: Story, sources: Mapping[str, Source], labs: Mapping[str, str]) -> str:
    """The host of the lab that speaks for itself in this story, empty when none does.

    A lab's own feed counts, and so does a link to its site, as Hacker News has them.
    """
    for entry in story.entries:
        source, host = sources.get(entry.source), host_of(entry.url)
        own = source is not None and source.cite and source.kind == "lab" and source.tier == 1
        if own or (host and host in labs):
            return host or entry.source
    return ""


def _reason(story: Story, primary: str, features: Mapping[str, float]) -> str:
    """One line for readers: votes where they speak loudest, outlets, first seen, primary source."""
    parts = []
    if features["points"] >= _MANY_POINTS:
        parts.append(f"{features['points']:.0f} points on Hacker News")
    if features["upvotes"] > 0:
        parts.append(f"{features['upvotes']:.0f} upvotes on Hugging Face")
    if len(story.outlets) > 1:
        parts.append(f"{len(story.outlets)} outlets")
    elif not parts:
        parts.append(f"from {story.outlet}")
    if story.first_seen is not None:
        parts.append(f"first seen {story.first_seen.astimezone(UTC):%H:%M} UTC")
    if primary:
        parts.append(f"primary: {primary}")
    return ", ".join(parts)


# --- the choice --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Caps:
    """What keeps a five varied: at most this many per outlet and of papers, at least `outlets`."""

    per_outlet: int = 2
    papers: int = 1
    outlets: int = 3


def choose_stories(
    ranked: Sequence[StoryPick],
    k: int,
    sources: Mapping[str, Source] | None = None,
    *,
    weights: Weights = DEFAULT,
    caps: Caps = Caps(),
    runners: int = 10,
) -> tuple[tuple[StoryPick, ...], tuple[StoryPick, ...]]:
    """The picks with slots 1 to `k` at most, and the best `runners` of the rest with slot 0.

    A repeat of a sent story, an unwanted one, a paper without a co-signal and a story below
    `weights.least` are never chosen, so that fewer than `k` may come back: the shelf fills up.
    With `sources`, outlets of one owner count as one. A runner-up's reason ends with what spoke
    against it.
    """
    owner = {source.title: source.owner for source in (sources or {}).values()}
    against = {pick.story.id: _fault(pick, weights) for pick in ranked}
    candidates = [pick for pick in ranked if not against[pick.story.id]]
    words = {pick.story.id: frozenset(terms(pick.story.title)) for pick in candidates}
    chosen: list[StoryPick] = []

    def worth(pick: StoryPick) -> float:
        mine = words[pick.story.id]
        like = max((likeness(mine, words[p.story.id]) for p in chosen), default=0.0)
        return pick.score - weights.likeness * like

    while len(chosen) < k:
        used = Counter(owner.get(p.story.outlet, p.story.outlet) for p in chosen)
        papers = sum(p.story.paper for p in chosen)
        open_to: list[StoryPick] = []
        fresh: list[StoryPick] = []
        for pick in candidates:
            outlet = owner.get(pick.story.outlet, pick.story.outlet)
            if any(_same_event(pick.story, p.story) for p in chosen):
                against[pick.story.id] = "the same event as one above"
            elif pick.story.paper and papers >= caps.papers:
                against[pick.story.id] = "a paper is in already"
            elif used[outlet] >= caps.per_outlet:
                against[pick.story.id] = f"{used[outlet]} of this outlet are in already"
            else:
                open_to.append(pick)
                if outlet not in used:
                    fresh.append(pick)
        candidates = open_to
        if not candidates:
            break
        # The last free slots belong to new outlets, where such stories are there.
        missing = min(caps.outlets, k) - len(used)
        best = max(fresh if fresh and missing >= k - len(chosen) else candidates, key=worth)
        candidates.remove(best)
        chosen.append(replace(best, slot=len(chosen) + 1))
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


def _fault(pick: StoryPick, weights: Weights) -> str:
    if pick.features.get("repeat"):
        return "sent in the last days"
    if pick.features.get("unwanted"):
        return is_unwanted(pick.story.title) or "unwanted"
    if pick.features.get("paper") and not pick.features.get("cosigned"):
        return "a paper that nobody else pointed to"
    if pick.score < weights.least:
        return f"its score is below {weights.least:g}"
    return ""


# --- the shelf ---------------------------------------------------------------------------------


def fill_from_shelf(
    picks: Sequence[StoryPick],
    shelf: Sequence[ShelfItem],
    history: Mapping[str, date],
    *,
    on: date,
    number: int,
    k: int,
    tracks: Sequence[str] = (),
) -> tuple[StoryPick, ...]:
    """The picks, filled up to `k` with evergreen items, whatever order the shelf comes in.

    `history` maps a shelf story's id to the date it was last shown. Items never shown come first,
    then the longest unseen; among equals those of `tracks` (today's concepts), of a track not yet
    in the mail, and at last by SHA-256 of date, edition `number` and slug.
    """
    filled = list(picks)
    taken = {pick.story.ref for pick in picks} | {pick.story.url for pick in picks}
    free = [item for item in shelf if item.url not in taken]
    shown: Counter[str] = Counter()

    def order(item: ShelfItem) -> tuple[date, bool, int, str]:
        said = f"{on.isoformat()}/{number}/{item.slug}".encode()
        last = history.get(item.as_story().id, date.min)
        return last, item.track not in tracks, shown[item.track], hashlib.sha256(said).hexdigest()

    while free and len(filled) < k:
        item = min(free, key=order)
        free.remove(item)
        shown[item.track] += 1
        story = item.as_story()
        features = {"shelf": 1.0, "track_of_today": float(item.track in tracks)}
        if story.id in history:
            features["days_since"] = float((on - history[story.id]).days)
        reason = f"From the shelf: {item.why}"
        filled.append(StoryPick(len(filled) + 1, story, 0.0, reason, features))
    return tuple(filled)


# --- likeness of stories -----------------------------------------------------------------------


def _refs(story: Story) -> frozenset[str]:
    return frozenset(filter(None, (story.ref, story.url, *(e.ref for e in story.entries))))


def _same_event(one: Story, other: Story) -> bool:
    if one.id == other.id or _refs(one) & _refs(other):
        return True
    return same_title(one.title, other.title)


class _Memory:
    """The stories sent before: by id, by what they stand for, by title."""

    def __init__(self, sent: Sequence[Story]) -> None:
        self._ids = {story.id for story in sent}
        self._refs = {ref for story in sent for ref in _refs(story)}
        self._titles = [story.title for story in sent]

    def knows(self, story: Story) -> bool:
        return (
            story.id in self._ids
            or not self._refs.isdisjoint(_refs(story))
            or any(same_title(story.title, title) for title in self._titles)
        )


__all__ = [
    "DEFAULT",
    "Caps",
    "Weights",
    "build_story",
    "choose_stories",
    "fill_from_shelf",
    "rank",
    "score",
]
