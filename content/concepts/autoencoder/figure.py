"""One number a point: the straight code of PCA against the curved one of an autoencoder."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, RULE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.2
COLOURS = 40
VARIANTS = (
    {"shape": "arc"},
    {"shape": "wave"},
)

POINTS = 160
HIDDEN = 12
STEPS = 900
SHOWN = 70


def points_on(shape, rng):
    place = rng.uniform(-1, 1, POINTS)
    if shape == "arc":
        clean = np.c_[1.6 * np.sin(2.1 * place), -1.6 * np.cos(2.1 * place)]
    else:
        clean = np.c_[1.9 * place, 1.35 * np.sin(2.7 * place)]
    x = clean + 0.09 * rng.standard_normal(clean.shape)
    return x - x.mean(0)


def passes(x, layers):
    """Every layer's output; the odd ones bend, the code and the output do not."""
    outputs = [x]
    for number, (weights, bias) in enumerate(layers):
        z = outputs[-1] @ weights + bias
        outputs.append(np.tanh(z) if number % 2 == 0 else z)
    return outputs


def train(rng, x):
    """Encoder 2-12-1 and decoder 1-12-2 by full-batch Adam; layers of the last step."""
    sizes = ((2, HIDDEN), (HIDDEN, 1), (1, HIDDEN), (HIDDEN, 2))
    flat = []
    for a, b in sizes:
        flat += [rng.standard_normal((a, b)) / np.sqrt(a), 0.3 * rng.standard_normal(b)]
    first, second = [0 * p for p in flat], [0 * p for p in flat]
    for step in range(1, STEPS + 1):
        outputs = passes(x, list(zip(flat[::2], flat[1::2], strict=True)))
        back = 2 * (outputs[-1] - x) / len(x)
        gradients = [None] * len(flat)
        for number in (3, 2, 1, 0):
            if number % 2 == 0:
                back = back * (1 - outputs[number + 1] ** 2)
            gradients[2 * number] = outputs[number].T @ back
            gradients[2 * number + 1] = back.sum(0)
            back = back @ flat[2 * number].T
        rate = 0.03 * (1 - step / (STEPS + 1)) + 1e-3
        for i, g in enumerate(gradients):
            first[i] = 0.9 * first[i] + 0.1 * g
            second[i] = 0.99 * second[i] + 0.01 * g**2
            size = np.sqrt(second[i] / (1 - 0.99**step)) + 1e-8
            flat[i] = flat[i] - rate * first[i] / (1 - 0.9**step) / size
    return list(zip(flat[::2], flat[1::2], strict=True))


def train_linear(rng, x):
    """An autoencoder without bends, one number wide, by plain gradient descent."""
    encode, decode = 0.3 * rng.standard_normal((2, 1)), 0.3 * rng.standard_normal((1, 2))
    for _ in range(1_500):
        code = x @ encode
        wrong = code @ decode - x
        change_decode = code.T @ wrong / len(x)
        change_encode = x.T @ (wrong @ decode.T) / len(x)
        encode, decode = encode - 0.1 * change_encode, decode - 0.1 * change_decode
    return x @ encode @ decode


def compute(rng, shape):
    x = points_on(shape, rng)
    spread = (x**2).sum(1).mean()
    axis = np.linalg.svd(x, full_matrices=False)[2][0]
    straight = (x @ axis)[:, None] * axis
    # Two starts, the better kept: a narrow code may fold over itself on the way.
    tries = [train(rng, x) for _ in range(2)]
    layers = min(tries, key=lambda t: ((passes(x, t)[-1] - x) ** 2).sum())
    outputs = passes(x, layers)
    code = outputs[2][:, 0]
    walk = np.linspace(code.min(), code.max(), 120)[:, None]
    curve = passes(walk, layers[2:])[-1]
    linear = train_linear(rng, x)
    loss = [((x - rebuilt) ** 2).sum(1).mean() / spread for rebuilt in (straight, outputs[-1])]
    reach = np.abs(x @ axis).max()
    return SimpleNamespace(
        x=x,
        shape=shape,
        rebuilt=(straight, outputs[-1]),
        curves=(np.outer([-reach, reach], axis), curve),
        lost=loss,
        lost_straight=loss[0],
        lost_curved=loss[1],
        ratio=loss[0] / loss[1],
        linear_over_pca=((linear - x) ** 2).sum() / ((straight - x) ** 2).sum(),
        points=POINTS,
        hidden=HIDDEN,
        steps=STEPS,
        parameters=sum(w.size + b.size for w, b in layers),
    )


def check(n):
    yield "the curved code loses a third of what the straight one does, or less", n.ratio > 3
    # Baldi and Hornik 1989: without bends the best autoencoder spans the principal axes.
    yield "a linear autoencoder ends on PCA's error within 1 %", abs(n.linear_over_pca - 1) < 0.01
    residual = n.x - n.rebuilt[0]
    yield (
        "PCA's misses are at right angles to its line",
        np.allclose((residual * n.rebuilt[0]).sum(1), 0, atol=1e-10),
    )


def draw(fig, n):
    axes = fig.subplots(1, 2, sharex=True, sharey=True)
    looks = (("PCA", VERMILLION, VERMILLION_INK), ("autoencoder", BLUE, BLUE))
    for ax, (name, colour, ink), rebuilt, curve, lost in zip(
        axes, looks, n.rebuilt, n.curves, n.lost, strict=True
    ):
        few = slice(0, SHOWN)
        sticks = np.stack([n.x[few], rebuilt[few], np.full((SHOWN, 2), np.nan)], 1)
        ax.plot(*sticks.reshape(-1, 2).T, color=colour, linewidth=1.5)
        ax.plot(*curve.T, color=colour, linewidth=4)
        ax.plot(*n.x[few].T, "o", color=INK, markersize=5.5, mec=WHITE, mew=0.5)
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.margins(0.06)
        ax.spines[:].set(visible=True, color=RULE)
        ax.set_title(name, loc="center", color=ink, weight="bold", size=17)
        ax.set_xlabel(f"{100 * lost:.1f}% lost")


MUTANTS = {
    "the code layer bends too, and the gradient is not told": (
        "np.tanh(z) if number % 2 == 0 else z",
        "np.tanh(z)",
    ),
    "the gradient forgets the slope of the bend and its sign": (
        "back = back * (1 - outputs[number + 1] ** 2)",
        "back = -back",
    ),
}
