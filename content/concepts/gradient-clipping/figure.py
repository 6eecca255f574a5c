"""Eight walkers come to a cliff above a hollow, without and with clipped gradients."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, SEQUENTIAL, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.8
COLOURS = 48
VARIANTS = (  # a cliff: its height, its steepness, how much it leans
    {"cliff": (6.0, 8.0, 0.0), "cap": 0.5, "phase": 0.32},
    {"cliff": (5.0, 10.0, -0.04), "cap": 0.4, "phase": 0.08},
)

WALKERS, STEPS, RATE = 8, 60, 1.0
CENTRE, WIDTH, DEPTH = np.array([3.0, 0.0]), np.array([2.2, 1.6]), 1.5


def sigma(z):
    return 0.5 * (1 + np.tanh(z / 2))


def loss(x, height, steep, lean):
    """A high plateau, a cliff along x = lean * y, a hollow beyond, and flat land far off."""
    away = (x - CENTRE) / WIDTH
    hollow = DEPTH * (1 - np.exp(-0.5 * (away**2).sum(-1)))
    return hollow + height * sigma(-steep * (x[..., 0] - lean * x[..., 1]))


def slope(x, height, steep, lean):
    away = (x - CENTRE) / WIDTH
    hollow = DEPTH * np.exp(-0.5 * (away**2).sum(-1))[..., None] * away / WIDTH
    s = sigma(-steep * (x[..., 0] - lean * x[..., 1]))
    cliff = -height * steep * s * (1 - s)
    return hollow + cliff[..., None] * np.array([1.0, -lean])


def clip(g, cap):
    norm = np.linalg.norm(g, axis=-1, keepdims=True)
    return g * np.minimum(1.0, cap / norm)


def descend(start, cap, shape):
    path = [start]
    for _ in range(STEPS):
        path.append(path[-1] - RATE * clip(slope(path[-1], *shape), cap))
    return np.array(path)


def compute(rng, cliff, cap, phase):
    height, steep, _lean = cliff
    stagger = (phase + 0.382 * np.arange(WALKERS)) % 1
    start = np.c_[-1.35 + 0.5 * stagger, np.linspace(-1.35, 1.35, WALKERS)]
    start += 0.004 * rng.standard_normal(start.shape)
    wild, tame = descend(start, np.inf, cliff), descend(start, cap, cliff)
    x, y = np.meshgrid(np.linspace(-1.8, 13.5, 201), np.linspace(-1.9, 1.9, 61))
    g = rng.standard_normal((1000, 20)) * 10 ** rng.uniform(-2, 3, (1000, 1))
    jumps = np.linalg.norm(np.diff(wild, axis=0), axis=-1)
    ends = np.linalg.norm(wild[-1] - CENTRE, axis=-1)
    return SimpleNamespace(
        wild=wild,
        tame=tame,
        x=x,
        y=y,
        height=loss(np.stack([x, y], axis=-1), *cliff),
        g=g,
        clipped=clip(g, cap),
        numeric=[
            (loss(start + e, *cliff) - loss(start - e, *cliff)) / 2e-5 for e in 1e-5 * np.eye(2)
        ],
        slopes=slope(start, *cliff),
        ends=ends,
        tame_ends=np.linalg.norm(tame[-1] - CENTRE, axis=-1),
        tame_jumps=np.linalg.norm(np.diff(tame, axis=0), axis=-1),
        lost=int((ends >= 0.2).sum()),
        arrived=int((np.linalg.norm(tame[-1] - CENTRE, axis=-1) < 0.2).sum()),
        walkers=WALKERS,
        steps=STEPS,
        cap=cap,
        longest=jumps.max(),
        longest_tame=RATE * cap,
        steepest=height * steep / 4,
        wild_loss=loss(wild[-1], *cliff).mean(),
        tame_loss=loss(tame[-1], *cliff).mean(),
    )


def check(n):
    norms = np.linalg.norm(n.g, axis=1)
    capped = np.linalg.norm(n.clipped, axis=1)
    yield "no clipped gradient is longer than the cap", (capped <= n.cap * (1 + 1e-12)).all()
    turn = (n.g * n.clipped).sum(1) / (norms * capped)
    yield "its direction is unchanged", np.abs(turn - 1).max() < 1e-12
    small = norms < n.cap
    yield "short gradients pass untouched", np.array_equal(n.g[small], n.clipped[small])
    yield "the slope is that of the map drawn", np.allclose(n.slopes.T, n.numeric, atol=1e-4)
    yield "unclipped, at least two walkers are thrown out of the hollow", n.lost >= 2
    yield "by steps ten times as long as any clipped one", n.longest >= 10 * n.tame_jumps.max()
    yield "clipped, all of them reach the bottom", n.tame_ends.max() < 0.2


def draw(fig, n):
    panels = fig.subplots(2, 1, sharex=True)
    looks = (
        (n.wild, VERMILLION, VERMILLION_INK, "unclipped"),
        (n.tame, BLUE, BLUE, "clipped"),
    )
    levels = np.r_[np.linspace(0, 1.5, 7), np.linspace(1.9, n.height.max() + 0.01, 6)]
    ticks = np.interp(levels, levels, np.linspace(0.15, 1.0, len(levels)))
    for ax, (paths, colour, ink, name) in zip(panels, looks, strict=True):
        shade = np.interp(n.height, levels, ticks)
        ax.contourf(n.x, n.y, shade, levels=ticks, cmap=SEQUENTIAL, alpha=0.6, vmin=-1.6, vmax=1.05)
        for walker in range(n.walkers):
            ax.plot(*paths[:, walker].T, "-o", color=colour, linewidth=1.6, markersize=5)
            ax.plot(
                *paths[-1, walker],
                "o",
                color=colour,
                markersize=11,
                markeredgecolor=WHITE,
                zorder=6,
            )
        ax.plot(*CENTRE, "*", color=INK, markersize=17, markeredgecolor=WHITE, zorder=7)
        ax.set(xlim=(-1.8, 13.5), ylim=(-1.9, 1.9), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        reached = n.walkers - n.lost if name == "unclipped" else n.arrived
        ax.set_title(
            f"{name}: {reached} of {n.walkers} reach the bottom", color=ink, weight="bold", pad=5
        )


MUTANTS = {
    "the longer of the two, not the shorter": ("np.minimum(1.0", "np.maximum(1.0"),
    "each coordinate is clipped on its own": (
        "g * np.minimum(1.0, cap / norm)",
        "np.clip(g, -cap, cap) + 0 * norm",
    ),
}
