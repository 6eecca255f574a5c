"""Entropy as the mean height of columns: width is the probability, height the surprise."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, PALE_BLUE, VERMILLION, VERMILLION_INK

HEIGHT = 3.6
VARIANTS = (
    {
        "uneven": (1 / 2, 1 / 4, 1 / 8, 1 / 8),
        "odds": "1/2, 1/4, 1/8 and 1/8",
        "favourite": 0.94,
    },
    {
        "uneven": (1 / 2, 1 / 4, 1 / 8, 1 / 16) + (1 / 64,) * 4,
        "odds": "1/2, 1/4, 1/8, 1/16 and four times 1/64",
        "favourite": 0.93,
    },
)

RACES = 20_000


def surprise(p):
    """Bits of each outcome."""
    return -np.log2(p)


def entropy(p):
    return float(p @ surprise(p))


def question_counts(p):
    """Questions that the best plan spends on each outcome (Huffman 1952)."""
    groups = [(chance, [outcome]) for outcome, chance in enumerate(p)]
    counts = np.zeros(len(p))
    while len(groups) > 1:
        groups.sort(key=lambda group: group[0], reverse=True)
        (chance_a, a), (chance_b, b) = groups.pop(), groups.pop()
        counts[a + b] += 1  # one more question tells these two groups apart
        groups.append((chance_a + chance_b, a + b))
    return counts


def compute(rng, uneven, odds, favourite):
    k = len(uneven)
    even = np.full(k, 1 / k)
    uneven = np.array(uneven)
    sure = np.array([favourite, *np.full(k - 1, (1 - favourite) / (k - 1))])
    winners = rng.choice(k, size=RACES, p=uneven)
    counts = question_counts(uneven)
    return SimpleNamespace(
        races=RACES,
        panels=[(p, surprise(p), entropy(p)) for p in (even, uneven, sure)],
        horses=k,
        odds=odds,
        favourite=favourite,
        bits_even=entropy(even),
        bits_uneven=entropy(uneven),
        bits_sure=entropy(sure),
        counts=counts,
        asked=counts[winners].mean(),
        error=counts[winners].std() / np.sqrt(RACES),
    )


def check(n):
    (_even, _, flat), (uneven, heights, mean_height), (_sure, _, low) = n.panels
    yield "k equal outcomes have log2(k) bits", np.isclose(2**flat, n.horses, rtol=1e-12)
    yield "powers of one half: surprise is the count of questions", np.allclose(heights, n.counts)
    yield "entropy is the average count", np.isclose(mean_height, uneven @ n.counts, atol=1e-12)
    yield (
        "simulated races agree within 4.5 standard errors",
        abs(n.asked - mean_height) < (4.5 * n.error),
    )
    yield "the surer the winner, the lower", low < mean_height < flat


def draw(fig, n):
    axes = fig.subplots(1, 3, sharey=True)
    top = max(heights.max() for _, heights, _ in n.panels)
    names = ("equal", "uneven", "sure")
    for ax, name, (p, heights, bits) in zip(axes, names, n.panels, strict=True):
        left = np.concatenate([[0], np.cumsum(p)[:-1]])
        gap = np.where(p > 0.05, 0.012, 0)  # white between columns that can spare it
        ax.bar(left, heights, width=p - gap, align="edge", color=PALE_BLUE)
        ax.hlines(heights, left, left + p - gap, color=BLUE, linewidth=2.5)
        ax.plot([0, 1], [bits, bits], color=VERMILLION, linewidth=3, linestyle=(0, (1.6, 1.2)))
        ax.set_title(f"{bits:.2f} bits", color=VERMILLION_INK, weight="bold", size=17)
        ax.set(xlim=(-0.03, 1.03), ylim=(0, top * 1.06), xticks=[0, 1], xlabel=name)
        ax.tick_params(axis="x", length=0)
    for ax in axes[1:]:
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[2].text(0, n.bits_sure + 0.03 * top, "mean height", color=VERMILLION_INK, va="bottom")
    axes[0].set_ylabel("surprise (bits)")
    fig.supxlabel("width of a column: chance to win", size=15)


MUTANTS = {
    "natural logarithm: nats, not bits": ("-np.log2(p)", "-np.log(p)"),
    "plain mean, not weighted by p": ("float(p @ surprise(p))", "float(surprise(p).mean())"),
}
