"""DPO on the triangle of all policies over three answers: descent ends where theory says."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, SEQUENTIAL, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.7
COLOURS = 48
VARIANTS = (
    {
        "reference": (0.60, 0.22, 0.18),
        "reward": (-0.4, 0.2, 1.0),
        "beta": 0.5,
        "labels": ((-0.1, 0.42), (1.06, 0.5), (1.06, 0.78)),
    },
    {
        "reference": (0.14, 0.66, 0.20),
        "reward": (0.9, -0.5, 0.4),
        "beta": 0.6,
        "labels": ((1.1, 0.5), (-0.08, 0.62), (-0.17, 0.32)),
    },
)

STEPS, RATE = 1500, 2.0
CHOICES = 4000
PAIRS = ((0, 1), (0, 2), (1, 2))
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def margin(log_policy, log_reference, w, l, beta):
    """The reward difference that a policy implies: beta times the change of the log-odds."""
    ratio = log_policy - log_reference
    return beta * (ratio[..., w] - ratio[..., l])


def loss(log_policy, log_reference, preferred, beta):
    """Mean over the three pairs; `preferred` is the share that likes the first of the pair."""
    total = 0.0
    for (a, b), share in zip(PAIRS, preferred, strict=True):
        implied = margin(log_policy, log_reference, a, b, beta)
        total = total - share * np.log(sigmoid(implied)) - (1 - share) * np.log(sigmoid(-implied))
    return total / len(PAIRS)


def trained(log_reference, preferred, beta):
    """All policies on the way, by descent on the logits from the reference."""
    theta = log_reference.copy()
    way = [theta]
    for _ in range(STEPS):
        slope = np.zeros(3)
        for (a, b), share in zip(PAIRS, preferred, strict=True):
            push = beta * (sigmoid(margin(theta, log_reference, a, b, beta)) - share) / len(PAIRS)
            slope[a] += push
            slope[b] -= push
        theta = theta - RATE * slope
        way.append(theta)
    weights = np.exp(np.array(way))
    return weights / weights.sum(1, keepdims=True)


def tilted(reference, reward, beta):
    """The best policy under a KL penalty of strength beta, in closed form."""
    weights = reference * np.exp(reward / beta)
    return weights / weights.sum()


def compute(rng, reference, reward, beta, labels):
    reference = np.array(reference) * np.exp(0.05 * rng.standard_normal(3))
    reference = reference / reference.sum()
    reward = np.array(reward) + 0.05 * rng.standard_normal(3)
    log_reference = np.log(reference)
    preferred = np.array([sigmoid(reward[a] - reward[b]) for a, b in PAIRS])
    way = trained(log_reference, preferred, beta)
    target = tilted(reference, reward, beta)
    asked = rng.binomial(CHOICES, preferred) / CHOICES
    from_choices = trained(log_reference, asked, beta)[-1]
    noise = np.sqrt(preferred * (1 - preferred) / CHOICES) / (preferred * (1 - preferred))
    across, up = np.meshgrid(np.linspace(0, 1, 260), np.linspace(0, np.sqrt(3) / 2, 225))
    third = up / (np.sqrt(3) / 2)
    second = across - third / 2
    plane = np.stack([1 - second - third, second, third], -1)
    plane = np.maximum(plane, 0.004)  # the loss has no bound at the edges
    height = loss(np.log(plane), log_reference, preferred, beta)
    pull = np.geomspace(30, 0.02, 120)
    best, worst = int(np.argmax(reward)), int(np.argmin(reward))
    drift = float(np.sum(way[-1] * np.log(way[-1] / reference)))
    return SimpleNamespace(
        across=across,
        up=up,
        surface=height - height.min(),
        labels=labels,
        looser=tilted(reference, reward, 0.65 * beta),
        policies=rng.dirichlet(np.ones(3), 20_000),
        way=way,
        reference=reference,
        reward=reward,
        target=target,
        leash=np.array([tilted(reference, reward, b) for b in pull]),
        beta=beta,
        best="ABC"[best],
        worst="ABC"[worst],
        best_before=reference[best],
        best_after=way[-1][best],
        worst_before=reference[worst],
        worst_after=way[-1][worst],
        win=sigmoid(reward[best] - reward[worst]),
        drift=drift,
        tight=tilted(reference, reward, 10 * beta)[best],
        loose=tilted(reference, reward, beta / 10)[best],
        choices=CHOICES,
        from_choices=from_choices,
        sampled_best=from_choices[best],
        gap=0.5 * np.abs(way[-1] - target).sum(),
        sampled_gap=0.5 * np.abs(from_choices - target).sum(),
        allowed=4.5 * noise.max() / beta,
        start_loss=float(loss(log_reference, log_reference, preferred, beta)),
    )


def check(n):
    yield "descent ends at the closed form, within 0.001", n.gap < 1e-3
    log_ratio = n.beta * np.log(n.way[-1] / n.reference)
    implied = log_ratio - log_ratio.mean()
    yield (
        "the policy's log-ratio is the reward",
        np.allclose(implied, n.reward - n.reward.mean(), atol=0.01),
    )
    yield "untrained, each choice is a coin toss: ln 2", np.isclose(n.start_loss, np.log(2))
    yield "trained on sampled choices it ends near", n.sampled_gap < n.allowed
    # Of all policies the closed form has the highest reward less beta KL (20,000 tried).
    grid = n.policies
    score = grid @ n.reward - n.beta * np.sum(grid * np.log(grid / n.reference), axis=1)
    ours = n.way[-1] @ n.reward - n.beta * n.drift
    yield "no policy earns more after the KL penalty", score.max() <= ours + 1e-6
    yield "a tight leash keeps nearer to the reference", n.tight < n.best_after < n.loose


def draw(fig, n):
    fig.set_layout_engine("none")
    ax = fig.add_axes((0.02, 0.03, 0.96, 0.94))
    levels = n.surface.max() * np.linspace(0, 1, 14) ** 2.2
    ax.contourf(n.across, n.up, n.surface, levels=levels, cmap=SEQUENTIAL + "_r", extend="max")
    ax.contour(n.across, n.up, n.surface, levels=levels[1:9], colors=WHITE, linewidths=1.0)
    for sign, edge in ((-1, 0), (1, 1)):  # white over what is no distribution
        outside = np.array([CORNERS[edge], CORNERS[2], [edge + sign, 0.9], [edge + sign, -0.1]])
        ax.fill(*outside.T, color=WHITE, linewidth=0, zorder=2.1)
    ax.fill(*CORNERS.T, fill=False, edgecolor=INK, linewidth=2, zorder=2.2)
    leash, way = n.leash @ CORNERS, n.way @ CORNERS
    ax.plot(*leash.T, color=VERMILLION, linewidth=3, linestyle=(0, (1.2, 1.2)), zorder=3)
    ax.plot(*way.T, color=BLUE, linewidth=4, zorder=3)
    start, end = way[0], way[-1]
    ax.plot(
        *start, "o", color=WHITE, markersize=13, markeredgecolor=INK, markeredgewidth=2, zorder=5
    )
    ax.plot(*end, "*", color=INK, markersize=22, markeredgecolor=WHITE, zorder=5)
    for name, corner, side in zip("ABC", CORNERS, ("right", "left", "center"), strict=True):
        shift = {"right": (-0.03, 0), "left": (0.03, 0), "center": (0, 0.05)}[side]
        ax.text(*(corner + shift), name, ha=side, va="center", size=18, weight="bold")
    texts = (("reference", INK), ("after DPO", BLUE), ("smaller β", VERMILLION_INK))
    points = (start, end, n.looser @ CORNERS)
    for (label, ink), at, place in zip(texts, points, n.labels, strict=True):
        x, y = place
        ax.plot([x, at[0]], [y, at[1]], color=INK, linewidth=1.5, zorder=4)
        words = {"ha": "center", "va": "center", "weight": "bold", "size": 16, "zorder": 6}
        backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 3}
        ax.text(x, y, label, color=ink, bbox=backing, **words)
    ax.set(xlim=(-0.42, 1.42), ylim=(-0.05, 0.96), aspect="equal")
    ax.axis("off")


MUTANTS = {
    "the reference is left out": (
        "ratio = log_policy - log_reference",
        "ratio = log_policy + 0 * log_reference",
    ),
    "beta divides instead of multiplies": ("return beta * (ratio", "return 1 / beta * (ratio"),
}
