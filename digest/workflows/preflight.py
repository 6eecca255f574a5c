"""preflight(store, on, now): a look at the letter and its surroundings before the first one goes.

Once an edition: what was found is kept with it, so that a second sender or a restart asks nothing
again. What must not reach a reader holds the edition; `digest resume DATE` lets it go as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from digest.domain.alert import Kind, Trouble
from digest.domain.checkup import Finding, State
from digest.ports import Store

Find = Callable[[date], Sequence[Finding]]
"""Looks at an edition; takes its time over the network, within a limit."""

ABOUT = "letters"
"""What an alert of this kind is about: the same fault of two editions is told once."""


def preflight(store: Store, on: date, now: Callable[[], datetime], find: Find) -> Sequence[Finding]:
    """Look at an edition and hold it if need be; returns what was found, nothing if that was done.

    What is not right and holds nothing is told, the same fault of several editions once.
    """
    if store.alerts.preflight(on) is not None:
        return ()
    found = find(on)
    failing = [each for each in found if each.state is State.FAIL and not each.certain]
    with store.write():
        store.alerts.keep_preflight(on, found, now())
        if reason := holding(found):
            store.ledger.hold(on.isoformat(), f"preflight: {reason}", now(), "preflight")
        if failing:
            words = "; ".join(f"{each.name}: {each.words}" for each in failing)
            trouble = Trouble(
                Kind.PREFLIGHT,
                ABOUT,
                f"letters go out, and something around them is amiss: {words}",
                failing[0].hint,
            )
            store.alerts.raised(trouble, now())
        else:
            store.alerts.settle(Kind.PREFLIGHT, ABOUT, now())
    return found


def holding(found: Sequence[Finding]) -> str:
    """Why an edition must not go out, in words; empty when it may."""
    return "; ".join(f"{each.name}: {each.words}" for each in found if each.holds)
