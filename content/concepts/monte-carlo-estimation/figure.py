"""Darts at a quarter circle, and a funnel of running estimates of pi that closes as 1/sqrt(N)."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.3
VARIANTS = (
    {"darts": 10_000, "shown": 220},
    {"darts": 40_000, "shown": 220},
)

RUNS = 24  # running estimates drawn
REPEATS = 400  # estimates that the claims are tested on
EARLY = 100


def inside(rng, count):
    x, y = rng.random((2, count), dtype=np.float32)
    return x * x + y * y < 1


def standard_error(sigma, count):
    return sigma / np.sqrt(count)


def compute(rng, darts, shown):
    sigma = 4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4))  # f is 4 inside, 0 outside
    hits = np.array([inside(rng, darts) for _ in range(RUNS)])
    running = 4 * np.cumsum(hits, axis=1) / np.arange(1, darts + 1)
    stops = np.unique(np.geomspace(30, darts, 90).astype(int))
    # Many more repeats for the test; a count of hits is binomial.
    sizes = np.array([darts // 1000, darts // 100, darts // 10, darts])
    estimates = 4 * rng.binomial(sizes, math.pi / 4, (REPEATS, 4)) / sizes
    measured = np.sqrt(((estimates - math.pi) ** 2).mean(axis=0))
    swings = np.abs(running[:, stops - 1] - math.pi) / standard_error(sigma, stops)
    typical = np.argsort(swings.max(axis=1))[RUNS // 2]
    return SimpleNamespace(
        sigma=sigma,
        darts=darts,
        runs=RUNS,
        repeats=REPEATS,
        early=EARLY,
        stops=stops,
        paths=running[:, stops - 1],
        typical=typical,
        funnel=2 * standard_error(sigma, stops),
        error=float(standard_error(sigma, darts)),
        miss=np.sqrt(((running[:, -1] - math.pi) ** 2).mean()),
        early_miss=np.sqrt(((running[:, EARLY - 1] - math.pi) ** 2).mean()),
        sizes=sizes,
        rmse=measured,
        measured=measured[-1],
        hundredth=sizes[1],
        measured_hundredth=measured[1],
        bias=estimates[:, -1].mean() - math.pi,
        thrown=rng.random((2, shown)),
    )


def check(n):
    slope = np.polyfit(np.log(n.sizes), np.log(n.rmse), 1)[0]
    # An RMSE over 400 repeats is good to 3.5%, hence the slope to 0.007.
    yield "log error falls with slope -1/2, 5 standard errors", abs(slope + 0.5) < 0.035
    ratio = n.rmse / (n.funnel[-1] / 2 * np.sqrt(n.darts / n.sizes))
    yield "the measured error is the standard error, 5 times 3.5%", np.abs(ratio - 1).max() < 0.18
    yield "the estimate is unbiased", abs(n.bias) < 4.5 * n.error / math.sqrt(n.repeats)
    # Binomial(24, 0.954): four standard deviations below the mean are 18.8.
    within = (np.abs(n.paths[:, -1] - math.pi) < n.funnel[-1]).sum()
    yield "the funnel holds nearly all runs at its end", within >= 18
    yield "the funnel closes with the root", math.isclose(n.funnel[-1], 2 * n.error)


def draw(fig, n):
    board, ax = fig.subplots(1, 2, width_ratios=(1, 1.75))
    hit = (n.thrown**2).sum(axis=0) < 1
    board.plot(*n.thrown[:, hit], "o", color=BLUE, markersize=4)
    board.plot(*n.thrown[:, ~hit], "x", color=GREY, markersize=4.5, markeredgewidth=1.2)
    angle = np.linspace(0, math.pi / 2, 100)
    board.plot(np.cos(angle), np.sin(angle), color=INK, linewidth=2.5)
    board.set(xlim=(0, 1.01), ylim=(0, 1.01), xticks=[], yticks=[], aspect="equal")
    board.spines[["top", "right"]].set_visible(True)
    board.set_title("4 × share inside", pad=8)

    ax.plot(n.stops, n.paths.T, color=PALE_BLUE, linewidth=1.6)
    for sign in (-1, 1):
        ax.plot(n.stops, math.pi + sign * n.funnel, color=VERMILLION, linestyle=(0, (4, 1.5)))
    ax.plot(n.stops, n.paths[n.typical], color=BLUE, linewidth=3)
    ax.axhline(math.pi, color=GREY, linewidth=1.2)
    ax.text(
        n.stops[-1],
        3.62,
        r"$\pi \pm 2\,\sigma\,/\sqrt{N}$",
        color=VERMILLION_INK,
        ha="right",
        size=18,
    )
    ax.set(xscale="log", ylim=(2.45, 3.83), yticks=[2.5, 3, 3.5], xlabel="darts thrown, $N$")
    ax.minorticks_off()


MUTANTS = {
    "error falls as 1/N": ("return sigma / np.sqrt(count)", "return sigma / count"),
    "variance taken for the standard deviation": (
        "sigma = 4 * math.sqrt(math.pi / 4 * (1 - math.pi / 4))",
        "sigma = 16 * math.pi / 4 * (1 - math.pi / 4)",
    ),
}
