"""What came in by mail: the port of its log. Lines are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Heard:
    """A line of the log: what came in, whom it is about, and what followed.

    `kind` is bounce, complaint, auto-reply or command; `address` a keyed hash. `proof` says how
    it was known to be about a letter of ours (return path, message-id), empty where it was not:
    then nothing follows from it. `weight` is what a soft bounce adds to the score. `edition` is
    that of the letter, where it is known; `said` the words of the server.
    """

    at: datetime
    kind: str
    outcome: str
    subscriber_id: int | None = None
    delivery_id: int | None = None
    address: str = ""
    reason: str = ""
    status: str = ""
    proof: str = ""
    weight: float = 0.0
    said: str = ""
    edition: date | None = None


class PostStore(Protocol):
    """The log of what came in, and the raw reports for as long as they are kept."""

    def keep(self, raw: bytes, recipient: str, now: datetime, *, whole: bool = True) -> int | None:
        """Keep a message; None when the very same came to the same mailbox before.

        Unless `whole`, only that it came is kept, not what it says.
        """
        ...

    def drop(self, message: int) -> None:
        """Forget a message that `keep` kept."""
        ...

    def log(self, heard: Heard, message: int | None) -> None:
        """Append a line; `message` is what `keep` gave."""
        ...

    def letter(self, delivery_id: int) -> tuple[int, date] | None:
        """Subscriber and edition of a delivery."""
        ...

    def letter_of(self, edition: date, message_id: str) -> tuple[int, int] | None:
        """Delivery and subscriber of a Message-ID of an edition."""
        ...

    def last_letter(self, subscriber_id: int, since: datetime) -> tuple[int, date] | None:
        """Delivery and edition of the last letter that a reader was sent since a moment."""
        ...

    def soft(self, subscriber_id: int, since: datetime) -> Sequence[tuple[datetime, float]]:
        """Moments and weights of a reader's proven bounces since a moment."""
        ...

    def arrived(self, subscriber_id: int, before: datetime) -> datetime | None:
        """When a reader's last letter was taken, before a moment, of which nothing came back."""
        ...

    def latest(self, limit: int) -> Sequence[Heard]:
        """The newest lines about anybody."""
        ...

    def history(self, subscriber_id: int) -> Sequence[Heard]:
        """All lines about a reader, oldest first."""
        ...

    def unproven(self, since: datetime) -> int:
        """How many lines without proof were written since a moment."""
        ...

    def about(self, subscriber_id: int, since: datetime) -> int:
        """How many proven lines about a reader were written since a moment."""
        ...

    def prune(self, before: datetime) -> int:
        """Delete raw messages older than a moment; the log stays. Returns how many."""
        ...
