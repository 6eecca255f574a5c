"""LoRA, really trained: a thin B times a flat A learns the change that a big layer needs."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, DIVERGING, RULE

HEIGHT = 3.6
COLOURS = 48
VARIANTS = ({"rank": 4, "alpha": 8}, {"rank": 2, "alpha": 4})

WIDTH = 48  # inputs and outputs of the layer
EXAMPLES = 2000
STEPS = 1500
STRENGTHS = np.array([6.0, 5.0, 4.0, 3.0])  # the task needs four directions, and a little of all


def needed_change(rng):
    """Four plane waves over the units, and noise of full rank."""
    unit = np.arange(WIDTH) / WIDTH
    waves = [
        np.cos(2 * np.pi * (k * unit[:, None] + rng.random(2)) + [0, np.pi / 3])
        for k in (1, 2, 3, 1.5)
    ]
    left, _ = np.linalg.qr(np.array([wave[:, 0] for wave in waves]).T)
    right, _ = np.linalg.qr(np.array([wave[::-1, 1] for wave in waves]).T)
    return left * STRENGTHS @ right.T + 0.02 * rng.standard_normal((WIDTH, WIDTH))


def adapted(W, A, B, alpha):
    """The layer with its adapter merged in."""
    return W + alpha / len(A) * B @ A


def first_adapter(rng, rank):
    """B starts at zero, so that training starts from the model as it is."""
    A = rng.standard_normal((rank, WIDTH)) / np.sqrt(WIDTH)
    B = np.zeros((WIDTH, rank))
    return A, B


def compute(rng, rank, alpha):
    W = rng.standard_normal((WIDTH, WIDTH)) / np.sqrt(WIDTH)
    target = W + needed_change(rng)
    x = rng.standard_normal((WIDTH, EXAMPLES))
    second_moment = x @ x.T / EXAMPLES
    A, B = first_adapter(rng, rank)
    start = adapted(W, A, B, alpha)
    scale = alpha / rank
    for _ in range(STEPS):  # descent on the mean squared error over the examples
        slope = scale * (W + scale * B @ A - target) @ second_moment
        A, B = A - 0.02 * B.T @ slope, B - 0.02 * slope @ A.T
    merged = adapted(W, A, B, alpha)
    change = target - W
    missed = np.sum((merged - target) ** 2) / np.sum(change**2)
    spectrum = np.linalg.svd(change, compute_uv=False) ** 2
    return SimpleNamespace(
        W=W,
        A=A,
        B=B,
        alpha=alpha,
        rank=rank,
        x=x[:, :5],
        start=start,
        merged=merged,
        change=change,
        learnt=merged - W,
        recovered=1 - missed,
        best=spectrum[:rank].sum() / spectrum.sum(),
        width=WIDTH,
        full=W.size,
        thin=A.size + B.size,
        share=(A.size + B.size) / W.size,
        examples=EXAMPLES,
        large=4096,
        large_rank=8,
        large_full=4096**2,
        large_thin=8 * (4096 + 4096),
        large_share=8 * (4096 + 4096) / 4096**2,
    )


def check(n):
    yield "before training nothing has changed, to the last bit", np.array_equal(n.start, n.W)
    yield "the change has rank r at most", np.linalg.matrix_rank(n.learnt, tol=1e-8) <= n.rank
    beside = n.W @ n.x + n.alpha / n.rank * (n.B @ (n.A @ n.x))
    yield "merged or beside the layer: the same outputs", np.allclose(beside, n.merged @ n.x)
    # No matrix of rank r does better than the truncated SVD (Eckart and Young 1936).
    yield "not above the best of that rank", n.recovered <= n.best + 1e-9
    yield "and within one percent of it", n.recovered >= n.best - 0.01
    yield "r (4096 + 4096) of 4096^2 is 1/256", n.large_share == 1 / 256


def draw(fig, n):
    fig.set_layout_engine("none")
    side, base, thick = 0.375, 0.17, 0.375 * n.rank / n.width
    tall = 6.0 / HEIGHT
    limit = np.abs(n.change).max()
    first, second = 0.055, 0.585
    gap = 0.016
    spread = 1.6 * thick  # a little thicker than to scale: one pixel a unit is hard to see
    places = (
        (n.change, limit, (first, base, side, side * tall)),
        (n.learnt, limit, (second, base, side, side * tall)),
        (n.B, np.abs(n.B).max(), (second - gap - spread, base, spread, side * tall)),
        (n.A, np.abs(n.A).max(), (second, base + (side + gap) * tall, side, spread * tall)),
    )
    for values, top, place in places:
        ax = fig.add_axes(place)
        ax.imshow(values, cmap=DIVERGING, vmin=-top, vmax=top, aspect="auto")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=RULE)
    above = base + (side + gap) * tall
    words = {"ha": "center", "va": "center"}
    fig.text(first + side / 2, above + 0.045, "the change needed", va="bottom", ha="center")
    fig.text(second + side / 2, above + spread * tall + 0.02, "$A$", va="bottom", ha="center")
    fig.text(second - gap - spread / 2, above - 0.01, "$B$", va="bottom", ha="center")
    middle = (first + side + second - gap - spread) / 2
    fig.text(middle, base + side * tall / 2, "≈", size=28, **words)
    below = base - 0.075
    fig.text(first + side / 2, below, f"{n.full} numbers", size=16, **words)
    result = f"{n.thin} numbers: {n.recovered:.0%}"
    fig.text(second + side / 2, below, result, size=16, weight="bold", color=BLUE, **words)


MUTANTS = {
    "the merge forgets alpha/r": ("W + alpha / len(A) * B @ A", "W + B @ A"),
    "both factors start at zero: no gradient": (
        "rng.standard_normal((rank, WIDTH)) / np.sqrt(WIDTH)",
        "np.zeros((rank, WIDTH))",
    ),
    "both factors start at random": (
        "B = np.zeros((WIDTH, rank))",
        "B = np.full((WIDTH, rank), 0.1)",
    ),
}
