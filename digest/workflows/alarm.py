"""look(store, now): what is amiss becomes alerts; tell(store, channels, now): the operator hears.

    database, disk ──look──▶ alerts ──claim──▶ mail, web hook, log ──told──▶ alerts
    sender, listener, tick ─────┘

Nothing is remembered here: whatever process looks, the rows of the database say what was told, so
that any number of schedulers and workers tell each thing once. What lasts is told once a day, and
that it is over; what mends itself within minutes is not told at all.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from digest.domain.alert import Alert, Kind, Trouble
from digest.domain.edition import EditionStatus
from digest.domain.subscriber import due_at
from digest.errors import DigestError
from digest.ports import Channel, Hold, Store

log = logging.getLogger("digest.alerts")

LATE: Final = timedelta(minutes=5)
"""How late an edition may be before it is told."""
REMINDER: Final = timedelta(days=1)
"""After which an operator's own hold is told: perhaps it was forgotten."""
FEWEST_BOUNCED: Final = 10
FEWEST_COMPLAINTS: Final = 3
"""So many are needed at least: one of twenty tells nothing."""
LAST_DAYS: Final = 5
"""How long after its date bounces and complaints of an edition are looked at, days."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is told. `free_mb` is what is free now, `least_mb` the least."""

    window_h: int
    bounced: float
    host: str
    free_mb: float
    least_mb: float
    place: str


def look(store: Store, now: datetime, sources: Collection[str], limits: Thresholds) -> None:
    """Compare what should be with what is, and keep what is amiss. Feeds are those of `sources`."""
    holds = store.ledger.holds()
    _holds(store, holds, now)
    _editions(store, {hold.name for hold in holds}, now, limits.window_h)
    _feeds(store, sources, now)
    _disk(store, limits, now)
    _returned(store, limits, now)


def _holds(store: Store, holds: Sequence[Hold], now: datetime) -> None:
    for hold in holds:
        dated = hold.name[:1].isdigit()
        what = f"edition {hold.name} is held" if dated else "all sending is held"
        step = f"digest resume{f' {hold.name}' if dated else ''}"
        if hold.cause == "restore":
            step = "digest resume --i-am-the-only-instance"
        wait = REMINDER if hold.cause in {"operator", "restore"} else timedelta()
        trouble = Trouble(
            Kind.HELD,
            hold.name,
            f"{what}: {hold.reason}",
            f"when all is well, let it go: {step}",
        )
        store.alerts.raised(trouble, now, wait)
    names = {hold.name for hold in holds}
    for alert in store.alerts.open(now, Kind.HELD):
        if alert.about not in names:
            store.alerts.settle(Kind.HELD, alert.about, now)


def _editions(store: Store, held: Collection[str], now: datetime, window_h: int) -> None:
    """Dates on which a reader's hour has come and there is no edition."""
    times = store.ledger.times(now)
    # What the scheduler itself says of why there is none is better than what is said here.
    known = {alert.about for alert in store.alerts.open(now, Kind.NO_EDITION)}
    window = timedelta(hours=window_h)
    for days in (-1, 0, 1):
        on = now.date() + timedelta(days=days)
        due = [moment for time in times if (moment := due_at(on, time)) is not None]
        if not due or not min(due) <= now <= max(due) + window or on.isoformat() in held:
            continue
        if on.isoformat() in known or _published(store, on):
            continue
        trouble = Trouble(
            Kind.NO_EDITION,
            on.isoformat(),
            f"there is no edition of {on}, and the hour of its first reader was "
            f"{min(due):%H:%M} UTC",
            f"does the scheduler run? See its log, then: digest edition build --publish --date {on}"
            f", and digest send --date {on}",
        )
        store.alerts.raised(trouble, now, LATE)
    for alert in store.alerts.open(now, Kind.NO_EDITION):
        on = date.fromisoformat(alert.about)
        if _published(store, on):
            store.alerts.settle(Kind.NO_EDITION, alert.about, now)
        elif on < now.date() - timedelta(days=2):
            # Its time is over; that nobody got it stands in the day's books.
            store.alerts.drop(Kind.NO_EDITION, alert.about)


def _published(store: Store, on: date) -> bool:
    edition = store.editions.get(on)
    return edition is not None and edition.status is EditionStatus.PUBLISHED


