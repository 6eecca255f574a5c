"""Query and key turned by their positions: the same offset gives the same score, wherever."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    MIST,
    RULE,
    SEQUENTIAL,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.1
COLOURS = 64
VARIANTS = (
    {"near": (2, 5), "far": (17, 20), "turn": 0.35},
    {"near": (4, 9), "far": (14, 19), "turn": 0.3},
)

SIZE = 64  # of a head
PLACES = 24
BASE = 10_000.0
SHIFT = 1000


def angles(position, size=SIZE):
    """One angle per pair of numbers: fast pairs first, each later one slower."""
    return position * BASE ** (-2 * np.arange(size // 2) / size)


def rotate(x, position):
    """Turn each pair (x_k, x_{k + size/2}) by its own angle."""
    half = len(x) // 2
    turn = np.exp(1j * angles(position, len(x)))
    z = (x[:half] + 1j * x[half:]) * turn
    return np.concatenate([z.real, z.imag])


def add_position(x, position):
    """The older way, for contrast: a wave is added to the vector."""
    a = angles(position, len(x))
    return x + np.concatenate([np.sin(a), np.cos(a)])


def score(q, k, m, n, place=rotate):
    return place(q, m) @ place(k, n)


def arrow(turn, position, start):
    """One pair, drawn: an arrow of length one at its angle."""
    angle = start + turn * position
    return np.array([np.cos(angle), np.sin(angle)])


def compute(rng, near, far, turn):
    q = rng.standard_normal(SIZE) / np.sqrt(SIZE)
    k = q + 0.5 * rng.standard_normal(SIZE) / np.sqrt(SIZE)  # a key that suits the query
    map_ = np.array([[score(q, k, m, n) for n in range(PLACES)] for m in range(PLACES)])
    m, n = near
    start_q = rng.uniform(0, 0.6)
    start_k = start_q + 0.5
    pairs = [(arrow(turn, a, start_q), arrow(turn, b, start_k)) for a, b in (near, far)]
    added = [score(q, k, a, b, add_position) for a, b in (near, far)]
    return SimpleNamespace(
        map=map_,
        near=near,
        far=far,
        pairs=pairs,
        gap=near[1] - near[0],
        near_q=near[0],
        near_k=near[1],
        far_q=far[0],
        far_k=far[1],
        at_near=map_[near],
        at_far=map_[far],
        at_zero=map_[0, 0],
        shifted=score(q, k, m + SHIFT, n + SHIFT),
        shift=SHIFT,
        longest=max(abs(np.linalg.norm(rotate(q, p)) - np.linalg.norm(q)) for p in (1, 77, 5000)),
        by_rule=q @ rotate(k, n - m),
        added_near=added[0],
        added_far=added[1],
        degrees=np.rad2deg(turn),
        opened=np.rad2deg(np.arccos(pairs[0][0] @ pairs[0][1])),
        opened_far=np.rad2deg(np.arccos(pairs[1][0] @ pairs[1][1])),
        size=SIZE,
        pairs_count=SIZE // 2,
    )


def check(n):
    spread = [np.ptp(np.diagonal(n.map, offset)) for offset in range(-PLACES + 1, PLACES)]
    yield "the map is constant along each diagonal", max(spread) < 1e-9
    yield "both marked cells score alike", abs(n.at_near - n.at_far) < 1e-9
    yield "moving both a thousand places on changes nothing", abs(n.shifted - n.at_near) < 1e-9
    yield "it equals turning the key by the offset alone", abs(n.by_rule - n.at_near) < 1e-9
    yield "turning keeps the length", n.longest < 1e-12
    yield "the drawn arrows open by the same angle", abs(n.opened - n.opened_far) < 1e-6
    yield "with added positions the scores differ", abs(n.added_near - n.added_far) > 1e-3


def draw(fig, n):
    fig.set_layout_engine("none")
    ratio = 6.0 / HEIGHT
    side, step = 0.24, 0.268
    angle = np.linspace(0, 2 * np.pi, 200)
    for column, ((q, k), (a, b)) in enumerate(zip(n.pairs, (n.near, n.far), strict=True)):
        ax = fig.add_axes((0.01 + step * column, 0.43 - side * ratio / 2, side, side * ratio))
        ax.fill(np.cos(angle), np.sin(angle), color=MIST, linewidth=0)
        ax.plot(np.cos(angle), np.sin(angle), color=RULE, linewidth=1.4)
        low = np.arctan2(q[1], q[0])
        wedge = low + np.linspace(0, np.deg2rad(n.opened), 40)
        if np.hypot(np.cos(wedge[-1]) - k[0], np.sin(wedge[-1]) - k[1]) > 1e-6:
            wedge = low - np.linspace(0, np.deg2rad(n.opened), 40)
        ax.plot(0.45 * np.cos(wedge), 0.45 * np.sin(wedge), color=INK, linewidth=3)
        for end, colour in ((q, BLUE), (k, VERMILLION)):
            ax.annotate(
                "",
                tuple(end),
                (0, 0),
                arrowprops={
                    "arrowstyle": "-|>,head_width=0.35,head_length=0.7",
                    "color": colour,
                    "linewidth": 3.5,
                    "shrinkA": 0,
                    "shrinkB": 0,
                },
            )
        ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1))
        ax.axis("off")
        middle = 0.01 + step * column + side / 2
        words = {"ha": "center", "va": "top", "weight": "bold", "size": 16}
        fig.text(middle, 0.97, f"$q$ at {a}", color=BLUE, **words)
        fig.text(middle, 0.86, f"$k$ at {b}", color=VERMILLION_INK, **words)
        fig.text(middle, 0.03, f"{n.opened:.0f}° apart", ha="center", va="bottom")
    width = 0.335
    ax = fig.add_axes((0.655, 0.215, width, width * ratio))
    ax.imshow(n.map, cmap=SEQUENTIAL, interpolation="nearest")
    for a, b in (n.near, n.far):
        ax.plot(b, a, "o", color=WHITE, mec=INK, mew=2.2, markersize=11)
    ax.set(xticks=[0, 10, 20], yticks=[0, 10, 20])
    ax.xaxis.tick_bottom()
    ax.set_title("scores", loc="center", weight="bold", pad=5)
    ax.set_xlabel("key at", labelpad=1)
    ax.set_ylabel("query at", labelpad=1)


MUTANTS = {
    "the key is turned back": (
        "return place(q, m) @ place(k, n)",
        "return place(q, m) @ place(k, -n)",
    ),
    "positions are added, not turned": (
        "def score(q, k, m, n, place=rotate):",
        "def score(q, k, m, n, place=add_position):",
    ),
}
