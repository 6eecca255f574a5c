"""Powers of a transition matrix: the rows become equal, the start is forgotten."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, MIST, VERMILLION, WHITE

HEIGHT = 3.2
VARIANTS = (
    {"matrix": ((0.7, 0.2, 0.1), (0.3, 0.4, 0.3), (0.1, 0.4, 0.5)), "days": (1, 3, 8)},
    {"matrix": ((0.6, 0.3, 0.1), (0.25, 0.5, 0.25), (0.05, 0.25, 0.7)), "days": (1, 3, 10)},
)

TOWNS = 8000


def stationary(matrix):
    """The shares that one step leaves alone: the left eigenvector of eigenvalue 1."""
    values, vectors = np.linalg.eig(matrix.T)
    shares = np.real(vectors[:, np.argmax(np.real(values))])
    return shares / shares.sum()


def forecast(matrix, days):
    """Row i: the chances after so many days when today is state i."""
    rows = np.eye(len(matrix))
    for _ in range(days):
        rows = rows @ matrix
    return rows


def walk(rng, matrix, start, days):
    state = np.full(TOWNS, start)
    bounds = matrix.cumsum(axis=1)
    for _ in range(days):
        state = (rng.random(TOWNS)[:, None] > bounds[state, :-1]).sum(axis=1)
    return state


def spread(rows):
    """Largest difference within a column, in percentage points."""
    return 100 * (rows.max(axis=0) - rows.min(axis=0)).max()


def compute(rng, matrix, days):
    matrix = np.array(matrix)
    shares = stationary(matrix)
    panels = [forecast(matrix, day) for day in days]
    ends = np.bincount(walk(rng, matrix, 0, days[-1]), minlength=3) / TOWNS
    late = [np.abs(forecast(matrix, day) - shares).sum() for day in (20, 21)]
    return SimpleNamespace(
        matrix=matrix,
        shares=shares,
        days=days,
        panels=panels,
        ends=ends,
        rate=late[1] / late[0],
        second=np.sort(np.abs(np.linalg.eigvals(matrix)))[-2],
        last=days[-1],
        spread_first=spread(panels[0]),
        spread_last=spread(panels[-1]),
        sun_sun=matrix[0, 0],
        rain_sun=matrix[2, 0],
        forecast=panels[-1][0, 0],
        forecast_rain=panels[-1][2, 0],
        towns=TOWNS,
        simulated=ends[0],
        pi_sun=shares[0],
        pi_cloud=shares[1],
        pi_rain=shares[2],
    )


def check(n):
    yield "a step leaves the shares alone", np.allclose(n.shares @ n.matrix, n.shares, atol=1e-12)
    yield "each forecast sums to one", all(np.allclose(p.sum(axis=1), 1) for p in n.panels)
    spreads = [spread(panel) for panel in n.panels]
    yield (
        "the rows draw together, to a point in the end",
        (all(later < sooner for sooner, later in pairwise(spreads)) and spreads[-1] < 1),
    )
    yield "they meet at the shares", np.abs(n.panels[-1] - n.shares).max() < 0.01
    yield "differences shrink by the second eigenvalue", abs(n.rate / n.second - 1) < 0.01
    error = np.sqrt(n.shares * (1 - n.shares) / n.towns)
    yield (
        "simulated towns agree within 4.5 standard errors",
        (np.abs(n.ends - n.panels[-1][0]) < 4.5 * error).all(),
    )


def draw(fig, n):
    fills = (VERMILLION, MIST, BLUE)
    inks = (WHITE, INK, WHITE)
    places = fig.add_gridspec(2, 3, height_ratios=(7, 1))
    axes = [fig.add_subplot(places[0, column]) for column in range(3)]
    for ax, day, panel in zip(axes, n.days, n.panels, strict=True):
        for row, shares in enumerate(panel):
            left = 0.0
            for share, fill, ink in zip(shares, fills, inks, strict=True):
                ax.barh(-row, share, left=left, height=0.78, color=fill)
                if share > 0.19:  # room for two figures
                    at = (left + share / 2, -row)
                    words = {"weight": "bold", "ha": "center", "va": "center"}
                    ax.text(*at, f"{100 * share:.0f}", color=ink, **words)
                left += share
        ax.set_title("1 day" if day == 1 else f"{day} days", weight="bold", loc="center", size=16)
        ax.set(xlim=(0, 1), ylim=(-2.5, 0.5), xticks=[], yticks=[])
        ax.spines[["left", "bottom"]].set_visible(False)
    axes[0].tick_params(length=0)
    axes[0].set_yticks([0, -1, -2])
    axes[0].set_yticklabels(["sun", "cloud", "rain"])
    axes[0].set_ylabel("today")
    key = fig.add_subplot(places[1, :])
    key.set(xlim=(0, 1), ylim=(0, 1))
    key.axis("off")
    key.text(0, 0.45, "chance of", va="center")
    for left, name, fill in zip((0.27, 0.5, 0.76), ("sun", "cloud", "rain"), fills, strict=True):
        key.plot(left, 0.5, "s", color=fill, markersize=14)
        key.text(left + 0.035, 0.45, name, va="center")


MUTANTS = {
    "columns taken for rows": ("rows = rows @ matrix", "rows = rows @ matrix.T"),
    "the right eigenvector for the left one": ("np.linalg.eig(matrix.T)", "np.linalg.eig(matrix)"),
}
