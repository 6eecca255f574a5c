"""Learned scores: features, fits, pools and judging, on made-up candidates."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from random import Random

import pytest

from digest.domain import features as look
from digest.domain.companies import companies
from digest.domain.fitting import Example, Recipe, fit
from digest.domain.pools import (
    Pool,
    by_host,
    by_votes,
    cross_validate,
    interval,
    judge,
    learned,
    order,
    rank_pool,
)
from digest.domain.scoring import Features, Head, chance


def test_a_head_sums_its_parts_and_passes_over_what_it_does_not_know() -> None:
    head = Head(-1.0, {"news": 0.5}, {"host=lab.example": 2.0, "word=model": 0.25})
    seen = Features(
        {"news": 2.0, "unknown": 9.0}, frozenset({"host=lab.example", "word=model", "word=bread"})
    )
    assert head.parts(seen) == {"base": -1.0, "host": 2.0, "news": 1.0, "title": 0.25}
    assert head.score(seen) == 2.25
    assert chance(0.0) == 0.5
    assert chance(-800.0) == 0.0
    assert chance(800.0) == 1.0


def test_places_are_host_domain_and_folders() -> None:
    signs = look.place_signs("https://www.news.lab.example/blog/2026/03/a-model?x=1")
    assert signs == {"host=news.lab.example", "domain=lab.example", "path=lab.example/blog"}
    assert look.place_signs("lab.example/a") == {"host=lab.example", "domain=lab.example"}
    assert look.place_signs("") == frozenset()
    assert look.registrable("a.b.co.uk") == "b.co.uk"


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://a.example/2026/03/02/x", date(2026, 3, 2)),
        ("https://a.example/2026/mar/2/x", date(2026, 3, 2)),
        ("https://a.example/world/x-2026-03-02", date(2026, 3, 2)),
        ("https://a.example/2026/13/02/x", None),
        ("https://a.example/x", None),
    ],
)
def test_dates_in_links(url: str, day: date | None) -> None:
    assert look.date_in(url) == day


def test_reports_of_one_event_are_counted_softly() -> None:
    titles = ["Alpha Lab releases Quill 3 model", "Bread prices fall again", "Rain in April"]
    context = ["Quill 3 model released by Alpha Lab", "Bread is cheaper"]
    sure = look.soft_reports(titles, context)
    assert sum(sure[0]) > sum(sure[1]) > 0
    assert sure[2] == []


def test_missing_votes_are_no_votes_against() -> None:
    bare = look.paper("Agents that reason")
    assert "upvotes" not in bare.numbers
    assert look.thread(points={}, comments={}).numbers == {}
    full = look.thread(points={0: 2, 1: 8, 2: 14}, comments={0: 0, 1: 1, 2: 2})
    assert look.thread(points={0: 2, 2: 14}, comments={0: 0, 2: 2}) == full
    seen = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert look.thread(points={2: 14}, comments={}, first_seen=seen).numbers["weekend"] == 1.0


def test_companies_are_known_by_their_products() -> None:
    assert companies("ChatGPT and Claude 4.5 compared") == {"OpenAI", "Anthropic"}
    assert companies("A meta study of intelligence") == frozenset()


# --- fits --------------------------------------------------------------------------------------


def made(days: int = 40, seed: int = 0) -> list[Pool]:
    """Days of ten candidates; those of lab.example with a coverage are picked mostly."""
    rng = Random(seed)  # noqa: S311 - a repeatable sequence, no secret
    pools = []
    for day in range(days):
        seen, grades = [], []
        for _ in range(10):
            host = rng.choice(("lab", "shop", "press"))
            coverage = rng.random()
            z = 2.0 * (host == "lab") + 3.0 * coverage - 3.5
            grades.append(2 if rng.random() < chance(z) else 0)
            signs = {f"host={host}.example", f"word=w{rng.randint(0, 30)}"}
            seen.append(Features({"coverage": coverage}, frozenset(signs)))
        if any(grades):
            pools.append(
                Pool(
                    head="headline",
                    unit="day",
                    name=f"2026-{day // 28 + 1:02}-{day % 28 + 1:02}",
                    keys=tuple(f"k{n}" for n in range(10)),
                    titles=tuple(f"title number{n} of{day}" for n in range(10)),
                    features=tuple(seen),
                    votes=tuple(f.numbers["coverage"] for f in seen),
                    grades=tuple(grades),
                )
            )
    return pools


def examples(pools: list[Pool]) -> list[Example]:
    return [example for pool in pools for example in pool.examples()]


def test_a_fit_finds_what_made_the_picks() -> None:
    head = fit(examples(made(400)))
    assert head.numbers["coverage"] == pytest.approx(3.0, abs=0.5)
    apart = head.signs["host=lab.example"] - head.signs["host=shop.example"]
    assert apart == pytest.approx(2.0, abs=0.5)
    assert all(abs(w) < 0.6 for sign, w in head.signs.items() if sign.startswith("word="))


def test_a_fit_is_where_its_gradient_vanishes() -> None:
    """Against plain gradient descent on a problem small enough to be sure of."""
    rows = [(0.0, False), (1.0, False), (2.0, True), (3.0, True), (1.5, False), (1.6, True)]
    head = fit([Example(Features({"x": x}), picked, "d") for x, picked in rows])
    w = b = 0.0
    for _ in range(20_000):
        off = [chance(w * x + b) - picked for x, picked in rows]
        w -= 0.05 * (w + sum(o * x for o, (x, _) in zip(off, rows, strict=True)))
        b -= 0.05 * sum(off)
    assert head.numbers["x"] == pytest.approx(w, abs=2e-3)
    assert head.bias == pytest.approx(b, abs=4e-3)


def test_a_fit_does_not_learn_single_days_and_leans_on_its_prior() -> None:
    pools = made(40)
    once = Example(Features({}, frozenset({"host=once.example"})), picked=True, day="2026-01-01")
    assert "host=once.example" not in fit([*examples(pools), once]).signs
    prior = Head(numbers={"coverage": 30.0})
    tight = Recipe(spread=dict(Recipe().spread, number=0.01))
    assert fit(examples(pools), tight, prior).numbers["coverage"] == pytest.approx(30.0, abs=0.5)
    assert fit(examples(pools)) == fit(examples(pools))
    with pytest.raises(ValueError, match="picked and other"):
        fit([once])


def test_learned_beats_host_and_votes_on_unseen_days() -> None:
    pools = made(160)
    means = []
    for fitter in (learned(Recipe()), by_host, by_votes):
        scores = cross_validate(pools, fitter)
        values = [judge(p, order(p, s)) for p, s in zip(pools, scores, strict=True)]
        means.append(math.fsum(values) / len(values))
        low, high = interval(values)
        assert low < means[-1] < high
    assert means[0] > max(means[1:])


def test_no_pool_is_judged_by_a_fit_that_saw_it() -> None:
    pools = made(20)
    seen: list[set[str]] = []

    def spy(learn):
        seen.append({pool.name for pool in learn})
        return lambda pool: [float(pool.name in seen[-1])] * len(pool.keys)

    assert all(score == 0.0 for scores in cross_validate(pools, spy) for score in scores)
    assert len(seen) == 8


def test_measures_on_cases_done_by_hand() -> None:
    def pool(head: str, grades: list[int]) -> Pool:
        n = len(grades)
        blank = (Features(),) * n
        keys = tuple(map(str, range(n)))
        return Pool(head, "day", "d", keys, keys, blank, (0.0,) * n, tuple(grades))

    assert judge(pool("headline", [2, 0, 1, 0, 0, 0, 2]), range(7)) == 0.5
    assert judge(pool("community", [1, 0, 1, 0, 0, 1, 1, 1]), range(8)) == 0.4
    ideal = 1 + 1 / math.log2(3)
    assert judge(pool("paper", [0, 1, 1]), range(3)) == pytest.approx(
        (1 / math.log2(3) + 0.5) / ideal
    )


def test_a_second_headline_of_one_event_goes_behind() -> None:
    titles = ("Quill 3 model released", "Quill 3 model is released", "Rain again")
    seen = tuple(Features({"x": x}) for x in (3.0, 2.5, 2.0))
    pool = Pool("headline", "day", "d", ("a", "b", "c"), titles, seen, (0.0,) * 3)
    assert rank_pool(pool, Head(numbers={"x": 1.0})) == ["a", "c", "b"]
