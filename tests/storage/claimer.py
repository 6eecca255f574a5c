"""A sender of its own process for test_processes: python claimer.py URL OWNER NOW [hang].

Claims 50 rows at a time and marks them sent, until there are none, then prints the ids of the
rows that it sent. With `hang` it claims once, prints "claimed N" and waits to be killed.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime

from pydantic import SecretStr

from digest.domain.delivery import Accepted
from digest.settings import DatabaseSettings
from digest.storage import open_store


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def main(url: str, owner: str, moment: str, *how: str) -> None:
    now = datetime.fromisoformat(moment)
    settings = DatabaseSettings(url=SecretStr(url), busy_timeout_s=60)
    sent: list[int] = []
    with open_store(settings) as store:
        say("ready")
        sys.stdin.readline()
        while claimed := store.deliveries.claim(now.date(), owner, now, 50):
            if how:
                say(f"claimed {len(claimed)}")
                sys.stdin.read()
            store.deliveries.exchange(owner, now, [(d, Accepted("250 ok")) for d in claimed], [])
            sent += [delivery.id for delivery in claimed]
    say(json.dumps(sent))


if __name__ == "__main__":
    main(*sys.argv[1:])
