"""entries, what was sent -> five stories and runners-up; and the same for days gone by.

entries -> relevant -> clusters -> stories -> ranked -> chosen
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from digest.domain.choice import choose_stories
from digest.domain.clustering import build_story, cluster, keep_ids
from digest.domain.edition import StoryPick
from digest.domain.ranking import rank
from digest.domain.relevance import relevance
from digest.domain.scoring import Model
from digest.domain.story import Entry, Source, Story
from digest.ports import Store
from digest.workflows.meaning import Meaning

MIN_RELEVANCE = 0.3
"""Below it an entry of a general feed is not about machine learning (`domain/relevance.py`)."""

MEMORY_DAYS = 21
"""How long a story that was sent keeps its like out of the next editions, days."""

Picks = tuple[StoryPick, ...]


@dataclass(frozen=True, slots=True)
class Chooser:
    """Ranks and chooses the stories of a day, by sources (id -> source) and weights.

    With `meaning`, a language model helps to tell which entries belong together; what ranks or
    chooses then raises SettingsError where that model cannot be used.
    """

    sources: Mapping[str, Source]
    model: Model
    meaning: Meaning | None = None

    def ranked(
        self, entries: Sequence[Entry], now: datetime, sent: Sequence[Story] = ()
    ) -> list[StoryPick]:
        """All stories that the entries tell, best first. `sent` is what was sent, oldest first."""
        known = [entry for entry in entries if self._belongs(entry)]
        vectors = self.meaning.of(known, now) if self.meaning else None
        stories = [build_story(group, self.sources) for group in cluster(known, vectors=vectors)]
        stories = keep_ids(stories, sent)
        return rank(stories, self.sources, now, self.model, sent)

    def choose(
        self, entries: Sequence[Entry], now: datetime, sent: Sequence[Story], k: int
    ) -> tuple[Picks, Picks]:
        """At most `k` picks, and the runners-up."""
        ranked = self.ranked(entries, now, sent)
        return choose_stories(ranked, k, self.sources, judged=self.model.judged)

    def _belongs(self, entry: Entry) -> bool:
        source = self.sources.get(entry.source)
        # An entry in another language than its feed's is for other readers.
        if source is None or entry.language != source.language:
            return False
        return not source.filter or relevance(entry.title, entry.lead) >= MIN_RELEVANCE


@dataclass(frozen=True, slots=True)
class Replayed:
    """A day chosen anew beside what was sent then (none where there was no edition)."""

    date: date
    picks: Picks
    was: Picks

    @property
    def kept(self) -> int:
        """How many stories of then are among the picks: by id or by link."""
        now = {pick.story.id for pick in self.picks} | {pick.story.url for pick in self.picks}
        return sum(pick.story.id in now or pick.story.url in now for pick in self.was)


def replay(
    store: Store, chooser: Chooser, first: date, last: date, *, window_h: int, k: int
) -> Iterator[Replayed]:
    """Choose the stories of past days anew, each from the entries that were seen by then.

    A day is looked at when its edition was built, else at 06:00 UTC. The memory is that of the
    replay itself, with what was really sent before `first`. Votes are as last seen, since their
    history is not kept.
    """
    memory = [
        (first - timedelta(days=1), story)
        for story in store.editions.sent_stories(first - timedelta(days=MEMORY_DAYS), first)
        if not story.shelf
    ]
    on = first
    while on <= last:
        edition = store.editions.get(on)
        now = edition.built_at if edition else datetime.combine(on, time(6), UTC)
        entries = [
            entry
            for entry in store.entries.window(now - timedelta(hours=window_h), now)
            if entry.first_seen <= now
        ]
        memory = [(day, story) for day, story in memory if day >= on - timedelta(days=MEMORY_DAYS)]
        picks, _ = chooser.choose(entries, now, [story for _, story in memory], k)
        memory += [(on, pick.story) for pick in picks]
        was = tuple(p for p in edition.stories if not p.story.shelf) if edition else ()
        yield Replayed(on, picks, was)
        on += timedelta(days=1)
