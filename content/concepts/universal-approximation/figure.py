"""A one-layer ReLU network with 4, 8 and 32 hinges, set by hand along a wavy curve."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 2.9
VARIANTS = (
    {"counts": (4, 8, 32), "waves": ((1.0, 1.0), (0.45, 3.0))},
    {"counts": (5, 10, 40), "waves": ((0.8, 1.5), (0.5, 3.5))},
)

END = 2 * np.pi
X = np.linspace(0, END, 4001)
SWEEP = np.array([16, 32, 64, 128, 256])


def target(x, waves, phases):
    return sum(a * np.sin(f * x + p) for (a, f), p in zip(waves, phases, strict=True))


def bend(x, waves, phases):
    """Second derivative of the target."""
    return -sum(a * f**2 * np.sin(f * x + p) for (a, f), p in zip(waves, phases, strict=True))


def hinges(f, count):
    """Places, steps and start of `count` hinges whose sum meets the curve at equal distances."""
    places = np.linspace(0, END, count + 1)
    slopes = np.diff(f(places)) / np.diff(places)
    steps = np.diff(slopes, prepend=0)  # each hinge adds a change of slope
    return places[:-1], steps, f(places[0])


def network(x, places, steps, start):
    """The hidden layer holds ReLU(x - place); the output adds them up."""
    return start + np.maximum(0, x[:, None] - places) @ steps


def compute(rng, counts, waves):
    phases = rng.uniform(0, 2 * np.pi, len(waves))

    def f(x):
        return target(x, waves, phases)

    truth = f(X)
    nets = [network(X, *hinges(f, m)) for m in counts]
    errors = np.array([np.abs(net - truth).max() for net in nets])
    sweep = np.array([np.abs(network(X, *hinges(f, m)) - truth).max() for m in SWEEP])
    knots = [np.linspace(0, END, m + 1) for m in counts]
    return SimpleNamespace(
        truth=truth,
        nets=nets,
        knots=[(k, f(k)) for k in knots],
        worst=[int(np.abs(net - truth).argmax()) for net in nets],
        counts=counts,
        errors=errors,
        sweep=sweep,
        slope=np.polyfit(np.log(SWEEP), np.log(sweep), 1)[0],
        few=counts[0],
        some=counts[1],
        many=counts[2],
        error_few=errors[0],
        error_some=errors[1],
        error_many=errors[2],
        most=SWEEP[-1],
        error_most=sweep[-1],
        gain=sweep[-2] / sweep[-1],
        # Classic bound for straight pieces: the largest bend times the piece squared, over 8.
        bound=np.abs(bend(X, waves, phases)).max() * (END / SWEEP) ** 2 / 8,
        meets=max(
            np.abs(network(k, *hinges(f, m)) - f(k)).max()
            for k, m in zip(knots, counts, strict=True)
        ),
    )


def check(n):
    yield "the sum of hinges meets the curve at the knots", n.meets < 1e-9
    yield "the worst error falls as 1/m squared", abs(n.slope + 2) < 0.12
    yield "it stays below the bound for straight pieces", (n.sweep <= n.bound * 1.0001).all()
    yield "more hinges, smaller error", (np.diff(n.errors) < 0).all()
    yield "the last panel misses by 15 % of the first or less", n.errors[2] < 0.15 * n.errors[0]


def draw(fig, n):
    axes = fig.subplots(1, 3, sharey=True)
    high = np.abs(n.truth).max() * 1.25
    for ax, net, (places, values), worst, m, error in zip(
        axes, n.nets, n.knots, n.worst, n.counts, n.errors, strict=True
    ):
        ax.fill_between(X, n.truth, net, color=PALE_VERMILLION, linewidth=0)
        ax.plot(X, n.truth, color=GREY, linewidth=5, alpha=0.45)
        ax.plot(X, net, color=BLUE, linewidth=3)
        size, edge = (8, 1) if m < 15 else (5, 0)
        ax.plot(places, values, "o", color=BLUE, mec=WHITE, mew=edge, markersize=size, zorder=3)
        if error > 0.05 * high:
            ends = [n.truth[worst], net[worst]]
            ax.plot([X[worst]] * 2, ends, color=VERMILLION, linewidth=3.5, zorder=4)
        ax.set(xlim=(-0.15, END + 0.15), ylim=(-high, high), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(f"{m} hinges", weight="bold", loc="center", color=INK)
        ax.set_xlabel(f"off by {error:.2f}", color=VERMILLION_INK)


MUTANTS = {
    "each hinge gets the whole slope, not its change": (
        "steps = np.diff(slopes, prepend=0)",
        "steps = slopes",
    ),
    "all hinges sit at zero": (
        "np.maximum(0, x[:, None] - places)",
        "np.maximum(0, x[:, None] - 0 * places)",
    ),
}
