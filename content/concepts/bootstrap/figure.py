"""A sample, some of its resamples with their medians, and the heap of all the medians."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, VERMILLION, VERMILLION_INK

HEIGHT = 3.8
VARIANTS = (
    {"size": 41, "middle": 12.0, "spread": 0.5},
    {"size": 61, "middle": 30.0, "spread": 0.38},
)

RESAMPLES = 2000
ROWS = 4
LEVEL = 0.95


def resample(rng, data):
    """As many values as there are, drawn with replacement, many times over."""
    return data[rng.integers(0, len(data), (RESAMPLES, len(data)))]


def standard_error(replicates):
    """The spread of the replicates is the estimate: no further division."""
    return replicates.std()


def exact_median(data):
    """Standard deviation of the median of a resample, all n^n resamples considered.

    The median is at most the k-th value if more than half of the draws are (Efron 1979).
    """
    n, values = len(data), np.sort(data)
    below = np.array(
        [
            sum(
                math.comb(n, j) * (k / n) ** j * (1 - k / n) ** (n - j)
                for j in range((n + 1) // 2, n + 1)
            )
            for k in range(n + 1)
        ]
    )
    mass = np.diff(below)
    centre = mass @ values
    return math.sqrt(mass @ (values - centre) ** 2)


def compute(rng, size, middle, spread):
    # Waiting times in minutes, skewed: one from each step of probability, so a typical sample.
    steps = (np.arange(size) + rng.uniform(0.1, 0.9, size)) / size
    z = np.linspace(-3.5, 3.5, 701)
    ladder = [0.5 * math.erfc(-v / math.sqrt(2)) for v in z]
    data = middle * np.exp(spread * np.interp(steps, ladder, z))
    drawn = resample(rng, data)
    medians = np.median(drawn, axis=1)
    low, high = np.quantile(medians, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    counts = [(drawn[row][:, None] == data).sum(axis=0) for row in range(ROWS)]
    distinct = (np.diff(np.sort(drawn, axis=1), axis=1) > 0).sum(axis=1) + 1
    return SimpleNamespace(
        data=data,
        counts=counts,
        medians=medians,
        size=size,
        resamples=RESAMPLES,
        level=LEVEL,
        median=np.median(data),
        se=standard_error(medians),
        se_exact=exact_median(data),
        se_mean=standard_error(drawn.mean(axis=1)),
        se_formula=data.std() / math.sqrt(size),
        low=low,
        high=high,
        distinct=distinct.mean() / size,
        distinct_exact=1 - (1 - 1 / size) ** size,
        some=counts[0].max(),
        missing=int((counts[0] == 0).sum()),
        row_low=min(medians[:ROWS]),
        row_high=max(medians[:ROWS]),
    )


def check(n):
    # A standard deviation from 2 000 draws has the relative error 1 / sqrt(4 000) = 1.6%.
    yield "for the mean it is s / sqrt(n), to 7%", abs(n.se_mean / n.se_formula - 1) < 0.07
    # The median's replicates have heavier tails: 2 to 3%.
    yield "for the median it is Efron's exact value, to 12%", abs(n.se / n.se_exact - 1) < 0.12
    # One resample's share varies by 0.05: the mean of 2 000 by 0.001.
    yield (
        "a resample holds 1 - (1 - 1/n)^n of the values",
        abs(n.distinct - n.distinct_exact) < 0.006,
    )
    yield "each resample is as large as the sample", all(c.sum() == n.size for c in n.counts)
    inside = ((n.medians >= n.low) & (n.medians <= n.high)).mean()
    yield "95% of the medians drawn lie in the interval", inside >= n.level - 1e-9
    yield "the sample's median lies in it too", n.low <= n.median <= n.high


def draw(fig, n):
    top, low = fig.subplots(2, 1, sharex=True, height_ratios=[1.3, 1])
    edge = 1.02 * n.data.max()
    rows = [np.ones(n.size, dtype=int), *n.counts]
    for row, count in enumerate(rows):
        height = len(rows) - 1 - row - (0.0 if row else -0.35)
        colour = INK if row == 0 else BLUE
        drawn = count > 0
        top.scatter(
            n.data[drawn],
            np.full(drawn.sum(), height),
            s=26 * count[drawn] ** 1.5,
            color=colour,
            alpha=0.75,
            linewidths=0,
        )
        middle = n.median if row == 0 else n.medians[row - 1]
        top.plot([middle] * 2, [height - 0.44, height + 0.44], color=VERMILLION, linewidth=4.5)
    words = {"ha": "right", "va": "center", "weight": "bold"}
    base = -0.03 * edge
    top.text(base, len(rows) - 0.65, "data", **words)
    top.text(base, (len(rows) - 2) / 2, "drawn\nagain", color=BLUE, **words)
    top.set(ylim=(-0.6, len(rows) - 0.1), yticks=[])
    top.spines[:].set_visible(False)
    top.tick_params(bottom=False)
    bins = np.linspace(n.medians.min() - 1e-9, n.medians.max() + 1e-9, 16)
    heights, _ = np.histogram(n.medians, bins)
    low.bar(bins[:-1], heights, np.diff(bins), align="edge", color=VERMILLION)
    peak = heights.max()
    low.plot([n.low, n.high], [-0.12 * peak] * 2, color=INK, linewidth=5)
    low.text(
        n.high + 0.05 * edge,
        0.62 * peak,
        f"{n.resamples} medians:\n± {n.se:.1f} min",
        color=VERMILLION_INK,
        weight="bold",
        va="center",
    )
    low.text(n.high + 0.02 * edge, -0.12 * peak, "95%", va="center", weight="bold")
    low.set(xlim=(0, edge), ylim=(-0.26 * peak, 1.08 * peak), yticks=[])
    low.spines["left"].set_visible(False)
    low.locator_params(axis="x", nbins=5)
    low.set_xlabel("waiting time (minutes)")


MUTANTS = {
    "drawn without replacement": (
        "data[rng.integers(0, len(data), (RESAMPLES, len(data)))]",
        "rng.permuted(np.tile(data, (RESAMPLES, 1)), axis=1)",
    ),
    "divided by the root of n once more": (
        "return replicates.std()",
        "return replicates.std() / math.sqrt(len(replicates))",
    ),
    "resamples are half as large": (
        "(RESAMPLES, len(data))",
        "(RESAMPLES, len(data) // 2)",
    ),
}
