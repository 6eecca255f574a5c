"""An edition that is held: it stays a draft, `digest send` refuses, and letting go ends it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from digest.cli.send import _refuse_held
from digest.domain.edition import EditionStatus
from digest.domain.subscriber import Preferences
from digest.errors import EditionError
from digest.wiring import operator
from digest.workflows.tick import Ticked, tick
from tests.web.conftest import NOW, World

TOMORROW = NOW.date() + timedelta(days=1)


def at(world: World, hour: int, minute: int) -> Ticked:
    """A tick of tomorrow's clock."""
    world.moment[0] = (NOW + timedelta(days=1)).replace(hour=hour, minute=minute)
    wiring, store = world.wiring, world.store
    return tick(
        store, world.moment[0], wiring.publisher(store),
        lambda: wiring.courier(store, wiring.transport(store)),
        lead_minutes=30, window_h=12, review_minutes=60,
    )  # fmt: skip


def state(world: World) -> EditionStatus | None:
    found = world.store.editions.get(TOMORROW)
    return found and found.status


def test_a_draft_is_there_to_look_at_and_is_held_until_it_is_let_go(world: World) -> None:
    registrar = world.wiring.registrar(world.store)
    registrar.add("ada@example.org", NOW, Preferences(hour=7))
    editor = operator.editor(world.wiring, world.store)
    assert at(world, 5, 20).faults == []
    assert state(world) is None
    at(world, 5, 30)
    assert state(world) is EditionStatus.DRAFT
    editor.hold(TOMORROW, "  a source takes\n its report back ", world.moment[0])
    for minute in (30, 45):
        assert at(world, 6, minute).faults == []
        assert state(world) is EditionStatus.DRAFT
    late = at(world, 7, 5)
    assert (late.faults, late.queued, late.runs) == ([], {}, {})
    assert world.smtp.letters == []
    with pytest.raises(
        EditionError, match=r"held since .*: a source takes its report back"
    ) as told:
        _refuse_held(world.store, TOMORROW)
    assert f"digest resume {TOMORROW}" in told.value.hint
    _refuse_held(world.store, TOMORROW + timedelta(days=1))
    editor.release(TOMORROW)
    assert at(world, 7, 10).queued == {TOMORROW: 1}
    assert state(world) is EditionStatus.PUBLISHED
    assert [letter.recipients for letter in world.smtp.letters] == [("ada@example.org",)]


def test_a_hold_of_all_sending_holds_each_edition(world: World) -> None:
    world.store.ledger.hold("sending", "the disk is full", NOW)
    with pytest.raises(EditionError, match="all sending is held"):
        _refuse_held(world.store, NOW.date())
    held = operator.editor(world.wiring, world.store).held(NOW.date())
    assert held is not None
    assert held.name == "sending"
