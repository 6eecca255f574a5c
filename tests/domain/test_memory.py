"""FSRS-6 against the library whose formulas it repeats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import fsrs
import pytest

from digest.domain.memory import MemoryState, Rating, days_until, first, recall, review

START = datetime(2026, 1, 1, 7, tzinfo=UTC)


def oracle() -> fsrs.Scheduler:
    return fsrs.Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


@pytest.mark.parametrize("seed", range(40))
def test_random_schedules_agree_with_py_fsrs(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - a repeatable sequence, no secret
    scheduler, card, day = oracle(), fsrs.Card(), 0
    rating = Rating(rng.randint(1, 4))
    card, _ = scheduler.review_card(card, fsrs.Rating(rating), START)
    state = first(rating, day)
    for _ in range(25):
        assert card.stability == pytest.approx(state.stability, rel=1e-9)
        assert card.difficulty == pytest.approx(state.difficulty, rel=1e-9)
        gap = rng.choice((0, 1, 1, 2, 3, 5, 8, 20, 90, 400))
        day += gap
        at = START + timedelta(days=day)
        expected = scheduler.get_card_retrievability(card, at)
        assert recall(state, gap) == pytest.approx(expected, rel=1e-9)
        rating = Rating(rng.randint(1, 4))
        card, _ = scheduler.review_card(card, fsrs.Rating(rating), at)
        state = review(state, gap, rating)
        assert state.last == day


def test_stability_is_the_days_after_which_recall_is_nine_in_ten() -> None:
    for stability in (0.001, 2.3065, 40.0, 1000.0):
        state = MemoryState(stability, 5.0)
        assert recall(state, stability) == pytest.approx(0.9, abs=1e-12)
        assert days_until(state, 0.9) == pytest.approx(stability, rel=1e-9)
        assert recall(state, days_until(state, 0.7)) == pytest.approx(0.7, abs=1e-9)


def test_recall_starts_at_one_and_only_falls() -> None:
    state = first(Rating.GOOD)
    curve = [recall(state, day) for day in range(200)]
    assert curve[0] == 1.0
    assert all(later < earlier for earlier, later in pairwise(curve))
    assert recall(state, -3) == 1.0


def test_ratings_are_ordered() -> None:
    state = first(Rating.GOOD)
    after = [review(state, 4, rating) for rating in Rating]
    stabilities = [s.stability for s in after]
    assert stabilities == sorted(stabilities)
    assert [s.difficulty for s in after] == sorted((s.difficulty for s in after), reverse=True)
