"""How long an edition and a letter take: `python bench/edition.py [RUNS]`.

Prints medians over RUNS (5): `digest --help` as a process; an edition from nothing (figures drawn)
and with the cache warm, as processes; the first and a further letter of an edition, in this one.
No feed is asked: the stories come from the shelf.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from digest.domain.delivery import Delivery
from digest.domain.subscriber import Preferences
from digest.settings import Settings
from digest.wiring import Wiring

ON = date(2026, 3, 14)
NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)


def process(folder: Path, *words: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "digest", *words],
        cwd=folder,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DIGEST_DATABASE__URL": "sqlite:///edition.db"},
    )
    return time.perf_counter() - began


def median(runs: int, measure: Callable[[], float]) -> str:
    took = sorted(measure() for _ in range(runs))
    return f"{statistics.median(took):8.4f} s   ({took[0]:.4f} to {took[-1]:.4f})"


def letters(folder: Path) -> list[float]:
    settings = Settings.model_validate(
        {
            "secret_key": "0" * 64,
            "database": {"url": f"sqlite:///{folder}/letters.db"},
            "paths": {"state": folder, "cache": folder / "var" / "cache"},
            "mail": {"from_address": "letters@example.org"},
        }
    )
    wiring = Wiring(settings, lambda: NOW)
    took = []
    with wiring.store(keep=False) as store:
        edition = wiring.publisher(store).publish(ON, NOW)
        blocks = store.editions.blocks(ON)
        for number in range(200):
            delivery = Delivery(
                number, ON, number, f"reader{number}@example.org", Preferences(),
                wiring.message_id(ON, number), NOW, 1,
            )  # fmt: skip
            began = time.perf_counter()
            wiring.seal(wiring.printer.letter(edition, blocks, delivery), delivery)
            took.append(time.perf_counter() - began)
    return took


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def anew(*, cache: bool) -> float:
            for path in folder.glob("edition.db*"):
                path.unlink()
            if not cache:
                shutil.rmtree(folder / "var" / "cache", ignore_errors=True)
            return process(folder, "edition", "build", "--date", ON.isoformat())

        print("digest --help              ", median(runs, lambda: process(folder, "--help")))
        print("an edition from nothing    ", median(runs, lambda: anew(cache=False)))
        print("an edition, cache warm     ", median(runs, lambda: anew(cache=True)))
        took = letters(folder)
        print(f"the first letter           {took[0]:8.4f} s")
        print(f"a further letter, median   {statistics.median(took[1:]):8.4f} s")


if __name__ == "__main__":
    main()
