"""collect(sources, feeds, store, now): feeds -> entries; one bad source never stops the rest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from digest.domain.story import NEWS, Entry, Source
from digest.ports import FeedReader, FeedState, Store


@dataclass(frozen=True, slots=True)
class Collected:
    """What a round brought: new entries by source id, faults by source id, sources left alone.

    `parked` are the sources given up after too many failures: this round's and earlier ones'
    (`newly_parked` are this round's). They are not asked again before somebody says so.
    """

    new: dict[str, int]
    faults: dict[str, str]
    unchanged: tuple[str, ...]
    waiting: tuple[str, ...]
    parked: tuple[str, ...] = ()
    newly_parked: tuple[str, ...] = ()

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
    parked: list[str] = []
    for source in sources:
        if not source.enabled:
            continue
        state = states.get(source.id, FeedState(source=source.id))
        if state.parked:
            parked.append(source.id)
        elif state.next_at is not None and state.next_at > now:
            waiting.append(source.id)
        else:
            wanted.append((source, state))
    new: dict[str, int] = {}
    faults: dict[str, str] = {}
    unchanged: list[str] = []
    newly_parked: list[str] = []
    # All answers first: a dry run keeps one transaction open from its first write on.
    answers = sorted(reader.read(wanted, now, budget_s), key=lambda answer: answer.state.source)
    for result in answers:
        source_id = result.state.source
        known = store.entries.known(source_id, [entry.key for entry in result.entries])
        entries = judge_old(result.entries, known, now)
        old = sum(entry.first_seen < now - NEWS for entry in entries if entry.key not in known)
        new[source_id] = store.entries.record(replace(result, entries=entries), now) - old
        if result.fault:
            faults[source_id] = result.fault
        elif result.not_modified:
            unchanged.append(source_id)
        if result.state.parked:
            newly_parked.append(source_id)
    return Collected(
        new,
        faults,
        tuple(unchanged),
        tuple(waiting),
        tuple(sorted(parked + newly_parked)),
        tuple(newly_parked),
    )


def judge_old(entries: Sequence[Entry], known: Collection[str], now: datetime) -> tuple[Entry, ...]:
    """The entries of one feed, in its order, those dated more than 30 days back judged.

    One above an entry that is `known` is new and bears a wrong date: it counts as published when
    first seen. The others are old: a new feed's archive, a feed moved with all its entries, one
    that now lists more, or a post that came up again as another was taken away. They get
    `first_seen` of their date, so that they are known from then on and never news.
    """
    judged: list[Entry] = []
    above = False
    for entry in reversed(entries):
        above = above or entry.key in known
        if entry.published >= now - NEWS:
            judged.append(entry)
        elif above:
            judged.append(replace(entry, published=entry.first_seen))
        else:
            judged.append(replace(entry, first_seen=entry.published))
    return tuple(reversed(judged))
