"""What editors chose: append-only, for holding the ranking against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from digest.domain.edition import Choice, StoryPick
from digest.storage import schema
from digest.storage.codec import numbers
from digest.storage.doors import Access

_T = schema.choices


class Choices:
    """`ports.ChoiceStore` over SQL."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, choice: Choice) -> None:
        """Keep a choice with both stories as they were judged."""
        with self._access.write() as connection:
            connection.execute(
                _T.insert().values(
                    at=choice.at,
                    edition_date=choice.on,
                    slot=choice.slot,
                    reason=choice.reason,
                    who=choice.who,
                    dropped=_judged(choice.dropped),
                    taken=_judged(choice.taken),
                )
            )

    def listing(self) -> Sequence[Mapping[str, object]]:
        """All, oldest first: at, edition, slot, reason, who, dropped, taken."""
        with self._access.read() as connection:
            rows = connection.execute(select(_T).order_by(_T.c.id)).all()
        return [
            {
                "at": row.at,
                "edition": row.edition_date,
                "slot": row.slot,
                "reason": row.reason,
                "who": row.who,
                "dropped": row.dropped,
                "taken": row.taken,
            }
            for row in rows
        ]


def _judged(pick: StoryPick) -> dict[str, Any]:
    return {
        "id": pick.story.id,
        "title": pick.story.title,
        "url": pick.story.url,
        "outlet": pick.story.outlet,
        "score": float(pick.score),
        "reason": pick.reason,
        "features": numbers(pick.features),
    }
