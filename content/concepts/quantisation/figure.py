"""The same weights on coarser and coarser grids: what 8, 4, 3 and 2 bits leave of them."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, DIVERGING, INK, RULE

HEIGHT = 2.75
COLOURS = 100
VARIANTS = ({"bits": (8, 4, 3, 2), "waves": 14}, {"bits": (6, 4, 3, 2), "waves": 24})

SIDE = 92  # the weights are shown as a square of this side
ROW = 4096  # weights of one output, for the outlier
PARAMETERS = 7_000_000_000


def step(w, bits):
    """Grid step: the largest weight falls on the last level ("absmax")."""
    return np.abs(w).max() / (2 ** (bits - 1) - 1)


def snapped(w, s):
    return s * np.round(w / s)


def landscape(rng, waves):
    """Smooth values in the plane, spread evenly over -1 to 1, so that theory is exact."""
    x, y = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
    total = np.zeros((SIDE, SIDE))
    for _ in range(waves):
        kx, ky = rng.normal(0, 6.5, 2)
        total += np.cos(kx * x + ky * y + rng.uniform(0, 2 * np.pi))
    rank = total.ravel().argsort().argsort().reshape(SIDE, SIDE)
    return rank / (SIDE * SIDE - 1) * 2 - 1


def error(w, w_hat):
    return np.sqrt(np.mean((w - w_hat) ** 2))


def compute(rng, bits, waves):
    w = landscape(rng, waves)
    steps = np.array([step(w, b) for b in bits])
    grids = [snapped(w, s) for s in steps]
    fine = [error(w, snapped(w, step(w, b))) for b in range(4, 10)]
    row = rng.standard_normal(ROW) * 0.02
    spoilt = row.copy()
    spoilt[0] = 10 * np.abs(row).max()
    ordinary = slice(1, None)
    calm = error(row[ordinary], snapped(row, step(row, 8))[ordinary])
    stretched = error(spoilt[ordinary], snapped(spoilt, step(spoilt, 8))[ordinary])
    errors = np.array([error(w, g) for g in grids])
    return SimpleNamespace(
        bits=bits,
        w=w,
        steps=steps,
        grids=grids,
        errors=errors,
        levels=[len(np.unique(np.round(g / s))) for g, s in zip(grids, steps, strict=True)],
        gains=20 * np.log10(np.array(fine[:-1]) / np.array(fine[1:])),
        many=bits[0],
        few=bits[1],
        error_many=errors[0],
        error_four=errors[1],
        error_two=errors[3],
        levels_two=len(np.unique(grids[3])),
        nearest=errors[1] / errors[0],
        row=ROW,
        outlier=10,
        worse=stretched / calm,
        kept=np.mean(snapped(spoilt, step(spoilt, 4))[ordinary] != 0),
        billions=PARAMETERS / 1e9,
        half_gb=PARAMETERS * 2 / 1e9,
        four_gb=PARAMETERS / 2 / 1e9,
    )


def check(n):
    # Spread evenly over a cell of width s, an error has the variance s^2 / 12 (Bennett 1948).
    expected = n.steps / np.sqrt(12)
    yield "RMS error is s / sqrt(12) within 1 %", np.allclose(n.errors, expected, rtol=0.01)
    room = n.steps / 2 * (1 + 1e-9)
    worst = np.array([np.abs(n.w - g).max() for g in n.grids])
    yield "no weight moves by more than half a step", np.all(worst <= room)
    yield (
        "b bits: 2^b - 1 levels",
        all(count == 2**b - 1 for count, b in zip(n.levels, n.bits, strict=True)),
    )
    yield "a bit more gains 6.02 dB, as bits grow", abs(n.gains[-1] - 6.02) < 0.05
    yield "one outlier ten times the rest: a grid ten times coarser", 9 < n.worse < 11


def draw(fig, n):
    fig.set_layout_engine("none")
    side, gap = 0.231, 0.0155
    tall = 6.0 / HEIGHT
    base = 0.27
    for panel, (b, grid, err) in enumerate(zip(n.bits, n.grids, n.errors, strict=True)):
        left = 0.015 + panel * (side + gap)
        ax = fig.add_axes((left, base, side, side * tall))
        ax.imshow(grid, cmap=DIVERGING, vmin=-1.15, vmax=1.15, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=RULE)
        middle = left + side / 2
        words = {"ha": "center", "va": "center"}
        fig.text(middle, base + side * tall + 0.09, f"{b} bits", weight="bold", size=17, **words)
        fig.text(middle, base - 0.07, f"{n.levels[panel]} values", color=INK, **words)
        share = f"{err:.1%}" if err < 0.01 else f"{err:.0%}"
        fig.text(middle, base - 0.18, f"error {share}", color=BLUE, **words)


MUTANTS = {
    "rounds down instead of to the nearest": ("np.round(w / s)\n\n", "np.floor(w / s)\n\n"),
    "one level too many for b bits": ("(2 ** (bits - 1) - 1)", "(2 ** (bits - 1))"),
}
