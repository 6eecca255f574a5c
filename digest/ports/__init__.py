"""The few doors through which the workflows see the outside.

A port exists only where a second implementation is really used: SMTP or a folder for `Transport`,
HTTP or canned bytes for `FeedReader`, a cache or a press for `Press`, a database with or without
a commit at its end for `Store`. The consumer owns the port: what is not called by a workflow is
not here. `wiring` names the classes.
"""

from __future__ import annotations

from digest.domain.edition import EditionStatus
from digest.ports.alarm import AlertStore, Channel, Reported
from digest.ports.kept import (
    DeliveryStore,
    EditionStore,
    EntryStore,
    NoticeStore,
    Store,
    SubscriberStore,
)
from digest.ports.ledger import Hold, LedgerStore, Row
from digest.ports.operation import AccessStore, ChoiceStore, DeliveryRow, ReportStore
from digest.ports.outside import (
    Clock,
    Desk,
    Drawn,
    Embedder,
    FeedReader,
    FeedResult,
    FeedState,
    Library,
    Paced,
    Press,
    Printer,
    Transport,
)
from digest.ports.pace import PaceStore
from digest.ports.post import Heard, PostStore
from digest.ports.pulse import PulseStore, Sender, Waiting

__all__ = [
    "AccessStore", "AlertStore", "Channel", "ChoiceStore", "Clock", "DeliveryRow", "DeliveryStore",
    "Desk", "Drawn", "EditionStatus", "EditionStore", "Embedder", "EntryStore", "FeedReader",
    "FeedResult", "FeedState", "Heard", "Hold", "LedgerStore", "Library", "NoticeStore",
    "PaceStore", "Paced", "PostStore", "Press", "Printer", "PulseStore", "ReportStore", "Reported",
    "Row", "Sender", "Store", "SubscriberStore", "Transport", "Waiting",
]  # fmt: skip
