"""A tilted Gaussian cloud sliced at a seen value, and the unseen bell before and after."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    MIST,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.8
VARIANTS = (
    {"rho": 0.85, "seen": 29.0},
    {"rho": 0.9, "seen": 12.0},
)

MEAN = np.array([18.0, 20.0])  # degrees Celsius at stations A and B
SD = np.array([4.0, 5.0])
DRAWS = 400_000
WINDOW = 0.2  # degrees around the seen value
DOTS = 350


def condition(mean, cov, seen):
    """Mean and variance of the first coordinate once the second is seen."""
    gain = cov[0, 1] / cov[1, 1]
    return mean[0] + gain * (seen - mean[1]), cov[0, 0] - gain * cov[1, 0]


def bell(x, mean, sd):
    return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))


def distance(x1, x2, cov):
    """Mahalanobis distance from the mean: how many standard deviations out."""
    offset = np.stack([x1 - MEAN[0], x2 - MEAN[1]], axis=-1)
    return np.sqrt(np.einsum("...i,ij,...j->...", offset, np.linalg.inv(cov), offset))


def compute(rng, rho, seen):
    cov = np.outer(SD, SD) * np.array([[1, rho], [rho, 1]])
    draws = MEAN + rng.standard_normal((DRAWS, 2)) @ np.linalg.cholesky(cov).T
    kept = draws[np.abs(draws[:, 1] - seen) < WINDOW, 0]
    mean_after, variance_after = condition(MEAN, cov, seen)
    sd_after = math.sqrt(variance_after)
    x = np.linspace(MEAN[0] - 3.4 * SD[0], MEAN[0] + 3.4 * SD[0], 241)
    y = np.linspace(MEAN[1] - 3.1 * SD[1], MEAN[1] + 3.1 * SD[1], 161)
    slice_ = np.exp(-0.5 * distance(x, np.full_like(x, seen), cov) ** 2)
    return SimpleNamespace(
        rho=rho,
        seen=seen,
        draws=DRAWS,
        window=WINDOW,
        cloud=draws[:DOTS],
        x=x,
        y=y,
        out=distance(*np.meshgrid(x, y), cov),
        mean_before=MEAN[0],
        sd_before=SD[0],
        mean_other=MEAN[1],
        sd_other=SD[1],
        mean_after=mean_after,
        sd_after=sd_after,
        narrower=SD[0] / sd_after,
        before=bell(x, MEAN[0], SD[0]),
        after=bell(x, mean_after, sd_after),
        slice=slice_ / (slice_.sum() * (x[1] - x[0])),
        kept=len(kept),
        mean_kept=kept.mean(),
        sd_kept=kept.std(),
    )


def check(n):
    # The slice of the joint density, normalised, against the formula for mean and variance.
    yield "the slice is the drawn bell", np.abs(n.slice - n.after).max() < 1e-3 * n.after.max()
    error = n.sd_after / math.sqrt(n.kept)
    # The density falls across the window and shifts its mean by less than 0.01 degrees.
    yield "mean of the days kept, 5 errors", abs(n.mean_kept - n.mean_after) < 5 * error + 0.01
    yield "their spread, 5 errors", abs(n.sd_kept - n.sd_after) < 5 * error / math.sqrt(2) + 0.01
    yield (
        "spread shrinks by sqrt(1 - rho^2)",
        math.isclose(n.sd_after, n.sd_before * math.sqrt(1 - n.rho**2)),
    )
    surprise = (n.seen - n.mean_other) / n.sd_other
    shift = (n.mean_after - n.mean_before) / n.sd_before
    yield "the prediction is less extreme than what was seen", abs(shift) < abs(surprise)


def draw(fig, n):
    bells, ax = fig.subplots(2, 1, sharex=True, height_ratios=(1, 1.75))
    for level in (2.0, 1.0):
        ax.contourf(n.x, n.y, n.out, levels=[0, level], colors=[BLUE], alpha=0.16)
    ax.contour(n.x, n.y, n.out, levels=[1, 2], colors=[BLUE], linewidths=1.6)
    ax.plot(*n.cloud.T, "o", color=BLUE, markersize=3, alpha=0.45, mew=0)
    ax.axhline(n.seen, color=VERMILLION, linewidth=3)
    high = n.seen > n.mean_other
    side = n.x[3] if high else n.x[-3]
    ax.text(
        side,
        n.seen + (1.0 if high else -1.2),
        f"B reads {n.seen:.0f} °C",
        color=VERMILLION_INK,
        weight="bold",
        ha="left" if high else "right",
        va="bottom" if high else "top",
    )
    ax.set(ylim=(n.y[0], n.y[-1]), xlim=(n.x[0], n.x[-1]), yticks=[10, 20, 30])
    ax.set(xticks=[10, 20, 30], xlabel="station A (°C)", ylabel="B (°C)")
    bells.fill_between(n.x, n.before, color=MIST)
    bells.plot(n.x, n.before, color=GREY, linewidth=2.5)
    bells.fill_between(n.x, n.after, color=PALE_VERMILLION, alpha=0.8)
    bells.plot(n.x, n.after, color=VERMILLION, linewidth=3)
    bells.plot([n.mean_after] * 2, [0, n.after.max()], color=INK, linewidth=1.4, ls=(0, (3, 2)))
    bells.set(ylim=(0, 1.5 * n.after.max()), yticks=[])
    bells.tick_params(labelbottom=False)
    bells.spines["left"].set_visible(False)
    sign = 1 if high else -1
    bells.text(
        n.mean_after,
        1.12 * n.after.max(),
        f"{n.mean_after:.1f} ± {n.sd_after:.1f} °C",
        color=VERMILLION_INK,
        weight="bold",
        size=17,
        ha="center",
    )
    bells.text(
        n.mean_before - sign * 1.0 * n.sd_before,
        0.55 * n.after.max(),
        f"before\n{n.mean_before:.0f} ± {n.sd_before:.0f} °C",
        color=GREY,
        ha="right" if high else "left",
    )


MUTANTS = {
    "divided by the wrong variance": (
        "gain = cov[0, 1] / cov[1, 1]",
        "gain = cov[0, 1] / cov[0, 0]",
    ),
    "the spread does not shrink": ("cov[0, 0] - gain * cov[1, 0]", "cov[0, 0]"),
}
