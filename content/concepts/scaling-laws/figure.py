"""The plane of model size and data: loss as a landscape, budgets as diagonals, the best path."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import INK, SEQUENTIAL, VERMILLION, WHITE

HEIGHT = 3.8
COLOURS = 48
VARIANTS = (
    # Hoffmann et al. 2022, approach 3.
    {"E": 1.69, "A": 406.4, "B": 410.7, "alpha": 0.34, "beta": 0.28},
    # The same runs fitted again by Besiroglu et al. 2024.
    {"E": 1.8172, "A": 482.01, "B": 2085.43, "alpha": 0.3478, "beta": 0.3658},
)

BUDGETS = (1e20, 1e21, 1e22, 5.8e23)  # training operations (FLOP); the last is Chinchilla's
GOPHER = (280e9, 300e9)  # parameters, tokens (Rae et al. 2021)
CHINCHILLA = (70e9, 1.4e12)  # Hoffmann et al. 2022
RUNS = 60


def loss(N, D, law):
    return law["E"] + law["A"] / N ** law["alpha"] + law["B"] / D ** law["beta"]


def best_size(C, law):
    """Parameters of the lowest loss at C = 6 N D, from setting the derivative to zero."""
    a, b = law["alpha"], law["beta"]
    balance = (a * law["A"] / (b * law["B"])) ** (1 / (a + b))
    return balance * (C / 6) ** (b / (a + b))


def searched(C, law):
    """The same by trying 20,001 sizes."""
    N = np.geomspace(1e7, 1e14, 20_001)
    return N[np.argmin(loss(N, C / (6 * N), law))]


def forecast(rng, law):
    """Fit E, A and B to small noisy runs and predict a big one: value, standard error."""
    N, D = 10 ** rng.uniform((7.3, 8.8), (9, 10.5), (RUNS, 2)).T
    seen = loss(N, D, law) + 0.01 * rng.standard_normal(RUNS)
    terms = np.array([np.ones(RUNS), N ** -law["alpha"], D ** -law["beta"]]).T
    size = np.linalg.norm(terms, axis=0)
    fit, *_ = np.linalg.lstsq(terms / size, seen, rcond=None)
    spread = np.linalg.inv((terms / size).T @ (terms / size)) * 0.01**2
    big_N, big_D = CHINCHILLA
    row = np.array([1, big_N ** -law["alpha"], big_D ** -law["beta"]]) / size
    return row @ fit, np.sqrt(row @ spread @ row)


def compute(rng, **law):
    C = np.array(BUDGETS)
    found = np.array([searched(c, law) for c in C])
    predicted, error = forecast(rng, law)
    N = best_size(1e22, law)
    D = 1e22 / (6 * N)
    return SimpleNamespace(
        law=law,
        budgets=C,
        found=found,
        path=best_size(np.geomspace(1e18, 1e26, 50), law),
        path_budgets=np.geomspace(1e18, 1e26, 50),
        big_loss=loss(*GOPHER, law),
        right_loss=loss(*CHINCHILLA, law),
        floor=law["E"],
        size_power=law["beta"] / (law["alpha"] + law["beta"]),
        best_billions=N / 1e9,
        best_tokens=D / 1e9,
        best_loss=loss(N, D, law),
        oversized=loss(10 * N, D / 10, law),
        undersized=loss(N / 10, 10 * D, law),
        ratio=D / N,
        runs=RUNS,
        predicted=predicted,
        error=error,
    )


def check(n):
    exact = best_size(n.budgets, n.law)
    yield (
        "the best size of four budgets agrees with the formula",
        np.allclose(n.found, exact, rtol=0.01),
    )
    D = n.budgets / (6 * n.found)
    model_side = n.law["alpha"] * n.law["A"] / n.found ** n.law["alpha"]
    data_side = n.law["beta"] * n.law["B"] / D ** n.law["beta"]
    yield (
        "there, one percent more of either gains the same",
        np.allclose(model_side, data_side, rtol=0.01),
    )
    slope = np.polyfit(np.log(n.budgets), np.log(n.found), 1)[0]
    yield "the best size grows as C^(beta / (alpha + beta))", abs(slope - n.size_power) < 0.005
    yield "ten times too big or too small is worse", n.best_loss < min(n.oversized, n.undersized)
    yield "Chinchilla beats Gopher on a quarter of the size", n.right_loss < n.big_loss
    yield (
        "small runs foretell the big one within 4.5 standard errors",
        (abs(n.predicted - n.right_loss) < 4.5 * n.error),
    )


def draw(fig, n):
    ax = fig.subplots()
    x, y = np.meshgrid(np.linspace(8, 12.3, 200), np.linspace(9, 13, 200))
    excess = np.log10(loss(10**x, 10**y, n.law) - n.floor)
    ax.contourf(x, y, excess, levels=np.linspace(-1.3, 0.5, 13), cmap=SEQUENTIAL, extend="both")
    for C in n.budgets:
        ax.plot([8, 12.3], np.log10(C / 6) - np.array([8, 12.3]), color=WHITE, linewidth=1.6)
    data = np.log10(n.path_budgets / (6 * n.path))
    ax.plot(np.log10(n.path), data, color=WHITE, linewidth=7.5)
    ax.plot(np.log10(n.path), data, color=VERMILLION, linewidth=4.5)
    found = np.log10(n.found)
    ax.plot(
        found, np.log10(n.budgets / 6) - found, "o", color=WHITE, markersize=10, markeredgecolor=INK
    )
    ax.plot(*np.log10(GOPHER), "X", color=WHITE, markersize=12, markeredgecolor=INK)
    ax.plot(*np.log10(CHINCHILLA), "*", color=WHITE, markersize=20, markeredgecolor=INK)
    backing = {"facecolor": WHITE, "edgecolor": "none", "pad": 2.5}
    star, cross = np.log10(CHINCHILLA), np.log10(GOPHER)
    ax.text(star[0] + 0.2, star[1] + 0.16, "Chinchilla", bbox=backing)
    ax.text(cross[0], cross[1] - 0.26, "Gopher", ha="center", va="top", bbox=backing)
    ax.set(xlim=(8, 12.3), ylim=(9, 13))
    ax.set_xticks([8, 9, 10, 11, 12], ["100M", "1B", "10B", "100B", "1T"])
    ax.set_yticks([9, 10, 11, 12, 13], ["1B", "10B", "100B", "1T", "10T"])
    ax.set_xlabel("parameters $N$")
    ax.set_ylabel("tokens $D$")


MUTANTS = {
    "exponents swapped": ("(C / 6) ** (b / (a + b))", "(C / 6) ** (a / (a + b))"),
    "the factor alpha / beta left out": (
        '(a * law["A"] / (b * law["B"]))',
        '(law["A"] / law["B"])',
    ),
}
