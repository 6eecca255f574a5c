"""The first cut of a tree: every threshold is tried, the one with the lowest impurity wins."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    WHITE,
)

HEIGHT = 3.8
COLOURS = 40
VARIANTS = ({"border": 0.62, "flipped": 0.08}, {"border": 0.36, "flipped": 0.1})

POINTS = 150


def gini(y):
    """1 - sum of squared class shares: the chance that two draws disagree."""
    shares = np.array([np.mean(y == 0), np.mean(y == 1)])
    return 1 - (shares**2).sum()


def after_cut(left, right):
    """Impurity of the two children, weighted by their size."""
    sizes = np.array([len(left), len(right)])
    return sizes @ [gini(left), gini(right)] / sizes.sum()


def compute(rng, border, flipped):
    x = rng.permutation((np.arange(POINTS) + rng.random(POINTS)) / POINTS)
    height = rng.random(POINTS)
    wrong = np.zeros(POINTS, dtype=bool)
    wrong[rng.choice(POINTS, round(flipped * POINTS), replace=False)] = True
    y = ((x > border) ^ wrong).astype(int)
    order = np.argsort(x)
    along, sorted_y = x[order], y[order]
    cuts = (along[1:] + along[:-1]) / 2
    impurity = np.array([after_cut(sorted_y[:i], sorted_y[i:]) for i in range(1, POINTS)])
    best = int(impurity.argmin())
    left, right = sorted_y[: best + 1], sorted_y[best + 1 :]
    pairs = rng.integers(0, POINTS, (2, 40_000))
    return SimpleNamespace(
        x=x,
        height=height,
        y=y,
        cuts=cuts,
        impurity=impurity,
        disagree=(y[pairs[0]] != y[pairs[1]]).mean(),
        border=border,
        points=POINTS,
        before=gini(y),
        cut=cuts[best],
        after=impurity[best],
        gain=gini(y) - impurity[best],
        left_size=len(left),
        right_size=len(right),
        left_ones=int(left.sum()),
        right_ones=int(right.sum()),
        left_gini=gini(left),
        right_gini=gini(right),
        ones=int(y.sum()),
        share=y.mean(),
    )


def check(n):
    yield "no cut raises the impurity", (n.impurity <= n.before + 1e-12).all()
    yield "the best cut lies within 0.06 of the true border", abs(n.cut - n.border) <= 0.06
    # 40 000 pairs: three standard errors are 0.0075.
    yield "G is the chance that two draws disagree", abs(n.disagree - n.before) < 0.01
    # Each example against all on its side of the cut: how often does it disagree?
    left = n.x < n.cut
    against = [np.mean(n.y[left == left[i]] != n.y[i]) for i in range(n.points)]
    yield "the lowest point is the chance of it", abs(np.mean(against) - n.after) < 1e-12
    yield "both children are purer than the parent", max(n.left_gini, n.right_gini) < n.before


def draw(fig, n):
    top, low = fig.subplots(2, 1, sharex=True, height_ratios=[1, 1.1])
    top.axvspan(0, n.cut, color=PALE_BLUE)
    top.axvspan(n.cut, 1, color=PALE_VERMILLION)
    for value, colour, marker in ((0, BLUE, "o"), (1, VERMILLION, "^")):
        chosen = n.y == value
        top.plot(
            n.x[chosen],
            n.height[chosen],
            marker,
            color=colour,
            markersize=8,
            markeredgecolor=WHITE,
            markeredgewidth=0.8,
        )
    top.set(ylim=(-0.06, 1.06), yticks=[])
    top.spines[:].set_visible(False)
    top.tick_params(bottom=False)
    low.axhline(n.before, color=GREY, linewidth=1.4, linestyle=(0, (4, 3)))
    low.plot(n.cuts, n.impurity, color=BLUE)
    low.plot(n.cut, n.after, "o", color=INK, markersize=11, zorder=5)
    for ax in (top, low):
        ax.axvline(n.cut, color=INK, linewidth=2)
    side = -1 if n.cut > 0.5 else 1
    words = {"weight": "bold", "ha": "right" if side < 0 else "left", "va": "center"}
    low.text(n.cut + 0.03 * side, n.after, f"{n.after:.2f}", size=17, **words)
    low.text(
        0.5 + 0.49 * side,
        n.before + 0.03,
        f"uncut: {n.before:.2f}",
        color=GREY,
        va="bottom",
        ha="left" if side < 0 else "right",
    )
    low.set(xlim=(0, 1), ylim=(0, 0.62), xticks=[0, 0.25, 0.5, 0.75, 1], yticks=[0, 0.25, 0.5])
    low.set(xlabel="cut the feature at", ylabel="impurity $G$")


MUTANTS = {
    "the children are not weighted by size": (
        "sizes @ [gini(left), gini(right)] / sizes.sum()",
        "(gini(left) + gini(right)) / 2",
    ),
    "the sum of the shares, not of their squares": ("(shares**2).sum()", "shares.max()"),
}
