"""What an editor does before the hour: swap a story for a runner-up, hold an edition, let it go.

Only a draft can be changed; a published edition may be held, and goes out as it is. What an editor
chose is kept with the scores of both stories, so that the ranking can be held against it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from digest.domain.edition import Choice, Edition, EditionStatus
from digest.domain.headline import preheader
from digest.errors import EditionError, UsageError
from digest.ports import Hold, Printer, Store

EDITOR: Final = "editor"
"""The feature that marks a story an editor chose."""
SHORTEST: Final = 3
LONGEST: Final = 200
"""Characters of a reason: readers see it below the story."""


@dataclass(frozen=True, slots=True)
class Editor:
    """Changes drafts and holds editions."""

    store: Store
    printer: Printer

    def swap(
        self, on: date, slot: int, story_id: str, now: datetime, *, reason: str, who: str
    ) -> Edition:
        """Put a runner-up in the place of the story of a slot; that one becomes a runner-up.

        `reason` is what readers see as why the story is there. Raises EditionError when there is
        no draft of that date, UsageError for a slot, a story or a reason that cannot be.
        """
        reason = " ".join(reason.split()).rstrip(".")
        if not SHORTEST <= len(reason) <= LONGEST or not reason.isprintable():
            raise UsageError(
                f"say in {SHORTEST} to {LONGEST} characters why: readers see it below the story"
            )
        with self.store.write():
            edition = self.store.editions.get(on)
            if edition is None:
                raise EditionError(f"there is no edition of {on}", "build it first")
            if edition.status is EditionStatus.PUBLISHED:
                raise EditionError(f"edition {on} is published and stays as it is")
            dropped = next((pick for pick in edition.stories if pick.slot == slot), None)
            taken = next((p for p in edition.runners_up if p.story.id == story_id), None)
            if dropped is None:
                raise UsageError(f"edition {on} has no story {slot}")
            if taken is None:
                raise UsageError(f"that story is no runner-up of edition {on} any more")
            chosen = replace(
                taken, slot=slot, reason=reason, features={**taken.features, EDITOR: 1.0}
            )
            stories = tuple(chosen if pick is dropped else pick for pick in edition.stories)
            changed = replace(
                edition,
                stories=stories,
                runners_up=(
                    replace(dropped, slot=0),
                    *(pick for pick in edition.runners_up if pick is not taken),
                ),
                preheader=preheader([pick.story.title for pick in stories], []),
            )
            block = self.printer.story_block(chosen.story, slot, reason, now)
            blocks = [
                block if (kept.kind, kept.slot) == ("story", slot) else kept
                for kept in self.store.editions.blocks(on)
            ]
            saved = self.store.editions.save(changed, blocks)
            self.store.choices.add(Choice(now, on, slot, reason, who, dropped, taken))
        return saved

    def hold(self, on: date, reason: str, now: datetime) -> None:
        """Neither publish nor send an edition until it is let go."""
        words = " ".join(reason.split())[:LONGEST] or "held on the operator's page"
        self.store.ledger.hold(on.isoformat(), words, now)

    def release(self, on: date) -> None:
        """Let an edition go."""
        self.store.ledger.release([on.isoformat()])

    def held(self, on: date) -> Hold | None:
        """Why an edition does not go out: its own hold, or one of all sending."""
        holds = self.store.ledger.holds()
        own = [hold for hold in holds if hold.name == on.isoformat()]
        whole = [hold for hold in holds if not hold.name[:1].isdigit()]
        return next(iter([*own, *whole]), None)
