"""The log-likelihood hill over mean and spread, and the bells at its peak and on its slope."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    SEQUENTIAL,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.6
COLOURS = 96
VARIANTS = (
    {"count": 20, "shift": 1.15, "stretch": 0.85},
    {"count": 16, "shift": -1.1, "stretch": 0.9},
)

TRUE_MEAN, TRUE_SPREAD = 8.0, 1.5  # cm
MEANS = np.linspace(5.6, 10.4, 161)
SPREADS = np.linspace(0.7, 3.1, 121)
TRIALS = 20_000


def log_likelihood(data, mu, sigma):
    z = (data - mu[..., None]) / sigma[..., None]
    return (-0.5 * z**2 - np.log(sigma[..., None]) - 0.5 * math.log(2 * math.pi)).sum(axis=-1)


def estimate(data):
    """The closed form for the normal: the mean, and the root of the mean squared distance."""
    mu = data.mean(axis=-1, keepdims=True)
    return mu[..., 0], np.sqrt(((data - mu) ** 2).mean(axis=-1))


def bell(x, mu, sigma):
    return np.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))


def compute(rng, count, shift, stretch):
    data = rng.normal(TRUE_MEAN, TRUE_SPREAD, count)
    mu, sigma = np.meshgrid(MEANS, SPREADS)
    hill = log_likelihood(data, mu, sigma)
    mu_hat, sigma_hat = estimate(data)
    mu_guess, sigma_guess = mu_hat + shift * sigma_hat, stretch * sigma_hat
    best = float(log_likelihood(data, mu_hat, sigma_hat))
    guess = float(log_likelihood(data, mu_guess, sigma_guess))
    many = estimate(rng.normal(TRUE_MEAN, TRUE_SPREAD, (TRIALS, count)))[1]
    x = np.linspace(2.5, 13.5, 221)
    return SimpleNamespace(
        count=count,
        data=data,
        hill=hill,
        peak=np.unravel_index(hill.argmax(), hill.shape),
        mu_hat=float(mu_hat),
        sigma_hat=float(sigma_hat),
        mu_guess=float(mu_guess),
        sigma_guess=float(sigma_guess),
        best=best,
        guess=guess,
        times=math.exp((best - guess) / count),
        x=x,
        bell_best=bell(x, mu_hat, sigma_hat),
        bell_guess=bell(x, mu_guess, sigma_guess),
        stick_best=bell(data, mu_hat, sigma_hat),
        stick_guess=bell(data, mu_guess, sigma_guess),
        trials=TRIALS,
        shrink=(many**2).mean() / TRUE_SPREAD**2,
        shrink_exact=1 - 1 / count,
    )


def check(n):
    row, column = n.peak
    yield "the hill peaks at the sample mean", abs(MEANS[column] - n.mu_hat) <= 0.03
    yield "and at the root mean square distance", abs(SPREADS[row] - n.sigma_hat) <= 0.02
    yield "no point of the hill is higher", n.hill.max() <= n.best + 1e-9
    # At the peak the squared distances add up to n, so the sum has a closed form.
    exact = -0.5 * n.count * (math.log(2 * math.pi * n.sigma_hat**2) + 1)
    yield "the height of the peak", math.isclose(n.best, exact, rel_tol=1e-9)
    yield (
        "the score is the sum of the logs of the drawn sticks",
        np.allclose([np.log(n.stick_best).sum(), np.log(n.stick_guess).sum()], [n.best, n.guess]),
    )
    # sigma^2 n / true^2 is chi-squared with n - 1 degrees: variance 2 (n - 1) / n^2.
    error = math.sqrt(2 * (n.count - 1)) / n.count / math.sqrt(n.trials)
    yield "variance short by 1/n, 5 errors", abs(n.shrink - n.shrink_exact) < 5 * error


def draw(fig, n):
    axes = fig.subplot_mosaic([["hill", "best"], ["hill", "guess"]], width_ratios=(1.25, 1))
    ax = axes["hill"]
    # Rings at equal distance near the peak, where the hill is a parabola.
    levels = n.hill.max() - np.array([1e9, 24, 18, 13, 9, 6, 3.6, 1.8, 0.6, -0.01])
    shown = np.maximum(n.hill, levels[1])
    ax.contourf(MEANS, SPREADS, shown, levels=levels[1:], cmap=SEQUENTIAL)
    ax.contour(
        MEANS, SPREADS, shown, levels=levels[2:-1], colors=WHITE, linewidths=1.0, linestyles="solid"
    )
    edge = {"markeredgecolor": WHITE, "markeredgewidth": 1.5}
    ax.plot(n.mu_hat, n.sigma_hat, "*", color=BLUE, markersize=22, **edge)
    ax.plot(n.mu_guess, n.sigma_guess, "X", color=VERMILLION, markersize=14, **edge)
    ax.set(xticks=[6, 8, 10], yticks=[1, 2, 3], xlabel="mean $\\mu$ (cm)")
    ax.set_ylabel("spread $\\sigma$ (cm)")
    ax.set_title("log-likelihood")
    top = 1.12 * max(n.bell_best.max(), n.bell_guess.max())
    for name, marker, ink, colour, pale in (
        ("best", "★", BLUE, BLUE, PALE_BLUE),
        ("guess", "✖", VERMILLION_INK, VERMILLION, PALE_VERMILLION),
    ):
        ax = axes[name]
        curve, sticks = getattr(n, f"bell_{name}"), getattr(n, f"stick_{name}")
        ax.fill_between(n.x, curve, color=pale)
        ax.plot(n.x, curve, color=colour)
        ax.vlines(n.data, 0, sticks, color=INK, linewidth=1.4)
        ax.plot(n.data, 0 * n.data, "o", color=INK, markersize=5.5, clip_on=False)
        ax.set(xlim=(3, 13), ylim=(0, top), yticks=[], xticks=[4, 8, 12])
        ax.spines["left"].set_visible(False)
        score = f"{getattr(n, name):.1f}".replace("-", "−")
        ax.set_title(f"{marker}  {score}", color=ink, weight="bold", size=17)
    axes["best"].set_xticklabels([])
    axes["guess"].set_xlabel("leaf length (cm)")


MUTANTS = {
    "the log of the spread is forgotten": ("-0.5 * z**2 - np.log(sigma[..., None])", "-0.5 * z**2"),
    "divided by n - 1": (
        "np.sqrt(((data - mu) ** 2).mean(axis=-1))",
        "data.std(axis=-1, ddof=1)",
    ),
}
