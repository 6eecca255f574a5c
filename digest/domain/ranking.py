"""How likely a good editor would pick each story of the day, and why.

A story's score is in log-odds: that of its headline, or of a paper (`scoring.Model`, learned on
editors' choices), and what no labelled day can teach (`scoring.Judged`): independent owners,
the heat on Hacker News, how fresh it is to us. Each part is kept with the pick as ``part.NAME``;
the score is their sum. The facts it was made from are kept beside them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from digest.domain import features as look
from digest.domain.clustering import WORST_TIER, build_story
from digest.domain.edition import StoryPick
from digest.domain.relevance import is_finance, is_hype, is_unwanted, relevance
from digest.domain.scoring import Features, Head, Model, chance
from digest.domain.sent import Memory, Titles, retold
from digest.domain.story import Entry, Source, Story
from digest.domain.text import host_of

PART: Final = "part."
CONSIDERED: Final = 400
"""Of thousands of stories a day, those behind this place are not looked at any further."""

_MANY_POINTS: Final = 50
_UPDATE: Final = "update: "

_GROUPS: Final[Mapping[str, str]] = {
    "tier": "host",
    "primary": "host",
    "dated": "date",
    "fresh": "date",
    "stale": "date",
    **dict.fromkeys(
        ("news", "length", "question", "colon", "digits", "version", "hype", "finance", "unwanted"),
        "wording",
    ),
    **dict.fromkeys(("abstract_length", "released", "claims", "figures"), "abstract"),
    "friday": "date",
}
"""Number of a head -> the part under which it is shown; others are shown by their own name."""


def rank(
    stories: Sequence[Story],
    sources: Mapping[str, Source],
    now: datetime,
    model: Model,
    sent: Sequence[Story] = (),
) -> list[StoryPick]:
    """The best `CONSIDERED` stories, best first, each with slot 0, score, features and reason.

    `now` is aware; `sent` are the stories of the last 21 days, oldest first: one that tells the
    same event is marked ``repeat`` and never chosen, or ``update`` where something is new.
    Ties fall by story id.
    """
    labs = frozenset(
        host_of(s.homepage) for s in sources.values() if s.kind == "lab" and s.tier == 1
    )
    scored = []
    for story in stories:
        primary = next(filter(None, (_primary_host(e, sources, labs) for e in story.entries)), "")
        facts = _facts(story, sources, now) | {"primary": float(bool(primary))}
        parts = _parts(story, facts, sources, model)
        scored.append((math.fsum(parts.values()), story, primary, facts, parts))
    scored.sort(key=lambda row: (-round(row[0], 9), row[1].id))
    scored = scored[:CONSIDERED]

    titles = Titles(story.title for story in (*(row[1] for row in scored), *sent))
    memory = Memory(
        sent, titles, _owner_by(sources), lambda entry: bool(_primary_host(entry, sources, labs))
    )
    picks = []
    for value, story, primary, facts, parts in scored:
        told = memory.told(story)
        news, by = memory.development(story, told) if told else ("", ())
        shown = retold(story, build_story(by, sources)) if by else story
        facts |= {"repeat": float(bool(told) and not news), "update": float(bool(news))}
        reason = (f"{_UPDATE}{news}, " if news else "") + _reason(shown, primary, facts)
        features = facts | {PART + name: part for name, part in parts.items()}
        picks.append(StoryPick(0, shown, value, reason, features))
    return picks


def score(features: Mapping[str, float]) -> float:
    """The sum of the parts that were kept with a pick."""
    return math.fsum(value for name, value in features.items() if name.startswith(PART))


def _owner_by(sources: Mapping[str, Source]) -> Callable[[Entry], str]:
    """Who stands behind an entry; a bare signal counts for its target's host."""

    def owner(entry: Entry) -> str:
        source = sources.get(entry.source)
        return source.owner if source is not None and source.cite else host_of(entry.url)

    return owner


def _facts(story: Story, sources: Mapping[str, Source], now: datetime) -> dict[str, float]:
    known = [sources[e.source] for e in story.entries if e.source in sources]
    owners = {
        sources[e.source].owner if e.source in sources else host_of(e.url) for e in story.entries
    }
    seen = story.first_seen or now
    age_h = max(0.0, (now - seen).total_seconds() / 3600)
    points = story.signals.get("points", 0.0)
    upvotes = story.signals.get("upvotes", 0.0)
    return {
        "owners": float(len(owners)),
        "tier": float(min((s.tier for s in known if s.cite), default=WORST_TIER)),
        "points": points,
        "comments": story.signals.get("comments", 0.0),
        "velocity": points / max(age_h, 1.0),
        "upvotes": upvotes,
        "age_h": age_h,
        "relevance": relevance(story.title, story.summary, paper=story.paper),
        "unwanted": float(bool(is_unwanted(story.title))),
        "money": float(is_finance(story.title)),
        "paper": float(story.paper),
        "cosigned": float(upvotes > 0 or points > 0 or len(owners) > 1),
    }


