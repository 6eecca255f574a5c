"""The paces that all senders of an installation share."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from digest.domain.pace import PaceState


class PaceStore(Protocol):
    """What is known of paces, by key: ``server:mail.example.org:587``, ``domain:example.org``."""

    def held(self, key: str) -> AbstractContextManager[tuple[PaceState, datetime]]:
        """The state of a key, to be changed inside by this sender alone; and the time.

        It is the time of the database, the one clock that all senders share. What the state is
        at the end is kept. Raises StorageError where it cannot be had or kept.
        """
        ...

    def slowed(self) -> Mapping[str, PaceState]:
        """The keys that trouble has slowed down, by name; some may have recovered since."""
        ...
