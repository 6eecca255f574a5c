"""Where a growing ellipse of equal loss first meets a diamond, and where a disc."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    RULE,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.7
COLOURS = 40
VARIANTS = (
    {"truth": (2.0, 0.5), "correlation": 0.4, "penalty": 1.1},
    {"truth": (0.4, 2.1), "correlation": 0.3, "penalty": 1.0},
)

EXAMPLES, NOISE = 80, 0.5
MANY = np.r_[3.0, -2.0, 1.0, np.zeros(7)]  # the example: ten features, three of use
MANY_PENALTY = 0.15


def features(rng, correlations):
    """Features of mean zero and variance one with exactly these correlations."""
    raw = rng.standard_normal((EXAMPLES, len(correlations)))
    clean = np.linalg.qr(raw - raw.mean(0))[0] * np.sqrt(EXAMPLES)
    return clean @ np.linalg.cholesky(correlations).T


def soft(z, threshold):
    return np.sign(z) * max(abs(z) - threshold, 0.0)


def lasso(X, y, penalty, sweeps=60):
    """Coordinate descent: each weight in turn jumps to its best value, often exactly zero."""
    n, d = X.shape
    w, rest = np.zeros(d), y.copy()
    for _ in range(sweeps):
        for j in range(d):
            new = soft(X[:, j] @ rest / n + w[j], penalty)
            rest -= X[:, j] * (new - w[j])
            w[j] = new
    return w


def loss_at(X, y, w):
    """Half the mean squared error for weights stacked along the last axis."""
    n = len(y)
    gram, pull = X.T @ X / n, X.T @ y / n
    return 0.5 * np.einsum("...i,ij,...j->...", w, gram, w) - w @ pull + 0.5 * y @ y / n


def ridge_with_loss(X, y, level):
    """The ridge solution of this loss, by bisection on its penalty."""
    low, high = 0.0, 1e6
    for _ in range(80):
        middle = (low + high) / 2
        w = np.linalg.solve(X.T @ X + middle * np.eye(2), X.T @ y)
        low, high = (middle, high) if loss_at(X, y, w) < level else (low, middle)
    return w


def compute(rng, truth, correlation, penalty):
    X = features(rng, np.array([[1.0, correlation], [correlation, 1.0]]))
    y = X @ np.array(truth) + NOISE * rng.standard_normal(EXAMPLES)
    y -= y.mean()
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    corner = lasso(X, y, penalty)
    level = loss_at(X, y, corner)
    side = ridge_with_loss(X, y, level)
    x1, x2 = np.meshgrid(np.linspace(-1.4, 3.6, 201), np.linspace(-1.4, 3.6, 201))
    grid = np.stack([x1, x2], axis=-1)
    slope = X.T @ (y - X @ corner) / EXAMPLES
    wide = features(rng, np.eye(10))
    target = wide @ MANY + rng.standard_normal(EXAMPLES)
    target -= target.mean()
    top = np.abs(wide.T @ target).max() / EXAMPLES
    chosen = lasso(wide, target, MANY_PENALTY, sweeps=20)
    plain = np.linalg.lstsq(wide, target, rcond=None)[0]
    return SimpleNamespace(
        best=best,
        corner=corner,
        side=side,
        level=level,
        x1=x1,
        x2=x2,
        height=loss_at(X, y, grid),
        floor=loss_at(X, y, best),
        budget=np.abs(corner).sum(),
        radius=np.linalg.norm(side),
        slope=slope,
        penalty=penalty,
        at_top=lasso(wide, target, 1.000001 * top, sweeps=20),
        below_top=lasso(wide, target, 0.99 * top, sweeps=20),
        chosen=chosen,
        plain=plain,
        kept=int((chosen != 0).sum()),
        many_penalty=MANY_PENALTY,
        first=chosen[0],
        plain_first=plain[0],
        largest_idle=np.abs(plain[3:]).max(),
        out=int((chosen[3:] == 0).sum()),
        all=len(MANY),
        idle=len(MANY) - 3,
        ridge_small=np.abs(side).min(),
        lasso_big=np.abs(corner).max(),
    )


def check(n):
    yield "one weight is exactly zero", (n.corner == 0).sum() == 1
    yield "ridge at the same loss has none", np.abs(n.side).min() > 0.05
    active = n.corner != 0
    yield (
        "kept weights: the slope equals the penalty (optimality)",
        (np.abs(n.slope[active] - n.penalty * np.sign(n.corner[active])).max() < 1e-6),
    )
    yield "dropped weights: the slope is below it", np.abs(n.slope[~active]).max() < n.penalty
    diamond = np.abs(n.x1) + np.abs(n.x2) <= n.budget
    yield "no point of the diamond drawn is lower", n.height[diamond].min() >= n.level - 1e-9
    disc = np.hypot(n.x1, n.x2) <= n.radius
    yield "no point of the disc drawn is lower", n.height[disc].min() >= n.level - 1e-9
    yield "above the largest slope all weights are zero", (n.at_top == 0).all()
    yield "at 99 % of it exactly one is not", (n.below_top != 0).sum() == 1
    # With uncorrelated features each kept weight is the plain one less the penalty.
    kept = n.chosen != 0
    moved = np.abs(n.plain[kept]) - np.abs(n.chosen[kept])
    yield "kept weights shrink by the penalty", np.allclose(moved, n.many_penalty, atol=1e-6)
    yield "the three features of use are kept", (n.chosen[:3] != 0).all()


def draw(fig, n):
    panels = fig.subplots(1, 2, sharey=True)
    angle = np.linspace(0, 2 * np.pi, 121)
    diamond = n.budget * np.array([[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])
    disc = n.radius * np.array([np.cos(angle), np.sin(angle)])
    looks = (
        (diamond, n.corner, BLUE, BLUE, PALE_BLUE, "lasso"),
        (disc, n.side, VERMILLION, VERMILLION_INK, PALE_VERMILLION, "ridge"),
    )
    rise = n.level - n.floor
    for ax, (shape, w, colour, ink, pale, name) in zip(panels, looks, strict=True):
        ax.fill(*shape, facecolor=pale, edgecolor=colour, linewidth=2.5)
        ax.axhline(0, color=GREY, linewidth=1.2)
        ax.axvline(0, color=GREY, linewidth=1.2)
        steps = n.floor + rise * np.array([0.1, 0.45])
        ax.contour(n.x1, n.x2, n.height, levels=steps, colors=RULE, linewidths=1.4)
        ax.contour(n.x1, n.x2, n.height, levels=[n.level], colors=INK, linewidths=2.5)
        ax.plot(*n.best, "+", color=INK, markersize=11, markeredgewidth=2.4)
        ax.plot(*w, "o", color=colour, markersize=14, markeredgecolor=WHITE, zorder=6)
        said = ", ".join(f"{value:.2f}" if value else "0" for value in w)
        ax.set_title(f"{name}: ({said})", loc="center", color=ink, weight="bold")
        ax.set(xlim=(-1.4, 3.6), ylim=(-1.4, 3.6), xticks=[0, 2], yticks=[0, 2], aspect="equal")
        ax.set_xlabel("weight 1")
    panels[0].set_ylabel("weight 2")


MUTANTS = {
    "hard threshold instead of soft": (
        "np.sign(z) * max(abs(z) - threshold, 0.0)",
        "z * (abs(z) > threshold)",
    ),
    "the penalty is not divided by the examples": (
        "soft(X[:, j] @ rest / n + w[j], penalty)",
        "soft(X[:, j] @ rest / n + w[j], penalty / n)",
    ),
}
