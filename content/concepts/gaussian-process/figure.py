"""Curves from a kernel's prior, and those that are left once a few readings are known."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, PALE_BLUE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.3
VARIANTS = (
    {"length": 3.0, "hours": (1.5, 3.5, 6.0, 14.5, 17.0, 21.5)},
    {"length": 2.2, "hours": (2.0, 4.5, 13.0, 15.0, 17.5, 22.0)},
)

SPREAD = 2.0  # of the temperature around its normal course, °C
NOISE = 0.3  # of a reading, °C
GRID = np.linspace(0, 24, 97)
DRAWS, TRIALS = 4, 1500


def kernel(a, b, length):
    """Covariance of the curve at two times: near times go together."""
    return SPREAD**2 * np.exp(-0.5 * ((a[:, None] - b) / length) ** 2)


def posterior(x, y, at, length, noise):
    """Mean and covariance of the curve at new times, given readings."""
    K, across = kernel(x, x, length), kernel(at, x, length)
    solved = np.linalg.solve(K + noise**2 * np.eye(len(x)), np.c_[y, across.T])
    return across @ solved[:, 0], kernel(at, at, length) - across @ solved[:, 1:]


def root(covariance):
    """A matrix whose square is the covariance, up to rounding."""
    return np.linalg.cholesky(covariance + 1e-7 * np.eye(len(covariance)))


def coverage(rng, x, at, length):
    """How often the 95% band holds a curve drawn from the prior: new curve, new noise each time."""
    both = np.r_[x, at]
    curves = root(kernel(both, both, length)) @ rng.standard_normal((len(both), TRIALS))
    y = curves[: len(x)] + NOISE * rng.standard_normal((len(x), TRIALS))
    K, across = kernel(x, x, length), kernel(at, x, length)
    means = across @ np.linalg.solve(K + NOISE**2 * np.eye(len(x)), y)
    sd = np.sqrt(np.diag(posterior(x, y[:, 0], at, length, NOISE)[1]))
    return (np.abs(curves[len(x) :] - means) < 1.96 * sd[:, None]).mean(axis=1)


def compute(rng, length, hours):
    x = np.array(hours)
    prior_root = root(kernel(GRID, GRID, length))
    truth = prior_root @ rng.standard_normal(len(GRID))
    prior = prior_root @ rng.standard_normal((len(GRID), DRAWS))
    y = np.interp(x, GRID, truth) + NOISE * rng.standard_normal(len(x))
    mean, covariance = posterior(x, y, GRID, length, NOISE)
    draws = mean[:, None] + root(covariance) @ rng.standard_normal((len(GRID), DRAWS))
    half = 1.96 * np.sqrt(np.diag(covariance))
    gap = int(np.diff(x).argmax())
    middle = (x[gap] + x[gap + 1]) / 2
    at_middle, at_reading = (int(np.abs(GRID - place).argmin()) for place in (middle, x[1]))
    exact, _ = posterior(x, y, x, length, 1e-4)
    return SimpleNamespace(
        x=x,
        y=y,
        length=length,
        truth=truth,
        prior=prior,
        mean=mean,
        half=half,
        draws=draws,
        exact=exact,
        covered=coverage(rng, x, np.array([0.5, 5.0, middle, 20.0]), length),
        readings=len(x),
        spread=SPREAD,
        noise=NOISE,
        level=0.95,
        before=1.96 * SPREAD,
        at_reading=half[at_reading],
        at_gap=half[at_middle],
        hour_reading=x[1],
        hour_gap=middle,
        mean_gap=mean[at_middle],
        narrower=1.96 * SPREAD / half[at_reading],
    )


def check(n):
    # 1500 curves: three standard errors of 95% are 0.017.
    yield "the band holds 95% of new curves", np.all(np.abs(n.covered - 0.95) < 0.022)
    yield "readings never widen the band", n.half.max() <= n.before + 1e-9
    yield "without noise the mean goes through the readings", np.allclose(n.exact, n.y, atol=1e-3)
    # A second way: Bayesian linear regression on features whose inner products are the kernel.
    both = np.r_[n.x, GRID]
    features = root(kernel(both, both, n.length))
    seen, new = features[: n.readings], features[n.readings :]
    precision = np.eye(len(both)) + seen.T @ seen / NOISE**2
    weights = np.linalg.solve(precision, seen.T @ n.y) / NOISE**2
    yield "weights on features give the same mean", np.allclose(new @ weights, n.mean, atol=1e-3)
    yield "the band pinches at a reading, not in the gap", n.at_gap > 3 * n.at_reading


def draw(fig, n):
    left, right = fig.subplots(1, 2, sharex=True, sharey=True)
    left.fill_between(GRID, -n.before, n.before, color=PALE_BLUE, linewidth=0)
    left.plot(GRID, n.prior, color=BLUE, linewidth=2)
    right.fill_between(GRID, n.mean - n.half, n.mean + n.half, color=PALE_BLUE, linewidth=0)
    right.plot(GRID, n.draws, color=BLUE, linewidth=1.6)
    right.plot(GRID, n.mean, color=INK, linewidth=3)
    right.plot(n.x, n.y, "o", color=VERMILLION, markersize=9, mec=WHITE, mew=1, zorder=5)
    left.set(xlim=(0, 24), ylim=(-6, 6), xticks=[0, 12, 24], yticks=[-4, 0, 4])
    left.set_ylabel("°C from normal")
    left.set_title("before", loc="center", weight="bold", size=16)
    right.set_title(
        f"after {n.readings} readings", loc="center", weight="bold", size=16, color=VERMILLION_INK
    )
    for ax in (left, right):
        ax.set_xlabel("hour")


MUTANTS = {
    "the noise is forgotten": (
        "np.linalg.solve(K + noise**2 * np.eye(len(x)), np.c_",
        "np.linalg.solve(K + 1e-9 * np.eye(len(x)), np.c_",
    ),
    "what was learnt is added to the variance": (
        "kernel(at, at, length) - across @ solved",
        "kernel(at, at, length) + across @ solved",
    ),
    "spread of the noise for its variance": (
        "np.linalg.solve(K + noise**2 * np.eye(len(x)), np.c_",
        "np.linalg.solve(K + noise * np.eye(len(x)), np.c_",
    ),
}
