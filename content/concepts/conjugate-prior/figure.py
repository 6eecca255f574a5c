"""A Beta belief about a coin, drawn after each batch of flips: four hills that narrow."""

import itertools
import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, MIST, PALE_BLUE, VERMILLION, VERMILLION_INK

HEIGHT = 3.7
VARIANTS = (
    {"alpha": 4.0, "beta": 4.0, "coin": 0.3, "batches": (10, 30, 120)},
    {"alpha": 3.0, "beta": 6.0, "coin": 0.65, "batches": (10, 40, 150)},
)

THETA = np.linspace(0, 1, 4001)[1:-1]


def updated(alpha, beta, heads, flips):
    return alpha + heads, beta + flips - heads


def beta_density(theta, alpha, beta):
    log_constant = math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
    return np.exp(log_constant + (alpha - 1) * np.log(theta) + (beta - 1) * np.log1p(-theta))


def mean_and_sd(alpha, beta):
    total = alpha + beta
    return alpha / total, math.sqrt(alpha * beta / (total**2 * (total + 1)))


def compute(rng, alpha, beta, coin, batches):
    flips = rng.random(sum(batches)) < coin
    beliefs, heads, ends = [(alpha, beta)], [0], np.cumsum((0, *batches))
    for start, end in itertools.pairwise(ends):
        batch = flips[start:end]
        beliefs.append(updated(*beliefs[-1], int(batch.sum()), len(batch)))
        heads.append(int(flips[:end].sum()))
    hills = np.array([beta_density(THETA, *belief) for belief in beliefs])
    # The same posteriors by brute force: prior x likelihood of every single flip, normalised.
    step = THETA[1] - THETA[0]
    brute = []
    for end, seen in zip(ends, heads, strict=True):
        log_weight = seen * np.log(THETA) + (end - seen) * np.log1p(-THETA)
        weight = beta_density(THETA, alpha, beta) * np.exp(log_weight - log_weight.max())
        brute.append(weight / (weight.sum() * step))
    means, sds = np.array([mean_and_sd(*belief) for belief in beliefs]).T
    return SimpleNamespace(
        alpha=alpha,
        beta=beta,
        coin=coin,
        ends=ends,
        seen=np.array(heads),
        beliefs=np.array(beliefs),
        hills=hills,
        brute=np.array(brute),
        means=means,
        sds=sds,
        total=int(ends[-1]),
        heads=heads[-1],
        first=int(ends[1]),
        first_heads=heads[1],
        raw_first=heads[1] / ends[1],
        mean_first=means[1],
        mean_last=means[-1],
        sd_last=sds[-1],
        mean_grid=(brute[-1] * THETA).sum() * step,
        narrower=sds[0] / sds[-1],
    )


def check(n):
    peak = n.hills.max()
    yield "adding counts = prior times likelihood", np.abs(n.hills - n.brute).max() < 1e-3 * peak
    step = THETA[1] - THETA[0]
    mean = (n.brute * THETA).sum(axis=1) * step
    sd = np.sqrt((n.brute * (THETA - mean[:, None]) ** 2).sum(axis=1) * step)
    yield "the integrals agree with the closed mean", np.abs(mean - n.means).max() < 1e-4
    yield "and with the closed spread", np.abs(sd - n.sds).max() < 1e-4
    weight = (n.alpha + n.beta) / (n.alpha + n.beta + n.ends)
    mixed = weight * n.means[0] + (1 - weight) * n.seen / np.maximum(n.ends, 1)
    yield "the mean is a weighted average of prior and data", np.allclose(mixed, n.means)
    # True for these priors and coins: 160 flips make any posterior far narrower.
    yield "all flips together halve the spread at least twice", n.narrower > 3


def draw(fig, n):
    ax = fig.subplots()
    show = slice(None, None, 12)
    theta = THETA[show]
    gap = 0.05 * n.hills[-1].max()
    tops = np.cumsum(n.hills.max(axis=1)[::-1] + gap)[::-1]  # stacked from the bottom up
    bases = np.append(tops[1:], 0.0)
    ax.plot([n.coin, n.coin], [0, tops[0]], color=VERMILLION, linestyle=(0, (4, 1.5)))
    words = {"color": VERMILLION_INK, "ha": "center", "va": "bottom", "weight": "bold"}
    ax.text(n.coin, tops[0], "true coin", **words)
    for row, (hill, bottom) in enumerate(zip(n.hills, bases, strict=True)):
        height = hill[show]
        last = row == len(bases) - 1
        ax.fill_between(theta, bottom, bottom + height, color=PALE_BLUE if row else MIST)
        ax.plot(theta, bottom + height, color=BLUE if row else GREY, linewidth=3)
        a, b = n.beliefs[row]
        said = f"Beta({a:.0f}, {b:.0f})"
        ax.text(1.08, bottom, said, weight="bold" if last else "normal", color=INK)
        flips = n.ends[row]
        ax.text(-0.06, bottom, f"{flips} flips" if flips else "prior", ha="right")
    ax.set(xlim=(-0.34, 1.5), ylim=(0, 1.14 * tops[0]), yticks=[], xticks=[0, 0.5, 1])
    ax.set_xlabel("probability of heads, $\\theta$")
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_bounds(0, 1)


MUTANTS = {
    "heads and tails swapped": (
        "return alpha + heads, beta + flips - heads",
        "return alpha + flips - heads, beta + heads",
    ),
    "all flips added to beta": ("beta + flips - heads\n", "beta + flips\n"),
}
