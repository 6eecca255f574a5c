"""A tiny GAN, really trained: forgeries move onto the data and the detective is left guessing."""

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

HEIGHT = 3.1
VARIANTS = (
    {"start": (2.5, 0.9), "shown": (0, 12, 150)},
    {"start": (-2.6, 1.6), "shown": (0, 14, 150)},
)

DATA = (0.0, 1.0)  # mean and deviation of the real values
FIRST = 4000  # values that the first detective sees
BATCH = 400
ROUNDS = 150
RATE = 0.1
X = np.linspace(-13, 13, 1301)


def bell(x, mean, sd):
    return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))


def features(x):
    """Bias, x and x squared: enough for the best detective between two normal heaps."""
    return np.stack([np.ones_like(x), x, x**2], axis=-1)


def train_detective(real, fake, w, steps=3, caution=3.0):
    """D = sigmoid(features w), by Newton's method on log D(real) + log(1 - D(fake)).

    `caution` is a ridge penalty that keeps it from being too sure.
    """
    rows = features(np.r_[real, fake])
    label = np.r_[np.ones(len(real)), np.zeros(len(fake))]
    for _ in range(steps):
        d = 1 / (1 + np.exp(-rows @ w))
        gradient = rows.T @ (label - d) - caution * w
        curvature = (rows.T * (d * (1 - d))) @ rows + caution * np.eye(3)
        w = w + np.clip(np.linalg.solve(curvature, gradient), -2, 2)
    return w


def move_forger(noise, mean, log_sd, w):
    """One step uphill on log D(fake), the form used in practice."""
    sd = np.exp(log_sd)
    fake = mean + sd * noise
    d = 1 / (1 + np.exp(-features(fake) @ w))
    pull = (1 - d) * (w[1] + 2 * w[2] * fake)  # slope of log D in each forgery
    pull = np.clip(pull, -3, 3)
    return mean + RATE * pull.mean(), log_sd + RATE * (pull * sd * noise).mean()


def best_detective(p, g):
    return p / (p + g)


def integral(values):
    return np.sum(values) * (X[1] - X[0])


def game_value(p, g, d):
    return integral(p * np.log(d) + g * np.log(1 - d))


def jensen_shannon(p, g):
    middle = (p + g) / 2
    return 0.5 * integral(p * np.log(p / middle)) + 0.5 * integral(g * np.log(g / middle))


def compute(rng, start, shown):
    mean, log_sd = start[0], np.log(start[1])
    w = np.zeros(3)
    real_hill = bell(X, *DATA) + 1e-12
    scenes, history = [], []
    for step in range(ROUNDS + 1):
        size = FIRST if step == 0 else BATCH
        real = DATA[0] + DATA[1] * rng.standard_normal(size)
        noise = rng.standard_normal(size)
        effort = {"steps": 15, "caution": 0.1} if step == 0 else {}
        w = train_detective(real, mean + np.exp(log_sd) * noise, w, **effort)
        fake_hill = bell(X, mean, np.exp(log_sd)) + 1e-12
        if step in shown:
            scenes.append((fake_hill, 1 / (1 + np.exp(-features(X) @ w))))
        history.append((mean, np.exp(log_sd), jensen_shannon(real_hill, fake_hill)))
        mean, log_sd = move_forger(noise, mean, log_sd, w)
    first_fake, first_d = scenes[0]
    exact = best_detective(real_hill, first_fake)
    seen = real_hill + first_fake > 0.02
    last_fake, last_d = scenes[-1]
    where = (real_hill > 0.05) & (last_fake > 0.05)
    history = np.array(history)
    return SimpleNamespace(
        real=real_hill,
        scenes=scenes,
        shown=shown,
        rounds=ROUNDS,
        start_mean=start[0],
        start_sd=start[1],
        end_mean=history[-1, 0],
        end_off=abs(history[-1, 0] - DATA[0]),
        end_sd=history[-1, 1],
        js_start=history[0, 2],
        js_end=history[-20:, 2].mean(),
        half=np.abs(last_d[where] - 0.5).mean(),
        fooled=last_d[where].mean(),
        value=game_value(real_hill, first_fake, exact),
        by_rule=2 * history[0, 2] - np.log(4),
        worse=max(
            game_value(real_hill, first_fake, np.clip(exact + s, 1e-6, 1 - 1e-6))
            for s in (-0.03, 0.03)
        ),
        miss=np.sqrt(np.mean((first_d - exact)[seen] ** 2)),
        ceiling=np.log(2),
        draw_value=-np.log(4),
        even=best_detective(0.3, 0.3),
        sure=best_detective(0.3, 0.1),
    )


def check(n):
    yield "at the best detective the value is 2 JS - ln 4", abs(n.value - n.by_rule) < 1e-6
    yield "any other detective does worse", n.worse < n.value
    yield "the trained detective comes close to p/(p+g)", n.miss < 0.06
    # With 500 values a batch the forger jitters around the data by some 0.05.
    yield "the forger finds the mean", abs(n.end_mean - DATA[0]) < 0.3
    yield "and the spread", abs(n.end_sd - DATA[1]) < 0.3
    yield "at the start the heaps differ much", n.js_start > 0.15
    yield "at the end hardly at all", n.js_end < 0.02
    yield "the last detective guesses: about one half", n.half < 0.12


def draw(fig, n):
    axes = fig.subplots(1, 3, sharey=True)
    tall = 0.85
    for ax, (fake, detective), step in zip(axes, n.scenes, n.shown, strict=True):
        ax.axhline(0.5, color=GREY, linewidth=1.2, linestyle=(0, (3, 3)), zorder=0)
        for hill, colour, pale, dash in (
            (n.real, BLUE, PALE_BLUE, "-"),
            (fake, VERMILLION, PALE_VERMILLION, "--"),
        ):
            ax.fill_between(X, tall * hill, color=pale, alpha=0.75, linewidth=0)
            ax.plot(X, tall * hill, dash, color=colour, linewidth=2.5)
        told = np.where(n.real + fake > 0.02, detective, np.nan)  # elsewhere nobody taught it
        ax.plot(X, told, color=INK, linewidth=3.5)
        ax.set(xlim=(-4.8, 4.8), ylim=(0, 1.03), xticks=[], yticks=[0, 0.5, 1])
        ax.set_title(f"round {step}", loc="center", weight="bold")
        ax.spines["left"].set_visible(False)
        ax.tick_params(axis="y", length=0)
    axes[0].set_ylabel("detective: P(real)")
    axes[0].set_xlabel("real", color=BLUE, weight="bold")
    axes[1].set_xlabel("forged", color=VERMILLION_INK, weight="bold")
    axes[2].set_xlabel("line: detective", color=INK, weight="bold")


MUTANTS = {
    "the forger runs from the detective's praise": (
        "return mean + RATE * pull.mean()",
        "return mean - RATE * pull.mean()",
    ),
    "the best detective is the plain ratio p/g": (
        "return p / (p + g)",
        "return np.clip(p / g, 1e-6, 1 - 1e-6)",
    ),
}
