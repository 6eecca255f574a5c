"""Speculative decoding of one token: kept guesses and refills add up to the big model's odds."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    MIST,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.5
VARIANTS = (
    {
        "words": ("door", "box", "book", "gate", "jar", "sky"),
        "big": (0.38, 0.12, 0.24, 0.06, 0.16, 0.04),
        "small": (0.46, 0.22, 0.10, 0.13, 0.06, 0.03),
    },
    {
        "words": ("rain", "snow", "sun", "fog", "wind", "hail"),
        "big": (0.20, 0.09, 0.33, 0.17, 0.15, 0.06),
        "small": (0.30, 0.19, 0.29, 0.06, 0.13, 0.03),
    },
)

DRAWS = 40_000
GUESSES = 4


def keep_chance(p, q):
    return np.minimum(1, p / q)


def refill(p, q):
    """What to draw from when a guess is refused: where the big model wants more."""
    rest = np.maximum(p - q, 0)
    return rest / rest.sum()


def compute(rng, words, big, small):
    p, q = np.array(big), np.array(small)
    guess = rng.choice(len(p), DRAWS, p=q)
    kept = rng.random(DRAWS) < keep_chance(p, q)[guess]
    written = np.where(kept, guess, rng.choice(len(p), DRAWS, p=refill(p, q)))
    alpha = np.minimum(p, q).sum()
    runs = rng.random((DRAWS, GUESSES)) < alpha  # guess after guess, until the first refusal
    lengths = np.cumprod(runs, axis=1).sum(1) + 1  # the big model adds one token of its own
    most = int(np.argmax(q - p))
    return SimpleNamespace(
        words=words,
        p=p,
        q=q,
        alpha=alpha,
        seen=np.bincount(written, minlength=len(p)) / DRAWS,
        exact=q * keep_chance(p, q) + (1 - alpha) * refill(p, q),
        kept=kept.mean(),
        draws=DRAWS,
        guesses=GUESSES,
        per_pass=lengths.mean(),
        pass_error=lengths.std() / np.sqrt(DRAWS),
        formula=(1 - alpha ** (GUESSES + 1)) / (1 - alpha),
        word=words[most],
        word_small=q[most],
        word_big=p[most],
        word_kept=p[most] / q[most],
        refused=1 - alpha,
        cost=0.05,
        speed=(1 - alpha ** (GUESSES + 1)) / (1 - alpha) / (1 + 0.05 * GUESSES),
    )


def check(n):
    yield "kept and refilled add up to p exactly", np.allclose(n.exact, n.p, atol=1e-12)
    room = 4.5 * np.sqrt(n.p * (1 - n.p) / n.draws)
    yield "the words written follow p within 4.5 standard errors", np.all(abs(n.seen - n.p) < room)
    spread = np.sqrt(n.alpha * (1 - n.alpha) / n.draws)
    yield "a guess is kept with chance alpha", abs(n.kept - n.alpha) < 4.5 * spread
    distance = 0.5 * np.abs(n.p - n.q).sum()
    yield "alpha is 1 less the total variation of p and q", np.isclose(n.alpha, 1 - distance)
    yield "tokens a pass: a geometric sum", abs(n.per_pass - n.formula) < 4.5 * n.pass_error


def draw(fig, n):
    ax = fig.subplots()
    x = np.arange(len(n.p))
    both = np.minimum(n.p, n.q)
    ax.bar(x, both, width=0.72, color=BLUE)
    refused = np.maximum(n.q - n.p, 0)
    dash = {"edgecolor": GREY, "linewidth": 1.6, "linestyle": (0, (3, 2))}
    over = refused > 0
    ax.bar(x[over], refused[over], bottom=both[over], width=0.7, color=MIST, **dash)
    added = np.maximum(n.p - n.q, 0)
    ax.bar(x, added, bottom=both, width=0.72, color=VERMILLION, hatch="//", edgecolor=WHITE)
    ax.plot(x, n.seen, "o", color=INK, markersize=9, markeredgecolor=WHITE)
    top = max(n.p.max(), n.q.max())
    ax.set(xlim=(-0.5, len(x) - 0.4), ylim=(0, top * 1.08), yticks=[0, 0.2, 0.4])
    ax.set_yticklabels(["0", "20%", "40%"])
    ax.set_xticks(x, n.words)
    ax.tick_params(axis="x", length=0)
    words = {"ha": "right", "va": "top", "weight": "bold", "size": 16}
    for line, (text, ink) in enumerate(
        (
            (f"kept {n.alpha:.0%}", BLUE),
            (f"refilled {n.refused:.0%}", VERMILLION_INK),
            ("refused guess", GREY),
        )
    ):
        ax.text(1, 1.02 - 0.13 * line, text, color=ink, transform=ax.transAxes, **words)


MUTANTS = {
    "a refused guess is redrawn from p itself": ("rest = np.maximum(p - q, 0)", "rest = p.copy()"),
    "the ratio upside down": ("np.minimum(1, p / q)", "np.minimum(1, q / p)"),
}
