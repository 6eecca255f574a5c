"""Both databases, and the makers of what is stored in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from digest.domain.delivery import Delivery, SendResult, Unsent
from digest.domain.edition import (
    Block,
    ConceptPick,
    Edition,
    EditionStatus,
    Image,
    Role,
    StoryPick,
)
from digest.domain.story import Entry, Story
from digest.domain.subscriber import Preferences, Status, Subscriber
from digest.storage import SqlStore
from tests.databases import (
    database_settings,
    database_url,
    empty_database_url,
    postgres,
    sqlite_template,
    store,
)

__all__ = [
    "database_settings",
    "database_url",
    "empty_database_url",
    "postgres",
    "sqlite_template",
    "store",
]

NOW = datetime(2026, 3, 2, 8, 0, 5, 123456, tzinfo=UTC)
DAY = date(2026, 3, 2)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def day() -> date:
    return DAY


def an_entry(key: str = "1", **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "source": "lab",
        "key": key,
        "url": f"https://lab.example/{key}",
        "title": f"Schrödinger bridges, part {key}: π ≈ 3 🙂",
        "lead": "A lead.",
        "published": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "first_seen": datetime(2026, 3, 1, 12, 30, 0, 7, tzinfo=UTC),
        "ref": f"https://lab.example/{key}",
        "authors": ("Ada Example", "Bo Example"),
        "signals": {"points": 12},
    }
    return Entry(**(values | changes))


def a_story(name: str = "lab/1", **changes: Any) -> Story:
    entries = (an_entry("1"), an_entry("2"))
    values: dict[str, Any] = {
        "id": name,
        "title": "A story",
        "url": "https://lab.example/1",
        "outlet": "Lab",
        "summary": "What it says.",
        "published": entries[0].published,
        "first_seen": entries[0].first_seen,
        "entries": entries,
        "outlets": ("Lab", "Press"),
        "signals": {"points": 3.5},
    }
    return Story(**(values | changes))


def a_shelf_story(slug: str) -> Story:
    return Story(
        id=f"shelf/{slug}", title=slug, url="https://example.org/", outlet="JMLR", summary="Old.",
        published=None, first_seen=None, shelf=True, year=1958, minutes=30,
    )  # fmt: skip


def an_edition(on: date = DAY, number: int = 1, **changes: Any) -> Edition:
    values: dict[str, Any] = {
        "date": on,
        "number": number,
        "status": EditionStatus.DRAFT,
        "built_at": NOW,
        "subject": "Momentum, and four more",
        "preheader": "What a heavy ball knows",
        "concepts": (
            ConceptPick(1, "momentum", 3, Role.REVISIT, 1, "seen 20 days ago", {"recall": 0.25}),
            ConceptPick(2, "cross-entropy", 1, Role.NEW, 0, "next in order"),
        ),
        "stories": (
            StoryPick(1, a_story(), 1.5, "three outlets", {"outlets": 3, "age_h": 1.25}),
            StoryPick(2, a_shelf_story("perceptron"), 0.1, "from the shelf"),
        ),
        "runners_up": (
            StoryPick(0, a_story("lab/z"), 0.9, "too like the first"),
            StoryPick(0, a_story("lab/a"), 0.8, "old"),
        ),
        "faults": ("lyapunov: check failed",),
    }
    return Edition(**(values | changes))


def an_image(name: str, content: bytes = b"png") -> Image:
    return Image(name, f"{sum(content):064x}", content, 320, 200)


def some_blocks() -> list[Block]:
    return [
        Block("story", "lab/1", 1, "<p>story</p>", "story"),
        Block("concept", "cross-entropy", 2, "<p>two</p>", "two", (an_image("b", b"\0\xff"),)),
        Block(
            "concept", "momentum", 1, "<p>one</p>", "one",
            (an_image("figure"), an_image("formula", b"other")), "<p>answer</p>", "answer",
        ),
    ]  # fmt: skip


def a_subscriber(name: str = "ada", **changes: Any) -> Subscriber:
    values: dict[str, Any] = {
        "id": 0,
        "address": f"{name.capitalize()}@example.org",
        "key": f"{name}@example.org",
        "status": Status.ACTIVE,
        "created_at": NOW,
        "preferences": Preferences(),
    }
    return Subscriber(**(values | changes))


@pytest.fixture
def publish(store: SqlStore) -> Callable[..., Edition]:
    """Publishes an edition of a date."""

    def published(on: date = DAY, number: int = 1) -> Edition:
        store.editions.save(an_edition(on, number), some_blocks())
        return store.editions.publish(on, NOW)

    return published


@pytest.fixture
def subscribe(store: SqlStore) -> Callable[..., Subscriber]:
    """Adds a subscriber."""

    def added(name: str = "ada", **changes: Any) -> Subscriber:
        made = store.subscribers.add(a_subscriber(name, **changes))
        assert made is not None
        return made

    return added


def mark(store: SqlStore, delivery: Delivery, owner: str, now: datetime) -> bool:
    """Mark one row as on the wire; whether it was."""
    return bool(store.deliveries.exchange(owner, now, [], [delivery]))


def record(
    store: SqlStore, delivery: Delivery, owner: str, result: SendResult | Unsent, now: datetime
) -> None:
    """Record how one attempt ended."""
    store.deliveries.exchange(owner, now, [(delivery, result)], [])


def release(store: SqlStore, delivery: Delivery, owner: str, reason: str, now: datetime) -> None:
    """Give one row back unsent."""
    record(store, delivery, owner, Unsent(reason), now)
