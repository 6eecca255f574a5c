"""What is kept: the ports of the database. Each block of `Store.write()` is one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime, timedelta
from typing import Protocol

from digest.domain.delivery import Delivery, SendResult, Unsent
from digest.domain.edition import Block, Edition
from digest.domain.notice import Ask, Consent, Notice, NoticeKind, NoticeStatus
from digest.domain.story import Entry, Story
from digest.domain.subscriber import Status, Subscriber
from digest.ports.alarm import AlertStore
from digest.ports.ledger import LedgerStore
from digest.ports.operation import AccessStore, ChoiceStore, ReportStore
from digest.ports.outside import FeedResult, FeedState
from digest.ports.pace import PaceStore
from digest.ports.post import PostStore
from digest.ports.pulse import PulseStore


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

    def known(self, source: str, keys: Collection[str]) -> frozenset[str]:
        """Which of `keys` are kept already as entries of a source."""
        ...

    def published(self, since: datetime, until: datetime) -> Mapping[str, int]:
        """Source id -> how many of its entries were published in [since, until]."""
        ...

    def unpark(self, sources: Collection[str]) -> None:
        """Forget the failures of feeds, so that the next round asks them again."""
        ...

    def window(self, since: datetime, until: datetime) -> Sequence[Entry]:
        """Entries first seen or published in [since, until], by (first_seen, id)."""
        ...

    def vectors(self, model: str, entries: Collection[str]) -> Mapping[str, bytes]:
        """Entry id -> what a model says of it, of those of `entries` that are kept."""
        ...

    def keep_vectors(self, model: str, vectors: Mapping[str, bytes], oldest: datetime) -> None:
        """Keep what a model says of entries, by id; one that is kept already stays as it is.

        Those of entries first seen before `oldest`, and of entries that are gone, go.
        """
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

    def known(self, keys: Collection[str]) -> Mapping[str, Subscriber]:
        """Which of these normalised addresses are known, by address."""
        ...

    def add_all(self, subscribers: Sequence[Subscriber]) -> Mapping[str, int]:
        """Add many; the numbers of those who were not known, by normalised address."""
        ...

    def update(self, subscriber: Subscriber) -> None:
        """Write back status and preferences."""
        ...

    def erase(self, key: str) -> bool:
        """Delete the subscriber and the address in their deliveries; False when unknown."""
        ...

    def suppress(self, key: str, reason: str, now: datetime) -> None:
        """Put an address on the suppression list, which holds keyed hashes only."""
        ...

    def suppress_all(self, listed: Mapping[str, tuple[str, datetime]]) -> None:
        """Put many on the suppression list: address -> (reason, since when)."""
        ...

    def suppressed_among(self, keys: Collection[str]) -> frozenset[str]:
        """Which of these addresses may not be written to."""
        ...

    def is_suppressed(self, key: str) -> bool:
        """Whether the address may not be written to."""
        ...

    def suppressed_for(self, key: str) -> str:
        """Why the address may not be written to; empty when it may."""
        ...

    def lift(self, key: str) -> None:
        """Take an address off the suppression list: its reader came back."""
        ...

    def suppression_keys(self) -> Mapping[str, int]:
        """Id of a secret key -> addresses noted under it; empty for those of before it was kept."""
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

        Those whose hour passed more than `window_h` hours ago get a row that is expired from the
        start, and are not counted here.
        """
        ...

    def claim(self, edition: date, owner: str, now: datetime, limit: int) -> Sequence[Delivery]:
        """Claim due rows for `owner`; rows of dead owners come back after their lease.

        None while sending is held.
        """
        ...

    def exchange(
        self,
        owner: str,
        now: datetime,
        ended: Sequence[tuple[Delivery, SendResult | Unsent]],
        leaving: Sequence[Delivery],
    ) -> Sequence[Delivery]:
        """Record how attempts ended and mark who is about to go out, in one commit.

        Returns those of `leaving` that may go out and are marked as on the wire. The others are
        free again or ended: their lease is over, or their reader left. A stale owner writes
        nothing.
        """
        ...

    def counts(self, edition: date) -> Mapping[str, int]:
        """Status -> rows."""
        ...

    def domains(self, edition: date) -> Mapping[str, int]:
        """Recipient domain -> rows, most first."""
        ...

    def history(self, subscriber_id: int) -> Sequence[Mapping[str, object]]:
        """What became of a reader's letters, newest first: edition, status, at, reply."""
        ...

    def due(self, now: datetime) -> Sequence[date]:
        """Editions of which a row may be claimed now, oldest first."""
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
        purpose: str = "",
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

    def log_all(self, consents: Sequence[Consent]) -> None:
        """Append many lines to the consent log."""
        ...

    def consents(self, subscriber_id: int | None = None) -> Iterable[Consent]:
        """The consent log, oldest first, streamed; of one reader where a number is given."""
        ...


class Store(Protocol):
    """The database, as a workflow sees it. Each block of `write()` is one transaction."""

    editions: EditionStore
    entries: EntryStore
    notices: NoticeStore
    post: PostStore
    subscribers: SubscriberStore
    deliveries: DeliveryStore
    ledger: LedgerStore
    keys: AccessStore
    choices: ChoiceStore
    reports: ReportStore
    alerts: AlertStore
    pulses: PulseStore
    paces: PaceStore

    def write(self) -> AbstractContextManager[None]:
        """Make the calls inside one transaction; calls outside one commit by themselves."""
        ...
