"""Beliefs about three arms while Thompson sampling plays: doubt is cut where it matters."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    MIST,
    PALE_BLUE,
    RULE,
    VERMILLION,
)

HEIGHT = 3.7
VARIANTS = (
    {"means": (0.35, 0.5, 0.65), "looks": (10, 100, 1000)},
    {"means": (0.7, 0.3, 0.55), "looks": (10, 80, 800)},
)

RUNS, PULLS = 80, 1000
THETA = np.linspace(0, 1, 402)[1:-1]


def belief(wins, losses):
    """Posterior counts under a flat prior."""
    return 1 + wins, 1 + losses


def density(theta, a, b):
    log_constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return np.exp(log_constant + (a - 1) * np.log(theta) + (b - 1) * np.log1p(-theta))


def play(rng, means, looks):
    """Many games side by side: arms pulled, and the counts at some moments."""
    arms = len(means)
    rows = np.arange(RUNS)
    wins, losses = np.zeros((2, RUNS, arms))
    luck = rng.random((PULLS, RUNS))
    chosen, seen = [], {}
    for t in range(PULLS):
        drawn = rng.beta(*belief(wins, losses))
        arm = drawn.argmax(axis=1)
        paid = luck[t] < means[arm]
        wins[rows, arm] += paid
        losses[rows, arm] += ~paid
        chosen.append(arm)
        if t + 1 in looks:
            seen[t + 1] = (wins.copy(), losses.copy())
    return np.array(chosen), seen


def compute(rng, means, looks):
    means = np.array(means)
    chosen, seen = play(rng, means, looks)
    best = int(means.argmax())
    share = (chosen == best).mean(axis=1)
    loss = (means.max() - means)[chosen].mean(axis=1)
    # The game that is drawn: the one whose counts at the end are the most typical, among those
    # in which every arm was tried twice at the first look.
    early, pulls = sum(seen[looks[0]]), sum(seen[looks[-1]])
    odd = np.abs(np.log(pulls / np.median(pulls, axis=0))).sum(axis=1)
    shown = np.where(early.min(axis=1) >= 2, odd, odd + 1e3).argmin()
    counts = np.array([[seen[t][0][shown], seen[t][1][shown]] for t in looks])
    hills = np.array(
        [[density(THETA, *belief(w, f)) for w, f in zip(*moment, strict=True)] for moment in counts]
    )
    # Chance that each arm is drawn highest, at the first look: by integral and by drawing.
    first = hills[0] / hills[0].sum(axis=1, keepdims=True)
    below = np.cumsum(first, axis=1) - first / 2
    rivals = np.array([np.prod(np.delete(below, arm, axis=0), axis=0) for arm in range(len(means))])
    by_integral = (first * rivals).sum(axis=1)
    draws = rng.beta(*belief(*counts[0]), size=(8000, len(means))).argmax(axis=1)
    mean, last = counts[:, 0] + 1, counts.sum(axis=1) + 2
    mean = mean / last
    sd = np.sqrt(mean * (1 - mean) / (last + 1))
    return SimpleNamespace(
        means=means,
        looks=looks,
        hills=hills,
        counts=counts,
        pulls=counts.sum(axis=1).astype(int),
        mean=mean,
        sd=sd,
        share=share,
        best=best,
        worst=int(means.argmin()),
        by_integral=by_integral,
        by_draws=np.bincount(draws, minlength=len(means)) / 8000,
        runs=RUNS,
        total=looks[-1],
        first=looks[0],
        name="ABC"[best],
        worst_name="ABC"[int(means.argmin())],
        best_pulls=int(counts[-1, :, best].sum()),
        worst_pulls=int(counts[-1, :, means.argmin()].sum()),
        first_wins=int(counts[0, 0, best]),
        first_losses=int(counts[0, 1, best]),
        best_sd=sd[-1, best],
        worst_sd=sd[-1, means.argmin()],
        chance=by_integral[best],
        late_share=share[looks[-1] - 100 : looks[-1]].mean(),
        early_share=share[:10].mean(),
        regret=loss[: looks[-1]].sum(),
        coin=looks[-1] * (means.max() - means.mean()),
    )


def check(n):
    yield "late pulls go to the best arm, over 85%", n.late_share > 0.85
    yield "early pulls are near an even split", n.early_share < 0.62
    yield "regret is below a third of even pulling", n.regret < n.coin / 3
    # An arm is pulled with the chance that it is the best: two computations of that chance.
    # 8000 draws: standard error 0.0056 at most.
    off = np.abs(n.by_integral - n.by_draws).max()
    yield "highest draw = chance to be best, 5 errors", off < 0.03
    mean = (n.hills * THETA).sum(axis=2) / n.hills.sum(axis=2)
    yield "the hills drawn have the means of the counts", np.allclose(mean, n.mean, atol=2e-3)
    yield (
        "the truth lies within 4.5 of the spread",
        np.all(np.abs(n.mean - n.means) < 4.5 * n.sd + 0.02),
    )
    yield "doubt stays on the arm that is left alone", n.sd[-1, n.worst] > 1.7 * n.sd[-1, n.best]


def draw(fig, n):
    panels = fig.subplots(1, len(n.looks), sharey=True)
    arms = len(n.means)
    for panel, ax in enumerate(panels):
        for arm in range(arms):
            base = arms - 1 - arm
            best = arm == n.best
            hill = 0.82 * n.hills[panel, arm] / n.hills[panel, arm].max()
            ax.fill_between(
                THETA, base, base + hill, color=PALE_BLUE if best else MIST, linewidth=0
            )
            ax.plot(THETA, base + hill, color=BLUE if best else GREY, linewidth=3)
            ax.plot([0, 1], [base, base], color=RULE, linewidth=1.2)
            ax.plot(
                [n.means[arm]] * 2,
                [base, base + 0.88],
                color=VERMILLION,
                linewidth=2.5,
                linestyle=(0, (3, 1.5)),
            )
            left = n.mean[panel, arm] > 0.5
            ax.text(
                0.02 if left else 0.98,
                base + 0.87,
                f"{n.pulls[panel, arm]}×",
                ha="left" if left else "right",
                va="top",
                weight="bold" if best else "normal",
                color=BLUE if best else INK,
            )
        ax.set(xlim=(0, 1), ylim=(-0.03, arms), xticks=[0, 0.5, 1], yticks=[])
        ax.set_xticklabels(["0", ".5", "1"])
        ax.spines["left"].set_visible(False)
        ax.set_title(f"{n.looks[panel]} pulls", loc="center", weight="bold")
    panels[0].set_yticks(np.arange(arms) + 0.35, ["ABC"[arms - 1 - k] for k in range(arms)])
    for ax in panels:
        ax.tick_params(axis="y", length=0)
    panels[1].set_xlabel("chance that a pull pays")


MUTANTS = {
    "acts on the mean, without drawing": (
        "drawn = rng.beta(*belief(wins, losses))",
        "drawn = (1 + wins) / (2 + wins + losses)",
    ),
    "wins and losses swapped": ("return 1 + wins, 1 + losses", "return 1 + losses, 1 + wins"),
    "draws from the prior for ever": (
        "drawn = rng.beta(*belief(wins, losses))",
        "drawn = rng.beta(1 + 0 * wins, 1 + 0 * losses)",
    ),
}
