"""Cubes of growing dimension: the ball inside empties, and nearest meets farthest."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION, VERMILLION_INK

HEIGHT = 3.8
COLOURS = 32
VARIANTS = ({"dims": (2, 3, 10, 200)}, {"dims": (2, 4, 8, 500)})

SHOWN = 260  # points drawn in a cube
POINTS = 500  # points among which the nearest and the farthest are sought
QUERIES = 9
MANY = 30_000  # points that measure the ball's share


def log_ball_share(d):
    """Natural logarithm of the share of the cube that its inscribed ball fills."""
    return d / 2 * math.log(math.pi) - d * math.log(2) - math.lgamma(d / 2 + 1)


def compute(rng, dims):
    clouds, insides, reach, ratios = [], [], [], []
    for d in dims:
        cloud = rng.uniform(-1, 1, (SHOWN, d))
        clouds.append(cloud[:, :2])
        insides.append((cloud**2).sum(axis=1) < 1)
        points, queries = rng.random((POINTS, d)), rng.random((QUERIES, d))
        squares = (queries**2).sum(axis=1)[:, None] + (points**2).sum(axis=1)
        far = np.sqrt(np.maximum(squares - 2 * queries @ points.T, 0))
        ratio = far.min(axis=1) / far.max(axis=1)
        shown = np.abs(ratio - np.median(ratio)).argmin()  # the query that is drawn
        reach.append(far[shown] / far[shown].max())
        ratios.append(np.median(ratio))
    measured = {}
    for d in (2, 3, 6):
        inside = (rng.uniform(-1, 1, (MANY, d)) ** 2).sum(axis=1) < 1
        measured[d] = inside.mean(), math.exp(log_ball_share(d))
    pairs = rng.random((3000, dims[-1])) - rng.random((3000, dims[-1]))
    logs = [log_ball_share(d) / math.log(10) for d in dims]
    return SimpleNamespace(
        dims=dims,
        clouds=clouds,
        insides=insides,
        reach=reach,
        ratios=np.array(ratios),
        measured=measured,
        logs=logs,
        squared=(pairs**2).sum(axis=1) / dims[-1],
        points=POINTS,
        d_first=dims[0],
        d_second=dims[1],
        d_third=dims[2],
        d_last=dims[-1],
        share_first=10 ** logs[0],
        share_second=10 ** logs[1],
        share_third=10 ** logs[2],
        zeros=-math.ceil(logs[-1]),
        ratio_first=ratios[0],
        ratio_third=ratios[2],
        ratio_last=ratios[-1],
        corner=math.sqrt(dims[-1]),
        edge=0.01 ** (1 / dims[2]),
        one=0.01,
    )


def check(n):
    for d, (seen, exact) in n.measured.items():
        error = math.sqrt(exact * (1 - exact) / MANY)
        yield f"d = {d}: the share drawn is the formula's, 5 errors", abs(seen - exact) < 5 * error
    # A difference of two uniform numbers has mean square 1/6 and mean fourth power 1/15.
    error = math.sqrt((1 / 15 - 1 / 36) / n.d_last / len(n.squared))
    yield "squared distance is d / 6, 5 errors", abs(n.squared.mean() - 1 / 6) < 5 * error
    relative = n.squared.std() / n.squared.mean()
    exact = math.sqrt(1.4 / n.d_last)
    yield "its relative spread is sqrt(1.4 / d), to 8%", abs(relative / exact - 1) < 0.08
    yield "in the plane the nearest is within an eighth of the farthest", n.ratio_first < 0.125
    yield "at the end beyond seven tenths", n.ratio_last > 0.7
    yield "nearest and farthest approach with every step", (np.diff(n.ratios) > 0).all()
    drawn = n.insides[0].mean()
    yield "the dots drawn show it too", abs(drawn - n.share_first) < 5 * math.sqrt(0.17 / SHOWN)


def label(log):
    if log > -4:
        return f"{100 * 10**log:.2g}%"
    return f"$10^{{{log:.0f}}}$"


def draw(fig, n):
    fig.set_layout_engine("none")
    left, width, count = 0.2, 0.79, len(n.dims)
    unit = width * 6.0 / count  # inches a column
    top = fig.add_axes((left, 0.545, width, 1.06 * unit / HEIGHT))
    low = fig.add_axes((left, 0.015, width, 0.42))
    bins = np.linspace(0, 1, 26)
    for k, (d, cloud, inside, reach, log) in enumerate(
        zip(n.dims, n.clouds, n.insides, n.reach, n.logs, strict=True)
    ):
        middle = k + 0.5
        x, y = middle + 0.44 * cloud[:, 0], 0.5 + 0.44 * cloud[:, 1]
        top.plot(x[~inside], y[~inside], "o", color=RULE, markersize=3.4, mew=0)
        top.plot(x[inside], y[inside], "o", color=BLUE, markersize=4.4, mew=0)
        side = 0.455 * np.array([-1, 1, 1, -1, -1])
        top.plot(middle + side, 0.5 + 0.455 * np.array([-1, -1, 1, 1, -1]), color=GREY, linewidth=1)
        turn = np.linspace(0, 2 * np.pi, 90)
        top.plot(middle + 0.44 * np.cos(turn), 0.5 + 0.44 * np.sin(turn), color=INK, linewidth=1.6)
        heights, _ = np.histogram(reach, bins)
        wide = 0.42 * heights / heights.max()
        low.barh(bins[:-1], 2 * wide, np.diff(bins), middle - wide, align="edge", color=VERMILLION)
        low.plot(middle, reach.min(), "v", color=INK, markersize=9, zorder=5)
        words = {"ha": "center", "va": "center"}
        top.text(middle, 1.18, f"$d$ = {d}", weight="bold", size=16, **words)
        top.text(middle, -0.12, label(log), color=BLUE, weight="bold", size=16, **words)
    for ax in (top, low):
        ax.set(xlim=(0, count), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    top.set(ylim=(-0.02, 1.04))
    low.set(ylim=(-0.07, 1.02))
    top.text(-0.04, 0.5, "in the\nball", color=BLUE, ha="right", va="center", weight="bold")
    low.text(-0.04, 1.0, "farthest", ha="right", va="top")
    near = n.reach[-1].min()
    low.text(count - 0.5, near - 0.1, f"nearest:\n{near:.0%}", ha="center", va="top", weight="bold")
    low.text(-0.04, 0.5, "distance", color=VERMILLION_INK, ha="right", va="center", weight="bold")
    low.text(-0.04, 0.0, "zero", ha="right", va="center")
    low.axhline(0, color=INK, linewidth=1.4)


MUTANTS = {
    "the gamma function is off by one": ("math.lgamma(d / 2 + 1)", "math.lgamma(d / 2)"),
    "the cube has side one, not two": ("- d * math.log(2)", "- 0 * math.log(2)"),
    "distances are summed without the square": (
        "squared=(pairs**2).sum(axis=1)",
        "squared=np.abs(pairs).sum(axis=1)",
    ),
}
