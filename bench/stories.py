"""How long grouping and ranking take, as the number of entries grows.

    .venv/bin/python bench/stories.py [--most 50000] [--model minilm]

Prints, for made-up headlines of four days (events of 1 to 40 tellings, words by Zipf's law), the
processor seconds of grouping and of ranking, and the seconds over n log n beside those of the first
row: a curve that grows no faster stays near 1. The 7 500 are 1 500 new entries on 6 000. Memory is
the highest so far, with the made-up entries.

With --model (it needs the extra `embed`) only these 7 500: 6 000 have been read before and their
vectors lie in a SQLite store, 1 500 are new; reading them, grouping and ranking are timed by the
clock and by the processor. The made-up words fall into so many pieces that every text is read up to
the cut, which is the worst case.
"""

from __future__ import annotations

import argparse
import math
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from pydantic import SecretStr  # noqa: E402

from digest import resources  # noqa: E402
from digest.catalog.weights import read_model  # noqa: E402
from digest.domain.clustering import build_story, cluster  # noqa: E402
from digest.domain.ranking import rank  # noqa: E402
from digest.domain.story import Entry  # noqa: E402
from digest.embedding.minilm import MiniLm  # noqa: E402
from digest.ports import FeedResult, FeedState  # noqa: E402
from digest.settings import DatabaseSettings  # noqa: E402
from digest.storage import open_store  # noqa: E402
from digest.workflows.meaning import Meaning  # noqa: E402

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
BEFORE, NEW = 6_000, 1_500
PARTS = ("reading", "grouping", "ranking")
SIZES = (1_000, 3_000, 7_500, 15_000, 30_000, 50_000)
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]


def headlines(n: int) -> list[Entry]:
    rng = np.random.default_rng(n)
    # A language grows with what is written in it (Heaps' law), about as the square root.
    size = int(400 * math.sqrt(n))
    words = ["".join(rng.choice(SYLLABLES, 2 + k % 3)) for k in range(size)]
    likely = np.cumsum(1 / (np.arange(size) + 20.0))
    likely /= likely[-1]

    def drawn(many: int) -> NDArray[np.int64]:
        return np.searchsorted(likely, rng.random(many), side="right")

    made: list[Entry] = []
    while len(made) < n:
        told = min(int(rng.pareto(1.2)) + 1, 40, n - len(made))
        subject = drawn(14)
        start = rng.uniform(0, 90)
        for _ in range(told):
            title = [*rng.permutation(subject)[:6], *drawn(3)]
            lead = [*rng.permutation(subject)[:8], *drawn(17)]
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


def with_model() -> None:
    entries = headlines(NEW + BEFORE)
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(DatabaseSettings(url=SecretStr(f"sqlite:///{folder}/bench.db"))) as store,
    ):
        store.entries.record(FeedResult(FeedState("bench"), tuple(entries)), NOW)
        meaning = Meaning(MiniLm(), store.entries)
        meaning.of(entries[:BEFORE], NOW)
        clocks = [(time.perf_counter(), time.process_time())]
        vectors = meaning.of(entries, NOW)
        clocks.append((time.perf_counter(), time.process_time()))
        groups = cluster(entries, vectors=vectors)
        clocks.append((time.perf_counter(), time.process_time()))
        model = read_model(resources.data("ranking.json"))
        rank([build_story(group, {}) for group in groups], {}, NOW, model)
        clocks.append((time.perf_counter(), time.process_time()))
    print(f"{BEFORE} entries read before, {NEW} new, {len(groups)} stories")
    print(f"{'':>10}{'clock s':>9}{'CPU s':>8}")
    for name, before, after in zip(PARTS, clocks, clocks[1:], strict=False):
        print(f"{name:>10}{after[0] - before[0]:9.2f}{after[1] - before[1]:8.2f}")
    print(f"{'all':>10}{clocks[-1][0] - clocks[0][0]:9.2f}{clocks[-1][1] - clocks[0][1]:8.2f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest number of entries")
    parser.add_argument("--model", choices=["minilm"], help="1 500 new on 6 000, with this model")
    given = parser.parse_args()
    if given.model:
        with_model()
        return 0
    most = given.most
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
