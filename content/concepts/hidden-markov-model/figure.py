"""The dishonest casino: rolls of a die, and how sure the forward recursion is that it is loaded."""

from itertools import product
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
    WHITE,
)

HEIGHT = 3.5
VARIANTS = (
    {"six": 0.5, "leave": (0.04, 0.06)},
    {"six": 0.6, "leave": (0.05, 0.08)},
)

ROLLS = 1200
SHOWN = 120
TOY = 9


def casino(six, leave):
    """Transition matrix, chance of each face in each state (fair, loaded), start."""
    step = np.array([[1 - leave[0], leave[0]], [leave[1], 1 - leave[1]]])
    faces = np.array([np.full(6, 1 / 6), np.r_[np.full(5, (1 - six) / 5), six]])
    return step, faces, np.array([0.5, 0.5])


def play(rng, step, faces):
    """Hidden states and rolls (0 to 5)."""
    chance, pick = rng.random((2, ROLLS))
    edges = np.cumsum(faces, axis=1)
    state, states, rolls = 0, [], []
    for t in range(ROLLS):
        state = int(chance[t] > step[state, 0])
        states.append(state)
        rolls.append(min(int((pick[t] > edges[state]).sum()), 5))
    return np.array(states), np.array(rolls)


def forward(rolls, step, faces, start):
    """alpha_t(j), each row scaled to sum to 1, and the log probability of all rolls."""
    alpha, rows, log_total = None, [], 0.0
    for roll in rolls:
        before = start if alpha is None else alpha @ step
        alpha = faces[:, roll] * before
        total = alpha.sum()
        log_total += np.log(total)
        alpha = alpha / total
        rows.append(alpha)
    return np.array(rows), log_total


def over_all_paths(rolls, step, faces, start):
    """The same probability the long way: a sum over every sequence of states."""
    total = 0.0
    for path in product((0, 1), repeat=len(rolls)):
        chance = start[path[0]] * faces[path[0], rolls[0]]
        for t in range(1, len(rolls)):
            chance *= step[path[t - 1], path[t]] * faces[path[t], rolls[t]]
        total += chance
    return total


def window(states):
    """Where to look: the stretch with two or three loaded spans of a good length."""
    for begin in range(0, ROLLS - SHOWN, 5):
        part = states[begin : begin + SHOWN]
        flips = np.flatnonzero(np.diff(part))
        if len(flips) in (4, 5) and 0.3 < part.mean() < 0.6 and np.diff(flips).min() >= 10:
            return begin
    return 0


def compute(rng, six, leave):
    step, faces, start = casino(six, leave)
    states, rolls = play(rng, step, faces)
    rows, _ = forward(rolls, step, faces, start)
    begin = window(states)
    part = slice(begin, begin + SHOWN)
    few = rolls[:TOY]
    _, log_few = forward(few, step, faces, start)
    sixes = forward(np.array([5, 5, 5]), step, faces, start)[0]
    guess = rows[:, 1] > 0.5
    return SimpleNamespace(
        states=states[part],
        rolls=rolls[part] + 1,
        loaded=rows[part, 1],
        rows=rows,
        guess_right=(guess == states).mean(),
        always=max(states.mean(), 1 - states.mean()),
        count=ROLLS,
        shown=SHOWN,
        six=six,
        stay=1 - leave[1],
        by_forward=np.exp(log_few),
        by_paths=over_all_paths(few, step, faces, start),
        toy=TOY,
        paths=2**TOY,
        after_one=sixes[0, 1],
        after_two=sixes[1, 1],
        after_three=sixes[2, 1],
        when_loaded=rows[states == 1, 1].mean(),
        when_fair=rows[states == 0, 1].mean(),
    )


def check(n):
    yield (
        "forward equals the sum over all paths",
        abs(n.by_forward / n.by_paths - 1) < 1e-10,
    )
    yield "the two chances sum to one", np.allclose(n.rows.sum(axis=1), 1, atol=1e-12)
    # Guessing the commoner state is right in about 60 %; rolls are correlated, so the errors are
    # those of some 60 independent spans.
    yield "it names the state in three of four rolls", n.guess_right > 0.70
    yield "it is surer when the die is loaded", n.when_loaded > n.when_fair + 0.25
    # Bayes by hand for a first six from an even start.
    yield (
        "one six weighs as Bayes' rule says",
        abs(n.after_one - n.six / (n.six + 1 / 6)) < 1e-12,
    )


def spans(states):
    """Begin and end of each loaded stretch."""
    edges = np.flatnonzero(np.diff(np.r_[0, states, 0]))
    return edges.reshape(-1, 2)


def draw(fig, n):
    top, below = fig.subplots(2, 1, sharex=True, height_ratios=[1, 1.25])
    steps = np.arange(n.shown)
    for ax in (top, below):
        for begin, end in spans(n.states):
            ax.axvspan(begin - 0.5, end - 0.5, color=PALE_VERMILLION, linewidth=0, zorder=0)
    six = n.rolls == 6
    top.plot(steps[~six], n.rolls[~six], "o", color=BLUE, markersize=4.5, mec=WHITE, mew=0.5)
    top.plot(steps[six], n.rolls[six], "s", color=VERMILLION, markersize=7, mec=WHITE, mew=0.5)
    top.set(ylim=(0.2, 6.9), yticks=[1, 6], xlim=(-0.5, n.shown - 0.5))
    top.set_ylabel("roll")
    top.tick_params(axis="x", length=0)
    top.spines["bottom"].set_color(RULE)
    top.set_title("shaded: the die was loaded", color=VERMILLION_INK, weight="bold")
    below.fill_between(steps, n.loaded, color=PALE_BLUE, linewidth=0, alpha=0.9)
    below.plot(steps, n.loaded, color=BLUE, linewidth=2.8)
    below.axhline(0.5, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))
    below.set(ylim=(0, 1.03), yticks=[0, 0.5, 1], xticks=[0, 40, 80, 119])
    below.set_xticklabels(["1", "41", "81", "120"])
    below.set_ylabel("P(loaded)", color=BLUE)
    below.set_xlabel("roll number")


MUTANTS = {
    "the dice are never swapped": ("else alpha @ step", "else alpha"),
    "the largest path instead of the sum": (
        "else alpha @ step",
        "else (alpha[:, None] * step).max(axis=0)",
    ),
}
