"""Several processes on one database: claims do not overlap, migrations wait for one another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from digest.storage import open_store
from digest.storage.migrate import revisions
from tests.databases import Postgres, settings_for
from tests.storage.conftest import DAY, NOW, a_subscriber, an_edition

ROOT = Path(__file__).parents[2]
LETTERS = 2000


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def go(running: subprocess.Popen[str]) -> None:
    assert running.stdin is not None
    running.stdin.write("go\n")
    running.stdin.flush()


def test_four_senders_one_killed_each_letter_once(database_url: str) -> None:
    with open_store(settings_for(database_url)) as store:
        store.editions.save(an_edition(), [])
        store.editions.publish(DAY, NOW)
        with store.write():
            for number in range(LETTERS):
                store.subscribers.add(a_subscriber(f"r{number}"))
        assert store.deliveries.enqueue(DAY, NOW, 12, None) == LETTERS

        now, later = NOW.isoformat(), (NOW + timedelta(minutes=16)).isoformat()
        sender = "tests/storage/claimer.py"
        with (
            process(sender, database_url, "victim", now, "hang") as victim,
            process(sender, database_url, "a", now) as a,
            process(sender, database_url, "b", now) as b,
            process(sender, database_url, "c", now) as c,
        ):
            for running in (victim, a, b, c):
                assert line(running) == "ready"
            # First, or on a busy machine the others might leave it nothing to die with.
            go(victim)
            assert line(victim) == "claimed 50"
            for running in (a, b, c):
                go(running)
            victim.kill()
            sent = [set(json.loads(line(running))) for running in (a, b, c)]
        together = sent[0] | sent[1] | sent[2]
        assert sum(map(len, sent)) == len(together) == LETTERS - 50
        assert store.deliveries.counts(DAY) == {"claimed": 50, "sent": LETTERS - 50}

        # Its lease over, the letters of the dead come back, and only these.
        with process(sender, database_url, "heir", later) as heir:
            assert line(heir) == "ready"
            go(heir)
            inherited = set(json.loads(line(heir)))
        assert len(inherited) == 50
        assert not inherited & together
        assert store.deliveries.counts(DAY) == {"sent": LETTERS}


def test_a_claim_under_way_holds_up_no_other_sender(postgres: Postgres) -> None:
    settings = settings_for(postgres.url(postgres.database("made")), 0.5)
    with open_store(settings) as one, open_store(settings) as two:
        one.editions.save(an_edition(), [])
        one.editions.publish(DAY, NOW)
        for name in "ab":
            one.subscribers.add(a_subscriber(name))
        one.deliveries.enqueue(DAY, NOW, 12, None)
        with one.write():
            (first,) = one.deliveries.claim(DAY, "one", NOW, 1)
            (second,) = two.deliveries.claim(DAY, "two", NOW, 2)
    assert {first.address, second.address} == {"A@example.org", "B@example.org"}


MIGRATE = """
import sys
from digest.storage import connect
from digest.storage.migrate import upgrade
from digest.settings import DatabaseSettings
from pydantic import SecretStr
database = connect(DatabaseSettings(url=SecretStr(sys.argv[1]), busy_timeout_s=60))
print("ready", flush=True)
sys.stdin.readline()
print(" ".join(upgrade(database)) or "none", flush=True)
database.close()
"""


def test_two_that_migrate_at_once_do_it_once(empty_database_url: str) -> None:
    with (
        process("-c", MIGRATE, empty_database_url) as one,
        process("-c", MIGRATE, empty_database_url) as two,
    ):
        assert [line(one), line(two)] == ["ready", "ready"]
        go(one)
        go(two)
        assert sorted([line(one), line(two)]) == sorted([" ".join(revisions()), "none"])
