"""A cue foretells a reward: over the trials the surprise of TD learning walks back to the cue."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, DIVERGING, GREY, INK, RULE, VERMILLION

HEIGHT = 3.7
COLOURS = 96
VARIANTS = (
    {"alpha": 0.16, "cue": 4, "delay": 14, "trials": 150},
    {"alpha": 0.2, "cue": 7, "delay": 12, "trials": 110},
)

GAMMA = 0.98
LENGTH = 24  # steps in a trial
NOISE = 0.1  # of the reward's size


def surprise(r, v_next, v):
    return r + GAMMA * v_next - v


def learn(rewards, alpha, delay):
    """Values and surprises of every trial. State k is k steps after the cue."""
    V = np.zeros(delay + 1)  # the last one, after the reward, stays zero
    values, deltas = [], []
    for reward in rewards:
        values.append(V.copy())
        delta = np.zeros(delay + 1)
        # Nothing announces the cue: the value before it is zero.
        delta[0] = surprise(0.0, V[0], 0.0)
        for k in range(delay):
            r = reward if k == delay - 1 else 0.0
            delta[k + 1] = surprise(r, V[k + 1], V[k])
            V[k] += alpha * delta[k + 1]
        deltas.append(delta)
    return np.array(values), np.array(deltas)


def closed_form(alpha, delay, trials):
    """Value j steps before the last, after n trials: gamma^j P(Binomial(n, alpha) > j)."""
    table = np.zeros((trials, delay + 1))
    for n in range(trials):
        chances = [
            math.comb(n, i) * alpha**i * (1 - alpha) ** (n - i) for i in range(min(n, delay) + 1)
        ]
        for k in range(delay):
            j = delay - 1 - k
            table[n, k] = GAMMA**j * (1 - sum(chances[: j + 1]))
    return table


def compute(rng, alpha, cue, delay, trials):
    rewards = 1 + NOISE * rng.standard_normal(trials)
    values, deltas = learn(rewards, alpha, delay)
    clean, _ = learn(np.ones(trials), alpha, delay)
    omitted = learn(np.r_[rewards, 0.0], alpha, delay)[1][-1]
    board = np.zeros((trials, LENGTH))
    board[:, cue : cue + delay + 1] = deltas
    missing = np.zeros(LENGTH)
    missing[cue : cue + delay + 1] = omitted
    settled = slice(-25, None)
    middle = int(0.5 * delay / alpha)
    return SimpleNamespace(
        alpha=alpha,
        gamma=GAMMA,
        cue=cue,
        delay=delay,
        trials=trials,
        rewards=rewards,
        values=values,
        deltas=deltas,
        clean=clean,
        exact=closed_form(alpha, delay, trials),
        board=board,
        missing=missing,
        at_cue=deltas[settled, 0].mean(),
        at_reward=deltas[settled, -1].mean(),
        first=deltas[0, -1],
        dip=omitted[-1],
        target=GAMMA**delay,
        middle=middle,
        middle_place=deltas[middle, 1:].argmax() + 1,
        speed=1 / alpha,
        arrival=delay / alpha,
    )


def check(n):
    yield (
        "without noise the values follow the closed form",
        np.allclose(n.clean, n.exact, atol=1e-10),
    )
    # All guesses of a trial are used before they change, so their surprises telescope.
    weights = n.gamma ** np.arange(n.delay)
    total = n.deltas[:, 1:] @ weights
    wanted = n.gamma ** (n.delay - 1) * n.rewards - n.values[:, 0]
    yield "surprises of a trial add up to return minus guess", np.allclose(total, wanted)
    yield "the first trial is surprised at the reward alone", np.count_nonzero(n.deltas[0]) == 1
    # The noise of one trial enters with weight alpha: standard error of a 25-trial mean < 0.05.
    yield "in the end the reward surprises no more", abs(n.at_reward) < 0.2
    yield "and the cue does, by gamma^delay", abs(n.at_cue - n.target) < 0.2
    yield "a reward left out is a negative surprise", n.dip < -0.7
    yield "nothing happens before the cue", np.all(n.board[:, : n.cue] == 0)
    # Binomial mean: the wave moves alpha steps back per trial, give or take 3 spreads.
    back = n.delay - n.middle_place
    spread = np.sqrt(n.middle * n.alpha * (1 - n.alpha))
    yield (
        "half-way it stands where a binomial says",
        abs(back - n.middle * n.alpha) < 3 * spread + 1,
    )


def draw(fig, n):
    axes = fig.subplot_mosaic(
        [["map", "first"], ["map", "last"], ["map", "none"]], width_ratios=(1.3, 1)
    )
    ax = axes["map"]
    ax.imshow(
        n.board,
        cmap=DIVERGING,
        vmin=-0.5,
        vmax=0.5,
        aspect="auto",
        extent=(-0.5, LENGTH - 0.5, n.trials + 0.5, 0.5),
        interpolation="nearest",
    )
    end = n.cue + n.delay
    for at, name in ((n.cue, "cue"), (end, "reward")):
        ax.axvline(at, color=INK, linewidth=1.4, linestyle=(0, (2, 2)))
        ax.text(at, -1.5, name, ha="center", va="bottom", weight="bold")
    ax.set(xlim=(-0.5, LENGTH - 0.5), ylim=(n.trials + 0.5, 0.5), xticks=[0, 10, 20])
    ax.set_yticks([1, *range(50, n.trials + 1, 50)])
    ax.set_xlabel("step of the trial", labelpad=2)
    ax.set_ylabel("trial", labelpad=2)
    ax.spines[:].set(visible=True)
    steps = np.arange(LENGTH)
    for key, name, row in (
        ("first", "trial 1", n.board[0]),
        ("last", f"trial {n.trials}", n.board[-1]),
        ("none", "no reward", n.missing),
    ):
        ax = axes[key]
        ax.axhline(0, color=RULE, linewidth=1.2)
        for at in (n.cue, end):
            ax.axvline(at, color=GREY, linewidth=1.2, linestyle=(0, (2, 2)), zorder=0)
        colours = np.where(row < 0, BLUE, VERMILLION)
        ax.bar(steps, row, width=1.8, color=colours)
        ax.set(xlim=(-0.5, LENGTH - 0.5), ylim=(-1.12, 1.12), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(name, weight="bold", pad=1)


MUTANTS = {
    "the next guess is not discounted": (
        "return r + GAMMA * v_next - v",
        "return r + v_next - v",
    ),
    "the present guess is not subtracted": (
        "return r + GAMMA * v_next - v",
        "return r + GAMMA * v_next",
    ),
    "the guess moves the wrong way": ("V[k] += alpha", "V[k] -= alpha"),
}