# --- the parts of a score ----------------------------------------------------------------------


def _parts(
    story: Story, facts: Mapping[str, float], sources: Mapping[str, Source], model: Model
) -> dict[str, float]:
    head, features = _looked_at(story, facts, sources, model)
    parts: dict[str, float] = {}
    for name, value in head.parts(features).items():
        shown = _GROUPS.get(name, (name.partition(":")[2] and "topic") or name)
        parts[shown] = parts.get(shown, 0.0) + value
    judged = model.judged
    parts["owners"] = judged.owners * math.log(max(1.0, facts["owners"]))
    parts["heat"] = judged.heat * _heat(story, facts, model)
    parts["novelty"] = judged.fresh * math.exp2(-facts["age_h"] / judged.half_life_h)
    if not story.paper:
        parts["offtopic"] = -judged.offtopic * max(0.0, 1 - 2 * facts["relevance"])
    parts["penalty"] = -judged.hype * is_hype(story.title) - judged.finance * facts["money"]
    return {name: round(value, 6) for name, value in sorted(parts.items()) if value}


def _looked_at(
    story: Story, facts: Mapping[str, float], sources: Mapping[str, Source], model: Model
) -> tuple[Head, Features]:
    """The head that judges a story, and what it sees."""
    if story.paper:
        listed = story.first_seen.astimezone(UTC).date() if story.first_seen else None
        votes = story.signals.get("upvotes")
        return model.paper, look.paper(story.title, story.summary, upvotes=votes, listed=listed)
    cited = [
        sources[e.source] for e in story.entries if e.source in sources and sources[e.source].cite
    ]
    dated = look.date_in(story.url)
    seen = story.first_seen
    return model.headline, look.headline(
        story.title,
        story.url,
        reports=[1.0] * int(facts["owners"] - 1),
        age_days=(seen.astimezone(UTC).date() - dated).days if dated and seen else None,
        tier=int(facts["tier"]) if cited else None,
        primary=bool(facts["primary"]),
    )


def headline_features(
    story: Story, facts: Mapping[str, float], sources: Mapping[str, Source]
) -> Features:
    """What the head of headlines sees of a story; `facts` are those kept with its pick."""
    return _looked_at(story, facts, sources, Model())[1]


def _heat(story: Story, facts: Mapping[str, float], model: Model) -> float:
    """The chance that the story's thread ends among the day's top; 0 without a thread.

    Only the newest count is known here, so growth is its mean over the thread's age.
    """
    points = facts["points"]
    if points <= 0:
        return 0.0
    threads = [e for e in story.entries if "points" in e.signals]
    began = min((e.published for e in threads), default=story.first_seen)
    gained = min(points, facts["velocity"])
    comments = facts["comments"]
    return chance(
        model.community.score(
            look.thread(
                points={1: points - gained, 2: points},
                comments={1: comments * (1 - gained / points), 2: comments},
                first_seen=began.astimezone(UTC) if began else None,
            )
        )
    )


# --- why, in a line ----------------------------------------------------------------------------


def _primary_host(entry: Entry, sources: Mapping[str, Source], labs: frozenset[str]) -> str:
    """The host of the lab that speaks for itself in this entry, empty when none does.

    A lab's own feed counts, and so does a link to its site, as Hacker News has them.
    """
    source, host = sources.get(entry.source), host_of(entry.url)
    own = source is not None and source.cite and source.kind == "lab" and source.tier == 1
    return (host or entry.source) if own or (host and host in labs) else ""


def _reason(story: Story, primary: str, facts: Mapping[str, float]) -> str:
    """One line for readers: votes where they speak loudest, outlets, first seen, primary source."""
    parts = []
    if facts["points"] >= _MANY_POINTS:
        parts.append(f"{facts['points']:.0f} points on Hacker News")
    if facts["upvotes"] > 0:
        parts.append(f"{facts['upvotes']:.0f} upvotes on Hugging Face")
    if len(story.outlets) > 1:
        parts.append(f"{len(story.outlets)} outlets")
    elif not parts:
        parts.append(f"from {story.outlet}")
    if story.first_seen is not None:
        parts.append(f"first seen {story.first_seen.astimezone(UTC):%H:%M} UTC")
    if primary:
        parts.append(f"primary: {primary}")
    return ", ".join(parts)


__all__ = ["CONSIDERED", "PART", "headline_features", "rank", "score"]
