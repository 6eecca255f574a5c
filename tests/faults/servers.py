"""SMTP servers that restart, cut connections, have slow ones, or want no more than a pace."""

from __future__ import annotations

import random
import time
from typing import Final

from tests.faults.found import Found, Turn
from tests.faults.house import CONNECTIONS, house, more_than, now, verdict

RESTARTS: Final = "restarts"
CUTS: Final = "cuts"
SLOW: Final = "slow connections"
A_ROUND: Final = 10
EVERY: Final = 4
WITHIN_S: Final = 30


def drops(kind: str, number: int, letters: int) -> Found:
    """The server cuts 5 % of its connections at the end of a letter, some after it took it."""
    found = Found()
    step = "AFTER" if number % 2 else "END"
    with house(kind, letters) as home:
        port = home.sink(seed=number, random={"drop": 0.05}, at_step=step)
        home.configure(port, CONNECTIONS)
        home.queue()
        counts = home.finish(300)
        if counts["sent"] != letters:
            found.faults.append(f"{dict(counts)}")
        cuts = home.happened("drop")
        # Only a letter that was taken and whose reply was cut may have gone out twice.
        found.faults += verdict(home, cuts if step == "AFTER" else 0)
        found.sums.update({CUTS: cuts, "second copies": home.sent().second})
    return found


def restarts(kind: str, number: int, letters: int) -> Found:
    """The server is killed while it takes letters and comes back: all arrive, few twice."""
    chance = random.Random(number)  # noqa: S311 - not for secrets
    found = Found()
    with house(kind, letters) as home:
        port = home.sink()
        home.configure(port, CONNECTIONS)
        home.queue()
        worker = home.sender()
        while found.sums[RESTARTS] < A_ROUND and home.taken() < letters:
            more_than(home, home.taken())
            time.sleep(chance.uniform(0, 0.2))
            home.kill_sink()
            time.sleep(chance.uniform(0, 1.0))
            home.sink(port=port)
            found.sums[RESTARTS] += 1
        if worker.poll() is not None:
            said = home.said.read_text()[-600:]
            found.faults.append(f"the worker ended with {worker.returncode}: {said}")
        worker.terminate()
        worker.wait(60)
        counts = home.finish(300)
        if counts["sent"] != letters:
            found.faults.append(f"{dict(counts)}")
        found.faults += verdict(home, found.sums[RESTARTS] * CONNECTIONS)
        found.sums["second copies"] = home.sent().second
    return found


def paced(kind: str, _number: int, letters: int, rate: int = 30) -> Found:
    """Two senders, one killed and begun anew: together they send at the rate that is set."""
    found = Found()
    with house(kind, letters) as home:
        home.configure(home.sink(), CONNECTIONS, rate=rate, batch=20)
        home.queue()
        senders = [home.sender(), home.sender()]
        home.wait_for(lambda c: c["sent"] > letters // 3, 60)
        home.kill(senders[0])
        home.sender()
        # What the dead one had claimed waits for its lease.
        home.wait_for(lambda c: c["sent"] >= letters - 2 * 20 - CONNECTIONS, 120)
        at = sorted(home.times().values())
        speed = (len(at) - rate) / (at[-1] - at[rate])
        # Not before the living have sent what is theirs: leases are ended of whoever has one.
        went = -1
        while went < home.taken():
            went = home.taken()
            time.sleep(1.5)
        home.age()
        counts = home.wait_for(lambda c: c["sent"] == letters, 60)
        if counts["sent"] != letters:
            found.faults.append(f"{dict(counts)}")
        # Of any three seconds: what a full bucket holds, and what comes in meanwhile.
        at = sorted(home.times().values())
        most = max(sum(t <= other < t + 3 for other in at) for t in at)
        if most > 4.4 * rate or speed < 0.8 * rate:
            found.faults.append(f"{speed:.1f} a second, {most} in 3 s")
        found.faults += verdict(home, CONNECTIONS)
        found.most = {f"letters a second, {rate} allowed": speed, "in 3 s": most}
    return found


def slow(how: str, seconds: int, connections: int = 3 * CONNECTIONS) -> Turn:
    """Every fourth connection is slow: `late` waits so long at the end of a letter, a `tarpit`
    before each reply, `dribble` before each byte of a reply.
    """

    def turn(kind: str, _number: int, letters: int) -> Found:
        found = Found()
        with house(kind, letters) as home:
            odd = {"kind": how, "every": EVERY, "seconds": seconds}
            home.configure(home.sink(odd=odd), connections, timeout_s=120.0)
            home.queue()
            with home.store() as store:
                # The first letters of an edition are waited for, whoever is slow: not tried here.
                store.ledger.clear(home.day, now())
            worker = home.sender()
            more_than(home, 0)
            began = time.monotonic()
            # A slow connection holds two letters at most.
            few = 2 * connections // EVERY
            while home.taken() < letters - few and time.monotonic() < began + WITHIN_S:
                time.sleep(0.1)
            found.most["s for all but what they hold"] = time.monotonic() - began
            if home.taken() < letters - few:
                found.faults.append(f"{home.taken()} of {letters} within {WITHIN_S} s")
            counts = home.wait_for(lambda c: c["sent"] == letters, 300)
            worker.terminate()
            worker.wait(60)
            if counts["sent"] != letters:
                found.faults.append(f"{dict(counts)}")
            found.faults += verdict(home, 0)
            found.sums[SLOW] = home.happened(how)
        return found

    return turn
