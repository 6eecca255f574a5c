"""Gradient descent and Adam in the same ravine: their arrows, and a path of each."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION, WHITE

HEIGHT = 3.3
COLOURS = 32
VARIANTS = (
    {"ratio": 100.0, "start": (-1.6, 1.25), "rate": 0.1},
    {"ratio": 400.0, "start": (1.6, 1.35), "rate": 0.08},
)

STEPS = 40
SLOPES = np.array([1e-3, 1.0, 1e3])  # the example: three weights, three sizes of gradient
EXAMPLE_RATE = 0.01
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # the paper's and every library's defaults


def gradient_descent(slope, start, rate, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - rate * slope(path[-1]))
    return np.array(path)


def adam(slope, start, rate, steps):
    m, v = np.zeros_like(start), np.zeros_like(start)
    path = [start]
    for t in range(1, steps + 1):
        g = slope(path[-1])
        m = BETA1 * m + (1 - BETA1) * g
        v = BETA2 * v + (1 - BETA2) * g**2
        m_hat = m / (1 - BETA1**t)
        v_hat = v / (1 - BETA2**t)
        path.append(path[-1] - rate * m_hat / (np.sqrt(v_hat) + EPSILON))
    return np.array(path)


def compute(rng, ratio, start, rate):
    curvature = np.array([1.0, ratio])  # along the ravine, across it
    start = np.array(start) + 0.03 * rng.standard_normal(2)
    x, y = np.meshgrid(np.linspace(-2, 2, 121), np.linspace(-1.7, 1.7, 121))
    grid = np.stack(np.meshgrid(np.linspace(-1.65, 1.65, 6), np.linspace(-1.4, 1.4, 6)), axis=-1)
    plain = gradient_descent(lambda theta: curvature * theta, start, 1 / ratio, STEPS)
    clever = adam(lambda theta: curvature * theta, start, rate, STEPS)
    louder = adam(lambda theta: 1000 * curvature * theta, start, rate, STEPS)
    arrows = gradient_descent(lambda theta: curvature * theta, grid, 1.0, 1)
    adam_arrows = adam(lambda theta: curvature * theta, grid, rate, 1)
    first = adam(lambda _: SLOPES, np.zeros(3), EXAMPLE_RATE, 1)[1]
    return SimpleNamespace(
        curvature=curvature,
        x=x,
        y=y,
        height=0.5 * (x**2 + ratio * y**2),
        grid=grid,
        arrows=arrows[1] - grid,
        adam_arrows=adam_arrows[1] - grid,
        plain=plain,
        clever=clever,
        louder=louder,
        first=np.abs(first),
        rate=rate,
        steps=STEPS,
        ratio=ratio,
        left_plain=np.linalg.norm(plain[-1]),
        left_adam=np.linalg.norm(clever[-1]),
        small=SLOPES[0],
        big=SLOPES[2],
        example_rate=EXAMPLE_RATE,
        plain_small=EXAMPLE_RATE * SLOPES[0],
        plain_big=EXAMPLE_RATE * SLOPES[2],
        adam_small=abs(first[0]),
        adam_big=abs(first[2]),
        uncorrected=(1 - BETA1) / np.sqrt(1 - BETA2),
    )


def check(n):
    yield (
        "the first step is the rate for each size of gradient",
        (np.allclose(n.first, EXAMPLE_RATE, rtol=1e-4)),
    )
    yield (
        "every arrow of Adam moves each coordinate by the rate",
        (np.allclose(np.abs(n.adam_arrows), n.rate, rtol=1e-4)),
    )
    yield "each points towards the minimum in both coordinates", (n.adam_arrows * n.grid < 0).all()
    tilt = np.abs(n.arrows[..., 1] / n.arrows[..., 0])
    yield (
        "arrows of the gradient are steeper by the ratio",
        (np.allclose(tilt, n.ratio * np.abs(n.grid[..., 1] / n.grid[..., 0]))),
    )
    yield "a loss 1000 times larger changes nothing", np.allclose(n.clever, n.louder, atol=1e-5)
    yield (
        "no step of the path is much longer than the rate",
        (np.abs(np.diff(n.clever, axis=0)).max() < 1.2 * n.rate),
    )
    yield "Adam ends closer", n.left_adam < 0.6 * n.left_plain


def draw(fig, n):
    panels = fig.subplots(1, 2, sharey=True)
    looks = (
        (n.plain, n.arrows, VERMILLION, "-o", "gradient descent"),
        (n.clever, n.adam_arrows, BLUE, "-s", "Adam"),
    )
    levels = n.ratio * np.array([0.02, 0.12, 0.35, 0.75, 1.3])
    for ax, (path, arrows, colour, marker, name) in zip(panels, looks, strict=True):
        ax.contour(n.x, n.y, n.height, levels=levels, colors=RULE, linewidths=1.2)
        way = arrows / np.linalg.norm(arrows, axis=-1, keepdims=True)
        ax.quiver(
            *np.moveaxis(n.grid, -1, 0),
            *np.moveaxis(way, -1, 0),
            color=GREY,
            scale=9,
            width=0.011,
            pivot="mid",
            zorder=1,
        )
        ax.plot(*path.T, marker, color=colour, linewidth=2.4, markersize=6)
        ax.plot(0, 0, "*", color=INK, markersize=19, markeredgecolor=WHITE)
        ax.set(xlim=(-2, 2), ylim=(-1.7, 1.7), xticks=[], yticks=[])
        ax.set_title(name, loc="center", weight="bold")
        left = np.linalg.norm(path[-1])
        ax.set_xlabel(f"{left:.2f} to go, {n.steps} steps")
        ax.spines[:].set(visible=True, color=RULE)


MUTANTS = {
    "no bias correction of the second moment": ("v_hat = v / (1 - BETA2**t)", "v_hat = v"),
    "the square root is lost": ("np.sqrt(v_hat) + EPSILON", "v_hat + EPSILON"),
}
