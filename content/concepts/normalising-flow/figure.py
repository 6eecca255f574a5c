"""A normal heap bent by coupling layers; the grid bends with it and the colour keeps the books."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import INK, RULE, SEQUENTIAL, WHITE

HEIGHT = 2.75
COLOURS = 48
VARIANTS = (
    {"bend": 0.55, "stretch": 0.45, "ripple": 0.5},
    {"bend": -0.6, "stretch": 0.35, "ripple": -0.6},
)

EDGE = 2.6
LINES = 7
CELLS = 44
SPOT = np.array([[0.85, 0.55]])  # the point that is followed
SIDE = 32


def layer_one(z, knobs):
    """The first coordinate is moved and stretched by what the second says."""
    scale = 0.4 * np.tanh(z[..., 1])
    moved = z[..., 0] * np.exp(scale) + knobs["ripple"] * np.sin(1.2 * z[..., 1])
    return np.stack([moved, z[..., 1]], axis=-1), scale


def layer_two(z, knobs):
    """The second coordinate is moved and stretched by what the first says."""
    scale = knobs["stretch"] * np.tanh(z[..., 0])
    moved = z[..., 1] * np.exp(scale) + knobs["bend"] * (z[..., 0] ** 2 - 1)
    return np.stack([z[..., 0], moved], axis=-1), scale


def forward(z, knobs):
    """From noise to data: places and log |det| after 0, 1 and 2 layers."""
    stages, log_det = [(z, np.zeros(z.shape[:-1]))], 0.0
    for layer in (layer_one, layer_two):
        z, grown = layer(z, knobs)
        log_det = log_det + grown
        stages.append((z, log_det))
    return stages


def inverse(x, knobs):
    """f, from data back to noise, and log |det of its slope|."""
    scale_two = knobs["stretch"] * np.tanh(x[..., 0])
    second = (x[..., 1] - knobs["bend"] * (x[..., 0] ** 2 - 1)) * np.exp(-scale_two)
    scale_one = 0.4 * np.tanh(second)
    first = (x[..., 0] - knobs["ripple"] * np.sin(1.2 * second)) * np.exp(-scale_one)
    return np.stack([first, second], axis=-1), -scale_one - scale_two


def log_normal(z):
    return -0.5 * (z**2).sum(axis=-1) - np.log(2 * np.pi)


def log_density(x, knobs):
    z, log_det = inverse(x, knobs)
    return log_normal(z) + log_det


def compute(rng, **knobs):
    ticks = np.linspace(-EDGE, EDGE, CELLS + 1)
    mesh = np.stack(np.meshgrid(ticks, ticks), axis=-1)
    stages = forward(mesh, knobs)
    tone = [np.exp(log_normal(mesh) - log_det) for _, log_det in stages]
    line = np.linspace(-EDGE, EDGE, 80)
    pairs = [
        pair
        for value in np.linspace(-EDGE, EDGE, LINES)
        for pair in ((np.full(80, value), line), (line, np.full(80, value)))
    ]
    threads = [[x for x, _ in forward(np.stack(pair, axis=-1), knobs)] for pair in pairs]
    z = rng.standard_normal((1000, 2))
    x = forward(z, knobs)[-1][0]
    back, log_det = inverse(x, knobs)
    step = 1e-5
    nudges = [
        (inverse(x + step * e, knobs)[0] - inverse(x - step * e, knobs)[0]) / (2 * step)
        for e in np.eye(2)
    ]
    slopes = np.stack(nudges, axis=-1)
    across, up = np.linspace(-9, 9, 241), np.linspace(-22, 22, 561)
    wide = np.stack(np.meshgrid(across, up), axis=-1)
    mass = np.exp(log_density(wide, knobs)).sum() * (across[1] - across[0]) * (up[1] - up[0])
    spot = forward(SPOT, knobs)[-1]
    return SimpleNamespace(
        stages=[x for x, _ in stages],
        tone=tone,
        threads=threads,
        mass=mass,
        round_trip=np.abs(back - z).max(),
        det_gap=np.abs(np.log(np.abs(np.linalg.det(slopes))) - log_det).max(),
        drawn_gap=np.abs(np.log(tone[-1]) - log_density(stages[-1][0], knobs)).max(),
        samples=1000,
        mean_log=log_density(x, knobs).mean(),
        mean_plain=log_normal(x).mean(),
        spot_z=np.exp(log_normal(SPOT))[0],
        spot_stretch=np.exp(spot[1][0]),
        spot_x=np.exp(log_density(spot[0], knobs))[0],
        layers=2,
        side=SIDE,
        numbers=SIDE * SIDE * 3,
        dots=[x[0] for x, _ in forward(SPOT, knobs)],
    )


def check(n):
    yield "the density integrates to 1", abs(n.mass - 1) < 0.01
    yield "the inverse undoes the map", n.round_trip < 1e-9
    yield "log-det agrees with nudged inputs", n.det_gap < 1e-5
    yield "the colours drawn are the density at the bent places", n.drawn_gap < 1e-9
    yield "the flow explains its samples better than a plain normal", n.mean_log > n.mean_plain
    yield "density times stretch is kept", abs(n.spot_x * n.spot_stretch - n.spot_z) < 1e-12


def draw(fig, n):
    fig.set_layout_engine("none")
    names = ("noise $z$", "1 layer", "2 layers: $x$")
    top = max(t.max() for t in n.tone)
    reach = max(np.abs(x[..., 0]).max() for x in n.stages)
    low, high = (f(x[..., 1]) for f, x in ((np.min, n.stages[-1]), (np.max, n.stages[-1])))
    for column, (x, tone, name) in enumerate(zip(n.stages, n.tone, names, strict=True)):
        ax = fig.add_axes((0.012 + 0.33 * column, 0.03, 0.316, 0.84))
        ax.pcolormesh(
            x[..., 0], x[..., 1], tone, cmap=SEQUENTIAL, vmin=0, vmax=0.8 * top, shading="gouraud"
        )
        for thread in n.threads:
            ax.plot(*thread[column].T, color=WHITE, linewidth=1.4)
        ax.plot(*n.dots[column], "o", color=INK, mec=WHITE, mew=2, markersize=12, zorder=5)
        ax.set_title(name, weight="bold", loc="center", color=INK, pad=6)
        ax.set(xlim=(-reach, reach), xticks=[], yticks=[])
        ax.set(ylim=(min(low, -3), max(high, 3)) if column == 2 else (-3.4, 3.4))
        ax.spines[:].set(visible=True, color=RULE)


MUTANTS = {
    "the stretch is added instead of taken away": (
        "return log_normal(z) + log_det",
        "return log_normal(z) - log_det",
    ),
    "the determinant is left out": ("return log_normal(z) + log_det", "return log_normal(z)"),
}
