"""The most output for a fixed budget: where the budget line touches a level line."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    RULE,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.7
COLOURS = 40
VARIANTS = (
    {"share": 0.5, "prices": (2.0, 3.0), "budget": 24.0, "elsewhere": 9.6},
    {"share": 0.4, "prices": (2.0, 4.0), "budget": 30.0, "elsewhere": 10.6},
)

LINE_POINTS = 200_001  # of the search along the budget line
TRIALS = 2000  # random purchases within the budget
EXTRA = 0.01  # more budget, to measure what it is worth


def output(x, share):
    """A Cobb-Douglas output: both goods are needed, each with falling returns."""
    return x[0] ** share * x[1] ** (1 - share)


def slope(x, share):
    f = output(x, share)
    return np.array([share * f / x[0], (1 - share) * f / x[1]])


def best_on_line(share, prices, budget):
    """The best point on the budget line, by trying points only: no derivative."""
    x = np.linspace(0, budget / prices[0], LINE_POINTS)[1:-1]
    line = np.array([x, (budget - prices[0] * x) / prices[1]])
    return line[:, output(line, share).argmax()]


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


def compute(rng, share, prices, budget, elsewhere):
    prices = np.array(prices)
    best = best_on_line(share, prices, budget)
    away = np.array([elsewhere, (budget - prices[0] * elsewhere) / prices[1]])
    at_best, at_away = slope(best, share), slope(away, share)
    multiplier = at_best @ prices / (prices @ prices)
    top = output(best, share)
    richer = output(best_on_line(share, prices, budget + EXTRA), share)
    along = np.array([-prices[1], prices[0]]) / np.linalg.norm(prices)
    spent = budget * rng.random(TRIALS) ** 0.5
    split = rng.random(TRIALS)
    trials = np.array([split * spent / prices[0], (1 - split) * spent / prices[1]])
    x, y = np.meshgrid(np.linspace(0.05, 14, 181), np.linspace(0.05, 9, 121))
    return SimpleNamespace(
        x=x,
        y=y,
        height=output(np.array([x, y]), share),
        line=np.array([[0, budget / prices[0]], [budget / prices[1], 0]]),
        best=best,
        away=away,
        slope_best=at_best,
        slope_away=at_away,
        prices=prices,
        pull=along * (at_away @ along),
        trials=output(trials, share),
        exact=budget * np.array([share, 1 - share]) / prices,
        measured=(richer - top) / EXTRA,
        multiplier=multiplier,
        top=top,
        away_output=output(away, share),
        budget=budget,
        price_one=prices[0],
        price_two=prices[1],
        best_one=best[0],
        best_two=best[1],
        away_one=away[0],
        away_two=away[1],
        angle=np.degrees(np.arccos(cosine(at_away, prices))),
        share_one=share,
    )


def check(n):
    yield (
        "searching finds the closed form: spend each good's share",
        (np.abs(n.best - n.exact).max() < 1e-3),
    )
    yield "at the optimum the gradients are parallel", (cosine(n.slope_best, n.prices) > 1 - 1e-6)
    yield "elsewhere on the line they are not", cosine(n.slope_away, n.prices) < 0.97
    yield (
        "gradient = multiplier times gradient of the constraint",
        (np.abs(n.slope_best - n.multiplier * n.prices).max() < 1e-3),
    )
    yield (
        "the multiplier is what one more unit of budget earns",
        (abs(n.measured / n.multiplier - 1) < 1e-3),
    )
    yield "no purchase within the budget does better", n.trials.max() <= n.top + 1e-12
    inside = n.prices[0] * n.x + n.prices[1] * n.y <= n.budget
    yield "none of the map drawn either", n.height[inside].max() <= n.top + 1e-12
    yield "from elsewhere, sliding towards the optimum improves", n.pull @ (n.best - n.away) > 0


def draw(fig, n):
    ax = fig.subplots()
    ax.fill([0, *n.line[0]], [0, *n.line[1]], color=PALE_BLUE, linewidth=0)
    levels = n.top * np.array([0.5, 0.75, 1.25, 1.5])
    ax.contour(n.x, n.y, n.height, levels=levels, colors=GREY, linewidths=1.2)
    ax.contour(n.x, n.y, n.height, levels=[n.top], colors=INK, linewidths=3)
    ax.plot(*n.line, color=BLUE, linewidth=3)

    def arrow(start, way, colour, width, length):
        tip = start + length * way / np.linalg.norm(way)
        look = {
            "arrowstyle": "-|>",
            "mutation_scale": 14 + 2 * width,
            "color": colour,
            "linewidth": width,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        ax.annotate("", tip, start, arrowprops=look, zorder=5)
        return tip

    for point, way in ((n.best, n.slope_best), (n.away, n.slope_away)):
        arrow(point, n.prices, BLUE, 7, 1.6)
        tip = arrow(point, way, VERMILLION, 3, 2.6)
        words = {"weight": "bold", "color": VERMILLION_INK, "size": 16, "va": "center"}
        ax.text(tip[0] + 0.2, tip[1] + 0.1, "$\\nabla f$", ha="left", **words)
    beside = n.away + 1.6 * n.prices / np.linalg.norm(n.prices)
    ax.text(beside[0] + 0.3, beside[1], "$\\nabla g$", color=BLUE, size=16, va="center")
    arrow(n.away, n.pull, INK, 2.2, 1.5)
    ax.plot(*n.away, "s", color=INK, markersize=9, markeredgecolor=WHITE, zorder=7)
    ax.plot(*n.best, "*", color=INK, markersize=21, markeredgecolor=WHITE, zorder=7)
    ax.text(0.35, 0.45, "affordable", color=BLUE)
    ax.set(xlim=(0, 14), ylim=(0, 8), xticks=[0, 5, 10], yticks=[0, 4, 8], aspect="equal")
    ax.set_xlabel("first good")
    ax.set_ylabel("second good")
    for side in ("left", "bottom"):
        ax.spines[side].set_color(RULE)


MUTANTS = {
    "exponents swapped in the gradient": (
        "share * f / x[0], (1 - share) * f / x[1]",
        "share * f / x[1], (1 - share) * f / x[0]",
    ),
    "the multiplier has the wrong sign": (
        "multiplier = at_best @ prices",
        "multiplier = -at_best @ prices",
    ),
}
