"""Subscribing one who has agreed elsewhere: at once, and with a line in the consent log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from digest.domain.notice import Action, Consent, Via
from digest.domain.subscriber import Preferences, Subscriber
from digest.ports import Store
from digest.workflows.subscribe import Registrar

FORM: Final = "elsewhere"
"""The version of the words: not ours."""


def admit(
    store: Store,
    registrar: Registrar,
    hash_of: Callable[[str, str], str],
    address: str,
    now: datetime,
    *,
    preferences: Preferences,
) -> tuple[Subscriber, bool]:
    """Subscribe an address; returns the subscriber and whether they are new.

    Raises UsageError for what is no address, or one on the suppression list.
    """
    with store.write():
        added, new = registrar.add(address, now, preferences)
        if new:
            store.notices.log(
                Consent(
                    at=now,
                    subscriber_id=added.id,
                    address=hash_of("address", added.key),
                    action=Action.CONFIRMED,
                    via=Via.API,
                    form=FORM,
                )
            )
    return added, new
