"""The few doors through which the workflows see the outside.

A port exists only where a second implementation is really used: SMTP or a folder for `Transport`,
HTTP or canned bytes for `FeedReader`, a cache or a press for `Press`, a database with or without
a commit at its end for `Store`. The consumer owns the port: what is not called by a workflow is
not here. `wiring.py` names the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from digest.domain.concept import Concept
from digest.domain.delivery import Delivery, Envelope, Letter, SendResult
from digest.domain.edition import Block, Edition, EditionStatus, Image
from digest.domain.notice import Ask, Consent, Notice, NoticeKind, NoticeStatus
from digest.domain.story import Entry, ShelfItem, Source, Story
from digest.domain.subscriber import Status, Subscriber

Clock = Callable[[], datetime]
"""Returns the time in UTC, aware."""


# --- stories come in ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FeedState:
    """What is remembered of a feed between fetches; validators verbatim, times in UTC."""

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


class Transport(Protocol):
    """Takes letters away: over SMTP, or into a folder.

    `send` raises `NoReply` when the connection dies and `TransportError` when the server as a
    whole cannot be used. `about_to_end` is called right before the end of data goes out.
    """

    def send(self, envelope: Envelope, about_to_end: Callable[[], None]) -> SendResult:
        """Send one letter to one recipient."""
        ...

    def close(self) -> None:
        """Leave politely (QUIT); never raises."""
        ...


# --- what is kept ------------------------------------------------------------------------------


class EditionStore(Protocol):
    """Editions with their picks and blocks."""

    def get(self, on: date) -> Edition | None:
        """The edition of a date."""
        ...

    def next_number(self, on: date) -> int:
        """The number that the edition of `on` gets: one more than the editions before it."""
        ...

    def save(self, edition: Edition, blocks: Sequence[Block]) -> Edition:
        """Keep a draft, in place of an earlier draft; a published edition is returned as it is."""
        ...

    def publish(self, on: date, now: datetime) -> Edition:
        """Make a draft immutable; harmless when it is so already."""
        ...

    def blocks(self, on: date) -> Sequence[Block]:
        """The blocks of an edition, concepts first, in slot order."""
        ...

    def listing(self, limit: int) -> Sequence[Edition]:
        """The newest editions first, without runners-up."""
        ...

    def sent_stories(self, since: date, before: date) -> Sequence[Story]:
        """The stories of the editions in [since, before)."""
        ...

    def shelf_history(self, before: date) -> Mapping[str, date]:
        """Shelf story id -> when it was last shown, over the editions before a date."""
        ...

    def image(self, sha256: str) -> bytes | None:
        """A picture (PNG) of any edition by its SHA-256 (hex)."""
        ...

    def with_concept(self, slug: str, limit: int) -> Sequence[date]:
        """Dates of the published editions that show a concept, newest first."""
        ...

    def index(self) -> Sequence[tuple[date, int, str]]:
        """Date, number and subject of every published edition, newest first."""
        ...


class EntryStore(Protocol):
    """Entries and the state of the feeds."""

    def states(self) -> Mapping[str, FeedState]:
        """Source id -> state."""
        ...

    def record(self, result: FeedResult, now: datetime) -> int:
        """Keep a feed's new state and entries; returns how many entries were new.

        An entry seen before keeps its `first_seen`; its signals are brought up to date.
        """
        ...

    def window(self, since: datetime, until: datetime) -> Sequence[Entry]:
        """Entries first seen or published in [since, until], by (first_seen, id)."""
        ...


class SubscriberStore(Protocol):
    """Subscribers and the suppression list."""

    def find(self, key: str) -> Subscriber | None:
        """By normalised address."""
        ...

    def by_id(self, number: int) -> Subscriber | None:
        """By the number that signed links hold."""
        ...

    def add(self, subscriber: Subscriber) -> Subscriber | None:
        """Add one; None when the address is known. The id given is ignored."""
        ...

    def update(self, subscriber: Subscriber) -> None:
        """Write back status and preferences."""
        ...

    def erase(self, key: str) -> bool:
        """Delete the subscriber and the address in their deliveries; False when unknown."""
        ...

    def suppress(self, key_hash: str, reason: str, now: datetime) -> None:
        """Put the keyed hash of an address on the suppression list."""
        ...

    def is_suppressed(self, key_hash: str) -> bool:
        """Whether the address may not be written to."""
        ...

    def suppressed_for(self, key_hash: str) -> str:
        """Why the address may not be written to; empty when it may."""
        ...

    def lift(self, key_hash: str) -> None:
        """Take an address off the suppression list: its reader came back."""
        ...

    def unconfirmed(self, asked_before: datetime, limit: int) -> Sequence[Subscriber]:
        """Those who asked to subscribe before a moment and have not confirmed, oldest first."""
        ...

    def listing(self, status: Status | None = None) -> Iterable[Subscriber]:
        """All subscribers, by id, streamed."""
        ...

    def counts(self) -> Mapping[Status, int]:
        """How many of each status."""
        ...


class DeliveryStore(Protocol):
    """The ledger: one row per (edition, subscriber)."""

    def enqueue(self, edition: date, now: datetime, window_h: int, limit: int | None) -> int:
        """Make the missing rows for active subscribers whose hour has come; returns how many.

        Those whose hour passed more than `window_h` hours ago are left out.
        """
        ...

    def claim(self, edition: date, owner: str, now: datetime, limit: int) -> Sequence[Delivery]:
        """Claim due rows for `owner`; rows of dead owners come back after their lease."""
        ...

    def on_wire(self, delivery: Delivery, owner: str, now: datetime) -> None:
        """Mark that the end of data is about to go out."""
        ...

    def record(self, delivery: Delivery, owner: str, result: SendResult, now: datetime) -> None:
        """Record how an attempt ended; a stale owner writes nothing."""
        ...

    def release(self, delivery: Delivery, owner: str, reason: str, now: datetime) -> None:
        """Give a claimed row back unsent (a dead connection is never the recipient's fault)."""
        ...

    def counts(self, edition: date) -> Mapping[str, int]:
        """Status -> rows."""
        ...

    def domains(self, edition: date) -> Mapping[str, int]:
        """Recipient domain -> rows, most first."""
        ...

    def next_due(self, edition: date) -> datetime | None:
        """When the next pending or deferred row is due."""
        ...


class NoticeStore(Protocol):
    """The queue of notices, the requests that limits count, and the consent log."""

    def put(self, kind: NoticeKind, subscriber_id: int, now: datetime) -> None:
        """Queue a notice; it may be claimed at once."""
        ...

    def claim(
        self, owner: str, now: datetime, lease: timedelta, limit: int = 50
    ) -> Sequence[Notice]:
        """Claim what is due for `lease`; a dead owner's come back after it."""
        ...

    def record(self, notice: Notice, owner: str, status: NoticeStatus, reply: str) -> None:
        """Record how it ended; a stale owner writes nothing."""
        ...

    def put_off(self, notice: Notice, owner: str, until: datetime, reply: str) -> None:
        """Try again at `until`; a stale owner writes nothing."""
        ...

    def has(self, kind: NoticeKind, subscriber_id: int, since: datetime) -> bool:
        """Whether a notice of this kind was queued for a reader since a moment."""
        ...

    def note(self, ask: Ask) -> None:
        """Keep a request."""
        ...

    def asked(
        self,
        since: datetime | None,
        *,
        network: str = "",
        address: str = "",
        domain: str = "",
        mailed: bool = False,
    ) -> int:
        """How many requests there were since a moment, of those that match what is given."""
        ...

    def answered(self, address: str) -> None:
        """The reader of an address has answered: its former requests count no longer."""
        ...

    def prune(self, before: datetime) -> int:
        """Delete what is older; unanswered requests that were mailed stay. Returns how many."""
        ...

    def log(self, consent: Consent) -> None:
        """Append a line to the consent log."""
        ...

    def consents(self, subscriber_id: int | None = None) -> Iterable[Consent]:
        """The consent log, oldest first, streamed; of one reader where a number is given."""
        ...


class Store(Protocol):
    """The database, as a workflow sees it. Each block of `write()` is one transaction."""

    editions: EditionStore
    entries: EntryStore
    notices: NoticeStore
    subscribers: SubscriberStore
    deliveries: DeliveryStore

    def write(self) -> AbstractContextManager[None]:
        """Make the calls inside one transaction; calls outside one commit by themselves."""
        ...


__all__ = [
    "Clock", "DeliveryStore", "Drawn", "EditionStatus", "EditionStore", "EntryStore",
    "FeedReader", "FeedResult", "FeedState", "Library", "NoticeStore", "Press", "Printer",
    "Store", "SubscriberStore", "Transport",
]  # fmt: skip
