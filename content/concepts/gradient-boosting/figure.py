"""A day's power demand, built up from one-cut trees: what is left over shrinks."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, VERMILLION, VERMILLION_INK

HEIGHT = 3.3
VARIANTS = (
    {"rate": 0.3, "shown": (1, 10, 100)},
    {"rate": 0.15, "shown": (2, 20, 200)},
)

READINGS, TESTS = 110, 500
NOISE = 0.8


def demand(hour):
    """Megawatts: a night's dip, a morning and an evening peak."""
    bumps = ((-5, 3.5, 2.4), (5, 8.5, 1.8), (9, 19.0, 2.2))
    return 20 + sum(size * np.exp(-0.5 * ((hour - at) / wide) ** 2) for size, at, wide in bumps)


def best_cut(rest):
    """The tree with one cut that fits `rest` best (sorted by the feature): place and two means."""
    left, total = np.cumsum(rest)[:-1], rest.sum()
    count = np.arange(1, len(rest))
    gain = left**2 / count + (total - left) ** 2 / (len(rest) - count)
    k = int(gain.argmax()) + 1
    return k, rest[:k].mean(), rest[k:].mean()


def boost(x, y, rate, steps):
    """Predictions after each step, and the trees as (cut, value left, value right)."""
    F = np.full(len(y), y.mean())
    fits, trees, outputs = [F], [], []
    for _ in range(steps):
        k, low, high = best_cut(y - F)
        h = np.where(np.arange(len(x)) < k, low, high)
        F = F + rate * h
        fits.append(F)
        outputs.append(h)
        trees.append(((x[k - 1] + x[k]) / 2, low, high))
    return np.array(fits), np.array(outputs), np.array(trees)


def predict(x, start, trees, rate):
    """The sum of all trees at new places, after each step."""
    cuts, low, high = trees.T[:, :, None]
    return start + rate * np.cumsum(np.where(x < cuts, low, high), axis=0)


def compute(rng, rate, shown):
    x = np.sort(rng.uniform(0, 24, READINGS))
    y = demand(x) + NOISE * rng.standard_normal(READINGS)
    fits, outputs, trees = boost(x, y, rate, shown[-1])
    new = rng.uniform(0, 24, TESTS)
    target = demand(new) + NOISE * rng.standard_normal(TESTS)
    miss = ((predict(new, y.mean(), trees, rate) - target) ** 2).mean(axis=1)
    train = ((fits - y) ** 2).mean(axis=1)
    grid = np.linspace(0, 24, 600)
    surface = predict(grid, y.mean(), trees, rate)
    return SimpleNamespace(
        x=x,
        y=y,
        grid=grid,
        fits=fits,
        outputs=outputs,
        rate=rate,
        shown=shown,
        lines=[surface[m - 1] for m in shown],
        again=predict(x, y.mean(), trees, rate),
        train=train,
        test=miss,
        share=train / train[0],
        readings=READINGS,
        trees=shown[-1],
        first=shown[0],
        middle=shown[1],
        left_first=train[shown[0]] / train[0],
        left_middle=train[shown[1]] / train[0],
        left_last=train[-1] / train[0],
        off_start=np.sqrt(train[0]),
        off_last=np.sqrt(train[-1]),
        off_test=np.sqrt(miss[-1]),
        noise=NOISE,
        cut=trees[0, 0],
        low=trees[0, 1],
        high=trees[0, 2],
        step_low=rate * trees[0, 1],
        step_high=rate * trees[0, 2],
        mean=y.mean(),
    )


def check(n):
    yield "the squared error never rises", np.diff(n.train).max() <= 1e-12
    # h is the least-squares fit of what is left, so mean(left * h) = mean(h^2).
    gain = n.rate * (2 - n.rate) * (n.outputs**2).mean(axis=1)
    yield "each step gains nu (2 - nu) mean(h^2), exactly", np.allclose(-np.diff(n.train), gain)
    yield "less than a tenth of the variance is left", n.left_last < 0.1
    yield "new readings are predicted better, too", n.test[-1] < 0.4 * n.test[0]
    yield "the trees' sum is the fit", np.allclose(n.again, n.fits[1:])


def draw(fig, n):
    panels = fig.subplots(1, 3, sharex=True, sharey=True)
    for ax, m, line in zip(panels, n.shown, n.lines, strict=True):
        ax.vlines(n.x, n.fits[m], n.y, color=VERMILLION, linewidth=1.6)
        ax.plot(n.x, n.y, "o", color=GREY, markersize=3.6, mew=0)
        ax.plot(n.grid, line, color=BLUE, linewidth=3)
        ax.set(xlim=(0, 24), ylim=(11.5, 32), xticks=[6, 18], yticks=[15, 20, 25, 30])
        name = "tree" if m == 1 else "trees"
        ax.set_title(f"{m} {name}", color=BLUE, weight="bold", loc="center", size=16, pad=24)
        ax.text(
            0.5,
            1.02,
            f"{n.share[m]:.0%} left",
            color=VERMILLION_INK,
            ha="center",
            va="bottom",
            transform=ax.transAxes,
        )
    panels[0].set_ylabel("demand (MW)")
    panels[1].set_xlabel("hour of the day")


MUTANTS = {
    "each tree fits the targets, not what is left": ("best_cut(y - F)", "best_cut(y)"),
    "the step goes uphill": ("F = F + rate * h", "F = F - rate * h"),
    "the learning rate is forgotten": ("F = F + rate * h", "F = F + h"),
}
