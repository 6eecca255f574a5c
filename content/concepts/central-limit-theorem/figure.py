"""Means of 1, few and many draws from three shapes: three columns of silhouettes, one bell."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, PALE_BLUE

HEIGHT = 3.6
VARIANTS = (
    {"few": 4, "many": 30, "mean_call": 5.0},
    {"few": 3, "many": 50, "mean_call": 8.0},
)

REPEATS = 30_000
EDGES = np.linspace(-3.2, 3.2, 65)
NAMES = ("skewed", "two humps", "flat")


def exponential(rng, size):
    return rng.exponential(1.0, size), 1.0, 1.0


def two_humps(rng, size):
    side = rng.integers(0, 2, size) * 2.0 - 1.0
    return side + 0.25 * rng.standard_normal(size), 0.0, math.sqrt(1 + 0.25**2)


def flat(rng, size):
    return rng.random(size), 0.5, math.sqrt(1 / 12)


def standardised_mean(draws, mu, sigma):
    return math.sqrt(len(draws)) * (draws.mean(axis=0) - mu) / sigma


def normal(z):
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def skewness(z):
    return float((((z - z.mean()) / z.std()) ** 3).mean())


def compute(rng, few, many, mean_call):
    sizes = (1, few, many)
    shapes = (exponential, two_humps, flat)
    means = [
        [standardised_mean(*shape(rng, (size, REPEATS))) for shape in shapes] for size in sizes
    ]
    width = EDGES[1] - EDGES[0]
    heights = np.array(
        [[np.histogram(z, EDGES)[0] / (REPEATS * width) for z in row] for row in means]
    )
    middles = (EDGES[1:] + EDGES[:-1]) / 2
    gap = np.abs(heights - normal(middles)).sum(axis=-1) * width / 2
    far = 1.645  # standard errors above the mean
    return SimpleNamespace(
        sizes=sizes,
        few=few,
        many=many,
        mean_call=mean_call,
        repeats=REPEATS,
        heights=heights,
        gap=gap,
        spreads=np.array([[z.std() for z in row] for row in means]),
        centres=np.array([[z.mean() for z in row] for row in means]),
        skew_one=skewness(means[0][0]),
        skew_many=skewness(means[2][0]),
        skew_exact=2 / math.sqrt(many),
        bound=mean_call * (1 + far / math.sqrt(many)),
        tail_seen=float((means[2][0] > far).mean()),
        tail_normal=math.erfc(far / math.sqrt(2)) / 2,
    )


def check(n):
    one = 1 / math.sqrt(n.repeats)  # standard error of a standardised mean
    yield "standardised means are centred, 5 standard errors", np.abs(n.centres).max() < 5 * one
    # Kurtosis at most 9 (the exponential): var(s^2) <= 8/N, so sd(s) <= sqrt(2/N).
    yield "and have unit spread", np.abs(n.spreads - 1).max() < 5 * math.sqrt(2) * one
    # Var of a sample skewness is 6/N for a normal, about 10/N at this skewness.
    yield "skewness 2/sqrt(n), 5 standard errors", abs(n.skew_many - n.skew_exact) < 16 * one
    yield "every shape comes closer to the bell", (n.gap[0] > n.gap[2] + 0.05).all()
    # Distance left: skewness 0.37 moves about 0.05 of the mass; binning noise 0.025.
    yield "means of many are within 7.5% of the bell's mass", n.gap[2].max() < 0.075
    yield "of the three the skewed one is the last", n.gap[2].argmax() == 0


def draw(fig, n):
    ax = fig.subplots()
    z = np.linspace(EDGES[0], EDGES[-1], 161)
    bases = (1.32, 0.6, 0.0)
    for row, (size, base) in enumerate(zip(n.sizes, bases, strict=True)):
        for column in range(3):
            x = 7.4 * column
            stairs = base + n.heights[row, column]
            ax.stairs(stairs, x + EDGES, baseline=base, fill=True, color=PALE_BLUE)
            ax.stairs(stairs, x + EDGES, baseline=base, color=BLUE, linewidth=2.5)
            ax.plot(x + z, base + normal(z), color=INK, linewidth=1.8, linestyle=(0, (3, 1.5)))
        ax.text(-4.2, base + 0.14, f"n = {size}", ha="right", weight="bold", size=16)
    for column, name in enumerate(NAMES):
        ax.text(7.4 * column, 2.36, name, ha="center", color=GREY)
    ax.set(xlim=(-8.6, 18.2), ylim=(-0.04, 2.52))
    ax.axis("off")


MUTANTS = {
    "divided by n instead of its root": (
        "math.sqrt(len(draws)) * (draws",
        "len(draws) * (draws",
    ),
    "the sum not centred on n means": ("draws.mean(axis=0) - mu)", "draws.mean(axis=0) - mu / 2)"),
}
