"""All pairs of a positive and a negative as a grid: the ROC curve borders the won ones."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, MIST, PALE_BLUE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.5
VARIANTS = (
    {"positives": 20, "negatives": 25, "gap": 1.5},
    {"positives": 25, "negatives": 20, "gap": 1.1},
)

CENTRED = {"weight": "bold", "ha": "center", "va": "center"}
LARGE = 4_000  # scores of each class in the test against the normal law


def wins(positive, negative):
    """Table of pairs, rows from the lowest positive: 1 if it outranks the negative, 1/2 if tied."""
    p, q = np.sort(positive)[:, None], np.sort(negative)[None, :]
    return (p > q) + 0.5 * (p == q)


def roc(positive, negative):
    """False- and true-positive rate as the threshold falls past each score."""
    scores = np.concatenate([positive, negative])
    real = np.arange(len(scores)) < len(positive)
    real = real[np.argsort(-scores)]
    true_rate = np.concatenate([[0], np.cumsum(real) / len(positive)])
    false_rate = np.concatenate([[0], np.cumsum(~real) / len(negative)])
    return false_rate, true_rate


def typical(rng, size):
    """Standard normal scores, one from each of `size` steps of equal probability."""
    ladder = np.linspace(-4, 4, 801)
    below = [0.5 * math.erfc(-z / math.sqrt(2)) for z in ladder]
    return np.interp((np.arange(size) + rng.random(size)) / size, below, ladder)


def area(x, y):
    return (np.diff(x) * (y[1:] + y[:-1]) / 2).sum()


def compute(rng, positives, negatives, gap):
    exact = 0.5 * math.erfc(-gap / 2)
    for _ in range(200):  # the sample that is drawn: close to what is expected
        positive = gap + typical(rng, positives)
        negative = typical(rng, negatives)
        table = wins(positive, negative)
        if abs(table.mean() - exact) < 0.02:
            break
    false_rate, true_rate = roc(positive, negative)
    big = gap + rng.standard_normal(LARGE), rng.standard_normal(LARGE)
    # Ranks count the pairs without listing them (Mann and Whitney).
    rank = np.searchsorted(np.sort(big[1]), big[0]).sum() / LARGE**2
    at = int(np.argmax(true_rate - false_rate))
    return SimpleNamespace(
        positive=np.sort(positive),
        negative=np.sort(negative),
        table=table,
        false_rate=false_rate,
        true_rate=true_rate,
        auc=table.mean(),
        traced=area(false_rate, true_rate),
        exact=exact,
        gap=gap,
        big_area=area(*roc(*big)),
        big_rank=rank,
        monotone=area(*roc(np.exp(positive), np.exp(negative))),
        positives=positives,
        negatives=negatives,
        pairs=positives * negatives,
        won=round(table.sum()),
        lost=round(positives * negatives - table.sum()),
        best_true=true_rate[at],
        best_false=false_rate[at],
    )


def check(n):
    yield "area under the curve = share of won pairs, to 1e-12", abs(n.traced - n.auc) < 1e-12
    yield "the same by ranks on a large sample", abs(n.big_area - n.big_rank) < 1e-9
    # Two normals one deviation wide: Phi(gap / sqrt 2). Standard error at 4 000 a class: 0.006.
    yield "for normal scores it is Phi(d / sqrt 2)", abs(n.big_area - n.exact) < 0.027
    yield "only the order of the scores counts", abs(n.monotone - n.auc) < 1e-12
    yield "each pair is counted once", n.won + n.lost == n.pairs


def rgb(colour):
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def columns(scores, side):
    """Dots in columns of width 0.6, growing away from the axis."""
    column = np.floor(scores / 0.6)
    height = np.array([(column[:i] == c).sum() for i, c in enumerate(column)])
    return 0.6 * (column + 0.5), side * (0.9 + 1.15 * height)


def draw(fig, n):
    left, right = fig.subplots(1, 2, width_ratios=[1, 1.25])
    for side, scores, colour, marker in (
        (-1, n.negative, BLUE, "o"),
        (1, n.positive, VERMILLION, "^"),
    ):
        left.plot(*columns(scores, side), marker, color=colour, markersize=9, mew=0, clip_on=False)
    left.axhline(0, color=INK, linewidth=1.4)
    left.text(0.7, 8.6, f"{n.positives} positives", color=VERMILLION_INK, **CENTRED)
    left.text(0.7, -8.2, f"{n.negatives} negatives", color=BLUE, **CENTRED)
    left.text(0.7, -10.6, "score →", ha="center", va="center")
    left.set(ylim=(-11.4, 9.4), xlim=(-3.2, 4.4))
    left.axis("off")
    # Columns: negatives, the highest first; rows: positives, the highest at the bottom.
    won = n.table[::-1, ::-1, None] > 0.5
    cells = np.where(won, rgb(PALE_BLUE), rgb(WHITE))
    right.imshow(cells, extent=(0, 1, 0, 1), origin="lower")
    right.vlines(np.linspace(0, 1, n.negatives + 1), 0, 1, color=MIST, linewidth=1)
    right.hlines(np.linspace(0, 1, n.positives + 1), 0, 1, color=MIST, linewidth=1)
    right.plot(n.false_rate, n.true_rate, color=INK, linewidth=3.4, solid_joinstyle="miter")
    right.text(
        0.63,
        0.36,
        f"{n.won}\nof {n.pairs}\npairs won",
        ha="center",
        va="center",
        weight="bold",
        color=BLUE,
        size=17,
    )
    right.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    right.set_xticks([0, 1], ["0", "1"])
    right.set_yticks([0, 1], ["0", "1"])
    right.spines[:].set_visible(True)
    right.set_xlabel("false-positive rate", labelpad=-8)
    right.set_ylabel("true-positive rate", labelpad=-6)


MUTANTS = {
    "ties aside, the loser is counted": ("return (p > q)", "return (p < q)"),
    "the gap is not divided by root two": ("math.erfc(-gap / 2)", "math.erfc(-gap / math.sqrt(2))"),
    "the curve is summed as if steps were equal": (
        "(np.diff(x) * (y[1:] + y[:-1]) / 2).sum()",
        "y.mean()",
    ),
}
