"""One set of points, three bump widths: spikes, the shape, a blur."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import RULE, SEQUENTIAL

HEIGHT = 2.55
COLOURS = 64
VARIANTS = (
    {"shape": "target", "widths": (0.07, 0.24, 0.9)},
    {"shape": "two rings", "widths": (0.06, 0.22, 0.8)},
)

POINTS = 300
REACH = 6.0
CELLS = 161
DRAWN = 2.9  # half the width of a panel
NOISE = 0.17
EXAMPLE_H = 0.5


def ring(x, y, centre, radius):
    """Density of a ring: uniform angle, normal distance from its centre."""
    away = np.hypot(x - centre, y)
    bell = np.exp(-0.5 * ((away - radius) / NOISE) ** 2) / (NOISE * np.sqrt(2 * np.pi))
    return bell / (2 * np.pi * np.maximum(away, 1e-3))


def ring_points(rng, count, centre, radius):
    angle = rng.uniform(0, 2 * np.pi, count)
    away = radius + NOISE * rng.standard_normal(count)
    return np.c_[centre + away * np.cos(angle), away * np.sin(angle)]


def sample(rng, shape):
    """Points, and the true density as a function."""
    if shape == "target":  # a ring with a blob in the middle
        inner = int(POINTS * 0.25)
        points = np.concatenate(
            [ring_points(rng, POINTS - inner, 0, 1.9), 0.3 * rng.standard_normal((inner, 2))]
        )

        def truth(x, y):
            blob = np.exp(-0.5 * (x**2 + y**2) / 0.09) / (2 * np.pi * 0.09)
            return 0.75 * ring(x, y, 0, 1.9) + 0.25 * blob

        return points, truth
    half = POINTS // 2
    points = np.concatenate(
        [ring_points(rng, half, -1.1, 1.3), ring_points(rng, POINTS - half, 1.1, 1.3)]
    )
    return points, lambda x, y: 0.5 * ring(x, y, -1.1, 1.3) + 0.5 * ring(x, y, 1.1, 1.3)


def kernel(u):
    """The standard normal bump in one dimension."""
    return np.exp(-0.5 * u**2) / np.sqrt(2 * np.pi)


def estimate(grid, points, h):
    """Density on a square grid (rows are y); the bump in two dimensions is a product."""
    across = kernel((grid[:, None] - points[:, 0]) / h)
    up = kernel((grid[:, None] - points[:, 1]) / h)
    return up @ across.T / (len(points) * h**2)


def compute(rng, shape, widths):
    points, truth = sample(rng, shape)
    grid = np.linspace(-REACH, REACH, CELLS)
    cell = (grid[1] - grid[0]) ** 2
    real = truth(grid[None], grid[:, None])
    maps = [estimate(grid, points, h) for h in widths]
    miss = [np.sum((m - real) ** 2) * cell for m in maps]
    across = [m.sum(axis=0) / m.sum() for m in maps]
    means = [a @ grid for a in across]
    bumps = kernel(np.array([0.0, 0.5, 2.0]) / EXAMPLE_H) / EXAMPLE_H
    return SimpleNamespace(
        grid=grid,
        maps=maps,
        widths=np.array(widths),
        points=POINTS,
        mass=np.array([m.sum() * cell for m in maps]),
        variance=np.array([a @ (grid - b) ** 2 for a, b in zip(across, means, strict=True)]),
        sample_variance=points[:, 0].var(),
        miss=np.array(miss),
        narrow=widths[0],
        middle=widths[1],
        wide=widths[2],
        worse_narrow=miss[0] / miss[1],
        worse_wide=miss[2] / miss[1],
        example_h=EXAMPLE_H,
        at_point=bumps[0],
        half_off=bumps[1],
        far_off=bumps[2],
        together=bumps.mean(),
    )


def check(n):
    yield "each estimate integrates to 1", np.abs(n.mass - 1).max() < 5e-3
    # Adding an independent bump adds its variance: that of the sample plus h squared.
    wanted = n.sample_variance + n.widths**2
    yield "its variance is the sample's plus h squared", np.allclose(n.variance, wanted, rtol=0.01)
    yield "the middle width misses the truth least", n.miss.argmin() == 1
    yield "too narrow is twice as far off or more", n.worse_narrow > 2
    yield "so is too wide", n.worse_wide > 1.5


def draw(fig, n):
    axes = fig.subplots(1, 3)
    inside = np.abs(n.grid) <= DRAWN
    for ax, values, h, name in zip(
        axes, n.maps, n.widths, ("spiky", "about right", "blind"), strict=True
    ):
        shown = values[np.ix_(inside, inside)]
        top = np.quantile(shown, 0.997)
        ax.imshow(
            shown,
            cmap=SEQUENTIAL,
            vmin=0,
            vmax=top,
            origin="lower",
            interpolation="bilinear",
        )
        ax.set_title(name, weight="bold", loc="center", size=17)
        ax.set_xlabel(f"$h$ = {h:g}")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=RULE)


MUTANTS = {
    "the width is forgotten in front of the sum": (
        "/ (len(points) * h**2)",
        "/ len(points)",
    ),
    "distances are multiplied by the width": (
        "across = kernel((grid[:, None] - points[:, 0]) / h)",
        "across = kernel((grid[:, None] - points[:, 0]) * h)",
    ),
}
