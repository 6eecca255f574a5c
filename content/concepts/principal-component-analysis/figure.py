"""Principal axes of a cloud, and the variance along every other direction."""

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

HEIGHT = 3.5
COLOURS = 40
VARIANTS = (
    {"turn": 32.0, "long": 1.7, "short": 0.5},
    {"turn": 125.0, "long": 1.6, "short": 0.6},
)

POINTS = 110


def covariance(x):
    centred = x - x.mean(0)
    return centred.T @ centred / len(x)


def compute(rng, turn, long, short):
    angle = np.deg2rad(turn)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    x = (rng.standard_normal((POINTS, 2)) * [long, short]) @ axes
    x -= x.mean(0)
    values, vectors = np.linalg.eigh(covariance(x))
    first = vectors[:, -1]
    first = first * np.sign(first[1])  # its sign is free: let it point upwards
    degrees = np.arange(180)
    radians = np.deg2rad(degrees)
    every = np.c_[np.cos(radians), np.sin(radians)]
    kept = (x @ first)[:, None] * first
    return SimpleNamespace(
        x=x,
        first=first,
        second=vectors[:, 0],
        values=values[::-1],
        degrees=degrees,
        along=(x @ every.T).var(0),
        best=np.rad2deg(np.arctan2(first[1], first[0])),
        top=values[-1],
        low=values[0],
        share=values[-1] / values.sum(),
        lost=((x - kept) ** 2).sum(1).mean(),
        variance_x=x[:, 0].var(),
        variance_y=x[:, 1].var(),
        points=POINTS,
    )


def check(n):
    yield (
        "variance along the first axis is the top eigenvalue",
        np.isclose((n.x @ n.first).var(), n.values[0], rtol=1e-10),
    )
    yield "no direction on a grid of one degree has more", n.along.max() <= n.values[0] + 1e-12
    yield (
        "the curve peaks where the axis points",
        (abs((n.degrees[n.along.argmax()] - n.best + 90) % 180 - 90) <= 0.5 + 1e-9),
    )
    yield (
        "dropping the second axis loses exactly its variance",
        np.isclose(n.lost, n.values[1], rtol=1e-10),
    )
    yield (
        "turning the axes keeps the total",
        np.isclose(n.values.sum(), n.variance_x + n.variance_y, rtol=1e-12),
    )


def draw(fig, n):
    left, right = fig.subplots(1, 2, width_ratios=[1.2, 1])
    foot = (n.x @ n.first)[:, None] * n.first
    line = np.c_[n.x, foot, np.full_like(n.x, np.nan)].reshape(-1, 2)
    left.plot(*line.T, color=RULE, linewidth=1.2)
    left.plot(*n.x.T, "o", color=BLUE, markersize=5, mec=WHITE, mew=0.5)
    for axis, value, colour in ((n.first, n.values[0], VERMILLION), (n.second, n.values[1], INK)):
        end = 2.6 * np.sqrt(value) * axis
        left.plot([-end[0], end[0]], [-end[1], end[1]], color=colour, linewidth=3.5)
    reach = 1.06 * np.abs(n.x).max()
    left.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[], yticks=[], aspect="equal")
    left.set(xlabel="feature 1", ylabel="feature 2")
    right.fill_between(n.degrees, 0, n.along, color=PALE_BLUE, linewidth=0)
    right.plot(n.degrees, n.along, color=BLUE)
    right.plot(n.best, n.top, "o", color=VERMILLION, markersize=11, zorder=5)
    share = f"axis 1: {100 * n.share:.0f}%"
    words = {"color": VERMILLION_INK, "weight": "bold", "ha": "center", "va": "center"}
    right.text(90, 1.2 * n.top, share, size=17, **words)
    right.set(xlim=(0, 180), ylim=(0, 1.32 * n.top), xticks=[0, 90, 180], yticks=[0, 1, 2, 3])
    right.set(xlabel="direction (degrees)", ylabel=r"variance $u^\top S\,u$")
    right.axhline(n.low, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))


MUTANTS = {
    "the data are not centred, S is taken about a wrong point": (
        "centred = x - x.mean(0)",
        "centred = x - x[0]",
    ),
    "the last axis for the first": ("first = vectors[:, -1]", "first = vectors[:, 0]"),
}
