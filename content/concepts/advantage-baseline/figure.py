"""The same gradient, estimated with and without a baseline: two clouds around one arrow."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.6
VARIANTS = (
    {"level": 8.0, "away": (0.9, 0.6)},
    {"level": -6.0, "away": (-0.8, 0.7)},
)

SIGMA = 0.5  # spread of the throws around the aim
BATCH = 16
BATCHES = 3000
SHOWN = 220
NOISE = 0.5  # of the reward, whatever the throw


def reward(rng, a, level, away):
    """Around `level`, and more for throws nearer to a target."""
    off = ((a - away) ** 2).sum(axis=-1)
    return level - off + NOISE * rng.standard_normal(off.shape)


def advantage(R, b):
    return R - b


def gradients(a, weight):
    """One estimate of the gradient a batch: mean of weight times score, aim at zero."""
    return (weight[..., None] * a / SIGMA**2).mean(axis=1)


def compute(rng, level, away):
    away = np.array(away)
    a = SIGMA * rng.standard_normal((BATCHES, BATCH, 2))
    R = reward(rng, a, level, away)
    # The baseline is known beforehand, from other throws: it must not see the batch itself.
    b = reward(rng, SIGMA * rng.standard_normal((4000, 2)), level, away).mean()
    plain = gradients(a, advantage(R, 0.0))
    centred = gradients(a, advantage(R, b))
    # Expected reward at aim m is level - |m - away|^2 - 2 sigma^2: its slope at m = 0.
    exact = 2 * away
    expected = level - away @ away - 2 * SIGMA**2
    total = [cloud.var(axis=0).sum() for cloud in (plain, centred)]
    # Variance as a function of the baseline, for one throw: a parabola, from the same throws.
    tried = expected + np.linspace(-3, 3, 7)
    spread = [gradients(a, advantage(R, c)).var(axis=0).sum() for c in tried]
    return SimpleNamespace(
        plain=plain,
        centred=centred,
        exact=exact,
        b=b,
        expected=expected,
        level=level,
        tried=tried,
        spread=np.array(spread),
        batch=BATCH,
        batches=BATCHES,
        shown=SHOWN,
        mean_plain=plain.mean(axis=0),
        mean_centred=centred.mean(axis=0),
        error_plain=plain.std(axis=0) / np.sqrt(BATCHES),
        error_centred=centred.std(axis=0) / np.sqrt(BATCHES),
        sd_plain=np.sqrt(total[0]),
        sd_centred=np.sqrt(total[1]),
        times=total[0] / total[1],
        length=np.linalg.norm(exact),
        wrong_plain=(plain @ exact < 0).mean(),
        wrong_centred=(centred @ exact < 0).mean(),
    )


def check(n):
    # The slope of the expected reward, derived by hand, is the target of both clouds.
    off = np.abs(n.mean_plain - n.exact) / n.error_plain
    yield "without a baseline the mean is the gradient, 4.5 errors", off.max() < 4.5
    off = np.abs(n.mean_centred - n.exact) / n.error_centred
    yield "with it as well", off.max() < 4.5
    yield "the spread falls: variance by five or more", n.times > 5
    # Theory: (level^2 terms) the score has variance 1 / sigma^2 a coordinate, so a constant c in
    # the weight adds c^2 * 2 / (sigma^2 * batch) to the variance.
    added = n.sd_plain**2 - n.sd_centred**2
    wanted = 2 * n.b**2 / (SIGMA**2 * n.batch)
    yield "by what a constant weight adds, to 30%", abs(added / wanted - 1) < 0.3
    near = np.abs(n.tried - n.expected)
    yield "the best baseline is near the expected reward", near[n.spread.argmin()] < 1.5
    yield "fewer batches point the wrong way", n.wrong_centred < n.wrong_plain


def draw(fig, n):
    fig.set_layout_engine("none")
    reach = 2.6 * n.sd_plain / np.sqrt(2)
    names = ("weight R", "weight R − b")
    clouds = (n.plain, n.centred)
    wrong = (n.wrong_plain, n.wrong_centred)
    for column, (cloud, name) in enumerate(zip(clouds, names, strict=True)):
        ax = fig.add_axes((0.015 + 0.49 * column, 0.12, 0.48, 0.77))
        wide = reach * 0.48 * 6.0 / (0.77 * HEIGHT)
        for ring in (0.45, 0.9):
            angle = np.linspace(0, 2 * np.pi, 120)
            ax.plot(
                ring * reach * np.cos(angle),
                ring * reach * np.sin(angle),
                color=GREY,
                linewidth=1.2,
            )
        colour, ink = ((VERMILLION, VERMILLION_INK), (BLUE, BLUE))[column]
        dots = cloud[: n.shown]
        dots = dots[(np.abs(dots) < 0.97 * np.array([wide, reach])).all(axis=1)]
        ax.plot(*dots.T, "o", color=colour, markersize=5, mec=WHITE, mew=0.5)
        ax.quiver(
            *(0, 0),
            *n.exact,
            color=INK,
            angles="xy",
            scale_units="xy",
            scale=1,
            width=0.02,
            headwidth=3.2,
            headlength=3,
            headaxislength=2.8,
            zorder=5,
        )
        ax.set(xlim=(-wide, wide), ylim=(-reach, reach), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(name, color=ink, weight="bold", loc="center", size=17, pad=5)
        ax.set_xlabel(f"{wrong[column]:.0%} point the wrong way", labelpad=4)


MUTANTS = {
    "the baseline is added": ("return R - b", "return R + b"),
    "each batch is divided by its baseline": ("return R - b", "return R / (b if b else 1)"),
    "the score is not divided by the variance": ("* a / SIGMA**2", "* a / SIGMA"),
}
