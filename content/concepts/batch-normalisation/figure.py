"""One unit per layer over a batch: raw its values drift with depth, normalised they stay put."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.6
VARIANTS = ({"gain": 1.25, "drawn": 5}, {"gain": 1.3, "drawn": 4})

BATCH = 1500
WIDTH = 64
EPSILON = 1e-5
GRID = np.linspace(-9, 9, 241)


def normalise(x):
    """Each column (feature) to mean 0 and variance 1 over the rows (the batch)."""
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON)


def layers(x, weights, biases, normalised):
    """Sums before the ReLU, layer by layer."""
    sums = []
    for w, b in zip(weights, biases, strict=True):
        z = x @ w + b
        if normalised:
            z = normalise(z)
        sums.append(z)
        x = np.maximum(z, 0)
    return sums


def density(values):
    """A smooth histogram on GRID, its peak at 1."""
    spread = max(values.std(), 0.2)
    bumps = np.exp(-0.5 * ((GRID[:, None] - values[:500]) / (0.3 * spread)) ** 2)
    return bumps.mean(axis=1) / spread


def compute(rng, gain, drawn):
    x = rng.standard_normal((BATCH, WIDTH))
    weights = gain * np.sqrt(2 / WIDTH) * rng.standard_normal((drawn, WIDTH, WIDTH))
    biases = 0.5 * rng.standard_normal((drawn, WIDTH))
    raw = layers(x, weights, biases, normalised=False)
    calm = layers(x, weights, biases, normalised=True)
    louder = layers(x, 10 * weights, biases, normalised=True)
    # The unit whose mean has drifted furthest stands for its layer.
    units = [int(np.abs(z.mean(axis=0)).argsort()[-WIDTH // 4]) for z in raw]
    batch = np.array([[2.0], [4.0], [6.0], [8.0]])
    small = normalise(batch)[:, 0]
    return SimpleNamespace(
        raw=np.array([density(z[:, u]) for z, u in zip(raw, units, strict=True)]),
        calm=np.array([density(z[:, u]) for z, u in zip(calm, units, strict=True)]),
        means=np.array([z.mean(axis=0) for z in calm]),
        variances=np.array([z.var(axis=0) for z in calm]),
        scale_gap=np.abs(louder[-1] - calm[-1]).mean(),
        first_spread=raw[0].std(),
        last_spread=raw[-1].std(),
        last_calm=calm[-1].std(),
        drawn=drawn,
        batch=BATCH,
        b1=batch[0, 0],
        b4=batch[3, 0],
        centre=batch.mean(),
        variance=batch.var(),
        z1=small[0],
        z2=small[1],
        z3=small[2],
        z4=small[3],
        same=np.abs(normalise(10 * batch)[:, 0] - small).max(),
    )


def check(n):
    yield "every feature has mean 0", np.abs(n.means).max() < 1e-7
    yield "and variance 1", np.abs(n.variances - 1).max() < 1e-3
    yield "weights ten times larger change nothing to speak of", n.scale_gap < 0.05
    yield "raw, the spread grows with depth", n.last_spread > 1.5 * n.first_spread
    yield "ten times the example's batch gives the same", n.same < 1e-4
    area = n.calm @ (GRID**2) / n.calm.sum(axis=1)
    yield "the drawn normalised hills have spread 1", (np.abs(area - 1.09) < 0.35).all()


def draw(fig, n):
    panels = fig.subplots(1, 2, sharey=True)
    looks = (
        (panels[0], n.raw, VERMILLION, PALE_VERMILLION, VERMILLION_INK, "raw"),
        (panels[1], n.calm, BLUE, PALE_BLUE, BLUE, "normalised"),
    )
    for ax, hills, colour, pale, ink, name in looks:
        ax.axvline(0, color=GREY, linewidth=1.4, linestyle=":", zorder=0)
        for layer, hill in enumerate(hills):
            base = n.drawn - layer
            top = base + 1.5 * hill / n.calm.max()
            ax.fill_between(GRID, base, top, color=pale, linewidth=0, zorder=layer + 1)
            ax.plot(GRID, top, color=colour, linewidth=2.5, zorder=layer + 1)
        ax.set_title(name, weight="bold", color=ink, loc="center")
        ax.set(xlim=(-9, 9), xticks=[-5, 0, 5], yticks=[])
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("sum in a unit")
        ax.tick_params(axis="y", length=0)
    panels[0].set_yticks([1.15, n.drawn + 0.15], [f"layer {n.drawn}", "1"])


MUTANTS = {
    "divided by the variance": ("np.sqrt(x.var(axis=0) + EPSILON)", "(x.var(axis=0) + EPSILON)"),
    "over the features, as layer norm does": (
        "(x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + EPSILON)",
        "(x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + EPSILON)",
    ),
}
