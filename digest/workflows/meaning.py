"""entries -> what a model says of each, read once and kept.

entries -> vectors kept -> those that lack one: title and lead -> embedder -> kept
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from digest.domain.nearness import Vectors
from digest.domain.story import Entry
from digest.ports import Embedder, EntryStore

KEEP: Final = timedelta(days=30)
"""How long vectors of entries are kept: longer than any window of stories."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Vectors of entries by a model, kept in the store where there is one.

    A kept vector is never made again, so that the same store gives the same stories, also on
    another machine whose arithmetic differs in the last digit.
    """

    embedder: Embedder
    kept: EntryStore | None = None

    def of(self, entries: Sequence[Entry], now: datetime | None = None) -> Vectors:
        """Entry id -> vector, of all entries. `now` is needed where there is a store."""
        by_id = {entry.id: entry for entry in entries}
        found: dict[str, bytes] = {}
        if self.kept is not None:
            found |= self.kept.vectors(self.embedder.name, by_id)
        missing = sorted(name for name in by_id if name not in found)
        if missing:
            made = self.embedder.packed([text(by_id[name]) for name in missing])
            new = dict(zip(missing, made, strict=True))
            if self.kept is not None and now is not None:
                self.kept.keep_vectors(self.embedder.name, new, now - KEEP)
            found |= new
        return {
            name: np.frombuffer(packed, dtype="<f2").astype(np.float32)
            for name, packed in found.items()
        }


def text(entry: Entry) -> str:
    """What the model reads of an entry: its title, then its lead."""
    return f"{entry.title}. {entry.lead}" if entry.lead else entry.title
