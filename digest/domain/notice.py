"""The mails that answer a reader's own request, and the log of what readers agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """What a notice says.

    `confirm` and `reminder` ask whether the address is theirs; `known` tells one who asked again
    that they are subscribed, with the link to their preferences; `manage` brings that link to one
    who asked for it; `goodbye` confirms that they left, with the way back.
    """

    CONFIRM = "confirm"
    REMINDER = "reminder"
    KNOWN = "known"
    MANAGE = "manage"
    GOODBYE = "goodbye"


class NoticeStatus(StrEnum):
    """pending -> sent | refused (by the server) | dropped (not wanted now, or tried too often)."""

    PENDING = "pending"
    SENT = "sent"
    REFUSED = "refused"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Notice:
    """A row of the queue, times in UTC; `attempts` counts claims."""

    id: int
    kind: NoticeKind
    subscriber_id: int
    created_at: datetime
    attempts: int = 0


class Via(StrEnum):
    """By which way a reader spoke; elsewhere is to another program, whose list was imported."""

    SITE = "site"
    ONE_CLICK = "one-click"
    MAIL = "mail"
    COMMAND = "command"
    API = "api"
    ELSEWHERE = "elsewhere"


class Action(StrEnum):
    """What a reader agreed to, or took back; imported is when their line of a list was read."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    LEFT = "left"
    RETURNED = "returned"
    ERASED = "erased"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Consent:
    """A line of the log. `address` and `ip` are keyed hashes, `form` is the words' version."""

    at: datetime
    subscriber_id: int
    address: str
    action: Action
    via: Via
    form: str
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for a mail: when, for what, and three keyed hashes by which limits count.

    `network` is the block of addresses it came from, `address` whom it is about, `domain` theirs.
    """

    at: datetime
    purpose: str
    network: str
    address: str
    domain: str
    mailed: bool = False
