"""Pure noise, scored by two pipelines: features chosen before the split, and inside each fold."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.1
VARIANTS = (
    {"rows": 50, "features": 1000, "kept": 20},
    {"rows": 60, "features": 800, "kept": 30},
)

FOLDS = 5
RUNS = 24


def select(x, y, kept):
    """The features that differ most between the classes."""
    return np.argsort(-np.abs(y @ x))[:kept]


def scores(train_x, train_y, test_x):
    """How far a row lies on the plus side of the line half-way between the class means."""
    plus, minus = train_x[train_y > 0].mean(axis=0), train_x[train_y < 0].mean(axis=0)
    direction = plus - minus
    return (test_x - (plus + minus) / 2) @ direction / np.linalg.norm(direction)


def held_out_scores(x, y, fold, kept, *, leaky):
    """Each row's score from the fit without its fold; the choice of features may have seen it."""
    out = np.empty(len(y))
    for j in range(FOLDS):
        train = fold != j
        seen = np.ones(len(y), dtype=bool) if leaky else train
        chosen = select(x[seen], y[seen], kept)
        out[~train] = scores(x[train][:, chosen], y[train], x[~train][:, chosen])
    return out


def accuracy(score, y):
    return (np.sign(score) == y).mean()


def compute(rng, rows, features, kept):
    y = np.repeat([-1.0, 1.0], rows // 2)
    leaky, honest, pairs = [], [], []
    for _ in range(RUNS):
        x = rng.standard_normal((rows, features), dtype=np.float32).astype(float)
        fold = np.concatenate([rng.permutation(np.arange(rows // 2) % FOLDS) for _ in range(2)])
        a = held_out_scores(x, y, fold, kept, leaky=True)
        b = held_out_scores(x, y, fold, kept, leaky=False)
        leaky.append(accuracy(a, y))
        honest.append(accuracy(b, y))
        pairs.append((a, b))
    leaky, honest = np.array(leaky), np.array(honest)
    # The run that is drawn: the one closest to both averages.
    shown = np.hypot(leaky - leaky.mean(), honest - honest.mean()).argmin()
    return SimpleNamespace(
        y=y,
        leaky_scores=pairs[shown][0],
        honest_scores=pairs[shown][1],
        height=rng.random(rows),
        leaky=leaky,
        honest=honest,
        rows=rows,
        features=features,
        kept=kept,
        runs=RUNS,
        folds=FOLDS,
        shown_leaky=leaky[shown],
        shown_honest=honest[shown],
        mean_leaky=leaky.mean(),
        mean_honest=honest.mean(),
        right_leaky=round(leaky[shown] * rows),
        right_honest=round(honest[shown] * rows),
        chance=0.5,
        worst_honest=honest.min(),
        luckiest_honest=honest.max(),
    )


def check(n):
    # Labels are independent of the features: no rule that has not seen them beats a coin.
    error = n.honest.std() / np.sqrt(n.runs)
    yield "the honest pipeline is at 50%, 4.5 errors", abs(n.mean_honest - 0.5) < 4.5 * error
    yield "and its average within 9 points of it", abs(n.mean_honest - 0.5) < 0.09
    yield "the leaky one claims 80% or more on the same noise", n.mean_leaky > 0.8
    yield "in each run the leak looks better by 10 points", (n.leaky - n.honest).min() > 0.1
    drawn = (np.sign(n.leaky_scores) == n.y).mean(), (np.sign(n.honest_scores) == n.y).mean()
    yield "the dots drawn are those counted", drawn == (n.shown_leaky, n.shown_honest)


def draw(fig, n):
    panels = fig.subplots(1, 2, sharex=True, sharey=True)
    cases = (
        ("choose, then split", n.leaky_scores, n.right_leaky, VERMILLION_INK),
        ("split, then choose", n.honest_scores, n.right_honest, BLUE),
    )
    edge = 1.08 * max(np.abs(n.leaky_scores).max(), np.abs(n.honest_scores).max())
    for ax, (title, score, right, ink) in zip(panels, cases, strict=True):
        ax.axvspan(-edge, 0, color=PALE_BLUE)
        ax.axvspan(0, edge, color=PALE_VERMILLION)
        ax.axvline(0, color=INK, linewidth=2)
        for label, colour, marker in ((-1, BLUE, "o"), (1, VERMILLION, "^")):
            own = n.y == label
            place = n.height[own] + (label > 0) * 1.15
            ax.plot(score[own], place, marker, color=colour, markersize=9, mec=WHITE, mew=0.8)
        ax.set(xlim=(-edge, edge), ylim=(-0.12, 2.28), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(title, loc="center", size=16)
        ax.set_xlabel(f"{right} of {n.rows} right", weight="bold", size=17, color=ink)


MUTANTS = {
    "the honest pipeline peeks as well": (
        "if leaky else train",
        "if leaky or not leaky else train",
    ),
    "nothing is held out of the fit": ("train = fold != j", "train = fold != -1"),
}
