"""One layer of units under many dropout masks: rescaled, the mean stays where it was."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, PALE_BLUE, VERMILLION

HEIGHT = 3.5
VARIANTS = ({"rate": 0.5}, {"rate": 0.25})

UNITS = 12
PASSES = 5000  # their mean is within 1.4 to 2 % of the layer, one standard error
DRAWN = 6
DRAWS = 400_000  # for mean and variance: three standard errors are 0.5 % and 1 %


def dropped(rng, h, rate, passes):
    """The layer under `passes` independent masks, one row each."""
    mask = rng.random((passes, len(h))) >= rate
    return mask * h / (1 - rate)


def compute(rng, rate):
    h = np.abs(rng.standard_normal(UNITS)) + 0.4
    rows = dropped(rng, h, rate, PASSES)
    single = dropped(rng, np.ones(1), rate, DRAWS)[:, 0]
    # What a unit of the next layer receives: the sum of 100 units that all say 1.
    sums = dropped(rng, np.ones(100), rate, 4000).sum(axis=1)
    return SimpleNamespace(
        h=h,
        rows=rows,
        rate=rate,
        up=1 / (1 - rate),
        share=np.mean(rows == 0),
        mean=single.mean(),
        variance=single.var(),
        expected_variance=rate / (1 - rate),
        inputs=100,
        sum_mean=sums.mean(),
        sum_spread=sums.std(),
        unscaled=sums.mean() * (1 - rate),
        passes=PASSES,
        units=UNITS,
    )


def check(n):
    yield "the mean is kept within 1 %", abs(n.mean - 1) < 0.01
    # Var = E[h'^2] - 1 = 1/(1-p) - 1.
    yield "the variance is p/(1-p) within 3 %", abs(n.variance / n.expected_variance - 1) < 0.03
    yield "a share p of all is silent", abs(n.share - n.rate) < 0.01
    means = n.rows.mean(axis=0)
    yield "each unit's mean over the passes is its value, 6 %", np.allclose(means, n.h, rtol=0.06)
    alive = n.rows[n.rows > 0] / np.broadcast_to(n.h, n.rows.shape)[n.rows > 0]
    yield "all others are scaled by 1/(1-p)", np.allclose(alive, n.up)
    yield "a sum of 100 keeps its mean", abs(n.sum_mean / n.inputs - 1) < 0.01


def draw(fig, n):
    grid, bars = fig.subplots(2, 1, height_ratios=(2, 1), sharex=True)
    for row in range(DRAWN):
        for unit in range(n.units):
            value = n.rows[row, unit]
            if value > 0:
                grid.plot(unit, row, "o", color=BLUE, markersize=9 * np.sqrt(value))
            else:
                grid.plot(unit, row, "x", color=GREY, markersize=6, markeredgewidth=1.6)
    grid.set(ylim=(DRAWN - 0.4, -0.7), yticks=[0, DRAWN - 1], yticklabels=["pass 1", f"{DRAWN}"])
    means = n.rows.mean(axis=0)
    bars.bar(range(n.units), n.h, color=PALE_BLUE, width=0.8)
    bars.plot(range(n.units), means, "D", color=VERMILLION, markersize=8)
    bars.set(xticks=[], yticks=[], xlim=(-0.7, n.units - 0.3), ylim=(0, 1.1 * means.max()))
    bars.set_ylabel(f"mean of\n{n.passes}", rotation=0, ha="right", va="center")
    for ax in (grid, bars):
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    bars.spines["bottom"].set_visible(True)


MUTANTS = {
    "survivors are not scaled up": ("mask * h / (1 - rate)", "mask * h"),
    "survivors drawn with chance p": (
        "rng.random((passes, len(h))) >= rate",
        "rng.random((passes, len(h))) >= rate**2",
    ),
}
