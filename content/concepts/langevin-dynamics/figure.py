"""Langevin chains in a landscape of two wells: their visits fill exp(-U)."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, RULE, VERMILLION

HEIGHT = 3.6
COLOURS = 40
VARIANTS = ({"tilt": 0.25, "epsilon": 0.01}, {"tilt": -0.35, "epsilon": 0.01})

CHAINS, STEPS, BURN = 4000, 1000, 500
BARRIER = 2.0
X = np.linspace(-2.1, 2.1, 43)  # edges of the bins
Y = np.linspace(-2.4, 2.4, 33)


def energy(x, y, tilt):
    return BARRIER * (x**2 - 1) ** 2 + tilt * x + 1.2 * (y - 0.5 * x) ** 2


def gradient(x, y, tilt):
    off = 2.4 * (y - 0.5 * x)
    return 4 * BARRIER * x * (x**2 - 1) + tilt - 0.5 * off, off


def run(rng, start, tilt, epsilon, steps):
    """Every state of the chains, one step after the other."""
    x, y = start
    kick = np.sqrt(2 * epsilon)
    for _ in range(steps):
        slope_x, slope_y = gradient(x, y, tilt)
        x = x - epsilon * slope_x + kick * rng.standard_normal(x.shape)
        y = y - epsilon * slope_y + kick * rng.standard_normal(y.shape)
        yield x, y


def target(tilt):
    """Exact share of each bin, by a fine midpoint rule."""
    fine = 8

    def middles(edges):
        width = (edges[1] - edges[0]) / fine
        return edges[0] + width * (np.arange(fine * (len(edges) - 1)) + 0.5)

    weight = np.exp(-energy(middles(X)[:, None], middles(Y)[None, :], tilt))
    bins = weight.reshape(len(X) - 1, fine, len(Y) - 1, fine).sum(axis=(1, 3))
    return bins / bins.sum()


def compute(rng, tilt, epsilon):
    side = np.repeat([-1.0, 1.0], CHAINS // 2)
    visits = np.zeros((len(X) - 1, len(Y) - 1))
    path = []
    for at, (x, y) in enumerate(run(rng, (side, 0.5 * side), tilt, epsilon, STEPS)):
        path.append((x[0], y[0]))
        if at >= BURN and at % 10 == 0:
            visits += np.histogram2d(x, y, (X, Y))[0]
    visits /= visits.sum()
    exact = target(tilt)
    return SimpleNamespace(
        visits=visits,
        exact=exact,
        path=np.array(path)[::3],
        landscape=energy(*np.meshgrid(X, Y), tilt),
        chains=CHAINS,
        steps=STEPS,
        epsilon=epsilon,
        barrier=BARRIER,
        distance=0.5 * np.abs(visits - exact).sum(),
        left=visits[X[:-1] < -1e-9].sum(),
        left_exact=exact[X[:-1] < -1e-9].sum(),
    )


def check(n):
    yield "visits match exp(-U) within 0.08 in total variation", n.distance < 0.08
    yield "each well gets its share, within 3 points", abs(n.left - n.left_exact) < 0.03


def draw(fig, n):
    left, right = fig.subplots(1, 2, sharey=True)
    low = n.landscape.min()
    for ax in (left, right):
        ax.contour(
            X, Y, n.landscape, levels=low + np.array([1, 2.2, 4]), colors=RULE, linewidths=1.2
        )
        ax.set(xlim=(-1.9, 1.9), ylim=(-2.3, 2.3), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        ax.set_xlabel("$x_1$")
    left.plot(*n.path.T, color=BLUE, linewidth=1.5)
    left.plot(*n.path[0], "o", color=VERMILLION, markersize=9)
    left.plot(*n.path[-1], "s", color=VERMILLION, markersize=9)
    left.set_ylabel("$x_2$")
    left.set_title("one chain", weight="bold")
    ink = np.array([int(BLUE[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    shade = np.minimum(n.visits.T / n.exact.max(), 1)[..., None]
    place = (X[0], X[-1], Y[0], Y[-1])
    right.imshow(
        1 - shade * (1 - ink), extent=place, origin="lower", aspect="auto", interpolation="bilinear"
    )
    right.set_title(f"{n.chains:,} chains".replace(",", " "), weight="bold")
    for at, share, height in ((-1, n.left, 1.75), (1, 1 - n.left, -1.75)):
        right.text(at, height, f"{share:.0%}", weight="bold", size=17, ha="center", va="center")


MUTANTS = {
    "the factor 2 under the root is lost": ("np.sqrt(2 * epsilon)", "np.sqrt(epsilon)"),
    "noise as large as the step": ("np.sqrt(2 * epsilon)", "2 * epsilon"),
}
