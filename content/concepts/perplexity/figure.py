"""Perplexity as a count of tiles: how many letters a model still hesitates between."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, PALE_BLUE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.2
VARIANTS = ({"letters": 12, "habit": 1.2}, {"letters": 9, "habit": 1.4})

WRITERS, LENGTH = 1000, 120  # texts written at once, letters of each
FORGOTTEN = 60  # letters written before: they still depend on the random start
ADDED = 0.1  # added to every count, so that no letter is impossible


def perplexity(p):
    """From the probabilities that a model gave to the tokens that came."""
    return np.exp(-np.mean(np.log(p)))


def language(rng, letters, habit):
    """Chances of the next letter given the two before: some letters, pairs, triples are liked."""
    taste = 0.8 * rng.standard_normal(letters)
    taste = taste + habit * rng.standard_normal((letters, letters))
    taste = taste + habit * rng.standard_normal((letters, letters, letters))
    weights = np.exp(taste)
    liked = weights / weights.sum(-1, keepdims=True)
    return 0.9 * liked + 0.1 / letters  # now and then any letter: nothing gets stuck


def long_run(P):
    """Share of each pair of letters in endless text, by running the chain of pairs."""
    pairs = np.full(P.shape[:2], 1 / P[..., 0].size)
    for _ in range(200):
        pairs = np.einsum("ab,abc->bc", pairs, P)
    return pairs


def write(rng, P):
    text = rng.integers(0, len(P), (FORGOTTEN + LENGTH, WRITERS))
    edges = P.cumsum(-1)[..., :-1]
    for t in range(2, len(text)):
        chances = edges[text[t - 2], text[t - 1]]
        text[t] = (rng.random(WRITERS)[:, None] > chances).sum(1)
    return text[FORGOTTEN - 2 :]  # two letters of context stay


def compute(rng, letters, habit):
    P = language(rng, letters, habit)
    pairs = long_run(P)
    read, unseen = write(rng, P), write(rng, P)
    shape = (letters,) * 3
    counts = np.zeros(shape)
    np.add.at(counts, (read[:-2], read[1:-1], read[2:]), 1)
    a, b, c = unseen[:-2], unseen[1:-1], unseen[2:]
    given = [np.full(c.shape, 1 / letters)]
    for known in (counts.sum((0, 1)), counts.sum(0), counts):
        q = (known + ADDED) / (known + ADDED).sum(-1, keepdims=True)
        given.append(np.broadcast_to(q, shape)[a, b, c])
    joint = pairs[..., None] * P
    exact = [
        np.exp(-np.sum(joint * np.log(chance)))  # endless text, true chances
        for chance in (
            np.full(shape, 1 / letters),
            np.broadcast_to(joint.sum((0, 1)), shape),
            np.broadcast_to(joint.sum(0) / joint.sum((0, 2))[:, None], shape),
            P,
        )
    ]
    tiles = np.array([perplexity(p) for p in given])
    return SimpleNamespace(
        letters=letters,
        tiles=tiles,
        exact=np.array(exact),
        floor=exact[-1],
        unseen=c.size,
        frequency=tiles[1],
        one_back=tiles[2],
        two_back=tiles[3],
        loss=np.log(tiles[3]),
        small=perplexity(np.array([1 / 2, 1 / 4, 1 / 8])),
    )


def check(n):
    yield "an even guess among k letters gives k", np.isclose(n.tiles[0], n.letters, rtol=1e-12)
    yield "1/2, 1/4, 1/8 give 4, the geometric mean of 2, 4, 8", np.isclose(n.small, 4, rtol=1e-12)
    # 120,000 letters: standard error 0.3 %; counting 1,700 chances from as many costs 0.7 %.
    yield "each model is within 3 % of its limit", np.allclose(n.tiles, n.exact, rtol=0.03)
    yield "more context, fewer choices", np.all(np.diff(n.tiles) < 0)
    yield "the last is within 3 % of exp(entropy rate)", abs(n.tiles[-1] / n.floor - 1) < 0.03


def draw(fig, n):
    ax = fig.subplots()
    names = ("blind guess", "frequencies", "last letter", "last two")
    for row, (name, count) in enumerate(zip(names, n.tiles, strict=True)):
        colour = BLUE if row == len(n.tiles) - 1 else PALE_BLUE
        for tile in range(int(np.ceil(count - 1e-9))):
            width = min(1.0, count - tile)
            ax.barh(
                row, width, left=tile, height=0.62, color=colour, edgecolor=WHITE, linewidth=2.5
            )
        ax.text(-0.25, row, name, ha="right", va="center", weight="bold" if row == 3 else "normal")
        ax.text(count + 0.2, row, f"{count:.1f}", va="center", weight="bold", size=17)
    ax.plot([n.floor] * 2, [-0.5, 3.75], color=VERMILLION, linewidth=2.5, linestyle=(0, (2, 1.4)))
    ax.text(n.floor + 0.02, 3.85, "floor of this language", color=VERMILLION_INK, va="top")
    ax.set(xlim=(0, n.letters + 1.6), ylim=(4.3, -0.5))
    ax.axis("off")
    ax.set_title("Letters it hesitates between", size=17, color=INK, x=0)


MUTANTS = {
    "logarithm in bits, exponential in nats": ("np.mean(np.log(p))", "np.mean(np.log2(p))"),
    "mean of 1/p instead of the geometric mean": ("np.exp(-np.mean(np.log(p)))", "np.mean(1 / p)"),
}
