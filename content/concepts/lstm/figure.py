"""A memory cell among noise: it holds what was written, while a plain state is overwritten."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import DIVERGING, INK, RULE, SEQUENTIAL

HEIGHT = 3.4
COLOURS = 96
VARIANTS = (
    {"keep": 0.98, "signs": (1, -1), "writes": (4, 27), "erase": 51},
    {"keep": 0.985, "signs": (-1, 1), "writes": (8, 34), "erase": 54},
)

STEPS = 60
TRIALS = 400
NOISE = 0.8
LOUD = 2.0  # input at the steps that matter
AFTER = 50


def cell(forget, write, candidate):
    """Cell values c = f c + i c~, step by step, from an empty cell."""
    c, values = np.zeros_like(candidate[0]), []
    for f, i, new in zip(forget, write, candidate, strict=True):
        c = f * c + i * new
        values.append(c)
    return np.array(values)


def plain(inputs):
    """A recurrent state that is squeezed and overwritten at each step."""
    h, values = np.zeros_like(inputs[0]), []
    for x in inputs:
        h = np.tanh(0.9 * h + x)
        values.append(h)
    return np.array(values)


def share_left(gate, steps):
    """What is left of a one that was written `steps` steps ago."""
    forget, write = np.full(steps + 1, gate), np.zeros(steps + 1)
    write[0] = 1.0
    return cell(forget, write, np.ones((steps + 1, 1)))[-1, 0]


def half_life(gate):
    """First step at which less than half is left."""
    return next(k for k in range(1, 2000) if share_left(gate, k) < 0.5)


def compute(rng, keep, signs, writes, erase):
    # Column 0 is drawn; the others repeat it with fresh noise and random signs.
    drawn = np.array(signs)[:, None]
    others = rng.choice([-1, 1], (2, TRIALS))
    values = np.concatenate([drawn, others], axis=1)
    inputs = NOISE * rng.standard_normal((STEPS, 1 + TRIALS))
    inputs[list(writes)] = LOUD * values
    forget, write = np.full(STEPS, keep), np.zeros(STEPS)
    forget[[*writes, erase]] = 0.0
    write[list(writes)] = 1.0
    candidate = np.tanh(inputs)
    held, state = cell(forget, write, candidate), plain(inputs)
    end = writes[1] - 1  # the last step before the second value replaces the first
    return SimpleNamespace(
        inputs=inputs[:, 0],
        forget=forget,
        write=write,
        cell=held[:, 0],
        plain=state[:, 0],
        first=candidate[writes[0], 0],
        keep=keep,
        writes=writes,
        erase=erase,
        gap=end - writes[0],
        trials=TRIALS,
        right_cell=(np.sign(held[end, 1:]) == values[0, 1:]).mean(),
        right_plain=(np.sign(state[end, 1:]) == values[0, 1:]).mean(),
        left=abs(held[end, 0] / candidate[writes[0], 0]),
        after=AFTER,
        strong=0.99,
        middle=0.96,
        weak=0.8,
        left_strong=share_left(0.99, AFTER),
        left_middle=share_left(0.96, AFTER),
        left_weak=share_left(0.8, AFTER),
        half_strong=half_life(0.99),
        half_middle=half_life(0.96),
        half_weak=half_life(0.8),
    )


def check(n):
    kept = np.arange(n.writes[1] - n.writes[0])
    held = n.cell[n.writes[0] : n.writes[1]]
    # No writing in between: what is left is a pure power of the gate.
    yield "the drawn value fades as f^t", np.allclose(held, n.first * n.keep**kept, atol=1e-12)
    yield "before the first writing the cell is empty", (n.cell[: n.writes[0]] == 0).all()
    yield "a zero gate erases it", (n.cell[n.erase :] == 0).all()
    yield "the cell still knows the value in every trial", n.right_cell == 1
    # Chance is 0.5; its standard error over 400 trials is 0.025.
    yield "the plain state is close to guessing", n.right_plain < 0.62
    rule = np.log(2) / (1 - np.array([n.strong, n.middle, n.weak]))
    found = np.array([n.half_strong, n.half_middle, n.half_weak])
    yield "half-life is 0.69/(1 - f), rounded up", (np.abs(found - rule) <= 1.0).all()


def draw(fig, n):
    ax = fig.subplots()
    signed = {"cmap": DIVERGING, "vmin": -1.1, "vmax": 1.1}
    gate = {"cmap": SEQUENTIAL, "vmin": 0, "vmax": 1}
    rows = (
        ("input", n.inputs, 1.0, signed),
        ("write $i$", n.write, 0.5, gate),
        ("keep $f$", n.forget, 0.5, gate),
        ("cell", n.cell, 1.5, signed),
        ("plain RNN", n.plain, 1.5, signed),
    )
    top, places = 0.0, []
    for _, values, height, look in rows:
        box = (0, len(values), top + height, top)
        ax.imshow(values[None], extent=box, aspect="auto", interpolation="nearest", **look)
        ax.plot(
            [0, len(values), len(values), 0, 0],
            [top, top, box[2], box[2], top],
            color=RULE,
            linewidth=1.2,
        )
        places.append(top + height / 2)
        top += height + 0.18
    ax.set(xlim=(0, len(n.cell)), ylim=(top, -0.1), xticks=[])
    ax.set_yticks(places, [row[0] for row in rows])
    ax.get_yticklabels()[3].set_weight("bold")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    for step, word in zip((*n.writes, n.erase), ("write", "write", "erase"), strict=True):
        ax.annotate(
            word,
            (step + 0.5, -0.05),
            (step + 0.5, -0.75),
            ha="center",
            va="center",
            weight="bold",
            color=INK,
            arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 1.6, "shrinkB": 0},
            annotation_clip=False,
        )
    ax.set_xlabel("step", labelpad=0)


MUTANTS = {
    "the gate says what is forgotten": ("c = f * c + i * new", "c = (1 - f) * c + i * new"),
    "the input gate stands open": ("c = f * c + i * new", "c = f * c + new"),
}
