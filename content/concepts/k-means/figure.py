"""k-means on a town's addresses: a bad start, one round later, and the end."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREEN,
    INK,
    PALE_BLUE,
    PALE_GREEN,
    PALE_PURPLE,
    PALE_VERMILLION,
    PURPLE,
    VERMILLION,
    WHITE,
)

HEIGHT = 2.75
COLOURS = 40
VARIANTS = (
    {"centres": ((2.4, 2.3), (7.2, 3.0), (4.6, 7.4)), "corner": (0.0, 0.0)},
    {"centres": ((2.2, 2.2), (7.6, 2.4), (2.6, 7.5), (7.4, 7.3)), "corner": (10.0, 0.0)},
)

EACH, WIDE = 45, 0.95  # addresses of a district, its spread in km
SIZE, CELLS, RESTARTS = 10.0, 140, 20
LOOKS = (
    (BLUE, PALE_BLUE, "o"),
    (VERMILLION, PALE_VERMILLION, "^"),
    (GREEN, PALE_GREEN, "s"),
    (PURPLE, PALE_PURPLE, "D"),
)


def squared_distances(x, centroids):
    return ((x[:, None] - centroids) ** 2).sum(axis=-1)


def nearest(x, centroids):
    """Number of the closest centroid for each point."""
    return squared_distances(x, centroids).argmin(axis=1)


def centre(points):
    """The place with the least sum of squared distances: the mean."""
    return points.mean(axis=0)


def lloyd(x, centroids):
    """Assign and average in turn; the centroids after each round and J after each half-step."""
    path, objective, owner = [centroids], [], None
    for _ in range(60):
        before, owner = owner, nearest(x, centroids)
        objective.append(((x - centroids[owner]) ** 2).sum())
        if before is not None and np.array_equal(before, owner):
            break
        centroids = np.array(
            [
                centre(x[owner == k]) if (owner == k).any() else old
                for k, old in enumerate(centroids)
            ]
        )
        objective.append(((x - centroids[owner]) ** 2).sum())
        path.append(centroids)
    return np.array(path), np.array(objective), owner


def compute(rng, centres, corner):
    k = len(centres)
    x = np.concatenate([np.array(c) + WIDE * rng.standard_normal((EACH, 2)) for c in centres])
    x = np.clip(x, 0.4, SIZE - 0.4)
    # All lockers start in one corner of the town.
    crowded = x[((x - corner) ** 2).sum(axis=1).argsort()[4 : 4 + 6 * k : 6]]
    path, objective, owner = lloyd(x, crowded)
    ends = [lloyd(x, x[rng.choice(len(x), k, replace=False)])[1][-1] for _ in range(RESTARTS)]
    line = np.linspace(0, SIZE, CELLS)
    plane = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    shown = (0, 1, len(path) - 1)
    return SimpleNamespace(
        x=x,
        line=line,
        path=path,
        objective=objective,
        owner=owner,
        shown=shown,
        owners=[nearest(x, path[m]) for m in shown],
        maps=[nearest(plane, path[m]).reshape(CELLS, CELLS) for m in shown],
        costs=[squared_distances(x, path[m]).min(axis=1).sum() for m in shown],
        k=k,
        points=len(x),
        rounds=len(path) - 1,
        start=objective[0],
        after_one=squared_distances(x, path[1]).min(axis=1).sum(),
        end=objective[-1],
        way_start=np.sqrt(objective[0] / len(x)),
        way_end=np.sqrt(objective[-1] / len(x)),
        restarts=RESTARTS,
        best=min(ends),
        worst=max(ends),
        times=objective[0] / objective[-1],
    )


def check(n):
    yield "no half-step raises J", np.diff(n.objective).max() <= 1e-9
    last = n.path[-1]
    means = [n.x[n.owner == k].mean(axis=0) for k in range(n.k)]
    yield "at the end each centroid is the mean of its points", np.allclose(last, means, atol=1e-10)
    distance = ((n.x[:, None] - last) ** 2).sum(axis=-1)
    own = distance[np.arange(n.points), n.owner]
    yield "and no point is nearer to another one", np.all(own <= distance.min(axis=1) + 1e-12)
    # Huygens: the total scatter is what lies within the clusters plus what lies between them.
    sizes = np.bincount(n.owner, minlength=n.k)
    between = sizes @ ((last - n.x.mean(axis=0)) ** 2).sum(axis=1)
    total = ((n.x - n.x.mean(axis=0)) ** 2).sum()
    yield "J is the total scatter less that of the means", np.isclose(n.end, total - between)
    yield "from the crowded start it at least halves", n.times > 2


def draw(fig, n):
    titles = ("start", "1 round", f"{n.rounds} rounds")
    pale = [look[1] for look in LOOKS[: n.k]]
    levels = np.arange(n.k + 1) - 0.5
    for ax, m, owner, plane, cost, title in zip(
        fig.subplots(1, 3), n.shown, n.owners, n.maps, n.costs, titles, strict=True
    ):
        ax.contourf(n.line, n.line, plane, levels=levels, colors=pale)
        for k, (colour, _pale, mark) in enumerate(LOOKS[: n.k]):
            ax.plot(*n.x[owner == k].T, mark, color=colour, markersize=4.6, mec=WHITE, mew=0.4)
            way = n.path[: m + 1, k]
            ax.plot(*way.T, color=INK, linewidth=2)
            ax.plot(*way[-1], "X", color=INK, markersize=13, mec=WHITE, mew=1.4, zorder=5)
        ax.set(xlim=(0, SIZE), ylim=(0, SIZE), xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_visible(False)
        ax.set_title(title, loc="center", weight="bold", size=16)
        ax.set_xlabel(f"$J$ = {cost:.0f} km²")


MUTANTS = {
    "the median for the mean": ("points.mean(axis=0)\n\n", "np.median(points, axis=0)\n\n"),
    "points go to the farthest centroid": (
        "squared_distances(x, centroids).argmin(axis=1)",
        "squared_distances(x, centroids).argmax(axis=1)",
    ),
}
