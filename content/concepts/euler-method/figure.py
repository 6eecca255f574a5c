"""Euler against Runge-Kutta on a rotating field: tangents spiral out, RK4 stays on the circle."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.7
VARIANTS = ({"steps": 24}, {"steps": 32})

HALVINGS = 2.0 ** -np.arange(3, 9)  # step sizes for the measured orders, end time 1


def turn(x):
    """Slope of a rotation by one radian a second, counter-clockwise."""
    return np.array([-x[1], x[0]])


def decay(x):
    return -x


def euler(slope, x, h):
    return x + h * slope(x)


def rk4(slope, x, h):
    a = slope(x)
    b = slope(x + h / 2 * a)
    c = slope(x + h / 2 * b)
    d = slope(x + h * c)
    return x + h / 6 * (a + 2 * b + 2 * c + d)


def follow(method, slope, start, time, steps):
    path = [np.asarray(start, dtype=float)]
    for _ in range(steps):
        path.append(method(slope, path[-1], time / steps))
    return np.array(path)


def order(method):
    """Slope of log error against log step on x' = -x at time 1."""
    errors = [abs(follow(method, decay, 1.0, 1, round(1 / h))[-1] - np.exp(-1)) for h in HALVINGS]
    return float(np.polyfit(np.log(HALVINGS), np.log(errors), 1)[0])


def compute(rng, steps):
    angle = rng.uniform(-0.1, 0.1)
    start = np.array([np.cos(angle), np.sin(angle)])
    once = {m.__name__: follow(m, turn, start, 2 * np.pi, steps) for m in (euler, rk4)}
    finer = follow(euler, turn, start, 2 * np.pi, 2 * steps)
    miss = {name: float(np.linalg.norm(path[-1] - start)) for name, path in once.items()}
    grid = np.stack(np.meshgrid(np.linspace(-2.1, 3.1, 9), np.linspace(-1.7, 1.35, 5)))
    grid = grid[:, np.hypot(*grid) > 1.2]
    return SimpleNamespace(
        start=start,
        euler=once["euler"],
        rk4=once["rk4"],
        grid=grid,
        arrows=turn(grid),
        steps=steps,
        twice=2 * steps,
        out_euler=miss["euler"],
        out_rk4=miss["rk4"],
        out_twice=float(np.linalg.norm(finer[-1] - start)),
        order_euler=order(euler),
        order_rk4=order(rk4),
    )


def check(n):
    yield "Euler is of order one", abs(n.order_euler - 1) < 0.1
    yield "RK4 is of order four", abs(n.order_rk4 - 4) < 0.2
    # On a rotation a tangent step stretches the radius by sqrt(1 + h^2), exactly.
    h = 2 * np.pi / n.steps
    radius = (1 + h**2) ** (np.arange(n.steps + 1) / 2)
    yield (
        "Euler's radius grows as its closed form",
        np.allclose(np.linalg.norm(n.euler, axis=1), radius),
    )
    yield (
        "RK4 stays within a thousandth of the circle",
        (np.abs(np.linalg.norm(n.rk4, axis=1) - 1).max() < 1e-3),
    )
    yield "and ends less than a thousandth off", n.out_rk4 < 1e-3
    yield "twice the steps, about half the miss", 0.35 < n.out_twice / n.out_euler < 0.5


def draw(fig, n):
    ax = fig.subplots()
    ax.quiver(*n.grid, *n.arrows, color=RULE, scale=36, width=0.005, pivot="mid")
    ax.plot(*n.rk4.T, color=BLUE, linewidth=3)
    ax.plot(*n.rk4.T, "s", color=BLUE, markersize=6.5)
    ax.plot(*n.euler.T, "-o", color=VERMILLION, linewidth=3, markersize=7)
    ax.plot(*np.transpose([n.start, n.euler[-1]]), ":", color=GREY, linewidth=2)
    ax.plot(*n.start, "*", color=INK, markersize=20)
    words = {"weight": "bold", "va": "center", "linespacing": 1.25}
    ax.text(0, 0, "RK4\n< 0.001 off", color=BLUE, ha="center", **words)
    x, y = n.euler[-1]
    backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 3}
    said = f"Euler\n{n.out_euler:.2f} off"
    ax.text(x + 0.2, y - 0.1, said, color=VERMILLION_INK, bbox=backing, **words)
    ax.set_aspect("equal")
    ax.set(xlim=(-2.5, 3.6), ylim=(-2.0, 1.62))
    ax.axis("off")


MUTANTS = {
    "plain mean of the four slopes": ("h / 6 * (a + 2 * b + 2 * c + d)", "h / 4 * (a + b + c + d)"),
    "half a step": ("return x + h * slope(x)", "return x + h / 2 * slope(x)"),
}
