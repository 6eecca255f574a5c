"""The stamp of each position, and how alike two stamps are: a matter of their distance."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import DIVERGING, SEQUENTIAL

HEIGHT = 3.4
COLOURS = 96
VARIANTS = ({"size": 64, "positions": 60}, {"size": 128, "positions": 90})

FAR = 503  # the example's second pair starts here


def encode(positions, size):
    """One row per position: sines in the even columns, cosines of the same hands beside them."""
    speeds = 10000.0 ** (-2 * np.arange(size // 2) / size)
    angles = positions[:, None] * speeds
    rows = np.empty((len(positions), size))
    rows[:, 0::2] = np.sin(angles)
    rows[:, 1::2] = np.cos(angles)
    return rows


def compute(rng, size, positions):
    code = encode(np.arange(positions), size)
    start = int(rng.integers(100, 900))  # somewhere else in the text
    elsewhere = encode(start + np.arange(positions), size)
    likeness = code @ code.T
    first, later = encode(np.array([3, 7]), size), encode(np.array([FAR, FAR + 4]), size)
    return SimpleNamespace(
        code=code,
        likeness=likeness,
        elsewhere=elsewhere @ elsewhere.T,
        size=size,
        self_product=likeness[0, 0],
        one_off=likeness[0, 1],
        ten_off=likeness[0, 10],
        near_pair=first[0] @ first[1],
        far_a=FAR,
        far_b=FAR + 4,
        far_pair=later[0] @ later[1],
        fast=2 * np.pi,
        slow=2 * np.pi * 10000 ** ((size - 2) / size),
        positions=positions,
    )


def check(n):
    # sin a sin b + cos a cos b = cos(a - b), summed over the hands.
    gaps = np.arange(n.positions)
    exact = np.cos(np.outer(gaps, 10000.0 ** (-np.arange(0, n.size, 2) / n.size))).sum(axis=1)
    by_gap = exact[np.abs(gaps[:, None] - gaps)]
    yield "the product depends on the distance only", np.allclose(n.likeness, by_gap, atol=1e-9)
    yield "and is the same elsewhere", np.allclose(n.elsewhere, n.likeness, atol=1e-9)
    yield "with itself it is d/2", np.allclose(np.diag(n.likeness), n.size / 2)
    yield "neighbours are most alike", (exact[1:] < exact[0]).all() and exact[1] == exact[1:].max()


def draw(fig, n):
    stamps, alike = fig.subplots(1, 2)
    sines = n.code[:, 0::2]  # the cosines look the same, a quarter turn ahead
    stamps.imshow(sines, cmap=DIVERGING, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    alike.imshow(n.likeness, cmap=SEQUENTIAL, vmin=n.likeness.min(), vmax=n.size / 2, aspect="auto")
    last = 10 * (n.positions // 10) - 10
    for ax in (stamps, alike):
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    stamps.set(xticks=[0.5, n.size / 2 - 2], xticklabels=["fast", "slow"], yticks=[0, last])
    stamps.set_xlabel("hand (sine)", labelpad=-2)
    stamps.set_ylabel("position", labelpad=-8)
    stamps.set_title("stamps", weight="bold", loc="center")
    alike.set(xticks=[0, last], yticks=[])
    alike.set_xlabel("position", labelpad=-2)
    alike.set_title("their products", weight="bold", loc="center")


MUTANTS = {
    "sines only": ("np.cos(angles)", "np.sin(angles)"),
    "half the exponent": (
        "(-2 * np.arange(size // 2) / size)",
        "(-1 * np.arange(size // 2) / size)",
    ),
}
