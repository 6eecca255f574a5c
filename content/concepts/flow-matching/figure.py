"""Straight lines from noise to data cross; the paths of their mean velocity bend instead."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, RULE, VERMILLION, WHITE

HEIGHT = 3.3
COLOURS = 32
VARIANTS = (
    {"shape": "moons", "steps": 30},
    {"shape": "ring of heaps", "steps": 30},
)

DATA = 200
SAMPLES = 120
LINES = 60
PAIRS = 20_000
NOISE = 0.05


def moons(rng):
    side = rng.random(DATA) < 0.5
    angle = np.pi * rng.random(DATA)
    x = np.where(side, np.cos(angle) - 0.5, 0.5 - np.cos(angle))
    y = np.where(side, np.sin(angle) - 0.25, 0.25 - np.sin(angle))
    return 1.6 * np.stack([x, y], axis=1) + NOISE * rng.standard_normal((DATA, 2))


def heaps(rng):
    angle = 2 * np.pi * rng.integers(0, 6, DATA) / 6
    return 1.9 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 2 * NOISE * (
        rng.standard_normal((DATA, 2))
    )


def mean_velocity(x, t, data):
    """Mean of x1 - x0 over all pairs whose line passes through x at time t: the best regression."""
    away = x[:, None] - t * data
    weight = -0.5 * (away**2).sum(axis=-1) / (1 - t) ** 2
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    noise = away / (1 - t)  # the x0 that goes with each data point
    return (weight[..., None] * (data - noise)).sum(axis=1)


def follow(start, steps, data):
    """Euler steps along the mean velocity from t = 0 to 1."""
    x, stations = start, [start]
    for k in range(steps):
        x = x + mean_velocity(x, k / steps, data) / steps
        stations.append(x)
    return np.array(stations)


def apart(begin, end, count=4):
    """Pairs to be drawn bold: the longest lines whose ends lie well away from each other."""
    chosen = []
    for k in np.argsort(-np.linalg.norm(end - begin, axis=1)):
        if np.abs(begin[k]).max() > 2.5 or len(chosen) == count:
            continue
        near = [min(np.linalg.norm(a[k] - a[j]) for a in (begin, end)) for j in chosen]
        if min(near, default=9) > 0.75:
            chosen.append(int(k))
    return chosen


def compute(rng, shape, steps):
    data = {"moons": moons, "ring of heaps": heaps}[shape](rng)
    start = rng.standard_normal((SAMPLES, 2))
    paths = follow(start, steps, data)
    partner = data[rng.integers(0, DATA, LINES)]
    # Regression by brute force: pairs whose line passes near a spot at t = 1/2.
    x0 = rng.standard_normal((PAIRS, 2))
    x1 = data[rng.integers(0, DATA, PAIRS)]
    spot = np.array([[0.35, 0.2]])
    near = np.linalg.norm((x0 + x1) / 2 - spot, axis=1) < 0.12
    seen = (x1 - x0)[near]
    field = mean_velocity(spot, 0.5, data)[0]
    ends = np.linalg.norm(paths[-1][:, None] - data, axis=-1)
    straight = np.linalg.norm(paths[-1] - paths[0], axis=1)
    length = np.linalg.norm(np.diff(paths, axis=0), axis=-1).sum(axis=0)
    moments = (paths[-1].mean(axis=0) - data.mean(axis=0), paths[-1].std(axis=0) / data.std(axis=0))
    few = follow(start, 4, data)[-1]
    marked = apart(start[:LINES], partner)
    return SimpleNamespace(
        data=data,
        start=start,
        marked=marked,
        partner=partner,
        paths=paths,
        shape=shape,
        steps=steps,
        samples=SAMPLES,
        pairs=LINES,
        close=(ends.min(axis=1) < 0.15).mean(),
        off=ends.min(axis=1).mean(),
        off_few=np.linalg.norm(few[:, None] - data, axis=-1).min(axis=1).mean(),
        few=4,
        moment_mean=np.abs(moments[0]).max(),
        moment_spread=moments[1],
        used=len(np.unique(ends.argmin(axis=1))) / DATA,
        field=field,
        seen=seen.mean(axis=0),
        seen_error=seen.std(axis=0) / np.sqrt(near.sum()),
        seen_spread=seen.std(axis=0).mean(),
        count=int(near.sum()),
        speed=np.linalg.norm(field),
        bend=np.median(length / straight) - 1,
    )


def check(n):
    # Averages over a small disc: 4.5 standard errors and a little for the disc's width.
    gap = np.abs(n.seen - n.field)
    yield "the field is the mean velocity of passing pairs", (gap < 4.5 * n.seen_error + 0.05).all()
    yield "paths end on the data", n.close > 0.95
    # Means of 120 samples of spread 1.3 vary by 0.12, their spreads by 7 %.
    yield "with the data's mean", n.moment_mean < 0.5
    yield "and the data's spread within 25 %", np.abs(n.moment_spread - 1).max() < 0.25
    yield "a mean of lines bends: paths are longer than straight", n.bend > 0.01
    yield "four steps land further off", n.off_few > n.off


def draw(fig, n):
    fig.set_layout_engine("none")
    ratio = 6.0 / HEIGHT
    side = 0.478
    titles = ("train: straight pairs", "use: mean velocity")
    for column, name in enumerate(titles):
        ax = fig.add_axes((0.012 + 0.498 * column, 0.02, side, side * ratio))
        ax.plot(*n.data.T, "o", color=VERMILLION, mew=0, markersize=5, zorder=2)
        begin = n.start[: n.pairs]
        if column == 0:
            for a, b in zip(begin, n.partner, strict=True):
                ax.plot([a[0], b[0]], [a[1], b[1]], color=RULE, linewidth=1.4, zorder=1)
            for a, b in zip(begin[n.marked], n.partner[n.marked], strict=True):
                ax.plot([a[0], b[0]], [a[1], b[1]], color=INK, linewidth=2.8, zorder=3)
        else:
            for k in range(n.pairs):
                ax.plot(*n.paths[:, k].T, color=RULE, linewidth=1.4, zorder=1)
            for k in n.marked:
                ax.plot(*n.paths[:, k].T, color=INK, linewidth=2.8, zorder=3)
        ax.plot(*begin.T, "o", color=BLUE, markersize=4, zorder=2)
        ax.plot(*begin[n.marked].T, "o", color=BLUE, mec=WHITE, mew=1.5, markersize=10, zorder=4)
        ax.set(xlim=(-2.75, 2.75), ylim=(-2.75, 2.75), xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=RULE)
        ax.set_title(name, weight="bold", loc="center", size=16, pad=6)


MUTANTS = {
    "the velocity points from data to noise": (
        "(weight[..., None] * (data - noise))",
        "(weight[..., None] * (noise - data))",
    ),
    "the pairs meet at 1 - t": (
        "away = x[:, None] - t * data",
        "away = x[:, None] - (1 - t) * data",
    ),
}
