"""A parabola fitted to the loss leads to the next point; correct digits double."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION_INK, WHITE

HEIGHT = 3.5
COLOURS = 40
VARIANTS = (
    {"area": 2.0, "start": 0.8},
    {"area": 3.0, "start": 1.0},
)

STEPS = 5
RATE = 0.2  # of the gradient descent beside it
DIGITS = 11  # shown after the point


def loss(x, area):
    return x**3 / 3 - area * x


def slope(x, area):
    return x**2 - area


def curvature(x):
    return 2 * x


def newton(x, area, steps):
    visited = [x]
    for _ in range(steps):
        x = x - slope(x, area) / curvature(x)
        visited.append(x)
    return np.array(visited)


def gradient_descent(x, area, steps):
    visited = [x]
    for _ in range(steps):
        x = x - RATE * slope(x, area)
        visited.append(x)
    return np.array(visited)


def shared_digits(x, target):
    """How many characters of the decimal expansion agree from the left, point included."""
    ours, theirs = (f"{value:.13f}" for value in (x, target))
    agree = [a == b for a, b in zip(ours, theirs, strict=True)]
    return agree.index(False) if False in agree else len(agree)


def compute(rng, area, start):
    start = start + 0.01 * rng.uniform(-1, 1)
    target = np.sqrt(area)
    fast = newton(start, area, STEPS)
    plain = gradient_descent(start, area, 200)
    x = np.linspace(0.34 * target, 1.5 * target, 221)
    x0 = fast[0]
    first = loss(x0, area) + slope(x0, area) * (x - x0) + 0.5 * curvature(x0) * (x - x0) ** 2
    errors = np.abs(fast - target)
    return SimpleNamespace(
        area=area,
        target=target,
        fast=fast,
        plain=plain,
        x=x,
        height=loss(x, area),
        first=first,
        at=loss(fast, area),
        right=[shared_digits(value, target) for value in fast],
        right_plain=shared_digits(plain[STEPS], target),
        errors=errors,
        steps=STEPS,
        rate=RATE,
        start=start,
        one=fast[1],
        two=fast[2],
        three=fast[3],
        four=fast[4],
        error_two=errors[2],
        error_three=errors[3],
        error_four=errors[4],
        error_plain=abs(plain[STEPS] - target),
        plain_steps=int(np.argmax(np.abs(plain - target) < errors[4])),
    )


def check(n):
    # For this loss the error obeys e' = e^2 / (2x) exactly; rounding leaves about 1e-16.
    yield (
        "each error is the square of the last, over 2x",
        (np.abs(n.errors[1:] - n.errors[:-1] ** 2 / (2 * n.fast[:-1])).max() < 1e-14),
    )
    yield (
        "correct characters at least nearly double once close",
        (all(b >= min(2 * a - 3, DIGITS) for a, b in zip(n.right[2:], n.right[3:], strict=False))),
    )
    bottom = n.x[n.first.argmin()]
    yield (
        "the bottom of the first parabola is the next point",
        (abs(bottom - n.fast[1]) <= 0.51 * (n.x[1] - n.x[0])),
    )
    near = np.abs(n.x - n.fast[0]) < 0.05
    yield (
        "the parabola hugs the loss where it touches",
        (np.abs(n.first - n.height)[near].max() < 1e-4),
    )
    yield "the end is the square root", abs(n.fast[-1] - n.target) < 1e-9
    yield "plain descent is a thousand times further off", n.error_plain > 1e3 * n.errors[STEPS]


def draw(fig, n):
    left, right = fig.subplots(1, 2, width_ratios=(1.0, 1.1))
    left.plot(n.x, n.height, color=INK, linewidth=3.2)
    low, high = n.height.min(), n.height.max()
    span = high - low
    seen = n.first < high + 0.1 * span
    left.plot(n.x[seen], n.first[seen], color=BLUE, linewidth=2.2, dashes=(3, 2))
    left.plot([n.fast[1], n.fast[1]], [n.first.min(), n.at[1]], color=GREY, linewidth=1.6)
    for step, shift in ((0, (-22, -13)), (1, (9, -7)), (2, (-7, 13))):
        left.plot(
            n.fast[step],
            n.at[step],
            "o",
            color=BLUE,
            markersize=11,
            markeredgecolor=WHITE,
            zorder=5,
        )
        left.annotate(
            f"$x_{step}$",
            (n.fast[step], n.at[step]),
            shift,
            textcoords="offset points",
            color=BLUE,
            size=17,
        )
    left.plot(
        n.fast[1],
        n.first.min(),
        "o",
        color=WHITE,
        markersize=8,
        markeredgecolor=BLUE,
        markeredgewidth=2,
    )
    left.set(xticks=[], yticks=[], ylim=(n.first.min() - 0.12 * span, high + 0.08 * span))
    left.set_xlabel("$x$")
    left.set_ylabel("loss")
    for side in ("left", "bottom"):
        left.spines[side].set_color(RULE)
    right.axis("off")
    right.set(xlim=(0, DIGITS + 4.2), ylim=(-8.1, 0.6))
    rows = [(f"$x_{t}$", n.fast[t], n.right[t], BLUE, -t) for t in range(STEPS + 1)]
    rows.append(("", n.plain[STEPS], n.right_plain, VERMILLION_INK, -7.6))
    for name, value, good, ink, y in rows:
        right.text(-0.4, y, name, va="center", ha="left")
        for place, sign in enumerate(f"{value:.13f}"[: DIGITS + 2]):
            sure = place < good
            right.text(
                place + 1.9,
                y,
                sign,
                va="center",
                ha="center",
                size=15,
                color=ink if sure else GREY,
                weight="bold" if sure else "normal",
            )
    right.text(
        -0.4, -6.5, f"gradient descent, step {STEPS}:", color=VERMILLION_INK, va="center", size=14.5
    )


MUTANTS = {
    "the curvature is off by a half": ("return 2 * x", "return 3 * x"),
    "up the slope": ("x - slope(x, area) / curvature(x)", "x + slope(x, area) / curvature(x)"),
}
