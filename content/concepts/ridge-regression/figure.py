"""Weights fitted to many noisy repeats of one experiment: least squares beside ridge."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.7
COLOURS = 40
VARIANTS = (
    {"penalty": 3.0, "correlation": 0.95, "truth": (2.0, 1.0)},
    {"penalty": 4.0, "correlation": 0.93, "truth": (0.8, 1.8)},
)

DAYS, REPEATS, DRAWN = 30, 1000, 350
NOISE = 1.5


def features(rng, correlation):
    """Two standardised features with exactly this correlation over the days."""
    raw = rng.standard_normal((DAYS, 2))
    clean = np.linalg.qr(raw - raw.mean(0))[0] * np.sqrt(DAYS)
    return clean @ np.linalg.cholesky(np.array([[1.0, correlation], [correlation, 1.0]])).T


def ridge(X, y, penalty):
    """Weights for one target or for many, one a column."""
    return np.linalg.solve(X.T @ X + penalty * np.eye(X.shape[1]), X.T @ y)


def expected_miss(X, truth, penalties):
    """Mean squared distance from the truth, by its bias and its variance (Hoerl, Kennard)."""
    strength, axes = np.linalg.eigh(X.T @ X)
    along = axes.T @ truth
    kept = strength + penalties[:, None]
    return ((penalties[:, None] * along / kept) ** 2 + NOISE**2 * strength / kept**2).sum(axis=1)


def compute(rng, penalty, correlation, truth):
    truth = np.array(truth)
    X = features(rng, correlation)
    y = (X @ truth)[:, None] + NOISE * rng.standard_normal((DAYS, REPEATS))
    plain, shrunk = ridge(X, y, 0.0), ridge(X, y, penalty)
    penalties = np.r_[0.0, np.logspace(-2, 2, 200)]
    miss = expected_miss(X, truth, penalties)
    more_rows = np.r_[X, np.sqrt(penalty) * np.eye(2)]
    more_y = np.r_[y, np.zeros((2, REPEATS))]
    augmented = np.linalg.lstsq(more_rows, more_y, rcond=None)[0]
    path = np.array([ridge(X, y[:, 0], p) for p in penalties])
    sizes = [((w - truth[:, None]) ** 2).sum(0) for w in (plain, shrunk)]
    return SimpleNamespace(
        X=X,
        truth=truth,
        plain=plain,
        shrunk=shrunk,
        augmented=augmented,
        path=path,
        sizes=sizes,
        expected=expected_miss(X, truth, np.array([0.0, penalty])),
        penalties=penalties,
        miss=miss,
        penalty=penalty,
        correlation=correlation,
        days=DAYS,
        repeats=REPEATS,
        w_one=truth[0],
        w_two=truth[1],
        spread_plain=plain[0].std(),
        spread_ridge=shrunk[0].std(),
        mean_one=shrunk[0].mean(),
        mean_two=shrunk[1].mean(),
        miss_plain=np.sqrt(sizes[0].mean()),
        miss_ridge=np.sqrt(sizes[1].mean()),
        best=penalties[miss.argmin()],
        gain=sizes[0].mean() / sizes[1].mean(),
    )


def check(n):
    yield (
        "ridge is least squares on data with root-lambda rows added",
        (np.abs(n.shrunk - n.augmented).max() < 1e-8),
    )
    yield (
        "the weights shrink as the penalty grows",
        ((np.diff(np.linalg.norm(n.path, axis=1)) < 0).all()),
    )
    for name, size, expected in zip(("plain", "ridge"), n.sizes, n.expected, strict=True):
        error = size.std() / np.sqrt(REPEATS)
        yield (
            f"{name}: squared miss is bias and variance of the theory, to 4.5 standard errors",
            abs(size.mean() - expected) < 4.5 * error,
        )
    yield "the best penalty is not zero", n.miss.argmin() > 0
    yield "ridge halves the mean squared miss or better", n.gain > 2


def draw(fig, n):
    panels = fig.subplots(1, 2, sharey=True)
    looks = (
        (n.plain, VERMILLION, "o", "least squares", n.miss_plain),
        (n.shrunk, BLUE, "s", f"ridge, λ = {n.penalty:g}", n.miss_ridge),
    )
    middle, reach = n.truth + 0.1, 3.1
    for ax, (w, colour, marker, name, miss) in zip(panels, looks, strict=True):
        ax.axhline(0, color=RULE, linewidth=1.2)
        ax.axvline(0, color=RULE, linewidth=1.2)
        ax.plot(
            *w[:, :DRAWN],
            marker,
            color=colour,
            markersize=5.5,
            alpha=0.8,
            markeredgecolor=WHITE,
            markeredgewidth=0.5,
        )
        ax.plot(*n.truth, "*", color=INK, markersize=20, markeredgecolor=WHITE)
        ax.set(
            xlim=middle[0] + np.array([-reach, reach]), ylim=middle[1] + np.array([-reach, reach])
        )
        ax.set(xticks=[0, 2, 4], yticks=[-2, 0, 2, 4], aspect="equal")
        ax.set_title(name, loc="center", weight="bold")
        ax.set_xlabel("weight 1")
        ink = VERMILLION_INK if colour == VERMILLION else colour
        ax.text(
            0.98,
            0.96,
            f"misses\nby {miss:.2f}",
            color=ink,
            ha="right",
            va="top",
            transform=ax.transAxes,
        )
        for side in ("left", "bottom"):
            ax.spines[side].set_color(GREY)
    panels[0].set_ylabel("weight 2")


MUTANTS = {
    "twice the penalty": ("+ penalty * np.eye(X", "+ 2 * penalty * np.eye(X"),
    "the penalty is subtracted": ("+ penalty * np.eye(X", "- penalty * np.eye(X"),
    "the theory forgets the bias": ("(penalties[:, None] * along / kept) ** 2", "0 * along"),
}
