"""A map of words made from nothing but counts of their neighbours."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREEN,
    GREEN_INK,
    GREY,
    RULE,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.7
VARIANTS = (
    {
        "words": ("king queen prince", "cat dog cow", "red green white"),
        "between": ("lion", "salmon", "purple"),
        "contexts": ("throne crown palace castle", "tail fur paw bark", "paint dye shade bright"),
    },
    {
        "words": ("bread soup cheese", "violin drum song", "whale wave ship"),
        "between": ("jam", "bass", "salt"),
        "contexts": ("oven plate spoon taste", "stage tune band loud", "deck fish tide sail"),
    },
)

PAIRS = 40_000  # neighbours counted
FAITHFUL = (0.89, 0.86, 0.82)  # share of a word's neighbours from its own topic


def pointwise(counts):
    """Pointwise mutual information in nats, word by context."""
    joint = counts / counts.sum()
    margins = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return np.log(joint / margins)


def topics():
    """Share of each topic in the neighbours of each word: nine plain words, three between."""
    plain = [
        np.where(np.arange(3) == group, share, (1 - share) / 2)
        for group in range(3)
        for share in FAITHFUL
    ]
    pure = np.array(plain).reshape(3, 3, 3)[:, 1]
    halves = [(pure[k] + pure[(k + 1) % 3]) / 2 for k in range(3)]
    return np.vstack([plain, halves])


def compute(rng, words, between, contexts):
    names = [*" ".join(words).split(), *between]
    neighbours = " ".join(contexts).split()
    mix = topics()
    chance = np.repeat(mix, 4, axis=1) / 4  # p(context | word)
    often = 1 / (np.arange(len(names)) % 4 + 1.0)  # words differ in frequency, as in real text
    often /= often.sum()
    truth = often[:, None] * chance
    counts = rng.multinomial(PAIRS, truth.ravel()).reshape(truth.shape) + 0.5
    pmi = pointwise(counts)
    left, sizes, right = np.linalg.svd(pmi)
    vectors = left[:, :3] * np.sqrt(sizes[:3])
    others = right[:3].T * np.sqrt(sizes[:3])
    flat = vectors[:, :2]
    # A turn or a mirror changes no dot product: put the first group on top, the second left.
    angle = np.arctan2(*flat[:3].mean(axis=0)[::-1])
    turn = np.pi / 2 - angle
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    flat = flat @ spin.T
    flat[:, 0] *= -np.sign(flat[3:6, 0].mean())
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    total = counts.sum()
    return SimpleNamespace(
        names=names,
        flat=flat,
        unit=unit,
        fit=vectors @ others.T,
        pmi=pmi,
        truth=np.log(chance / (often @ chance)),
        word=names[0],
        context=neighbours[0],
        pairs=PAIRS,
        together=counts[0, 0],
        by_chance=counts[0].sum() * counts[:, 0].sum() / total,
        ratio=counts[0, 0] / (counts[0].sum() * counts[:, 0].sum() / total),
        pmi_one=pmi[0, 0],
        dot_one=(vectors @ others.T)[0, 0],
        near=unit[0] @ unit[1],
        far=unit[0] @ unit[6],
        friend=names[1],
        stranger=names[6],
        middle=names[9],
        middle_first=(unit[:3] @ unit[9]).mean(),
        middle_third=(unit[6:9] @ unit[9]).mean(),
    )


def check(n):
    group = np.repeat(range(3), 3)
    cosine = n.unit[:9] @ n.unit[:9].T
    same = (group[:, None] == group) & ~np.eye(9, dtype=bool)
    inside, outside = cosine[same].mean(), cosine[group[:, None] != group].mean()
    yield "words of a group are nearer, by 0.3 in cosine", inside - outside >= 0.3
    yield (
        "each plain word's nearest is of its group",
        (group[(cosine - 2 * np.eye(9)).argmax(axis=1)] == group).mean() >= 0.88,
    )
    yield "dot products reproduce the PMI", np.abs(n.fit - n.pmi).mean() < 0.12
    # The generator's own probabilities: what endless text would give.
    yield "and the PMI is the generator's", np.corrcoef(n.pmi.ravel(), n.truth.ravel())[0, 1] > 0.95
    centres = n.flat[:9].reshape(3, 3, 2).mean(axis=1)
    for k in range(3):
        gaps = np.linalg.norm(centres - n.flat[9 + k], axis=1)
        yield f"{n.names[9 + k]} lies far from the third group", gaps.argmax() == (k + 2) % 3


def draw(fig, n):
    ax = fig.subplots()
    centres = n.flat[:9].reshape(3, 3, 2).mean(axis=1)
    looks = ((BLUE, BLUE, "o"), (VERMILLION, VERMILLION_INK, "s"), (GREEN, GREEN_INK, "^"))
    ax.plot(*np.vstack([centres, centres[:1]]).T, color=RULE, linewidth=1.2, zorder=0)
    for k, (colour, ink, marker) in enumerate(looks):
        group = n.flat[3 * k : 3 * k + 3]
        ax.plot(*group.T, marker, color=colour, markersize=10, markeredgecolor=WHITE)
        text = "  ".join(n.names[:3]) if k == 0 else "\n".join(n.names[3 * k : 3 * k + 3])
        x, y = centres[k]
        if k == 0:
            ax.text(x, group[:, 1].max() + 0.16, text, color=ink, weight="bold", ha="center")
        else:
            side = np.sign(x)
            ax.text(
                side * (np.abs(group[:, 0]).max() + 0.2),
                y,
                text,
                color=ink,
                weight="bold",
                ha="left" if side > 0 else "right",
                va="center",
            )
    for k in range(3):
        x, y = n.flat[9 + k]
        ax.plot(x, y, "D", color=GREY, markersize=10, markeredgecolor=WHITE)
        if k == 1:
            ax.text(x, y - 0.16, n.names[9 + k], ha="center", va="top")
        else:
            side = np.sign(x)
            ax.text(
                x + 0.16 * side,
                y,
                n.names[9 + k],
                ha="left" if side > 0 else "right",
                va="center",
            )
    ax.set(xticks=[], yticks=[], xlim=(-2.4, 2.4), ylim=(-1.35, 1.75))
    ax.spines[:].set_visible(False)


MUTANTS = {
    "how often the words are is not divided out": ("np.log(joint / margins)", "np.log(joint)"),
    "the ratio upside down": ("np.log(joint / margins)", "np.log(margins / joint)"),
}
