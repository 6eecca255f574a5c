"""One deep tree, the mean of many, and how the variance of the mean falls to a floor."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION, VERMILLION_INK

HEIGHT = 3.7
VARIANTS = ({"noise": 1.0, "part": 0.2}, {"noise": 1.3, "part": 0.15})

READINGS, TREES, REPEATS = 60, 64, 500
COUNTS = (1, 2, 4, 8, 16, 32, 64)
HOURS = (np.arange(READINGS) + 0.5) * 24 / READINGS
PLACE = 15.1  # where the variance is measured: the top of the curve


def truth(hour):
    return 2.0 * np.sin((hour - 9) * np.pi / 12)


def deep_tree(x, y, picks, at):
    """A tree grown until each leaf holds one reading: it cuts halfway between neighbours."""
    kept = np.unique(picks)
    cuts = (x[kept][1:] + x[kept][:-1]) / 2
    return y[kept][np.searchsorted(cuts, at)]


def law(rho, spread, count):
    """Variance of the mean of `count` trees whose correlation is rho."""
    return rho * spread**2 + (1 - rho) / count * spread**2


def correlation(size):
    """Exact: two trees share the leaf's reading unless one of them did not draw it.

    A reading is drawn with probability p. Both trees take the k-th nearest with probability
    p (1 - p)^(k-1) each; the sum of the squares is p / (2 - p).
    """
    p = 1 - (1 - 1 / READINGS) ** size
    return p / (2 - p)


def at_one_place(rng, y, size):
    """Predictions at PLACE of all trees in all repeats: there a deep tree is its nearest draw."""
    near = np.abs(HOURS - PLACE).argsort()
    rank = near.argsort().astype(np.uint8)
    picks = rng.integers(0, READINGS, (REPEATS, TREES, size), dtype=np.uint8)
    return np.take_along_axis(y[:, near], rank[picks].min(axis=2), axis=1)


def compute(rng, noise, part):
    y = truth(HOURS) + noise * rng.standard_normal((REPEATS, READINGS))
    small = round(part * READINGS)
    grid = np.linspace(0, 24, 481)
    picks = rng.integers(0, READINGS, (TREES, READINGS))
    trees = np.array([deep_tree(HOURS, y[0], chosen, grid) for chosen in picks])
    series = []
    for size in (READINGS, small):
        guesses = at_one_place(rng, y, size)
        seen = [
            guesses.reshape(REPEATS, -1, count).mean(axis=2).var(axis=0).mean() for count in COUNTS
        ]
        series.append(SimpleNamespace(size=size, rho=correlation(size), seen=np.array(seen)))
    smooth = np.geomspace(1, TREES, 60)
    for s in series:
        s.curve = law(s.rho, noise, smooth)
        s.expected = law(s.rho, noise, np.array(COUNTS))
        s.floor = s.rho * noise**2
    off = np.sqrt(((trees - truth(grid)) ** 2).mean(axis=1))
    return SimpleNamespace(
        grid=grid,
        y=y[0],
        truth=truth(grid),
        tree=trees[0],
        forest=trees.mean(axis=0),
        smooth=smooth,
        series=series,
        readings=READINGS,
        trees=TREES,
        repeats=REPEATS,
        blur=np.sqrt(2 / REPEATS),
        noise=noise,
        small=small,
        off_tree=off[0],
        off_trees=off,
        off_forest=np.sqrt(((trees.mean(axis=0) - truth(grid)) ** 2).mean()),
        rho=series[0].rho,
        rho_small=series[1].rho,
        one=series[0].seen[0],
        many=series[0].seen[-1],
        many_small=series[1].seen[-1],
        floor=series[0].floor,
        floor_small=series[1].floor,
    )


def check(n):
    # 500 repeats: a variance has the relative standard error sqrt(2/500) = 0.063.
    for s in n.series:
        gap = np.abs(s.seen / s.expected - 1).max()
        yield f"trees on {s.size} draws: variance as in the formula, to 4 errors", gap < 0.25
        yield "the formula never goes below its floor", np.all(s.expected > s.floor)
    yield "less alike trees end lower", n.many_small < 0.6 * n.many
    yield (
        "the mean is nearer to the truth than 9 of 10 trees",
        n.off_forest < np.quantile(n.off_trees, 0.1),
    )
    # At a reading that was drawn, a deep tree repeats its target.
    own = deep_tree(HOURS, n.y, np.arange(n.readings), HOURS)
    yield "a deep tree learns its data by heart", np.array_equal(own, n.y)


def draw(fig, n):
    grid = fig.add_gridspec(2, 2, width_ratios=[1, 1.15])
    reach = 1.08 * np.abs(n.y).max()
    for row, (line, colour, ink, name) in enumerate(
        (
            (n.tree, VERMILLION, VERMILLION_INK, "one deep tree"),
            (n.forest, BLUE, BLUE, f"mean of {n.trees}"),
        )
    ):
        ax = fig.add_subplot(grid[row, 0])
        ax.plot(HOURS, n.y, "o", color=RULE, markersize=5)
        ax.plot(n.grid, n.truth, color=INK, linewidth=2, linestyle=(0, (3, 1.5)))
        ax.plot(n.grid, line, color=colour, linewidth=2.6)
        ax.set(xlim=(0, 24), ylim=(-reach, reach), yticks=[-4, 0, 4], xticks=[0, 12, 24])
        ax.set_title(name, color=ink, weight="bold")
        if row == 0:
            ax.tick_params(labelbottom=False)
        else:
            ax.set_xlabel("hour")
    ax = fig.add_subplot(grid[:, 1])
    top = n.noise**2
    for s, marker, dash in zip(n.series, "os", ("-", (0, (3, 1.2))), strict=True):
        ax.axhline(s.floor, color=GREY, linewidth=1.2)
        ax.plot(n.smooth, s.curve, color=BLUE, linestyle=dash)
        ax.plot(COUNTS, s.seen, marker, color=BLUE, markersize=8)
        ax.text(
            TREES, s.floor - 0.03 * top, f"ρ = {s.rho:.2f}", ha="right", va="top", weight="bold"
        )
    ax.set_xscale("log")
    ax.set_xticks([1, 4, 16, 64], ["1", "4", "16", "64"])
    ax.minorticks_off()
    ax.set(xlim=(0.88, 74), ylim=(-0.09 * top, 1.25 * top), xlabel="trees $B$")
    ax.set_yticks([0, top / 2, top], ["0", "σ²/2", "σ²"])
    ax.set_title("variance of the mean")


MUTANTS = {
    "trees taken for independent": (
        "return rho * spread**2 + (1 - rho) / count * spread**2",
        "return spread**2 / count",
    ),
    "rho and 1 - rho swapped": (
        "return rho * spread**2 + (1 - rho) / count * spread**2",
        "return (1 - rho) * spread**2 + rho / count * spread**2",
    ),
    "drawn without putting back: all trees are one": (
        "rank[picks].min(axis=2)",
        "rank[picks].min(axis=2) * 0",
    ),
}
