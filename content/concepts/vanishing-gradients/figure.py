"""The gradient of every unit on its way back through deep nets of three activations."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import SEQUENTIAL

HEIGHT = 3.7
VARIANTS = ({"depth": 30}, {"depth": 45})

WIDTH = 64  # units a layer
SHOWN = 10  # units drawn
NETS = 20


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(kind, z):
    if kind == "sigmoid":
        return sigmoid(z) * (1 - sigmoid(z))
    if kind == "tanh":
        return 1 - np.tanh(z) ** 2
    return (z > 0) * 1.0


def gradients(rng, kind, depth):
    """Gradient of a random read-out of length 1 at every layer; row 0 is the input."""
    spread = np.sqrt(2 / WIDTH) if kind == "ReLU" else np.sqrt(1 / WIDTH)
    bend = {"sigmoid": sigmoid, "tanh": np.tanh, "ReLU": lambda z: np.maximum(z, 0)}[kind]
    h, chain = rng.standard_normal(WIDTH), []
    for _ in range(depth):
        w = spread * rng.standard_normal((WIDTH, WIDTH))
        z = w @ h
        h = bend(z)
        chain.append((w, z))
    g = rng.standard_normal(WIDTH)
    rows = [g / np.linalg.norm(g)]
    for w, z in reversed(chain):
        rows.append(w.T @ (slope(kind, z) * rows[-1]))
    return np.array(rows[::-1])


def compute(rng, depth):
    kinds = ("sigmoid", "tanh", "ReLU")
    drawn, left = {}, {}
    for kind in kinds:
        nets = np.array([gradients(rng, kind, depth) for _ in range(NETS)])
        lengths = np.linalg.norm(nets, axis=2)
        left[kind] = np.median(lengths[:, 0])
        # Draw the net in the middle: its arriving gradient is the median, or next to it.
        drawn[kind] = nets[np.argsort(lengths[:, 0])[NETS // 2]]
    z = np.linspace(-6, 6, 1201)
    steepest = slope("sigmoid", z).max()
    return SimpleNamespace(
        depth=depth,
        nets=NETS,
        drawn=drawn,
        left=left,
        left_sigmoid=left["sigmoid"],
        left_tanh=left["tanh"],
        left_relu=left["ReLU"],
        steepest=steepest,
        per_layer=left["sigmoid"] ** (1 / depth),
    )


def check(n):
    yield "a sigmoid is nowhere steeper than 1/4", abs(n.steepest - 0.25) < 1e-6
    # Random weights of variance 1/width keep the length on average; the slopes do the rest.
    yield "each sigmoid layer keeps 20 to 25 % of the gradient", 0.2 < n.per_layer < 0.25
    yield "sigmoids leave less than 1e-10", n.left_sigmoid < 1e-10
    yield "tanh leaves more, yet less than it got", 1e6 * n.left_sigmoid < n.left_tanh < 1
    yield "ReLU with He weights keeps it within a factor 50", 0.02 < n.left_relu < 50
    for kind, rows in n.drawn.items():
        arrived = np.linalg.norm(rows[0])
        yield f"the drawn {kind} net is a typical one", 0.1 < arrived / n.left[kind] < 10


def draw(fig, n):
    panels = fig.subplots(3, 1)
    for ax, (kind, rows) in zip(panels, n.drawn.items(), strict=True):
        size = np.log10(np.abs(rows[:, :SHOWN].T) + 1e-30)
        ax.imshow(
            size, cmap=SEQUENTIAL, vmin=-13, vmax=-0.3, aspect="auto", interpolation="nearest"
        )
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        power = int(np.floor(np.log10(n.left[kind])))
        lead = n.left[kind] / 10.0**power
        words = f"{n.left[kind]:.2f}"
        if power < -2:  # from here on a power of ten reads better
            words = rf"{lead:.0f}×$\mathbf{{10^{{{power}}}}}$ reaches the input"
        ax.set_title(f"{kind}: {words}", weight="bold", pad=4)
    foot = panels[-1]
    foot.set_xticks([0, n.depth], ["input", "loss"])
    foot.tick_params(length=0)


MUTANTS = {
    "weights without He's factor 2": ("np.sqrt(2 / WIDTH)", "np.sqrt(1 / WIDTH)"),
    "the sigmoid's slope taken for its value": (
        "return sigmoid(z) * (1 - sigmoid(z))",
        "return sigmoid(z)",
    ),
}
