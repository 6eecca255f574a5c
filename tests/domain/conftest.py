"""Concepts and entries made for these tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from digest import resources
from digest.catalog.weights import read_model
from digest.domain.concept import TRACKS, Concept, Recall
from digest.domain.scoring import Model
from digest.domain.story import Entry, Source

NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def concept(slug: str, track: str, level: int = 1, requires: tuple[str, ...] = ()) -> Concept:
    return Concept(
        slug=slug,
        title=slug.replace("-", " ").capitalize(),
        track=track,
        level=level,
        requires=requires,
        statement="",
        formula="",
        symbols=(),
        definition="",
        body="",
        example="",
        why="",
        scope="",
        notation="",
        recall=Recall("", ""),
        caption="",
        alt="",
        related=(),
        contrast=None,
        references=(),
        credit="",
        version=1,
        source_hash="",
    )


def library(size: int, seed: int = 0) -> list[Concept]:
    """Concepts shaped like the plan: 11 tracks of unequal size, an eighth without prerequisites.

    A concept builds on one or two of a level not above its own, about half of them in its track.
    """
    rng = Random(seed)  # noqa: S311 - a repeatable sequence, no secret
    tracks = list(TRACKS)
    sizes = {track: rng.choice((9, 10, 11, 12, 13)) for track in tracks}
    made: list[Concept] = []
    for at in range(size):
        track = rng.choices(tracks, weights=[sizes[t] for t in tracks])[0]
        level = 1 if at < size * 0.35 else (2 if at < size * 0.84 else 3)
        requires: tuple[str, ...] = ()
        if at >= max(6, size // 10):
            same = [c.slug for c in made if c.track == track]
            others = [c.slug for c in made]
            first = rng.choice(same if same and rng.random() < 0.55 else others)
            requires = (first,)
            if rng.random() < 0.3:
                requires = tuple(dict.fromkeys((first, rng.choice(others))))
        elif made:
            track = tracks[at % len(tracks)]
        made.append(concept(f"concept-{at:03}", track, level, requires))
    rng.shuffle(made)
    return made


@pytest.fixture
def make_library() -> Callable[..., list[Concept]]:
    return library


@pytest.fixture
def make_concept() -> Callable[..., Concept]:
    return concept


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def make_entry() -> Callable[..., Entry]:
    """An entry by title, outlet and age in hours; its URL follows from both unless given."""

    def entry(
        title: str,
        *,
        source: str = "alpha",
        hours: float = 6.0,
        lead: str = "",
        url: str = "",
        paper: bool = False,
        **signals: float,
    ) -> Entry:
        slug = "-".join(title.lower().split())
        url = url or f"https://{source}.example/{slug}"
        when = NOW - timedelta(hours=hours)
        return Entry(
            source=source,
            key=slug,
            url=url,
            title=title,
            lead=lead,
            published=when,
            first_seen=when,
            ref=url,
            paper=paper,
            signals=signals,
        )

    return entry


@pytest.fixture(scope="session")
def model() -> Model:
    """The weights that are shipped."""
    return read_model(resources.data("ranking.json"))


@pytest.fixture
def sources() -> dict[str, Source]:
    """A lab, three press houses (two of one owner), a newsletter, papers, and two signals."""

    def source(
        name: str, kind: str, tier: int, *, owner: str = "", cite: bool = True, paper: bool = False
    ) -> Source:
        return Source(
            id=name,
            url=f"https://{name}.example/feed.xml",
            title=name.capitalize(),
            homepage=f"https://{name}.example/",
            owner=owner or name,
            kind=kind,
            tier=tier,
            cite=cite,
            paper=paper,
        )

    listed = [
        source("lab", "lab", 1),
        source("alpha", "press", 2),
        source("beta", "press", 2, owner="house"),
        source("gamma", "press", 3, owner="house"),
        source("delta", "press", 2),
        source("letter", "newsletter", 2),
        source("papers", "research", 2, paper=True),
        source("lists", "newsletter", 4, cite=False),
        source("hackernews", "community", 3, cite=False),
    ]
    return {s.id: s for s in listed}
