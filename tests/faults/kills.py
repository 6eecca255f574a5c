"""kill -9 of a real sender at random moments, over letters that each must arrive."""

from __future__ import annotations

import random
import time

from tests.faults.found import Found, Turn
from tests.faults.house import house, verdict

ROUND = 25
"""Kills over one set of letters, at most, and one for each `LETTERS` of them."""
LETTERS = 40
KILLS = "kills"


def kills(connections: int) -> Turn:
    """Kill a worker until the letters or the round are over; then let one finish."""

    def turn(kind: str, number: int, letters: int) -> Found:
        chance = random.Random(number)  # noqa: S311 - not for secrets
        found = Found()
        with house(kind, letters) as home:
            home.configure(home.sink(), connections)
            assert home.queue() == letters
            done = 0
            while done < min(ROUND, letters // LETTERS):
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
                done += 1
                home.age()
                counts = home.counts()
                if not counts["pending"] and not counts["claimed"]:
                    break
            counts = home.finish()
            sent = home.sent()
            if counts["sent"] != letters:
                left = letters - counts["sent"]
                found.faults.append(f"{left} of {letters} not sent: {dict(counts)}")
            if not done:
                found.faults.append("no kill hit a sender at work")
            found.faults += verdict(home, max(done, 1) * connections)
            found.sums.update(
                {KILLS: done, "letters": len(sent.copies), "second copies": sent.second}
            )
            found.most["second copies a kill"] = sent.second / max(done, 1)
        return found

    return turn
