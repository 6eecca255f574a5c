"""Six tokens of different loudness and offset, before and after layer normalisation."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import DIVERGING

HEIGHT = 3.2
VARIANTS = (
    {"spreads": (0.2, 20.0, 1.0, 0.5, 6.0, 0.3), "offsets": (0.5, -3.0, 2.5, -1.0, 4.0, 0.0)},
    {"spreads": (9.0, 0.3, 0.6, 30.0, 0.2, 1.5), "offsets": (-2.0, 1.0, -2.5, 5.0, 0.3, 2.0)},
)

FEATURES = 48
EPSILON = 1e-5


def normalise(x):
    """Each row (token) to mean 0 and variance 1 over its own features; gamma 1, beta 0."""
    return (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + EPSILON)


def compute(rng, spreads, offsets):
    places = np.linspace(0, 2 * np.pi, FEATURES, endpoint=False)
    turns = np.arange(1, len(spreads) + 1)[:, None]
    message = np.sqrt(2) * np.sin(turns * places + rng.uniform(0, 2 * np.pi, turns.shape))
    message += 0.15 * rng.standard_normal(message.shape)
    raw = np.array(spreads)[:, None] * message + np.array(offsets)[:, None]
    clean = normalise(raw)
    alone = np.vstack([normalise(row[None]) for row in raw])
    small = np.array([[1.0, 2.0, 3.0, 6.0]])
    z = normalise(small)[0]
    loud = normalise(100 * small)[0]
    return SimpleNamespace(
        message=message,
        raw=raw,
        clean=clean,
        alone=alone,
        raw_spread=raw.std(axis=1),
        clean_spread=clean.std(axis=1),
        loudest=raw.std(axis=1).max(),
        quietest=raw.std(axis=1).min(),
        times=raw.std(axis=1).max() / raw.std(axis=1).min(),
        centre=small.mean(),
        spread=small.std(),
        z1=z[0],
        z2=z[1],
        z3=z[2],
        z4=z[3],
        loud_gap=np.abs(loud - z).max(),
        tokens=len(spreads),
    )


def check(n):
    yield "every token has mean 0", np.abs(n.clean.mean(axis=1)).max() < 1e-7
    yield "and variance 1", np.abs(n.clean.var(axis=1) - 1).max() < 1e-3
    yield "a token alone gives the very same output", np.array_equal(n.alone, n.clean)
    same = [np.corrcoef(a, b)[0, 1] for a, b in zip(n.message, n.clean, strict=True)]
    yield "the pattern is untouched", min(same) > 1 - 1e-9
    yield "the example a hundred times as loud gives the same", n.loud_gap < 1e-4


def draw(fig, n):
    panels = fig.subplots(1, 2)
    for ax, values, spreads, name in (
        (panels[0], n.raw, n.raw_spread, "raw"),
        (panels[1], n.clean, n.clean_spread, "normalised"),
    ):
        ax.imshow(
            values, cmap=DIVERGING, vmin=-2.2, vmax=2.2, aspect="auto", interpolation="nearest"
        )
        for row in range(1, n.tokens):
            ax.axhline(row - 0.5, color="#FFFFFF", linewidth=5)
        labels = [f"±{s:.0f}" if s > 0.95 else f"±{s:.1f}" for s in spreads]
        ax.set_yticks(range(n.tokens), labels)
        ax.set(xticks=[])
        ax.set_title(name, weight="bold", loc="center")
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        ax.set_xlabel("features")
    panels[0].set_ylabel("tokens")


MUTANTS = {
    "over the batch, as batch norm does": (
        "(x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + EPSILON)",
        "(x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON)",
    ),
    "the mean is left in (RMS norm)": (
        "(x - x.mean(axis=1, keepdims=True)) /",
        "x /",
    ),
}
