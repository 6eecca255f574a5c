"""Gap to the best loss on a bowl with curvatures of all sizes: 1/t against 1/t squared."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, PALE_BLUE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.7
COLOURS = 40
VARIANTS = (
    {"per_decade": 10, "steps": 1000, "marked": 200},
    {"per_decade": 20, "steps": 1000, "marked": 250},
)

DECADES = 8  # curvatures from 1e-8 to 1, evenly on the log scale
TARGET = 0.01  # of the example, a share of the first gap
FIRST = 20  # step from which a power law is fitted


def gap(curvature, theta):
    return 0.5 * curvature @ theta**2


def gradient_descent(curvature, start, rate, steps):
    theta, gaps = start, [gap(curvature, start)]
    for _ in range(steps):
        theta = theta - rate * curvature * theta
        gaps.append(gap(curvature, theta))
    return np.array(gaps)


def nesterov(curvature, start, rate, steps):
    theta, previous, gaps = start, start, [gap(curvature, start)]
    for t in range(1, steps + 1):
        ahead = theta + (t - 1) / (t + 2) * (theta - previous)
        previous, theta = theta, ahead - rate * curvature * ahead
        gaps.append(gap(curvature, theta))
    return np.array(gaps)


def power(gaps, first, last):
    """Exponent of the power law between two steps: the slope on double logarithmic paper."""
    t = np.arange(first, last + 1)
    weight = 1 / t  # every decade counts the same
    x, y = np.log(t), np.log(gaps[first : last + 1])
    x, y = x - np.average(x, weights=weight), y - np.average(y, weights=weight)
    return (weight * x * y).sum() / (weight * x**2).sum()


def compute(rng, per_decade, steps, marked):
    curvature = np.logspace(-DECADES, 0, DECADES * per_decade + 1)
    start = 1 + 0.1 * rng.standard_normal(len(curvature))
    plain = gradient_descent(curvature, start, 1.0, steps)
    fast = nesterov(curvature, start, 1.0, steps)
    t = np.arange(steps + 1)
    bound = 2 * start @ start / (t + 1) ** 2
    reached = TARGET * plain[0]
    return SimpleNamespace(
        t=t,
        plain=plain,
        fast=fast,
        bound=bound,
        steps=steps,
        marked=marked,
        closer=plain[marked] / fast[marked],
        power_plain=power(plain, FIRST, steps),
        power_fast=power(fast, FIRST, steps),
        share_plain=plain[marked] / plain[0],
        share_fast=fast[marked] / plain[0],
        target=TARGET,
        steps_plain=int(np.argmax(plain < reached)),
        steps_fast=int(np.argmax(fast < reached)),
        rises=int((np.diff(fast) > 0).sum()),
        ratio=int(10**DECADES),
        first=FIRST,
    )


def check(n):
    # Su, Boyd and Candes 2016, equation 3, for step 1/L and the weights (t - 1)/(t + 2).
    yield "the gap keeps below 2 |start|^2 / (t + 1)^2 at every step", (n.fast <= n.bound).all()
    yield "plain descent falls like 1/t", abs(n.power_plain + 1) < 0.1
    yield "Nesterov falls like 1/t^2", abs(n.power_fast + 2) < 0.2
    yield "at the marked step it is 10 times closer or more", n.closer > 10
    yield "plain descent never rises", (np.diff(n.plain) <= 0).all()
    yield "the guarantee alone beats plain descent in the end", n.bound[-1] < n.plain[-1]


def draw(fig, n):
    ax = fig.subplots()
    shown = slice(1, None)
    t = n.t[shown]
    ax.fill_between(t, n.fast[shown], n.plain[shown], color=PALE_BLUE, linewidth=0)
    ax.plot(t, n.bound[shown], color=GREY, linewidth=1.8, dashes=(4, 3))
    ax.plot(t, n.plain[shown], color=VERMILLION)
    ax.plot(t, n.fast[shown], color=BLUE, linewidth=3.4)
    top, bottom = n.plain[n.marked], n.fast[n.marked]
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (n.marked, bottom), (n.marked, top), arrowprops=arrow)
    beside = int(1.75 * n.marked)
    middle = n.bound[beside] ** 0.4 * n.fast[beside] ** 0.6
    ax.text(1.12 * n.marked, middle, f"÷ {n.closer:.0f}", va="center", weight="bold", size=17)
    ax.plot(n.marked, bottom, "o", color=BLUE, markersize=11, markeredgecolor=WHITE)
    bold = {"weight": "bold"}
    ax.text(
        n.steps,
        2 * n.plain[100],
        "gradient\ndescent: 1/t",
        color=VERMILLION_INK,
        ha="right",
        **bold,
    )
    ax.text(1.4, n.fast[22], "Nesterov: 1/t²", color=BLUE, va="top", **bold)
    ax.text(3.2, n.bound[3] * 1.3, "Nesterov's guarantee", color=GREY)
    ax.set(xscale="log", yscale="log", xlim=(1, n.steps))
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.set_yticks([1, 1e-2, 1e-4], ["1", "0.01", "$10^{-4}$"])
    ax.minorticks_off()
    ax.set_xlabel("step $t$")
    ax.set_ylabel("loss gap")


MUTANTS = {
    "no look-ahead": ("(t - 1) / (t + 2) * (theta - previous)", "0.0 * (theta - previous)"),
    "momentum points backwards": ("theta + (t - 1)", "theta - (t - 1)"),
}
