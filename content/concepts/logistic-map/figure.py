"""Bifurcation diagram of the logistic map, as a density of long-run values."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, VERMILLION, VERMILLION_INK

HEIGHT = 3.6
COLOURS = 24
VARIANTS = (
    {"mark": 3.5, "calm": 2.8, "pair": 3.2},
    {"mark": 3.83, "calm": 2.6, "pair": 3.3},
)

RATES, SETTLE, KEEP = 360, 600, 2500
LOW, HIGH = 2.7, 4.0  # of the growth rates drawn
ROWS = 220  # bins of x
WILD, NUDGE = 3.9, "0.000001"


def step(r, x):
    return r * x * (1 - x)


def orbit(r, x, settle, keep):
    for _ in range(settle):
        x = step(r, x)
    visited = [x]
    for _ in range(keep - 1):
        visited.append(step(r, visited[-1]))
    return np.array(visited)


def period(visited):
    """Steps until an orbit is back where it was, to seven digits; 0 if it is not."""
    back = np.flatnonzero(np.abs(visited[1:] - visited[0]) < 1e-7)
    return int(back[0]) + 1 if len(back) else 0


def shade(cloud):
    """Share of ink per bin of x and rate: dark where an orbit comes by often."""
    bins = np.minimum((cloud * ROWS).astype(int), ROWS - 1)
    flat = bins * cloud.shape[1] + np.arange(cloud.shape[1])
    counts = np.bincount(flat.ravel(), minlength=ROWS * cloud.shape[1]).reshape(ROWS, -1)
    often = counts * ROWS / len(cloud)  # 1 where all bins are visited alike
    padded = np.pad(often, ((1, 1), (0, 0)))
    often = padded[1:-1] + 0.6 * (padded[:-2] + padded[2:])  # lines a little wider than a bin
    return np.round(3 * (1 - np.exp(-0.3 * often))) / 3


def compute(rng, mark, calm, pair):
    rates = LOW + (HIGH - LOW) * (np.arange(RATES) + 0.5) / RATES
    start = rng.uniform(0.2, 0.8, len(rates))
    cloud = orbit(rates, start, SETTLE, KEEP)
    rest, two, marked = (orbit(r, 0.3, 20_000, 64) for r in (calm, pair, mark))
    ponds = orbit(WILD, 0.3 + np.array([0, float(NUDGE)]), 0, 200)
    return SimpleNamespace(
        rates_drawn=rates,
        cloud=cloud,
        shade=shade(cloud),
        marked=marked,
        rates=len(rates),
        first_split=3,
        second_split=1 + np.sqrt(6),
        mark=mark,
        period=period(marked),
        calm=calm,
        rest=rest[-1],
        rest_period=period(rest),
        pair=pair,
        pair_period=period(two),
        pair_low=two.min(),
        pair_high=two.max(),
        wild=WILD,
        nudge=NUDGE,
        parted=int(np.argmax(np.abs(np.diff(ponds, axis=1)) > 0.1)),
    )


def values(column):
    """How many values an orbit visits, told apart at a thousandth."""
    return 1 + int((np.diff(np.sort(column)) > 1e-3).sum())


def check(n):
    yield "at rest at 1 - 1/r", n.rest_period == 1 and abs(n.rest - (1 - 1 / n.calm)) < 1e-9
    r = n.pair
    root = np.sqrt((r + 1) * (r - 3))
    closed = (np.array([-1, 1]) * root + r + 1) / (2 * r)
    yield (
        "the cycle of two is that of its quadratic equation",
        n.pair_period == 2 and np.allclose([n.pair_low, n.pair_high], closed, atol=1e-9),
    )
    yield "the marked rate has its known period", n.period == {3.5: 4, 3.83: 3}[n.mark]

    def at(rate):
        return values(n.cloud[:, np.argmin(np.abs(n.rates_drawn - rate))])

    yield (
        "the drawn cloud shows 1, 2, 4 values and many",
        ([at(2.8), at(3.2), at(3.5)] == [1, 2, 4] and at(3.9) > 50),
    )
    before = n.rates_drawn[n.rates_drawn < 2.95]
    yield (
        "below 3 the drawn line is 1 - 1/r",
        np.allclose(n.cloud[-1, : len(before)], 1 - 1 / before, atol=1e-6),
    )
    yield "a millionth grows to a tenth within 100 years", 5 < n.parted < 100


def draw(fig, n):
    ax = fig.subplots()
    ink = np.array([int(BLUE[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    picture = 1 - n.shade[..., None] * (1 - ink)
    ax.imshow(picture, extent=(LOW, HIGH, 0, 1), origin="lower", aspect="auto")
    ax.axvline(n.mark, color=GREY, linewidth=1.2)
    cycle = n.marked[: n.period]
    ax.plot(np.full(n.period, n.mark), cycle, "o", color=VERMILLION, markersize=10)
    ax.text(
        n.mark - 0.03,
        0.04,
        f"r = {n.mark:.2f}: {n.period} values",
        color=VERMILLION_INK,
        weight="bold",
        ha="right",
    )
    ax.set(xlim=(LOW, HIGH), ylim=(0, 1), xticks=[3, 3.5, 4], yticks=[0, 0.5, 1])
    ax.set_xlabel("growth rate r")
    ax.set_ylabel("long-run x")


MUTANTS = {
    "the square is lost": ("r * x * (1 - x)", "r * x * (1 - x**2)"),
    "growth counted twice": ("return r * x * (1 - x)", "return x + r * x * (1 - x)"),
}
