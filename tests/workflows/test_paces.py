"""Paces that all senders of an installation share, on both databases."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.domain.pace import PaceState
from digest.errors import StorageError
from digest.workflows.paces import PATIENCE, SharedPaces

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
KEY = "server:mail.example.org:25"
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def spent(pace, now=NOW, most=10_000):
    """Letters that may go now."""
    count = 0
    while count < most and pace.delay(now) == 0:
        pace.spend(now)
        count += 1
    return count


def passes(store, key, by):
    """So much time passes for a key: its state becomes older."""
    with store.paces.held(key) as (state, _):
        for name in ("at", "trouble_at", "first", "day"):
            if getattr(state, name) is not None:
                setattr(state, name, getattr(state, name) - by)


def very_slow(store, key):
    """A letter a minute, so that it does not matter how long the test takes."""
    with store.paces.held(key) as (state, _):
        state.slowed = 1 / 60


# --- on the databases --------------------------------------------------------------------------


def test_a_restart_gives_no_new_burst(store):
    began = time.monotonic()

    def at_most(letters):
        # The database's clock goes on: 20 letters a second, and the ends of a wait.
        return letters + 20 * (time.monotonic() - began) + 1

    # One or two are left, fewer than are granted at once.
    assert 18 <= spent(SharedPaces(store.paces).of(KEY, rate=20)) <= at_most(20)
    assert spent(SharedPaces(store.paces).of(KEY, rate=20)) <= at_most(0)
    passes(store, KEY, SECOND / 2)
    assert 8 <= spent(SharedPaces(store.paces).of(KEY, rate=20)) <= at_most(12)
    # Another server has a bucket of its own; and a long rest earns one burst.
    assert spent(SharedPaces(store.paces).of("server:b:25", rate=20)) >= 18
    passes(store, KEY, 5 * DAY)
    assert 18 <= spent(SharedPaces(store.paces).of(KEY, rate=20)) <= at_most(20)


def together(url, rate, warm_up, seconds, before=lambda: None):
    """What two processes send that begin at the same moment; and the seconds it took."""
    words = [sys.executable, "tests/workflows/pacer.py", url, KEY, str(rate), str(warm_up)]
    env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    senders = [
        subprocess.Popen([*words, str(seconds)], cwd=ROOT, env=env, text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]  # fmt: skip
    try:
        assert [one.stdout.readline() for one in senders] == ["ready\n"] * 2
        before()
        for one in senders:
            one.stdin.write("go\n")
            one.stdin.flush()
        return [json.loads(one.stdout.readline()) for one in senders]
    finally:
        for one in senders:
            one.kill()
            one.communicate()


def test_two_processes_send_at_the_rate_and_not_at_twice_it(store, database_url):
    def no_burst_is_left():
        assert spent(SharedPaces(store.paces).of(KEY, rate=60)) >= 50

    said = together(database_url, 60, 0, 2, no_burst_is_left)
    sent, seconds = [one[0] for one in said], max(one[1] for one in said)
    assert 0.6 * 60 * 2 <= sum(sent) <= 60 * (seconds + 0.2)
    assert min(sent) > 0, "none is left out"


def test_a_warm_up_is_counted_once(store, database_url):
    sent = [one[0] for one in together(database_url, math.inf, 400, 20)]
    assert sum(sent) == 400
    assert spent(SharedPaces(store.paces).of(KEY, warm_up=400)) == 0
    for most in (800, 1600):
        passes(store, KEY, DAY)
        pace = SharedPaces(store.paces).of(KEY, warm_up=400)
        assert spent(pace) == most
        assert pace.delay(NOW + 2 * SECOND) == math.inf


def test_what_was_granted_and_not_used_is_left_for_others(store):
    one = SharedPaces(store.paces).of(KEY, warm_up=50)
    assert spent(one, most=10) == 10
    one.give_back()
    one.give_back()
    assert spent(SharedPaces(store.paces).of(KEY, warm_up=50)) == 40


def test_trouble_of_one_is_felt_by_the_others_within_a_second(store):
    one, other, third = (SharedPaces(store.paces).of("domain:x.example") for _ in range(3))
    assert spent(one, most=500) == spent(other, most=500) == 500, "nothing limits"
    assert store.paces.slowed() == {}
    assert one.slow(NOW)
    assert not third.slow(NOW), "what came at the same moment is the same trouble"
    very_slow(store, "domain:x.example")
    assert one.delay(NOW) > 0
    assert third.delay(NOW) > 0
    assert other.delay(NOW + SECOND / 2) == 0, "it has looked just before"
    assert other.delay(NOW + SECOND) > 0
    assert store.paces.slowed().keys() == {"domain:x.example"}
    # The same for one that has a limit and asks anyway: what it was granted is all it has.
    limited = SharedPaces(store.paces).of(KEY, rate=20)
    assert limited.delay(NOW) == 0
    SharedPaces(store.paces).of(KEY, rate=20).slow(NOW)
    very_slow(store, KEY)
    assert spent(limited) == 3
    assert limited.gap == 60


def test_trouble_passes_and_the_row_is_as_if_it_had_not_been(store):
    SharedPaces(store.paces).of("domain:x.example").slow(NOW)
    very_slow(store, "domain:x.example")
    pace = SharedPaces(store.paces).of("domain:x.example")
    assert pace.delay(NOW) > 0
    passes(store, "domain:x.example", timedelta(minutes=20))
    assert pace.delay(NOW + 2 * SECOND) == 0
    assert store.paces.slowed() == {}
    assert spent(pace, NOW + 2 * SECOND, most=500) == 500


# --- what is asked for, with the database's clock apart from the senders' ----------------------


class Kept:
    """`ports.PaceStore` in memory, with a clock of its own."""

    def __init__(self) -> None:
        self.now = NOW
        self.states = {}
        self.asked = self.looked = 0
        self.away = False

    @contextmanager
    def held(self, key):
        self.asked += 1
        if self.away:
            raise StorageError("the database is away")
        state = replace(self.states.get(key, PaceState()))
        yield state, self.now
        self.states[key] = state

    def slowed(self):
        self.looked += 1
        if self.away:
            raise StorageError("the database is away")
        return {key: state for key, state in self.states.items() if state.slowed < math.inf}


@pytest.mark.parametrize("rate", [2, 14, 2000])
def test_clocks_that_differ_share_a_rate_at_eight_statements_a_second(rate):
    kept = Kept()
    clocks = [timedelta(), timedelta(seconds=7), timedelta(hours=-3)]
    paces = [SharedPaces(kept).of(KEY, rate=rate) for _ in clocks]
    sent, step, seconds = [0, 0, 0], timedelta(milliseconds=5), 20
    for turn in range(seconds * 200):
        if turn == 200:
            before, asked = sum(sent), kept.asked  # the burst is over, their speeds are known
        for number in (0, 1, 2) if turn % 2 else (2, 1, 0):
            now = kept.now + clocks[number]
            # A sender of 1000 letters a second.
            for _ in range(5):
                if paces[number].delay(now) == 0:
                    paces[number].spend(now)
                    sent[number] += 1
        kept.now += step
    assert sum(sent) - before == pytest.approx(rate * (seconds - 1), rel=0.03, abs=1)
    assert (kept.asked - asked) / (seconds - 1) / 3 <= 8
    if rate >= 14:
        assert min(sent) > sum(sent) / 10


def test_where_nothing_limits_nothing_is_asked_but_one_look_a_second():
    kept = Kept()
    paces = SharedPaces(kept)
    domains = [paces.of(f"domain:{number}.example") for number in range(50)]
    for _ in range(1000):
        kept.now += timedelta(milliseconds=10)
        for pace in domains:
            assert pace.delay(kept.now) == 0
            pace.spend(kept.now)
    assert kept.asked == 0
    assert kept.looked == 10
    assert kept.states == {}


def test_a_database_that_is_away_makes_letters_wait_for_a_minute_then_is_told(caplog):
    kept = Kept()
    pace = SharedPaces(kept).of(KEY, rate=14)
    kept.away = True
    now = NOW
    assert pace.delay(now) == 1
    while now - NOW < PATIENCE:
        assert 0 < pace.delay(now) < 1.1
        now += timedelta(milliseconds=100)
    assert kept.asked <= 61, "it is not asked at each turn"
    assert [record.message for record in caplog.records] == [
        "the database is away\n  letters wait for their pace, for a minute"
    ]
    with pytest.raises(StorageError):
        pace.delay(now + SECOND)
    kept.away = False
    assert pace.delay(now + 2 * SECOND) == 0
    kept.away = True
    pace.give_back()


def test_trouble_while_the_database_is_away_is_kept_when_it_is_back():
    kept = Kept()
    pace = SharedPaces(kept).of("domain:x.example")
    assert pace.delay(NOW) == 0
    kept.away = True
    assert pace.slow(NOW)
    assert pace.delay(NOW) > 0
    kept.away = False
    assert pace.delay(NOW + 2 * SECOND) > 0
    assert kept.slowed().keys() == {"domain:x.example"}


def test_a_clock_that_is_set_back_makes_nobody_wait():
    kept = Kept()
    pace = SharedPaces(kept).of(KEY, rate=1)
    assert spent(pace) == 1
    assert pace.delay(NOW) > 0.9
    assert kept.asked == 2
    back = NOW - timedelta(hours=1)
    kept.now = back + 2 * SECOND  # the database's as well
    pace.delay(back)
    kept.now += 2 * SECOND
    assert pace.delay(back + 2 * SECOND) == 0
