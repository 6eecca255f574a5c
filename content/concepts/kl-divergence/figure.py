"""The best single bell for a two-peaked density: KL one way covers, the other way locks on."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    PALE_BLUE,
    PALE_VERMILLION,
    RULE,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.2
VARIANTS = (
    {"weight": 0.6, "peaks": (-2.0, 2.0), "widths": (0.6, 0.6), "belief": 0.9},
    {"weight": 0.35, "peaks": (-2.2, 1.8), "widths": (0.5, 0.7), "belief": 0.8},
)

X = np.linspace(-9, 9, 721)
STEP = X[1] - X[0]
MEANS = np.linspace(-3, 3, 61)
SDS = np.linspace(0.4, 3, 66)
FLIPS = 20_000


def log_bell(x, mean, sd):
    return -0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * np.log(2 * np.pi)


def divergence(log_p, log_q):
    """KL from the log densities on the grid X (the last axis), in nats."""
    return (np.exp(log_p) * (log_p - log_q)).sum(axis=-1) * STEP


def discrete(p, q):
    return float((p * np.log(p / q)).sum())


def compute(rng, weight, peaks, widths, belief):
    parts = [log_bell(X, m, s) for m, s in zip(peaks, widths, strict=True)]
    log_p = np.logaddexp(np.log(weight) + parts[0], np.log(1 - weight) + parts[1])
    p = np.exp(log_p)
    mean_p = (p * X).sum() * STEP
    sd_p = np.sqrt((p * (X - mean_p) ** 2).sum() * STEP)
    bells = log_bell(X, MEANS[:, None, None], SDS[None, :, None])
    forward, reverse = divergence(log_p, bells), divergence(bells, log_p)
    cover = np.unravel_index(forward.argmin(), forward.shape)
    lock = np.unravel_index(reverse.argmin(), reverse.shape)
    fair, biased = np.array([0.5, 0.5]), np.array([belief, 1 - belief])
    side = rng.integers(0, 2, FLIPS)
    costs = np.log(fair[side]) - np.log(biased[side])
    return SimpleNamespace(
        p=p,
        mean_p=mean_p,
        sd_p=sd_p,
        main_peak=peaks[int(weight < 0.5)],
        main_width=widths[int(weight < 0.5)],
        forward=forward,
        reverse=reverse,
        mean_cover=MEANS[cover[0]],
        sd_cover=SDS[cover[1]],
        mean_lock=MEANS[lock[0]],
        sd_lock=SDS[lock[1]],
        bell_cover=np.exp(bells[cover]),
        bell_lock=np.exp(bells[lock]),
        nats_cover=forward.min(),
        nats_lock=reverse.min(),
        # Two bells far from each other: their divergence is known in closed form.
        numeric=float(divergence(log_bell(X, 0.5, 0.7), log_bell(X, -0.4, 1.1))),
        exact=np.log(1.1 / 0.7) + (0.7**2 + 0.9**2) / (2 * 1.1**2) - 0.5,
        belief=belief,
        flips=FLIPS,
        coin_forward=discrete(fair, biased),
        coin_reverse=discrete(biased, fair),
        coin_paid=costs.mean(),
        coin_error=costs.std() / np.sqrt(FLIPS),
    )


def check(n):
    half_mean, half_sd = np.diff(MEANS)[0], np.diff(SDS)[0]
    yield "covering matches the mean", abs(n.mean_cover - n.mean_p) <= 0.51 * half_mean
    yield "and the spread, to the grid", abs(n.sd_cover - n.sd_p) <= 0.51 * half_sd
    yield "locking sits on the main peak", abs(n.mean_lock - n.main_peak) <= 0.1
    yield "and takes its width", abs(n.sd_lock - n.main_width) <= 0.06
    yield "never negative", min(n.forward.min(), n.reverse.min()) >= -1e-9
    yield "two bells: the closed form", abs(n.numeric - n.exact) < 1e-6
    yield "simulated flips, 4.5 errors", abs(n.coin_paid - n.coin_forward) < 4.5 * n.coin_error
    yield "not symmetric", abs(n.coin_forward - n.coin_reverse) > 0.01


def draw(fig, n):
    axes = fig.subplots(1, 2, sharey=True)
    top = n.bell_lock.max()
    for ax, bell, colour, pale in (
        (axes[0], n.bell_cover, BLUE, PALE_BLUE),
        (axes[1], n.bell_lock, VERMILLION, PALE_VERMILLION),
    ):
        ax.fill_between(X, n.p, color=RULE)
        ax.fill_between(X, bell, color=pale, alpha=0.75)
        ax.plot(X, n.p, color=GREY, linewidth=1.6)
        ax.plot(X, bell, color=colour, linewidth=3.2)
        ax.set(xlim=(-5, 5), ylim=(0, 1.18 * top), yticks=[], xticks=[-4, 0, 4], xlabel="$x$")
        ax.spines["left"].set_visible(False)
    axes[0].set_title(r"least $D_{KL}(p\,\Vert\,q)$", pad=8)
    axes[1].set_title(r"least $D_{KL}(q\,\Vert\,p)$", pad=8)
    words = {"weight": "bold", "size": 17, "ha": "center"}
    axes[0].text(0, n.p.max() + 0.06 * top, "covers both", color=BLUE, **words)
    axes[1].text(n.mean_lock, 1.05 * top, "picks one", color=VERMILLION_INK, **words)
    other = -np.sign(n.mean_lock)
    at = np.argmax(np.where(np.sign(X) == other, n.p, 0))
    axes[1].text(X[at], n.p[at] + 0.04 * top, "$p$", color=GREY, size=18, ha="center")


MUTANTS = {
    "p and q swapped": (
        "(np.exp(log_p) * (log_p - log_q))",
        "(np.exp(log_q) * (log_q - log_p))",
    ),
    "the log of the product": ("(log_p - log_q))", "(log_p + log_q))"),
}
