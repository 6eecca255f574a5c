"""Samples of one class among three, with the prompt ignored, followed and overdone."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, MIST, RULE

HEIGHT = 2.7
COLOURS = 48
VARIANTS = (
    {"weights": (0, 1, 3), "turn": 90.0},
    {"weights": (0, 1, 4), "turn": 210.0},
)

TRAINED = 1000
STEPS = 50
SAMPLES = 600
DRAWN = 400
SPREAD = 0.62
RADIUS = 1.05


def schedule():
    beta = np.linspace(1e-4, 0.02, TRAINED)
    return np.concatenate([[1.0], np.cumprod(1 - beta)])


def guess_noise(x, kept, middle):
    """The noise in x as a perfect network guesses it, if data come from heaps at `middle`."""
    variance = kept * SPREAD**2 + 1 - kept
    away = x[:, None] - np.sqrt(kept) * middle
    weight = np.exp(-0.5 * (away**2).sum(axis=-1) / variance)
    weight /= weight.sum(axis=1, keepdims=True)
    return np.sqrt(1 - kept) * (weight[..., None] * away).sum(axis=1) / variance


def guided(without, prompted, w):
    """Overshoot from the guess without a prompt towards the guess with it."""
    return without + w * (prompted - without)


def sample(start, middle, w):
    """Deterministic sampling from noise, class 0 as the prompt."""
    signal = schedule()
    times = np.round(np.linspace(1, 0, STEPS + 1) ** 1.5 * TRAINED).astype(int)
    x = start
    for now, then in pairwise(times):
        kept, before = signal[now], signal[then]
        noise = guided(guess_noise(x, kept, middle), guess_noise(x, kept, middle[:1]), w)
        clean = (x - np.sqrt(1 - kept) * noise) / np.sqrt(kept)
        x = np.sqrt(before) * clean + np.sqrt(1 - before) * noise
    return x


def classify(x, middle):
    """The class of highest probability; the heaps are alike, so it is the nearest."""
    return ((x[:, None] - middle) ** 2).sum(axis=-1).argmin(axis=1)


def spread(x):
    return np.sqrt(x.var(axis=0).mean())


def compute(rng, weights, turn):
    angle = np.deg2rad(turn) + 2 * np.pi * np.arange(3) / 3
    middle = RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    start = rng.standard_normal((SAMPLES, 2))
    clouds = [sample(start, middle, w) for w in weights]
    right = np.array([(classify(x, middle) == 0).mean() for x in clouds])
    wide = np.array([spread(x) for x in clouds])
    real = middle[0] + SPREAD * rng.standard_normal((20_000, 2))
    outward = np.array([x.mean(axis=0) @ middle[0] / RADIUS for x in clouds])
    return SimpleNamespace(
        clouds=clouds,
        middle=middle,
        weights=weights,
        strong=weights[2],
        right=right,
        right_none=right[0],
        right_plain=right[1],
        right_strong=right[2],
        right_real=(classify(real, middle) == 0).mean(),
        spread_real=SPREAD,
        spread_plain=wide[1],
        spread_strong=wide[2],
        spreads=wide,
        shrunk=wide[2] / wide[1],
        outward=outward,
        place=RADIUS,
        out_plain=outward[1],
        out_strong=outward[2],
        samples=SAMPLES,
        steps=STEPS,
        example=guided(0.2, 0.5, 3.0),
        example_without=0.2,
        example_with=0.5,
        example_w=3,
    )


def check(n):
    error = np.sqrt(0.25 / n.samples)
    # Weight 0 draws from all three heaps alike, weight 1 from the asked one alone.
    yield "weight 0 ignores the prompt: a third", abs(n.right_none - 1 / 3) < 4 * error
    yield "weight 1 is as pure as the class itself", abs(n.right_plain - n.right_real) < 4 * error
    yield "and as wide, within 10 %", abs(n.spread_plain / n.spread_real - 1) < 0.1
    yield "and in the same place", abs(n.out_plain - n.place) < 0.12
    yield "more weight is purer", n.right_strong > n.right_plain + 0.05
    yield "less varied", n.shrunk < 0.85
    yield "and pushed away from the others", n.out_strong > n.out_plain + 0.1
    yield "the example adds up", abs(n.example - 1.1) < 1e-12


def draw(fig, n):
    fig.set_layout_engine("none")
    ratio = 6.0 / HEIGHT
    angle = np.linspace(0, 2 * np.pi, 120)
    ring = np.stack([np.cos(angle), np.sin(angle)])
    for column, (x, w, right) in enumerate(zip(n.clouds, n.weights, n.right, strict=True)):
        ax = fig.add_axes((0.012 + 0.33 * column, 0.175, 0.316, 0.316 * ratio))
        for k, centre in enumerate(n.middle):
            hill = centre[:, None] + 2 * SPREAD * ring
            if k:
                ax.fill(*hill, color=MIST, linewidth=0, zorder=0)
            ax.plot(
                *hill,
                color=INK if k == 0 else GREY,
                linewidth=2.5 if k == 0 else 1.2,
                zorder=3 if k == 0 else 1,
            )
        ax.scatter(*x[:DRAWN].T, s=13, color=BLUE, linewidths=0, alpha=0.75, zorder=2)
        ax.set(xlim=(-2.95, 2.95), ylim=(-2.95, 2.95), xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=RULE)
        ax.set_title(f"$w$ = {w}", weight="bold", loc="center", size=17, pad=5)
        ax.set_xlabel(f"{right:.0%} on topic", color=BLUE, labelpad=5)


MUTANTS = {
    "the overshoot goes the wrong way": (
        "return without + w * (prompted - without)",
        "return without - w * (prompted - without)",
    ),
    "the weight starts from the prompt (the paper's 1 + w)": (
        "return without + w * (prompted - without)",
        "return prompted + w * (prompted - without)",
    ),
}
