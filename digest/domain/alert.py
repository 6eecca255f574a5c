"""What an operator is told of: one vocabulary for mails, web hooks, the log and the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What is amiss. `LASTING` ones are or are not; the others happened, and stay so."""

    HELD = "held"
    NO_EDITION = "no-edition"
    BOOKS = "books"
    PREFLIGHT = "preflight"
    FEED = "feed"
    SERVERS = "servers"
    DISK = "disk"
    BOUNCES = "bounces"
    COMPLAINTS = "complaints"
    DATABASE = "database"
    FAULT = "fault"
    TEST = "test"


LASTING: Final = frozenset(
    {
        Kind.HELD,
        Kind.NO_EDITION,
        Kind.PREFLIGHT,
        Kind.FEED,
        Kind.SERVERS,
        Kind.DISK,
        Kind.DATABASE,
        Kind.FAULT,
    }
)
"""These end: that is told as well, and while they last they are told once a day."""

AGAIN: Final = timedelta(days=1)
"""After which what lasts is told again."""
FLAPPING: Final = timedelta(hours=1)
"""What ends and comes back is told again after this, not at once each time."""
RETRY: Final = timedelta(minutes=5)
"""After which it is tried again to tell what could not be told over any channel."""
KEEP: Final = timedelta(days=30)
"""How long what is over is kept."""


_ADDRESS: Final = re.compile(r"<?[^\s<>@:;,()\"']+@[^\s<>@:;,()\"']+>?")


def without_addresses(words: str) -> str:
    """The words without mail addresses, which a server's reply often repeats.

    Alerts and holds outlive readers who are erased, and go to chat services.
    """
    return _ADDRESS.sub("(an address)", words)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something amiss: its kind, what it is about (a date, a feed, a host), and the next step."""

    kind: Kind
    about: str
    words: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble as it is kept: since when, when told last, and when it was over."""

    kind: Kind
    about: str
    words: str
    hint: str
    since: datetime
    told_at: datetime | None = None
    over_at: datetime | None = None

    @property
    def lasting(self) -> bool:
        """Whether it is there until it is mended."""
        return self.kind in LASTING

    @property
    def state(self) -> str:
        """`raised`, `again` (told before), or `over`."""
        if self.over_at is not None:
            return "over"
        return "again" if self.told_at is not None and self.told_at >= self.since else "raised"

    @property
    def title(self) -> str:
        """One line for a subject."""
        marks = {"raised": "", "again": "still: ", "over": "over: "}
        return f"{marks[self.state]}{self.words.splitlines()[0]}"


def as_text(alerts: Sequence[Alert], now: datetime) -> str:
    """All alerts as plain text of a mail, a paragraph each."""
    return "\n\n".join(paragraph(alert, now) for alert in alerts) + "\n"


def paragraph(alert: Alert, now: datetime) -> str:
    """One alert in words: what, since when, what to do."""
    when = f"Since {alert.since:%Y-%m-%d %H:%M} UTC"
    if alert.over_at is not None:
        return f"{_sentence(alert.title)}\n{when}, until {alert.over_at:%Y-%m-%d %H:%M} UTC."
    lines = [_sentence(alert.title), *alert.words.splitlines()[1:]]
    if alert.lasting and now - alert.since >= timedelta(minutes=1):
        lines.append(f"{when}.")
    if alert.hint:
        lines.append(f"Next: {alert.hint}.")
    return "\n".join(lines)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
