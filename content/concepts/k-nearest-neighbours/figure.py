"""The same two half-moons, coloured by the vote of 1, 11 and 90 neighbours."""

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

HEIGHT = 2.8
COLOURS = 32
VARIANTS = ({"flip": False, "noise": 0.24}, {"flip": True, "noise": 0.28})

WRONG = 0.1  # share of the examples that carry the wrong label

EACH, TEST_EACH = 60, 1500
K_FEW, K_SOME, K_MANY = 1, 11, 90
GRID = 90
REACH = 2.2


def moons(rng, each, noise, flip):
    """Two interleaved half-circles with noise; labels 0 and 1."""
    angle = np.pi * rng.random(2 * each)
    label = np.repeat([0.0, 1.0], each)
    x = np.where(label == 0, np.cos(angle), 1 - np.cos(angle)) - 0.5
    y = np.where(label == 0, 1.6 * np.sin(angle), 0.8 - 1.6 * np.sin(angle)) - 0.4
    points = np.c_[-x if flip else x, y] + noise * rng.standard_normal((2 * each, 2))
    return points, label


def by_distance(queries, points):
    """For each query the examples, nearest first."""
    squares = (queries**2).sum(1)[:, None] + (points**2).sum(1)
    return np.argsort(squares - 2 * queries @ points.T, axis=1)


def knn(order, label, k):
    """The mean target of the k nearest examples."""
    return label[order[:, :k]].mean(axis=1)


def compute(rng, flip, noise):
    points, label = moons(rng, EACH, noise, flip)
    slips = rng.choice(2 * EACH, round(WRONG * 2 * EACH), replace=False)
    label[slips] = 1 - label[slips]
    tests, test_label = moons(rng, TEST_EACH, noise, flip)
    gx, gy = np.meshgrid(*[np.linspace(-REACH, REACH, GRID)] * 2)
    near_grid = by_distance(np.c_[gx.ravel(), gy.ravel()], points)
    near_test, near_self = by_distance(tests, points), by_distance(points, points)
    neighbours = (K_FEW, K_SOME, K_MANY)
    errors = [((knn(near_test, label, k) > 0.5) != test_label).mean() for k in neighbours]
    shares = knn(near_test, label, K_SOME)
    votes = shares[np.abs(shares - 0.73).argmin()]  # a query that is not quite unanimous
    return SimpleNamespace(
        points=points,
        label=label,
        grid=(gx, gy),
        surfaces=[knn(near_grid, label, k).reshape(GRID, GRID) for k in neighbours],
        errors=errors,
        own=knn(near_self, label, 1),
        everyone=knn(near_test, label, 2 * EACH),
        examples=2 * EACH,
        slips=len(slips),
        tests=2 * TEST_EACH,
        k_some=K_SOME,
        k_many=K_MANY,
        error_one=errors[0],
        error_some=errors[1],
        error_many=errors[2],
        votes=round(votes * K_SOME),
        vote_share=votes,
    )


def check(n):
    yield "k = 1 repeats the training targets exactly", (n.own == n.label).all()
    yield (
        "k = n predicts the mean target everywhere",
        np.abs(n.everyone - n.label.mean()).max() < 1e-12,
    )
    # The same 3000 new points for all three: a standard error is 0.006 at most.
    yield "11 neighbours err less than one", n.error_some < n.error_one - 0.02
    yield "and less than 90", n.error_some < n.error_many - 0.02
    rough = [
        np.abs(np.diff(s, axis=0)).sum() + np.abs(np.diff(s, axis=1)).sum() for s in n.surfaces
    ]
    yield "the surface grows smoother with k", rough[0] > rough[1] > rough[2]


def draw(fig, n):
    panels = fig.subplots(1, 3)
    for ax, k, surface, error in zip(
        panels, (K_FEW, K_SOME, K_MANY), n.surfaces, n.errors, strict=True
    ):
        ax.contourf(*n.grid, surface, levels=[-1, 0.5, 2], colors=[PALE_BLUE, PALE_VERMILLION])
        ax.contour(*n.grid, surface, levels=[0.5], colors=INK, linewidths=2)
        for value, colour, marker in ((0, BLUE, "o"), (1, VERMILLION, "^")):
            ax.plot(
                *n.points[n.label == value].T,
                marker,
                color=colour,
                markersize=5,
                markeredgecolor=WHITE,
                markeredgewidth=0.5,
            )
        ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), xticks=[], yticks=[], aspect="equal")
        ax.set_title(f"$k$ = {k}", loc="center", weight="bold", size=17)
        ax.set_xlabel(f"{100 * error:.0f}% wrong")
        ax.spines[:].set_visible(False)


MUTANTS = {
    "the farthest examples vote": ("order[:, :k]", "order[:, -k:]"),
    "the nearest is left out": ("order[:, :k]", "order[:, 1 : k + 1]"),
}
