"""A depot seeks the centre of its customers, one address a step, at three step sizes."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION, WHITE

HEIGHT = 2.8
COLOURS = 48
VARIANTS = (
    {"rates": (0.3, 0.1, 0.03), "towns": 1, "bearing": 2.5},
    {"rates": (0.4, 0.12, 0.03), "towns": 3, "bearing": 0.6},
)

CUSTOMERS = 400
STEPS = 120  # of the paths drawn: less than a third of a reading of the data
EARLY = 25  # the step marked on each path
AWAY = 6.0  # km from the centre to the first guess
CREW, LONG = 4000, 300  # walkers and steps for the noise floor


def addresses(rng, towns):
    """Customers on a map, in km: a town or several, spread about 2 km."""
    home = 1.6 * np.array([[np.cos(a), np.sin(a)] for a in 2 * np.pi * np.arange(towns) / towns])
    home = home if towns > 1 else np.zeros((1, 2))
    spread = 2.0 if towns == 1 else 1.6
    return home[rng.integers(towns, size=CUSTOMERS)] + spread * rng.standard_normal((CUSTOMERS, 2))


def descend(rng, data, start, rate, steps):
    """All walkers take a step against the gradient theta - x of one example each."""
    theta = start
    visited = [theta]
    for _ in range(steps):
        x = data[rng.integers(len(data), size=len(theta))]
        theta = theta - rate * (theta - x)
        visited.append(theta)
    return np.array(visited)


def compute(rng, rates, towns, bearing):
    data = addresses(rng, towns)
    centre, variance = data.mean(0), data.var(0)
    start = centre + AWAY * np.array([[np.cos(bearing), np.sin(bearing)]])
    paths, floors, theory, crews = [], [], [], []
    for rate in rates:
        paths.append(descend(rng, data, start, rate, STEPS)[:, 0])
        crew = descend(rng, data, np.tile(centre, (CREW, 1)), rate, LONG)[-1]
        crews.append(crew)
        floors.append(crew.var(0))
        theory.append(rate / (2 - rate) * variance)
    floors, theory = np.array(floors), np.array(theory)
    return SimpleNamespace(
        data=data,
        centre=centre,
        start=start[0],
        paths=paths,
        rates=rates,
        floors=floors,
        theory=theory,
        crews=crews,
        slopes=start[0] - data,
        full_slope=start[0] - centre,
        spread=np.sqrt(variance.sum()),
        customers=CUSTOMERS,
        steps=STEPS,
        early=EARLY,
        away=AWAY,
        fast=rates[0],
        middle=rates[1],
        slow=rates[2],
        miss_fast=np.sqrt(floors[0].sum()),
        miss_slow=np.sqrt(floors[2].sum()),
        lag_slow=AWAY * (1 - rates[2]) ** EARLY,
        lag_fast=AWAY * (1 - rates[0]) ** EARLY,
        one_full_step=AWAY * (1 - rates[0]),
    )


def check(n):
    yield (
        "the slope of one example is the full slope on average",
        np.allclose(n.slopes.mean(0), n.full_slope),
    )
    # A variance of CREW values has the relative error sqrt(2 / CREW): 4.5 of them, and the
    # kurtosis of the customers can only lower it.
    off = np.abs(n.floors / n.theory - 1)
    yield (
        "the floor is rate / (2 - rate) of the data's variance",
        off.max() < 4.5 * (2 / CREW) ** 0.5,
    )
    yield "a smaller rate has a lower floor", (np.diff(n.floors.sum(1)) < 0).all()
    for path, rate, theory in zip(n.paths, n.rates, n.theory, strict=True):
        expected = n.centre + np.outer((1 - rate) ** np.arange(STEPS + 1), n.start - n.centre)
        off = np.sqrt(((path - expected)[STEPS // 2 :] ** 2).sum(1).mean())
        yield f"rate {rate}: the path drawn keeps to its floor", off < 3 * np.sqrt(theory.sum())


def draw(fig, n):
    panels = fig.subplots(1, 3)
    around = np.linspace(0, 2 * np.pi, 121)
    ring = np.array([np.cos(around), np.sin(around)])
    middle = n.centre + 0.36 * (n.start - n.centre)
    for ax, path, floor, theory in zip(panels, n.paths, n.floors, n.theory, strict=True):
        ax.scatter(*n.data.T, s=9, color=RULE, linewidths=0)
        ax.plot(*path.T, color=BLUE, linewidth=1.5)
        circle = n.centre[:, None] + 2 * np.sqrt(theory)[:, None] * ring
        ax.plot(*circle, color=WHITE, linewidth=5.5)
        ax.plot(*circle, color=VERMILLION)
        ax.plot(*n.start, "s", color=BLUE, markersize=9)
        ax.plot(*n.centre, "*", color=INK, markersize=11)
        ax.plot(*path[EARLY], "o", color=INK, markersize=10, markeredgecolor=WHITE)
        ax.set(xlim=middle[0] + np.array([-4, 4]), ylim=middle[1] + np.array([-4, 4]))
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.set_xlabel(f"floor {np.sqrt(floor.sum()):.2f} km", size=14.5)
        ax.spines[:].set(visible=True, color=GREY)
    for ax, rate in zip(panels, n.rates, strict=True):
        ax.set_title(f"η = {rate}", loc="center", weight="bold")


MUTANTS = {
    "uphill": ("theta - rate * (theta - x)", "theta + rate * (theta - x)"),
    "the floor forgets the 2 - rate": ("rate / (2 - rate) * variance", "rate / 2 * variance"),
}
