"""A circle of inputs sent through fifty layers, with and without the skip."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import DIVERGING

HEIGHT = 3.5
COLOURS = 96
VARIANTS = ({"depth": 50, "gain": 0.7}, {"depth": 30, "gain": 0.6})

WIDTH = 48
NETS = 15
ANGLES = 121


def block(h, w):
    return np.tanh(w @ h)


def forward(x, weights, skip):
    """States of all layers; columns of x are inputs."""
    states = [x]
    for w in weights:
        h = states[-1]
        states.append(h + block(h, w) if skip else block(h, w))
    return states


def gradient(x, weights, skip, g):
    """Length of the gradient that reaches the input, for a read-out g of length 1."""
    states = forward(x, weights, skip)
    for w, h in zip(reversed(weights), reversed(states[:-1]), strict=True):
        through = w.T @ ((1 - block(h, w) ** 2) * g)
        g = g + through if skip else through
    return np.linalg.norm(g)


def compute(rng, depth, gain):
    spread = gain / np.sqrt(WIDTH)
    plain, skipped = [], []
    for _ in range(NETS):
        weights = spread * rng.standard_normal((depth, WIDTH, WIDTH))
        x, g = rng.standard_normal((2, WIDTH))
        g /= np.linalg.norm(g)
        plain.append(gradient(x, weights, False, g))
        skipped.append(gradient(x, weights, True, g))
    # The drawn net is the last one: inputs run round a circle, one unit is watched.
    angle = np.linspace(0, 2 * np.pi, ANGLES)
    plane = rng.standard_normal((WIDTH, 2))
    circle = plane @ np.array([np.cos(angle), np.sin(angle)])
    # A pair of finite differences confirms the sweep through the skip.
    nudged = [g @ forward(x + s * 1e-5 * plane[:, 0], weights, True)[-1] for s in (1, -1)]
    slope = (nudged[0] - nudged[1]) / 2e-5
    states = forward(x, weights, True)
    back = g
    for w, h in zip(reversed(weights), reversed(states[:-1]), strict=True):
        back = back + w.T @ ((1 - block(h, w) ** 2) * back)
    watched = int(np.abs(circle).mean(axis=1).argmax())
    return SimpleNamespace(
        plain_map=np.array([h[watched] for h in forward(circle, weights, False)]),
        skip_map=np.array([h[watched] for h in forward(circle, weights, True)]),
        plain=np.median(plain),
        skip=np.median(skipped),
        slope_gap=abs(slope - back @ plane[:, 0]) / (1 + abs(slope)),
        depth=depth,
        nets=NETS,
        gain=gain,
        expected=gain**depth,
    )


def check(n):
    yield "the plain gradient is below a thousandth", n.plain < 1e-3
    # Weights of spread gain/sqrt(n) shrink a gradient by the gain, slopes of tanh a little more.
    yield "it follows gain ** depth within a factor 30", 1 / 30 < n.plain / n.expected < 3
    yield "with the skip it is neither lost nor exploded", 0.1 < n.skip < 1000
    yield "it agrees with nudging the input", n.slope_gap < 1e-5
    yield "on the map the plain signal is gone", np.abs(n.plain_map[-1]).max() < 1e-3
    yield "with the skip it is alive", np.ptp(n.skip_map[-1]) > 0.3


def draw(fig, n):
    panels = fig.subplots(1, 2, sharey=True)
    power = int(np.round(np.log10(n.plain)))
    words = (rf"gradient 10$^{{{power}}}$", f"gradient {n.skip:.1f}")
    for ax, values, name, left in zip(
        panels, (n.plain_map, n.skip_map), ("plain", "h + F(h)"), words, strict=True
    ):
        ax.imshow(values, cmap=DIVERGING, vmin=-3, vmax=3, aspect="auto", interpolation="nearest")
        ax.set_title(name, weight="bold", loc="center")
        ax.set(xticks=[0, ANGLES - 1], xticklabels=["0°", "360°"], yticks=[0, n.depth])
        ax.set_xlabel(left, labelpad=0)
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    panels[0].set_ylabel("layer", labelpad=-10)


MUTANTS = {
    "the skip is lost on the way back": (
        "        g = g + through if skip else through",
        "        g = through",
    ),
    "the branch replaces the path": ("h + block(h, w) if skip", "block(h, w) if skip"),
}
