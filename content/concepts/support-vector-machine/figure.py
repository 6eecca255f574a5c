"""Two streets between the same leaves: one that fits, and the widest."""

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

HEIGHT = 3.25
VARIANTS = (
    {"turn": 40.0, "free": 0.42, "points": 46},
    {"turn": 115.0, "free": 0.5, "points": 46},
)

REACH = 3.0


def leaves(rng, turn, free, points):
    """Points in a square with labels, none near a hidden line."""
    normal = np.array([math.cos(turn), math.sin(turn)])
    x = rng.uniform(-0.93 * REACH, 0.93 * REACH, (6 * points, 2))
    x = x[np.abs(x @ normal) > free][:points]
    return x, np.sign(x @ normal)


def gap(x, y, angles):
    """Free space between the classes, seen along each angle; negative if they overlap."""
    along = x @ np.array([np.cos(angles), np.sin(angles)])
    return along[y > 0].min(axis=0) - along[y < 0].max(axis=0)


def widest(x, y):
    """The angle of the widest gap: a grid, made finer around the best eight times."""
    angles, step = np.linspace(-np.pi, np.pi, 721), np.pi / 360
    for _ in range(8):
        best = angles[gap(x, y, angles).argmax()]
        angles = best + np.linspace(-step, step, 61)
        step /= 25
    return best


def line(x, y, angle):
    """The weights of the middle line, scaled so that the nearest points have y (w x + b) = 1."""
    u = np.array([math.cos(angle), math.sin(angle)])
    near, far = (x[y > 0] @ u).min(), (x[y < 0] @ u).max()
    w = 2 * u / (near - far)
    return w, -(near + far) / (near - far)


def street(w):
    """Width between the two kerbs."""
    return 2 / np.linalg.norm(w)


def hull_distance(a, b):
    """Smallest distance between the hulls: some corner is nearest to some edge."""
    best = np.inf
    for points, corners in ((a, b), (b, a)):
        first, second = np.triu_indices(len(points), 1)
        start, along = points[first], points[second] - points[first]
        t = np.einsum("pd,cpd->cp", along, corners[:, None] - start) / (along**2).sum(axis=1)
        foot = start + np.clip(t, 0, 1)[..., None] * along
        best = min(best, np.linalg.norm(corners[:, None] - foot, axis=-1).min())
    return best


def compute(rng, turn, free, points):
    x, y = leaves(rng, np.deg2rad(turn), free, points)
    best = widest(x, y)
    w, b = line(x, y, best)
    # Another line that makes no mistake: turned until its street is 40% as wide.
    turns = best + np.linspace(0, np.pi / 2, 2000)
    other = turns[np.argmax(gap(x, y, turns) < 0.4 * street(w))]
    w_other, b_other = line(x, y, other)
    margins = y * (x @ w + b)
    on_kerb = margins < 1 + 1e-6
    w_few, b_few = line(x[on_kerb], y[on_kerb], widest(x[on_kerb], y[on_kerb]))
    return SimpleNamespace(
        x=x,
        y=y,
        w=w,
        b=b,
        views=[(w_other, b_other), (w, b)],
        margins=margins,
        margins_other=y * (x @ w_other + b_other),
        on_kerb=on_kerb,
        w_few=w_few,
        b_few=b_few,
        hulls=hull_distance(x[y > 0], x[y < 0]),
        angles=np.linspace(-np.pi, np.pi, 361),
        points=points,
        kerb=int(on_kerb.sum()),
        idle=int((~on_kerb).sum()),
        length=np.linalg.norm(w),
        width=street(w),
        length_other=np.linalg.norm(w_other),
        width_other=street(w_other),
        times=street(w) / street(w_other),
    )


def check(n):
    yield "no point stands in the street", n.margins.min() > 1 - 1e-9
    sides = [n.margins[n.y == side].min() for side in (-1, 1)]
    yield "each class touches its kerb", np.allclose(sides, 1, atol=1e-9)
    # Duality: the widest street is as wide as the classes' convex hulls are apart.
    yield "its width 2/|w| is the distance of the hulls", abs(n.width - n.hulls) < 1e-6
    yield "no direction has a wider gap", n.width >= gap(n.x, n.y, n.angles).max()
    yield "two or three points hold it", 2 <= n.kerb <= 3
    same = np.allclose(n.w, n.w_few, atol=1e-5) and math.isclose(n.b, n.b_few, abs_tol=1e-5)
    yield "without all the other points the line is the same", same
    yield "the other line makes no mistake either", n.margins_other.min() > 0


def draw(fig, n):
    for ax, (w, b), name in zip(
        fig.subplots(1, 2), n.views, ("a street", "the widest"), strict=True
    ):
        side = np.array([-2 * REACH, 2 * REACH])
        u, across = w / (w @ w), np.array([-w[1], w[0]]) / np.linalg.norm(w)
        for sign, pale in ((1, PALE_BLUE), (-1, PALE_VERMILLION)):
            kerb = (sign - b) * u + side[:, None] * across
            far = (sign * 40 - b) * u + side[::-1, None] * across
            ax.fill(*np.r_[kerb, far].T, color=pale, linewidth=0)
            ax.plot(*kerb.T, color=INK, linewidth=1.8, linestyle=(0, (4, 2)))
        ax.plot(*(-b * u + side[:, None] * across).T, color=INK, linewidth=3)
        for sign, mark, colour in ((1, "o", BLUE), (-1, "^", VERMILLION)):
            ax.plot(*n.x[n.y == sign].T, mark, color=colour, markersize=7, mec=WHITE, mew=0.7)
        touched = n.x[n.y * (n.x @ w + b) < 1 + 1e-6]
        ax.plot(*touched.T, "o", color="none", mec=INK, mew=2, markersize=14)
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_visible(False)
        bold = "bold" if name == "the widest" else "normal"
        ax.set_title(f"{name}: {street(w):.2f} cm", loc="center", weight=bold, size=16)


MUTANTS = {
    "the street is 1/|w| wide": ("return 2 / np.linalg.norm(w)", "return 1 / np.linalg.norm(w)"),
    "the nearest points get y f = 2": ("w = 2 * u / (near - far)", "w = 4 * u / (near - far)"),
    "the line runs midway between the means": (
        "near, far = (x[y > 0] @ u).min(), (x[y < 0] @ u).max()",
        "near, far = (x[y > 0] @ u).mean(), (x[y < 0] @ u).mean()",
    ),
}
