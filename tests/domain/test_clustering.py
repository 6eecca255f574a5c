"""Entries of one event come together, others stay apart, in any order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from digest.domain.clustering import build_story, cluster, keep_ids, story_id
from digest.domain.nearness import Grouping
from digest.domain.story import UNDATED, Entry, Source

Make = Callable[..., Entry]

EVENTS = [
    [
        "Alphacorp releases Borealis, an open-weight language model",
        "Alphacorp's Borealis language model is released with open weights",
        "Borealis: Alphacorp opens the weights of its language model",
    ],
    [
        "Court rules scraping of news archives by chatbot maker lawful",
        "Judge: chatbot maker's scraping of news archives was lawful",
    ],
    ["Robot learns to fold laundry from ten videos"],
    ["Survey finds most teachers use chatbots for grading"],
]
OUTLETS = ["alpha", "beta", "delta"]


def entries(make_entry: Make) -> list[Entry]:
    return [
        make_entry(title, source=OUTLETS[at], hours=4 + at)
        for titles in EVENTS
        for at, title in enumerate(titles)
    ]


def found(groups: list[tuple[Entry, ...]]) -> set[frozenset[str]]:
    return {frozenset(e.title for e in group) for group in groups}


def test_events_come_together(make_entry: Make) -> None:
    assert found(cluster(entries(make_entry))) == {frozenset(titles) for titles in EVENTS}


@pytest.mark.parametrize("seed", range(5))
def test_any_order_gives_the_same_groups(make_entry: Make, seed: int) -> None:
    made = entries(make_entry)
    mixed = list(made)
    Random(seed).shuffle(mixed)  # noqa: S311 - a repeatable order, no secret
    assert cluster(mixed) == cluster(made)
    assert cluster(mixed + mixed[:3]) == cluster(made)


def test_groups_are_ordered_by_first_seen_and_entries_by_publication(make_entry: Make) -> None:
    groups = cluster(entries(make_entry))
    firsts = [min((e.first_seen, e.id) for e in group) for group in groups]
    assert firsts == sorted(firsts)
    assert all(list(g) == sorted(g, key=lambda e: (e.published, e.id)) for g in groups)


def test_an_equal_ref_is_certain(make_entry: Make) -> None:
    one = make_entry("A quiet title", source="alpha", url="https://lab.example/post")
    other = make_entry("Nothing in common", source="hackernews", url="https://lab.example/post")
    far = make_entry("Entirely different words", source="beta", url="https://x.example/1")
    assert found(cluster([one, other, far])) == {
        frozenset({one.title, other.title}),
        frozenset({far.title}),
    }


def test_the_same_words_weeks_apart_are_two_events(make_entry: Make) -> None:
    title = "Alphacorp cuts the price of its language model"
    near = [make_entry(title, source="alpha", hours=2), make_entry(title, source="beta", hours=9)]
    assert len(cluster(near)) == 1
    far = [near[0], make_entry(title, source="beta", hours=24 * 14)]
    assert len(cluster(far)) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alphacorp releases GPT-5.1 for developers", "Alphacorp releases GPT-5.2 for developers"),
        ("Gemini 2.5 arrives in search", "Gemini 3 arrives in search"),
        ("Model notes weekly 12", "Model notes weekly 13"),
        ("Alphacorp ships Gemini 2.5 in search", "Alphacorp ships its Gemini 3 in search"),
    ],
)
def test_other_versions_are_other_stories(make_entry: Make, one: str, other: str) -> None:
    pair = [make_entry(one, source="alpha"), make_entry(other, source="beta")]
    assert len(cluster(pair)) == 2
    same = [make_entry(one, source="alpha"), make_entry(one, source="beta")]
    assert len(cluster(same)) == 1


def test_leads_help_and_may_be_missing(make_entry: Make) -> None:
    lead = "Borealis folds proteins in seconds, the institute in Uppsala says"
    pair = [
        make_entry("Borealis is here", source="alpha", lead=lead),
        make_entry("Folding in seconds", source="beta", lead=lead + ", and it is free"),
    ]
    others = [make_entry(t) for t in ("Tides of the moon", "A hive of bees", "Iron ore prices")]
    assert frozenset(e.title for e in pair) in found(cluster(pair + others))
    bare = [replace(e, lead="") for e in pair]
    assert len(cluster(bare + others)) == 5


def test_a_story_has_at_most_so_many_entries(make_entry: Make) -> None:
    many = [
        make_entry("Alphacorp releases Borealis language model", source=f"s{at:03}")
        for at in range(90)
    ]
    sizes = [len(group) for group in cluster(many, Grouping(largest=60))]
    assert max(sizes) == 60
    assert sum(sizes) == 90


def test_odd_input(make_entry: Make) -> None:
    assert cluster([]) == []
    empty = [make_entry("", source=name, url=f"https://{name}.example/x") for name in OUTLETS]
    assert len(cluster(empty)) == 3
    stop = [make_entry("the of and", source=name) for name in OUTLETS]
    assert len(cluster(stop)) == 3


def test_the_id_is_that_of_the_entry_seen_first(make_entry: Make) -> None:
    early, late = make_entry("A", hours=9), make_entry("B", source="beta", hours=3)
    assert story_id([early, late]) == story_id([late, early]) == story_id([early])
    assert story_id([late]) != story_id([early])
    assert len(story_id([late])) == 16


def test_three_thousand_entries_take_seconds(make_entry: Make) -> None:
    rng = Random(1)  # noqa: S311 - a repeatable batch, no secret
    words = [f"word{chr(97 + a)}{chr(97 + b)}" for a in range(26) for b in range(26)] * 3
    batch = []
    for _ in range(750):
        event = rng.sample(words, 9)
        for outlet in range(4):
            said = rng.sample(event, 6) + rng.sample(words, 2)
            batch.append(make_entry(" ".join(said), source=f"s{outlet}", hours=rng.random() * 90))
    started = time.process_time()
    groups = cluster(batch)
    assert time.process_time() - started < 6
    assert 500 < len(groups) < 1500


def test_build_story_lets_the_best_outlet_tell(
    make_entry: Make, sources: dict[str, Source]
) -> None:
    group = [
        make_entry("Press title", source="alpha", hours=8, lead="Press lead."),
        make_entry("Second house", source="beta", hours=7),
        make_entry("Same house", source="gamma", hours=9),
        make_entry("Lab title", source="lab", hours=5, lead="Lab lead."),
        make_entry("Listed", source="lists", hours=10),
        make_entry("Voted", source="hackernews", hours=4, points=120.0, comments=30.0),
        make_entry("Voted", source="hackernews", hours=3, points=90.0),
    ]
    story = build_story(group, sources)
    assert (story.title, story.summary, story.outlet) == ("Lab title", "Lab lead.", "Lab")
    assert story.outlets == ("Lab", "Alpha", "Beta")
    assert [e.published for e in story.entries] == sorted(e.published for e in group)
    assert story.first_seen == min(e.first_seen for e in group)
    assert story.id == story_id(group)
    assert story.signals == {"points": 120.0, "comments": 30.0}


def test_a_signal_alone_stands_for_its_target(make_entry: Make, sources: dict[str, Source]) -> None:
    entry = make_entry("Voted", source="hackernews", url="https://www.blog.example/post")
    story = build_story([entry], sources)
    assert (story.outlet, story.outlets) == ("blog.example", ("blog.example",))
    with pytest.raises(ValueError, match="needs an entry"):
        build_story([], sources)


def test_a_story_keeps_its_id_while_its_entries_overlap(
    make_entry: Make, sources: dict[str, Source]
) -> None:
    made = [make_entry(f"Telling {at}", hours=30 - at) for at in range(8)]
    before = build_story(made[:4], sources)
    grown = build_story(made[1:6], sources)  # the first entry has left the window
    other = build_story(made[6:], sources)
    assert grown.id != before.id
    kept = keep_ids([other, grown], [before])
    assert [story.id for story in kept] == [other.id, before.id]
    assert keep_ids([grown, other], []) == [grown, other]
    small = build_story([*made[3:4], *made[5:]], sources)  # one of four is left
    assert keep_ids([small], [before]) == [small]


def test_what_parts_from_a_story_gets_an_id_of_its_own(
    make_entry: Make, sources: dict[str, Source]
) -> None:
    made = [make_entry(f"Telling {at}", hours=30 - at) for at in range(5)]
    before = build_story(made, sources)
    first, rest = build_story(made[:1], sources), build_story(made[1:], sources)
    kept = keep_ids([first, rest], [before])
    assert kept[1].id == before.id == first.id
    assert len({story.id for story in kept}) == 2
    assert kept == keep_ids([first, rest], [before])


def test_entries_without_a_time_join_those_that_have_one(make_entry: Make) -> None:
    dated = make_entry("Alphacorp releases Borealis language model", source="alpha")
    bare = make_entry("Alphacorp's Borealis language model is released", source="beta")
    undated = replace(bare, published=UNDATED, first_seen=UNDATED)
    assert len(cluster([dated, undated])) == 1


def meaning(events: list[list[Entry]], seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Vectors as a model gives them: near for one event, all with much in common."""
    rng = np.random.Generator(np.random.PCG64(seed))
    shared = rng.normal(size=64)
    vectors: dict[str, NDArray[np.float32]] = {}
    for event in events:
        centre = rng.normal(size=64)
        for entry in event:
            vector = shared + centre + 0.4 * rng.normal(size=64)
            vectors[entry.id] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return vectors


