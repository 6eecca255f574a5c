"""What the operator's side asks of the database: who may come in, and reports of all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from digest.domain.access import Session, Token
from digest.domain.edition import Choice, Edition
from digest.domain.subscriber import Status, Subscriber


class AccessStore(Protocol):
    """Tokens, the operator's password, sessions, and the attempts that limits count."""

    def add(self, token: Token) -> bool:
        """Keep a token; False when its name is taken by one that is not revoked."""
        ...

    def token(self, token_id: str) -> Token | None:
        """By id."""
        ...

    def tokens(self) -> Sequence[Token]:
        """All, the revoked ones too, oldest first."""
        ...

    def revoke(self, name: str, now: datetime) -> bool:
        """Revoke the token of a name and end its sessions; False when there is none."""
        ...

    def used(self, token_id: str, now: datetime) -> None:
        """Note that a token was used."""
        ...

    def password(self) -> str:
        """The operator's password as it is kept; empty when none is set."""
        ...

    def set_password(self, kept: str, now: datetime) -> None:
        """Keep a password (empty: none any more), and end the sessions it has opened."""
        ...

    def rehashed(self, kept: str, now: datetime) -> None:
        """Keep the same password hashed anew; sessions go on."""
        ...

    def open(self, session: Session) -> None:
        """Keep a session."""
        ...

    def session(self, key_hash: str) -> Session | None:
        """By the hash of its key."""
        ...

    def seen(self, key_hash: str, now: datetime) -> None:
        """Note that a session was used."""
        ...

    def close(self, key_hash: str) -> None:
        """End a session."""
        ...

    def failed(self, network: str, now: datetime) -> None:
        """Note an attempt to sign in that failed; those older than a day are let go."""
        ...

    def failures(self, network: str, since: datetime) -> int:
        """How many there were from a network (keyed hash)."""
        ...


class ChoiceStore(Protocol):
    """What editors chose."""

    def add(self, choice: Choice) -> None:
        """Keep a choice."""
        ...

    def listing(self) -> Sequence[Mapping[str, object]]:
        """All, oldest first: at, edition, slot, reason, who, dropped, taken."""
        ...


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery as a report shows it; `address` is empty once the reader is erased."""

    id: int
    edition: date
    subscriber: int
    address: str
    domain: str
    state: str
    attempts: int
    due_at: datetime
    changed_at: datetime
    reply: str


class ReportStore(Protocol):
    """Pages and counts of rows; nothing is changed."""

    def check(self) -> None:
        """Raises StorageError when the database does not answer, MigrationError by its schema."""
        ...

    def last_published(self) -> tuple[date, datetime] | None:
        """Date and moment of the edition that was published last."""
        ...

    def subscribers(
        self, after: int, limit: int, status: Status | None, key: str
    ) -> Sequence[Subscriber]:
        """Subscribers with an id above `after`, by id; of a status or an address where given."""
        ...

    def editions(self, before: date | None, limit: int) -> Sequence[Edition]:
        """Editions before a date, newest first, without runners-up."""
        ...

    def deliveries(
        self, before: int | None, limit: int, *, edition: date | None, state: str, domain: str
    ) -> Sequence[DeliveryRow]:
        """Deliveries with an id below `before`, newest first, of what is given."""
        ...

    def by_domain(self, edition: date, limit: int) -> Mapping[str, Mapping[str, int]]:
        """Domain -> state -> rows, for the domains with most rows."""
        ...

    def by_server(self, edition: date, limit: int) -> Mapping[str, Mapping[str, int]]:
        """Server (host:port) -> state -> rows, for those that answered most rows last."""
        ...

    def outcomes(self, limit: int) -> Sequence[tuple[date, Mapping[str, int]]]:
        """State -> rows of the last published editions, oldest first."""
        ...

    def growth(self, since: datetime) -> tuple[Mapping[date, int], Mapping[date, int]]:
        """Readers who confirmed, and who left or were erased, by day (UTC)."""
        ...

    def came_in(self, since: datetime) -> Mapping[date, Mapping[str, int]]:
        """What came in about letters of ours by day (UTC): hard, soft, complaint, auto-reply,
        command, and of all kinds together what was not proven (`unproven`).
        """
        ...
