"""Noisy descent at a constant and at a cosine rate: a broad band against a funnel."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.7
COLOURS = 48
VARIANTS = (
    {"top": 0.3, "bottom": 0.0, "steps": 200, "start": 3.0},
    {"top": 0.4, "bottom": 0.01, "steps": 240, "start": -4.0},
)

CREW = 3000  # runs behind each number
DRAWN = 10


def cosine(t, last, top, bottom):
    return bottom + 0.5 * (top - bottom) * (1 + np.cos(np.pi * t / last))


def descend(rng, rates, start):
    """Runs on the bowl x^2/2; each gradient carries standard normal noise."""
    x = np.full(CREW, start)
    visited = [x]
    for rate in rates:
        x = x - rate * (x + rng.standard_normal(CREW))
        visited.append(x)
    return np.array(visited)


def theory(rates, start):
    """Mean and variance of the runs, step by step, from the recursion alone."""
    mean, variance = [start], [0.0]
    for rate in rates:
        mean.append((1 - rate) * mean[-1])
        variance.append((1 - rate) ** 2 * variance[-1] + rate**2)
    return np.array(mean), np.array(variance)


def miss_at_constant(rate, steps, start):
    """Root mean squared error after the last step, in closed form."""
    left = (1 - rate) ** (2 * steps)
    return np.sqrt(left * start**2 + rate / (2 - rate) * (1 - left))


def compute(rng, top, bottom, steps, start):
    falling = cosine(np.arange(steps), steps, top, bottom)
    level = np.full(steps, top)
    runs = [descend(rng, rates, start) for rates in (level, falling)]
    known = [theory(rates, start) for rates in (level, falling)]
    tried = np.linspace(0.002, top, 300)
    misses = np.array([miss_at_constant(rate, steps, start) for rate in tried])
    ends = [np.sqrt((x[-1] ** 2).mean()) for x in runs]
    return SimpleNamespace(
        t=np.arange(steps + 1),
        rates=[level, falling],
        paths=[x[:, :DRAWN] for x in runs],
        squares=[x[-1] ** 2 for x in runs],
        known=known,
        top=top,
        bottom=bottom,
        steps=steps,
        start=abs(start),
        side=np.sign(start),
        crew=CREW,
        miss_level=ends[0],
        miss_cosine=ends[1],
        closer=ends[0] / ends[1],
        tuned=tried[misses.argmin()],
        miss_tuned=misses.min(),
        half=falling[steps // 2],
        quarter=falling[steps // 4],
    )


def check(n):
    falling = n.rates[1]
    yield "the rate starts at its top", abs(falling[0] - n.top) < 1e-12
    yield "and only falls", (np.diff(falling) < 0).all()
    yield (
        "its mean is half-way, within 1 %",
        (abs(falling.mean() / ((n.top + n.bottom) / 2) - 1) < 0.01),
    )
    for name, squares, (mean, variance) in zip(
        ("constant", "cosine"), n.squares, n.known, strict=True
    ):
        expected = mean[-1] ** 2 + variance[-1]
        error = squares.std() / np.sqrt(CREW)
        yield (
            f"{name}: final squared error as the recursion says, to 4.5 standard errors",
            abs(squares.mean() - expected) < 4.5 * error,
        )
    yield "the cosine ends at a fifth of the squared error or less", n.closer**2 >= 5
    yield "and comes close to the best constant rate", n.miss_cosine < 1.25 * n.miss_tuned
    off = np.abs(n.paths[1] - n.known[1][0][:, None])
    yield (
        "the paths drawn keep to their band",
        ((off <= 5.5 * np.sqrt(n.known[1][1])[:, None] + 1e-9).all()),
    )


def draw(fig, n):
    panels = fig.subplots(2, 2, sharex=True, sharey="row", height_ratios=(1, 2.3))
    looks = (
        (VERMILLION, VERMILLION_INK, PALE_VERMILLION, "constant", n.miss_level),
        (BLUE, BLUE, PALE_BLUE, "cosine", n.miss_cosine),
    )
    for column, (colour, ink, pale, name, miss) in enumerate(looks):
        above, below = panels[:, column]
        above.fill_between(n.t[:-1], n.rates[column], color=pale, linewidth=0)
        above.plot(n.t[:-1], n.rates[column], color=colour)
        above.set_title(name, loc="center", weight="bold", color=ink)
        mean, variance = n.known[column]
        reach = 2 * np.sqrt(variance)
        below.fill_between(n.t, mean - reach, mean + reach, color=pale, linewidth=0)
        below.plot(n.t, n.paths[column][:, 0], color=colour, linewidth=1.5)
        below.plot(n.t, n.paths[column][:, 1:4], color=colour, linewidth=1.4, alpha=0.45)
        below.axhline(0, color=INK, linewidth=1.6, dashes=(4, 3))
        below.text(
            n.steps,
            0.78 * n.side * n.start,
            f"ends ±{miss:.2f}",
            ha="right",
            va="center",
            color=ink,
            weight="bold",
            size=17,
        )
        below.set(xticks=[0, n.steps // 2, n.steps], xlim=(0, n.steps))
        below.set_xlabel("step")
        for ax in (above, below):
            ax.spines[["left", "bottom"]].set_color(GREY)
    panels[0, 0].set(yticks=[0, n.top], ylim=(0, 1.15 * n.top), ylabel="η")
    edge = sorted((-0.5 * n.side * n.start, 1.05 * n.side * n.start))
    panels[1, 0].set(yticks=sorted((0, n.side * n.start)), ylim=edge, ylabel="error")
    fig.align_ylabels(panels[:, 0])


MUTANTS = {
    "minus: the rate rises": ("(1 + np.cos(", "(1 - np.cos("),
    "the half is lost": ("0.5 * (top - bottom)", "1.0 * (top - bottom)"),
}
