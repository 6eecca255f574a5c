"""Lyapunov exponent of the logistic map over its growth rate: order below zero, chaos above."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.5
VARIANTS = (
    {"wild": 4.0, "digits": 10},
    {"wild": 3.9, "digits": 12},
)

RATES, SETTLE, STEPS = 700, 400, 2000
CALM = 3.2
PAIRS, APART, WATCHED = 4000, 1e-11, 16


def step(r, x):
    return r * x * (1 - x)


def log_slope(r, x):
    """Nats by which one step stretches a tiny difference."""
    return np.log(np.abs(r * (1 - 2 * x)) + 1e-300)


def exponent(r, x):
    for _ in range(SETTLE):
        x = step(r, x)
    total = 0.0
    for _ in range(STEPS):
        total = total + log_slope(r, x)
        x = step(r, x)
    return total / STEPS


def drift(r, x):
    """Nats per step at which pairs of nearby orbits move apart, measured on the orbits."""
    for _ in range(SETTLE):
        x = step(r, x)
    near = x + np.where(x < 0.5, APART, -APART)
    for _ in range(WATCHED):
        x, near = step(r, x), step(r, near)
    return float(np.mean(np.log(np.abs(near - x) / APART + 1e-300)) / WATCHED)


def compute(rng, wild, digits):
    rates = np.linspace(2.8, 4, RATES)
    exponents = exponent(rates, rng.uniform(0.2, 0.8, RATES))
    many = exponent(np.full(200, wild), rng.uniform(0.05, 0.95, 200))
    lam = many.mean()
    return SimpleNamespace(
        rates=rates,
        exponents=exponents,
        wild=wild,
        exponent=lam,
        factor=np.exp(lam),
        digits=digits,
        horizon=digits * np.log(10) / lam,
        per_digit=np.log(10) / lam,
        pairs=PAIRS,
        measured=drift(wild, rng.uniform(0.05, 0.95, PAIRS)),
        calm_rate=CALM,
        calm=float(exponent(CALM, 0.3)),
        onset=rates[np.argmax(exponents > 0.01)],
    )


def check(n):
    if n.wild == 4:
        yield "at r = 4 it is ln 2, within 1%", abs(n.exponent / np.log(2) - 1) < 0.01
    # Slope of a fixed point: 2 - r. Product of the two slopes of the cycle of two: 4 + 2r - r^2.
    rest = n.rates[n.rates < 2.97]
    yield (
        "below 3 the drawn curve is ln|2 - r|",
        np.allclose(n.exponents[: len(rest)], np.log(np.abs(2 - rest)), atol=1e-2),
    )
    exact = 0.5 * np.log(abs(4 + 2 * n.calm_rate - n.calm_rate**2))
    yield "on the cycle of two it is half the log of its slope", abs(n.calm - exact) < 1e-3
    yield (
        "pairs of orbits move apart at this rate, within 5%",
        (abs(n.measured / n.exponent - 1) < 0.05),
    )
    yield "chaos sets in near 3.57", 3.55 < n.onset < 3.6


def draw(fig, n):
    ax = fig.subplots()
    floor = -1.6
    shown = np.maximum(n.exponents, floor - 1)
    ax.fill_between(n.rates, shown, 0, where=shown < 0, color=PALE_BLUE, interpolate=True)
    ax.fill_between(n.rates, shown, 0, where=shown > 0, color=VERMILLION, interpolate=True)
    ax.plot(n.rates, np.where(shown < 0, shown, np.nan), color=BLUE, linewidth=1.6)
    ax.axhline(0, color=INK, linewidth=1.4)
    ax.plot(n.wild, n.exponent, "o", color=INK, markersize=11, clip_on=False, zorder=4)
    words = {"weight": "bold", "va": "center"}
    ax.text(n.wild - 0.05, n.exponent + 0.1, f"λ = {n.exponent:.3f}", ha="right", **words)
    ax.text(2.84, 0.3, "chaos", color=VERMILLION_INK, size=17, **words)
    ax.text(2.84, -1.25, "order", color=BLUE, size=17, **words)
    ax.set(xlim=(2.8, 4), ylim=(floor, 0.95), xticks=[3, 3.5, 4], yticks=[-1, 0])
    ax.set_xlabel("growth rate r")
    ax.set_ylabel("exponent λ")


MUTANTS = {
    "bits for nats": ("return np.log(np.abs(r * (1", "return np.log2(np.abs(r * (1"),
    "the values in place of the slopes": ("np.abs(r * (1 - 2 * x))", "np.abs(r * x * (1 - x))"),
}
