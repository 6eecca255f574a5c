"""How long grouping and ranking take, as the number of entries grows.

    .venv/bin/python bench/stories.py [--most 50000]

Prints, for made-up headlines of four days (events of 1 to 40 tellings, words by Zipf's law), the
processor seconds of grouping and of ranking, and the seconds over n log n beside those of the first
row: a curve that grows no faster stays near 1. The 7 500 are 1 500 new entries on 6 000.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402

from digest import resources  # noqa: E402
from digest.catalog.weights import read_model  # noqa: E402
from digest.domain.clustering import build_story, cluster  # noqa: E402
from digest.domain.ranking import rank  # noqa: E402
from digest.domain.story import Entry  # noqa: E402

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SIZES = (1_000, 3_000, 7_500, 15_000, 30_000, 50_000)
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def headlines(n: int) -> list[Entry]:
    rng = np.random.default_rng(n)
    # A language grows with what is written in it (Heaps' law), about as the square root.
    size = int(400 * math.sqrt(n))
    words = ["".join(rng.choice(SYLLABLES, 2 + k % 3)) for k in range(size)]
    weights = 1 / (np.arange(size) + 20.0)
    weights /= weights.sum()
    made: list[Entry] = []
    while len(made) < n:
        told = min(int(rng.pareto(1.2)) + 1, 40, n - len(made))
        subject = rng.choice(size, 14, p=weights)
        start = rng.uniform(0, 90)
        for _ in range(told):
            title = [*rng.permutation(subject)[:6], *rng.choice(size, 3, p=weights)]
            lead = [*rng.permutation(subject)[:8], *rng.choice(size, 17, p=weights)]
            when = NOW - timedelta(hours=start + rng.exponential(6))
            key, source = str(len(made)), f"outlet{rng.integers(300)}"
            made.append(
                Entry(
                    source,
                    key,
                    f"https://{source}.example/{key}",
                    " ".join(words[w] for w in title),
                    " ".join(words[w] for w in lead),
                    when,
                    when,
                    f"https://{source}.example/{key}",
                )
            )
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest number of entries")
    most = parser.parse_args().most
    model = read_model(resources.data("ranking.json"))
    first = 0.0
    print(f"{'entries':>8}{'stories':>9}{'group s':>9}{'rank s':>8}{'/ n log n':>11}{'MB':>6}")
    for n in (size for size in SIZES if size <= most):
        entries = headlines(n)
        started = time.process_time()
        groups = cluster(entries)
        grouped = time.process_time()
        rank([build_story(group, {}) for group in groups], {}, NOW, model)
        ranked = time.process_time()
        cost = (grouped - started) / (n * math.log(n))
        first = first or cost
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(
            f"{n:8}{len(groups):9}{grouped - started:9.2f}{ranked - grouped:8.2f}"
            f"{cost / first:11.2f}{peak:6}",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
