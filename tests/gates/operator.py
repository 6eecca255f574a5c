"""A list with a history, for looking at the operator's page: readers, editions, letters, faults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from itertools import cycle

from sqlalchemy import update

from digest.domain.edition import ConceptPick, Edition, EditionStatus, Role, StoryPick
from digest.domain.story import Entry, Story
from digest.domain.subscriber import ALL_DAYS, Preferences, Status, Subscriber
from digest.ports import FeedResult, FeedState
from digest.storage import SqlStore, schema

DOMAINS = ("example.org", "mail.example.com", "uni.example.edu", "a-rather-long-name.example.net")
HEADLINES = (
    ("A lab releases an open model that writes proofs", "Lab news"),
    ("New benchmark finds language models weak at counting", "The Review"),
    ("Researchers train a vision model on one video camera", "Lab news"),
    ("Diffusion models draw proteins that fold as planned", "Science wire"),
    ("A chip for neural networks that learns while it runs", "The Review"),
    ("Reinforcement learning steers a tokamak for six minutes", "Science wire"),
    ("An open data set of ten million labelled birdsongs", "The Review"),
    ("Transformers without attention match their elders in translation", "Lab news"),
)
STATES = ("sent",) * 17 + ("deferred", "refused", "pending")
REPLIES = {
    "sent": "250 2.0.0 Ok: queued as 4F1D22",
    "deferred": "452 4.2.2 Mailbox full",
    "refused": "550 5.1.1 No such user",
    "pending": "",
}


def seed(store: SqlStore, now: datetime) -> None:
    """Fill an empty database with a month of a small list, up to the day before `now`."""
    with store.write():
        readers(store, now)
        feeds(store, now)
    today = now.date()
    for back in range(12, 0, -1):
        edition = an_edition(today - timedelta(days=back), 13 - back, now - timedelta(days=back))
        store.editions.save(edition, [])
        store.editions.publish(edition.date, edition.built_at)
        letters(store, edition.date, edition.built_at)


def readers(store: SqlStore, now: datetime) -> None:
    """Eighty, of whom some left."""
    for number, domain in zip(range(80), cycle(DOMAINS), strict=False):
        came = now - timedelta(days=number * number / 220, hours=1)
        status = Status.ACTIVE
        if number % 9 == 5:
            status = Status.UNSUBSCRIBED
        elif number % 23 == 7:
            status = Status.PENDING
        store.subscribers.add(
            Subscriber(
                id=0,
                address=f"reader-{number}@{domain}",
                key=f"reader-{number}@{domain}",
                status=status,
                created_at=came,
                preferences=Preferences(hour=now.hour, days=ALL_DAYS),
                confirmed_at=None if status is Status.PENDING else came,
                left_at=came + timedelta(hours=30) if status is Status.UNSUBSCRIBED else None,
            )
        )


def feeds(store: SqlStore, now: datetime) -> None:
    """Some entries of today, a feed that fails and one that was given up."""
    entries: dict[str, list[Entry]] = {}
    for number, (title, _outlet) in enumerate(HEADLINES):
        source = ("google-research", "hugging-face-blog", "mit-technology-review")[number % 3]
        entries.setdefault(source, []).append(
            Entry(
                source=source,
                key=str(number),
                url=f"https://news.example/{number}",
                title=title,
                lead=f"{title}. What machine learning gains by it is told in full.",
                published=now - timedelta(hours=number),
                first_seen=now - timedelta(hours=number),
                ref=f"https://news.example/{number}",
                signals={"points": 40.0 * number},
            )
        )
    for source, some in entries.items():
        state = FeedState(source, last_success=now, last_tried=now)
        store.entries.record(FeedResult(state, tuple(some)), now)
    failing = FeedState(
        "import-ai", failures=5, last_success=now - timedelta(days=2), message="HTTP 503 Busy"
    )
    parked = FeedState("arxiv-rss", failures=20, parked=True, message="HTTP 410 Gone")
    for state in (failing, parked):
        store.entries.record(FeedResult(state), now)


def an_edition(on: date, number: int, at: datetime) -> Edition:
    """An edition with a story, whose letters will not be looked at."""
    story = Story(
        id=f"s/{number}", title=HEADLINES[number % len(HEADLINES)][0], summary="What it says.",
        url="https://news.example/", outlet="The Review", published=at, first_seen=at,
    )  # fmt: skip
    return Edition(
        date=on, number=number, status=EditionStatus.DRAFT, built_at=at,
        subject="Entropy and momentum", preheader="What a heavy ball knows of surprise",
        concepts=(ConceptPick(1, "entropy", 1, Role.NEW, 0, "next in order"),),
        stories=(StoryPick(1, story, 2.5, "Three outlets tell it"),),
        faults=("lyapunov: its check failed",) if number == 11 else (),
    )  # fmt: skip


def letters(store: SqlStore, on: date, now: datetime) -> Mapping[str, int]:
    """Rows for all who are due, most of them sent; returns the counts."""
    store.deliveries.enqueue(on, now, 12, None)
    table = schema.deliveries
    rows = store.reports.deliveries(None, 500, edition=on, state="", domain="")
    with store.access.write() as connection:
        for row, state in zip(rows, cycle(STATES), strict=False):
            values = {"status": state, "last_reply": REPLIES[state]}
            connection.execute(update(table).where(table.c.id == row.id).values(values))
    return store.deliveries.counts(on)
