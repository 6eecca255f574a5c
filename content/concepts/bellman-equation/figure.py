"""Worth spreading back from a goal through a grid of rooms, sweep by sweep, with slippery steps."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import INK, SEQUENTIAL, VERMILLION, WHITE

HEIGHT = 3.4
COLOURS = 96
VARIANTS = (
    {
        "plan": (
            ".........",
            ".#.###.#.",
            ".#...#..G",
            ".#.#.##.P",
            "...#.....",
            "##.#.###.",
            "S........",
        ),
        "looks": (4, 10),
    },
    {
        "plan": (
            ".........",
            ".###.###.",
            ".#.....#.",
            "...#G#...",
            ".#.#P#.#.",
            ".#.....#.",
            "S........",
        ),
        "looks": (4, 9),
    },
)

GAMMA = 0.95
SLIP = 0.1  # chance to slide off to either side
MOVES = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # up, right, down, left
SWEEPS = 400


def model(plan):
    """Cells, P[s, a, s'] and expected r[s, a]; goal and pits end the walk."""
    cells = [(y, x) for y, row in enumerate(plan) for x, kind in enumerate(row) if kind != "#"]
    number = {cell: s for s, cell in enumerate(cells)}
    kinds = [plan[y][x] for y, x in cells]
    P = np.zeros((len(cells), 4, len(cells)))
    r = np.zeros((len(cells), 4))
    for s, (y, x) in enumerate(cells):
        if kinds[s] in "GP":
            continue  # nothing follows
        for a in range(4):
            for turn, chance in ((0, 1 - 2 * SLIP), (1, SLIP), (-1, SLIP)):
                dy, dx = MOVES[(a + turn) % 4]
                to = number.get((y + dy, x + dx), s)
                P[s, a, to] += chance
                r[s, a] += chance * {"G": 1.0, "P": -1.0}.get(kinds[to], 0.0)
    return np.array(cells), kinds, P, r


def sweep(V, P, r):
    """One application of the equation: worth of every action, and the best of them."""
    Q = r + GAMMA * P @ V
    return Q.max(axis=1), Q


def compute(rng, plan, looks):
    cells, kinds, P, r = model(plan)
    V, history = np.zeros(len(cells)), []
    for _ in range(SWEEPS):
        history.append(V)
        V, Q = sweep(V, P, r)
    policy = Q.argmax(axis=1)
    # The same worth without the equation's maximum: follow the arrows, solve a linear system.
    rows = np.arange(len(cells))
    followed = np.linalg.solve(np.eye(len(cells)) - GAMMA * P[rows, policy], r[rows, policy])
    # Two wild first guesses, for the contraction.
    one, two = 3 * rng.standard_normal((2, len(cells)))
    gaps = []
    for _ in range(60):
        gaps.append(np.abs(one - two).max())
        one, two = sweep(one, P, r)[0], sweep(two, P, r)[0]
    start = kinds.index("S")
    ends = np.array([kind in "GP" for kind in kinds])
    shape = (len(plan), len(plan[0]))
    settled = next(k for k, old in enumerate(history) if np.abs(old - V).max() < 0.001)
    return SimpleNamespace(
        cells=cells,
        kinds=kinds,
        P=P,
        r=r,
        V=V,
        Q=Q,
        policy=policy,
        followed=followed,
        history=np.array(history),
        looks=looks,
        gaps=np.array(gaps),
        ends=ends,
        shape=shape,
        gamma=GAMMA,
        slip=SLIP,
        sweeps=SWEEPS,
        first=looks[0],
        second=looks[1],
        settled=settled,
        start_worth=V[start],
        near_worth=V[~ends].max(),
        residual=np.abs(sweep(V, P, r)[0] - V).max(),
        lit=int((history[looks[0]][~ends] > 1e-9).sum()),
        count=int((~ends).sum()),
        steps=np.log(V[start]) / np.log(GAMMA),
    )


def check(n):
    # Contraction (Bellman operator in the maximum norm): each sweep shrinks any gap by gamma.
    yield (
        "a sweep brings any two guesses closer by gamma",
        np.all(n.gaps[1:] <= n.gamma * n.gaps[:-1] + 1e-12),
    )
    yield "in the end the equation holds", n.residual < 1e-8
    yield "it is the worth of following the arrows", np.allclose(n.V, n.followed, atol=1e-8)
    yield (
        "no single change of an arrow would help",
        np.all(n.r + n.gamma * n.P @ n.followed <= n.followed[:, None] + 1e-8),
    )
    yield "worth never exceeds the one reward there is", n.V.max() < 1
    yield "after k sweeps nothing beyond k steps is lit", n.lit < n.count
    live = ~n.ends
    # From zero the k-th sweep is off by gamma^k times the first error, at most.
    errors = np.abs(n.history - n.V)[:, live].max(axis=1)
    yield (
        "the error stays under gamma^k",
        np.all(errors[:100] <= errors[0] * n.gamma ** np.arange(100) + 1e-12),
    )


def draw(fig, n):
    fig.set_layout_engine("none")
    rows, columns = n.shape
    tall = 6.0 / HEIGHT
    small, big = 0.285, 0.64
    share = rows / columns * tall
    boxes = (
        (0.02, 0.91 - small * share, small, small * share),
        (0.02, 0.03, small, small * share),
        (0.34, 0.91 - big * share, big, big * share),
    )
    names = (f"{n.first} sweeps", f"{n.second} sweeps", "settled")
    maps = (n.history[n.first], n.history[n.second], n.V)
    ends = {"G": ("*", VERMILLION, 2.2), "P": ("X", VERMILLION, 1.2)}
    for box, name, V in zip(boxes, names, maps, strict=True):
        ax = fig.add_axes(box)
        room = np.full(n.shape, np.nan)
        room[tuple(n.cells.T)] = V
        ax.imshow(room, cmap=SEQUENTIAL, vmin=0, vmax=n.V.max())
        ax.hlines(np.arange(0.5, rows - 1), -0.5, columns - 0.5, color=WHITE, linewidth=1)
        ax.vlines(np.arange(0.5, columns - 1), -0.5, rows - 0.5, color=WHITE, linewidth=1)
        ax.set(xticks=[], yticks=[], xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5))
        ax.spines[:].set_visible(False)
        ax.set_title(name, size=17 if name == "settled" else 15, weight="bold", pad=5)
        cell = 72 * 6.0 * box[2] / columns
        for (y, x), kind in zip(n.cells, n.kinds, strict=True):
            if kind in ends:
                mark, colour, factor = ends[kind]
                ax.plot(x, y, "s", color=WHITE, markersize=cell, mew=0)
                ax.plot(x, y, mark, color=colour, markersize=0.4 * factor * cell, mew=0)
    live = ~n.ends
    y, x = n.cells[live].T
    dy, dx = MOVES[n.policy[live]].T
    bright = n.V[live] > 0.6 * n.V.max()
    for shade, colour in ((bright, INK), (~bright, WHITE)):
        ax.quiver(
            x[shade] - 0.3 * dx[shade],
            y[shade] - 0.3 * dy[shade],
            dx[shade],
            dy[shade],
            color=colour,
            angles="xy",
            scale_units="xy",
            scale=1 / 0.6,
            width=0.011,
            headwidth=4,
            headlength=4,
            headaxislength=3.6,
        )
    first = n.cells[n.kinds.index("S")]
    ax.plot(first[1], first[0], "o", color="none", mec=VERMILLION, mew=3, markersize=24)


MUTANTS = {
    "the worst action instead of the best": ("return Q.max(axis=1), Q", "return Q.min(axis=1), Q"),
    "the average over actions": ("return Q.max(axis=1), Q", "return Q.mean(axis=1), Q"),
    "the future is not discounted": ("Q = r + GAMMA * P @ V", "Q = r + P @ V"),
}
