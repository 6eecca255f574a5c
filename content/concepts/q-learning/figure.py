"""Q-learning from a drunk walk: what was done, and the values and best path learnt from it."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import DIVERGING, GREY, INK, MIST, RULE, WHITE

HEIGHT = 3.3
COLOURS = 96
VARIANTS = (
    {"plan": ("....G", ".#.#P", "....P", "S.PP#"), "episodes": 600},
    {"plan": ("...#S", ".#...", ".PP#.", "G...."), "episodes": 600},
)

GAMMA, ALPHA = 0.9, 0.3
MOVES = ((-1, 0), (0, 1), (1, 0), (0, -1))  # up, right, down, left
LONGEST = 80


def world(plan):
    """Cells, where each action leads, what it pays, and which cells end the walk."""
    cells = [(y, x) for y, row in enumerate(plan) for x, kind in enumerate(row) if kind != "#"]
    number = {cell: s for s, cell in enumerate(cells)}
    kinds = [plan[y][x] for y, x in cells]
    pays = {"G": 1.0, "P": -1.0}
    leads = [
        [number.get((y + dy, x + dx), s) for dy, dx in MOVES] for s, (y, x) in enumerate(cells)
    ]
    reward = [[pays.get(kinds[to], 0.0) for to in row] for row in leads]
    ends = [kind in "GP" for kind in kinds]
    return np.array(cells), kinds, leads, reward, ends


def target(r, next_values, ended):
    """What the value should have been, seen one step later."""
    return r if ended else r + GAMMA * max(next_values)


def wander(rng, room, start, episodes):
    """Learn from actions drawn by lot, never from one's own opinion."""
    leads, reward, ends = room
    Q = [[0.0] * 4 for _ in leads]
    coins = rng.integers(0, 4, episodes * LONGEST).tolist()
    shown, earned, steps = [], [], 0
    for _ in range(episodes):
        s, trail, total = start, [start], 0.0
        for _ in range(LONGEST):
            a = coins[steps]
            steps += 1
            to, r = leads[s][a], reward[s][a]
            Q[s][a] += ALPHA * (target(r, Q[to], ends[to]) - Q[s][a])
            s = to
            trail.append(s)
            total += r
            if ends[s]:
                break
        earned.append(total)
        shown.append(trail)
    return np.array(Q), shown, np.array(earned), steps


def optimal(leads, reward, ends):
    """Q by sweeping the Bellman equation, which knows the world."""
    leads, reward, live = np.array(leads), np.array(reward), ~np.array(ends)
    V = np.zeros(len(leads))
    for _ in range(200):
        Q = reward + GAMMA * (V * live)[leads]
        V = Q.max(axis=1)
    return Q


def walk_greedily(Q, leads, ends, start):
    path = [start]
    while not ends[path[-1]] and len(path) < 30:
        path.append(leads[path[-1]][int(np.argmax(Q[path[-1]]))])
    return np.array(path)


def compute(rng, plan, episodes):
    cells, kinds, leads, reward, ends = world(plan)
    start, goal = kinds.index("S"), kinds.index("G")
    Q, trails, earned, steps = wander(rng, (leads, reward, ends), start, episodes)
    exact = optimal(leads, reward, ends)
    path = walk_greedily(Q, leads, ends, start)
    shortest = walk_greedily(exact, leads, ends, start)
    live = ~np.array(ends)
    # The walk that is drawn: one of the first thirty, long enough to be aimless.
    lengths = np.array([len(trail) for trail in trails[:30]])
    shown = trails[np.abs(lengths - 26).argmin()]
    on_path = path[:-1]
    best = [int(np.argmax(Q[s])) for s in on_path]
    return SimpleNamespace(
        plan=plan,
        cells=cells,
        kinds=kinds,
        live=live,
        Q=Q,
        exact=exact,
        path=path,
        trail=np.array(shown),
        goal=goal,
        shortest=len(shortest) - 1,
        length=len(path) - 1,
        episodes=episodes,
        steps=steps,
        gamma=GAMMA,
        alpha=ALPHA,
        success=(earned > 0).mean(),
        earned=earned.mean(),
        start_value=Q[start].max(),
        start_exact=exact[start].max(),
        error=np.abs(Q - exact)[live].max(),
        path_error=np.abs(Q[on_path, best] - exact[on_path, best]).max(),
        before_goal=Q[path[-2]].max(),
    )


