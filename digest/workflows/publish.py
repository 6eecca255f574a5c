"""publish(on, catalog, store, now) -> Edition: once a date, idempotent.

    entries of the window -> relevant -> clusters -> stories -> ranked -> chosen -> shelf fills
    library, number       -> chosen concepts -> drawn and checked (a fault: the next in order)
    both                  -> blocks -> a draft, kept -> published: from then on it never changes

A bad day still goes out: `k` is an upper bound, a feed that fails leaves its stories out, the
shelf fills what is missing, and what had to be left out stands in `Edition.faults`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from digest.domain.edition import Block, ConceptPick, Edition, EditionStatus, Role, StoryPick
from digest.domain.headline import preheader, subject
from digest.domain.selection import choose_concepts
from digest.domain.shelf import fill_from_shelf
from digest.errors import EditionError, SettingsError
from digest.ports import Drawn, Library, Press, Printer, Store
from digest.workflows.choose import Chooser

MEMORY_DAYS = 21
"""How long a story that was sent keeps its like out of the next editions, days."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much an edition has, and how far back its stories may lie."""

    concepts: int = 5
    stories: int = 5
    story_window_h: int = 72


@dataclass(frozen=True, slots=True)
class Publisher:
    """Builds and publishes editions with the parts that wiring gives it."""

    library: Library
    store: Store
    press: Press
    printer: Printer
    chooser: Chooser
    wanted: Wanted = Wanted()

    def build(self, on: date, now: datetime, *, again: bool = False) -> Edition:
        """The edition of a date: as kept, else a new draft.

        `again` builds a draft anew; a published edition is returned as it is all the same.
        Raises EditionError when not one concept or story can be had.
        """
        kept = self.store.editions.get(on)
        if kept is not None and (kept.status is EditionStatus.PUBLISHED or not again):
            return kept
        number = kept.number if kept is not None else self.store.editions.next_number(on)
        picks, drawings, faults = self._concepts(number)
        stories, runners_up, without = self._stories(
            on, now, number, [drawing.concept.track for drawing in drawings]
        )
        if not picks and not stories:
            raise EditionError(
                f"edition {on}: there is neither a concept nor a story to send",
                "run: digest content check",
            )
        titles = [drawing.concept.short_title for drawing in drawings]
        edition = Edition(
            date=on,
            number=number,
            status=EditionStatus.DRAFT,
            built_at=now,
            subject=subject(titles),
            preheader=preheader(
                [pick.story.title for pick in stories],
                [drawing.definition.split(". ")[0] for drawing in drawings],
            ),
            concepts=tuple(picks),
            stories=tuple(stories),
            runners_up=tuple(runners_up),
            faults=(*map(str, self.library.faults), *faults, *without),
        )
        return self.store.editions.save(edition, self._blocks(edition, drawings, now))

    def publish(self, on: date, now: datetime) -> Edition:
        """Build if need be, then make immutable; harmless when done before or by another."""
        self.build(on, now)
        return self.store.editions.publish(on, now)

    def _concepts(self, number: int) -> tuple[list[ConceptPick], list[Drawn], list[str]]:
        """The day's concepts, drawn; a card whose check fails makes room for the next in order."""
        concepts = self.library.concepts
        by_slug = {concept.slug: concept for concept in concepts}
        broken: dict[str, str] = {}
        while True:
            chosen = choose_concepts(
                concepts, number, self.wanted.concepts, exclude=frozenset(broken)
            )
            answers = self.press.draw([(by_slug[pick.slug], pick.variant) for pick in chosen])
            new_faults = {
                pick.slug: answer
                for pick, answer in zip(chosen, answers, strict=True)
                if isinstance(answer, str)
            }
            if not new_faults:
                break
            broken |= new_faults
        drawn = [
            (pick, answer)
            for pick, answer in zip(chosen, answers, strict=True)
            if not isinstance(answer, str)
        ]
        # Revisits first: their questions are answered before anything new is read.
        drawn.sort(key=lambda pair: (pair[0].role is not Role.REVISIT, pair[0].slot))
        picks = [
            replace(pick, slot=slot, version=by_slug[pick.slug].version)
            for slot, (pick, _drawing) in enumerate(drawn, start=1)
        ]
        return picks, [drawing for _pick, drawing in drawn], list(broken.values())

    def _stories(
        self, on: date, now: datetime, number: int, tracks: Sequence[str]
    ) -> tuple[list[StoryPick], list[StoryPick], list[str]]:
        """The day's stories, the runners-up, and what had to be done without."""
        wanted = self.wanted.stories
        if wanted == 0:
            return [], [], []
        sent = self.store.editions.sent_stories(on - timedelta(days=MEMORY_DAYS), on)
        entries = self.store.entries.window(now - timedelta(hours=self.wanted.story_window_h), now)
        without: list[str] = []
        try:
            picks, runners_up = self.chooser.choose(entries, now, sent, wanted)
        except SettingsError as error:
            # A model that cannot be used must not keep the letter from going out.
            without.append(f"stories are grouped by their words alone: {error.message}")
            words = replace(self.chooser, meaning=None)
            picks, runners_up = words.choose(entries, now, sent, wanted)
        filled = fill_from_shelf(
            picks,
            self.library.shelf,
            self.store.editions.shelf_history(on),
            on=on,
            number=number,
            k=wanted,
            tracks=tracks,
        )
        return list(filled), list(runners_up), without

    def _blocks(self, edition: Edition, drawings: Sequence[Drawn], now: datetime) -> list[Block]:
        blocks = [
            self.printer.concept_block(
                drawing, pick.slot, revisit=pick.role is Role.REVISIT, on=edition.date
            )
            for pick, drawing in zip(edition.concepts, drawings, strict=True)
        ]
        blocks += [
            self.printer.story_block(pick.story, pick.slot, pick.reason, now)
            for pick in edition.stories
        ]
        return blocks
