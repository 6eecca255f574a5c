"""Minimum-norm fits with few, as many and many more features than points, over their error."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, MIST, VERMILLION, VERMILLION_INK

HEIGHT = 3.8
VARIANTS = (
    {"shape": "wave", "noise": 0.2},
    {"shape": "step", "noise": 0.25},
)

POINTS = 20
SETS = 30
SIZES = np.array([2, 3, 5, 8, 12, 16, 18, 20, 22, 25, 30, 40, 60, 100, 200])
REACH = 0.5  # of a tent to either side of its middle
TARGETS = {
    "wave": lambda x: np.sin(1.5 * np.pi * x),
    "step": lambda x: np.tanh(6 * x),
}


def tents(x, middles):
    """Random features: one tent round each middle."""
    return np.maximum(1 - np.abs(x[..., None] - middles[:, None, :]) / REACH, 0)


def least_norm(features, y):
    """Of all best fits the one with the smallest weights."""
    return (np.linalg.pinv(features) @ y[..., None])[..., 0]


def gaussian_excess(rng, n, p, runs=300):
    """Excess error over noise^2 of plain least squares on Gaussian inputs, a value per run."""
    singular = np.linalg.svd(rng.standard_normal((runs, n, p)), compute_uv=False)
    return (1 / singular**2).sum(axis=1)


def compute(rng, shape, noise):
    target = TARGETS[shape]
    middles = rng.uniform(-1, 1, (SETS, SIZES[-1]))
    x = np.linspace(-0.95, 0.95, POINTS) + rng.uniform(-0.04, 0.04, (SETS, POINTS))
    y = target(x) + noise * rng.standard_normal(x.shape)
    grid = np.linspace(-0.95, 0.95, 96)
    train, test = tents(x, middles), tents(np.tile(grid, (SETS, 1)), middles)
    errors, misses, norms, fits = [], [], [], []
    for p in SIZES:
        w = least_norm(train[..., :p], y)
        fit = (test[..., :p] @ w[..., None])[..., 0]
        fits.append(fit)
        errors.append(((fit - target(grid)) ** 2).mean(axis=1))
        misses.append(np.abs((train[..., :p] @ w[..., None])[..., 0] - y).max(axis=1))
        norms.append(np.median(np.linalg.norm(w, axis=1)))
    errors = np.array(errors)
    median = np.median(errors, axis=1)
    few = int(median[:6].argmin())
    equal = int(np.flatnonzero(SIZES == POINTS)[0])
    peak = equal + int(median[equal : equal + 3].argmax())
    # The set that is drawn: each of its three fits about as good as the middle one.
    shown = np.abs(np.log(errors[[few, peak, -1]] / median[[few, peak, -1], None])).max(axis=0)
    shown = int(shown.argmin())
    rows = train[0] @ train[0].T
    w_last = least_norm(train[:1], y[:1])[0]
    excess = {p: gaussian_excess(rng, 40, p) for p in (10, 20, 30)}
    return SimpleNamespace(
        grid=grid,
        truth=target(grid),
        x=x[shown],
        y=y[shown],
        places=(few, peak, len(SIZES) - 1),
        fits=[fits[i][shown] for i in (few, peak, -1)],
        median=median,
        misses=np.array(misses),
        norms=np.array(norms),
        w_last=w_last,
        w_dual=train[0].T @ np.linalg.solve(rows, y[0]),
        excess=excess,
        points=POINTS,
        noise=noise,
        sets=SETS,
        p_few=SIZES[few],
        p_peak=SIZES[peak],
        p_last=SIZES[-1],
        ratio=SIZES[-1] / POINTS,
        error_few=median[few],
        error_peak=median[peak],
        error_last=median[-1],
        times=median[peak] / median[-1],
        norm_peak=norms[peak],
        norm_last=norms[-1],
    )


def check(n):
    # A factor of 3 is far below what 30 sets show in the median (8 to 100).
    yield "the error peaks at p near n, 3 times the best before", n.error_peak > 3 * n.error_few
    yield "and falls again, to a third at most", n.error_peak > 3 * n.error_last
    yield "it falls all the way from 1.5 n on", (np.diff(n.median[SIZES >= 30]) < 0.01).all()
    yield "with 10 features a point every point is met", n.misses[-1].max() < 1e-8
    yield "with few features it is not", n.misses[:3].min() > 1e-3
    yield (
        "the weights are smallest combinations of rows",
        np.allclose(n.w_last, n.w_dual, atol=1e-6),
    )
    yield "they are largest at the peak", n.norm_peak > 3 * n.norm_last
    # Wishart: the expected excess of least squares is p / (n - p - 1), in units of noise^2.
    for p, values in n.excess.items():
        error = values.std() / np.sqrt(len(values))
        exact = p / (40 - p - 1)
        yield f"Gaussian inputs, p = {p}: p / (n - p - 1)", abs(values.mean() - exact) < 5 * error


def draw(fig, n):
    grid = fig.add_gridspec(2, 3, height_ratios=[1, 1.1])
    for column, (i, fit) in enumerate(zip(n.places, n.fits, strict=True)):
        ax = fig.add_subplot(grid[0, column])
        ax.plot(n.grid, n.truth, color=GREY, linewidth=1.6, linestyle=(0, (3, 2)))
        ax.plot(n.grid, fit, color=VERMILLION if column == 1 else BLUE, linewidth=3)
        ax.plot(n.x, n.y, "o", color=INK, markersize=5.5, zorder=5)
        ax.set(xlim=(-1.02, 1.02), ylim=(-2.0, 2.0), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(f"{SIZES[i]} features", loc="center", size=16, weight="bold")
    ax = fig.add_subplot(grid[1, :])
    ax.axvspan(n.points, SIZES[-1] * 1.1, color=MIST)
    ax.plot(SIZES, n.median, color=BLUE)
    for k, i in enumerate(n.places):
        colour = VERMILLION if k == 1 else BLUE
        ax.plot(SIZES[i], n.median[i], "o", color=colour, markersize=12, zorder=5)
    low, high = 0.55 * n.median.min(), 1.8 * n.median.max()
    ax.set(xscale="log", yscale="log", xlim=(1.85, 220), ylim=(low, high))
    top = 10 ** (0.93 * np.log10(high) + 0.07 * np.log10(low))
    words = {"weight": "bold", "va": "center"}
    ax.text(16, top, f"{n.points} points", ha="right", color=VERMILLION_INK, **words)
    ax.text(200, top, "fits all points", ha="right", **words)
    ax.set_xticks([2, 5, 20, 60, 200], ["2", "5", "20", "60", "200"])
    ax.set_yticks([0.1, 1], ["0.1", "1"])
    ax.minorticks_off()
    ax.set(xlabel="features", ylabel="test error")


MUTANTS = {
    "small singular values are cut: no peak": (
        "np.linalg.pinv(features)",
        "np.linalg.pinv(features, rcond=0.1)",
    ),
    "the variance is p / n, as if nothing grew at p = n": ("p / (40 - p - 1)", "p / 40"),
    "a fit with large weights among the perfect ones": (
        "w_last = least_norm(train[:1], y[:1])[0]",
        "w_last = np.linalg.lstsq(train[0][:, :20], y[0])[0] @ np.eye(20, SIZES[-1])",
    ),
}
