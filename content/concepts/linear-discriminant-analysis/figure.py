"""Two long clouds, projected on the PCA axis and on the LDA axis: mixed and apart."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, RULE, VERMILLION, WHITE

HEIGHT = 3.5
VARIANTS = (
    {"tilt": 40.0, "shift": (1.5, -0.7)},
    {"tilt": -35.0, "shift": (1.5, 0.6)},
)

EACH = 400
SHOWN = 110
LONG, THIN = 2.4, 0.55  # spreads along and across a cloud
BINS = 31


def within(a, b):
    """Scatter around the classes' own means."""
    return (a - a.mean(0)).T @ (a - a.mean(0)) + (b - b.mean(0)).T @ (b - b.mean(0))


def discriminant(a, b):
    """Fisher's direction, of length one."""
    w = np.linalg.solve(within(a, b), a.mean(0) - b.mean(0))
    return w / np.linalg.norm(w)


def fisher_ratio(w, a, b):
    """Squared distance of the projected means over the projected scatter, per point."""
    gap = w @ (a.mean(0) - b.mean(0))
    return gap**2 / (w @ within(a, b) @ w / (len(a) + len(b)))


def errors(w, a, b):
    """Share of points on the wrong side of the middle between the projected means."""
    middle = w @ (a.mean(0) + b.mean(0)) / 2
    turn = np.sign(w @ (a.mean(0) - b.mean(0)))
    return np.r_[turn * (a @ w - middle) < 0, turn * (b @ w - middle) > 0].mean()


def compute(rng, tilt, shift):
    turn = np.deg2rad(tilt)
    axes = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    spread = np.diag([LONG, THIN]) @ axes
    shift = np.array(shift)
    a = rng.standard_normal((EACH, 2)) @ spread + shift / 2
    b = rng.standard_normal((EACH, 2)) @ spread - shift / 2
    both = np.r_[a, b] - np.r_[a, b].mean(0)
    pca = np.linalg.svd(both, full_matrices=False)[2][0]
    gap = a.mean(0) - b.mean(0)
    means = gap / np.linalg.norm(gap)
    lda = discriminant(a, b)
    pca = pca * np.sign(pca @ gap)
    angles = np.deg2rad(np.arange(180))
    every = [fisher_ratio(w, a, b) for w in np.c_[np.cos(angles), np.sin(angles)]]
    distance = math.sqrt(shift @ np.linalg.solve(spread.T @ spread, shift))  # true clouds
    expected = 0.5 * math.erfc(distance / 2 / math.sqrt(2))
    views = [(name, w, a @ w, b @ w) for name, w in (("PCA", pca), ("LDA", lda))]
    return SimpleNamespace(
        a=a,
        b=b,
        pca=pca,
        lda=lda,
        views=views,
        points=2 * EACH,
        each=EACH,
        every=np.array(every),
        ratio=fisher_ratio(lda, a, b),
        ratio_means=fisher_ratio(means, a, b),
        ratio_pca=fisher_ratio(pca, a, b),
        closed=2 * EACH * gap @ np.linalg.solve(within(a, b), gap),
        distance=distance,
        wrong_expected=expected,
        wrong_error=math.sqrt(expected * (1 - expected) / (2 * EACH)),
        wrong=errors(lda, a, b),
        wrong_pca=errors(pca, a, b),
        wrong_means=errors(means, a, b),
        angle=np.degrees(math.acos(abs(lda @ means))),
    )


def check(n):
    yield "no direction on a grid of one degree has a higher ratio", n.ratio >= n.every.max()
    yield "the plain mean difference has a lower one", n.ratio > 1.2 * n.ratio_means
    # Put w into the ratio: what is left is the squared distance of the means in units of S_W.
    yield "the ratio is the closed form", math.isclose(n.ratio, n.closed)
    # Two Gaussians of one covariance: the best rule errs with probability Phi(-distance / 2).
    yield "it errs as often as theory says", abs(n.wrong - n.wrong_expected) < 4 * n.wrong_error
    yield "projected on the PCA axis the classes mix", n.wrong_pca > n.wrong + 0.15


def draw(fig, n):
    grid = fig.add_gridspec(2, 2, width_ratios=[1.25, 1])
    ax = fig.add_subplot(grid[:, 0])
    for points, colour, marker in ((n.a, BLUE, "o"), (n.b, VERMILLION, "^")):
        ax.plot(
            *points[:SHOWN].T,
            marker,
            color=colour,
            markersize=5.5,
            markeredgecolor=WHITE,
            markeredgewidth=0.5,
        )
    middle = (n.a.mean(0) + n.b.mean(0)) / 2
    for w, name, length, dash in ((n.pca, "PCA", 5.2, (0, (3, 1.5))), (n.lda, "LDA", 4.6, "-")):
        ends = middle + length * np.outer([-1, 1], w)
        ax.plot(*ends.T, color=INK, linewidth=3, linestyle=dash)
        high = ends[ends[:, 1].argmax()]
        right = high[0] > middle[0]
        ax.text(
            high[0] + (-0.2 if right else 0.2),
            high[1] + 0.25,
            name,
            weight="bold",
            size=16,
            ha="right" if right else "left",
            va="bottom",
            bbox={"facecolor": WHITE, "edgecolor": "none", "pad": 1.5},
        )
    ax.set(xticks=[], yticks=[], xlim=(-5.4, 5.4), ylim=(-5.6, 6.4))
    ax.set(xlabel="feature 1", ylabel="feature 2")
    ax.spines[:].set(visible=True, color=RULE)
    for row, (name, _w, a, b) in enumerate(n.views):
        ax = fig.add_subplot(grid[row, 1])
        edges = np.linspace(min(a.min(), b.min()), max(a.max(), b.max()), BINS)
        for values, colour in ((a, BLUE), (b, VERMILLION)):
            ax.hist(values, edges, color=colour, alpha=0.55)
            ax.hist(values, edges, histtype="step", color=colour, linewidth=1.8)
        ax.set(xticks=[], yticks=[])
        ax.spines["left"].set_visible(False)
        share = n.wrong_pca if name == "PCA" else n.wrong
        ax.set_title(f"{name}: {share:.0%} mixed up", loc="center", weight="bold")


MUTANTS = {
    "the scatter is not inverted": (
        "np.linalg.solve(within(a, b), a.mean(0) - b.mean(0))\n    return",
        "within(a, b) @ (a.mean(0) - b.mean(0))\n    return",
    ),
    "sum of the means for their difference": (
        "a.mean(0) - b.mean(0))\n    return w",
        "a.mean(0) + b.mean(0))\n    return w",
    ),
    "only the variances count, not the covariance": (
        "np.linalg.solve(within(a, b), a.mean(0) - b.mean(0))\n    return",
        "(a.mean(0) - b.mean(0)) / np.diag(within(a, b))\n    return",
    ),
}
