"""One chain finds a banana-shaped target; many chains fill it, although their steps limp."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION

HEIGHT = 3.3
VARIANTS = (
    {"bend": 0.5, "drift": (0.25, 0.0), "start": (-3.9, -3.4)},
    {"bend": -0.5, "drift": (-0.3, 0.0), "start": (-3.9, 3.4)},
)

WIDTH, THICKNESS = 1.4, 0.65  # of the banana, along and across
STEP = 0.9
CHAINS, STEPS, BURN, FIRST = 1500, 560, 260, 80
SHOWN = 500
BINS = np.linspace(-5, 5, 41)


def log_target(x, bend):
    along, across = x[..., 0], x[..., 1]
    middle = bend * (along**2 - WIDTH**2)
    return -0.5 * (along / WIDTH) ** 2 - 0.5 * ((across - middle) / THICKNESS) ** 2


def log_proposal(to, origin, drift):
    return -0.5 * (((to - origin - drift) / STEP) ** 2).sum(axis=-1)


def acceptance(log_pi, log_pi_new, log_forth, log_back):
    return np.exp(np.minimum(0, log_pi_new - log_pi + log_back - log_forth))


def walk(rng, bend, drift, start):
    x = np.tile(np.array(start, dtype=float), (CHAINS, 1))
    places, tries, moved = [x], [], []
    for _ in range(STEPS):
        new = x + drift + STEP * rng.standard_normal(x.shape)
        chance = acceptance(
            log_target(x, bend),
            log_target(new, bend),
            log_proposal(new, x, drift),
            log_proposal(x, new, drift),
        )
        accept = rng.random(CHAINS) < chance
        x = np.where(accept[:, None], new, x)
        places.append(x)
        tries.append(new)
        moved.append(accept)
    return np.array(places), np.array(tries), np.array(moved)


def traffic(rng):
    """Flow between five states whose proposals are random and lopsided."""
    pi = rng.dirichlet(np.full(5, 3.0))
    q = rng.dirichlet(np.full(5, 2.0), size=5)
    log_pi, log_q = np.log(pi), np.log(q)
    chance = acceptance(log_pi[:, None], log_pi[None, :], log_q, log_q.T)
    return pi[:, None] * q * chance


def compute(rng, bend, drift, start):
    drift = np.array(drift)
    places, tries, moved = walk(rng, bend, drift, start)
    kept = places[BURN:]
    counts = np.histogram(kept[..., 0], BINS)[0]
    # Along the banana the target is a normal with the spread WIDTH: exact bin masses.
    fine = np.linspace(BINS[0], BINS[-1], 4001)
    mass = np.exp(-0.5 * (fine / WIDTH) ** 2)
    below = np.interp(BINS, fine, np.concatenate([[0], np.cumsum((mass[1:] + mass[:-1]) / 2)]))
    exact = np.diff(below) / below[-1]
    x, y = np.linspace(-4.6, 4.6, 161), np.linspace(-4.9, 6.3, 161)
    if bend < 0:
        y = -y[::-1]
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    chain = kept[..., 0].mean(axis=0)
    return SimpleNamespace(
        bend=bend,
        push=abs(float(drift[0])),
        chains=CHAINS,
        first=FIRST,
        burn=BURN,
        path=places[: FIRST + 1, 0],
        refused=tries[:FIRST, 0][~moved[:FIRST, 0]],
        x=x,
        y=y,
        ends=places[-1, :SHOWN],
        shown=SHOWN,
        height=np.exp(log_target(grid, bend)),
        accepted=moved[BURN:].mean(),
        overlap=1 - 0.5 * np.abs(counts / counts.sum() - exact).sum(),
        mean_pushed=abs(kept[..., 0].mean()),
        error=chain.std() / np.sqrt(CHAINS),
        exact_pushed=0.0,
        sd=kept[..., 0].std(),
        across=kept[..., 1].mean(),
        across_error=kept[..., 1].mean(axis=0).std() / np.sqrt(CHAINS),
        flow=traffic(rng),
    )


def check(n):
    # The chains are independent, so the spread of their means gives the error of the average.
    yield "the pushed coordinate averages zero, 5 standard errors", n.mean_pushed < 5 * n.error
    yield "the other one too, 5 standard errors", abs(n.across) < 5 * n.across_error
    yield "its spread is the target's, to 3%", abs(n.sd / WIDTH - 1) < 0.03
    # Binning noise of some 20 000 effective draws is 0.02.
    yield "histogram and density overlap by 96%", n.overlap > 0.96
    yield "toy: traffic balances between any two states", np.abs(n.flow - n.flow.T).max() < 1e-15
    yield "some moves are accepted, some refused", 0.1 < n.accepted < 0.9


def draw(fig, n):
    left, right = fig.subplots(1, 2, sharex=True, sharey=True)
    levels = np.exp(-0.5 * np.array([2.6, 1.3]) ** 2)
    for ax in (left, right):
        for level in levels:
            ax.contourf(n.x, n.y, n.height, levels=[level, 2], colors=[RULE], alpha=0.4)
        ax.set(xticks=[], yticks=[], xlim=(n.x[0], n.x[-1]), ylim=(n.y[0], n.y[-1]))
        ax.spines[:].set(visible=True, color=GREY, linewidth=1.2)
    left.plot(*n.refused.T, "x", color=GREY, markersize=6.5, markeredgewidth=1.5)
    left.plot(*n.path.T, "-o", color=VERMILLION, linewidth=1.6, markersize=4.5)
    left.plot(*n.path[0], "o", color=INK, markersize=11)
    x, y = n.path[0]
    up = np.sign(-n.bend)  # the label stands on the far side of the target
    left.text(x - 0.45, y + 0.4 * up, "start", weight="bold", va="bottom" if up > 0 else "top")
    right.plot(*n.ends.T, "o", color=BLUE, markersize=3.6, mew=0)
    left.set_title(f"one chain, {n.first} steps")
    right.set_title(f"{n.shown} chains, last place")


MUTANTS = {
    "Hastings' correction is missing": (
        "log_pi_new - log_pi + log_back - log_forth",
        "log_pi_new - log_pi",
    ),
    "the proposals swapped": ("+ log_back - log_forth", "+ log_forth - log_back"),
}
