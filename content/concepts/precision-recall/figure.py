"""Scored messages as a dot plot with a threshold, over precision and recall at each threshold."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_VERMILLION,
    RULE,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.8
VARIANTS = (
    {"real": 30, "other": 120, "gap": 1.8, "asked": 0.8},
    {"real": 20, "other": 160, "gap": 2.1, "asked": 0.85},
)

BINS = np.arange(-3.0, 5.01, 0.25)
LARGE = 60_000  # scores in the test against the normal law


def table(scores, real, threshold):
    """Hits, false alarms and misses of the rule: alarm above the threshold."""
    alarm = scores > threshold
    return (alarm & real).sum(), (alarm & ~real).sum(), (~alarm & real).sum()


def precision(hits, false_alarms):
    return hits / (hits + false_alarms)


def recall(hits, misses):
    return hits / (hits + misses)


def above(threshold, mean=0.0):
    """Share of a normal law of standard deviation one above the threshold."""
    return 0.5 * math.erfc((threshold - mean) / math.sqrt(2))


def stacked(scores, real):
    """A place for each dot: columns of equal score, the real ones at the bottom."""
    column = np.digitize(scores, BINS)
    height = np.zeros(len(scores))
    for c in np.unique(column):
        own = np.flatnonzero(column == c)
        height[own[np.argsort(~real[own], kind="stable")]] = np.arange(len(own))
    return BINS[0] + 0.25 * (column - 0.5), height


def compute(rng, real, other, gap, asked):
    labels = np.arange(real + other) < real
    # Normal scores in equal steps of probability, a little shaken: a typical sample each time.
    steps = (np.arange(real) + rng.uniform(0.3, 0.7, real)) / real
    more = (np.arange(other) + rng.uniform(0.3, 0.7, other)) / other
    fine = np.linspace(-4, 4, 801)
    ladder = np.array([1 - above(z) for z in fine])
    scores = np.concatenate([gap + np.interp(steps, ladder, fine), np.interp(more, ladder, fine)])
    inner = np.arange(-1.0, 3.01, 0.25)
    tables = [table(scores, labels, t) for t in inner]
    precisions = np.array([precision(h, f) for h, f, _ in tables])
    recalls = np.array([recall(h, m) for h, _, m in tables])
    chosen = int(np.flatnonzero(recalls >= asked)[-1])
    hits, false_alarms, misses = tables[chosen]
    strict = min(chosen + 4, len(inner) - 1)
    # A large sample, and scores that know nothing.
    kind = np.arange(LARGE) < LARGE * real // (real + other)
    big = rng.standard_normal(LARGE) + gap * kind
    hits_big, false_big, misses_big = table(big, kind, inner[chosen])
    blind_hits, blind_false, _ = table(rng.random(LARGE), kind, 0.5)
    share = kind.mean()
    exact_recall = above(inner[chosen], gap)
    exact_false = above(inner[chosen])
    return SimpleNamespace(
        scores=scores,
        labels=labels,
        place=stacked(scores, labels),
        inner=inner,
        precisions=precisions,
        recalls=recalls,
        threshold=inner[chosen],
        total=real + other,
        real=real,
        hits=int(hits),
        false_alarms=int(false_alarms),
        misses=int(misses),
        alarms=int(hits + false_alarms),
        precision=precisions[chosen],
        recall=recalls[chosen],
        f1=2 * precisions[chosen] * recalls[chosen] / (precisions[chosen] + recalls[chosen]),
        precision_strict=precisions[strict],
        recall_strict=recalls[strict],
        big_precision=precision(hits_big, false_big),
        big_recall=recall(hits_big, misses_big),
        big_alarms=int(hits_big + false_big),
        big_real=int(kind.sum()),
        exact_recall=exact_recall,
        exact_precision=share * exact_recall / (share * exact_recall + (1 - share) * exact_false),
        rare_precision=0.005 * exact_recall / (0.005 * exact_recall + 0.995 * exact_false),
        rare=0.005,
        blind=precision(blind_hits, blind_false),
        share=share,
    )


def check(n):
    f1_counts = 2 * n.hits / (2 * n.hits + n.false_alarms + n.misses)
    yield "F1 is 2 TP / (2 TP + FP + FN), to 1e-12", abs(n.f1 - f1_counts) < 1e-12
    yield "hits and misses are all the real ones", n.hits + n.misses == n.real
    # Normal scores: recall is a tail of one law, precision follows by Bayes' rule.
    error = math.sqrt(n.exact_recall * (1 - n.exact_recall) / n.big_real)
    yield "recall is the normal tail, 5 errors", abs(n.big_recall - n.exact_recall) < 5 * error
    error = math.sqrt(n.exact_precision * (1 - n.exact_precision) / n.big_alarms)
    yield (
        "precision is that of Bayes' rule, 5 errors",
        abs(n.big_precision - n.exact_precision) < 5 * error,
    )
    # Half of the large sample raise an alarm: one error is 0.0023 or less.
    yield "blind scores have the base rate as precision", abs(n.blind - n.share) < 0.0115
    yield "recall falls as the threshold rises", (np.diff(n.recalls) <= 0).all()
    yield "a stricter threshold is more precise", n.precision_strict > n.precision + 0.1
    yield "and finds less", n.recall_strict < n.recall - 0.1


def draw(fig, n):
    top, low = fig.subplots(2, 1, sharex=True, height_ratios=[1.15, 1])
    x, height = n.place
    tall = height.max() + 5.5
    for real, colour, marker in ((False, BLUE, "o"), (True, VERMILLION, "^")):
        own = n.labels == real
        top.plot(x[own], height[own], marker, color=colour, markersize=5.6, mew=0, clip_on=False)
    top.axvspan(n.threshold, 4.6, color=PALE_VERMILLION, zorder=0)
    top.set(ylim=(-0.8, tall), yticks=[])
    top.spines[:].set_visible(False)
    top.tick_params(bottom=False)
    words = {"weight": "bold", "va": "top"}
    top.text(
        n.threshold + 0.15,
        tall - 0.4,
        f"{n.alarms} alarms,\n{n.hits} of them real",
        color=VERMILLION_INK,
        **words,
    )
    top.text(-2.75, tall - 0.4, f"{n.misses} of {n.real}\nmissed", color=INK, **words)
    low.plot(n.inner, n.recalls, color=BLUE, linestyle=(0, (3, 1)))
    low.plot(n.inner, n.precisions, color=VERMILLION)
    for value, colour in ((n.recall, BLUE), (n.precision, VERMILLION)):
        low.plot(n.threshold, value, "o", color=colour, markersize=11, mec=INK, mew=1.5, zorder=5)
    for ax in (top, low):
        ax.axvline(n.threshold, color=INK, linewidth=2)
    low.text(-1.15, 0.95, "recall", color=BLUE, weight="bold", ha="right", va="center")
    low.text(3.15, 0.95, "precision", color=VERMILLION_INK, weight="bold", va="center")
    low.axhline(0.5, color=RULE, linewidth=1, zorder=0)
    low.set(xlim=(-2.9, 4.9), ylim=(0, 1.08), yticks=[0, 0.5, 1], xticks=[])
    low.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    low.set_xlabel("score; alarm to the right of the line")


MUTANTS = {
    "precision divides by the real cases": (
        "precision(hits_big, false_big)",
        "precision(hits_big, misses_big)",
    ),
    "recall divides by the alarms": ("recall(hits_big, misses_big)", "recall(hits_big, false_big)"),
    "the base rate is left out of Bayes' rule": (
        "exact_precision=share * exact_recall / (share * exact_recall + (1 - share) * exact_false)",
        "exact_precision=exact_recall / (exact_recall + exact_false)",
    ),
}
