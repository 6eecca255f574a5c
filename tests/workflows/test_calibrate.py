"""Learning from what an editor changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from digest import resources
from digest.catalog.weights import read_model
from digest.domain.edition import Edition, EditionStatus, StoryPick
from digest.domain.story import Story
from digest.errors import UsageError
from digest.workflows.calibrate import calibrate, from_editions, usable
from digest.workflows.edit import EDITOR

FACTS = {"owners": 1.0, "tier": 2.0, "primary": 0.0}


def pick(slot: int, host: str, number: int, **features: float) -> StoryPick:
    when = datetime(2026, 3, 1, tzinfo=UTC)
    url = f"https://{host}.example/{number}"
    story = Story(f"{host}{number}", f"A model of {host}", url, host, "", when, when)
    return StoryPick(slot, story, 0.0, "why", FACTS | features)


def edition(number: int, *, changed: bool) -> Edition:
    editor = {EDITOR: 1.0} if changed else {}
    return Edition(
        date=date(2026, 3, 1) + timedelta(days=number),
        number=number + 1,
        status=EditionStatus.PUBLISHED,
        built_at=datetime(2026, 3, 1, tzinfo=UTC),
        subject="",
        preheader="",
        concepts=(),
        stories=(pick(1, "wanted", number, **editor), pick(2, "usual", number)),
        runners_up=(pick(0, "unwanted", number), pick(0, "other", number)),
    )


def test_an_editors_changes_move_the_weights_and_the_programs_own_picks_do_not() -> None:
    model = read_model(resources.data("ranking.json"))
    own = from_editions([edition(n, changed=False) for n in range(12)], {})
    assert own == []
    with pytest.raises(UsageError, match="no pool tells what was picked"):
        calibrate(own, model)
    pools = usable(from_editions([edition(n, changed=True) for n in range(12)], {}))
    assert [pool.grades for pool in pools] == [(2, 2, 0, 0)] * 12
    learned = calibrate(pools, model).headline
    assert learned.signs["host=wanted.example"] > 0.3
    assert learned.signs["host=unwanted.example"] < -0.3
    # What the days say nothing about stays as it was.
    assert learned.signs.get("host=openai.com") == model.headline.signs["host=openai.com"]


def test_papers_and_the_shelf_are_left_out() -> None:
    made = edition(0, changed=True)
    shelf = replace(pick(3, "shelf", 0), story=replace(pick(3, "shelf", 0).story, shelf=True))
    (pool,) = from_editions([replace(made, stories=(*made.stories, shelf))], {})
    assert "shelf0" not in pool.keys
