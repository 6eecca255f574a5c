"""Discounting as a headlight: how far each gamma sees, and which of two rewards it goes for."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import INK, SEQUENTIAL, VERMILLION, WHITE

HEIGHT = 3.6
COLOURS = 96
VARIANTS = (
    {"gammas": (0.5, 0.8, 0.95), "soon": (3, 1.0), "late": (15, 3.0)},
    {"gammas": (0.5, 0.75, 0.96), "soon": (2, 2.0), "late": (15, 5.0)},
)

SEEN = 22  # steps drawn
LIVES = 6000
STREAM = 400  # random rewards on which the definition is tried


def weights(gamma, steps):
    """What a reward k steps away counts today, k = 0, 1, 2, ..."""
    return gamma ** np.arange(steps)


def backwards(rewards, gamma):
    """Returns of all steps by the recursion G_t = r_{t+1} + gamma G_{t+1}."""
    total, out = 0.0, []
    for reward in rewards[::-1]:
        total = reward + gamma * total
        out.append(total)
    return np.array(out[::-1])


def compute(rng, gammas, soon, late):
    gammas = np.array(gammas)
    light = np.array([weights(g, SEEN) for g in gammas])
    steps, sizes = np.array([soon[0], late[0]]), np.array([soon[1], late[1]])
    worth = light[:, steps] * sizes
    stream = rng.uniform(0, 2, STREAM)
    by_sum = np.array([weights(g, STREAM) @ stream for g in gammas])
    by_recursion = np.array([backwards(stream, g)[0] for g in gammas])
    # The same number as an average over lives that go on with probability gamma each step.
    collected = np.concatenate([[0], np.cumsum(stream)])
    lives = [collected[np.minimum(rng.geometric(1 - g, LIVES), STREAM)] for g in gammas]
    return SimpleNamespace(
        gammas=gammas,
        light=light,
        steps=steps,
        sizes=sizes,
        worth=worth,
        constant=np.array([weights(g, 3000).sum() for g in gammas]),
        by_sum=by_sum,
        by_recursion=by_recursion,
        lives=np.array([life.mean() for life in lives]),
        lives_error=np.array([life.std() / np.sqrt(LIVES) for life in lives]),
        horizons=1 / (1 - gammas),
        soon_at=soon[0],
        late_at=late[0],
        soon_size=soon[1],
        late_size=late[1],
        low=gammas[0],
        middle=gammas[1],
        high=gammas[2],
        low_horizon=1 / (1 - gammas[0]),
        middle_horizon=1 / (1 - gammas[1]),
        high_horizon=1 / (1 - gammas[2]),
        soon_middle=worth[1, 0],
        late_middle=worth[1, 1],
        soon_high=worth[2, 0],
        late_high=worth[2, 1],
        turn=(soon[1] / late[1]) ** (1 / (late[0] - soon[0])),
        patient=0.99,
        hundred=0.99**100,
    )


def check(n):
    # The geometric series: 1 + g + g^2 + ... = 1 / (1 - g).
    yield "reward 1 for ever is worth 1/(1-gamma)", np.allclose(n.constant, n.horizons, rtol=1e-9)
    yield "sum and recursion agree", np.allclose(n.by_sum, n.by_recursion, rtol=1e-12)
    # Stopping with probability 1 - gamma after each reward: a reward k steps on is got w. p. g^k.
    off = np.abs(n.lives - n.by_sum) / n.lives_error
    yield "lives that end at random earn the same, 4.5 standard errors", off.max() < 4.5
    yield "the light is one at the next reward", np.all(n.light[:, 0] == 1)
    favoured = n.worth.argmax(axis=1)
    yield (
        "below the turning point it takes the near one",
        np.all((n.gammas > n.turn) == (favoured == 1)),
    )
    at_turn = weights(n.turn, SEEN)[n.steps] * n.sizes
    yield "at the turning point the two are worth the same", np.isclose(at_turn[0], at_turn[1])
    yield "the drawn rows differ in their choice", favoured[0] == 0 and favoured[-1] == 1


def draw(fig, n):
    fig.set_layout_engine("none")
    tall = 0.215
    for row, gamma in enumerate(n.gammas):
        ax = fig.add_axes((0.27, 0.165 + (2 - row) * (tall + 0.04), 0.695, tall))
        ax.imshow(
            n.light[row][None],
            cmap=SEQUENTIAL,
            vmin=0,
            vmax=1,
            aspect="auto",
            extent=(-0.5, SEEN - 0.5, 0, 1),
        )
        best = n.worth[row].argmax()
        for i, (at, size) in enumerate(zip(n.steps, n.sizes, strict=True)):
            face = 34 * np.sqrt(size / n.sizes.max())
            shown = 34 * np.sqrt(n.worth[row, i] / n.sizes.max())
            ax.plot(at, 0.5, "o", color=WHITE, markersize=face + 3)
            ax.plot(
                at, 0.5, "o", color=VERMILLION if i == best else INK, markersize=max(shown, 2.5)
            )
            backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 1.5}
            ax.text(
                at + 1.1 + 0.018 * face,
                0.5,
                f"{n.worth[row, i]:.2f}",
                va="center",
                weight="bold" if i == best else "normal",
                bbox=backing,
            )
        ax.set(yticks=[], xlim=(-0.5, SEEN - 0.5), ylim=(0, 1))
        ax.set_xticks([0, 5, 10, 15, 20] if row == 2 else [])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.text(-0.9, 0.7, f"γ = {gamma:g}", ha="right", va="center", weight="bold", size=17)
        ax.text(-0.9, 0.27, f"sees {n.horizons[row]:.0f} steps", ha="right", va="center")
        if row == 0:
            for at, size, when in zip(n.steps, n.sizes, ("soon", "late"), strict=True):
                ax.text(at, 1.08, f"{size:.0f} {when}", ha="center", va="bottom", weight="bold")
    ax.set_xlabel("steps ahead", labelpad=1)


MUTANTS = {
    "the discount starts one step early": (
        "return gamma ** np.arange(steps)",
        "return gamma ** (1 + np.arange(steps))",
    ),
    "hyperbolic discounting": (
        "return gamma ** np.arange(steps)",
        "return 1 / (1 + (1 - gamma) * np.arange(steps))",
    ),
    "the recursion discounts its own reward too": (
        "total = reward + gamma * total",
        "total = gamma * (reward + total)",
    ),
}
