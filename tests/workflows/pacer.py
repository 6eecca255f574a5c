"""A sender of its own process for test_paces: python pacer.py URL KEY RATE WARM_UP SECONDS.

Prints "ready", waits for a line, then sends nothing at all, as fast as the pace lets it, and
prints how many letters that were and how many seconds it took.
"""

from __future__ import annotations

import json
import math
import sys
import time
from datetime import UTC, datetime

from pydantic import SecretStr

from digest.settings import DatabaseSettings
from digest.storage import open_store
from digest.workflows.paces import SharedPaces


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - it is a process of its own


def main(url: str, key: str, rate: float, warm_up: int, seconds: float) -> None:
    settings = DatabaseSettings(url=SecretStr(url), busy_timeout_s=60)
    with open_store(settings) as store:
        pace = SharedPaces(store.paces).of(key, rate=rate, warm_up=warm_up)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        began, sent, wait = time.monotonic(), 0, 0.0
        while wait < math.inf and time.monotonic() - began < seconds:
            wait = pace.delay(now())
            if wait <= 0:
                pace.spend(now())
                sent += 1
            else:
                time.sleep(min(wait, 0.25))
        pace.give_back()
        sys.stdout.write(json.dumps([sent, time.monotonic() - began]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