def test_meaning_finds_what_words_do_not_tell(make_entry: Make) -> None:
    one = [
        make_entry("Borealis released by Alphacorp today", source="alpha"),
        make_entry("Alphacorp opens weights of its network", source="beta"),
        make_entry("A machine that writes is free for everyone", source="delta"),
    ]
    others = [[make_entry(f"Word{at} thing{at} other{at}", source="alpha")] for at in range(90)]
    entries = [*one, *(entry for event in others for entry in event)]
    vectors = meaning([one, *others])
    assert frozenset(e.title for e in one) not in found(cluster(entries))
    together = cluster(entries, vectors=vectors)
    assert frozenset(e.title for e in one) in found(together)
    assert len(together) == 91
    assert cluster(entries[::-1], vectors=vectors) == together


def test_meaning_may_be_missing_and_vetoes_no_less(make_entry: Make) -> None:
    entries = [
        make_entry("Alphacorp releases GPT-5.1 for developers", source="alpha"),
        make_entry("Alphacorp releases GPT-5.2 for developers", source="beta"),
        make_entry("Developers get GPT-5.2, Alphacorp releases it", source="delta"),
    ]
    vectors = meaning([entries])
    apart = {frozenset({entries[0].title}), frozenset(e.title for e in entries[1:])}
    assert found(cluster(entries, vectors=vectors)) == apart
    del vectors[entries[2].id]
    assert found(cluster(entries, vectors=vectors)) == apart
    assert cluster(entries, vectors={}) == cluster(entries)


