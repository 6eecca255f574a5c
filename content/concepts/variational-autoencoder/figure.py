"""A bound as a landscape: the ELBO of a Gaussian model climbs to log p(x) and no higher."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_VERMILLION,
    SEQUENTIAL,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.5
COLOURS = 32
VARIANTS = ({"x": 1.8, "noise": 0.4}, {"x": -1.6, "noise": 0.3})

STEPS = 24
RATE = 0.07
DRAWS = 20_000


def log_normal(value, mean, variance):
    return -0.5 * (value - mean) ** 2 / variance - 0.5 * np.log(2 * np.pi * variance)


def elbo(x, noise, mean, sd):
    """Rebuilding term minus price, for prior N(0, 1), decoder N(z, noise), code N(mean, sd^2)."""
    rebuild = log_normal(x, mean, noise) - 0.5 * sd**2 / noise
    price = 0.5 * (mean**2 + sd**2 - 1 - 2 * np.log(sd))
    return rebuild - price


def climb(x, noise):
    """Gradient ascent on mean and log sd, from the prior."""
    mean, log_sd = 0.0, 0.0
    path = [(mean, 1.0)]
    for _ in range(STEPS):
        variance = np.exp(2 * log_sd)
        up_mean = (x - mean) / noise - mean
        up_log_sd = 1 - variance * (1 + 1 / noise)
        mean, log_sd = mean + RATE * up_mean, log_sd + RATE * up_log_sd
        path.append((mean, np.exp(log_sd)))
    return np.array(path)


def compute(rng, x, noise):
    means = np.linspace(-0.5, 2.5, 121) * np.sign(x)
    means.sort()
    sds = np.linspace(0.2, 1.2, 101)
    ceiling = log_normal(x, 0.0, 1 + noise)
    path = climb(x, noise)
    floor = elbo(x, noise, *path.T)
    # The same bound from drawn codes, at the start of the path, where the price is zero.
    z = rng.standard_normal(DRAWS)
    terms = log_normal(x, z, noise)
    mean, sd = path[-1]
    return SimpleNamespace(
        x=x,
        noise=noise,
        draws=DRAWS,
        means=means,
        sds=sds,
        surface=elbo(x, noise, means[None], sds[:, None]) - ceiling,
        path=path,
        floor=floor,
        ceiling=ceiling,
        posterior=(x / (1 + noise), np.sqrt(noise / (1 + noise))),
        elbo_first=floor[0],
        gap_first=ceiling - floor[0],
        elbo_sampled=terms.mean(),
        sampling_error=terms.std() / np.sqrt(DRAWS),
        mean_last=mean,
        sd_last=sd,
        price=0.5 * (mean**2 + sd**2 - 1) - np.log(sd),
    )


def check(n):
    yield "the bound is never above log p(x)", n.surface.max() <= 1e-12
    top = elbo(n.x, n.noise, *n.posterior)
    yield "it touches at the exact posterior", abs(n.ceiling - top) < 1e-9
    yield "the path climbs", np.all(np.diff(n.floor) > 0)
    yield "the path ends at the posterior", np.allclose(n.path[-1], n.posterior, atol=0.02)
    off = abs(n.elbo_sampled - n.elbo_first)
    yield "drawn codes give the same bound, 4.5 errors", off < 4.5 * n.sampling_error
    yield "the gap at the end is under 0.01 nats", n.ceiling - n.floor[-1] < 0.01


def draw(fig, n):
    ax, side = fig.subplots(1, 2, width_ratios=[1.35, 1])
    levels = [-20, -8, -4, -2, -1, -0.4, -0.1, 0]
    shade = np.interp(n.surface, levels, np.linspace(0.1, 1, len(levels)))
    bands = np.linspace(0.1, 1, len(levels))
    ax.contourf(n.means, n.sds, shade, levels=bands, cmap=SEQUENTIAL, antialiased=False)
    ax.plot(*n.path.T, color=WHITE, linewidth=6)
    ax.plot(*n.path.T, "-o", color=VERMILLION, linewidth=3, markersize=6, mec=WHITE, mew=1)
    ax.plot(*n.path[0], "o", color=VERMILLION, markersize=12, mec=WHITE, mew=2)
    ax.plot(*n.posterior, "*", color=INK, markersize=20, mec=WHITE, mew=1.5)
    right = n.x > 0
    ax.set(xlim=(n.means[0], n.means[-1]), ylim=(0.2, 1.2), yticks=[0.4, 0.8, 1.2])
    ax.set_xticks([0, 1, 2] if right else [-2, -1, 0])
    ax.set(xlabel="mean of the code", ylabel="its deviation")
    ax.text(
        n.path[0][0] + (0.2 if right else -0.2),
        1.09,
        "start: prior",
        color=WHITE,
        weight="bold",
        ha="left" if right else "right",
        va="center",
    )
    steps = np.arange(len(n.floor))
    side.fill_between(steps, n.floor, n.ceiling, color=PALE_VERMILLION)
    side.axhline(n.ceiling, color=BLUE, linewidth=3)
    side.plot(steps, n.floor, color=VERMILLION, linewidth=3)
    side.plot(0, n.floor[0], "o", color=VERMILLION, markersize=12, clip_on=False, zorder=5)
    side.plot(steps[-1], n.floor[-1], "*", color=INK, markersize=20, clip_on=False, zorder=5)
    side.set(xlabel="step", xlim=(0, len(steps) - 1), xticks=[0, 10, 20])
    low = np.floor(n.floor[0])
    side.set(ylim=(low, n.ceiling + 0.13 * (n.ceiling - low)))
    side.set_yticks(np.arange(low, n.ceiling, 2))
    side.set_title(r"ceiling $\log p(x)$", color=BLUE, weight="bold")
    side.text(
        5.5,
        low + 0.62 * (n.ceiling - low),
        "ELBO",
        color=VERMILLION_INK,
        weight="bold",
        ha="left",
        size=17,
    )


MUTANTS = {
    "the divergence counts as a gain": ("return rebuild - price", "return rebuild + price"),
    "log of the deviation instead of the variance": ("- 1 - 2 * np.log(sd)", "- 1 - np.log(sd)"),
}
