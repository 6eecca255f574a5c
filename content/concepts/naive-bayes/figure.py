"""Apples and pears: two one-dimensional tables per class, multiplied, make a map."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.8
VARIANTS = (
    {"means": ((150, 0.98), (192, 1.19)), "spreads": ((19, 0.075), (28, 0.12)), "share": 0.3},
    {"means": ((185, 0.92), (165, 1.18)), "spreads": ((30, 0.08), (24, 0.13)), "share": 0.65},
)

TRAIN, TEST, SHOWN = 3000, 6000, 170
REACH = ((80, 280), (0.7, 1.55))
CELLS = 81


def fruit(rng, size, means, spreads, share):
    """Weight and height over width, independent within a class; 1 is a pear."""
    pear = (rng.random(size) < share).astype(int)
    means, spreads = np.array(means), np.array(spreads)
    return means[pear] + spreads[pear] * rng.standard_normal((size, 2)), pear


def fit(x, y):
    """Per class: its share, and mean and spread of each feature on its own."""
    return [((y == k).mean(), x[y == k].mean(axis=0), x[y == k].std(axis=0)) for k in (0, 1)]


def normal(x, mean, spread):
    return np.exp(-0.5 * ((x - mean) / spread) ** 2) / spread / np.sqrt(2 * np.pi)


def pear_probability(x, model):
    """Prior times one factor per feature, for both classes; then normalised."""
    joint = [share * normal(x, mean, sd).prod(axis=-1) for share, mean, sd in model]
    return joint[1] / (joint[0] + joint[1])


def best_possible(means, spreads, share):
    """Exact accuracy of the best rule, by integrating the larger joint density over the plane."""
    weight, shape = np.linspace(20, 340, 321), np.linspace(0.3, 2.0, 341)
    tables = [
        (normal(weight, m[0], s[0]), normal(shape, m[1], s[1]))
        for m, s in zip(means, spreads, strict=True)
    ]
    joint = [p * np.outer(*table) for p, table in zip((1 - share, share), tables, strict=True)]
    return np.maximum(*joint).sum() * (weight[1] - weight[0]) * (shape[1] - shape[0])


def compute(rng, means, spreads, share):
    x, y = fruit(rng, TRAIN, means, spreads, share)
    model = fit(x, y)
    tests, kind = fruit(rng, TEST, means, spreads, share)
    chance = pear_probability(tests, model)
    weight, shape = np.linspace(*REACH[0], CELLS), np.linspace(*REACH[1], CELLS)
    plane = pear_probability(np.stack(np.meshgrid(weight, shape), axis=-1), model)
    bins = np.minimum((chance * 5).astype(int), 4)
    gaps = [(chance[bins == b].mean(), kind[bins == b].mean(), (bins == b).sum()) for b in range(5)]
    # One doubtful fruit, feature by feature: how much each favours the pear.
    asked = np.array([round(np.mean(means, axis=0)[0] / 5) * 5, 1.1])
    factors = normal(asked, *model[1][1:]) / normal(asked, *model[0][1:])
    return SimpleNamespace(
        x=x[:SHOWN],
        y=y[:SHOWN],
        weight=weight,
        shape=shape,
        plane=plane,
        tables=[(normal(weight, m[0], s[0]), normal(shape, m[1], s[1])) for _share, m, s in model],
        train=TRAIN,
        tests=TEST,
        right=((chance > 0.5) == kind).mean(),
        best=best_possible(means, spreads, share),
        gaps=np.array(gaps),
        asked_weight=int(asked[0]),
        asked_shape=asked[1],
        prior=model[1][0],
        odds_prior=model[1][0] / model[0][0],
        factor_weight=factors[0],
        factor_shape=factors[1],
        odds=model[1][0] / model[0][0] * factors.prod(),
        answer=pear_probability(asked, model),
    )


def check(n):
    # The features are independent within a class here, so nothing is lost by assuming it.
    error = np.sqrt(n.best * (1 - n.best) / n.tests)
    yield "it is right as often as the best rule, 4 errors", abs(n.right - n.best) < 4 * error
    said, seen, size = n.gaps.T
    slack = 4 * np.sqrt(said * (1 - said) / size) + 0.015
    yield "its probabilities are honest: said is seen", np.all(np.abs(said - seen) < slack)
    yield (
        "odds multiply: prior times one factor a feature",
        np.isclose(n.answer / (1 - n.answer), n.odds_prior * n.factor_weight * n.factor_shape),
    )
    table = np.trapezoid(n.tables[0][0], n.weight)
    yield "each table is a density over its own axis", abs(table - 1) < 0.02


def draw(fig, n):
    grid = fig.add_gridspec(2, 2, width_ratios=[4.2, 1], height_ratios=[1, 3.4])
    ax = fig.add_subplot(grid[1, 0])
    top = fig.add_subplot(grid[0, 0], sharex=ax)
    side = fig.add_subplot(grid[1, 1], sharey=ax)
    ax.contourf(
        n.weight, n.shape, n.plane, levels=[-1, 0.5, 2], colors=[PALE_BLUE, PALE_VERMILLION]
    )
    ax.contour(n.weight, n.shape, n.plane, levels=[0.5], colors=INK, linewidths=2.8)
    for kind, colour, marker in ((0, BLUE, "o"), (1, VERMILLION, "^")):
        ax.plot(
            *n.x[n.y == kind].T,
            marker,
            color=colour,
            markersize=6,
            markeredgecolor=WHITE,
            markeredgewidth=0.6,
        )
        by_weight, by_shape = n.tables[kind]
        top.fill_between(n.weight, by_weight, color=colour, alpha=0.3, linewidth=0)
        top.plot(n.weight, by_weight, color=colour, linewidth=2.5)
        side.fill_betweenx(n.shape, by_shape, color=colour, alpha=0.3, linewidth=0)
        side.plot(by_shape, n.shape, color=colour, linewidth=2.5)
    ax.set(xlim=REACH[0], ylim=REACH[1], xticks=[100, 150, 200, 250], yticks=[0.8, 1.1, 1.4])
    ax.set(xlabel="weight (g)", ylabel="height / width")
    ax.text(276, 1.5, "pear", color=VERMILLION_INK, weight="bold", size=17, ha="right", va="center")
    ax.text(84, 0.745, "apple", color=BLUE, weight="bold", size=17, va="center")
    for panel in (top, side):
        panel.axis("off")
    top.set_ylim(bottom=0)
    side.set_xlim(left=0)


MUTANTS = {
    "the prior is forgotten": (
        "[share * normal(x, mean, sd).prod(axis=-1) for",
        "[normal(x, mean, sd).prod(axis=-1) for",
    ),
    "the factors are added": (
        "normal(x, mean, sd).prod(axis=-1)",
        "normal(x, mean, sd).sum(axis=-1)",
    ),
    "densities without their height": (" / spread / np.sqrt(2 * np.pi)", ""),
}
