"""Running estimates of a rare event: plain sampling jumps about, weighted draws settle."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, VERMILLION, VERMILLION_INK

HEIGHT = 3.3
VARIANTS = (
    {"threshold": 4.0, "draws": 100_000},
    {"threshold": 3.8, "draws": 100_000},
)

RUNS = 12


def upper_tail(z):
    """Probability that a standard normal exceeds z."""
    return math.erfc(z / math.sqrt(2)) / 2


def weight(x, shift):
    """p(x) / q(x) for p = N(0, 1) and q = N(shift, 1)."""
    return np.exp(-0.5 * x**2 + 0.5 * (x - shift) ** 2)


def running_mean(values, stops):
    return np.cumsum(values, axis=1)[:, stops - 1] / stops


def compute(rng, threshold, draws):
    stops = np.unique(np.geomspace(300, draws, 160).astype(int))
    plain = (rng.standard_normal((RUNS, draws)) > threshold).astype(float)
    x = threshold + rng.standard_normal((RUNS, draws))
    weighted = np.where(x > threshold, weight(x, threshold), 0.0)
    truth = upper_tail(threshold)
    # E_q[(f p/q)^2] for a shift s = threshold: exp(s^2) P(Z > 2 s), by completing the square.
    second = math.exp(threshold**2) * upper_tail(2 * threshold)
    spread_plain, spread_weighted = math.sqrt(truth * (1 - truth)), math.sqrt(second - truth**2)
    path_plain, path_weighted = running_mean(plain, stops), running_mean(weighted, stops)
    root = math.sqrt(draws)
    return SimpleNamespace(
        threshold=threshold,
        draws=draws,
        runs=RUNS,
        stops=stops,
        path_plain=path_plain,
        path_weighted=path_weighted,
        truth=truth,
        per_100k=1e5 * truth,
        once_in=1 / truth,
        expected=draws * truth,
        hits=plain.sum(axis=1),
        hit_share=(x > threshold).mean(),
        spread=weighted.std(),
        spread_weighted=spread_weighted,
        error_plain=spread_plain / root / truth,
        error_weighted=spread_weighted / root / truth,
        times_more=(spread_plain / spread_weighted) ** 2,
        miss_plain=np.sqrt(((path_plain[:, -1] / truth - 1) ** 2).mean()),
        miss_weighted=np.sqrt(((path_weighted[:, -1] / truth - 1) ** 2).mean()),
    )


def check(n):
    mean = n.path_weighted[:, -1].mean() / n.truth - 1
    yield (
        "weighted draws are unbiased, 5 standard errors",
        abs(mean) < 5 * n.error_weighted / math.sqrt(n.runs),
    )
    # 1.2 million draws; the fourth moment of the weighted values is about 4 variances squared.
    yield "their spread is the one computed", abs(n.spread / n.spread_weighted - 1) < 0.01
    mean = n.path_plain[:, -1].mean() / n.truth - 1
    yield (
        "plain draws are unbiased too, 5 standard errors",
        abs(mean) < 5 * n.error_plain / math.sqrt(n.runs),
    )
    yield "half the proposals hit", abs(n.hit_share - 0.5) < 0.003
    # A root mean square over 12 runs has a relative error of 0.2: factor 15 leaves ample room.
    yield "the miss shrinks more than 15-fold", n.miss_weighted < n.miss_plain / 15
    yield "computed: more than 40-fold", n.error_weighted < n.error_plain / 40


def draw(fig, n):
    axes = fig.subplots(1, 2, sharey=True)
    for ax, paths, colour, ink, title, miss, digits in (
        (axes[0], n.path_plain, VERMILLION, VERMILLION_INK, "plain", n.miss_plain, 0),
        (axes[1], n.path_weighted, BLUE, BLUE, "weighted", n.miss_weighted, 1),
    ):
        ax.plot(n.stops, 1e5 * paths.T, color=colour, linewidth=1.5, alpha=0.7)
        ax.axhline(n.per_100k, color=INK, linewidth=1.8, linestyle=(0, (4, 2)))
        ax.set(xscale="log", xlim=(n.stops[0], n.stops[-1]), ylim=(0, 3.6 * n.per_100k))
        ax.set(xticks=[1e3, 1e4, 1e5], xlabel="draws")
        ax.minorticks_off()
        ax.locator_params(axis="y", nbins=3, integer=True)
        ax.set_title(f"{title}: {miss:.{digits}%} off", color=ink, weight="bold", pad=10)
    axes[1].text(9e4, 0.76 * n.per_100k, "true value", ha="right", va="top")
    axes[0].set_ylabel("floods in 100 000")


MUTANTS = {
    "the weight upside down": (
        "np.exp(-0.5 * x**2 + 0.5 * (x - shift) ** 2)",
        "np.exp(0.5 * x**2 - 0.5 * (x - shift) ** 2)",
    ),
    "the weight is forgotten": ("weight(x, threshold), 0.0)", "1.0, 0.0)"),
}
