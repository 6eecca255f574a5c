"""UCB at work: the estimates with their bonus at one moment, and the regret against greed."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.6
VARIANTS = (
    {"means": (0.15, 0.45, 0.75, 0.35)},
    {"means": (0.7, 0.2, 0.4, 0.3)},
)

RUNS, PULLS = 120, 2000
EARLIEST = 50  # the moment that is drawn lies after this pull


def bonus(t, n):
    """How much an arm may be better than it looks (UCB1, Auer et al. 2002)."""
    return np.sqrt(2 * np.log(t) / n)


def play(rng, means, curious):
    """Many games at once: arms chosen (pulls, runs), and counts and sums before each choice."""
    arms = len(means)
    rows = np.arange(RUNS)
    counts = np.ones((RUNS, arms))
    sums = (rng.random((RUNS, arms)) < means).astype(float)  # each arm is tried once
    luck = rng.random((PULLS, RUNS))
    ties = 1e-9 * rng.random((RUNS, arms))
    chosen, before = [], []
    for t in range(arms, PULLS):
        index = sums / counts + ties
        if curious:
            index = index + bonus(t, counts)
        arm = index.argmax(axis=1)
        before.append((counts[0].copy(), sums[0].copy()))
        counts[rows, arm] += 1
        sums[rows, arm] += luck[t] < means[arm]
        chosen.append(arm)
    return np.array(chosen), before, counts


def regret_of(chosen, loss):
    """Reward missed so far, on average, from pull 0 on."""
    return np.concatenate([[0], np.cumsum(np.concatenate([loss, loss[chosen].mean(axis=1)]))])


def compute(rng, means):
    means = np.array(means)
    arms = len(means)
    loss = means.max() - means
    chosen, before, counts = play(rng, means, curious=True)
    greedy, _, _ = play(rng, means, curious=False)
    # The moment that is drawn: the first at which curiosity overrules the best estimate.
    for at in range(EARLIEST - arms, len(before)):
        tried, won = before[at]
        estimate = won / tried
        if estimate.max() > estimate[chosen[at, 0]] + 0.02:
            break
    moment = at + arms
    extra = bonus(moment, tried)
    regret, regret_greedy = regret_of(chosen, loss), regret_of(greedy, loss)
    pick = int(chosen[at, 0])
    return SimpleNamespace(
        means=means,
        estimate=estimate,
        extra=extra,
        tried=tried.astype(int),
        pick=pick,
        regret=regret,
        regret_greedy=regret_greedy,
        counts=counts,
        moment=moment,
        runs=RUNS,
        pulls=PULLS,
        ucb=regret[-1],
        greedy=regret_greedy[-1],
        ratio=regret_greedy[-1] / regret[-1],
        second_half=regret[-1] - regret[PULLS // 2],
        second_half_greedy=regret_greedy[-1] - regret_greedy[PULLS // 2],
        stuck=(greedy[-1] != means.argmax()).mean(),
        name="ABCD"[pick],
        rival="ABCD"[int(estimate.argmax())],
        pick_pulls=int(tried[pick]),
        pick_estimate=estimate[pick],
        pick_top=estimate[pick] + extra[pick],
        rival_pulls=int(tried[estimate.argmax()]),
        rival_estimate=estimate.max(),
        rival_top=estimate.max() + extra[estimate.argmax()],
    )


def check(n):
    half = n.pulls // 2
    yield "regret bends: the second half adds under half", n.regret[-1] < 1.5 * n.regret[half]
    straight = n.regret_greedy[-1] / n.regret_greedy[half]
    yield "greedy regret is straight: the second half adds as much", 1.8 < straight < 2.02
    yield "greed loses more in the end", n.regret_greedy[-1] > 1.1 * n.regret[-1]
    # Theorem 1 of Auer et al.: pulls of a worse arm stay below 8 ln(n) / gap^2 + 1 + pi^2 / 3.
    gap = n.means.max() - n.means
    worse = gap > 0
    limit = 8 * np.log(n.pulls) / gap[worse] ** 2 + 1 + np.pi**2 / 3
    yield (
        "pulls of worse arms stay below the theorem",
        np.all(n.counts[:, worse].mean(axis=0) < limit),
    )
    yield "the highest top is pulled next", n.pick_top > (n.estimate + n.extra).max() - 1e-6
    # The bonus is the width at which Hoeffding's bound leaves a doubt of t^-4.
    doubt = np.exp(-2 * n.tried * n.extra**2)
    yield "Hoeffding: the doubt left is t^-4", np.allclose(doubt, float(n.moment) ** -4)


def draw(fig, n):
    left, right = fig.subplots(1, 2, width_ratios=(1.1, 1))
    for arm, (low, extra) in enumerate(zip(n.estimate, n.extra, strict=True)):
        best = arm == n.pick
        left.bar(arm, extra, bottom=low, width=0.62, color=PALE_BLUE)
        left.plot(
            [arm - 0.31, arm + 0.31],
            [low + extra] * 2,
            color=BLUE if best else GREY,
            linewidth=5 if best else 2.5,
            solid_capstyle="butt",
        )
        left.plot(arm, low, "o", color=INK, markersize=9, clip_on=False, zorder=4)
    top = (n.estimate + n.extra).max()
    left.text(n.pick, top + 0.04, "next", color=BLUE, weight="bold", ha="center", va="bottom")
    shown = [f"{'ABCD'[arm]}\n{count}×" for arm, count in enumerate(n.tried)]
    left.set_xticks(range(len(shown)), shown)
    left.tick_params(axis="x", length=0)
    left.set(ylim=(0, top + 0.22), yticks=[0, 0.5, 1], xlim=(-0.5, len(shown) - 0.5))
    left.set_title(f"after {n.moment} pulls", weight="bold")
    left.set_ylabel("mean + bonus", labelpad=2)
    pulls = np.arange(n.pulls + 1)
    show = slice(None, None, 10)
    right.plot(pulls[show], n.regret_greedy[show], color=VERMILLION, linestyle=(0, (4, 1.2)))
    right.plot(pulls[show], n.regret[show], color=BLUE, linewidth=3.6)
    high = max(n.greedy, n.ucb)
    words = {"weight": "bold", "bbox": {"facecolor": WHITE, "edgecolor": "none", "pad": 1}}
    right.text(0.52 * n.pulls, 0.66 * n.greedy, "greedy", color=VERMILLION_INK, ha="right", **words)
    right.text(n.pulls, n.ucb - 0.07 * high, "UCB", color=BLUE, ha="right", va="top", **words)
    right.set(xlim=(0, n.pulls), ylim=(0, 1.04 * high), xticks=[0, n.pulls // 2, n.pulls])
    right.locator_params(axis="y", nbins=4)
    right.set_title("regret", weight="bold")
    right.set_xlabel("pulls", labelpad=4)


MUTANTS = {
    "the bonus shrinks like 1/n": ("2 * np.log(t) / n)", "2 * np.log(t) / n**2)"),
    "the bonus forgets the logarithm": ("2 * np.log(t) / n)", "2 / n)"),
    "the bonus is taken away": ("index + bonus(t, counts)", "index - bonus(t, counts)"),
}
