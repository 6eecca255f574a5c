"""Gradient descent from a ring of starts on a landscape with two valleys."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION

HEIGHT = 3.6
VARIANTS = (
    {"step": 0.06, "tilt": 0.15, "turn": 0.2},
    {"step": 0.07, "tilt": -0.2, "turn": 0.55},
)

WALKERS, STEPS = 8, 60
BOWL = np.array([1.0, 10.0])  # curvatures of the example: along, across
BOWL_STEP, BOWL_STEPS = 0.05, 15
WILD_STEP = 0.21  # just beyond the limit 2/10


def loss(theta, tilt):
    x, y = theta
    return 0.5 * (x**2 - 1) ** 2 + tilt * x + 1.2 * (y - 0.5 * np.sin(2 * x)) ** 2


def gradient(theta, tilt):
    x, y = theta
    off = 2.4 * (y - 0.5 * np.sin(2 * x))
    return np.array([2 * x * (x**2 - 1) + tilt - off * np.cos(2 * x), off])


def descend(slope, start, step, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - step * slope(path[-1]))
    return np.array(path)


def compute(rng, step, tilt, turn):
    angle = turn + 2 * np.pi * np.arange(WALKERS) / WALKERS
    start = np.array([1.8 * np.cos(angle), 1.45 * np.sin(angle)])
    start += 0.03 * rng.standard_normal(start.shape)
    paths = descend(lambda theta: gradient(theta, tilt), start, step, STEPS)
    x, y = np.meshgrid(np.linspace(-2.1, 2.1, 141), np.linspace(-1.75, 1.75, 121))
    bowl = descend(lambda error: BOWL * error, np.ones(2), BOWL_STEP, BOWL_STEPS)
    wild = descend(lambda error: BOWL * error, np.ones(2), WILD_STEP, BOWL_STEPS)
    left = int((paths[-1, 0] < 0).sum())
    return SimpleNamespace(
        paths=paths,
        losses=loss(paths.swapaxes(0, 1), tilt),
        last_slope=np.linalg.norm(gradient(paths[-1], tilt), axis=0),
        x=x,
        y=y,
        height=loss((x, y), tilt),
        downhill=-gradient((x, y), tilt),
        bowl=bowl,
        walkers=WALKERS,
        steps=STEPS,
        left=left,
        right=WALKERS - left,
        ratio=BOWL[1] / BOWL[0],
        bowl_step=BOWL_STEP,
        bowl_steps=BOWL_STEPS,
        along=bowl[-1, 0],
        across=bowl[-1, 1],
        wild_step=WILD_STEP,
        limit=2 / BOWL[1],
        wild=abs(wild[-1, 1]),
    )


def check(n):
    falls = np.diff(n.losses, axis=0)
    yield "no step raises the loss", (falls <= 1e-12).all()
    yield "every path ends where the ground is level", n.last_slope.max() < 0.02
    yield "both valleys are reached", min(n.left, n.right) >= 2
    grid_y, grid_x = np.gradient(n.height, n.y[:, 0], n.x[0])
    numeric = -np.array([grid_x, grid_y])[:, 1:-1, 1:-1]
    yield (
        "the arrows are the slope of the drawn landscape",
        np.allclose(numeric, n.downhill[:, 1:-1, 1:-1], atol=0.02),
    )
    shrink = np.abs(1 - BOWL_STEP * BOWL) ** np.arange(BOWL_STEPS + 1)[:, None]
    yield (
        "on a bowl each step shrinks the error by 1 - step * curvature",
        np.allclose(n.bowl, shrink, atol=1e-10),
    )


def draw(fig, n):
    ax = fig.subplots()
    low = n.height.min()
    levels = low + np.array([0.12, 0.45, 1, 1.8, 3, 4.5, 6.5])
    ax.contour(n.x, n.y, n.height, levels=levels, colors=RULE, linewidths=1.2, linestyles="solid")
    pick = (slice(10, None, 20), slice(10, None, 20))
    arrows = n.downhill[:, *pick]
    length = np.hypot(*arrows)
    arrows = arrows / length * np.minimum(1, length) ** 0.5
    ax.quiver(
        n.x[pick], n.y[pick], *arrows, color=GREY, scale=20, width=0.006, pivot="mid", zorder=1
    )
    for walker in range(n.walkers):
        x, y = n.paths[:, :, walker].T
        look = (BLUE, "-o") if x[-1] < 0 else (VERMILLION, "-s")
        ax.plot(x, y, look[1], color=look[0], linewidth=2, markersize=5.5)
    for side in (-1, 1):
        ends = n.paths[-1][:, np.sign(n.paths[-1, 0]) == side].mean(axis=1)
        ax.plot(*ends, "*", color=INK, markersize=19)
    ax.set(xlim=(-2.1, 2.1), ylim=(-1.75, 1.75), xticks=[-2, 0, 2], yticks=[-1, 0, 1])
    ax.set_xlabel(r"$\theta_1$")
    ax.set_ylabel(r"$\theta_2$")
    for side in ("left", "bottom"):
        ax.spines[side].set_color(GREY)


MUTANTS = {
    "plus: up the hill": ("path[-1] - step", "path[-1] + step"),
    "a lost inner derivative": (
        "(x**2 - 1) + tilt - off * np.cos(2 * x)",
        "(x**2 - 1) + tilt - off * np.sin(2 * x)",
    ),
}
