"""Sixty days of feeds over real HTTP, collected and published by the real program.

scripts/stream is the long form: eight rounds a day, two seconds between requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import sixty
from tests.acceptance.world import World, world
from tests.workflows import stream as made

PAUSE_S = 0.05
HOURS = (5,)
Ran = tuple[World, sixty.Diary]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    with world() as at:
        folder = tmp_path_factory.mktemp("stream")
        yield (
            at,
            sixty.run(
                at, folder, days=made.DAYS, hours=HOURS, interval_s=PAUSE_S, every=3, concepts=0
            ),
        )


def test_nothing_is_lost(ran: Ran) -> None:
    assert list(sixty.lost(*ran)) == []


def test_no_five_tells_an_event_twice(ran: Ran) -> None:
    assert list(sixty.twice_in_a_five(*ran)) == []


def test_hardly_anything_comes_again_without_a_development(ran: Ran) -> None:
    found, total = sixty.repeats(*ran)
    assert total > 4 * made.DAYS
    assert len(found) <= sixty.REPEATS * total, found


def test_every_five_has_three_outlets(ran: Ran) -> None:
    assert list(sixty.narrow(ran[1])) == []


def test_hosts_are_asked_politely(ran: Ran) -> None:
    assert list(sixty.impolite(*ran, PAUSE_S)) == []


def test_moves_ends_and_outages_are_noticed(ran: Ran) -> None:
    assert list(sixty.unnoticed(*ran)) == []


def test_the_same_feeds_give_the_same_bytes(ran: Ran, tmp_path: Path) -> None:
    with world() as at:
        again = sixty.run(at, tmp_path, days=8, hours=HOURS, interval_s=0, every=3, concepts=0)
    assert again.said == ran[1].said[:8]
