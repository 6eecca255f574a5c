"""Masked attention over a sentence, and what a changed word does to the outputs before it."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, RULE, SEQUENTIAL, VERMILLION_INK

HEIGHT = 3.6
VARIANTS = (
    {"sentence": "the cat sat on the mat", "changed": 3, "instead": "near"},
    {"sentence": "we met an old friend again", "changed": 4, "instead": "dog"},
)

SIZE = 16


def attend(x, weights, masked):
    """Attention weights and outputs; `masked` hides the tokens that come later."""
    w_query, w_key, w_value = weights
    scores = (x @ w_query) @ (x @ w_key).T / np.sqrt(SIZE)
    if masked:
        future = np.triu(np.ones(scores.shape, dtype=bool), k=1)
        scores = np.where(future, -np.inf, scores)
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares, shares @ (x @ w_value)


def compute(rng, sentence, changed, instead):
    words = sentence.split()
    weights = rng.standard_normal((3, SIZE, SIZE)) / np.sqrt(SIZE)
    x = rng.standard_normal((len(words), SIZE))
    other = x.copy()
    other[changed] = rng.standard_normal(SIZE)
    shares, before = attend(x, weights, masked=True)
    after = attend(other, weights, masked=True)[1]
    open_before = attend(x, weights, masked=False)[1]
    open_after = attend(other, weights, masked=False)[1]
    # One text read a token at a time, as a generator does, against all at once.
    grown = np.array([attend(x[: t + 1], weights, masked=True)[1][-1] for t in range(len(words))])
    tokens = len(words)
    # The example: three tokens, query scores 1, 2, 3 from the second one.
    pair = np.exp([1.0, 2.0]) / np.exp([1.0, 2.0]).sum()
    triple = np.exp([1.0, 2.0, 3.0]) / np.exp([1.0, 2.0, 3.0]).sum()
    return SimpleNamespace(
        words=words,
        shares=shares,
        change=np.linalg.norm(after - before, axis=1),
        open_change=np.linalg.norm(open_after - open_before, axis=1),
        grown_gap=np.abs(grown - before).max(),
        changed=changed,
        old=words[changed],
        new=instead,
        tokens=tokens,
        hidden=tokens * (tokens - 1) // 2,
        cells=tokens**2,
        before=changed,
        first_open=np.linalg.norm(open_after - open_before, axis=1)[0],
        first_masked=np.linalg.norm(after - before, axis=1)[0],
        p1=pair[0],
        p2=pair[1],
        q3=triple[2],
    )


def check(n):
    yield "no weight on the future", np.all(np.triu(n.shares, k=1) == 0)
    yield "each row sums to 1", np.allclose(n.shares.sum(axis=1), 1, atol=1e-12)
    yield "outputs before the change do not move at all", (n.change[: n.changed] == 0).all()
    yield "its own output and all later ones do", (n.change[n.changed :] > 0.001).all()
    yield "without the mask all outputs move", (n.open_change > 0).all()
    yield "reading token by token gives the same outputs", n.grown_gap < 1e-12


def draw(fig, n):
    table, bars = fig.subplots(1, 2, width_ratios=(1.1, 1))
    size = len(n.words)
    shown = np.where(np.triu(np.ones((size, size), dtype=bool), k=1), np.nan, n.shares)
    table.imshow(shown, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for i in range(size):
        for j in range(i + 1, size):
            table.plot([j - 0.3, j + 0.3], [i + 0.3, i - 0.3], color=RULE, linewidth=1.4)
    table.set(xticks=[], yticks=range(size), ylim=(size + 0.35, -0.5))
    table.set_yticklabels(n.words)
    table.get_yticklabels()[n.changed].set(color=VERMILLION_INK, weight="bold")
    table.set_title("weights", weight="bold", loc="center")
    rows = np.arange(size)
    bars.barh(rows - 0.19, n.open_change, height=0.3, color=RULE)
    bars.barh(rows + 0.19, n.change, height=0.36, color=BLUE)
    for i in range(n.changed):
        bars.text(0.03 * n.change.max(), i + 0.2, "0", color=BLUE, weight="bold", va="center")
    bars.set(ylim=(size + 0.35, -0.5), xticks=[], yticks=[])
    bars.set_title("outputs move", weight="bold", loc="center")
    words = {"va": "center", "weight": "bold", "transform": bars.get_yaxis_transform()}
    bars.text(0.02, size + 0.05, "no mask", color=GREY, **words)
    bars.text(0.98, size + 0.05, "mask", color=BLUE, ha="right", **words)
    words["transform"] = table.transData
    swap = f"{n.old} → {n.new}"
    table.text(size / 2 - 0.5, size + 0.05, swap, color=VERMILLION_INK, ha="center", **words)
    for ax in (table, bars):
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    bars.spines["left"].set_visible(True)
    bars.spines["left"].set_bounds(-0.5, size - 0.5)


MUTANTS = {
    "the past is hidden instead": ("np.triu(np.ones(scores.shape", "np.tril(np.ones(scores.shape"),
    "one token of the future is seen": (
        "future = np.triu(np.ones(scores.shape, dtype=bool), k=1)",
        "future = np.triu(np.ones(scores.shape, dtype=bool), k=2)",
    ),
}
