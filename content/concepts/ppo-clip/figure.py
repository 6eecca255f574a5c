"""The bent objective, and what it does to many steps on one batch of noisy experience."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREEN,
    GREEN_INK,
    GREY,
    INK,
    PALE_BLUE,
    PURPLE,
    PURPLE_INK,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.6
VARIANTS = (
    {"epsilon": 0.2, "features": 16},
    {"epsilon": 0.3, "features": 14},
)

TASKS = 14  # the same trial with other rewards, to tell luck from rule
BATCH = 100  # states and actions in the one batch of a task
STEPS, RATE = 160, 0.025
SIGMA = 0.6  # spread of the policy's actions around its mean
SKILL = 0.6  # distance from the old policy to the best one
NOISE = 2.0  # of the reward


def objective(r, A, epsilon):
    return np.minimum(r * A, np.clip(r, 1 - epsilon, 1 + epsilon) * A)


def push(r, A, epsilon):
    """Slope of the objective in the ratio: zero where the clipped branch is the smaller one."""
    step = 1e-6
    return (objective(r + step, A, epsilon) - objective(r - step, A, epsilon)) / (2 * step)


def ratio(theta, states, actions):
    """pi_new(a|s) / pi_old(a|s) for normal policies of mean states @ theta; theta_old is zero."""
    mean = np.einsum("tbf,tf->tb", states, theta)
    return np.exp((actions**2 - (actions - mean) ** 2) / (2 * SIGMA**2)), mean


def gain(theta, want):
    """Expected reward less that of the old policy. The reward is -(a - want.s)^2."""
    return (want**2).sum(axis=-1) - ((theta - want) ** 2).sum(axis=-1)


def train(states, actions, A, epsilon):
    """Ascent on the objective, always on the same batch; one policy a task."""
    theta = np.zeros((TASKS, states.shape[2]))
    path = [theta]
    for _ in range(STEPS):
        r, mean = ratio(theta, states, actions)
        weight = push(r, A, epsilon) * r * (actions - mean) / SIGMA**2
        theta = theta + RATE * np.einsum("tb,tbf->tf", weight, states) / BATCH
        path.append(theta)
    return np.array(path)


def compute(rng, epsilon, features):
    want = rng.standard_normal((TASKS, features))
    want = SKILL * want / np.linalg.norm(want, axis=1, keepdims=True)
    states = rng.standard_normal((TASKS, BATCH, features))
    actions = SIGMA * rng.standard_normal((TASKS, BATCH))
    wanted = np.einsum("tbf,tf->tb", states, want)
    reward = -((actions - wanted) ** 2) + NOISE * rng.standard_normal((TASKS, BATCH))
    A = reward + SIGMA**2 + wanted**2  # less what the old policy expects in that state
    A = A / A.std(axis=1, keepdims=True)
    clipped, free = train(states, actions, A, epsilon), train(states, actions, A, 1e9)
    r_clip, r_free = ratio(clipped[-1], states, actions)[0], ratio(free[-1], states, actions)[0]
    gains_clip, gains_free = gain(clipped, want), gain(free, want)
    grid = np.linspace(0.02, 1.98, 99)
    return SimpleNamespace(
        epsilon=epsilon,
        low=1 - epsilon,
        high=1 + epsilon,
        grid=grid,
        good=objective(grid, 1.0, epsilon),
        bad=objective(grid, -1.0, epsilon),
        first_steps=(clipped[1], free[1]),
        mean_clip=gains_clip.mean(axis=1),
        mean_free=gains_free.mean(axis=1),
        gain_clip=gains_clip[-1].mean(),
        gain_free=gains_free[-1].mean(),
        best_gain=SKILL**2,
        spread_clip=np.quantile(np.abs(np.log(r_clip)), 0.9),
        spread_free=np.quantile(np.abs(np.log(r_free)), 0.9),
        typical_clip=np.exp(np.quantile(np.abs(np.log(r_clip)), 0.9)),
        typical_free=np.exp(np.quantile(np.abs(np.log(r_free)), 0.9)),
        peak=gains_free.mean(axis=1).max(),
        peak_at=int(gains_free.mean(axis=1).argmax()),
        tasks=TASKS,
        batch=BATCH,
        steps=STEPS,
    )


def check(n):
    slopes = {
        (r, A): float(push(np.array(r), A, n.epsilon)) for r in (0.5, 1.0, 1.5) for A in (2.0, -2.0)
    }
    # Schulman et al. 2017, figure 1: flat beyond the band on the helpful side only.
    yield "a good action made likely enough gets no push", abs(slopes[1.5, 2.0]) < 1e-9
    yield "nor does a bad one made unlikely enough", abs(slopes[0.5, -2.0]) < 1e-9
    yield (
        "elsewhere the push is the advantage",
        np.allclose([slopes[0.5, 2.0], slopes[1.0, 2.0]], 2, atol=1e-6)
        and np.allclose([slopes[1.5, -2.0], slopes[1.0, -2.0]], -2, atol=1e-6),
    )
    yield (
        "it is never above the plain objective",
        np.all((n.good <= n.grid + 1e-12) & (n.bad <= -n.grid + 1e-12)),
    )
    yield "the first step is the plain policy gradient", np.allclose(*n.first_steps)
    yield "with the clip the ratios stay closer to one", n.spread_clip < 0.6 * n.spread_free
    yield "the real reward rises with the clip", n.gain_clip > 0
    yield "without it the batch is over-used", n.gain_free < n.gain_clip
    yield "after a good start", n.mean_free.max() > 0 and n.gain_free < n.mean_free.max() - 0.02


def draw(fig, n):
    left, right = fig.subplots(1, 2, width_ratios=(1, 1.12))
    left.axvspan(n.low, n.high, color=PALE_BLUE)
    left.plot(n.grid, n.good, color=GREEN, linewidth=3.4)
    left.plot(n.grid, n.bad, color=PURPLE, linewidth=3.4)
    left.plot([1, 1], [1, -1], "o", color=INK, markersize=9)
    words = {"weight": "bold", "ha": "center"}
    left.text(1.55, n.high + 0.14, "no push", color=GREEN_INK, **words)
    left.text(0.5, -n.low + 0.13, "no push", color=PURPLE_INK, **words)
    left.text(0.45, 0.95, "good", color=GREEN_INK, **words)
    left.text(1.6, -1.2, "bad", color=PURPLE_INK, **words)
    left.set(xlim=(0, 2), ylim=(-2.05, 1.85), xticks=[0, 1, 2], yticks=[-1, 0, 1])
    left.set_xlabel("ratio $r$", labelpad=2)
    left.set_title("objective", weight="bold")
    steps = np.arange(n.steps + 1)
    free, clipped = n.mean_free, n.mean_clip
    right.axhline(0, color=GREY, linewidth=1.2)
    right.plot(steps, free, color=VERMILLION, linestyle=(0, (4, 1.2)))
    right.plot(steps, clipped, color=BLUE, linewidth=3.6)
    top, low = free.max(), free.min()
    late = n.steps * 5 // 8
    bold = {"weight": "bold", "ha": "right"}
    backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 1}
    high = max(clipped[late:].max(), free[late:].max())
    right.text(0.98 * n.steps, high + 0.04 * (top - low), "clipped", color=BLUE, **bold)
    right.text(
        0.94 * late, free[late], "free", color=VERMILLION_INK, va="top", bbox=backing, **bold
    )
    right.set(xlim=(0, n.steps), xticks=[0, n.steps // 2, n.steps])
    right.set_ylim(low - 0.05 * (top - low), top + 0.3 * (top - low))
    right.locator_params(axis="y", nbins=4)
    right.set_xlabel("steps on one batch", labelpad=2)
    right.set_title("real gain", weight="bold")


MUTANTS = {
    "the larger branch instead of the smaller": ("return np.minimum(", "return np.maximum("),
    "no upper clip": ("1 - epsilon, 1 + epsilon)", "1 - epsilon, 9 + epsilon)"),
    "clipped on both sides, without the minimum": (
        "np.minimum(r * A, np.clip(r, 1 - epsilon, 1 + epsilon) * A)",
        "np.clip(r, 1 - epsilon, 1 + epsilon) * A",
    ),
}
