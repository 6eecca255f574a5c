"""The real collect and publish, day by day on a clock of our own, over the feeds of `world`."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from digest import resources
from digest.domain.concept import Concept
from digest.domain.edition import Edition, Image
from digest.domain.story import Entry
from digest.ingest.reader import HttpFeedReader
from digest.ports import Drawn, FeedState
from digest.settings import Settings
from digest.wiring import Wiring
from digest.workflows.collect import Collected, collect
from digest.workflows.publish import Wanted
from tests.acceptance.world import (
    BUSY,
    BUSY_H,
    CLOSED,
    MOVED,
    SECRET,
    START,
    TROUBLES,
    World,
    event,
    write_sources,
)
from tests.workflows import stream as made

CARDS = ("entropy", "gradient-descent", "normal-distribution", "markov-chain", "momentum")
"""Cards that build on no other: the concepts are not what is tried here."""
PNG = b"\x89PNG\r\n\x1a\n"
PUBLISH_H = 6
REPEATS = 0.02
SETTLED = 14
"""Days after which a feed lists enough for a wrong date to be told from an archive."""


class StubPress:
    """The port `Press` with nothing drawn: figures are not what is tried here."""

    def draw(self, wanted: Sequence[tuple[Concept, int]]) -> Sequence[Drawn | str]:
        """One small picture for all."""
        image = Image("stub", "0" * 64, PNG, 10, 10)
        words = "definition body example why scope notation caption alt question answer".split()  # noqa: SIM905
        return [
            Drawn(
                concept=concept,
                variant=variant,
                figure=image,
                formula=image,
                formula_text="x",
                formula_speech="x",
                formula_renderer="stub",
                **dict.fromkeys(words, "Words."),
            )
            for concept, variant in wanted
        ]


@dataclass(slots=True)
class Diary:
    """What a run brought."""

    editions: list[Edition] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)
    rounds: list[tuple[datetime, Collected]] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    states: dict[str, FeedState] = field(default_factory=dict)


def run(
    at: World,
    folder: Path,
    *,
    days: int,
    hours: Sequence[int],
    interval_s: float,
    every: int = 1,
    concepts: int = 1,
) -> Diary:
    """Collect at `hours` of the first `days` days (UTC), publish each day at six.

    With `every` above 1 on each second (third, ...) day only, and when a trouble begins.
    """
    content = folder / "content"
    write_sources(at, content / "sources")
    shipped = resources.folder("content")
    (content / "stories").symlink_to(shipped / "stories")
    (content / "concepts").mkdir()
    for name in CARDS:
        (content / "concepts" / name).symlink_to(shipped / "concepts" / name)
    settings = Settings.model_validate(
        {
            "secret_key": "0123456789abcdef" * 4,
            "database": {"url": f"sqlite:///{folder}/stream.db"},
            "paths": {"state": folder, "cache": folder / "cache", "content": content},
            "feeds": {
                "allow_private": ["127.0.1.0/24"],
                "host_interval_s": interval_s,
                "timeout_s": 1,
                "connect_timeout_s": 1,
            },
        }
    )
    moment = [START]
    wiring = Wiring(settings, lambda: moment[0])
    reader = HttpFeedReader(
        settings.feeds,
        wiring.clock,
        random.Random(1),  # noqa: S311 - waits
        resolve=at.resolve,
    )
    diary = Diary()
    with wiring.store() as store:
        publisher = replace(
            wiring.publisher(store), press=StubPress(), wanted=Wanted(concepts=concepts)
        )
        for day in range(days):
            asking = {hour for _, on, _ in BUSY if on == day for hour in (*hours, 9, 13)}
            if day % every == 0 or any(trouble.first == day for trouble in TROUBLES):
                asking |= {*hours}
            for hour in sorted({*asking, PUBLISH_H}):
                moment[0] = START + timedelta(days=day, hours=hour)
                if hour in asking:
                    at.turn(moment[0])
                    sources = wiring.library.sources
                    done = collect(sources, reader, store, moment[0], 30)
                    at.note(moment[0])
                    diary.rounds.append((moment[0], done))
                if hour == PUBLISH_H:
                    on = moment[0].date()
                    edition = publisher.publish(on, moment[0])
                    blocks = [(b.html, b.text) for b in store.editions.blocks(on)]
                    diary.editions.append(edition)
                    diary.said.append(json.dumps([asdict(edition), blocks], default=str).encode())
        diary.entries = list(store.entries.window(START - timedelta(days=9000), moment[0]))
        diary.states = dict(store.entries.states())
    return diary


# --- what must hold: each yields what is wrong ----------------------------------------------------


def lost(at: World, diary: Diary) -> Iterator[str]:
    """Entries that a feed has shown and the store does not hold, or not as news, or spoilt."""
    kept = {entry.key: entry for entry in diary.entries}
    last = diary.rounds[-1][0]
    first = {outlet: min(times) for outlet, times in at.asked.items()}
    for outlet, keys in at.shown.items():
        for theirs in at.by_outlet(outlet):
            if theirs.key not in keys:
                continue
            entry = kept.get(theirs.key)
            if entry is None:
                yield f"{outlet}: {theirs.key} of {theirs.published} is lost"
                continue
            if entry.title != theirs.title:
                yield f"{outlet}: {entry.title!r} is not {theirs.title!r}"
            if outlet != "hackernews" and entry.authors != (SECRET,):
                yield f"{outlet}: {entry.authors} is not {SECRET}"
            young = theirs.published < first[outlet] + timedelta(days=SETTLED)
            if not young and not theirs.published <= entry.first_seen <= last:
                yield f"{outlet}: {theirs.key} was first seen {entry.first_seen}"
            if not young and abs(entry.published - theirs.published) > timedelta(days=9):
                yield f"{outlet}: {theirs.key} is dated {entry.published}, not {theirs.published}"


def twice_in_a_five(at: World, diary: Diary) -> Iterator[str]:
    """Events that an edition tells twice."""
    for edition in diary.editions:
        told = Counter(at.event_of(pick.story) for pick in edition.stories if pick.story.entries)
        yield from (f"{edition.date}: {name}" for name, count in told.items() if count > 1)


def repeats(at: World, diary: Diary) -> tuple[list[str], int]:
    """Picks of an event told in the 14 days before without a new development; and all picks."""
    found, total = [], 0
    told: dict[str, list[Edition]] = {}
    for edition in diary.editions:
        today = [at.event_of(pick.story) for pick in edition.stories if pick.story.entries]
        total += len(today)
        for name in today:
            before = [e for e in told.get(name, []) if (edition.date - e.date).days <= 14]
            developed = at.stream.events[name].developed
            if before and not any(before[-1].date <= on <= edition.date for on in developed):
                found.append(f"{edition.date}: {name}, told on {before[-1].date}")
        for name in today:
            told.setdefault(name, []).append(edition)
    return found, total


def narrow(diary: Diary) -> Iterator[str]:
    """Editions of fewer than three outlets, counted by owner."""
    owner = {source.title: source.owner for source in made.SOURCES.values()}
    for edition in diary.editions[1:]:
        outlets = {owner.get(p.story.outlet, p.story.outlet) for p in edition.stories}
        if len(edition.stories) < 5 or len(outlets) < 3:
            yield f"{edition.date}: {len(edition.stories)} stories of {sorted(outlets)}"


def impolite(at: World, diary: Diary, interval_s: float) -> Iterator[str]:
    """Hosts asked twice at once, too soon, or against their wish."""
    for outlet, server in at.servers.items():
        if server.busiest > 1:
            yield f"{outlet}: {server.busiest} requests at once"
        times = [request.at for request in server.requests]
        # Times are taken where a request has arrived, the pause is kept where one has ended.
        for before, after in pairwise(times):
            if after - before < interval_s * 0.98:
                yield f"{outlet}: {after - before:.3f} s between two requests"
    for outlet, day, _ in BUSY:
        on = START + timedelta(days=day)
        told = [when for when in at.asked[outlet] if when.date() == on.date()]
        if len([when for when in told if when.hour < BUSY_H]) != 1:
            yield f"{outlet}: asked at {told} though it wanted to be left alone"
        if not any(when.hour >= BUSY_H for when in told):
            yield f"{outlet}: not asked again at {told}"
    closed = [when for when in at.asked[CLOSED[0]] if (when.date() - made.FIRST).days >= CLOSED[1]]
    if len(diary.editions) > CLOSED[1] and len(closed) != 1:
        yield f"{CLOSED[0]}: asked {len(closed)} times after it was gone"


def unnoticed(at: World, diary: Diary) -> Iterator[str]:
    """What the run had to notice: the move, the end of an outlet, unchanged feeds."""
    if diary.states[MOVED[0]].url != at.url(MOVED[0], "/rss/all"):
        yield f"{MOVED[0]}: its address is {diary.states[MOVED[0]].url!r}"
    if len(diary.editions) > CLOSED[1] and not diary.states[CLOSED[0]].parked:
        yield f"{CLOSED[0]}: is not parked"
    if not any(done.unchanged for _, done in diary.rounds):
        yield "no feed ever answered 304"
    failed = {source for _, done in diary.rounds for source in done.faults}
    if len(failed) < 8:
        yield f"only {sorted(failed)} ever failed"
    if len({event(entry) for entry in diary.entries}) < 100:
        yield "hardly an event came through"
