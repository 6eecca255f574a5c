"""Four folds, each predicted by a fit that never saw it; their mean error picks a degree."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, RULE, VERMILLION, VERMILLION_INK

HEIGHT = 3.7
VARIANTS = (
    {"shape": "wave", "points": 40, "noise": 0.45},
    {"shape": "bend", "points": 40, "noise": 0.4},
)

FOLDS = 4
DEGREES = np.arange(1, 11)
SETS = 250  # data sets on which the average of the estimate is tested
TRIED = 3  # degree of the polynomials in that test
TARGETS = {"wave": lambda x: np.sin(4 * x), "bend": lambda x: 1.5 * np.tanh(5 * x) - x}


def basis(x, degree):
    return np.polynomial.legendre.legvander(x, degree)


def fit(x, y, degree):
    return np.linalg.lstsq(basis(x, degree), y, rcond=None)[0]


def folds_of(rng, points):
    """A random fold for each point, all folds of the same size."""
    return rng.permutation(np.arange(points) % FOLDS)


def parts(fold, j):
    """Which points train the fit for fold j, and which are held out."""
    held = fold == j
    return ~held, held


def held_out_errors(x, y, fold, degree):
    """Squared error of each point under the fit without its fold."""
    errors = np.empty(len(x))
    for j in range(FOLDS):
        train, held = parts(fold, j)
        errors[held] = (y[held] - basis(x[held], degree) @ fit(x[train], y[train], degree)) ** 2
    return errors


def leave_one_out(residuals, leverage):
    """The error of all n refits without one point, from a single fit."""
    return ((residuals / (1 - leverage)) ** 2).mean()


def averages(rng, target, points, noise):
    """On many data sets: the estimate, and the true error of the fits that it tested."""
    places = np.linspace(-1, 1, 401)
    here = basis(places, TRIED)
    estimates, truths = [], []
    for _ in range(SETS // FOLDS):
        x = rng.uniform(-1, 1, points)
        y = target(x) + noise * rng.standard_normal(points)
        fold = folds_of(rng, points)
        fits = np.array(
            [fit(x[train], y[train], TRIED) for train, _ in (parts(fold, j) for j in range(FOLDS))]
        )
        estimates.append(held_out_errors(x, y, fold, TRIED).mean())
        truths.append(((fits @ here.T - target(places)) ** 2).mean() + noise**2)
    return np.array(estimates), np.array(truths)


def compute(rng, shape, points, noise):
    target = TARGETS[shape]
    grid = np.linspace(-1, 1, 201)
    for _ in range(20):  # a draw whose best degree lies inside the range
        x = rng.uniform(-1, 1, points)
        y = target(x) + noise * rng.standard_normal(points)
        fold = folds_of(rng, points)
        cv = np.array([held_out_errors(x, y, fold, degree).mean() for degree in DEGREES])
        if 1 <= cv.argmin() <= 6 and cv[-1] > 1.3 * cv.min():
            break
    best = int(cv.argmin())
    degree = int(DEGREES[best])
    full = [fit(x, y, d) for d in DEGREES]
    training = np.array(
        [((y - basis(x, d) @ w) ** 2).mean() for d, w in zip(DEGREES, full, strict=True)]
    )
    design = basis(x, degree)
    hat = design @ np.linalg.pinv(design)
    refits = []
    for i in range(points):
        others = np.arange(points) != i
        refits.append((y[i] - basis(x[i : i + 1], degree) @ fit(x[others], y[others], degree)) ** 2)
    estimates, truths = averages(rng, target, points, noise)
    curves = []
    for j in range(FOLDS):
        train, _ = parts(fold, j)
        curves.append(basis(grid, degree) @ fit(x[train], y[train], degree))
    errors = held_out_errors(x, y, fold, degree)
    return SimpleNamespace(
        x=x,
        y=y,
        fold=fold,
        grid=grid,
        curves=curves,
        guesses=[np.interp(x, grid, curve) for curve in curves],
        cv=cv,
        training=training,
        fast=leave_one_out(y - hat @ y, np.diag(hat)),
        slow=float(np.mean(refits)),
        estimates=estimates,
        truths=truths,
        folds=FOLDS,
        points=points,
        each=points // FOLDS,
        learnt=points - points // FOLDS,
        best=degree,
        last=int(DEGREES[-1]),
        cv_best=cv[best],
        cv_last=cv[-1],
        train_best=training[best],
        train_last=training[-1],
        fold_low=min(errors[fold == j].mean() for j in range(FOLDS)),
        fold_high=max(errors[fold == j].mean() for j in range(FOLDS)),
        loo=float(np.mean(refits)),
    )


def check(n):
    # One fit is enough for least squares: residuals over 1 - leverage (Allen's PRESS).
    yield "leave-one-out by refitting is the shortcut, to 1e-8", abs(n.fast / n.slow - 1) < 1e-8
    yield "training error never rises with the degree", (np.diff(n.training) < 1e-12).all()
    yield "it lies below the held-out error", (n.training < n.cv).all()
    # Each fold is new to its fit, so the difference to the true error has mean zero.
    gap = n.estimates - n.truths
    error = gap.std() / np.sqrt(len(gap))
    yield "on average it is the true error, 4.5 errors", abs(gap.mean()) < 4.5 * error
    yield "the chosen degree has the lowest held-out error", n.cv_best == n.cv.min()
    # Reading the drawn curve between grid points costs less than a thousandth.
    drawn = [((n.y - g)[n.fold == j] ** 2).mean() for j, g in enumerate(n.guesses)]
    yield "the drawn misses average to the estimate", abs(np.mean(drawn) / n.cv_best - 1) < 0.02


def draw(fig, n):
    grid = fig.add_gridspec(2, 4, width_ratios=[1, 1, 0.08, 1.85])
    for j, (curve, guess) in enumerate(zip(n.curves, n.guesses, strict=True)):
        ax = fig.add_subplot(grid[j // 2, j % 2])
        held = n.fold == j
        ax.plot(n.x[~held], n.y[~held], "o", color=RULE, markersize=5)
        ax.vlines(n.x[held], n.y[held], guess[held], color=VERMILLION, linewidth=2.4)
        ax.plot(n.grid, curve, color=INK, linewidth=2.6)
        ax.plot(n.x[held], n.y[held], "o", color=VERMILLION, markersize=7)
        ax.set(xlim=(-1.05, 1.05), ylim=(-2.1, 2.1), xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=RULE)
        ax.set_title(f"fold {j + 1} out", loc="center", pad=4)
    ax = fig.add_subplot(grid[:, 3])
    top = 1.25 * max(n.cv[0], n.cv[-1])
    ax.plot(DEGREES, np.minimum(n.cv, top * 1.5), color=VERMILLION)
    ax.plot(DEGREES, n.training, color=BLUE, linestyle=(0, (3, 1)))
    ax.plot(n.best, n.cv_best, "o", color=INK, markersize=11, zorder=5)
    ax.set_title(f"degree {n.best}: {n.cv_best:.2f}", loc="center", weight="bold", size=17)
    words = {"weight": "bold", "ha": "right"}
    ax.text(10.2, n.training[-1] - 0.03 * top, "training", color=BLUE, va="top", **words)
    high = n.cv[-4:].max() + 0.04 * top
    ax.text(10.2, high, "held out", color=VERMILLION_INK, va="bottom", **words)
    ax.set(ylim=(0, top), xlim=(0.8, 10.2), yticks=[0, 0.2, 0.4], ylabel="squared error")
    ax.set_xticks(sorted({1, n.best, 10}))
    ax.set_xlabel("degree")


MUTANTS = {
    "the held-out fold also trains": ("return ~held, held", "return held | ~held, held"),
    "leverage is not taken out before squaring": (
        "((residuals / (1 - leverage)) ** 2).mean()",
        "(residuals**2 / (1 - leverage)).mean()",
    ),
}
