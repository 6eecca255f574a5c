"""Passing an exam by hours of study and of sleep: fitted probability as a map."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, DIVERGING, INK, VERMILLION, WHITE

HEIGHT = 3.7
COLOURS = 48
VARIANTS = (
    {"truth": (-11.0, 1.0, 0.9), "students": 160},
    {"truth": (-11.5, 0.7, 1.3), "students": 180},
)

STUDY, SLEEP = (0.0, 10.0), (3.5, 9.5)  # hours; the map
ASKED = np.array([5.0, 7.0])  # the student of the example


def sigma(z):
    return 1 / (1 + np.exp(-z))


def fit(X, y, steps=25):
    """Newton's method on the mean log loss; returns the weights and their standard errors."""
    w = np.zeros(X.shape[1])
    for _ in range(steps):
        p = sigma(X @ w)
        slope = X.T @ (p - y)
        curvature = X.T @ (X * (p * (1 - p))[:, None])
        w = w - np.linalg.solve(curvature, slope)
    return w, np.sqrt(np.diag(np.linalg.inv(curvature)))


def compute(rng, truth, students):
    hours = np.c_[rng.uniform(*STUDY, students), rng.uniform(*SLEEP, students)]
    X = np.c_[np.ones(students), hours]
    # Logistic noise on a hidden mark, pass above zero: the model without its formula.
    y = (X @ np.array(truth) + rng.logistic(size=students) > 0).astype(float)
    w, error = fit(X, y)
    study, sleep = np.meshgrid(np.linspace(*STUDY, 161), np.linspace(*SLEEP, 121))
    odds = w[0] + w[1] * ASKED[0] + w[2] * ASKED[1]
    return SimpleNamespace(
        hours=hours,
        y=y,
        X=X,
        w=w,
        truth=np.array(truth),
        error=error,
        study=study,
        sleep=sleep,
        p=sigma(w[0] + w[1] * study + w[2] * sleep),
        fitted=sigma(X @ w),
        students=students,
        passed=y.mean(),
        per_study=w[1],
        per_sleep=w[2],
        factor=np.exp(w[1]),
        asked_study=ASKED[0],
        asked_sleep=ASKED[1],
        log_odds=odds,
        chance=sigma(odds),
        chance_more=sigma(odds + w[1]),
        width=2 * np.log(9) / w[1],
    )


def check(n):
    yield "mean fitted probability is the base rate", abs(n.fitted.mean() - n.y.mean()) < 1e-8
    yield (
        "residuals are orthogonal to each feature",
        (np.abs(n.X.T @ (n.fitted - n.y)).max() < 1e-6),
    )
    off = np.abs(n.w - n.truth) / n.error
    yield "weights within 4.5 standard errors of the truth", off.max() < 4.5
    inside = (n.p > 1e-6) & (n.p < 1 - 1e-6)
    odds = np.log(n.p[inside] / (1 - n.p[inside]))
    plane = n.w[0] + n.w[1] * n.study[inside] + n.w[2] * n.sleep[inside]
    yield "the log-odds of the map drawn are a plane", np.allclose(odds, plane, atol=1e-8)
    gap = np.log(n.chance_more / (1 - n.chance_more)) - np.log(n.chance / (1 - n.chance))
    yield "an hour of study adds its weight in nats", abs(gap - n.per_study) < 1e-9


def draw(fig, n):
    ax = fig.subplots()
    ax.contourf(
        n.study,
        n.sleep,
        0.5 - n.p,
        levels=np.linspace(-0.5, 0.5, 13),
        cmap=DIVERGING,
        vmin=-1.2,
        vmax=1.2,
    )
    ax.contour(
        n.study,
        n.sleep,
        n.p,
        levels=[0.1, 0.5, 0.9],
        colors=INK,
        linewidths=[1.4, 3, 1.4],
        linestyles=["dashed", "solid", "dashed"],
    )
    passed = n.y > 0.5
    ax.plot(*n.hours[passed].T, "o", color=BLUE, markersize=6, markeredgecolor=WHITE)
    ax.plot(*n.hours[~passed].T, "X", color=VERMILLION, markersize=7, markeredgecolor=WHITE)
    backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 1.5}
    for level in (0.1, 0.5, 0.9):  # side by side on steep lines, one above the other on flat ones
        rest = np.log(level / (1 - level)) - n.w[0]
        if n.w[1] > n.w[2]:
            study, sleep = (rest - n.w[2] * 4.4) / n.w[1], 4.4
        else:
            study, sleep = 5.6, (rest - n.w[1] * 5.6) / n.w[2]
        ax.text(
            study,
            sleep,
            f"{level:.0%}",
            ha="center",
            va="center",
            bbox=backing,
            weight="bold" if level == 0.5 else "normal",
            zorder=6,
        )
    ax.set(xlim=STUDY, ylim=SLEEP, xticks=[0, 2, 4, 6, 8, 10], yticks=[4, 6, 8])
    ax.set_xlabel("study (h)")
    ax.set_ylabel("sleep (h)")


MUTANTS = {
    "the sign in the exponent": ("np.exp(-z)", "np.exp(z)"),
    "powers of two instead of e": ("np.exp(-z)", "2.0 ** (-z)"),
    "log-odds of the map forget the bias": (
        "p=sigma(w[0] + w[1] * study",
        "p=sigma(w[1] * study",
    ),
}