def _feeds(store: Store, sources: Collection[str], now: datetime) -> None:
    parked = {
        source: state
        for source, state in store.entries.states().items()
        if state.parked and source in sources
    }
    for source, state in parked.items():
        trouble = Trouble(
            Kind.FEED,
            source,
            f"the feed {source} failed too often and is not asked any more: "
            f"{state.message or 'no words'}",
            f"look at {state.url or 'its address'}; ask it again: digest stories unpark {source}",
        )
        store.alerts.raised(trouble, now)
    for alert in store.alerts.open(now, Kind.FEED):
        if alert.about not in parked:
            store.alerts.settle(Kind.FEED, alert.about, now)


def _disk(store: Store, limits: Thresholds, now: datetime) -> None:
    if limits.free_mb < limits.least_mb:
        trouble = Trouble(
            Kind.DISK,
            limits.host,
            f"the disk of {limits.host} is nearly full: {limits.free_mb:,.0f} MB are free at "
            f"{limits.place}",
            "make room: digest prune deletes old deliveries; on a full disk nothing is sent",
        )
        store.alerts.raised(trouble, now)
    else:
        store.alerts.settle(Kind.DISK, limits.host, now)


def _returned(store: Store, limits: Thresholds, now: datetime) -> None:
    """Editions of which too many letters were refused or came back."""
    if not limits.bounced:
        return
    for told in store.alerts.reported(now.date() - timedelta(days=LAST_DAYS)):
        if told.bounces < FEWEST_BOUNCED:
            continue
        counts = store.deliveries.counts(told.edition)
        refused = counts.get("refused", 0)
        letters = counts.get("sent", 0) + refused
        lost = told.bounces + refused
        if lost > limits.bounced * letters:
            store.alerts.raised(bounced(told.edition, lost, letters), now)


def bounced(edition: date, lost: int, letters: int) -> Trouble:
    """Too many letters of an edition were refused or came back."""
    return Trouble(
        Kind.BOUNCES,
        edition.isoformat(),
        f"{lost} of {letters} letters of the edition of {edition} were refused or came back "
        f"({lost / max(1, letters):.1%})",
        f"see why: digest deliveries {edition} --by error, and digest doctor",
    )


def judge_complaints(store: Store, edition: date, most: float, now: datetime) -> None:
    """Hold an edition of which too many readers complain; when all is sent, only tell it.

    Once an edition: who lets it go knows of them.
    """
    if not most or any(
        alert.about == edition.isoformat() for alert in store.alerts.open(now, Kind.COMPLAINTS)
    ):
        return
    angry, sent, left = store.alerts.complaints(edition)
    if angry < FEWEST_COMPLAINTS or angry < most * sent:
        return
    share = f"{angry / max(1, sent):.1%}"
    words = f"{angry} of {sent} readers called the edition of {edition} spam ({share})"
    if left:
        store.ledger.hold(edition.isoformat(), words, now, "complaints")
    trouble = Trouble(
        Kind.COMPLAINTS,
        edition.isoformat(),
        words,
        "see who they are and how they came on the list: digest subscribers show ADDRESS",
    )
    store.alerts.raised(trouble, now)


def unreachable(host: str, reason: str) -> Trouble:
    """A sender finds no SMTP server that can be used."""
    return Trouble(
        Kind.SERVERS,
        host,
        f"{host} can use no SMTP server: {reason}",
        "mend what it says; what was not sent goes out by itself until its window is over. "
        "digest doctor tries all servers",
    )


def tell(store: Store, channels: Sequence[Channel], now: datetime) -> int:
    """Tell what is to be told over all channels; returns how many alerts were told.

    What no channel could tell is tried again some minutes later; the log is enough for what none
    takes.
    """
    due = store.alerts.claim(now)
    if not due:
        return 0
    for alert in due:
        say = log.info if alert.state == "over" else log.error
        say("%s%s", alert.title, f"; next: {alert.hint}" if alert.state != "over" else "")
    heard = tell_over(channels, due, now)
    done = [a for a in due if a in heard or not any(channel.takes(a) for channel in channels)]
    store.alerts.told(done, now)
    store.alerts.prune(now)
    return len(heard)


def tell_over(channels: Sequence[Channel], alerts: Sequence[Alert], now: datetime) -> list[Alert]:
    """Tell alerts over each channel that takes them; returns those that one at least told."""
    heard: list[Alert] = []
    for channel in channels:
        some = [alert for alert in alerts if channel.takes(alert)]
        if not some:
            continue
        try:
            channel.tell(some, now)
        except DigestError as error:
            log.warning("by %s nothing could be told: %s", channel.name, error.message)
        else:
            heard += [alert for alert in some if alert not in heard]
    return heard
