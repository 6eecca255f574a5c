"""The normal density over a pile of draws, one dot for each, shaded by standard deviations."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, VERMILLION, VERMILLION_INK

HEIGHT = 3.5
VARIANTS = (
    {"mu": 500.0, "sigma": 10.0, "draws": 1500},
    {"mu": 250.0, "sigma": 4.0, "draws": 1200},
)

BINS_PER_SIGMA = 8
BIG = 100_000  # draws that the claim is tested on; the picture shows the first of them


def density(x, mu, sigma):
    return np.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))


def share_within(draws, mu, sigma, widths):
    return float((np.abs(draws - mu) < widths * sigma).mean())


def compute(rng, mu, sigma, draws):
    many = rng.normal(mu, sigma, BIG)
    few = many[:draws]
    width = sigma / BINS_PER_SIGMA
    column = np.floor((few - mu) / width).astype(int)
    order = np.argsort(column, kind="stable")
    column = column[order]
    first = np.searchsorted(column, column)  # index of the first dot in the same column
    row = np.arange(draws) - first
    x = np.linspace(mu - 3.6 * sigma, mu + 3.6 * sigma, 721)
    fine = np.linspace(mu - 9 * sigma, mu + 9 * sigma, 20_001)
    return SimpleNamespace(
        mu=mu,
        sigma=sigma,
        draws=draws,
        dot_x=mu + (column + 0.5) * width,
        dot_y=row + 0.5,
        x=x,
        curve=draws * width * density(x, mu, sigma),
        area=np.trapezoid(density(fine, mu, sigma), fine),
        variance=np.trapezoid((fine - mu) ** 2 * density(fine, mu, sigma), fine),
        many_one=share_within(many, mu, sigma, 1),
        many_two=share_within(many, mu, sigma, 2),
        within_one=share_within(few, mu, sigma, 1),
        within_two=share_within(few, mu, sigma, 2),
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
    yield "68.27% within one sigma, 100 000 draws", abs(n.many_one - n.exact_one) < 0.0066
    yield "95.45% within two sigma, 100 000 draws", abs(n.many_two - n.exact_two) < 0.003
    yield "the pile holds every draw once", len(n.dot_x) == n.draws
    # Dots in a column are Poisson to good approximation: 5 standard errors around the curve.
    columns, heights = np.unique(n.dot_x, return_counts=True)
    expected = np.interp(columns, n.x, n.curve)
    yield (
        "the pile follows the curve",
        (np.abs(heights - expected) < 5 * np.sqrt(expected + 1)).all(),
    )


def draw(fig, n):
    ax = fig.subplots()
    peak = n.curve.max()
    z = np.abs(n.dot_x - n.mu) / n.sigma
    for low, high, colour in ((0, 1, BLUE), (1, 2, VERMILLION), (2, 9, GREY)):
        mine = (z >= low) & (z < high)
        ax.plot(n.dot_x[mine], n.dot_y[mine], "o", color=colour, markersize=3.1)
    ax.plot(n.x, n.curve, color=INK, linewidth=3)
    for widths, up, share, ink in (
        (1, 1.14, n.within_one, BLUE),
        (2, 1.42, n.within_two, VERMILLION_INK),
    ):
        ends = [n.mu - widths * n.sigma, n.mu + widths * n.sigma]
        for end in ends:
            foot = np.interp(end, n.x, n.curve)
            ax.plot([end, end], [foot, up * peak], color=GREY, linewidth=1.2)
        ax.annotate(
            "",
            (ends[0], up * peak),
            (ends[1], up * peak),
            arrowprops={
                "arrowstyle": "<->",
                "color": ink,
                "linewidth": 2,
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
        ax.text(
            n.mu,
            up * peak,
            f"{share:.1%}",
            color=ink,
            weight="bold",
            size=17,
            ha="center",
            va="bottom",
        )
    ax.set(xlim=(n.x[0], n.x[-1]), ylim=(0, 1.68 * peak), yticks=[])
    ax.set_xticks(n.mu + n.sigma * np.arange(-2, 3))
    ax.set_xlabel("weight (g)")
    ax.spines["left"].set_visible(False)


MUTANTS = {
    "the 2 in the exponent is lost": ("(2 * sigma**2)) /", "(sigma**2)) /"),
    "variance taken for the standard deviation": (
        "many = rng.normal(mu, sigma, BIG)",
        "many = rng.normal(mu, sigma**2, BIG)",
    ),
}
