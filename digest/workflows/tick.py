"""tick(now): what a scheduler does each minute, whatever it did before.

It keeps no memory: which editions are due follows from the readers' zones and hours, and whether
they were published and sent from the rows of the database. Two schedulers, a restart or a clock
that jumps change nothing: the unique keys decide.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from digest.domain.alert import Kind, Trouble
from digest.domain.audit import Audit
from digest.domain.checkup import Finding
from digest.domain.edition import EditionStatus
from digest.domain.subscriber import due_at
from digest.errors import EditionError
from digest.ports import Store
from digest.workflows.deliver import Courier
from digest.workflows.desk import Dispatch
from digest.workflows.preflight import Find, holding, preflight
from digest.workflows.publish import Publisher


@dataclass(frozen=True, slots=True)
class Agenda:
    """Which editions to draft, which to publish ahead of their first reader, which to queue now."""

    draft: tuple[date, ...]
    publish: tuple[date, ...]
    queue: tuple[date, ...]


@dataclass(slots=True)
class Ticked:
    """What a tick did: rows made and runs by edition, days whose books it closed, faults, and what
    preflights found.
    """

    queued: dict[date, int] = field(default_factory=dict)
    runs: dict[date, Dispatch] = field(default_factory=dict)
    closed: list[Audit] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    found: list[tuple[date, Finding]] = field(default_factory=list)


def agenda(
    store: Store, now: datetime, *, lead_minutes: int, window_h: int, review_minutes: int = 0
) -> Agenda:
    """What is due at `now` (UTC): three dates can be someone's today at once.

    An edition is published `lead_minutes` before its first reader is due, and a draft of it made
    `review_minutes` before that; it is delivered while a reader's hour lies at most `window_h`
    hours back.
    """
    # Only zone, hour and days decide: a million readers are a few hundred of these.
    times = store.ledger.times(now)
    draft, publish, queue = [], [], []
    for days in (-1, 0, 1):
        on = now.date() + timedelta(days=days)
        due = [moment for time in times if (moment := due_at(on, time)) is not None]
        oldest = now - timedelta(hours=window_h)
        soon = now + timedelta(minutes=lead_minutes)
        early = soon + timedelta(minutes=review_minutes)
        if any(oldest <= moment <= soon for moment in due):
            publish.append(on)
        elif review_minutes and any(oldest <= moment <= early for moment in due):
            draft.append(on)
        if any(oldest <= moment <= now for moment in due):
            queue.append(on)
    return Agenda(tuple(draft), tuple(publish), tuple(queue))


def tick(
    store: Store,
    now: datetime,
    publisher: Publisher,
    courier: Callable[[], Courier] | None,
    *,
    lead_minutes: int,
    window_h: int,
    review_minutes: int = 0,
    look_over: Find | None = None,
) -> Ticked:
    """Publish, queue, deliver and close what is due.

    Without a courier nothing is sent: that is left to workers. An edition that is held is built and
    stays a draft until it is let go; one that was published has its preflight (`look_over`). One
    that cannot be built stops no other one. Raises TransportError when no letter finds a usable
    server.
    """
    done = Ticked()
    due = agenda(
        store, now, lead_minutes=lead_minutes, window_h=window_h, review_minutes=review_minutes
    )
    held = {hold.name for hold in store.ledger.holds()}
    for on in due.draft:
        try:
            publisher.build(on, now)
        except EditionError as error:
            done.faults.append(f"edition {on}: {error.message}")
    drafts = set()
    for on in due.publish:
        try:
            if on.isoformat() in held:
                # So that there is something to look at, and to change.
                if publisher.build(on, now).status is EditionStatus.DRAFT:
                    drafts.add(on)
            else:
                publisher.publish(on, now)
                if look_over is not None:
                    found = preflight(store, on, lambda: now, look_over)
                    done.found += [(on, finding) for finding in found]
                    if why := holding(found):
                        done.faults.append(f"edition {on} is held: {why}")
        except EditionError as error:
            done.faults.append(f"edition {on}: {error.message}")
            store.alerts.raised(_unbuilt(on, error), now)
    for on in due.queue:
        if on in drafts:
            continue
        try:
            if made := store.deliveries.enqueue(on, now, window_h, None):
                done.queued[on] = made
        except EditionError as error:
            done.faults.append(error.message)
    for on in store.ledger.close_due(now, window_h):
        books = _close(store, on, now, window_h)
        if books.eligible:
            done.closed.append(books)
    if courier is not None:
        for on in store.deliveries.due(now):
            run = courier().deliver(on, queue=False)
            if run.outcomes:
                done.runs[on] = run
    return done


def _close(store: Store, on: date, now: datetime, window_h: int) -> Audit:
    """Close a day's books. In the same commit, that they do not add up becomes an alert."""
    with suppress(EditionError):
        # By pages; what is left for the one transaction below is little.
        store.deliveries.enqueue(on, now, window_h, None)
    with store.write():
        books = store.ledger.close(on, now, window_h)
        if books.faults:
            trouble = Trouble(
                Kind.BOOKS,
                on.isoformat(),
                f"the books of {on} do not add up: {'; '.join(books.faults)}",
                f"see digest audit {on}, and the log of that day",
            )
            store.alerts.raised(trouble, now)
    return books


def _unbuilt(on: date, error: EditionError) -> Trouble:
    return Trouble(
        Kind.NO_EDITION,
        on.isoformat(),
        f"the edition of {on} cannot be built: {error.message.removeprefix(f'edition {on}: ')}",
        error.hint,
    )
