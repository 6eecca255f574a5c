"""The line of a house's heating, before and after data: band and sampled lines."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, PALE_BLUE, VERMILLION, WHITE

HEIGHT = 3.2
VARIANTS = (
    {"few": 2, "many": 20, "season": (-9.0, -2.0)},
    {"few": 3, "many": 30, "season": (2.0, 9.0)},
)

SPREAD = np.array([12.0, 2.0])  # prior sd of the height at x = 0 (kWh) and of the slope
NOISE = 8.0  # kWh
TRUE = np.array([3.0, -1.6])
EDGE = 10.0
LINES = 6
PROBLEMS = 2000


def rows(x):
    """A one for the height, the temperature for the slope."""
    return np.c_[np.ones(len(x)), x]


def posterior(X, y, noise):
    """Mean and covariance of the weights, given the data."""
    precision = np.diag(1 / SPREAD**2) + X.T @ X / noise**2
    covariance = np.linalg.inv(precision)
    return covariance @ X.T @ y / noise**2, covariance


def half_width(X, covariance):
    """Half of the 95% band of the line at each row."""
    return 1.96 * np.sqrt(((X @ covariance) * X).sum(axis=1))


def covered(rng, X, places):
    """How often the band holds the true line, over problems drawn from the prior."""
    weights = SPREAD * rng.standard_normal((PROBLEMS, 2))
    y = weights @ X.T + NOISE * rng.standard_normal((PROBLEMS, len(X)))
    means, covariance = posterior(X, y.T, NOISE)
    at = rows(places)
    miss = np.abs((weights - means.T) @ at.T)
    return (miss < half_width(at, covariance)).mean(axis=0)


def compute(rng, few, many, season):
    x = rng.uniform(*season, many)
    x[:2] = np.array(season) * 0.45 + np.mean(season) * 0.55  # two ordinary days to begin with
    X = rows(x)
    y = X @ TRUE + NOISE * rng.standard_normal(many)
    grid = np.linspace(-EDGE, EDGE, 81)
    at = rows(grid)
    stages = []
    for count in (0, few, many):
        mean, covariance = posterior(X[:count], y[:count], NOISE)
        root = np.linalg.cholesky(covariance)
        lines = mean + rng.standard_normal((LINES, 2)) @ root.T
        stages.append(
            SimpleNamespace(
                count=count,
                x=x[:count],
                y=y[:count],
                mean=mean,
                covariance=covariance,
                centre=at @ mean,
                half=half_width(at, covariance),
                lines=lines @ at.T,
            )
        )
    inside = np.abs(grid - np.mean(season)).argmin()
    far = -1 if season[0] < 0 else 0
    shares = [covered(rng, X[: s.count], np.array([-EDGE, 0, EDGE])) for s in stages[1:]]
    return SimpleNamespace(
        grid=grid,
        stages=stages,
        X=X,
        y=y,
        few=few,
        many=many,
        low=season[0],
        high=season[1],
        season="winter" if far else "summer",
        beyond="hot" if far else "freezing",
        noise=NOISE,
        level=0.95,
        prior_slope=SPREAD[1],
        slope_few=stages[1].mean[1],
        slope_few_sd=np.sqrt(stages[1].covariance[1, 1]),
        slope=stages[2].mean[1],
        slope_sd=np.sqrt(stages[2].covariance[1, 1]),
        before=stages[0].half[inside],
        near=stages[2].half[inside],
        far=stages[2].half[far],
        wider=stages[2].half[far] / stages[2].half[inside],
        edge=EDGE,
        covered=np.array(shares),
    )


def check(n):
    # Ridge in disguise: the prior is one made-up row per weight, each scaled by its spread.
    for s in n.stages[1:]:
        made_up = np.r_[rows(s.x) / n.noise, np.diag(1 / SPREAD)]
        ridge = np.linalg.lstsq(made_up, np.r_[s.y / n.noise, 0, 0])[0]
        yield f"{s.count} rows: the mean is the ridge solution", np.allclose(s.mean, ridge)
    # One row after another, by the rule for slices of a Gaussian: no precision is inverted.
    covariance = np.diag(SPREAD**2)
    for row in n.X:
        gain = covariance @ row / (row @ covariance @ row + n.noise**2)
        covariance = covariance - np.outer(gain, row @ covariance)
    yield "row by row gives the same covariance", np.allclose(covariance, n.stages[2].covariance)
    # 2000 problems: three standard errors are 0.015.
    yield (
        "the 95% band covers the true line in 95% of problems",
        np.all(np.abs(n.covered - 0.95) < 0.02),
    )
    narrows = [np.all(b.half <= a.half) for a, b in zip(n.stages, n.stages[1:], strict=False)]
    yield "more rows never widen the band", all(narrows)
    yield "far from the data the band is twice as wide or more", n.wider > 2


def draw(fig, n):
    panels = fig.subplots(1, 3, sharex=True, sharey=True)
    for ax, s in zip(panels, n.stages, strict=True):
        ax.fill_between(n.grid, s.centre - s.half, s.centre + s.half, color=PALE_BLUE, linewidth=0)
        ax.plot(n.grid, s.lines.T, color=BLUE, linewidth=1.5, alpha=0.75)
        ax.plot(s.x, s.y, "o", color=VERMILLION, markersize=7, mec=WHITE, mew=0.8)
        ax.plot(n.grid, s.centre, color=INK, linewidth=3)
        ax.set_title(f"{s.count} days", loc="center", weight="bold", size=17)
        ax.set(xlim=(-EDGE, EDGE), ylim=(-36, 36), xticks=[-8, 0, 8], yticks=[-30, 0, 30])
    panels[0].set_ylabel("heating (kWh)")
    panels[1].set_xlabel("outdoor temperature (°C from its mean)")


MUTANTS = {
    "the noise is forgotten": ("+ X.T @ X / noise**2", "+ X.T @ X"),
    "spread of the noise for its variance": ("+ X.T @ X / noise**2", "+ X.T @ X / noise"),
    "the prior's variance for its precision": ("np.diag(1 / SPREAD**2) +", "np.diag(SPREAD**2) +"),
}
