"""Reliability diagrams of an overconfident classifier, before and after one temperature."""

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

HEIGHT = 3.5
VARIANTS = ({"blown": 3.0, "spread": 1.2}, {"blown": 2.2, "spread": 1.1})

EXAMPLES = 40_000
FITTED = 6_000  # held-out examples on which the temperature is found
BINS = 6
SURE = 0.95


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def confidence(logit):
    """The probability that the classifier gives to its own answer, 1/2 to 1."""
    return sigmoid(np.abs(logit))


def log_loss(logit, y, temperature):
    z = logit / temperature
    return (np.logaddexp(0, z) - y * z).mean()


def best_temperature(logit, y):
    """The temperature with the lowest log loss, by golden section: the loss has one minimum."""
    low, high, golden = 0.3, 8.0, (np.sqrt(5) - 1) / 2
    for _ in range(24):
        a, b = high - golden * (high - low), low + golden * (high - low)
        if log_loss(logit, y, a) < log_loss(logit, y, b):
            high = b
        else:
            low = a
    return (low + high) / 2


def reliability(conf, right):
    """Per bin of confidence: how many, their mean confidence, the share that is right."""
    bins = np.minimum(((conf - 0.5) * 2 * BINS).astype(int), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    said = np.bincount(bins, conf, BINS) / np.maximum(count, 1)
    was = np.bincount(bins, right, BINS) / np.maximum(count, 1)
    return count, said, was


def gap(count, said, was):
    """Expected calibration error: the mean gap, weighted by how many are in the bin."""
    return (count / count.sum()) @ np.abs(was - said)


def compute(rng, blown, spread):
    true_logit = spread * rng.standard_normal(EXAMPLES)
    y = (rng.random(EXAMPLES) < sigmoid(true_logit)).astype(float)
    logit = blown * true_logit  # the order is right, the size is not
    temperature = best_temperature(logit[:FITTED], y[:FITTED])
    z, y = logit[FITTED:], y[FITTED:]
    right = ((z > 0) == (y > 0.5)).astype(float)
    before = reliability(confidence(z), right)
    after = reliability(confidence(z / temperature), right)
    sure = confidence(z) > SURE
    return SimpleNamespace(
        before=before,
        after=after,
        blown=blown,
        temperature=temperature,
        tested=len(z),
        fitted=FITTED,
        ece_before=gap(*before),
        ece_after=gap(*after),
        said=confidence(z).mean(),
        said_after=confidence(z / temperature).mean(),
        was=right.mean(),
        was_after=((z / temperature > 0) == (y > 0.5)).mean(),
        loss_before=log_loss(z, y, 1.0),
        loss_after=log_loss(z, y, temperature),
        last_said=before[1][-1],
        last_was=before[2][-1],
        sure=SURE,
        sure_was=right[sure].mean(),
        sure_said=confidence(z)[sure].mean(),
    )


def check(n):
    # The logits were blown up by a known factor; 6 000 examples find it to 3.3% (one error).
    yield "the temperature undoes the factor, to 16%", abs(n.temperature / n.blown - 1) < 0.16
    yield "before, the gap is above 8 points", n.ece_before > 0.08
    # Binning noise alone is sum sqrt(n_b p q) / N, about 0.005 with six bins and 34 000 cases.
    yield "after, it is below 3", n.ece_after < 0.03
    yield "no answer changes", n.was == n.was_after
    yield "the log loss falls", n.loss_after < n.loss_before - 0.02
    count, said, was = n.before
    # The first bin's gap is 2 points; the others' are many errors wide.
    yield "from the second bin on it was overconfident", (said - was)[1:].min() > 0
    over = (count * (said - was)).sum() / count.sum()
    yield "one-sided, so the gap is the mean overconfidence", abs(over - n.ece_before) < 4e-3


def draw(fig, n):
    panels = fig.subplots(1, 2, sharex=True, sharey=True)
    edges = 0.5 + np.arange(BINS) / (2 * BINS)
    cases = (
        ("as trained", n.before, n.ece_before, VERMILLION, PALE_VERMILLION, VERMILLION_INK),
        (f"divided by {n.temperature:.1f}", n.after, n.ece_after, BLUE, PALE_BLUE, BLUE),
    )
    for ax, (title, (_, said, was), error, colour, pale, ink) in zip(panels, cases, strict=True):
        width = 0.5 / BINS
        ax.bar(edges, np.maximum(said - was, 0), 0.94 * width, was, align="edge", color=pale)
        ax.bar(edges, was, 0.94 * width, align="edge", color=colour)
        ax.plot([0.5, 1], [0.5, 1], color=INK, linewidth=2.6, linestyle=(0, (2, 1)))
        ax.set_title(title, loc="center", size=16)
        ax.text(0.515, 0.97, f"gap {100 * error:.1f}%", color=ink, weight="bold", size=18, va="top")
        ax.set(xlim=(0.5, 1), ylim=(0.4, 1))
        ax.set_xticks([0.5, 0.75, 1], ["50%", "75%", "100%"])
        ax.set_yticks([0.5, 0.75, 1], ["50%", "75%", "100%"])
        ax.get_xticklabels()[-1].set_ha("right")
        ax.set_xlabel("it says")
    panels[0].set_ylabel("it is right")
    panels[0].axhline(0.5, color=GREY, linewidth=1, zorder=0)


MUTANTS = {
    "the logits are multiplied by the temperature": (
        "z = logit / temperature",
        "z = logit * temperature",
    ),
    "gaps of all bins weigh alike": ("(count / count.sum())", "np.full(BINS, 1 / BINS)"),
    "the sign of the target": ("- y * z).mean()", "+ y * z).mean()"),
}
