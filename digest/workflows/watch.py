"""What an operator should know of, in words: the newest and gravest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from digest.domain.alert import Kind
from digest.domain.checkup import State
from digest.ports import FeedState, Store

FAILING: Final = 3
"""Faults in a row from which a feed is worth a line: one or two mend themselves."""
LAST_EDITIONS: Final = 3
MOST: Final = 30


@dataclass(frozen=True, slots=True)
class Fault:
    """A line. `grave` asks for something to be done now."""

    where: str
    words: str
    grave: bool = False


def faults(
    store: Store, titles: Mapping[str, str], now: datetime, stale_after_h: int
) -> list[Fault]:
    """All that is amiss; `titles` are the feeds' by id. Empty when nothing is."""
    found = [
        *_sending(store, now, stale_after_h),
        *_alerts(store, now),
        *_letters(store),
        *_feeds(store, titles),
    ]
    found.sort(key=lambda fault: not fault.grave)
    return found[:MOST]


def _sending(store: Store, now: datetime, stale_after_h: int) -> list[Fault]:
    found = []
    for hold in store.ledger.holds():
        what = f"edition {hold.name}" if hold.name[:1].isdigit() else "all sending"
        found.append(Fault("sending", f"{what} is held since {_minute(hold.since)}: {hold.reason}"))
    last = store.reports.last_published()
    if last is None:
        found.append(Fault("editions", "no edition was published yet"))
    elif stale_after_h and now - last[1] > timedelta(hours=stale_after_h):
        hours = (now - last[1]) // timedelta(hours=1)
        words = f"the newest edition, {last[0]}, is {hours} hours old: does the scheduler run?"
        found.append(Fault("editions", words, grave=True))
    return found


def _alerts(store: Store, now: datetime) -> list[Fault]:
    """What was told, or will be, and is not said here otherwise."""
    return [
        Fault(str(alert.kind), alert.words + (f"; next: {alert.hint}" if alert.hint else ""), True)
        for alert in store.alerts.open(now)
        if alert.kind not in _SAID
    ]


_SAID: Final = frozenset({Kind.HELD, Kind.FEED, Kind.PREFLIGHT})


def _letters(store: Store) -> list[Fault]:
    found = []
    for edition in store.editions.listing(LAST_EDITIONS):
        found += [
            Fault(
                f"edition {edition.date}",
                f"preflight: {each.name}: {each.words}",
                grave=each.state is State.FAIL,
            )
            for each in store.alerts.preflight(edition.date) or ()
            if each.state in {State.WARN, State.FAIL}
        ]
        found += [Fault(f"edition {edition.date}", f"left out: {each}") for each in edition.faults]
        errors = store.ledger.tally(edition.date, "error")
        if errors:
            kinds = ", ".join(f"{number} {kind}" for kind, number in errors.items())
            words = f"letters refused or put off ({kinds})"
            found.append(Fault(f"edition {edition.date}", words, grave=bool(_OURS & set(errors))))
    return found


_OURS: Final = frozenset({"connection", "policy", "security", "protocol"})
"""Classes of replies (domain/replies.py) that are rarely the recipient's."""


def _feeds(store: Store, titles: Mapping[str, str]) -> list[Fault]:
    found = []
    for source, state in store.entries.states().items():
        if source not in titles or not (state.parked or state.failures >= FAILING):
            continue
        found.append(Fault(titles[source], _feed(state)))
    return found


def _feed(state: FeedState) -> str:
    good = f"last good {_minute(state.last_success)}" if state.last_success else "never good yet"
    how = "given up" if state.parked else f"{state.failures} faults in a row"
    return f"{how}, {good}: {state.message or 'no words'}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
