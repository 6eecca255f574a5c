"""A router carves up the tokens among four experts, before and after a loss that balances them."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREEN,
    INK,
    PALE_BLUE,
    PALE_GREEN,
    PALE_PURPLE,
    PALE_VERMILLION,
    PURPLE,
    VERMILLION,
    WHITE,
)

HEIGHT = 3.4
COLOURS = 32
VARIANTS = (
    {"favour": (1.5, 0.5, 0.4, 0.2), "turn": 20.0},
    {"favour": (0.3, 1.8, 0.2, 0.7), "turn": 65.0},
)

EXPERTS, TOP_K = 4, 2
TOKENS = 3000
DRAWN = 360
STEPS = 500
PALE = (PALE_BLUE, PALE_VERMILLION, PALE_GREEN, PALE_PURPLE)
STRONG = (BLUE, VERMILLION, GREEN, PURPLE)


def softmax(z):
    weights = np.exp(z - z.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def gates(z, k):
    """Weights of the k best experts, zero for all others."""
    best = np.argsort(-z, axis=1)[:, :k]
    out = np.zeros_like(z)
    np.put_along_axis(out, best, softmax(np.take_along_axis(z, best, 1)), 1)
    return out


def with_one(x):
    return np.c_[x, np.ones(len(x))]


def load(scores):
    """Share of the tokens that each expert gets as first choice."""
    return np.bincount(scores.argmax(1), minlength=EXPERTS) / len(scores)


def balance_loss(f, P):
    """Number of experts times the sum of load times mean probability (Fedus et al. 2022)."""
    return EXPERTS * np.sum(f * P)


def balanced(W, x):
    """The router after descent on the balance loss alone."""
    for _ in range(STEPS):
        p = softmax(x @ W)
        f = load(p)
        slope = EXPERTS * p * (f - (p @ f)[:, None]) / len(x)
        W = W - x.T @ slope
    return W


def compute(rng, favour, turn):
    centres = 1.1 * np.array([[1, 0.9], [-1, 0.8], [-0.9, -1], [1, -0.8]])
    tokens = centres[rng.integers(0, 4, TOKENS)] + 0.62 * rng.standard_normal((TOKENS, 2))
    x = with_one(tokens)
    angle = np.radians(turn + 90 * np.arange(EXPERTS))
    W = np.vstack([1.2 * np.cos(angle), 1.2 * np.sin(angle), favour])
    after = balanced(W, x)
    line = np.linspace(-2.9, 2.9, 161)
    plane = with_one(np.stack(np.meshgrid(line, line), -1).reshape(-1, 2))
    maps = [(plane @ w).argmax(1).reshape(len(line), -1) for w in (W, after)]
    loads = [load(x @ w) for w in (W, after)]
    layers = rng.standard_normal((EXPERTS, 2, 2))
    g = gates(x @ after, TOP_K)
    answers = np.einsum("eij,nj->nei", layers, tokens)
    return SimpleNamespace(
        tokens=tokens,
        line=line,
        maps=maps,
        loads=loads,
        homes=[(x @ w).argmax(1) for w in (W, after)],
        gates=g,
        mixed=np.einsum("ne,nei->ni", g, answers),
        answers=answers,
        loss_before=balance_loss(loads[0], softmax(x @ W).mean(0)),
        loss_after=balance_loss(loads[1], softmax(x @ after).mean(0)),
        experts=EXPERTS,
        k=TOP_K,
        count=TOKENS,
        most_before=loads[0].max(),
        least_before=loads[0].min(),
        most_after=loads[1].max(),
        least_after=loads[1].min(),
        slots=int(1.25 * TOKENS / EXPERTS),
        dropped=max(0.0, loads[0].max() - 1.25 / EXPERTS),
        idle=1 - TOP_K / EXPERTS,
    )


def check(n):
    yield "the gates of a token sum to 1", np.allclose(n.gates.sum(1), 1, atol=1e-12)
    yield "exactly k experts work on it", np.all((n.gates > 0).sum(1) == n.k)
    token, working = 7, np.flatnonzero(n.gates[7])
    by_hand = sum(n.gates[token, i] * n.answers[token, i] for i in working)
    yield "their weighted answers are the output", np.allclose(by_hand, n.mixed[token])
    even = np.full(n.experts, 1 / n.experts)
    yield "the balance loss is 1 when all is even", abs(balance_loss(even, even) - 1) < 1e-12
    yield "the skewed router pays more than the balanced one", n.loss_before > n.loss_after + 0.1
    yield "the fullest expert loses a quarter or more", n.most_after <= 0.75 * n.most_before
    gap = np.abs(n.loads[1] - 1 / n.experts).max()
    yield "afterwards no load is 4 points off the even share", gap < 0.04


def draw(fig, n):
    axes = fig.subplots(1, 2)
    names = ("as it starts", "after balancing")
    for ax, name, area, home, shares in zip(axes, names, n.maps, n.homes, n.loads, strict=True):
        levels = np.arange(n.experts + 1) - 0.5
        ax.contourf(n.line, n.line, area, levels=levels, colors=PALE)
        for expert in range(n.experts):
            ax.contour(n.line, n.line, area == expert, levels=[0.5], colors=WHITE, linewidths=3)
            mine = n.tokens[home == expert]
            shown = n.tokens[:DRAWN][home[:DRAWN] == expert]
            ax.scatter(*shown.T, s=12, color=STRONG[expert], linewidths=0)
            if len(mine):
                at = np.clip(np.median(mine, axis=0) * 1.15, -2.3, 2.3)
                backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 2.5}
                words = {"ha": "center", "va": "center", "weight": "bold", "bbox": backing}
                ax.text(*at, f"{shares[expert]:.0%}", color=INK, size=17, **words)
        ax.set(xlim=(-2.9, 2.9), ylim=(-2.9, 2.9), xticks=[], yticks=[], aspect="equal")
        ax.set_title(name, loc="center", size=17)
        ax.spines[:].set_visible(False)


MUTANTS = {
    "gates taken from the softmax over all experts": (
        "softmax(np.take_along_axis(z, best, 1))",
        "np.take_along_axis(softmax(z), best, 1)",
    ),
    "the balance loss climbed instead of descended": ("W - x.T", "W + x.T"),
}