def check(n):
    yield "the greedy path reaches the goal", n.path[-1] == n.goal
    yield "and is the shortest", n.length == n.shortest
    # Bellman's equation, solved with the world known, is the target.
    yield "values on the path are right within 0.05", n.path_error < 0.05
    yield (
        "the start is worth gamma^(steps - 1)",
        np.isclose(n.start_exact, n.gamma ** (n.shortest - 1)),
    )
    yield "learnt values never exceed what can be earned", n.Q.max() <= 1 + 1e-12
    yield "a value is never above its exact one", (n.Q - np.maximum(n.exact, 0)).max() < 1e-12
    yield "the walker itself fails more often than not", n.success < 0.5


def draw(fig, n):
    fig.set_layout_engine("none")
    rows, columns = len(n.plan), len(n.plan[0])
    tall = 6.0 / HEIGHT
    small, big = 0.37, 0.575
    share = rows / columns * tall
    boxes = (
        (0.015, 0.865 - small * share, small, small * share),
        (0.41, 0.865 - big * share, big, big * share),
    )
    left, right = (fig.add_axes(box) for box in boxes)
    for ax, title in ((left, "what it did"), (right, "what it learnt")):
        ax.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(title, weight="bold", loc="center", size=17, pad=6)
    corners, triangles, values = [], [], []
    for s, (y, x) in enumerate(n.cells):
        if not n.live[s]:
            continue
        first = len(corners)
        corners += [(x - 0.5, y - 0.5), (x + 0.5, y - 0.5), (x + 0.5, y + 0.5), (x - 0.5, y + 0.5)]
        corners.append((x, y))
        for side in range(4):
            triangles.append((first + side, first + (side + 1) % 4, first + 4))
            values.append(n.Q[s, side])
        left.fill(
            x + 0.47 * np.array([-1, 1, 1, -1]), y + 0.47 * np.array([-1, -1, 1, 1]), color=MIST
        )
    xs, ys = np.array(corners, dtype=float).T
    right.tripcolor(
        xs, ys, triangles, facecolors=np.array(values), cmap=DIVERGING, vmin=-1.1, vmax=1.1
    )
    for tip, _, face in triangles:
        right.plot(xs[[tip, face]], ys[[tip, face]], color=RULE, linewidth=1)
    for y, x in n.cells[n.live]:
        right.plot(
            x + 0.5 * np.array([-1, 1, 1, -1, -1]),
            y + 0.5 * np.array([-1, -1, 1, 1, -1]),
            color=WHITE,
            linewidth=3,
        )
    for ax, width in ((left, small), (right, big)):
        cell = 72 * 6.0 * width / columns
        for (y, x), kind in zip(n.cells, n.kinds, strict=True):
            if kind == "G":
                ax.plot(x, y, "*", color=INK, markersize=0.75 * cell)
            elif kind == "P":
                ax.plot(x, y, "X", color=GREY, markersize=0.42 * cell)
    left.text(
        columns / 2 - 0.5,
        rows - 0.15,
        f"one of {n.episodes} walks,\nevery step by lot",
        ha="center",
        va="top",
        linespacing=1.25,
    )
    jitter = (
        0.14 * np.c_[np.sin(2.4 * np.arange(len(n.trail))), np.cos(2.4 * np.arange(len(n.trail)))]
    )
    jitter[[0, -1]] = 0
    trail = n.cells[n.trail][:, ::-1] + jitter
    left.plot(*trail.T, color=INK, linewidth=1.8)
    left.plot(*trail[0], "o", color=INK, markersize=11)
    path = n.cells[n.path][:, ::-1]
    right.plot(*path[:-1].T, color=INK, linewidth=4.5)
    right.plot(*path[-2:].T, color=INK, linewidth=4.5)
    right.plot(*path[0], "o", color=INK, markersize=15)


MUTANTS = {
    "the best next action is replaced by the mean": (
        "r + GAMMA * max(next_values)",
        "r + GAMMA * sum(next_values) / 4",
    ),
    "the future is not discounted": ("r + GAMMA * max(next_values)", "r + max(next_values)"),
    "the worst next action": ("r + GAMMA * max(next_values)", "r + GAMMA * min(next_values)"),
}
