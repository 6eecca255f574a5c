"""The spaced edition keeps its rule over years and in small libraries."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from digest.domain.concept import Concept
from digest.domain.edition import ConceptPick, Role
from digest.domain.selection import choose_concepts, library_order, plan_editions
from digest.errors import CatalogError

Library = Callable[..., list[Concept]]
Editions = list[tuple[ConceptPick, ...]]


def faults(concepts: Sequence[Concept], editions: Editions, distance: int) -> list[str]:
    """Every breach of the rule, in words."""
    by_slug = {c.slug: c for c in concepts}
    last: dict[str, int] = {}
    found: list[str] = []
    for number, picks in enumerate(editions, start=1):
        slugs = [p.slug for p in picks]
        if len(set(slugs)) != len(slugs):
            found.append(f"{number}: a concept twice in a mail")
        tracks = Counter(by_slug[s].track for s in slugs)
        if max(tracks.values()) > 2:
            found.append(f"{number}: more than two of a track")
        for pick in picks:
            needed = [r for r in by_slug[pick.slug].requires if r in by_slug]
            found += [
                f"{number}: {pick.slug} before {r}" for r in needed if last.get(r, number) >= number
            ]
            if pick.slug in last and number - last[pick.slug] < distance:
                found.append(f"{number}: {pick.slug} again after {number - last[pick.slug]}")
            if (pick.role is Role.NEW) == (pick.slug in last):
                found.append(f"{number}: {pick.slug} has the wrong role")
        last.update(dict.fromkeys(slugs, number))
    return found


@pytest.mark.parametrize("seed", range(6))
def test_a_year_with_120_concepts(make_library: Library, seed: int) -> None:
    concepts = make_library(120, seed)
    editions = list(plan_editions(concepts, 365))
    assert faults(concepts, editions, distance=3) == []
    assert all(len(picks) == 5 for picks in editions)
    by_slug = {c.slug: c for c in concepts}
    assert all(len({by_slug[p.slug].track for p in picks}) >= 3 for picks in editions)
    introduced = {
        p.slug: n for n, picks in enumerate(editions, 1) for p in picks if p.role == "new"
    }
    assert len(introduced) == 120
    assert max(introduced.values()) <= 60
    shown = Counter(p.slug for picks in editions[:180] for p in picks)
    assert min(shown.values()) >= 5
    assert max(shown.values()) <= 10


@pytest.mark.parametrize("size", [15, 21, 40])
@pytest.mark.parametrize("seed", range(6))
def test_small_libraries_fill_every_mail(make_library: Library, size: int, seed: int) -> None:
    concepts = make_library(size, seed)
    editions = list(plan_editions(concepts, 365))
    assert all(len(picks) == 5 for picks in editions)
    assert all(len({p.slug for p in picks}) == 5 for picks in editions)
    by_slug = {c.slug: c for c in concepts}
    seen: set[str] = set()
    for picks in editions:
        for pick in picks:
            assert {r for r in by_slug[pick.slug].requires if r in by_slug} <= seen | {
                p.slug for p in picks[: pick.slot - 1]
            }
        seen |= {p.slug for p in picks}
    assert len(seen) == size


def test_fifteen_concepts_of_many_tracks_keep_two_days_apart(
    make_concept: Callable[..., Concept],
) -> None:
    tracks = [
        "optimisation",
        "linear-models",
        "generative-models",
        "neural-networks",
        "llm-practice",
    ]
    concepts = [make_concept(f"c{at:02}", tracks[at % 5]) for at in range(15)]
    editions = list(plan_editions(concepts, 120))
    assert faults(concepts, editions, distance=3) == []
    assert all(len(picks) == 5 for picks in editions)


def test_one_long_chain_still_fills_a_mail(make_concept: Callable[..., Concept]) -> None:
    chain = [make_concept("c0", "optimisation")] + [
        make_concept(f"c{at}", "optimisation", 1, (f"c{at - 1}",)) for at in range(1, 9)
    ]
    picks = choose_concepts(chain, 1)
    assert [p.slug for p in picks] == ["c0", "c1", "c2", "c3", "c4"]
    assert picks[1].reason == "New: builds on C0 (above)"


def test_fewer_concepts_than_slots_come_back_each_day(make_concept: Callable[..., Concept]) -> None:
    two = [make_concept("a", "optimisation"), make_concept("b", "optimisation")]
    assert [{p.slug for p in picks} for picks in plan_editions(two, 4)] == [{"a", "b"}] * 4
    assert choose_concepts([], 7) == ()


def test_the_first_day_is_new_and_needs_nothing(make_library: Library) -> None:
    concepts = make_library(120)
    requires = {c.slug: c.requires for c in concepts}
    picks = choose_concepts(concepts, 1)
    assert [p.slot for p in picks] == [1, 2, 3, 4, 5]
    assert all(p.role is Role.NEW and p.variant == 0 and not requires[p.slug] for p in picks)
    assert {p.reason for p in picks} == {"New: needs no earlier card"}


def test_revisits_come_first_at_most_three_and_say_why(make_library: Library) -> None:
    editions = list(plan_editions(make_library(120), 40))
    for picks in editions:
        roles = [p.role for p in picks]
        assert roles == sorted(roles, key=lambda role: role is Role.NEW)
        assert roles.count(Role.REVISIT) <= 3
    back = editions[3][0]
    assert back.reason == "Back after 3 days: recall predicted at 88 %"
    assert back.variant == 1
    assert back.features["days_since"] == 3
    assert 0.87 < back.features["recall"] < 0.90
    new = next(p for p in editions[9] if p.role is Role.NEW)
    assert new.reason.startswith("New: ")


def test_due_concepts_come_by_highest_recall(make_library: Library) -> None:
    differ = 0
    for picks in plan_editions(make_library(120), 90):
        due = [p.features["recall"] for p in picks[:3] if p.features.get("recall", 1.0) < 0.9]
        assert due == sorted(due, reverse=True)
        differ += len(set(due)) > 1
    assert differ > 10


def test_a_lopsided_library_gives_up_the_track_limit_before_the_next_day(
    make_concept: Callable[..., Concept],
) -> None:
    concepts = [make_concept(f"a{at}", "optimisation") for at in range(14)]
    concepts += [make_concept(f"b{at}", "llm-practice") for at in range(3)]
    editions = list(plan_editions(concepts, 60))
    assert all(len(picks) == 5 for picks in editions)
    assert not [fault for fault in faults(concepts, editions, distance=2) if "again" in fault]


def test_variants_alternate(make_library: Library) -> None:
    shown: Counter[str] = Counter()
    for picks in plan_editions(make_library(30), 60):
        for pick in picks:
            assert pick.variant == shown[pick.slug] % 2
            shown[pick.slug] += 1


def test_one_edition_equals_its_place_in_the_plan(make_library: Library) -> None:
    concepts = make_library(60)
    plan = list(plan_editions(concepts, 45))
    for number in (1, 2, 17, 45):
        assert choose_concepts(concepts, number) == plan[number - 1]


def test_the_order_of_the_library_on_disk_does_not_matter(make_library: Library) -> None:
    concepts = make_library(120)
    backwards = list(reversed(concepts))
    assert library_order(concepts) == library_order(backwards)
    assert choose_concepts(concepts, 33) == choose_concepts(backwards, 33)


def test_an_excluded_card_gives_its_place_to_the_next(make_library: Library) -> None:
    concepts = make_library(120)
    usual = [p.slug for p in choose_concepts(concepts, 12)]
    for broken in usual:
        without = [p.slug for p in choose_concepts(concepts, 12, exclude=frozenset({broken}))]
        assert len(without) == 5
        assert broken not in without
        assert set(usual) - {broken} <= set(without)


def test_library_order_is_topological_and_levelled(make_library: Library) -> None:
    concepts = make_library(120)
    by_slug = {c.slug: c for c in concepts}
    order = library_order(concepts)
    assert sorted(order) == sorted(by_slug)
    for at, slug in enumerate(order):
        assert set(by_slug[slug].requires) <= set(order[:at])
    levels = [by_slug[s].level for s in order]
    assert levels.index(2) >= 15
    assert levels.index(3) >= 55
    tracks = [by_slug[s].track for s in order]
    apart = sum(t in tracks[max(0, at - 2) : at] for at, t in enumerate(tracks))
    assert apart <= 12


def test_a_concept_more_leaves_the_order_sensible(
    make_library: Library, make_concept: Callable[..., Concept]
) -> None:
    concepts = make_library(60)
    more = [*concepts, make_concept("an-addition", "optimisation", 1, (concepts[0].slug,))]
    order = library_order(more)
    assert order.index("an-addition") > order.index(concepts[0].slug)
    editions = list(plan_editions(more, 60))
    assert faults(more, editions, distance=3) == []


def test_circles_are_named(make_concept: Callable[..., Concept]) -> None:
    circle = [
        make_concept("a", "optimisation", 1, ("b",)),
        make_concept("b", "optimisation", 1, ("a",)),
        make_concept("c", "optimisation"),
    ]
    with pytest.raises(CatalogError, match="circle among: a, b"):
        library_order(circle)


def test_a_prerequisite_that_is_not_in_the_library_holds_nothing_up(
    make_concept: Callable[..., Concept],
) -> None:
    assert library_order([make_concept("a", "optimisation", 1, ("elsewhere",))]) == ["a"]


def test_editions_count_from_one(make_library: Library) -> None:
    with pytest.raises(ValueError, match="count from 1"):
        choose_concepts(make_library(10), 0)


def test_edition_1000_is_fast(make_library: Library) -> None:
    concepts = make_library(120)
    started = time.process_time()
    choose_concepts(concepts, 1000)
    assert time.process_time() - started < 0.3
