"""Nucleus sampling: one cut at the same mass keeps few tokens or many, as the context asks."""

from itertools import product
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, MIST, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.6
VARIANTS = (
    {
        "mass": 0.9,
        "prompts": ("The capital of France is …", "She opened the …", "My favourite thing is …"),
        "first": "Paris",
    },
    {
        "mass": 0.8,
        "prompts": ("Twinkle, twinkle, little …", "He picked up a …", "Once there was a …"),
        "first": "star",
    },
)

TOKENS = 100
DRAWS = 4000
TOP_K = 10  # the fixed cut to compare with


def nucleus(p, mass):
    """Indices of the smallest set with at least `mass`, most probable first."""
    order = np.argsort(-p)
    size = np.searchsorted(np.cumsum(p[order]), mass) + 1
    return order[:size]


def contexts(rng):
    """Three next-token distributions: nearly certain, a handful of good words, wide open."""
    rank = np.arange(1, TOKENS + 1)
    wobble = 0.15 * rng.standard_normal((3, TOKENS))
    fall = (3.9, 1.45, 0.45)  # Zipf exponents
    weights = np.exp(wobble) / rank ** np.array(fall)[:, None]
    return weights / weights.sum(1, keepdims=True)


def smallest_by_trial(p, mass):
    """Size of the smallest set that reaches `mass`, from all 2^n subsets."""
    subsets = np.array(list(product((0, 1), repeat=len(p))))
    return subsets.sum(1)[subsets @ p >= mass].min()


def compute(rng, mass, prompts, first):
    shares = contexts(rng)
    kept = [nucleus(p, mass) for p in shares]
    open_p, open_kept = shares[2], kept[2]
    drawn = rng.choice(open_kept, DRAWS, p=open_p[open_kept] / open_p[open_kept].sum())
    small = rng.dirichlet(np.ones(11), size=8)
    fixed = np.sort(shares, axis=1)[:, ::-1][:, :TOP_K].sum(1)
    return SimpleNamespace(
        mass=mass,
        prompts=prompts,
        first=first,
        sure_prompt=prompts[0].removesuffix(" …"),
        open_prompt=prompts[2].removesuffix(" …"),
        shares=shares,
        kept=kept,
        keep_sure=len(kept[0]),
        keep_some=len(kept[1]),
        keep_open=len(kept[2]),
        tokens=TOKENS,
        drawn=drawn,
        draws=DRAWS,
        small_sizes=[(len(nucleus(p, mass)), smallest_by_trial(p, mass)) for p in small],
        top_k=TOP_K,
        fixed_sure=TOP_K - len(kept[0]),
        fixed_open=fixed[2],
        bad_token=shares[1][kept[1][-1]],
        cut_tail=1 - open_p[open_kept].sum(),
    )


def check(n):
    for p, kept in zip(n.shares, n.kept, strict=True):
        total = p[kept].sum()
        yield "the kept mass reaches p", total >= n.mass
        yield "without its least likely member it does not", total - p[kept].min() < n.mass
        rest = np.delete(p, kept)
        yield "nothing outside is likelier than anything inside", rest.max() <= p[kept].min()
    yield "no subset is smaller: all 2^11 tried", all(a == b for a, b in n.small_sizes)
    yield "few when sure, many when not", n.keep_sure <= 3 and n.keep_open >= 50
    yield "draws never leave the nucleus", set(n.drawn.tolist()) <= set(n.kept[2].tolist())
    inside = n.shares[2][n.kept[2]]
    top = inside[0] / inside.sum()
    seen = np.mean(n.drawn == n.kept[2][0])
    room = 4.5 * np.sqrt(top * (1 - top) / n.draws)
    yield "and follow the rescaled shares within 4.5 standard errors", abs(seen - top) < room


def draw(fig, n):
    ax = fig.subplots()
    for row, (p, kept, prompt) in enumerate(zip(n.shares, n.kept, n.prompts, strict=True)):
        ordered = np.sort(p)[::-1]
        left = np.cumsum(ordered) - ordered
        size = len(kept)
        width = ordered - np.minimum(0.005, 0.3 * ordered)  # a white seam after each word
        colours = [BLUE] * size + [MIST] * (len(p) - size)
        blocks = list(zip(left, width, strict=True))
        ax.broken_barh(blocks, (row - 0.23, 0.46), facecolors=colours, linewidth=0)
        ax.text(0, row - 0.32, prompt, va="bottom")
        unit = "word" if size == 1 else "words"
        words = {"ha": "right", "va": "bottom", "weight": "bold", "color": BLUE, "size": 17}
        ax.text(1, row - 0.32, f"{size} {unit}", **words)
    ax.text(0.02, 0, n.first, color=WHITE, weight="bold", va="center")
    for row in range(3):
        ax.plot([n.mass] * 2, [row - 0.31, row + 0.31], color=VERMILLION, linewidth=3.5)
    ax.text(n.mass, 2.36, f"$p$ = {n.mass}", color=VERMILLION_INK, ha="center", va="top", size=16)
    ax.text(0, 2.36, "all words, likeliest first", color=INK, va="top")
    ax.set(xlim=(0, 1), ylim=(2.75, -0.68))
    ax.axis("off")


MUTANTS = {
    "stops one token short of p": ("mass) + 1", "mass)"),
    "starts with the least likely token": ("np.argsort(-p)", "np.argsort(p)"),
}
