"""The perceptron's line before, during and after its mistakes, on points with a margin."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    RULE,
    VERMILLION,
    WHITE,
)

HEIGHT = 2.9
VARIANTS = (
    {"margin": 0.16, "turn": 35.0},
    {"margin": 0.12, "turn": 160.0},
)

POINTS = 48
SETS = 40
LOOKS = 3


def separable(rng, margin, turn):
    """Points in the unit disc with labels, none closer than `margin` to a line through zero."""
    normal = np.array([np.cos(turn), np.sin(turn)])
    x = rng.uniform(-1, 1, (8 * POINTS, 2))
    x = x[(np.linalg.norm(x, axis=1) < 1) & (np.abs(x @ normal) > margin)][:POINTS]
    return x, np.sign(x @ normal), normal


def learn(x, y):
    """Weights after each mistake, and the point that was wrong, until a pass has none."""
    w = np.zeros(x.shape[1])
    history, wrong = [w], []
    clean = False
    while not clean and len(wrong) < 5_000:
        clean = True
        for i in range(len(x)):
            if y[i] * (w @ x[i]) <= 0:
                w = w + y[i] * x[i]
                history.append(w)
                wrong.append(i)
                clean = False
    return np.array(history), wrong


def bound(x, y, normal):
    """(R / gamma)^2 for the line that made the labels."""
    return (np.linalg.norm(x, axis=1).max() / (y * (x @ normal)).min()) ** 2


def compute(rng, margin, turn):
    # The set whose mistakes are drawn: the first in which there is something to watch.
    for _ in range(300):
        x, y, normal = separable(rng, margin, np.deg2rad(turn))
        history, wrong = learn(x, y)
        shown = np.array([1, len(wrong) // 2, len(wrong)])
        errors = [(y * (x @ history[k]) <= 0).sum() for k in shown]
        if len(wrong) >= 6 and errors[0] > 10 > errors[1] > 2:
            break
    others = []
    for _ in range(SETS):
        more = separable(rng, rng.uniform(0.04, 0.3), rng.uniform(0, 2 * np.pi))
        path, misses = learn(*more[:2])
        done = np.all(more[1] * (more[0] @ path[-1]) > 0)
        others.append((len(misses), bound(*more), done))
    mistakes, limits, finished = map(np.array, zip(*others, strict=True))
    return SimpleNamespace(
        x=x,
        y=y,
        history=history,
        shown=shown,
        errors=errors,
        points=POINTS,
        mistakes=len(wrong),
        limit=bound(x, y, normal),
        gamma=(y * (x @ normal)).min(),
        radius=np.linalg.norm(x, axis=1).max(),
        first_errors=errors[0],
        all_mistakes=mistakes,
        all_limits=limits,
        all_finished=finished,
        sets=SETS,
        worst=(mistakes / limits).max(),
    )


def check(n):
    yield "the last line has every point on its right side", n.errors[-1] == 0
    yield "mistakes on the drawn set stay below (R / gamma)^2", n.mistakes <= n.limit
    yield "so they do on every other set", np.all(n.all_mistakes <= n.all_limits)
    yield "and every run ends without error", np.all(n.all_finished)
    # Novikoff's second half: the squared length grows by R^2 at most per mistake.
    steps = np.arange(len(n.history))
    lengths = (n.history**2).sum(1)
    yield (
        "the weights grow no faster than R times root k",
        np.all(lengths <= steps * n.radius**2 + 1e-9),
    )


def draw(fig, n):
    axes = fig.subplots(1, LOOKS)
    circle = np.linspace(0, 2 * np.pi, 200)
    rim = 1.12 * np.c_[np.cos(circle), np.sin(circle)]
    for ax, k, errors in zip(axes, n.shown, n.errors, strict=True):
        w = n.history[k]
        angle = np.arctan2(w[1], w[0])
        for start, pale in ((-np.pi / 2, PALE_BLUE), (np.pi / 2, PALE_VERMILLION)):
            arc = angle + start + np.linspace(0, np.pi, 100)
            ax.fill(1.12 * np.cos(arc), 1.12 * np.sin(arc), color=pale, linewidth=0)
        ax.plot(*rim.T, color=RULE, linewidth=1.2)
        normal = w / np.linalg.norm(w)
        along = 1.12 * np.array([-normal[1], normal[0]])
        ax.plot([-along[0], along[0]], [-along[1], along[1]], color=INK)
        for sign, mark, colour in ((1, "o", BLUE), (-1, "s", VERMILLION)):
            own = n.x[n.y == sign]
            ax.plot(*own.T, mark, color=colour, markersize=6, mec=WHITE, mew=0.6)
        bad = n.x[n.y * (n.x @ w) <= 0]
        ax.plot(*bad.T, "o", color="none", mec=INK, mew=1.8, markersize=11)
        ax.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal")
        ax.axis("off")
        name = "mistake" if k == 1 else "mistakes"
        ax.set_title(f"{k} {name}", loc="center", weight="bold", size=16)
        ax.text(0, -1.42, f"{errors} wrong", ha="center", va="center")


MUTANTS = {
    "the update forgets the label": ("w = w + y[i] * x[i]", "w = w + x[i]"),
    "the update goes the wrong way": ("w = w + y[i] * x[i]", "w = w - y[i] * x[i]"),
}
