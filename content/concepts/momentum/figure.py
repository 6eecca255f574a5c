"""Momentum against plain gradient descent: the same ravine, the same step size, 25 steps."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, RULE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.4
VARIANTS = (
    {"beta": 0.6, "start": (-9.0, 1.5)},
    {"beta": 0.62, "start": (-8.5, -1.4)},
)

CURVATURE = np.array([1.0, 40.0])  # eigenvalues of the Hessian: along the valley, across it
STEP = 0.045  # just below the limit 2/40 = 0.05 of plain descent
STEPS = 25


def path(start, beta, step, curvature, steps):
    theta, velocity = np.array(start, dtype=float), np.zeros(len(curvature))
    visited = [theta]
    for _ in range(steps):
        velocity = beta * velocity + curvature * theta
        theta = theta - step * velocity
        visited.append(theta)
    return np.array(visited)


def steps_to_cut(factor, beta, step, curvature):
    """Steps until the loss has fallen by `factor`."""
    theta, velocity = np.ones(2), np.zeros(2)
    first = curvature @ theta**2
    for count in range(1, 5000):
        velocity = beta * velocity + curvature * theta
        theta = theta - step * velocity
        if curvature @ theta**2 <= first / factor:
            return count
    return 5000


def compute(rng, beta, start):
    start = np.array(start) + 0.05 * rng.standard_normal(2)
    plain = path(start, 0.0, STEP, CURVATURE, STEPS)
    heavy = path(start, beta, STEP, CURVATURE, STEPS)
    left_plain, left_heavy = np.linalg.norm(plain[-1]), np.linalg.norm(heavy[-1])
    # Each method at its own best constants (Polyak 1964), condition number 100.
    low, high = np.sqrt(1.0), np.sqrt(100.0)
    best_beta, best_step = ((high - low) / (high + low)) ** 2, 4 / (high + low) ** 2
    hard = np.array([1.0, 100.0])
    return SimpleNamespace(
        plain=plain,
        heavy=heavy,
        beta=beta,
        step=STEP,
        steps=STEPS,
        left_plain=left_plain,
        left_heavy=left_heavy,
        closer=left_plain / left_heavy,
        ratio=CURVATURE[1] / CURVATURE[0],
        kappa=hard[1] / hard[0],
        plain_steps=steps_to_cut(1e6, 0.0, 2 / 101, hard),
        heavy_steps=steps_to_cut(1e6, best_beta, best_step, hard),
    )


def check(n):
    yield "at equal step size momentum ends 5 times closer", n.left_heavy <= n.left_plain / 5
    zigzag_plain, zigzag_heavy = np.abs(n.plain[6:, 1]).max(), np.abs(n.heavy[6:, 1]).max()
    yield "its zig-zag after step 6 is the smaller one", zigzag_heavy < zigzag_plain
    # Without momentum a quadratic shrinks by |1 - step * curvature| a step, exactly.
    shrink = np.abs(1 - n.step * CURVATURE) ** n.steps
    exact = np.abs(n.plain[0]) * shrink
    yield "plain descent follows its closed form", np.allclose(np.abs(n.plain[-1]), exact)
    yield "tuned, it takes a quarter of the steps or fewer", n.heavy_steps <= n.plain_steps / 4


def draw(fig, n):
    ax = fig.subplots()
    ax.set(xlim=(-10, 2), ylim=(-2.25, 2.25), xticks=[-8, -4, 0], yticks=[-2, 0, 2])
    x, y = np.meshgrid(np.linspace(-10, 2, 160), np.linspace(-2.25, 2.25, 160))
    height = 0.5 * (CURVATURE[0] * x**2 + CURVATURE[1] * y**2)
    ax.contour(x, y, height, levels=[1, 5, 15, 30, 50, 80], colors=RULE, linewidths=1.2)
    ax.plot(*n.plain.T, "-o", color=VERMILLION, markersize=5, linewidth=1.6)
    ax.plot(*n.heavy.T, "-s", color=BLUE, markersize=5.5, linewidth=3)
    ax.plot(0, 0, "*", color=INK, markersize=18)
    backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 2}
    side = np.sign(n.plain[0, 1])  # each label keeps clear of the first, widest zig-zag
    words = {"weight": "bold", "va": "center", "bbox": backing}
    ax.text(
        -9.8, 1.95 * side, f"plain descent: {n.left_plain:.1f} to go", color=VERMILLION_INK, **words
    )
    ax.text(-7.2, -1.95 * side, f"momentum: {n.left_heavy:.2f} to go", color=BLUE, **words)
    ax.set_xlabel(r"$\theta_1$, along the valley")
    ax.set_ylabel(r"$\theta_2$, across")


MUTANTS = {
    "velocity turns its sign each step": (
        "beta * velocity + curvature * theta\n        theta = theta - step * velocity\n        v",
        "-beta * velocity + curvature * theta\n        theta = theta - step * velocity\n        v",
    ),
    "momentum keeps no memory": ("heavy = path(start, beta,", "heavy = path(start, 0.0,"),
}
