"""A ring-shaped target: a random walk and a few long glides at the same cost."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, MIST, RULE, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.4
VARIANTS = (
    {"radius": 2.0, "width": 0.12, "moves": 8},
    {"radius": 1.8, "width": 0.15, "moves": 7},
)

STEP_PER_WIDTH, LEAPS = 0.6, 50
CHAINS = 3000
WALK_SCALE = 2.0  # widths of the ring: about 40% of such steps are accepted


def potential(q, ring):
    radius, width = ring
    return 0.5 * ((np.hypot(q[..., 0], q[..., 1]) - radius) / width) ** 2


def gradient(q, ring):
    radius, width = ring
    r = np.hypot(q[..., :1], q[..., 1:])
    return (r - radius) / width**2 * q / r


def energy(q, p, ring):
    return potential(q, ring) + 0.5 * (p**2).sum(axis=-1)


def glide(q, p, ring, step, leaps):
    """Leapfrog: half a kick, then drifts and kicks in turn, half a kick at the end."""
    visited = [q]
    p = p - 0.5 * step * gradient(q, ring)
    for leap in range(leaps):
        q = q + step * p
        visited.append(q)
        p = p - (step if leap < leaps - 1 else 0.5 * step) * gradient(q, ring)
    return np.array(visited), p


def accepted(rng, before, after):
    return rng.random(np.shape(before)) < np.exp(np.minimum(0, before - after))


def walk(rng, q, ring, steps):
    visited = [q]
    for _ in range(steps):
        new = q + WALK_SCALE * ring[1] * rng.standard_normal(q.shape)
        move = accepted(rng, potential(q, ring), potential(new, ring))
        q = np.where(move[..., None], new, q)
        visited.append(q)
    return np.array(visited)


def from_target(rng, ring, count):
    """Exact draws: the radius has a density of r times a normal, by rejection."""
    radius, width = ring
    r = radius + width * rng.standard_normal(4 * count)
    r = r[rng.random(4 * count) < r / (radius + 6 * width)][:count]
    angle = 2 * np.pi * rng.random(count)
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1)


def turned(start, end):
    """Mean cosine of the angle between start and end: 1 when the start is remembered fully."""
    cosine = (start * end).sum(axis=1)
    return (cosine / np.linalg.norm(start, axis=1) / np.linalg.norm(end, axis=1)).mean()


def compute(rng, radius, width, moves):
    ring, step = (radius, width), STEP_PER_WIDTH * width

    # What is drawn: one chain each, from the same place.
    start = np.array([0.0, -radius])
    q, arcs = start, []
    for _ in range(moves):
        p = rng.standard_normal(2)
        arc, p_end = glide(q, p, ring, step, LEAPS)
        if accepted(rng, energy(q, p, ring), energy(arc[-1], p_end, ring)):
            arcs.append(arc)
            q = arc[-1]

    # What is claimed: many chains that start in the target.
    first = from_target(rng, ring, CHAINS)
    p = rng.standard_normal((CHAINS, 2))
    path, p_end = glide(first, p, ring, step, LEAPS)
    before, after = energy(first, p, ring), energy(path[-1], p_end, ring)
    glided = np.where(accepted(rng, before, after)[:, None], path[-1], first)
    back, _ = glide(path[-1], -p_end, ring, step, LEAPS)
    steps = width * np.array([0.1, 0.2, 0.4])
    drift = []
    for small in steps:
        ends, momenta = glide(first, p, ring, small, round(8 * width / small))
        drift.append(np.abs(energy(ends[-1], momenta, ring) - before).mean())
    return SimpleNamespace(
        radius=radius,
        width=width,
        step=step,
        leaps=LEAPS,
        moves=moves,
        budget=moves * LEAPS,
        start=start,
        arcs=np.array(arcs),
        walk=walk(rng, start, ring, moves * LEAPS),
        accepted=np.exp(np.minimum(0, before - after)).mean(),
        steps=steps,
        drift=np.array(drift),
        halving=drift[1] / drift[0],
        undone=np.abs(back[-1] - first).max(),
        kept_glide=abs(turned(first, glided)),
        kept_walk=turned(first, walk(rng, first, ring, LEAPS)[-1]),
        mean_radius=np.hypot(*glided.T).mean(),
    )


def check(n):
    slope = np.polyfit(np.log(n.steps), np.log(n.drift), 1)[0]
    yield "the energy error is of second order", abs(slope - 2) < 0.2
    yield "flipping the momentum retraces the path", n.undone < 1e-6
    yield "more than 90% of glides are accepted", n.accepted > 0.9
    # E r = (R^2 + w^2) / R under the target; the mean over all chains errs by w / sqrt(chains).
    exact = n.radius + n.width**2 / n.radius
    error = n.width / np.sqrt(CHAINS)
    yield "the target's mean radius stays, 5 errors", abs(n.mean_radius - exact) < 5 * error
    yield "after a glide little of the start is left", n.kept_glide < 0.35
    yield "after as many walk steps much of it is", n.kept_walk > max(0.6, 2 * n.kept_glide)


def draw(fig, n):
    left, right = fig.subplots(1, 2, sharex=True, sharey=True)
    angle = np.linspace(0, 2 * np.pi, 200)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    edge = n.radius + 4.5 * n.width
    for ax in (left, right):
        for widths, colour in ((2.5, MIST), (1.2, RULE)):
            ring = np.hstack(
                [
                    (n.radius + widths * n.width) * circle,
                    (n.radius - widths * n.width) * circle[:, ::-1],
                ]
            )
            ax.fill(*ring, color=colour)
        ax.set(xticks=[], yticks=[], xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
        ax.spines[:].set_visible(False)
    left.plot(*n.walk.T, "-", color=VERMILLION, linewidth=1.5)
    for arc in n.arcs:
        right.plot(*arc.T, color=BLUE, linewidth=2.2)
        right.plot(*arc[-1], "o", color=BLUE, markersize=9, markeredgecolor=WHITE)
    for ax, words, ink in (
        (left, f"{n.budget}\nwalk steps", VERMILLION_INK),
        (right, f"{n.moves}\nglides", BLUE),
    ):
        ax.plot(*n.start, "*", color=INK, markersize=17)
        ax.text(0, 0, words, color=ink, weight="bold", size=17, ha="center", va="center")


MUTANTS = {
    "full kicks at both ends": (
        "p = p - 0.5 * step * gradient(q, ring)\n",
        "p = p - step * gradient(q, ring)\n",
    ),
    "the kick has the wrong sign": (
        "p = p - (step if leap",
        "p = p + (step if leap",
    ),
}
