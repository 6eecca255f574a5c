"""From choices to scores: who was preferred to whom, and one number an answer to explain it."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    DIVERGING,
    INK,
    MIST,
    RULE,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.6
VARIANTS = ({"answers": 10, "choices": 1500}, {"answers": 8, "choices": 900})

SPREAD = 2.6  # between the worst and the best true reward


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def win_chance(r_w, r_l):
    """Bradley and Terry 1952: the chance that the first is preferred to the second."""
    return sigmoid(r_w - r_l)


def fitted(first, second, first_won, answers):
    """Rewards by maximum likelihood (Newton's method), mean zero, and their covariance."""
    r = np.zeros(answers)
    sides = np.zeros((len(first), answers))
    sides[np.arange(len(first)), first] = 1
    sides[np.arange(len(first)), second] = -1
    level = np.full((answers, answers), 1 / answers)  # pins the mean, which choices do not tell
    for _ in range(12):
        p = win_chance(r[first], r[second])
        information = (sides.T * (p * (1 - p))) @ sides
        r = r + np.linalg.solve(information + level, sides.T @ (first_won - p))
        r = r - r.mean()
    return r, np.linalg.inv(information + level) - level


def compute(rng, answers, choices):
    truth = np.linspace(SPREAD / 2, -SPREAD / 2, answers) + 0.12 * rng.standard_normal(answers)
    truth = np.sort(truth)[::-1] - truth.mean()
    first = rng.integers(0, answers, choices)
    second = (first + rng.integers(1, answers, choices)) % answers
    first_won = (rng.random(choices) < sigmoid(truth[first] - truth[second])).astype(float)
    r, covariance = fitted(first, second, first_won, answers)
    wins, met = np.zeros((2, answers, answers))
    np.add.at(wins, (first, second), first_won)
    np.add.at(wins, (second, first), 1 - first_won)
    np.add.at(met, (first, second), 1)
    np.add.at(met, (second, first), 1)
    with np.errstate(invalid="ignore"):
        share = wins / met
    others = ~np.eye(answers, dtype=bool)
    chances = win_chance(r[:, None], r)
    true_chances = sigmoid(truth[:, None] - truth)
    return SimpleNamespace(
        truth=truth,
        r=r,
        error=np.sqrt(np.diag(covariance)),
        wins=wins,
        met=met,
        share=share,
        chances=chances,
        answers=answers,
        choices=choices,
        pairs=answers * (answers - 1) // 2,
        per_pair=2 * choices / (answers * (answers - 1)),
        best=r[0],
        worst=r[-1],
        gap=r[0] - r[-1],
        predicted=chances[0, -1],
        observed=share[0, -1],
        exact=true_chances[0, -1],
        correlation=np.corrcoef(r, truth)[0, 1],
        off=np.sqrt(np.mean((chances - true_chances)[others] ** 2)),
        raw_off=np.sqrt(np.nanmean((share - true_chances)[others] ** 2)),
    )


def check(n):
    apart = np.abs(n.r - n.truth) / n.error
    yield "every fitted reward is within 4.5 standard errors of the true one", apart.max() < 4.5
    yield "and on average as far off as the errors say", np.sqrt(np.mean(apart**2)) < 2
    yield "the order is right: correlation over 0.95", n.correlation > 0.95
    # At the maximum the predicted number of wins of each answer is the number it had.
    expected = np.sum(n.met * n.chances, axis=1)
    yield "each answer wins as often as predicted", np.allclose(expected, n.wins.sum(1), atol=1e-6)
    shifted = win_chance(n.r[:, None] + 7, n.r + 7)
    yield "adding a constant changes no prediction", np.allclose(shifted, n.chances)
    # 9 free scores against 45 shares: about the root of 9/45 of the noise is left.
    yield "scores predict choices better than the raw shares do", n.off < 0.9 * n.raw_off


def draw(fig, n):
    fig.set_layout_engine("none")
    tall = 6.0 / HEIGHT
    side = 0.415
    base, left = 0.2, 0.035
    ax = fig.add_axes((left, base, side, side * tall))
    ax.set_facecolor(MIST)
    ax.imshow(n.share, cmap=DIVERGING, vmin=0, vmax=1)
    ticks = np.arange(n.answers + 1) - 0.5
    ax.hlines(ticks, -0.5, n.answers - 0.5, color=WHITE, linewidth=2)
    ax.vlines(ticks, -0.5, n.answers - 0.5, color=WHITE, linewidth=2)
    ax.set(xticks=[], yticks=[], xlim=(-0.5, n.answers - 0.5), ylim=(n.answers - 0.5, -0.5))
    ax.spines[:].set_visible(False)
    ax.set_title(f"{n.choices} choices", size=17, weight="bold", loc="center")
    ax.set_xlabel("row beats column: red")
    right = fig.add_axes((left + side + 0.045, base, 0.965 - left - side - 0.045, side * tall))
    y = np.arange(n.answers)
    right.hlines(y, -2.3, 2.3, color=RULE, linewidth=1.2)
    right.hlines(y, n.r - 2 * n.error, n.r + 2 * n.error, color=BLUE, linewidth=3)
    right.plot(n.r, y, "o", color=BLUE, markersize=12)
    right.plot(n.truth, y, "|", color=VERMILLION, markersize=20, markeredgewidth=3.5)
    right.set(xlim=(-2.3, 2.3), ylim=(n.answers - 0.5, -0.5), yticks=[], xticks=[-1, 0, 1])
    right.spines["left"].set_visible(False)
    right.set_title(f"{n.answers} scores", size=17, weight="bold", color=BLUE, loc="center")
    right.set_xlabel("reward", color=INK, labelpad=0)
    middle = n.answers / 2
    backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 2}
    right.text(
        2.27,
        middle + 0.6 * middle,
        "| true",
        color=VERMILLION_INK,
        ha="right",
        va="center",
        weight="bold",
        bbox=backing,
    )


MUTANTS = {
    "the loser's reward counts for the winner": ("sigmoid(r_w - r_l)", "sigmoid(r_l - r_w)"),
    "rewards stretched by two": ("sigmoid(r_w - r_l)", "sigmoid(2 * (r_w - r_l))"),
}
