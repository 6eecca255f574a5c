"""Denoising score matching: random noise as regression targets, the score field as the answer."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, RULE, SEQUENTIAL, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.5
COLOURS = 48
VARIANTS = (
    {"clusters": 3, "turn": 0.5, "sigma": 0.4},
    {"clusters": 4, "turn": 0.25, "sigma": 0.4},
)

PAIRS = 12_000
SHOWN = 55
RADIUS, WIDTH = 1.45, 0.38  # of the ring of clusters, of one cluster
REACH = 2.6  # half a side of the picture


def log_density_and_score(x, centres, variance):
    """Log density (up to a constant) and score of equal Gaussian clusters, exact."""
    away = x[:, None] - centres
    log_terms = -0.5 * (away**2).sum(-1) / variance
    top = log_terms.max(1, keepdims=True)
    weight = np.exp(log_terms - top)
    log_density = top[:, 0] + np.log(weight.sum(1))
    weight /= weight.sum(1, keepdims=True)
    return log_density, -(weight[..., None] * away).sum(1) / variance


def features(x):
    """A constant, the coordinates and Gaussian bumps on a grid: a linear model's inputs."""
    knots = np.linspace(-REACH, REACH, 8)
    bumps = [np.exp(-0.5 * ((x[:, [i]] - knots) / 0.7) ** 2) for i in (0, 1)]
    products = (bumps[0][:, :, None] * bumps[1][:, None, :]).reshape(len(x), -1)
    return np.c_[np.ones(len(x)), x, products]


def noised(rng, count, centres, sigma):
    clean = centres[rng.integers(len(centres), size=count)]
    clean = clean + WIDTH * rng.standard_normal((count, 2))
    noise = rng.standard_normal((count, 2))
    return clean, noise, clean + sigma * noise


def compute(rng, clusters, turn, sigma):
    angle = 2 * np.pi * (np.arange(clusters) + turn) / clusters
    centres = RADIUS * np.c_[np.cos(angle), np.sin(angle)]
    clean, noise, noisy = noised(rng, PAIRS, centres, sigma)
    target = -noise / sigma  # the gradient of log q(noisy | clean): no density in sight
    inputs = features(noisy)
    gram = inputs.T @ inputs + 1e-2 * np.eye(inputs.shape[1])
    weights = np.linalg.solve(gram, inputs.T @ target)

    variance = WIDTH**2 + sigma**2
    _, _, fresh = noised(rng, 3_000, centres, sigma)
    _, exact = log_density_and_score(fresh, centres, variance)
    learned = features(fresh) @ weights
    unexplained = ((learned - exact) ** 2).sum() / ((exact - exact.mean(0)) ** 2).sum()

    ticks = np.linspace(-2.25, 2.25, 11)
    grid = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    log_density, _ = log_density_and_score(grid, centres, variance)
    grid = grid[log_density > log_density.max() - 3.6]  # elsewhere there were next to no pairs
    side = np.linspace(-REACH, REACH, 90)
    fine = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    log_fine, _ = log_density_and_score(fine, centres, variance)
    probe = centres[:1] * (1 + 0.7 / RADIUS)  # a spot on the outer flank of a cluster
    _, exact_probe = log_density_and_score(probe, centres, variance)
    return SimpleNamespace(
        clean=clean[:SHOWN],
        noisy=noisy[:SHOWN],
        field_at=grid,
        field=features(grid) @ weights,
        density=np.exp(log_fine).reshape(90, 90),
        clusters=clusters,
        sigma=sigma,
        pairs=PAIRS,
        shown=SHOWN,
        fitted=1 - unexplained,
        by_targets=((target - exact.mean(0)) ** 2).sum(1).mean() / (exact**2).sum(1).mean(),
        target_length=np.linalg.norm(target, axis=1).mean(),
        probe_learned=np.linalg.norm(features(probe) @ weights),
        probe_exact=np.linalg.norm(exact_probe),
        centres=centres,
        variance=variance,
    )


def check(n):
    yield "the regression explains 95 % of the exact score on fresh points", n.fitted > 0.95
    _, exact = log_density_and_score(n.field_at, n.centres, n.variance)
    cosine = (exact * n.field).sum(1) / np.linalg.norm(exact, axis=1)
    cosine /= np.linalg.norm(n.field, axis=1)
    strong = np.linalg.norm(exact, axis=1) > 0.5
    aligned = (cosine[strong] > 0.8).mean()
    yield "nine in ten strong arrows are within 37 degrees of the exact one", aligned > 0.9
    # E[s . target] equals E[s . exact] for every s, so the targets are the noisier of the two.
    yield "single targets are longer than the field they average to", n.by_targets > 1.2


def draw(fig, n):
    left, right = fig.subplots(1, 2)
    back = n.clean - n.noisy
    arrows = {"angles": "xy", "scale_units": "xy", "width": 0.011}
    left.quiver(*n.noisy.T, *back.T, color=VERMILLION, scale=1, **arrows)
    left.plot(*n.clean.T, "o", color=INK, markersize=5)
    side = (-REACH, REACH)
    right.imshow(n.density, extent=side * 2, origin="lower", cmap=SEQUENTIAL, vmax=1.05)
    right.quiver(
        *n.field_at.T, *n.field.T, color=WHITE, scale=1 / (0.9 * n.sigma**2), pivot="mid", **arrows
    )
    for ax in (left, right):
        ax.set(xlim=side, ylim=side, xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set(visible=True, color=RULE)
    left.set_title("targets: noise", color=VERMILLION_INK, weight="bold", loc="center", size=16)
    right.set_title("learned: uphill", color=BLUE, weight="bold", loc="center", size=16)
    left.set_xlabel("from noisy to clean (dot)")
    right.set_xlabel("over the noisy density")


MUTANTS = {
    "target with the sign of the noise": ("target = -noise / sigma", "target = noise / sigma"),
    "noise not divided by sigma": ("target = -noise / sigma", "target = -noise"),
}
