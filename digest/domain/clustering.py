"""Entries that report one event become one story.

How near two entries are is told by `nearness`, how groups grow by `linkage`, what large groups take
in after that by `gathering`; here stories get their ids, which stay from run to run, and the words
of their best outlet.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from digest.domain.gathering import Batch, gathered
from digest.domain.linkage import linked
from digest.domain.meaning import Meaning, Vectors
from digest.domain.nearness import DEFAULT, WITH_MODEL, Grouping, pairs
from digest.domain.story import Entry, Source, Story
from digest.domain.text import host_of
from digest.domain.words import Words

WORST_TIER: Final = 4
"""An aggregator's tier, also that of a source no longer known."""

WORDS_A_MINUTE: Final = 238
"""Silent reading of English prose (Brysbaert, Journal of Memory and Language 109, 2019)."""


def cluster(
    entries: Sequence[Entry], grouping: Grouping | None = None, vectors: Vectors | None = None
) -> list[tuple[Entry, ...]]:
    """Group entries by the event they report, whatever order they come in.

    `vectors` are what an embedding model says of the entries, or of some of them; without any the
    words decide alone. `grouping` is DEFAULT, and WITH_MODEL where there are vectors. Groups come
    by their earliest entry, and inside a group entries by publication. An entry given twice (equal
    `id`) counts once. 3 000 entries take about two seconds.
    """
    grouping = grouping or (WITH_MODEL if vectors else DEFAULT)
    unique = sorted({entry.id: entry for entry in entries}.values(), key=lambda e: e.id)
    if not unique:
        return []
    meaning = None
    if vectors and grouping.meaning_weight > 0 and any(e.id in vectors for e in unique):
        meaning = Meaning(unique, vectors, grouping.mean_weight)
    most = max(grouping.largest, int(grouping.largest_share * len(unique)))
    words = Words.of(unique, grouping.lead_weight, grouping.pair_weight)
    near = pairs(unique, words, grouping, meaning)
    group, vetoes = linked(unique, near, grouping.threshold, most)
    group = gathered(Batch(unique, words, meaning), group, vetoes, grouping, most)
    members: dict[int, list[Entry]] = {}
    for entry, number in zip(unique, group, strict=True):
        members.setdefault(number, []).append(entry)
    stories = [tuple(sorted(told, key=lambda e: (e.published, e.id))) for told in members.values()]
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
