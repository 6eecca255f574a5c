"""One random network three times: without a bend between its layers, with ReLU, with tanh."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, DIVERGING, GREY, INK, RULE, VERMILLION_INK

HEIGHT = 2.9
COLOURS = 40
VARIANTS = ({"hidden": 2, "units": 16}, {"hidden": 3, "units": 11})

SIDE = 91
DRAWS = 20_000
DEPTH = 10


def relu(z):
    return np.maximum(0.0, z)


def sigmoid_slope(z):
    s = 1 / (1 + np.exp(-z))
    return s * (1 - s)


def network(x, layers, bend):
    """The output, and which hidden units were above zero."""
    above = []
    for weights, bias in layers[:-1]:
        z = x @ weights + bias
        above.append(z > 0)
        x = bend(z)
    weights, bias = layers[-1]
    return (x @ weights + bias)[:, 0], np.hstack(above)


def as_one_layer(layers):
    """Multiply all matrices out: what the layers are worth without a bend."""
    matrix, offset = np.eye(2), np.zeros(2)
    for weights, bias in layers:
        matrix, offset = matrix @ weights, offset @ weights + bias
    return matrix, offset


def compute(rng, hidden, units):
    sizes = [2, *[units] * hidden, 1]
    layers = [
        (rng.standard_normal((a, b)) * np.sqrt(2 / a), 0.7 * rng.standard_normal(b))
        for a, b in pairwise(sizes)
    ]
    side = np.linspace(-2, 2, SIDE)
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    maps = {}
    for name, bend in (("no bend", lambda z: z), ("ReLU", relu), ("tanh", np.tanh)):
        out, above = network(grid, layers, bend)
        maps[name] = out
        if name == "ReLU":
            pieces = len(np.unique(above, axis=0))
    matrix, offset = as_one_layer(layers)
    one = (grid @ matrix + offset)[:, 0]
    z = rng.standard_normal(DRAWS)
    fine = np.linspace(-8, 8, 16_001)
    return SimpleNamespace(
        side=side,
        maps={k: ((v - v.mean()) / v.std()).reshape(SIDE, SIDE) for k, v in maps.items()},
        apart=np.abs(maps["no bend"] - one).max() / np.abs(one).max(),
        pieces=pieces,
        hidden=hidden,
        units=units,
        parameters=sum(w.size + b.size for w, b in layers),
        off=(relu(z) == 0).mean(),
        mean=relu(z).mean(),
        error=relu(z).std() / np.sqrt(DRAWS),
        draws=DRAWS,
        top_sigmoid=sigmoid_slope(fine).max(),
        top_tanh=(1 - np.tanh(fine) ** 2).max(),
        depth=DEPTH,
        through=4**DEPTH,
    )


def roughness(values):
    """How far a map is from a plane: largest second difference, along rows and columns."""
    return max(np.abs(np.diff(values, 2, axis=axis)).max() for axis in (0, 1))


def check(n):
    yield "without a bend the layers are one matrix", n.apart < 1e-12
    yield "so its map is a plane", roughness(n.maps["no bend"]) < 1e-10
    bent = n.maps["ReLU"]
    flat = np.abs(np.diff(bent, 2, axis=1)) < 1e-9
    yield "with ReLU it has kinks", roughness(bent) > 1e-2
    yield "and is straight between them, on most of the picture", flat.mean() > 0.4
    yield "tanh curves almost everywhere", (np.abs(np.diff(n.maps["tanh"], 2)) < 1e-9).mean() < 0.01
    yield "half of standard normal inputs switch a ReLU off", abs(n.off - 0.5) < 0.016
    # E[max(0, z)] of a standard normal is 1 / sqrt(2 pi).
    yield "and its mean is 0.399", abs(n.mean - 1 / np.sqrt(2 * np.pi)) < 4.5 * n.error
    yield "the sigmoid's steepest slope is one quarter", np.isclose(n.top_sigmoid, 0.25, atol=1e-6)
    yield "that of tanh is one", np.isclose(n.top_tanh, 1, atol=1e-6)


def draw(fig, n):
    axes = fig.subplots(1, 3)
    notes = ("one flat slope", f"{n.pieces} flat pieces", "all curved")
    inks = (GREY, VERMILLION_INK, BLUE)
    for ax, (name, values), note, ink in zip(axes, n.maps.items(), notes, inks, strict=True):
        shown = np.clip(values, -2.39, 2.39)
        ax.contourf(n.side, n.side, shown, levels=np.linspace(-2.4, 2.4, 13), cmap=DIVERGING)
        ax.contour(n.side, n.side, values, levels=[0], colors=INK, linewidths=2.5)
        ax.set(xticks=[], yticks=[], aspect="equal", xlabel=note)
        ax.spines[:].set(visible=True, color=RULE)
        ax.set_title(name, loc="center", color=ink, weight="bold", size=17)


MUTANTS = {
    "ReLU keeps the negative side": ("np.maximum(0.0, z)", "np.minimum(0.0, z)"),
    "sigmoid slope without its second factor": ("return s * (1 - s)", "return s"),
}
