"""Two groups that no line parts, and the same points lifted, where a line does."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    WHITE,
)

HEIGHT = 3.3
VARIANTS = ({"shape": "rings"}, {"shape": "quadrants"})

EACH = 70
GRID = 81
REACH = 2.35
FIRST, SECOND = np.array([1.0, 2.0]), np.array([3.0, 1.0])  # the pair of the example


def rings(rng, inner):
    """Points of a ring, evenly spread around it."""
    angle = 2 * np.pi * (np.arange(EACH) + rng.random(EACH)) / EACH
    radius = rng.uniform(0.35, 1.15, EACH) if inner else rng.uniform(1.65, 2.15, EACH)
    return radius[:, None] * np.c_[np.cos(angle), np.sin(angle)]


def quadrants(rng, inner):
    """Points of two opposite quadrants, clear of the axes and evenly spread in angle."""
    place = 2 * (np.arange(EACH) + rng.random(EACH)) / EACH  # 0 to 1: one quadrant, 1 to 2: other
    angle = 0.24 + (np.pi / 2 - 0.48) * (place % 1) + np.pi * np.floor(place)
    if not inner:
        angle = angle + np.pi / 2
    radius = 0.7 + 1.4 * rng.permutation((np.arange(EACH) + 0.5) / EACH)
    return radius[:, None] * np.c_[np.cos(angle), np.sin(angle)]


def kernel(x, z):
    """Squared inner products of all pairs."""
    return (x @ z.T) ** 2


def lift(x):
    """The three coordinates in which this kernel is a plain inner product."""
    return np.stack([x[:, 0] ** 2, math.sqrt(2) * x[:, 0] * x[:, 1], x[:, 1] ** 2], axis=1)


def score(z, a, b):
    """Nearer to the mean of a or of b, in the lifted space? Kernels only, no lift."""
    offset = (kernel(a, a).mean() - kernel(b, b).mean()) / 2
    return kernel(z, a).mean(axis=1) - kernel(z, b).mean(axis=1) - offset


def compute(rng, shape):
    group = {"rings": rings, "quadrants": quadrants}[shape]
    a, b = group(rng, inner=True), group(rng, inner=False)
    line = np.linspace(-REACH, REACH, GRID)
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    # The same rule by the lift: a plane at right angles to the line between the means.
    w = lift(a).mean(0) - lift(b).mean(0)
    threshold = w @ (lift(a).mean(0) + lift(b).mean(0)) / 2
    points = np.r_[a, b]
    shown = [0, 2] if shape == "rings" else [0, 1]
    flat = np.r_[lift(a), lift(b)][:, shown] @ w[shown] - threshold
    pairs = rng.standard_normal((2, 200, 2))
    parts = (lift(FIRST[None]) * lift(SECOND[None]))[0]
    return SimpleNamespace(
        shape=shape,
        a=a,
        b=b,
        line=line,
        border=score(plane, a, b).reshape(GRID, GRID),
        lifted=(lift(a)[:, shown], lift(b)[:, shown]),
        names=["$x_1^2$", "$x_2^2$"] if shape == "rings" else ["$x_1^2$", "$√2\\,x_1x_2$"],
        w=w[shown],
        threshold=threshold,
        scores=score(points, a, b),
        by_lift=lift(points) @ w - threshold,
        in_picture=flat,
        side=np.repeat([1, -1], EACH),
        by_kernel=kernel(*pairs),
        by_hand=lift(pairs[0]) @ lift(pairs[1]).T,
        points=2 * EACH,
        errors=int((score(points, a, b) * np.repeat([1, -1], EACH) <= 0).sum()),
        dot=int(FIRST @ SECOND),
        value=int(kernel(FIRST[None], SECOND[None])[0, 0]),
        parts=parts,
        part_1=round(parts[0]),
        part_2=round(parts[1]),
        part_3=round(parts[2]),
        pixels=784,
        degree=4,
        lifted_size=math.comb(784 + 3, 4) / 1e9,
    )


def check(n):
    yield "k(x, z) is the inner product of the lifted", np.allclose(n.by_kernel, n.by_hand)
    yield "the example's three products add up", math.isclose(n.parts.sum(), n.value)
    yield "kernels alone give the lifted rule's scores", np.allclose(n.scores, n.by_lift)
    yield "they part the groups without an error", np.all(n.scores * n.side > 0)
    yield "and so does the line that is drawn", np.all(n.in_picture * n.side > 0)
    # The origin lies within both groups: each has points on both sides of any line through it.
    turn = np.linspace(0, 2 * np.pi, 361)
    reach = [(group @ [np.cos(turn), np.sin(turn)]).max(axis=0).min() for group in (n.a, n.b)]
    yield "no straight line parts them: their hulls overlap", min(reach) > 0


def draw(fig, n):
    left, right = fig.subplots(1, 2)
    left.contourf(
        n.line, n.line, n.border, levels=[-99, 0, 99], colors=[PALE_VERMILLION, PALE_BLUE]
    )
    left.contour(n.line, n.line, n.border, levels=[0], colors=INK, linewidths=3)
    lifted = np.concatenate(n.lifted)
    low, high = lifted.min(axis=0), lifted.max(axis=0)
    pad = 0.07 * (high - low)
    low, high = low - pad, high + pad
    span = np.array([np.linspace(a, b, 201) for a, b in zip(low, high, strict=True)])
    plane = np.add.outer(span[1] * n.w[1], span[0] * n.w[0]) - n.threshold
    right.contourf(*span, plane, levels=[-99, 0, 99], colors=[PALE_VERMILLION, PALE_BLUE])
    right.contour(*span, plane, levels=[0], colors=INK, linewidths=3)
    for flat, up, mark, colour in (
        (n.a, n.lifted[0], "o", BLUE),
        (n.b, n.lifted[1], "^", VERMILLION),
    ):
        for ax, points in ((left, flat), (right, up)):
            ax.plot(*points.T, mark, color=colour, markersize=6, mec=WHITE, mew=0.6)
    left.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    left.set(xlabel="$x_1$", ylabel="$x_2$")
    right.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    right.set_box_aspect(1)
    right.set(xlabel=n.names[0], ylabel=n.names[1])
    left.set_title("as given: a curve", loc="center")
    right.set_title("lifted: a line", loc="center", weight="bold")
    for ax in (left, right):
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)


MUTANTS = {
    "the factor root 2 is missing": ("math.sqrt(2) * x[:, 0] * x[:, 1]", "x[:, 0] * x[:, 1]"),
    "the inner product is not squared": ("return (x @ z.T) ** 2", "return x @ z.T"),
    "half of the offset is forgotten": (
        "(kernel(a, a).mean() - kernel(b, b).mean()) / 2",
        "kernel(a, a).mean() / 2",
    ),
}
