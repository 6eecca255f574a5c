"""What a mail (or a provider's web hook) that comes in says, in one vocabulary.

A message is read once into `Inbound`: its events, what it tells of the letter that came back, and
its own bytes, so that every judgement can be looked at again. Reading knows nothing of subscribers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a letter was not delivered. Only the first four say that the address is dead."""

    USER_UNKNOWN = "user unknown"
    HOST_UNKNOWN = "host unknown"
    MOVED = "has moved"
    NO_MAIL = "does not accept mail"
    MAILBOX_FULL = "mailbox full"
    SUSPENDED = "suspended"
    FILTERED = "filtered"
    BLOCKED = "sender blocked"
    POLICY = "policy"
    SPAM = "taken for spam"
    AUTHENTICATION = "authentication failed"
    TOO_BIG = "too big"
    TOO_MANY = "too many letters"
    EXPIRED = "could not be delivered in time"
    NETWORK = "network trouble"
    SYSTEM = "trouble of the server"
    UNDEFINED = "undefined"


DEAD: Final = frozenset({Reason.USER_UNKNOWN, Reason.HOST_UNKNOWN, Reason.MOVED, Reason.NO_MAIL})
"""Reasons that concern the address itself: no letter will ever reach it."""


class Verb(StrEnum):
    """What a mail to us asks for."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    CONFIRM = "confirm"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Bounce:
    """A server could not deliver to `address`; `hard` when the address is dead.

    `status` is the enhanced code (RFC 3463) or empty, `diagnostic` the server's words in one line,
    `action` RFC 3464's (failed, delayed), `alias` another name that the report has for it.
    """

    address: str
    hard: bool
    reason: Reason
    status: str = ""
    diagnostic: str = ""
    action: str = "failed"
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A reader's mailbox reports the letter. `feedback` is RFC 5965's type: abuse, fraud, ...

    A report about our own signatures (auth-failure) or that a letter is no spam is none of a
    reader's anger: see `angry`.
    """

    address: str
    feedback: str = "abuse"

    @property
    def angry(self) -> bool:
        """Whether the reader does not want our letters."""
        return self.feedback not in {"auth-failure", "not-spam", "dmarc"}


@dataclass(frozen=True, slots=True)
class AutoReply:
    """A program answered for `address`: on holiday, no longer here. Nothing follows from it."""

    address: str


@dataclass(frozen=True, slots=True)
class Command:
    """Someone asks for something. `address` is the From, which anybody can write.

    `token` is what was signed by us, from the mailbox or the subject; without one nothing is done
    at once.
    """

    verb: Verb
    address: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing that a program should act on; `why` is for the operator."""

    why: str = ""


Event = Bounce | Complaint | AutoReply | Command | Unknown


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message and what it says. `events` is never empty.

    `recipient` is the mailbox that it came to (an envelope's, empty where it is not known),
    `message_id` that of our letter, where a report quotes it, without angle brackets. `automatic`
    says why it must not be answered (RFC 3834, 2), empty where it may. `signed` names the provider
    whose signature was checked, empty for what came by mail.
    """

    events: tuple[Event, ...]
    recipient: str = ""
    message_id: str = ""
    automatic: str = ""
    signed: str = ""
    raw: bytes = field(default=b"", repr=False)


# --- soft bounces add up -----------------------------------------------------------------------

HALF_LIFE: Final = timedelta(days=7)
"""After which a soft bounce counts half."""
LIMIT: Final = 4.0
"""Score from which an address is given up: about five days of bounces in a row."""
MEMORY: Final = timedelta(days=60)
"""How far back soft bounces are looked at; older ones count less than three in a thousand."""

ARRIVED: Final = timedelta(days=5)
"""After which a letter that was taken and did not come back counts as arrived: a server may try for
so long (RFC 5321, 4.5.4.1), so that its being taken alone proves nothing."""

_WEIGHT: Final = {
    Reason.MAILBOX_FULL: 1.0,
    Reason.SUSPENDED: 1.0,
    Reason.FILTERED: 1.0,
    Reason.UNDEFINED: 1.0,
    Reason.EXPIRED: 1.0,
    Reason.NETWORK: 0.5,
    Reason.SYSTEM: 0.5,
}


def weight(bounce: Bounce) -> float:
    """What a bounce adds to the score of its address, 0 to 1.

    A delay is none yet. That we, or the letter, were refused (a blocklist, a spam filter, too
    many at once) says nothing of the address: a bad day of ours must not cost a reader.
    """
    if bounce.action == "delayed":
        return 0.0
    return 1.0 if bounce.reason in DEAD else _WEIGHT.get(bounce.reason, 0.0)


def score(bounces: Iterable[tuple[datetime, float]], now: datetime) -> float:
    """The score of (moment, weight) at `now`: the heaviest of each day counts, halved by age."""
    days: dict[int, tuple[datetime, float]] = {}
    for at, heavy in bounces:
        day = at.toordinal()
        if day not in days or heavy > days[day][1]:
            days[day] = (at, heavy)
    return sum(heavy * math.pow(0.5, (now - at) / HALF_LIFE) for at, heavy in days.values())
