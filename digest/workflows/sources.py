"""How each feed does: what it brings, what it was good for, whether it answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.domain.story import Source
from digest.ports import FeedReader, FeedState, Store

RATE_DAYS = 7
"""Days over which entries per day are counted."""
PICKED_DAYS = 30
"""Days over which stories are counted to which a source contributed."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One source as it stands.

    `condition` is off, not asked yet, well, not reached (the round ended first), failing or parked;
    `message` says what is wrong.
    `per_day` counts entries by the date they bear, `in_window` those young enough for the next
    edition, `picked` stories of the last 30 days with an entry of this source.
    """

    source: str
    tier: int
    condition: str
    message: str
    url: str
    last_success: datetime | None
    next_at: datetime | None
    failures: int
    per_day: float
    in_window: int
    picked: int


@dataclass(frozen=True, slots=True)
class Answer:
    """How a feed answered a test: a `fault`, or what it lists of the last 30 days."""

    source: str
    fault: str
    entries: int = 0
    newest: datetime | None = None
    url: str = ""


def standings(
    sources: Sequence[Source], store: Store, now: datetime, on: date, window_h: int
) -> list[Standing]:
    """All sources, in the order given. `on` is today's date in the edition's zone."""
    states = store.entries.states()
    recent = store.entries.published(now - timedelta(days=RATE_DAYS), now)
    in_window = store.entries.published(now - timedelta(hours=window_h), now)
    picked: Counter[str] = Counter()
    sent = store.editions.sent_stories(on - timedelta(days=PICKED_DAYS), on + timedelta(days=2))
    for story in sent:
        picked.update({entry.source for entry in story.entries})
    found = []
    for source in sources:
        state = states.get(source.id, FeedState(source.id))
        found.append(
            Standing(
                source=source.id,
                tier=source.tier,
                condition=_condition(source, state),
                message=state.message,
                url=state.url or source.url,
                last_success=state.last_success,
                next_at=state.next_at,
                failures=state.failures,
                per_day=recent.get(source.id, 0) / RATE_DAYS,
                in_window=in_window.get(source.id, 0),
                picked=picked[source.id],
            )
        )
    return found


def _condition(source: Source, state: FeedState) -> str:
    if not source.enabled:
        return "off"
    if state.parked:
        return "parked"
    if state.last_tried is None:
        return "not asked yet"
    if state.failures:
        return "failing"
    return "not reached" if state.message else "well"


def examine(
    sources: Sequence[Source], reader: FeedReader, store: Store, now: datetime, budget_s: float
) -> Iterator[Answer]:
    """Ask each source once, due or not, and keep nothing of it; answers as they come.

    Asked without validators, so that a feed that did not change shows what it holds.
    """
    states = store.entries.states()
    wanted = [
        (source, FeedState(source.id, url=states[source.id].url if source.id in states else ""))
        for source in sources
    ]
    for result in reader.read(wanted, now, budget_s):
        yield Answer(
            source=result.state.source,
            fault=result.fault,
            entries=len(result.entries),
            newest=max((entry.published for entry in result.entries), default=None),
            url=result.state.moved_to,
        )
