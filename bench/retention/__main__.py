"""How much readers still know after half a year and a year: `python bench/retention [READERS]`.

Simulates READERS (200) readers of one letter a day for 365 days over the shipped library, under
five models of memory (`memories`) and six policies (`policies`), and prints mean recall over the
whole library at days 180 and 365 and on the way there, a concept never shown counting as 0; then
each policy against SM-2, per model and in the geometric mean, with 95 % bootstrap intervals over
readers. Writes docs/explanation/retention.png.

Readers: the diligent one opens every letter and grades it all; the typical one opens 60 % and
grades half of what is opened; the silent one opens 85 % and never grades. For the graded policies a
concept without a grade stays due, as it does in the applications that use them. The rows "taken as
Good" are kinder to them: silence counts as a success there.

A sixth model, `memories.Relapsing`, stands apart: it marks where a rule without grades fails.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from memories import BORDER, INTERVALS, MODELS, Memory, best_gap, spaces_like_people
from policies import Policy, policies

from digest import resources
from digest.catalog.library import ContentLibrary

DAYS = 365
MARKS = (180, 365)
ON_THE_WAY = range(10, 181, 10)
"""Days whose mean says what is known on the way, not only at its end."""
READERS = {"diligent": (1.0, 1.0), "typical": (0.6, 0.5), "silent": (0.85, 0.0)}
"""Share of letters opened, share of shown concepts graded."""

GOOD = ", silence taken as Good"
CASES = (*READERS, f"typical{GOOD}", f"silent{GOOD}")


def simulate(
    memory: Memory, policy: Policy, reader: str, rng: np.random.Generator, *, assume: bool = False
) -> dict[int, np.ndarray]:
    """Day -> each reader's mean recall. `assume`: silence counts as Good, not as nothing."""
    opens, grades = READERS[reader]
    count = memory.shape[0]
    found = {}
    on_the_way = []
    everyone = np.arange(count)
    for day in range(DAYS + 1):
        if day in MARKS:
            found[day] = memory.everything(float(day))
        if day in ON_THE_WAY:
            on_the_way.append(memory.everything(float(day)))
        if day == DAYS:
            break
        chosen = policy.choose(day)
        opened = rng.random(count) < opens
        who, what = np.repeat(everyone, chosen.shape[1]), chosen.ravel()
        recalled = np.zeros(len(who), dtype=bool)
        seen = memory.seen[who, what]
        chance = memory.recall(who[seen], what[seen], float(day))
        recalled[seen] = rng.random(len(chance)) < chance
        good = recalled | ~seen  # a first showing is graded Good: there is nothing to forget yet
        read = opened[who]
        memory.show(who[read], what[read], float(day), recalled[read])
        graded = read & (rng.random(len(who)) < grades)
        told = np.ones(len(who), dtype=bool) if assume else graded
        policy.graded(who[told], what[told], day, np.where(graded, good, True)[told])
    return found | {ON_THE_WAY.step: np.mean(on_the_way, axis=0)}


def interval(values: np.ndarray, rng: np.random.Generator) -> tuple[float, float]:
    means = [rng.choice(values, len(values)).mean() for _ in range(400)]
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def ratio_interval(
    ours: list[np.ndarray], theirs: list[np.ndarray], rng: np.random.Generator
) -> tuple[float, float]:
    """Interval of the geometric mean over models of the ratio of means, readers drawn in pairs."""
    drawn = []
    for _ in range(400):
        pick = rng.integers(0, len(ours[0]), len(ours[0]))
        logs = [np.log(a[pick].mean() / b[pick].mean()) for a, b in zip(ours, theirs, strict=True)]
        drawn.append(np.exp(np.mean(logs)))
    return float(np.quantile(drawn, 0.025)), float(np.quantile(drawn, 0.975))


