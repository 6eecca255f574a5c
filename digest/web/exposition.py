"""Prometheus's text format 0.0.4: families of samples, and those of sending.

See prometheus.io/docs/instrumenting/exposition_formats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final, get_args

from digest.domain.alert import Kind
from digest.domain.delivery import DeliveryStatus
from digest.ports import Store
from digest.ports.ledger import Cause

SEEN: Final = timedelta(minutes=15)
"""A sender that was not seen for so long is gone."""
_UNFINISHED: Final = (
    DeliveryStatus.PENDING,
    DeliveryStatus.DEFERRED,
    DeliveryStatus.CLAIMED,
    DeliveryStatus.ON_WIRE,
)
_OUTCOMES: Final = ("sent", "refused", "deferred", "released", "unknown")


def sending(store: Store, now: datetime, newest: date | None) -> Iterator[str]:
    """How sending fares; `newest` is the edition published last."""
    waiting = store.pulses.waiting(now)
    yield family(
        "digest_queue_rows",
        "gauge",
        "Deliveries of all editions that have not ended, by state.",
        [({"state": str(s)}, waiting.rows.get(s, 0)) for s in _UNFINISHED],
    )
    yield family(
        "digest_queue_oldest_due_seconds",
        "gauge",
        "How long the delivery that waits longest could have gone out, seconds.",
        [({}, (now - waiting.oldest_due).total_seconds() if waiting.oldest_due else 0.0)],
    )
    if newest is not None:
        yield family(
            "digest_delivery_errors",
            "gauge",
            "Deliveries of the newest edition whose last reply was none of success, by its class.",
            [({"class": c}, n) for c, n in sorted(store.ledger.tally(newest, "error").items())],
        )
    held = Counter(hold.cause for hold in store.ledger.holds())
    yield family(
        "digest_holds",
        "gauge",
        "What keeps editions, or all sending, from going out, by who or what holds it.",
        [({"cause": cause}, held[cause]) for cause in get_args(Cause)],
    )
    amiss = Counter(alert.kind for alert in store.alerts.open(now))
    yield family(
        "digest_alerts",
        "gauge",
        "What is amiss, by kind.",
        [({"kind": str(kind)}, amiss[kind]) for kind in Kind if kind is not Kind.TEST],
    )
    senders = store.pulses.senders(now - SEEN)
    yield family(
        "digest_sender_letters_total",
        "counter",
        "Letters of a process that sends, by how the attempt ended.",
        [
            ({"sender": one.owner, "outcome": outcome}, one.letters.get(outcome, 0))
            for one in senders
            for outcome in _OUTCOMES
        ],
    )
    for name, kind, words, value in (
        ("commits_total", "counter", "Commits of its runs.", "commits"),
        ("commit_seconds_total", "counter", "Seconds that these took.", "commit_s"),
        ("letters_out", "gauge", "Letters on their way, one a connection.", "out"),
    ):
        samples = [({"sender": one.owner}, getattr(one, value)) for one in senders]
        yield family(f"digest_sender_{name}", kind, words, samples)
    yield family(
        "digest_sender_seen_timestamp_seconds",
        "gauge",
        "When it was seen last, seconds since 1970.",
        [({"sender": one.owner}, one.seen_at.timestamp()) for one in senders],
    )


def family(
    name: str, kind: str, words: str, samples: Iterable[tuple[Mapping[str, str], float]]
) -> str:
    """A family with its head; `kind` is gauge or counter."""
    return head(name, kind, words) + "".join(sample(name, *each) for each in samples)


def head(name: str, kind: str, words: str) -> str:
    """What stands before the samples of a family."""
    return f"# HELP {name} {words}\n# TYPE {name} {kind}\n"


def sample(name: str, labels: Mapping[str, str], value: float) -> str:
    """One line."""
    inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{inside}}} {value!r}\n" if inside else f"{name} {value!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
