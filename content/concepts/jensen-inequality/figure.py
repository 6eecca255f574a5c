"""Time against speed: the chord's midpoint lies above the curve, and the gap is Jensen's."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, PALE_BLUE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.6
VARIANTS = (
    {"distance": 60, "slow": 15, "fast": 75},
    {"distance": 90, "slow": 20, "fast": 110},
)

DRAWS = 400_000


def hours(distance, speed):
    return distance / speed


def mean(values):
    return values.mean(axis=0)


def compute(rng, distance, slow, fast):
    ends = np.array([slow, fast], dtype=float)
    speeds = np.linspace(0.72 * slow, 1.1 * fast, 200)
    mean_speed = float(mean(ends))
    mean_hours = float(mean(hours(distance, ends)))
    hours_at_mean = hours(distance, mean_speed)
    draws = rng.standard_normal(DRAWS)
    # Any distribution will do: twenty sets of random trips.
    trips = rng.uniform(slow, fast, (8, 20))
    # A small spread, for the rule of half the curvature times the variance.
    jitter = mean_speed * (1 + 0.05 * rng.standard_normal(DRAWS))
    return SimpleNamespace(
        distance=distance,
        slow=slow,
        fast=fast,
        ends=ends,
        end_hours=hours(distance, ends),
        speeds=speeds,
        curve=hours(distance, speeds),
        mean_speed=mean_speed,
        mean_hours=mean_hours,
        hours_at_mean=hours_at_mean,
        slow_hours=hours(distance, slow),
        fast_hours=hours(distance, fast),
        gap_minutes=60 * (mean_hours - hours_at_mean),
        trip_means=mean(hours(distance, trips)),
        trips_at_mean=hours(distance, mean(trips)),
        small_gap=mean(hours(distance, jitter)) - hours(distance, mean(jitter)),
        small_rule=0.5 * (2 * distance / mean_speed**3) * jitter.var(),
        draws=DRAWS,
        exp_mean=mean(np.exp(draws)),
        exp_of_mean=math.exp(mean(draws)),
    )


def check(n):
    yield "the chord's midpoint is above the curve", n.mean_hours > n.hours_at_mean
    chord = np.interp(n.speeds, n.ends, n.end_hours)
    between = (n.speeds >= n.slow) & (n.speeds <= n.fast)
    yield "the whole chord is", (chord >= n.curve - 1e-12)[between].all()
    # Two speeds s and f: mean time minus time at the mean = d (f - s)^2 / (2 s f (s + f)).
    s, f = n.ends
    exact = n.distance * (f - s) ** 2 / (2 * s * f * (s + f))
    yield "the gap in closed form", math.isclose(n.gap_minutes, 60 * exact, rel_tol=1e-9)
    yield "for random trips as well", (n.trip_means > n.trips_at_mean).all()
    yield "small spread: half curvature x variance", abs(n.small_gap / n.small_rule - 1) < 0.05
    # e^X has mean exp(1/2) and variance e(e - 1): standard error 2.16 / sqrt(draws).
    error = math.sqrt(math.e * (math.e - 1) / n.draws)
    yield "mean of e^X, 5 standard errors", abs(n.exp_mean - math.exp(0.5)) < 5 * error
    yield "it exceeds e to the mean", n.exp_mean > n.exp_of_mean + 0.5


def draw(fig, n):
    ax = fig.subplots()
    top = 1.12 * n.slow_hours
    ax.fill_between(n.speeds, n.curve, top, color=PALE_BLUE, alpha=0.55)
    ax.plot(n.speeds, n.curve, color=BLUE, linewidth=3.2)
    ax.plot(n.ends, n.end_hours, "-", color=INK, linewidth=2.5)
    ax.plot(n.ends, n.end_hours, "o", color=INK, markersize=10)
    ax.annotate(
        "",
        (n.mean_speed, n.mean_hours),
        (n.mean_speed, n.hours_at_mean),
        arrowprops={
            "arrowstyle": "<->",
            "color": VERMILLION,
            "linewidth": 3,
            "shrinkA": 5,
            "shrinkB": 5,
        },
    )
    ax.plot([n.mean_speed] * 2, [0, n.hours_at_mean], color=GREY, linewidth=1.2, ls=(0, (4, 3)))
    dots = {"markersize": 11, "markeredgecolor": WHITE, "markeredgewidth": 1.5}
    ax.plot(n.mean_speed, n.mean_hours, "o", color=INK, **dots)
    ax.plot(n.mean_speed, n.hours_at_mean, "o", color=BLUE, **dots)
    wide, high = n.fast - n.slow, n.slow_hours
    beside = n.mean_hours - 0.16 * (n.mean_hours - n.hours_at_mean)
    ax.text(
        n.mean_speed - 0.025 * wide,
        beside,
        f"{n.gap_minutes:.0f} min",
        color=VERMILLION_INK,
        weight="bold",
        size=18,
        ha="right",
        va="center",
    )
    ax.text(
        n.mean_speed + 0.02 * wide, n.mean_hours + 0.05 * high, f"mean time {n.mean_hours:.1f} h"
    )
    ax.text(
        n.mean_speed - 0.03 * wide,
        0.55 * n.hours_at_mean,
        f"at mean speed {n.hours_at_mean:.1f} h",
        color=BLUE,
        ha="right",
        va="center",
    )
    ax.set(xlim=(n.speeds[0], n.speeds[-1]), ylim=(0, top), yticks=range(1 + int(high)))
    ax.set_xticks([n.slow, n.mean_speed, n.fast])
    ax.set_xlabel("speed (km/h)")
    ax.set_ylabel(f"hours for {n.distance} km")


MUTANTS = {
    "a harmonic mean of the speeds": (
        "mean_speed = float(mean(ends))",
        "mean_speed = float(1 / mean(1 / ends))",
    ),
    "a concave function": ("return distance / speed", "return np.sqrt(distance * speed)"),
}