def main() -> None:
    readers = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    began = time.perf_counter()
    concepts = list(ContentLibrary(resources.folder("content")).concepts)
    print(f"{len(concepts)} concepts, {readers} readers of each kind, {DAYS} days\n")
    print("best gap in days before a test after " + ", ".join(map(str, INTERVALS)) + " days")
    for model in MODELS:
        gaps = ", ".join(f"{best_gap(model, days)[0]}" for days in INTERVALS)
        says = "spaces like people" if spaces_like_people(model) else "does not: a stress test"
        if model.name == "FSRS-6":
            says = "the schedulers' own model"
        print(f"  {model.name:9} {gaps:18} {says}")
    known: dict[tuple[str, str, str, int], np.ndarray] = {}
    names: list[str] = []
    for case in CASES:
        reader = case.split(",")[0]
        for model in (*MODELS, BORDER):
            for policy in policies(concepts, DAYS, readers, np.random.default_rng(7)):
                # The same readers, the same luck, for each policy.
                memory = model(readers, len(concepts), np.random.default_rng(11))
                found = simulate(
                    memory,
                    policy,
                    reader,
                    np.random.default_rng(13),
                    assume=case.endswith(GOOD),
                )
                for day, values in found.items():
                    known[case, model.name, policy.name, day] = values
                if policy.name not in names:
                    names.append(policy.name)
    report(known, names)
    picture(known, names)
    print(f"\n{time.perf_counter() - began:.0f} s")


def report(known: dict[tuple[str, str, str, int], np.ndarray], names: list[str]) -> None:
    rng = np.random.default_rng(17)
    models = [model.name for model in MODELS]
    for case in CASES:
        for day in (*MARKS, ON_THE_WAY.step):
            when = f"day {day}" if day in MARKS else "mean of days 10, 20, ... 180"
            print(f"\n{case} readers, {when}: recall of the whole library [95 %]")
            print(f"  {'':12}" + "".join(f"{model:>20}" for model in models))
            for name in names:
                row = ""
                for model in models:
                    values = known[case, model, name, day]
                    low, high = interval(values, rng)
                    row += f"{f'{values.mean():.3f} [{low:.3f}, {high:.3f}]':>20}"
                border = known[case, BORDER.name, name, day].mean()
                print(f"  {name:12}{row}   ({BORDER.name}: {border:.3f})")
            print(f"  against SM-2{'':8}worst model   geometric mean")
            for name in names:
                ours = [known[case, model, name, day] for model in models]
                theirs = [known[case, model, "SM-2", day] for model in models]
                ratios = [a.mean() / b.mean() for a, b in zip(ours, theirs, strict=True)]
                low, high = ratio_interval(ours, theirs, rng)
                mean = float(np.exp(np.mean(np.log(ratios))))
                worst = models[int(np.argmin(ratios))]
                least = f"{min(ratios):.3f} ({worst})"
                print(f"  {name:20}{least:20}{mean:.3f} [{low:.3f}, {high:.3f}]")


def picture(known: dict[tuple[str, str, str, int], np.ndarray], names: list[str]) -> None:
    from matplotlib.figure import Figure

    from digest.figures.palette import BLUE, GREEN, INK, PURPLE, VERMILLION

    colours = dict(zip(names, ("#8a8a8a", GREEN, PURPLE, VERMILLION, INK, BLUE), strict=True))
    markers = dict(zip(names, "vs^DPo", strict=True))
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    panels = figure.subplots(1, len(READERS), sharey=True)
    models = [model.name for model in MODELS]
    for ax, reader in zip(panels, READERS, strict=True):
        for name in names:
            means = [known[reader, model, name, 180].mean() for model in models]
            ours = name == "edition"
            ax.plot(
                models,
                means,
                marker=markers[name],
                color=colours[name],
                linewidth=3 if ours else 1.2,
                markersize=8 if ours else 6,
                label=name,
                zorder=3 if ours else 2,
            )
        ax.set_title(f"{reader} readers")
        ax.set_ylim(0, 1)
        ax.tick_params(axis="x", rotation=35)
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(axis="y", color="#e0e0e0")
    panels[0].set_ylabel("library recalled on day 180")
    panels[-1].legend(frameon=False, fontsize=8)
    out = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "retention.png"
    figure.savefig(out, dpi=120, metadata={"Software": None})
    print(f"\n{out}")


if __name__ == "__main__":
    main()
