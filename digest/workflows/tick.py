"""tick(now): what a scheduler does each minute, whatever it did before.

It keeps no memory: which editions are due follows from the readers' zones and hours, and whether
they were published and sent from the rows of the database. Two schedulers, a restart or a clock
that jumps change nothing: the unique keys decide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from digest.domain.subscriber import Preferences, Status, due_at
from digest.ports import Store
from digest.workflows.deliver import Courier
from digest.workflows.desk import Dispatch
from digest.workflows.publish import Publisher


@dataclass(frozen=True, slots=True)
class Agenda:
    """Which editions to publish ahead of their first reader, and which to deliver now."""

    publish: tuple[date, ...]
    deliver: tuple[date, ...]


def agenda(store: Store, now: datetime, *, lead_minutes: int, window_h: int) -> Agenda:
    """What is due at `now` (UTC): three dates can be someone's today at once.

    An edition is published `lead_minutes` before its first reader is due; it is delivered while a
    reader's hour lies at most `window_h` hours back.
    """
    wishes: set[Preferences] = {s.preferences for s in store.subscribers.listing(Status.ACTIVE)}
    wishes |= {
        s.preferences
        for s in store.subscribers.listing(Status.PAUSED)
        if s.paused_until is not None and s.paused_until <= now
    }
    # Only zone, hour and days decide: a million readers are a few hundred of these.
    times = {(w.zone, w.hour, w.days) for w in wishes}
    publish, deliver = [], []
    for days in (-1, 0, 1):
        on = now.date() + timedelta(days=days)
        due = [
            moment
            for zone, hour, weekdays in times
            if (moment := due_at(on, Preferences(zone=zone, hour=hour, days=weekdays))) is not None
        ]
        oldest = now - timedelta(hours=window_h)
        soon = now + timedelta(minutes=lead_minutes)
        if any(oldest <= moment <= soon for moment in due):
            publish.append(on)
        if any(oldest <= moment <= now for moment in due):
            deliver.append(on)
    return Agenda(tuple(publish), tuple(deliver))


def tick(
    store: Store,
    now: datetime,
    publisher: Publisher,
    courier: Callable[[], Courier],
    *,
    lead_minutes: int,
    window_h: int,
) -> dict[date, Dispatch]:
    """Publish and deliver what is due; returns the runs in which something happened."""
    due = agenda(store, now, lead_minutes=lead_minutes, window_h=window_h)
    for on in due.publish:
        publisher.publish(on, now)
    runs: dict[date, Dispatch] = {}
    for on in due.deliver:
        run = courier().deliver(on)
        if run.queued or run.outcomes:
            runs[on] = run
    return runs
