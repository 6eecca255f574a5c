"""A thousand reverse steps in one dimension: paths that start as noise and end in the data."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    PALE_BLUE,
    SEQUENTIAL,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.5
COLOURS = 28
VARIANTS = (
    {"heaps": (-1.5, 0.1, 1.3), "shares": (0.2, 0.3, 0.5)},
    {"heaps": (-1.2, 1.2), "shares": (0.65, 0.35)},
)

STEPS = 1000
SAMPLES = 2_000
PATHS = 6
SPREAD = 0.16  # standard deviation of each heap
TOP = 2.9  # half the height of the picture


def parts(x, kept, heaps, shares):
    """Weighted densities of the noised heaps at x, one row each; `kept` is alpha-bar."""
    mean, variance = np.sqrt(kept) * heaps, kept * SPREAD**2 + 1 - kept
    away = x - mean[:, None]
    bell = np.exp(-0.5 * away**2 / variance) / np.sqrt(2 * np.pi * variance)
    return shares[:, None] * bell, away / variance


def best_noise_guess(x, kept, heaps, shares):
    """What a perfectly trained network predicts: the mean of the noise, given x."""
    weighted, pull = parts(x, kept, heaps, shares)
    score = -(weighted * pull).sum(0) / weighted.sum(0)
    return -np.sqrt(1 - kept) * score


def compute(rng, heaps, shares):
    heaps, shares = np.array(heaps), np.array(shares)
    beta = np.linspace(1e-4, 0.02, STEPS)
    signal = np.concatenate([[1.0], np.cumprod(1 - beta)])
    x = rng.standard_normal(SAMPLES)
    paths = np.empty((STEPS + 1, SAMPLES))
    paths[STEPS] = x
    for t in range(STEPS, 0, -1):
        kept, before, b = signal[t], signal[t - 1], beta[t - 1]
        guess = best_noise_guess(x, kept, heaps, shares)
        mean = (x - b / np.sqrt(1 - kept) * guess) / np.sqrt(1 - b)
        variance = b * (1 - before) / (1 - kept)
        x = mean + np.sqrt(variance) * rng.standard_normal(SAMPLES)
        paths[t - 1] = x
    nearest = np.abs(x[:, None] - heaps).argmin(1)
    found = np.bincount(nearest, minlength=len(heaps)) / SAMPLES
    times = np.round(np.linspace(np.sqrt(STEPS), 0, 80) ** 2).astype(int)
    height = np.linspace(-TOP, TOP, 121)
    density = np.stack([parts(height, signal[t], heaps, shares)[0].sum(0) for t in times], 1)
    return SimpleNamespace(
        map=density,
        times=times,
        height=height,
        paths=paths[:, :PATHS],
        ends=x,
        steps=STEPS,
        samples=SAMPLES,
        shown=PATHS,
        count=len(heaps),
        heaps=heaps,
        shares=shares,
        found=found,
        close=(np.abs(x - heaps[nearest]) < 3 * SPREAD).mean(),
        spread=SPREAD,
        within=np.sqrt(((x - heaps[nearest]) ** 2).mean()),
        top_true=shares.max(),
        top_found=found[shares.argmax()],
        low_true=shares.min(),
        low_found=found[shares.argmin()],
        position=heaps[shares.argmax()],
    )


def check(n):
    error = np.sqrt(n.shares * (1 - n.shares) / n.samples)
    yield (
        "each heap gets its share, within 4.5 errors",
        np.all(np.abs(n.found - n.shares) < 4.5 * error),
    )
    # 99.73 % of a normal lie within three deviations.
    yield "samples end in the heaps", n.close > 0.985
    yield "the heaps keep their width within 12 %", abs(n.within / n.spread - 1) < 0.12
    start = n.paths[n.steps]
    yield (
        "paths start as noise and end close to a heap",
        np.abs(start).max() < 6
        and np.all(np.abs(n.paths[0][:, None] - n.heaps).min(1) < 5 * n.spread),
    )


def draw(fig, n):
    ax, side = fig.subplots(1, 2, sharey=True, width_ratios=[4.2, 1])
    levels = np.linspace(0, 1.1, 9)
    # A root scale of time shows the last steps, in which the heaps part, at their due length.
    contrast = np.sqrt(n.map)
    ax.contourf(
        -np.sqrt(n.times),
        n.height,
        contrast,
        levels=levels,
        cmap=SEQUENTIAL,
        extend="max",
        antialiased=False,
    )
    clock = -np.sqrt(np.arange(n.steps + 1))
    drawn = np.unique(np.round(np.linspace(0, np.sqrt(n.steps), 150) ** 2).astype(int))
    for path in n.paths.T[1:]:
        ax.plot(clock[drawn], path[drawn], color=WHITE, linewidth=1.5, antialiased=False)
    ax.plot(clock[drawn], n.paths[drawn, 0], color=WHITE, linewidth=5.5)
    ax.plot(clock[drawn], n.paths[drawn, 0], color=VERMILLION, linewidth=2.8)
    ends = [0, n.steps]
    dots = {"color": VERMILLION, "mec": WHITE, "mew": 1.5, "markersize": 10, "zorder": 6}
    ax.plot(clock[ends], n.paths[ends, 0], "o", clip_on=False, **dots)
    ticks = np.array([1000, 500, 200, 50, 0])
    ax.set(xlim=(-np.sqrt(n.steps), 0), ylim=(-TOP, TOP), yticks=[-2, 0, 2])
    ax.set_xticks(-np.sqrt(ticks), [str(t) for t in ticks])
    ax.set(xlabel="step $t$, counted down", ylabel="$x_t$")
    ax.set_title("noise", color=VERMILLION_INK, weight="bold", size=17)
    bins = np.linspace(-TOP, TOP, 59)
    side.hist(n.ends, bins=bins, density=True, orientation="horizontal", color=PALE_BLUE)
    side.plot(n.map[:, -1], n.height, color=BLUE, linewidth=2.5)
    side.set(xticks=[], xlabel="density", xlim=(0, None))
    side.set_title("data", color=BLUE, weight="bold", size=17)
    side.tick_params(axis="y", length=0)


MUTANTS = {
    "the guessed noise is removed without its scale": (
        "(x - b / np.sqrt(1 - kept) * guess)",
        "(x - b * guess)",
    ),
    "no fresh noise: the mean alone": (
        "mean + np.sqrt(variance) * rng.standard_normal(SAMPLES)",
        "mean",
    ),
}
