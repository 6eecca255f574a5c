"""Many refits of a stiff, a fitting and a wild curve, over the error they add up to."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    RULE,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.8
VARIANTS = ({"shape": "wave", "noise": 0.4}, {"shape": "hill", "noise": 0.45})

POINTS = 16
REFITS = 1000
SHOWN = 22
LAST = 11
DEGREES = np.arange(1, LAST + 1)
TARGETS = {
    "wave": lambda x: np.sin(2 * np.pi * x),
    "hill": lambda x: 2 * np.exp(-(((x - 0.4) / 0.22) ** 2)) - 0.7,
}


def basis(x, degree):
    return np.polynomial.chebyshev.chebvander(2 * x - 1, degree)


def decompose(fits, truth, noise):
    """Squared bias, variance and noise, averaged over the places asked."""
    bias2 = ((fits.mean(axis=0) - truth) ** 2).mean()
    return bias2, fits.var(axis=0).mean(), noise**2


def compute(rng, shape, noise):
    target = TARGETS[shape]
    x, asked = np.linspace(0, 1, POINTS), np.linspace(0.02, 0.98, 40)
    truth = target(asked)
    y = target(x) + noise * rng.standard_normal((REFITS, POINTS))
    parts, errors, exact, fans = [], [], [], []
    for degree in DEGREES:
        weights = basis(asked, degree) @ np.linalg.pinv(basis(x, degree))
        fits = y @ weights.T
        new = truth + noise * rng.standard_normal(fits.shape)
        parts.append(decompose(fits, truth, noise))
        errors.append(((new - fits) ** 2).mean())
        # Least squares is linear in y, so both parts are known without any simulation.
        bias2 = ((weights @ target(x) - truth) ** 2).mean()
        exact.append((bias2, noise**2 * (weights**2).sum(axis=1).mean()))
        fans.append(fits)
    parts, errors = np.array(parts), np.array(errors)
    total = parts.sum(axis=1)
    best = int(total.argmin())
    shown = (0, best, len(DEGREES) - 1)
    return SimpleNamespace(
        asked=asked,
        truth=truth,
        parts=parts,
        total=total,
        errors=errors,
        exact=np.array(exact),
        shown=shown,
        fans=[fans[i][:SHOWN] for i in shown],
        means=[fans[i].mean(axis=0) for i in shown],
        points=POINTS,
        refits=REFITS,
        noise=noise,
        floor=noise**2,
        best=DEGREES[best],
        last=DEGREES[-1],
        bias_line=parts[0, 0],
        var_line=parts[0, 1],
        total_line=total[0],
        bias_best=parts[best, 0],
        var_best=parts[best, 1],
        total_best=total[best],
        bias_wild=parts[-1, 0],
        var_wild=parts[-1, 1],
        total_wild=total[-1],
        measured_best=errors[best],
    )


def check(n):
    # Fresh test values, 40 000 a degree: three standard errors of their mean square are 2.1%.
    yield (
        "the three parts add up to the measured error, to 4%",
        (np.abs(n.total / n.errors - 1).max() < 0.04),
    )
    # Variances are over 1000 refits of correlated places: standard error 2 to 3%.
    yield (
        "the variance is noise^2 times the squared weights, to 12%",
        (np.abs(n.parts[:, 1] / n.exact[:, 1] - 1).max() < 0.12),
    )
    off = np.abs(n.parts[:, 0] - n.exact[:, 0])
    spread = np.sqrt(n.exact[:, 0] * n.exact[:, 1] / n.refits) + n.exact[:, 1] / n.refits
    yield "the bias is that of the noiseless fit, 6 errors", (off < 6 * spread).all()
    yield "variance grows with every degree", (np.diff(n.parts[:, 1]) > 0).all()
    yield "the best degree lies inside", 1 < n.best < n.last
    yield "both ends are worse by a fifth", min(n.total[0], n.total[-1]) > 1.2 * n.total_best


def draw(fig, n):
    grid = fig.add_gridspec(2, 3, height_ratios=[1, 1.05])
    for column, (i, fan, mean) in enumerate(zip(n.shown, n.fans, n.means, strict=True)):
        ax = fig.add_subplot(grid[0, column])
        ax.plot(n.asked, fan.T, color=BLUE, linewidth=1.4, alpha=0.3)
        ax.plot(n.asked, n.truth, color=INK, linewidth=3.2, linestyle=(0, (2, 1)))
        ax.plot(n.asked, mean, color=BLUE, linewidth=3.4)
        ax.set(xlim=(0, 1), ylim=(-1.9, 2.1), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(f"degree {DEGREES[i]}", loc="center", weight="bold", size=16)
    ax = fig.add_subplot(grid[1, :])
    bias2, variance = n.parts[:, 0], n.parts[:, 1]
    ax.bar(DEGREES, n.floor, color=RULE, width=1.0)
    ax.bar(DEGREES, bias2, bottom=n.floor, color=VERMILLION, width=0.8)
    ax.bar(DEGREES, variance, bottom=n.floor + bias2, color=BLUE, width=0.8)
    top = max(n.total[0], n.total[-1])
    words = {"weight": "bold", "va": "center"}
    ax.text(2.6, 0.94 * top, "bias²", color=VERMILLION_INK, **words)
    ax.text(LAST - 0.6, 0.94 * top, "variance", color=BLUE, ha="right", **words)
    ax.text((LAST + 1) / 2, 0.5 * n.floor, "noise", ha="center", **words)
    ax.text(n.best - 0.4, n.total_best + 0.03 * top, f"{n.total_best:.2f}", weight="bold")
    ax.set(xlim=(0.4, LAST + 0.6), ylim=(0, 1.04 * top), yticks=[0, 0.2, 0.4])
    ax.set_xticks([1, int(n.best), LAST])
    ax.tick_params(bottom=False)
    ax.set(xlabel="degree of the polynomial", ylabel="error")


MUTANTS = {
    "the noise enters by its deviation": ("noise**2\n\n\ndef compute", "noise\n\n\ndef compute"),
    "squared before averaging": (
        "((fits.mean(axis=0) - truth) ** 2).mean()",
        "((fits - truth) ** 2).mean()",
    ),
    "the bias is not squared": (
        "((fits.mean(axis=0) - truth) ** 2).mean()",
        "np.abs(fits.mean(axis=0) - truth).mean()",
    ),
}
