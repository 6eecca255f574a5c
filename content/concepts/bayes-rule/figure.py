"""A rare disease and a good test: a crowd of dots, and beside it those who tested positive."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, RULE, VERMILLION, VERMILLION_INK

HEIGHT = 3.4
VARIANTS = (
    {"prevalence": 0.01, "sensitivity": 0.99, "false_rate": 0.05},
    {"prevalence": 0.02, "sensitivity": 0.9, "false_rate": 0.04},
)

ROWS, COLUMNS = 25, 40  # the crowd that is drawn
PEOPLE = 1_000_000  # the crowd that is simulated


def bayes(prior, likelihood, likelihood_otherwise):
    """Probability of the cause once the evidence is seen."""
    evidence = likelihood * prior + likelihood_otherwise * (1 - prior)
    return likelihood * prior / evidence


def compute(rng, prevalence, sensitivity, false_rate):
    ill = rng.random(PEOPLE) < prevalence
    positive = rng.random(PEOPLE) < np.where(ill, sensitivity, false_rate)
    posterior = bayes(prevalence, sensitivity, false_rate)
    # The drawn crowd holds the expected counts, to the nearest person, in random places.
    town = ROWS * COLUMNS
    town_ill = round(town * prevalence)
    caught = round(town_ill * sensitivity)
    false_alarms = round((town - town_ill) * false_rate)
    place = rng.permutation(town)
    where = np.stack([place % COLUMNS, place // COLUMNS], axis=1)
    return SimpleNamespace(
        prevalence=prevalence,
        sensitivity=sensitivity,
        false_rate=false_rate,
        posterior=posterior,
        twice=bayes(posterior, sensitivity, false_rate),
        after_negative=bayes(prevalence, 1 - sensitivity, 1 - false_rate),
        people=PEOPLE,
        seen=ill[positive].mean(),
        seen_negative=ill[~positive].mean(),
        positives=int(positive.sum()),
        negatives=int((~positive).sum()),
        town=town,
        ill=town_ill,
        caught=caught,
        false_alarms=false_alarms,
        positive=caught + false_alarms,
        at_caught=where[:caught],
        at_missed=where[caught:town_ill],
        at_false=where[town_ill : town_ill + false_alarms],
        at_clear=where[town_ill + false_alarms :],
    )


def error(share, count):
    return np.sqrt(share * (1 - share) / count)


def check(n):
    yield (
        "a million people: the posterior, within 4.5 standard errors",
        abs(n.seen - n.posterior) < 4.5 * error(n.posterior, n.positives),
    )
    yield (
        "those who test negative, within 4.5 standard errors",
        abs(n.seen_negative - n.after_negative) < 4.5 * error(n.after_negative, n.negatives),
    )
    drawn = len(n.at_caught) / (len(n.at_caught) + len(n.at_false))
    yield "the drawn crowd shows the posterior to a point", abs(drawn - n.posterior) < 0.01
    odds = n.prevalence / (1 - n.prevalence) * n.sensitivity / n.false_rate
    yield "posterior odds = prior odds x ratio", np.isclose(odds / (1 + odds), n.posterior)
    yield "most positives are healthy", n.posterior < 0.5


def draw(fig, n):
    crowd, gathered = fig.subplots(1, 2, width_ratios=(40, 15))
    crowd.plot(*n.at_clear.T, "o", color=RULE, markersize=3.4)
    crowd.plot(*n.at_false.T, "o", color=BLUE, markersize=6)
    crowd.plot(*n.at_missed.T, "D", markerfacecolor="none", markeredgecolor=VERMILLION, ms=7.5)
    crowd.plot(*n.at_caught.T, "D", color=VERMILLION, markersize=7.5)
    crowd.set(xlim=(-1, COLUMNS), ylim=(ROWS, -1))
    crowd.set_title(f"{n.town} people, {n.ill} ill", pad=8)
    order = np.arange(n.positive)
    across = 6
    spot = np.stack([order % across, order // across], axis=1)
    gathered.plot(*spot[: n.caught].T, "D", color=VERMILLION, markersize=10.5)
    gathered.plot(*spot[n.caught :].T, "o", color=BLUE, markersize=9.5)
    gathered.set(xlim=(-0.7, across - 0.3), ylim=(max(10.4, spot[-1, 1] + 1), -0.7))
    gathered.set_title(f"{n.positive} positive", pad=8)
    gathered.set_xlabel(f"{n.posterior:.0%} are ill", color=VERMILLION_INK, weight="bold", size=18)
    crowd.set_xlabel("grey: tested negative", color=GREY)
    for ax in (crowd, gathered):
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    gathered.spines["left"].set(visible=True, color=INK)


MUTANTS = {
    "the base rate is forgotten": (
        "return likelihood * prior / evidence",
        "return likelihood / (likelihood + likelihood_otherwise)",
    ),
    "false alarms weighted by the ill": (
        "likelihood_otherwise * (1 - prior)\n",
        "likelihood_otherwise * prior\n",
    ),
}
