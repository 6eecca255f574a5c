"""collect(sources, feeds, store, now): feeds -> entries; one bad source never stops the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from digest.domain.story import Source
from digest.ports import FeedReader, FeedState, Store


@dataclass(frozen=True, slots=True)
class Collected:
    """What a round brought: new entries by source id, faults by source id, sources left alone."""

    new: dict[str, int]
    faults: dict[str, str]
    unchanged: tuple[str, ...]
    waiting: tuple[str, ...]

    @property
    def total(self) -> int:
        """New entries of all sources."""
        return sum(self.new.values())


def collect(
    sources: Sequence[Source],
    reader: FeedReader,
    store: Store,
    now: datetime,
    budget_s: float,
) -> Collected:
    """Ask every source that is enabled, not parked and due; keep what comes within `budget_s`.

    No database lock is held while waiting for a feed.
    """
    states = store.entries.states()
    wanted: list[tuple[Source, FeedState]] = []
    waiting: list[str] = []
    for source in sources:
        if not source.enabled:
            continue
        state = states.get(source.id, FeedState(source=source.id))
        if state.parked or (state.next_at is not None and state.next_at > now):
            waiting.append(source.id)
        else:
            wanted.append((source, state))
    new: dict[str, int] = {}
    faults: dict[str, str] = {}
    unchanged: list[str] = []
    # All answers first: a dry run keeps one transaction open from its first write on.
    answers = sorted(reader.read(wanted, now, budget_s), key=lambda answer: answer.state.source)
    for result in answers:
        source_id = result.state.source
        new[source_id] = store.entries.record(result, now)
        if result.fault:
            faults[source_id] = result.fault
        elif result.not_modified:
            unchanged.append(source_id)
    return Collected(new, faults, tuple(unchanged), tuple(waiting))
