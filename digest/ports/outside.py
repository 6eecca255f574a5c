"""Feeds, figures, letters and the clock: the ports that lead out of the house."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from digest.domain.concept import Concept
from digest.domain.delivery import Delivery, Envelope, Letter, Outcome
from digest.domain.edition import Block, Edition, Image
from digest.domain.story import Entry, ShelfItem, Source, Story

Clock = Callable[[], datetime]
"""Returns the time in UTC, aware."""


# --- stories come in ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between fetches; validators verbatim, times in UTC.

    `ttl_s` (seconds), `skip_hours` (bit n is hour n, GMT) and `skip_days` (bit n is weekday n, 0
    Monday) are the feed's own wishes when to be asked (RSS 2.0: ttl, skipHours, skipDays).
    """

    source: str
    url: str = ""
    etag: str = ""
    last_modified: str = ""
    last_success: datetime | None = None
    last_tried: datetime | None = None
    next_at: datetime | None = None
    failures: int = 0
    parked: bool = False
    message: str = ""
    moved_to: str = ""
    moved_seen: int = 0
    ttl_s: float = 0.0
    skip_hours: int = 0
    skip_days: int = 0


@dataclass(frozen=True, slots=True)
class FeedResult:
    """One fetch: the new state, and the entries (none after a 304 or a fault)."""

    state: FeedState
    entries: tuple[Entry, ...] = ()
    fault: str = ""
    not_modified: bool = False


class FeedReader(Protocol):
    """Fetches feeds. A bad one is a `FeedResult` with a fault, never an exception."""

    def read(
        self,
        wanted: Sequence[tuple[Source, FeedState]],
        now: datetime,
        budget_s: float,
    ) -> Iterable[FeedResult]:
        """Fetch all at once, yielding results as they come, and stop after `budget_s` seconds."""
        ...


class Embedder(Protocol):
    """A model that tells what a text says, as a vector."""

    @property
    def name(self) -> str:
        """Model and version, 64 characters at most: vectors of two names are not comparable."""
        ...

    def packed(self, texts: Sequence[str]) -> Sequence[bytes]:
        """A vector for each text: little-endian float16, as it is kept and compared."""
        ...


# --- concepts and figures ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drawn:
    """A concept with its numbers: prose filled in, formula and figure as images.

    `formula_text` is the formula in Unicode, `formula_speech` in words, `formula_renderer` who drew
    it (mathra, or a fallback).
    """

    concept: Concept
    variant: int
    figure: Image
    formula: Image
    formula_text: str
    formula_speech: str
    formula_renderer: str
    definition: str
    body: str
    example: str
    why: str
    scope: str
    notation: str
    caption: str
    alt: str
    question: str
    answer: str


class Library(Protocol):
    """The concepts in library order, and the shelf and sources beside them."""

    @property
    def concepts(self) -> Sequence[Concept]:
        """All sound concepts, in library order."""
        ...

    @property
    def faults(self) -> Sequence[object]:
        """What is wrong with the cards that were left out; `str()` says it."""
        ...

    @property
    def shelf(self) -> Sequence[ShelfItem]:
        """The evergreen shelf, by slug."""
        ...

    @property
    def sources(self) -> Sequence[Source]:
        """All sources, by id."""
        ...


class Press(Protocol):
    """Computes, checks and draws concepts."""

    def draw(self, wanted: Sequence[tuple[Concept, int]]) -> Sequence[Drawn | str]:
        """Draw each (concept, variant); a card that fails its check gives the fault in words."""
        ...


class Printer(Protocol):
    """Renders the blocks of an edition and joins them into letters."""

    def concept_block(self, drawn: Drawn, slot: int, *, revisit: bool, on: date) -> Block:
        """One concept as a block."""
        ...

    def story_block(self, story: Story, slot: int, reason: str, now: datetime) -> Block:
        """One story as a block."""
        ...

    def letter(self, edition: Edition, blocks: Sequence[Block], delivery: Delivery) -> Letter:
        """The letter of one reader, joined from blocks."""
        ...


# --- letters go out ----------------------------------------------------------------------------


class Desk(Protocol):
    """Where a transport gets letters and says how each ended; it is asked from one thread."""

    def take(self, most: int) -> Sequence[Envelope]:
        """The next letters, `most` at most; none when there are none for now.

        Each is marked as on the wire already, so take no more than can go out at once.
        """
        ...

    def ended(self, envelope: Envelope, outcome: Outcome) -> None:
        """Say how a letter that was taken ended."""
        ...

    def wait(self, *, idle: bool) -> float | None:
        """Called before the transport waits: what must be written is written.

        `idle` says that nothing is under way, so that no reply is worth waiting for. Returns
        seconds after which to call again and to ask for letters; None when nothing is planned.
        """
        ...


class Paced(Protocol):
    """How fast letters may go to a server or a domain, see `domain.pace`."""

    @property
    def gap(self) -> float:
        """Seconds between two letters, as far as is known; 0.0 without a limit."""
        ...

    def delay(self, now: datetime) -> float:
        """Seconds after which to ask again; 0.0: a letter may go at once, inf: none today."""
        ...

    def spend(self, now: datetime) -> None:
        """Count a letter that goes out."""
        ...

    def slow(self, now: datetime) -> bool:
        """Take a sign of trouble; whether it slows anything down."""
        ...

    def give_back(self) -> None:
        """No more letters for now: what was granted and not used is others'. Never raises."""
        ...


class Transport(Protocol):
    """Takes letters away: over SMTP, or into a folder."""

    def run(self, desk: Desk) -> None:
        """Send what the desk has until it has no more.

        Raises TransportError when no server can be used. However it ends, a letter that was taken
        and not reported did not go out.
        """
        ...

    def close(self) -> None:
        """Leave politely (QUIT); never raises."""
        ...
