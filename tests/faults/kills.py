"""kill -9 of a real sender at random moments, over letters that each must arrive."""

from __future__ import annotations

import random
import sys
import time

from tests.faults.house import house, verdict

ROUND = 25
"""Kills over one set of letters."""


def kills(
    kind: str, times: int, letters: int, connections: int, seed: int, limit_s: float = 7200
) -> tuple[bool, str]:
    """Kill a worker `times` times while it sends `letters` letters; then let one finish.

    No kill begins after `limit_s`. Where all letters are out before the last kill, a new set of
    them begins.
    """
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    done = copies = sent = 0
    worst = 0
    faults: list[str] = []
    end = time.monotonic() + limit_s
    while done < times and time.monotonic() < end:
        with house(kind, letters) as home:
            home.configure(home.sink(), connections)
            assert home.queue() == letters
            here = 0
            while done < times and here < ROUND and time.monotonic() < end:
                before = home.taken()
                worker = home.sender()
                began = time.monotonic()
                # Let it come to the wire first: a kill before that proves nothing.
                while home.taken() == before and time.monotonic() < began + 30:
                    time.sleep(0.01)
                time.sleep(chance.uniform(0, 0.3))
                over = worker.poll() is not None
                home.kill(worker)
                if over or home.taken() == before:
                    break
                twice = home.sent().second
                done, here = done + 1, here + 1
                home.age()
                counts = home.counts()
                worst = max(worst, twice)
                if not counts["pending"] and not counts["claimed"]:
                    break
            counts = home.finish()
            found = home.sent()
            copies += found.second
            sent += len(found.copies)
            if here:
                worst = max(worst, found.second)
            if counts["sent"] != letters:
                faults.append(f"{letters - counts['sent']} of {letters} not sent: {dict(counts)}")
            faults += verdict(home, max(here, 1) * connections)
            sys.stderr.write(f"  ... {done} kills, {copies} second copies\n")
            if not here:
                faults.append("no kill hit a sender at work")
                break
    said = (
        f"{done} kills over {sent} letters: {copies} second copies "
        f"({copies / max(done, 1):.1f} a kill, {connections} allowed)"
    )
    return not faults, "; ".join([said, *faults])
