"""Everything in content/ is sound: each card is a test of its own.

Figures take a second each, with their mutants: here are those of one concept a track. All of them,
with several seeds, are tried by `digest content check`, which is a step of `.ci/run`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from digest import resources
from digest.catalog.library import ContentLibrary
from digest.catalog.rules import read_and_check
from digest.catalog.trial import try_figure
from digest.domain.concept import TRACKS

CONTENT = resources.folder("content")
LIBRARY = ContentLibrary(CONTENT)
BANNED = re.compile(
    r"\b(simply|just|obviously|groundbreaking|revolutionary|game-changing)\b", re.IGNORECASE
)


@pytest.mark.parametrize("slug", LIBRARY.slugs)
def test_a_card_holds(slug):
    folder = CONTENT / "concepts" / slug
    _concept, faults = read_and_check(folder, LIBRARY.known)
    assert [str(fault) for fault in faults] == []
    assert {path.name for path in folder.iterdir()} - {"__pycache__"} == {"card.md", "figure.py"}


@pytest.mark.parametrize("track", TRACKS)
def test_a_figure_holds(track):
    first = min(concept.slug for concept in LIBRARY.concepts if concept.track == track)
    faults = try_figure(CONTENT / "concepts" / first, thorough=False)
    assert [str(fault) for fault in faults] == []


def test_the_library_holds_together():
    assert [str(fault) for fault in LIBRARY.faults] == []
    assert len(LIBRARY.concepts) == len(LIBRARY.slugs) >= 15


def test_the_first_concepts_are_there():
    seven = {
        "forward-diffusion",
        "langevin-dynamics",
        "reverse-process",
        "latent-diffusion",
        "momentum",
        "lyapunov-exponent",
        "cross-entropy",
    }
    assert seven <= set(LIBRARY.slugs)


def test_nothing_wanted_is_there_already():
    import tomllib

    wanted = tomllib.loads((CONTENT / "wanted.toml").read_text())["wanted"]
    assert not set(wanted) & set(LIBRARY.slugs)
    assert len(wanted) == len(set(wanted))


def test_the_shelf_has_sixty_items_or_more_in_all_tracks():
    assert len(LIBRARY.shelf) >= 60
    assert {item.track for item in LIBRARY.shelf} == set(TRACKS)
    assert len({item.url for item in LIBRARY.shelf}) == len(LIBRARY.shelf)


@pytest.mark.parametrize("item", LIBRARY.shelf, ids=lambda item: item.slug)
def test_a_shelf_item_reads_well(item):
    words = item.summary.split()
    assert 25 <= len(words) <= 62
    assert not BANNED.search(f"{item.summary} {item.why}")
    assert item.url.startswith("https://")
    assert 1700 <= item.year <= 2026
    assert item.why.endswith(".") or item.why[-1].isalnum()


def test_sources_are_told_apart():
    assert len({source.url for source in LIBRARY.sources}) == len(LIBRARY.sources) >= 45
    assert any(not source.enabled for source in LIBRARY.sources)
    for source in LIBRARY.sources:
        assert source.note, f"{source.id}: says nothing of rights or limits"


def test_no_figure_writes_bytecode_beside_itself():
    assert list(Path(CONTENT).rglob("*.pyc")) == []
