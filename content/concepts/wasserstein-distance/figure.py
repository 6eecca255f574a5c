"""One heap carried onto another with the least work; and a rival measure that gets stuck."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    MIST,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.7
VARIANTS = (
    {"first": ((-2.3, 0.5, 0.6), (2.4, 0.45, 0.4)), "second": ((0.8, 0.65, 1.0),)},
    {"first": ((0.2, 0.8, 1.0),), "second": ((-2.2, 0.4, 0.35), (3.0, 0.55, 0.65))},
)

X = np.linspace(-6, 16, 4401)
CELL = X[1] - X[0]
SHIFTS = np.linspace(0, 8, 41)
SAMPLE = 2000
SLICES = 10


def heap(parts):
    """Density of a mixture of (mean, deviation, weight)."""
    return sum(
        w * np.exp(-0.5 * ((X - m) / s) ** 2) / (s * np.sqrt(2 * np.pi)) for m, s, w in parts
    )


def cumulative(density):
    return np.cumsum(density) * CELL


def distance(p, q):
    """W1: the area between the two cumulative curves."""
    return np.abs(cumulative(p) - cumulative(q)).sum() * CELL


def jensen_shannon(p, q):
    middle = (p + q) / 2 + 1e-300
    parts = [d * np.log((d + 1e-300) / middle) for d in (p, q)]
    return 0.5 * (parts[0] + parts[1]).sum() * CELL


def quantile(density, share):
    return np.interp(share, cumulative(density), X)


def sample(rng, parts):
    pick = rng.choice(len(parts), SAMPLE, p=[w for _, _, w in parts])
    mean, sd = (np.array([part[k] for part in parts])[pick] for k in (0, 1))
    return mean + sd * rng.standard_normal(SAMPLE)


def compute(rng, first, second):
    p, q = heap(first), heap(second)
    xs, ys = np.sort(sample(rng, first)), np.sort(sample(rng, second))
    shuffled = rng.permutation(ys)
    cuts = np.r_[0.002, np.arange(1, SLICES) / SLICES, 0.998]
    fine = (np.arange(500) + 0.5) / 500
    bump = heap(((0.0, 0.6, 1.0),))
    moved = [heap(((s, 0.6, 1.0),)) for s in SHIFTS]
    return SimpleNamespace(
        p=p,
        q=q,
        below_p=cumulative(p),
        below_q=cumulative(q),
        cuts=np.array([quantile(p, cuts), quantile(q, cuts)]),
        moved=np.abs(quantile(p, fine) - quantile(q, fine)).mean(),
        slices=SLICES,
        w1=distance(p, q),
        w1_sample=np.abs(xs - ys).mean(),
        any_pairing=np.abs(xs - shuffled).mean(),
        noise=np.abs(xs - ys).std() / np.sqrt(SAMPLE),
        mean_gap=abs((X * p).sum() * CELL - (X * q).sum() * CELL),
        shift_w1=np.array([distance(bump, m) for m in moved]),
        shift_js=np.array([jensen_shannon(bump, m) for m in moved]),
        limit=np.log(2),
        near=SHIFTS[20],
        wide=SHIFTS[-1],
        js_near=jensen_shannon(bump, moved[20]),
        js_wide=jensen_shannon(bump, moved[-1]),
        w1_near=distance(bump, moved[20]),
        w1_wide=distance(bump, moved[-1]),
        both=distance(p, p),
    )


def check(n):
    # A shifted copy must be carried by the shift, and nothing less.
    yield "W1 of a shifted copy is the shift", np.allclose(n.shift_w1, SHIFTS, atol=0.01)
    yield "JS stops at ln 2", abs(n.js_wide - n.limit) < 1e-3
    yield "JS is never above it", n.shift_js.max() < n.limit + 1e-9
    error = 5 * 2.5 / np.sqrt(SAMPLE)  # both samples move, so five errors of a spread of 2.5
    yield "pairing sorted samples costs the same", abs(n.w1_sample - n.w1) < error
    yield "a random pairing costs more", n.any_pairing > n.w1_sample
    yield "it exceeds the gap of the means: loads cross zero both ways", n.w1 > n.mean_gap + 0.2
    yield "carrying each slice to its match costs W1", abs(n.moved - n.w1) < 0.02
    yield "a heap has no distance to itself", n.both == 0


def draw(fig, n):
    grid = fig.add_gridspec(2, 2, width_ratios=[1.5, 1])
    left = fig.add_subplot(grid[:, 0])
    upper, lower = fig.add_subplot(grid[0, 1]), fig.add_subplot(grid[1, 1])
    seen = (X > -4.2) & (X < 5.2)
    x, p, q = X[seen], n.p[seen], n.q[seen]
    scale = 1 / max(p.max(), q.max())
    base = 2.0  # height of the floor on which p stands; q hangs below zero
    for k in range(n.slices):
        pale = PALE_BLUE if k % 2 else MIST
        (a, b), (c, d) = n.cuts[0, k : k + 2], n.cuts[1, k : k + 2]
        left.fill([a, b, d, c], [base, base, 0, 0], color=pale, linewidth=0)
        top, foot = (x >= a) & (x <= b), (x >= c) & (x <= d)
        left.fill_between(x[top], base, base + scale * p[top], color=pale, linewidth=0)
        left.fill_between(x[foot], 0, -scale * q[foot], color=pale, linewidth=0)
        left.plot([b, d], [base, 0], color=GREY, linewidth=1.2)
    left.plot(x, base + scale * p, color=BLUE, linewidth=3)
    left.plot(x, -scale * q, color=VERMILLION, linewidth=3)
    left.set(xlim=(-4.2, 5.2), ylim=(-1.12, base + 1.12), xticks=[], yticks=[])
    left.spines[:].set_visible(False)
    left.set_title(f"least work $W_1$ = {n.w1:.2f}", weight="bold")
    left.text(-4.1, base + 0.35, "$p$", color=BLUE, weight="bold", size=20)
    left.text(-4.1, -0.75, "$q$", color=VERMILLION_INK, weight="bold", size=20)
    inside = (X > -4.2) & (X < 5.2)
    upper.fill_between(X[inside], n.below_p[inside], n.below_q[inside], color=PALE_VERMILLION)
    upper.plot(X[inside], n.below_p[inside], color=BLUE, linewidth=3)
    upper.plot(X[inside], n.below_q[inside], "--", color=VERMILLION, linewidth=3)
    upper.set(xlim=(-4.2, 5.2), ylim=(-0.02, 1.03), xticks=[], yticks=[0, 1])
    upper.set_title("= area between", loc="left")
    lower.plot(SHIFTS, n.shift_w1, color=BLUE, linewidth=3.5)
    lower.plot(SHIFTS, n.shift_js, "--", color=VERMILLION, linewidth=3.5)
    lower.set(xlim=(0, 8), ylim=(0, 8), xticks=[0, 4, 8], yticks=[0, 8])
    lower.set_xlabel("heaps apart by", labelpad=2)
    lower.text(3.6, 5.0, "$W_1$", color=BLUE, weight="bold", ha="right", size=17)
    lower.text(7.9, 1.4, "JS stuck", color=VERMILLION_INK, weight="bold", ha="right")


MUTANTS = {
    "areas of opposite sign cancel": (
        "return np.abs(cumulative(p) - cumulative(q)).sum() * CELL",
        "return np.abs((cumulative(p) - cumulative(q)).sum()) * CELL",
    ),
    "densities instead of cumulative curves": (
        "return np.abs(cumulative(p) - cumulative(q)).sum() * CELL",
        "return np.abs(p - q).sum() * CELL",
    ),
}
