"""A delivery: one edition to one subscriber, and how an attempt may end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from html import escape

from digest.domain.subscriber import Preferences


class DeliveryStatus(StrEnum):
    """pending -> claimed -> on_wire -> sent | refused | deferred (again pending later) | expired.

    `claimed` is always safe to retry; only `on_wire` is ambiguous: the end of data was sent and
    no reply recorded. `suppressed`: the subscriber left between queueing and sending; `paused`:
    they paused. `unknown`: a letter that was on the wire and is not to be sent again, because of
    on_ambiguous=hold, because its time is over or because its reader left.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    ON_WIRE = "on_wire"
    SENT = "sent"
    REFUSED = "refused"
    DEFERRED = "deferred"
    EXPIRED = "expired"
    SUPPRESSED = "suppressed"
    PAUSED = "paused"
    UNKNOWN = "unknown"


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
    """The server took responsibility (250 after the end of data); `reply` is its line.

    Every outcome names the `server` (host:port) that it was had from; empty where none was asked.
    It says by whom, not how, and so is left out of comparisons.
    """

    reply: str
    server: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A 4xx: try again later. `server_wide` when it is about the server, not the recipient."""

    reply: str
    server_wide: bool = False
    server: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A 5xx for this recipient or message: do not try again."""

    reply: str
    server: str = field(default="", compare=False, kw_only=True)


SendResult = Accepted | Deferred | Rejected
"""How the server answered."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """It is sure that the letter did not go out: its row is free again, at `until` if given.

    A dead connection, a server that is closed to all, a reader who left: none is the reader's
    fault.
    """

    reason: str
    until: datetime | None = None
    server: str = field(default="", compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Unknown:
    """The end of data went out and no reply came (RFC 5321, 4.2.5): the row stays on the wire."""

    reason: str
    server: str = field(default="", compare=False, kw_only=True)


Outcome = SendResult | Unsent | Unknown
"""How an attempt ended, whatever the server did."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A composed mail: subject, both bodies, images by Content-ID, headers in order.

    All but `headers` and `fields` is the same for every reader of one form, and the same objects:
    it is encoded once. `html` and `text` have places such as ``@@ADDRESS@@``, one or more for each
    name in `fields`, whose values are plain text. `images` are (content_id, filename, png).
    """

    subject: str
    html: str | None
    text: str
    images: tuple[tuple[str, str, bytes], ...]
    headers: tuple[tuple[str, str], ...]
    language: str = "en"
    fields: tuple[tuple[str, str], ...] = ()

    def filled(self) -> Letter:
        """The letter as its reader sees it, without places."""
        html, text = self.html, self.text
        for name, value in self.fields:
            text = text.replace(place(name), value)
            if html is not None:
                html = html.replace(place(name), escape(value))
        return replace(self, html=html, text=text, fields=())


def place(name: str) -> str:
    """Where the field of this name stands in a letter's text: ``@@NAME@@``."""
    return f"@@{name}@@"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the SMTP dialogue carries: return path, recipient, and the message's bytes in parts.

    The parts follow one another; each that readers share is one object for all of them.
    """

    sender: str
    recipient: str
    parts: tuple[bytes, ...]
    message_id: str

    @property
    def data(self) -> bytes:
        """The message whole (CRLF)."""
        return b"".join(self.parts)
