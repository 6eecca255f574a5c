"""A delivery: one edition to one subscriber, and how an attempt may end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from digest.domain.subscriber import Preferences


class DeliveryStatus(StrEnum):
    """pending -> claimed -> on_wire -> sent | refused | deferred (again pending later) | expired.

    `claimed` is always safe to retry; only `on_wire` is ambiguous: the end of data was sent and
    no reply recorded. `suppressed`: the subscriber left between queueing and sending.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    ON_WIRE = "on_wire"
    SENT = "sent"
    REFUSED = "refused"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A claimed row, with what composing needs, so that one statement fetches it all.

    `message_id` (without angle brackets) and `date_header` are fixed when the row is made: a
    repeat has the same bytes.
    """

    id: int
    edition: date
    subscriber_id: int
    address: str
    preferences: Preferences
    message_id: str
    date_header: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took responsibility (250 after the end of data); `reply` is its line."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """A 4xx: try again later. `server_wide` when it is about the server, not the recipient."""

    reply: str
    server_wide: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """A 5xx for this recipient or message: do not try again."""

    reply: str


SendResult = Accepted | Deferred | Rejected
"""How an attempt ended. No reply at all is not a value: it raises `NoReply`."""


class NoReply(Exception):  # noqa: N818 - it says what happened, as the table in docs does
    """The connection died. `on_wire` tells whether the end of data had been sent (ambiguous)."""

    def __init__(self, reason: str, *, on_wire: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.on_wire = on_wire


@dataclass(frozen=True, slots=True)
class Letter:
    """A composed mail: subject, both bodies, images by Content-ID, headers fixed by the edition.

    `headers` are extra headers in order. `images` are (content_id, filename, png).
    """

    subject: str
    html: str | None
    text: str
    images: tuple[tuple[str, str, bytes], ...]
    headers: tuple[tuple[str, str], ...]
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the SMTP dialogue carries: return path, recipient, the message's bytes (CRLF)."""

    sender: str
    recipient: str
    data: bytes
    message_id: str
