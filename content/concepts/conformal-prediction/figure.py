"""Split conformal bands around a poor and a good model: both keep the promise, one is narrow."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, PALE_BLUE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.4
VARIANTS = (
    {"alpha": 0.1, "calibration": 50, "shape": "wave"},
    {"alpha": 0.2, "calibration": 45, "shape": "bend"},
)

TRAINING = 80
TESTS = 100
REPEATS = 1500
NEW = 40  # new points in each repeat
NOISE = 0.32
DEGREES = (1, 5)
TARGETS = {"wave": lambda x: 1.1 * np.sin(3.2 * x), "bend": lambda x: 2 * x**2 - 1 + 0.3 * x}


def sample(rng, target, shape):
    """Inputs and targets; the noise has heavy tails, and nobody needs to know."""
    x = rng.uniform(-1, 1, shape)
    return x, target(x) + NOISE * np.clip(rng.standard_t(4, shape), -5, 5) / math.sqrt(2)


def half_width(errors, alpha):
    """The k-th smallest absolute error, k = (n + 1)(1 - alpha) rounded up."""
    n = errors.shape[-1]
    k = math.ceil((n + 1) * (1 - alpha) - 1e-9)
    return np.sort(np.abs(errors), axis=-1)[..., k - 1]


def coverage(rng, target, model, alpha, calibration):
    """Share of new points within the band, for each of many calibration sets."""
    x, y = sample(rng, target, (REPEATS, calibration + NEW))
    errors = y - model(x)
    band = half_width(errors[:, :calibration], alpha)
    return (np.abs(errors[:, calibration:]) <= band[:, None]).mean(axis=1)


def compute(rng, alpha, calibration, shape):
    target = TARGETS[shape]
    x, y = sample(rng, target, TRAINING)
    models = [np.polynomial.Polynomial.fit(x, y, degree, domain=[-1, 1]) for degree in DEGREES]
    covered = [coverage(rng, target, model, alpha, calibration) for model in models]
    expected = math.ceil((calibration + 1) * (1 - alpha) - 1e-9) / (calibration + 1)
    for _ in range(60):  # the draw that is shown: both bands about as good as they are on average
        cal_x, cal_y = sample(rng, target, calibration)
        test_x, test_y = sample(rng, target, TESTS)
        widths = [half_width(cal_y - model(cal_x), alpha) for model in models]
        inside = [
            np.abs(test_y - model(test_x)) <= width
            for model, width in zip(models, widths, strict=True)
        ]
        if all(abs(i.sum() - TESTS * expected) <= 2 for i in inside):
            break
    grid = np.linspace(-1, 1, 121)
    typical = [
        np.median(half_width(e - m(g), alpha))
        for m in models
        for g, e in [sample(rng, target, (200, calibration))]
    ]
    outside = [~i for i in inside]
    return SimpleNamespace(
        x=test_x,
        y=test_y,
        grid=grid,
        curves=[model(grid) for model in models],
        widths=widths,
        inside=inside,
        covered=covered,
        expected=expected,
        typical=typical,
        alpha=alpha,
        promise=1 - alpha,
        calibration=calibration,
        rank=math.ceil((calibration + 1) * (1 - alpha) - 1e-9),
        tests=TESTS,
        repeats=REPEATS,
        width_line=widths[0],
        width_curve=widths[1],
        inside_line=int(inside[0].sum()),
        inside_curve=int(inside[1].sum()),
        missed_curve=int(outside[1].sum()),
        missed_line=int(outside[0].sum()),
        mean_line=covered[0].mean(),
        mean_curve=covered[1].mean(),
        low=np.quantile(covered[1], 0.05),
    )


def check(n):
    # A new error falls below the k-th of n with chance k / (n + 1): its rank is uniform.
    for name, share in zip(("line", "curve"), n.covered, strict=True):
        error = share.std() / math.sqrt(n.repeats)
        yield (
            f"{name}: coverage is k / (n + 1), 5 errors",
            abs(share.mean() - n.expected) < 5 * error,
        )
        yield f"{name}: the promise is kept", share.mean() > n.promise - 5 * error
    yield "and not by much: within 1 / (n + 1)", n.expected <= n.promise + 1 / (n.calibration + 1)
    yield "the better model has the narrower band", n.typical[1] < 0.8 * n.typical[0]
    for k in (0, 1):
        middle = np.interp(n.x, n.grid, n.curves[k])
        near = np.abs(np.abs(n.y - middle) - n.widths[k]) < 2e-3
        same = (np.abs(n.y - middle) <= n.widths[k]) == n.inside[k]
        yield f"panel {k}: circles are inside the band drawn", (same | near).all()


def draw(fig, n):
    panels = fig.subplots(1, 2, sharex=True, sharey=True)
    for ax, name, curve, width, inside in zip(
        panels, ("straight line", "curve"), n.curves, n.widths, n.inside, strict=True
    ):
        ax.fill_between(n.grid, curve - width, curve + width, color=PALE_BLUE, linewidth=0)
        ax.plot(n.grid, curve, color=BLUE)
        ax.plot(n.x[inside], n.y[inside], "o", color=INK, markersize=5.5, mec=WHITE, mew=0.5)
        ax.plot(n.x[~inside], n.y[~inside], "x", color=VERMILLION, markersize=10, markeredgewidth=3)
        ax.set(xlim=(-1.06, 1.06), xticks=[], yticks=[])
        ax.set_title(f"{name} ± {width:.2f}", loc="center", weight="bold", size=16)
        missed = (~inside).sum()
        ax.set_xlabel(f"× {missed} of {n.tests} missed", color=VERMILLION_INK, size=16)
        ax.spines[:].set_visible(False)


MUTANTS = {
    "the correction n + 1 is missing": (
        "k = math.ceil((n + 1) * (1 - alpha) - 1e-9)",
        "k = math.ceil(n * (1 - alpha) - 1e-9)",
    ),
    "signed errors instead of absolute ones": (
        "np.sort(np.abs(errors), axis=-1)",
        "np.sort(errors, axis=-1)",
    ),
    "alpha is halved, as for two tails": (
        "k = math.ceil((n + 1) * (1 - alpha) - 1e-9)",
        "k = math.ceil((n + 1) * (1 - alpha / 2) - 1e-9)",
    ),
}