def told_in_many_words(make_entry: Make, seed: int = 3) -> tuple[list[Entry], list[Entry]]:
    """Entries of two large events, each told in many words around a name, and single ones."""
    rng = Random(seed)  # noqa: S311 - a repeatable batch, no secret
    names = [("borealis", "alphacorp"), ("carbonara", "betafoods")]
    large: list[Entry] = []
    for name, firm in names:
        words = [f"{name[:3]}word{chr(97 + a)}{chr(97 + b)}" for a in range(6) for b in range(5)]
        for at in range(40):
            about = [name] if at % 2 else [name, firm]
            title = " ".join([*about, *rng.sample(words, 5)])
            large.append(make_entry(title, source=f"s{at:02}", hours=4 + at / 10))
    single = [make_entry(f"Lone{chr(97 + a)} thing{chr(97 + a)} other{a}") for a in range(12)]
    return large, single


def test_a_large_story_takes_in_what_is_told_in_other_words(make_entry: Make) -> None:
    large, single = told_in_many_words(make_entry)
    batch = large + single
    loose = cluster(batch, Grouping(centre_threshold=9.0))  # nothing is ever as near
    taken = cluster(batch)
    assert len(loose) > len(taken) + 5
    for name in ("borealis", "carbonara"):
        about = max(taken, key=lambda g: sum(name in e.title for e in g))
        assert sum(name in e.title for e in about) >= 35
        assert all(name in e.title for e in about)
    assert {frozenset({e.title}) for e in single} <= found(taken)
    Random(1).shuffle(batch)  # noqa: S311 - a repeatable order, no secret
    assert cluster(batch) == taken


def test_what_is_taken_in_obeys_vetoes_and_the_cap(make_entry: Make) -> None:
    large, single = told_in_many_words(make_entry)
    other = [make_entry(f"Borealis-2 {e.title}", source="other") for e in large[:2]]
    first = [replace(e, title=f"Borealis-1 {e.title}") for e in large[:40]]
    groups = cluster(first + large[40:] + single + other)
    assert not any(
        any("Borealis-1" in e.title for e in group) and any("Borealis-2" in e.title for e in group)
        for group in groups
    )
    capped = cluster(large + single, Grouping(largest=20, largest_share=0.0))
    assert max(len(group) for group in capped) <= 20


def test_two_numbers_of_a_series_stay_apart_however_many_tell_them(make_entry: Make) -> None:
    weekly = [
        make_entry(f"Model notes weekly {number}", source=f"s{at}")
        for number in (12, 13)
        for at in range(12)
    ]
    groups = cluster(weekly)
    assert found(groups) == {
        frozenset({"Model notes weekly 12"}),
        frozenset({"Model notes weekly 13"}),
    }


def test_the_faded_and_the_undated_do_not_move_a_centre_astray(make_entry: Make) -> None:
    large, single = told_in_many_words(make_entry)
    undated = [replace(e, published=UNDATED, first_seen=UNDATED) for e in large[::3]]
    mixed = [e for at, e in enumerate(large) if at % 3] + undated + single
    names = [
        {w for w in ("borealis", "carbonara") if w in e.title} for g in cluster(mixed) for e in g
    ]
    assert len(names) == len(mixed)
