"""Two unbiased gradients of the same expectation: score function against pathwise."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
)

HEIGHT = 3.4
VARIANTS = ({"mu": 2.0, "sigma": 0.8}, {"mu": 1.5, "sigma": 1.2})

DRAWS = 100
BATCHES = 4000


def compute(rng, mu, sigma):
    noise = rng.standard_normal((BATCHES, DRAWS))
    z = mu + sigma * noise
    # The loss is z squared; its slope is 2z, and z moves one to one with mu.
    path = (2 * z).mean(1)
    # The slope of the log density of z in mu is noise / sigma.
    score = (z**2 * noise / sigma).mean(1)
    truth = 2 * mu
    reach = 4 * score.std()
    edges = np.linspace(truth - reach, truth + reach, 91)
    return SimpleNamespace(
        mu=mu,
        sigma=sigma,
        draws=DRAWS,
        batches=BATCHES,
        truth=truth,
        edges=edges,
        path=path,
        score=score,
        path_heights=np.histogram(path, edges, density=True)[0],
        score_heights=np.histogram(score, edges, density=True)[0],
        mean_path=path.mean(),
        mean_score=score.mean(),
        spread_path=path.std(),
        spread_score=score.std(),
        spread_ratio=score.std() / path.std(),
        variance_ratio=score.var() / path.var(),
    )


def check(n):
    for name, found in (("pathwise", n.path), ("score", n.score)):
        error = found.std() / np.sqrt(n.batches)
        yield f"{name}: centred on the truth, 4.5 errors", abs(found.mean() - n.truth) < 4.5 * error
    # Moments of a normal draw: exact variance of one draw of each estimator.
    path = 4 * n.sigma**2
    score = (n.mu**4 + 18 * n.mu**2 * n.sigma**2 + 15 * n.sigma**4) / n.sigma**2 - 4 * n.mu**2
    yield "pathwise variance as in theory", abs(n.path.var() * n.draws / path - 1) < 0.12
    yield "score variance as in theory", abs(n.score.var() * n.draws / score - 1) < 0.15
    yield "score spreads 3 times wider or more", n.spread_ratio > 3


def draw(fig, n):
    axes = fig.subplots(2, 1, sharex=True)
    rows = (
        (n.score_heights, VERMILLION, PALE_VERMILLION, VERMILLION_INK, "score", n.spread_score),
        (n.path_heights, BLUE, PALE_BLUE, BLUE, "pathwise", n.spread_path),
    )
    for ax, (heights, line, fill, ink, name, spread) in zip(axes, rows, strict=True):
        ax.stairs(heights, n.edges, fill=True, color=fill)
        ax.stairs(heights, n.edges, color=line, linewidth=2.5)
        ax.axvline(n.truth, color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
        ax.set(yticks=[], ylim=(0, 1.12 * heights.max()), xlim=(n.edges[0], n.edges[-1]))
        ax.spines["left"].set_visible(False)
        place = {"transform": ax.transAxes, "color": ink, "va": "top"}
        ax.text(0.0, 0.98, name, weight="bold", size=17, **place)
        ax.text(0.0, 0.68, f"± {spread:.2f}", **place)
    axes[0].tick_params(axis="x", length=0)
    axes[0].set_title(f"truth $2\\mu$ = {n.truth:.1f}", loc="center")
    axes[1].locator_params(axis="x", nbins=5)
    axes[1].set_xlabel(rf"estimated slope in $\mu$, {n.draws} draws each")


MUTANTS = {
    "score of the noise, not of the draw": ("z**2 * noise / sigma", "z**2 * noise"),
    "pathwise slope at the noise instead of the draw": ("(2 * z).mean(1)", "(2 * noise).mean(1)"),
}
