"""The memory of what was sent: the same event does not come twice, unless something happened.

A story tells a sent event when they share an id, an entry, what an entry stands for, or a title.
It is a development when the entries that came since name a number, a version or a turn of events
(a lawsuit, a recall, a resignation) that the sent ones did not; two owners must name it, or the
lab itself. That more outlets tell the same is no news to those who have read it.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from digest.domain.story import Entry, Story
from digest.domain.text import SAME_EVENT, terms, versions

_WITNESSES: Final = 2
_LEAST_TITLES: Final = 200
"""On a quiet day a handful of titles would make every shared word look common."""

_TURNS: Final = {
    name: re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    for name, words in (
        ("an acquisition", "acqui(?:res?|red|ring|sition)|buys|bought|merg(?:es?|ed|er)"),
        ("a lawsuit", "sues?|sued|lawsuit|court|judge|settle(?:s|d|ment)?|verdict"),
        ("a ban", r"ban(?:s|ned)?|block(?:s|ed)|fine[ds]?|probe[ds]?|investigat\w+|antitrust"),
        ("a withdrawal", r"withdr[ae]w\w*|pull(?:s|ed)|recall(?:s|ed)?|paus(?:es|ed)|halt(?:s|ed)"),
        ("a delay", "delay(?:s|ed)?|postpon(?:es|ed)"),
        ("a departure", "resign(?:s|ed)?|steps? down|fir(?:es|ed)|quits?|oust(?:s|ed)?|leaves"),
        ("an opening", "open[- ]sourc(?:es|ed|ing)|open weights?"),
        ("a fault", r"outage|breach(?:es|ed)?|hack(?:s|ed)?|leak(?:s|ed)?|vulnerabilit\w+|flaw"),
        ("an answer", "apologi[sz]es?|apologi[sz]ed|responds?|responded|denies|denied|reverses?"),
    )
}
"""What may happen to a story after it was told, by the words that tell it."""

_SMALL: Final = re.compile(r"\d|(?:19|20)\d\d")

Owner = Callable[[Entry], str]
"""Who stands behind an entry."""


class Titles:
    """Likeness of titles by shared terms, the rarer the heavier, among the titles given.

    Among hundreds of headlines "launches a language model" says little and a name says much.
    """

    def __init__(self, titles: Iterable[str]) -> None:
        said = {title: frozenset(terms(title)) for title in titles}
        seen = Counter(term for each in said.values() for term in each)
        size = max(len(said), _LEAST_TITLES)
        self._rarity = {term: math.log((size + 1) / (n + 0.5)) for term, n in seen.items()}
        self._terms = {t: (each, self._weight(each), versions(t)) for t, each in said.items()}

    def likeness(self, one: str, other: str) -> float:
        """0 to 1: twice the weight of the shared terms over the sum. Both must be known."""
        (mine, my_weight, _), (theirs, their_weight, _) = self._terms[one], self._terms[other]
        shared = mine & theirs
        return 2 * self._weight(shared) / (my_weight + their_weight) if shared else 0.0

    def terms(self, title: str) -> frozenset[str]:
        """The terms of a known title."""
        return self._terms[title][0]

    def same(self, one: str, other: str) -> bool:
        """Whether they likely tell one event: much alike, and no product in two versions."""
        if self.likeness(one, other) < SAME_EVENT:
            return False
        mine, theirs = self._terms[one][2], self._terms[other][2]
        return not any(mine[name].isdisjoint(theirs[name]) for name in mine.keys() & theirs.keys())

    def same_event(self, one: Story, other: Story) -> bool:
        """Whether two stories tell one event: by id, by what they stand for, or by title."""
        return (
            one.id == other.id
            or not refs(one).isdisjoint(refs(other))
            or self.same(one.title, other.title)
        )

    def _weight(self, said: frozenset[str]) -> float:
        return math.fsum(self._rarity[term] for term in said)


def refs(story: Story) -> frozenset[str]:
    """All that a story stands for: canonical URLs and arXiv ids."""
    return frozenset(filter(None, (story.ref, story.url, *(e.ref for e in story.entries))))


class Memory:
    """The stories of the last editions. `titles` knows theirs and those to be asked about."""

    def __init__(
        self,
        sent: Sequence[Story],
        titles: Titles,
        owner: Owner,
        is_primary: Callable[[Entry], bool],
    ) -> None:
        self._sent = sent
        self._titles = titles
        self._refs = [refs(story) for story in sent]
        self._ids = [frozenset(entry.id for entry in story.entries) for story in sent]
        self._by_term: defaultdict[str, list[int]] = defaultdict(list)
        for at, story in enumerate(sent):
            for term in titles.terms(story.title):
                self._by_term[term].append(at)
        self._owner = owner
        self._is_primary = is_primary

    def told(self, story: Story) -> list[Story]:
        """The sent stories of the same event, oldest first."""
        mine, ids = refs(story), {entry.id for entry in story.entries}
        near = {
            at for term in self._titles.terms(story.title) for at in self._by_term.get(term, ())
        }
        return [
            sent
            for at, (sent, theirs, known) in enumerate(
                zip(self._sent, self._refs, self._ids, strict=True)
            )
            if sent.id == story.id
            or not mine.isdisjoint(theirs)
            or not ids.isdisjoint(known)
            or (at in near and self._titles.same(story.title, sent.title))
        ]

    def development(self, story: Story, told: Sequence[Story]) -> tuple[str, tuple[Entry, ...]]:
        """What is new in words since the event was sent, and the entries that say so."""
        known = {entry.id for sent in told for entry in sent.entries}
        before = [entry for sent in told for entry in sent.entries]
        said = _points(
            [text for sent in told for text in (sent.title, sent.summary)]
            + [text for entry in before for text in (entry.title, entry.lead)]
        )
        witnesses: dict[str, list[Entry]] = {}
        for entry in story.entries:
            if entry.id not in known:
                for point in _points([entry.title]) - said:
                    witnesses.setdefault(point, []).append(entry)
        sure = [
            (-len(owners), point)
            for point, entries in witnesses.items()
            if len(owners := set(map(self._owner, entries))) >= _WITNESSES
            or any(map(self._is_primary, entries))
        ]
        if not sure:
            return "", ()
        _, point = min(sure)
        return f"{point} is new", tuple(witnesses[point])


def retold(story: Story, best: Story) -> Story:
    """The story as `best` tells it; its id, entries and history stay."""
    return replace(
        story,
        title=best.title,
        url=best.url,
        outlet=best.outlet,
        summary=best.summary,
        authors=best.authors,
        ref=best.ref,
    )


def _points(texts: Iterable[str]) -> frozenset[str]:
    """Numbers, versions and turns; small counts ("3 ways") and years say nothing."""
    found: set[str] = set()
    for text in texts:
        found |= {t for t in terms(text) if any(c.isdigit() for c in t) and not _SMALL.fullmatch(t)}
        found |= {turn for turn, pattern in _TURNS.items() if pattern.search(text)}
    return frozenset(found)
