"""SMTP servers that restart, and servers some of whose connections are slow beyond reason."""

from __future__ import annotations

import random
import time

from tests.faults.house import House, house, now, verdict
from tests.faults.others import CONNECTIONS, Outcome, at_work

SLOW_S = 30
KINDS = ("late", "dribble", "tarpit")
EVERY = 4


def restarts(kind: str, times: int, letters: int = 1500, a_round: int = 10) -> Outcome:
    """The server is killed while it takes letters and comes back: all arrive, few twice."""
    faults, copies, done = [], 0, 0
    chance = random.Random(7)  # noqa: S311 - not for secrets
    while done < times:
        with house(kind, letters) as home:
            port = home.sink()
            home.configure(port, CONNECTIONS)
            home.queue()
            home.sender()
            here = 0
            while done < times and here < a_round and home.taken() < letters:
                before = home.taken()
                _until_more(home, before)
                time.sleep(chance.uniform(0, 0.2))
                home.kill_sink()
                time.sleep(chance.uniform(0, 1.0))
                home.sink(port=port)
                done, here = done + 1, here + 1
            counts = home.finish(300)
            if counts["sent"] != letters:
                faults.append(f"{dict(counts)}")
            faults += verdict(home, here * CONNECTIONS)
            copies += home.sent().second
    said = f"{done} restarts, {copies} second copies ({copies / max(done, 1):.1f} each)"
    return not faults, "; ".join([said, *faults[:3]])


def slow(kind: str, times: int, letters: int = 800) -> Outcome:
    """Every fourth connection is slow (30 s at the end of data, a byte a second, a tarpit)."""
    faults, waits = [], []
    for number in range(times):
        how = KINDS[number % len(KINDS)]
        seconds = {"late": SLOW_S, "dribble": 1, "tarpit": 10}[how]
        with house(kind, letters) as home:
            odd = {"kind": how, "every": EVERY, "seconds": seconds}
            home.configure(home.sink(odd=odd), CONNECTIONS, timeout_s=120.0)
            home.queue()
            with home.store() as store:
                # The first letters of an edition are waited for, whoever is slow: not tried here.
                store.ledger.clear(home.day, now())
            worker = home.sender()
            at_work(home)
            began = time.monotonic()
            # A slow connection holds two letters at most, and every fourth new one is slow.
            few = letters // 50
            while home.taken() < letters - few and time.monotonic() < began + SLOW_S:
                time.sleep(0.1)
            waits.append(time.monotonic() - began)
            if home.taken() < letters - few:
                faults.append(f"{how}: {home.taken()} of {letters} within {SLOW_S} s")
            counts = home.wait_for(lambda c: c["sent"] == letters, 240)
            worker.terminate()
            worker.wait(60)
            if counts["sent"] != letters:
                faults.append(f"{how}: {dict(counts)}")
            faults += verdict(home, 0)
    said = f"{times} times, all but a few of {letters} within {max(waits):.1f} s, no second copy"
    return not faults, "; ".join([said, *faults[:3]])


def _until_more(home: House, before: int) -> None:
    end = time.monotonic() + 90
    while home.taken() <= before:
        if time.monotonic() > end:
            raise RuntimeError("no letter went out for 90 s")
        time.sleep(0.01)
