"""The normal density over a histogram of draws, shaded by standard deviations."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, PALE_BLUE, VERMILLION, WHITE

HEIGHT = 3.5
VARIANTS = (
    {"mu": 500.0, "sigma": 10.0, "draws": 20_000},
    {"mu": 250.0, "sigma": 4.0, "draws": 15_000},
)

BINS_PER_SIGMA = 8


def density(x, mu, sigma):
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))


def share_within(draws, mu, sigma, widths):
    return float((np.abs(draws - mu) < widths * sigma).mean())


def compute(rng, mu, sigma, draws):
    values = rng.normal(mu, sigma, draws)
    edges = mu + sigma * np.arange(-4 * BINS_PER_SIGMA, 4 * BINS_PER_SIGMA + 1) / BINS_PER_SIGMA
    heights, _ = np.histogram(values, edges)
    width = sigma / BINS_PER_SIGMA
    x = np.linspace(mu - 4 * sigma, mu + 4 * sigma, 801)
    fine = np.linspace(mu - 9 * sigma, mu + 9 * sigma, 20_001)
    return SimpleNamespace(
        mu=mu,
        sigma=sigma,
        draws=draws,
        middles=(edges[:-1] + edges[1:]) / 2,
        heights=heights,
        width=width,
        x=x,
        curve=draws * width * density(x, mu, sigma),
        area=np.trapezoid(density(fine, mu, sigma), fine),
        variance=np.trapezoid((fine - mu) ** 2 * density(fine, mu, sigma), fine),
        within_one=share_within(values, mu, sigma, 1),
        within_two=share_within(values, mu, sigma, 2),
        exact_one=math.erf(1 / math.sqrt(2)),
        exact_two=math.erf(2 / math.sqrt(2)),
        one_low=mu - sigma,
        one_high=mu + sigma,
        two_low=mu - 2 * sigma,
        two_high=mu + 2 * sigma,
        three_low=mu - 3 * sigma,
        once_in=2 / math.erfc(3 / math.sqrt(2)),
    )


def check(n):
    yield "the area under the curve is one", abs(n.area - 1) < 1e-9
    yield "its variance is sigma squared", math.isclose(n.variance, n.sigma**2, rel_tol=1e-6)
    for widths, share, exact in ((1, n.within_one, n.exact_one), (2, n.within_two, n.exact_two)):
        error = math.sqrt(exact * (1 - exact) / n.draws)
        yield (
            f"{exact:.2%} within {widths} sigma, to 4.5 standard errors",
            (abs(share - exact) < 4.5 * error),
        )
    # The count in a bin is Poisson to good approximation: 5 standard errors around the curve.
    expected = np.interp(n.middles, n.x, n.curve)
    off = np.abs(n.heights - expected) / np.sqrt(expected + 1)
    yield "the bars follow the curve", off.max() < 5


def draw(fig, n):
    ax = fig.subplots()
    peak = n.curve.max()
    z = np.abs(n.middles - n.mu) / n.sigma
    for low, high, colour in ((0, 1, BLUE), (1, 2, PALE_BLUE), (2, 9, VERMILLION)):
        mine = (z >= low) & (z < high)
        ax.bar(n.middles[mine], n.heights[mine], width=0.86 * n.width, color=colour)
    ax.plot(n.x, n.curve, color=INK, linewidth=3)
    ax.text(
        n.mu, 0.42 * peak, f"{n.within_one:.1%}", color=WHITE, weight="bold", size=19, ha="center"
    )
    low, high = n.mu - 2 * n.sigma, n.mu + 2 * n.sigma
    for end in (low, high):
        ax.plot([end, end], [0.2 * peak, 1.14 * peak], color=GREY, linewidth=1.2)
    arrow = {"arrowstyle": "<->", "color": INK, "linewidth": 1.8, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (low, 1.14 * peak), (high, 1.14 * peak), arrowprops=arrow)
    words = {"weight": "bold", "size": 19, "ha": "center", "va": "bottom"}
    ax.text(n.mu, 1.17 * peak, f"{n.within_two:.1%}", **words)
    ax.set(xlim=(n.mu - 3.6 * n.sigma, n.mu + 3.6 * n.sigma), ylim=(0, 1.36 * peak), yticks=[])
    ax.set_xticks(n.mu + n.sigma * np.arange(-2, 3))
    ax.set_xlabel("weight (g): ticks one σ apart")
    ax.spines["left"].set_visible(False)


MUTANTS = {
    "the 2 in the exponent is lost": ("(2 * sigma**2)) /", "(sigma**2)) /"),
    "variance taken for the standard deviation": (
        "values = rng.normal(mu, sigma, draws)",
        "values = rng.normal(mu, sigma**2, draws)",
    ),
}
