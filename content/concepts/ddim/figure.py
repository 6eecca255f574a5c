"""A few steps from noise to data, with fresh noise and without: same starts, same network."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    RULE,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.7
COLOURS = 32
VARIANTS = (
    {"steps": 20, "heaps": 6, "turn": 0.0},
    {"steps": 15, "heaps": 5, "turn": 0.3},
)

TRAINED = 1000  # steps of the noise schedule
SPREAD = 0.08
RADIUS = 1.5
SAMPLES = 600
PATHS = 30
DOTS = 150
EDGE = 2.6  # half the width of a panel


def schedule():
    """Share of signal alpha-bar after 0 to TRAINED steps (Ho et al. 2020)."""
    beta = np.linspace(1e-4, 0.02, TRAINED)
    return np.concatenate([[1.0], np.cumprod(1 - beta)])


def centres(count, turn):
    angle = turn + 2 * np.pi * np.arange(count) / count
    return RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def guess_noise(x, kept, middle, spread):
    """What a perfectly trained network says: the mean of the noise in x."""
    variance = kept * spread**2 + 1 - kept
    away = x[:, None] - np.sqrt(kept) * middle
    weight = -0.5 * (away**2).sum(axis=-1) / variance
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return np.sqrt(1 - kept) * (weight[..., None] * away).sum(axis=1) / variance


def step_without(x, kept, before, guess):
    """DDIM: back to the guessed clean point, forth again with the same noise."""
    clean = (x - np.sqrt(1 - kept) * guess) / np.sqrt(kept)
    return np.sqrt(before) * clean + np.sqrt(1 - before) * guess


def step_with(rng, x, kept, before, guess):
    """DDPM with strides: part of the noise is drawn afresh."""
    fresh = np.sqrt((1 - before) / (1 - kept) * (1 - kept / before))
    clean = (x - np.sqrt(1 - kept) * guess) / np.sqrt(kept)
    old = np.sqrt(np.maximum(1 - before - fresh**2, 0))
    return np.sqrt(before) * clean + old * guess + fresh * rng.standard_normal(x.shape)


def run(start, steps, middle, spread, rng=None):
    """All stations of all samples; fresh noise if there is a generator for it."""
    signal = schedule()
    times = np.round(np.linspace(1, 0, steps + 1) ** 1.5 * TRAINED).astype(int)
    x, stations = start, [start]
    for now, then in pairwise(times):
        kept, before = signal[now], signal[then]
        guess = guess_noise(x, kept, middle, spread)
        if rng is None:
            x = step_without(x, kept, before, guess)
        else:
            x = step_with(rng, x, kept, before, guess)
        stations.append(x)
    return np.array(stations)


def miss(x, middle):
    """Mean distance to the nearest centre."""
    return np.linalg.norm(x[:, None] - middle, axis=-1).min(axis=1).mean()


def travelled(stations):
    """Length of each sample's path."""
    return np.linalg.norm(np.diff(stations, axis=0), axis=-1).sum(axis=0)


def spaced(start, length, count=3):
    """The longest paths that begin inside the picture and well apart from each other."""
    chosen = []
    for k in np.argsort(-length):
        if np.abs(start[k]).max() > 0.9 * EDGE or len(chosen) == count:
            continue
        if all(np.linalg.norm(start[k] - start[j]) > 1.2 for j in chosen):
            chosen.append(int(k))
    return chosen


