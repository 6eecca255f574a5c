"""Size of the signal through 30 ReLU layers, with weights below, at and above the He value."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREEN,
    GREEN_INK,
    RULE,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.5
VARIANTS = (
    {"scales": (0.5, 1.0, 2.0), "names": ("half of it", "He's spread", "twice that")},
    {"scales": (0.7, 1.0, 1.4), "names": ("0.7 of it", "He's spread", "1.4 times")},
)

WIDTH = 256
DEPTH = 30
NETS = 10


def he_spread(inputs):
    """Standard deviation of a weight with `inputs` units before it."""
    return np.sqrt(2 / inputs)


def signal(rng, scales):
    """Root mean square of the activations: [scale, layer], the same net for each scale."""
    start = rng.standard_normal(WIDTH, dtype=np.float32)
    h = np.tile(start, (len(scales), 1))
    sizes = [np.sqrt(np.mean(h**2, axis=1, dtype=float))]
    factors = np.array(scales, dtype=np.float32)[:, None]
    for _ in range(DEPTH):
        w = np.float32(he_spread(WIDTH)) * rng.standard_normal((WIDTH, WIDTH), dtype=np.float32)
        h = np.maximum(0, factors * (h @ w.T))
        sizes.append(np.sqrt(np.mean(h**2, axis=1, dtype=float)))
    return np.array(sizes).T / sizes[0][:, None]


def compute(rng, scales, names):
    runs = np.array([signal(rng, scales) for _ in range(NETS)])  # [net, scale, layer]
    middle = np.median(runs, axis=0)
    return SimpleNamespace(
        runs=runs,
        middle=middle,
        scales=np.array(scales),
        names=names,
        depth=DEPTH,
        width=WIDTH,
        nets=NETS,
        spread=he_spread(WIDTH),
        mean_square=np.mean(runs[:, 1, -1] ** 2),
        low=middle[0, -1],
        kept=middle[1, -1],
        high=middle[2, -1],
        factor=f"{scales[2]:g}",
    )


def check(n):
    # E[h^2] is kept exactly; its mean over ten nets of this width scatters by about 30 %.
    yield "He's weights keep the mean square within a factor 4", 0.25 < n.mean_square < 4
    layers = np.arange(n.depth + 1)
    for scale, runs in zip(n.scales, n.runs.swapaxes(0, 1), strict=True):
        # A ReLU passes a factor through, so spreads multiply the signal layer by layer.
        expected = scale**layers * n.runs[:, 1]
        yield f"{scale} times the spread acts in each layer", np.allclose(runs, expected, rtol=1e-3)
    yield (
        "every net with He's weights stays within a factor 6",
        ((n.runs[:, 1] > 1 / 6) & (n.runs[:, 1] < 6)).all(),
    )


def draw(fig, n):
    ax = fig.subplots()
    layers = np.arange(n.depth + 1)
    inks = (VERMILLION_INK, BLUE, GREEN_INK)
    colours = (VERMILLION, BLUE, GREEN)
    dashes = ("--", "-", "-.")
    ax.axhline(1, color=RULE, linewidth=1.2, zorder=0)
    for which in range(3):
        runs = n.runs[:, which]
        ax.fill_between(
            layers,
            runs.min(axis=0),
            runs.max(axis=0),
            color=colours[which],
            alpha=0.25,
            linewidth=0,
        )
        ax.plot(layers, n.middle[which], dashes[which], color=colours[which], linewidth=3)
    ax.set_yscale("log")
    top = n.high**1.25
    ax.set(xlim=(0, n.depth), ylim=(1 / top, top), xticks=[0, 10, 20, 30])
    power = int(np.log10(n.high) / 2) * 2
    ax.set_yticks([10.0**-power, 1, 10.0**power])
    ax.minorticks_off()
    words = {"weight": "bold", "ha": "center", "va": "center"}
    ax.text(12, n.middle[2, 12] ** 2.1, f"{n.names[2]}: explodes", color=inks[2], **words)
    ax.text(22, n.middle[2, 12] ** 0.75, f"{n.names[1]}: stays", color=inks[1], **words)
    ax.text(12, n.middle[0, 12] ** 2.1, f"{n.names[0]}: dies out", color=inks[0], **words)
    ax.set_xlabel("layer")
    ax.set_ylabel("size of the signal")


MUTANTS = {
    "Glorot's 1/n, which forgets the ReLU": ("np.sqrt(2 / inputs)", "np.sqrt(1 / inputs)"),
    "the variance taken for the spread": ("np.sqrt(2 / inputs)", "2 / inputs"),
}
