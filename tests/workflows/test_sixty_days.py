"""Sixty made-up days, chosen one after the other: no event twice, many outlets, the same bytes."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from random import Random

import pytest

from digest import resources
from digest.catalog.weights import read_model
from digest.workflows.choose import Chooser, Replayed, replay
from tests.workflows import stream as made


def chosen(stream: made.Stream, days: int) -> list[Replayed]:
    chooser = Chooser(made.SOURCES, read_model(resources.data("ranking.json")))
    last = made.FIRST + timedelta(days=days - 1)
    store = made.StreamStore(stream)
    return list(replay(store, chooser, made.FIRST, last, window_h=72, k=5))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def stream() -> made.Stream:
    return made.make()


@pytest.fixture(scope="module")
def days(stream: made.Stream) -> list[Replayed]:
    return chosen(stream, made.DAYS)


def test_there_are_five_a_day(days: list[Replayed]) -> None:
    assert len(days) == made.DAYS
    # The first one is chosen at six in the morning of the first day.
    assert all(len(day.picks) == 5 for day in days[1:])


def test_no_five_tells_an_event_twice(stream: made.Stream, days: list[Replayed]) -> None:
    for day in days:
        told = [stream.event_of(pick.story) for pick in day.picks]
        assert len(set(told)) == len(told), day.date


def test_hardly_anything_comes_again_without_a_development(
    stream: made.Stream, days: list[Replayed]
) -> None:
    repeats, updates, total = [], 0, 0
    for at, day in enumerate(days):
        before = {
            stream.event_of(pick.story): earlier.date
            for earlier in days[max(0, at - 14) : at]
            for pick in earlier.picks
        }
        for pick in day.picks:
            total += 1
            event = stream.events[stream.event_of(pick.story)]
            if event.key not in before:
                continue
            if any(before[event.key] <= on <= day.date for on in event.developed):
                updates += 1
                assert pick.reason.startswith("update: ")
            else:
                repeats.append((day.date, event.key, pick.reason))
    assert len(repeats) <= 0.02 * total, repeats
    assert updates > 0, "no development was ever told, so nothing was tested"


def test_every_five_has_three_outlets(days: list[Replayed]) -> None:
    owner = {source.title: source.owner for source in made.SOURCES.values()}
    for day in days[1:]:
        outlets = [owner.get(pick.story.outlet, pick.story.outlet) for pick in day.picks]
        assert len(set(outlets)) >= 3, day.date
        assert max(outlets.count(outlet) for outlet in outlets) <= 2, day.date


def test_caps_of_papers_and_money_hold(days: list[Replayed]) -> None:
    for day in days:
        assert sum(pick.story.paper for pick in day.picks) <= 1
        assert sum(pick.features["money"] for pick in day.picks) <= 1
        assert not any(pick.features["unwanted"] for pick in day.picks)
        assert all(pick.features["cosigned"] for pick in day.picks if pick.story.paper)


def test_the_same_stream_gives_the_same_bytes(stream: made.Stream, days: list[Replayed]) -> None:
    shuffled = list(stream.entries)
    Random(1).shuffle(shuffled)  # noqa: S311 - a repeatable sequence, no secret
    again = chosen(replace(stream, entries=shuffled), 12)

    def said(day: Replayed) -> str:
        return json.dumps(asdict(day), default=str)

    assert [said(day) for day in again] == [said(day) for day in days[:12]]
