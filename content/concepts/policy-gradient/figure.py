"""Throwing at a hidden hill of reward: each throw pulls the aim by what it paid, REINFORCE."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, SEQUENTIAL, VERMILLION, WHITE

HEIGHT = 3.15
COLOURS = 96
VARIANTS = (
    {"hills": ((1.2, 0.9, 1.0, 1.0), (-1.5, 0.7, 0.8, 0.45)), "start": (-0.55, -1.05)},
    {"hills": ((-1.2, -0.8, 1.0, 1.0), (1.5, -0.9, 0.7, 0.45)), "start": (0.45, 1.15)},
)

SIGMA = 0.5  # spread of the throws, fixed
BATCH, UPDATES, RATE = 24, 200, 0.1
RUNS = 8
PROBE = 60_000  # throws from the start, to compare with the exact gradient
SHOWN = BATCH


def reward(a, hills):
    """What a throw pays: a sum of round hills (east, north, width, height)."""
    total = np.zeros(a.shape[:-1])
    for east, north, width, height in hills:
        off = (a - (east, north)) ** 2
        total = total + height * np.exp(-off.sum(axis=-1) / (2 * width**2))
    return total


def score(a, aim):
    """Gradient of log pi(a) with respect to the aim, for a normal policy."""
    return (a - aim) / SIGMA**2


def expected(aim, hills):
    """J and its gradient in closed form: a Gaussian hill seen through Gaussian throws."""
    value, slope = 0.0, np.zeros(np.shape(aim))
    for east, north, width, height in hills:
        spread = width**2 + SIGMA**2
        off = aim - np.array((east, north))
        here = height * width**2 / spread * np.exp(-(off**2).sum(axis=-1) / (2 * spread))
        value = value + here
        slope = slope - here[..., None] * off / spread
    return value, slope


def compute(rng, hills, start):
    start = np.array(start)
    probe = start + SIGMA * rng.standard_normal((PROBE, 2))
    pulls = score(probe, start) * reward(probe, hills)[:, None]
    value, exact = expected(start, hills)
    aims = np.tile(start, (RUNS, 1))
    path = [aims]
    for _ in range(UPDATES):
        throws = aims[:, None] + SIGMA * rng.standard_normal((RUNS, BATCH, 2))
        paid = reward(throws, hills)
        aims = aims + RATE * (score(throws, aims[:, None]) * paid[..., None]).mean(axis=1)
        path.append(aims)
    path = np.array(path)
    earned, _ = expected(path, hills)
    last = path[-1]
    # The best aim, from the exact slope.
    best = np.array(hills[0][:2])
    for _ in range(400):
        best = best + 0.5 * expected(best, hills)[1]
    x = np.linspace(-2.6, 2.6, 131)
    y = np.linspace(-2.35, 2.35, 119)
    return SimpleNamespace(
        hills=hills,
        start=start,
        throws=probe[:SHOWN],
        paid=reward(probe[:SHOWN], hills),
        estimate=pulls.mean(axis=0),
        error=pulls.std(axis=0) / np.sqrt(PROBE),
        exact=exact,
        path=path,
        earned=earned,
        best=best,
        x=x,
        y=y,
        land=reward(np.stack(np.meshgrid(x, y), axis=-1), hills),
        sigma=SIGMA,
        batch=BATCH,
        updates=UPDATES,
        runs=RUNS,
        shown=SHOWN,
        probe=PROBE,
        before=value,
        after=earned[-1].mean(),
        most=expected(best, hills)[0],
        miss=np.linalg.norm(last - best, axis=1).mean(),
        off=np.linalg.norm(pulls.mean(axis=0) - exact) / np.linalg.norm(exact),
        lone=pulls.std(axis=0).mean(),
        true=np.linalg.norm(exact),
    )


def check(n):
    # The closed form integrates the reward over all throws; no sampling in it.
    off = np.abs(n.estimate - n.exact) / n.error
    yield "throws give the exact gradient, 4.5 standard errors", off.max() < 4.5
    nearby = 1e-5 * np.eye(2)
    slopes = [
        (expected(n.start + step, n.hills)[0] - expected(n.start - step, n.hills)[0]) / 2e-5
        for step in nearby
    ]
    yield "which is the slope of the expected reward", np.allclose(slopes, n.exact, atol=1e-8)
    # The log-density of N(aim, sigma^2), differentiated by hand, against a difference quotient.
    logs = [
        -((n.throws - n.start - sign * 1e-5 * np.eye(2)[0]) ** 2).sum(axis=1) / (2 * n.sigma**2)
        for sign in (1, -1)
    ]
    yield (
        "the score is the slope of log pi",
        np.allclose((logs[0] - logs[1]) / 2e-5, score(n.throws, n.start)[:, 0], atol=1e-6),
    )
    yield "every run ends within 8% of the best it could earn", n.earned[-1].min() > 0.92 * n.most
    yield "and near the best aim", n.miss < 0.35
    yield "on average the earnings rise", np.all(np.diff(n.earned.mean(axis=1)[::20]) > -0.02)


def draw(fig, n):
    fig.set_layout_engine("none")
    side = 0.48
    tall = 6.0 / HEIGHT
    height = side * tall * (n.y[-1] - n.y[0]) / (n.x[-1] - n.x[0])
    for column in (0, 1):
        ax = fig.add_axes((0.013 + 0.494 * column, 0.025, side, height))
        ax.imshow(
            n.land,
            cmap=SEQUENTIAL,
            origin="lower",
            extent=(n.x[0], n.x[-1], n.y[0], n.y[-1]),
            vmin=0,
            vmax=n.land.max(),
            aspect="auto",
        )
        ax.set(xlim=(n.x[0], n.x[-1]), ylim=(n.y[0], n.y[-1]), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        if column == 0:
            for throw, paid in zip(n.throws, n.paid, strict=True):
                size = 3 + 17 * np.sqrt(paid / n.paid.max())
                ax.plot(*throw, "o", color=WHITE, mec=INK, mew=0.8, markersize=size)
            tip = 1.45 * n.exact / np.linalg.norm(n.exact)
            ax.quiver(
                *n.start,
                *tip,
                color=VERMILLION,
                angles="xy",
                scale_units="xy",
                scale=1,
                width=0.028,
                headwidth=3.4,
                headlength=3.2,
                headaxislength=3,
                zorder=5,
            )
            ax.set_title("one batch of throws", loc="center", weight="bold", pad=7)
        else:
            for run in range(n.runs):
                ax.plot(*n.path[:, run].T, color=WHITE, linewidth=1.8)
                ax.plot(*n.path[-1, run], "o", color=BLUE, mec=WHITE, mew=1.6, markersize=10)
            ax.set_title(f"{n.updates} updates", loc="center", weight="bold", pad=7)
        ax.plot(*n.start, "o", color=INK, mec=WHITE, mew=1.6, markersize=11, zorder=6)


MUTANTS = {
    "the score is not divided by the variance": (
        "return (a - aim) / SIGMA**2",
        "return (a - aim) / SIGMA",
    ),
    "the sign of the score": ("return (a - aim) / SIGMA**2", "return (aim - a) / SIGMA**2"),
    "pi instead of log pi": (
        "return (a - aim) / SIGMA**2",
        "return (a - aim) / SIGMA**2 * np.exp(-((a - aim) ** 2).sum(-1)[..., None])",
    ),
}
