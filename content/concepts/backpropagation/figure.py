"""Every slope of a small network: one backward sweep against nudging each weight in turn."""

import itertools
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, RULE, VERMILLION, WHITE

HEIGHT = 3.4
VARIANTS = ({"sizes": (4, 6, 5, 1), "examples": 7}, {"sizes": (3, 6, 6, 2), "examples": 9})

NUDGE = 1e-5  # the error of a central difference falls as its square


def forward(weights, x):
    """All activations and pre-activations; the last layer is linear."""
    h, layers, sums = x, [x], []
    for level, w in enumerate(weights):
        z = w @ h
        h = z if level == len(weights) - 1 else np.tanh(z)
        sums.append(z)
        layers.append(h)
    return layers, sums


def loss(weights, x, y):
    return 0.5 * np.sum((forward(weights, x)[0][-1] - y) ** 2)


def backward(weights, x, y):
    """The slope of the loss for every weight, from one sweep."""
    layers, sums = forward(weights, x)
    delta = layers[-1] - y
    slopes = [delta @ layers[-2].T]
    for level in range(len(weights) - 2, -1, -1):
        delta = (weights[level + 1].T @ delta) * (1 - np.tanh(sums[level]) ** 2)
        slopes.insert(0, delta @ layers[level].T)
    return slopes


def nudge_each(weights, x, y):
    """Central differences: two forward passes for each weight."""
    slopes, passes = [], 0
    for w in weights:
        slope = np.zeros_like(w)
        for place in np.ndindex(w.shape):
            kept = w[place]
            w[place] = kept + NUDGE
            above = loss(weights, x, y)
            w[place] = kept - NUDGE
            below = loss(weights, x, y)
            w[place] = kept
            slope[place] = (above - below) / (2 * NUDGE)
            passes += 2
        slopes.append(slope)
    return slopes, passes


def compute(rng, sizes, examples):
    weights = [
        rng.standard_normal((after, before)) / np.sqrt(before) * 1.5
        for before, after in itertools.pairwise(sizes)
    ]
    x = rng.standard_normal((sizes[0], examples))
    y = rng.standard_normal((sizes[-1], examples))
    slopes = backward(weights, x, y)
    nudged, passes = nudge_each(weights, x, y)
    swept = np.concatenate([s.ravel() for s in slopes])
    slow = np.concatenate([s.ravel() for s in nudged])
    # The smallest chain: one weight into tanh, one out of it, input 1, target 1.
    inner, outer = 0.5, 2.0
    hidden = np.tanh(inner)
    error = outer * hidden - 1
    return SimpleNamespace(
        sizes=sizes,
        slopes=slopes,
        swept=swept,
        slow=slow,
        passes=passes,
        weights=len(swept),
        mismatch=np.linalg.norm(swept - slow) / np.linalg.norm(slow),
        inner=inner,
        outer=outer,
        hidden=hidden,
        error=error,
        outer_slope=error * hidden,
        bend=1 - hidden**2,
        inner_slope=error * outer * (1 - hidden**2),
    )


def check(n):
    # Central differences are the definition of the slope, up to NUDGE**2.
    yield "the sweep agrees with nudging to 1e-6", n.mismatch < 1e-6
    yield "each weight was nudged twice", n.passes == 2 * n.weights
    yield "slopes have both signs", n.swept.min() < 0 < n.swept.max()
    chain = backward(
        [np.array([[n.inner]]), np.array([[n.outer]])], np.ones((1, 1)), np.ones((1, 1))
    )
    yield (
        "the worked chain is what the code computes",
        np.allclose([chain[0][0, 0], chain[1][0, 0]], [n.inner_slope, n.outer_slope]),
    )


def draw(fig, n):
    net, ax = fig.subplots(1, 2, width_ratios=(1.15, 1))
    places = [
        [(level, (i - (size - 1) / 2) / max(n.sizes) * 1.0) for i in range(size)]
        for level, size in enumerate(n.sizes)
    ]
    top = np.abs(n.swept).max()
    for level, slope in enumerate(n.slopes):
        for (to, frm), value in np.ndenumerate(slope):
            (x0, y0), (x1, y1) = places[level][frm], places[level + 1][to]
            net.plot(
                [x0, x1],
                [y0, y1],
                color=VERMILLION if value > 0 else BLUE,
                linestyle="-" if value > 0 else (0, (2.2, 1.2)),
                linewidth=1.4 + 4.5 * abs(value) / top,
                solid_capstyle="butt",
                dash_capstyle="butt",
                zorder=1,
            )
    for column in places:
        net.plot(
            *np.array(column).T,
            "o",
            color=WHITE,
            markeredgecolor=INK,
            markersize=12,
            markeredgewidth=1.8,
        )
    net.annotate(
        "",
        (0.1, -0.62),
        (len(n.sizes) - 1.1, -0.62),
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 2.5, "mutation_scale": 22},
    )
    net.text((len(n.sizes) - 1) / 2, -0.68, "one sweep back", ha="center", va="top", weight="bold")
    net.set(xlim=(-0.25, len(n.sizes) - 0.75), ylim=(-0.85, 0.5))
    net.axis("off")
    reach = 1.12 * top
    ax.plot([-reach, reach], [-reach, reach], color=RULE, linewidth=1.4)
    for sign, colour, marker in ((1, VERMILLION, "s"), (-1, BLUE, "o")):
        these = np.sign(n.swept) == sign
        ax.plot(
            n.swept[these],
            n.slow[these],
            marker,
            color=colour,
            markersize=7.5,
            markeredgecolor=WHITE,
            markeredgewidth=0.8,
        )
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=[0], yticks=[0], aspect="equal")
    ax.set_xlabel("slope from the sweep")
    ax.set_ylabel(f"from {n.passes} passes")


MUTANTS = {
    "the activation's slope is left out": (" * (1 - np.tanh(sums[level]) ** 2)", " * 1"),
    "the slope is taken at the activation": (
        "np.tanh(sums[level]) ** 2",
        "np.tanh(layers[level + 1]) ** 2",
    ),
}
