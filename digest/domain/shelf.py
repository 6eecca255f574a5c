"""What a slow day shows: evergreen items, those unseen for longest first."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from digest.domain.edition import StoryPick
from digest.domain.story import ShelfItem


def fill_from_shelf(
    picks: Sequence[StoryPick],
    shelf: Sequence[ShelfItem],
    history: Mapping[str, date],
    *,
    on: date,
    number: int,
    k: int,
    tracks: Sequence[str] = (),
) -> tuple[StoryPick, ...]:
    """The picks, filled up to `k` with evergreen items, whatever order the shelf comes in.

    `history` maps a shelf story's id to the date it was last shown. Items never shown come first,
    then the longest unseen; among equals those of `tracks` (today's concepts), of a track not yet
    in the mail, and at last by SHA-256 of date, edition `number` and slug.
    """
    filled = list(picks)
    taken = {pick.story.ref for pick in picks} | {pick.story.url for pick in picks}
    free = [item for item in shelf if item.url not in taken]
    shown: Counter[str] = Counter()

    def order(item: ShelfItem) -> tuple[date, bool, int, str]:
        said = f"{on.isoformat()}/{number}/{item.slug}".encode()
        last = history.get(item.as_story().id, date.min)
        return last, item.track not in tracks, shown[item.track], hashlib.sha256(said).hexdigest()

    while free and len(filled) < k:
        item = min(free, key=order)
        free.remove(item)
        shown[item.track] += 1
        story = item.as_story()
        features = {"shelf": 1.0, "track_of_today": float(item.track in tracks)}
        if story.id in history:
            features["days_since"] = float((on - history[story.id]).days)
        reason = f"From the shelf: {item.why}"
        filled.append(StoryPick(len(filled) + 1, story, 0.0, reason, features))
    return tuple(filled)
