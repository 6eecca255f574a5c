"""A cloud, a tilted cloud and a ring: correlation misses the ring, mutual information does not."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, VERMILLION_INK

HEIGHT = 2.8
VARIANTS = (
    {"rho": 0.8, "thickness": 0.2},
    {"rho": -0.9, "thickness": 0.3},
)

DRAWS = 100_000
SHOWN = 380
EDGES = np.linspace(-4.5, 4.5, 46)
BIAS = 0.5 * 26**2 / DRAWS / math.log(2)  # bits; about 27 boxes a side hold nearly all draws


def entropy(p):
    p = p[p > 0]
    return -(p * np.log2(p)).sum()


def shared(joint):
    """Mutual information of a table of joint probabilities, in bits."""
    return float(entropy(joint.sum(axis=1)) + entropy(joint.sum(axis=0)) - entropy(joint))


def table(x, y):
    counts, _, _ = np.histogram2d(x, y, (EDGES, EDGES))
    return counts / counts.sum()


def ring_table(radius, thickness):
    """The ring's exact table, from its density on a fine grid of points in each box."""
    fine = np.linspace(EDGES[0], EDGES[-1], 8 * (len(EDGES) - 1) + 1)
    middle = (fine[1:] + fine[:-1]) / 2
    r = np.hypot(middle[:, None], middle[None, :])
    density = np.exp(-0.5 * ((r - radius) / thickness) ** 2) / r
    boxes = density.reshape(len(EDGES) - 1, 8, len(EDGES) - 1, 8).sum(axis=(1, 3))
    return boxes / boxes.sum()


def compute(rng, rho, thickness):
    a, b = rng.standard_normal((2, DRAWS))
    radius = 2.0
    angle = 2 * math.pi * rng.random(DRAWS)
    r = radius + thickness * rng.standard_normal(DRAWS)
    pairs = {
        "cloud": (a, b),
        "line": (a, rho * a + math.sqrt(1 - rho**2) * b),
        "ring": (r * np.cos(angle), r * np.sin(angle)),
    }
    numbers = {}
    for name, (x, y) in pairs.items():
        numbers[f"bits_{name}"] = shared(table(x, y))
        numbers[f"r_{name}"] = float(np.corrcoef(x, y)[0, 1])
        numbers[f"points_{name}"] = np.stack([x[:SHOWN], y[:SHOWN]])
    return SimpleNamespace(
        rho=rho,
        draws=DRAWS,
        size_ring=abs(numbers["r_ring"]),
        exact_line=-0.5 * math.log2(1 - rho**2),
        exact_ring=shared(ring_table(radius, thickness)),
        **numbers,
    )


def check(n):
    # Boxes lose up to 0.02 bits of a line at correlation 0.9 and bias adds 0.005; a mean of
    # 100 000 log-ratios with spread 1 bit has a standard error of 0.003.
    yield "independent: zero but for the bias", 0 <= n.bits_cloud < 2 * BIAS + 0.003
    yield "the line has the Gaussian value", abs(n.bits_line - n.exact_line) < 0.03
    yield "the ring has the value of its exact table", abs(n.bits_ring - n.exact_ring) < 0.03
    yield "the ring does not correlate, 5 errors", abs(n.r_ring) < 5 / math.sqrt(n.draws)
    yield "the line correlates as planned", abs(n.r_line - n.rho) < 5 / math.sqrt(n.draws)
    yield "the ring shares more than half a bit", n.bits_ring > 0.5


def draw(fig, n):
    for ax, name in zip(fig.subplots(1, 3), ("cloud", "line", "ring"), strict=True):
        ax.plot(*getattr(n, f"points_{name}"), "o", color=BLUE, markersize=3.4, alpha=0.6, mew=0)
        ax.set(xlim=(-3.1, 3.1), ylim=(-3.1, 3.1), xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set(visible=True, color=GREY, linewidth=1.2)
        bits = getattr(n, f"bits_{name}")
        ax.set_title(f"{bits:.2f} bits", color=VERMILLION_INK, weight="bold", size=18, loc="center")
        r = f"{abs(round(getattr(n, f'r_{name}'), 2)):.2f}"
        sign = "−" if getattr(n, f"r_{name}") < -0.005 else ""
        ax.set_xlabel(f"r = {sign}{r}", color=GREY, size=17, labelpad=8)


MUTANTS = {
    "nats under the name of bits": ("np.log2(p)", "np.log(p)"),
    "the joint entropy added": (" - entropy(joint))", " + entropy(joint))"),
}