def compute(rng, steps, heaps, turn):
    middle = centres(heaps, turn)
    start = rng.standard_normal((SAMPLES, 2))
    smooth = run(start, steps, middle, SPREAD)
    ragged = run(start, steps, middle, SPREAD, rng)
    again = run(start[:20], steps, middle, SPREAD)
    # One normal heap: the exact end of each path is known, a straight rescaling of its start.
    line = np.sort(rng.standard_normal(200))[:, None]
    one = np.array([[2.0]])
    counts = np.array([25, 50, 100, 200])
    spreads = []
    for count in counts:
        ends = run(line, count, one, 0.5)[-1]
        spreads.append(ends.std() / line.std())
    errors = np.abs(np.array(spreads) - 0.5)
    path = run(line, 50, one, 0.5)
    length = np.array([travelled(p) for p in (smooth, ragged)])
    marked = spaced(start[:PATHS], travelled(smooth)[:PATHS])
    return SimpleNamespace(
        smooth=smooth,
        ragged=ragged,
        middle=middle,
        steps=steps,
        trained=TRAINED,
        saving=TRAINED / steps,
        samples=SAMPLES,
        miss_smooth=miss(smooth[-1], middle),
        miss_ragged=miss(ragged[-1], middle),
        ideal=SPREAD * np.sqrt(np.pi / 2),
        repeat=np.abs(again - smooth[:, :20]).max(),
        ordered=(np.diff(path[:, :, 0], axis=1) > 0).all(),
        counts=counts,
        errors=errors,
        slope=np.polyfit(np.log(counts), np.log(errors), 1)[0],
        few=counts[1],
        many=counts[3],
        spread_few=spreads[1],
        spread_many=spreads[3],
        spread_true=0.5,
        longer=np.median(length[1]) / np.median(length[0]),
        way_smooth=np.median(length[0]),
        way_ragged=np.median(length[1]),
        marked=marked,
    )


def check(n):
    yield "the same start gives the same end", n.repeat == 0
    yield "in one dimension paths never cross", n.ordered
    # Euler's method: the error falls as one over the number of steps.
    yield "the error falls as 1/steps", abs(n.slope + 1) < 0.15
    yield "paths without fresh noise are 5 times shorter or more", n.longer > 5
    # Rayleigh's mean for the true heaps; few steps leave them a little too tight.
    yield "they end in the heaps", 0.5 * n.ideal < n.miss_smooth < 1.3 * n.ideal
    yield "so do those with fresh noise", 0.4 * n.ideal < n.miss_ragged < 1.5 * n.ideal


def draw(fig, n):
    fig.set_layout_engine("none")
    ratio = 6.0 / HEIGHT
    side = 0.478
    panels = (
        (n.ragged, "with fresh noise", n.way_ragged, VERMILLION, VERMILLION_INK),
        (n.smooth, "DDIM", n.way_smooth, BLUE, BLUE),
    )
    for column, (paths, name, way, colour, ink) in enumerate(panels):
        ax = fig.add_axes((0.012 + 0.498 * column, 0.115, side, side * ratio))
        for k in range(PATHS):
            ax.plot(*paths[:, k].T, color=RULE, linewidth=1.6 if column == 0 else 2.2)
        ax.plot(*paths[0, :PATHS].T, "o", color=WHITE, mec=GREY, mew=1.5, markersize=6, zorder=3)
        for k in n.marked[:1] if column == 0 else n.marked:
            ax.plot(*paths[:, k].T, "-", color=INK, linewidth=2.8, zorder=4)
            ax.plot(*paths[0, k], "o", color=WHITE, mec=INK, mew=2.4, markersize=10, zorder=5)
        ax.plot(*paths[-1, :DOTS].T, "o", color=colour, mew=0, markersize=4.5, zorder=6)
        ax.set(xlim=(-EDGE, EDGE), ylim=(-EDGE, EDGE), xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=RULE)
        ax.set_title(name, weight="bold", loc="center", color=ink, size=17, pad=5)
        ax.set_xlabel(f"path length {way:.1f}", color=ink, labelpad=4)


MUTANTS = {
    "the noise is put back at its old strength": (
        "np.sqrt(before) * clean + np.sqrt(1 - before) * guess",
        "np.sqrt(before) * clean + np.sqrt(1 - kept) * guess",
    ),
    "the guessed noise is added, not taken away": (
        "clean = (x - np.sqrt(1 - kept) * guess) / np.sqrt(kept)\n    return",
        "clean = (x + np.sqrt(1 - kept) * guess) / np.sqrt(kept)\n    return",
    ),
}
