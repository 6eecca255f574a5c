"""Running averages of three kinds of bounded data, all kept by the same narrowing funnel."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, MIST, VERMILLION

HEIGHT = 3.1
COLOURS = 24
VARIANTS = (
    {"delta": 0.05, "rare": 0.1, "last": 200},
    {"delta": 0.1, "rare": 0.25, "last": 150},
)

RUNS = 1500
SHOWN = 30


def bound(n, eps):
    """Hoeffding's limit on the chance that a mean of n values in [0, 1] is off by eps or more."""
    return 2 * np.exp(-2 * n * eps**2)


def half_width(n, delta):
    """The deviation at which the bound is delta."""
    return np.sqrt(np.log(2 / delta) / (2 * n))


def exact_tail(n):
    """For n fair coins: each possible deviation of the mean, and the exact chance of that much."""
    off = np.abs(np.arange(n + 1) / n - 0.5)
    mass = np.array([math.comb(n, k) / 2**n for k in range(n + 1)])
    levels = np.unique(np.round(off, 12))
    return levels, np.array([mass[off >= e - 1e-9].sum() for e in levels])


def compute(rng, delta, rare, last):
    steps = np.arange(1, last + 1)
    draws = {
        "coin": (rng.integers(0, 2, (RUNS, last)), 0.5),
        "rare event": (rng.random((RUNS, last)) < rare, rare),
        "dial": (rng.random((RUNS, last)), 0.5),
    }
    width = half_width(steps, delta)
    off = {kind: np.cumsum(x, axis=1) / steps - mean for kind, (x, mean) in draws.items()}
    outside = {kind: (np.abs(d) >= width).mean(axis=0) for kind, d in off.items()}
    ratios = []
    for n in (1, 2, 5, 10, 20, 40, 80):
        levels, tail = exact_tail(n)
        ratios.append((tail / bound(n, levels))[levels > 0].max())
    eps = 0.1
    levels, tail = exact_tail(100)
    tenth = tail[np.abs(levels - eps).argmin()]
    return SimpleNamespace(
        steps=steps,
        width=width,
        paths={kind: d[:SHOWN] for kind, d in off.items()},
        outside=outside,
        ratios=np.array(ratios),
        closed=bound(steps, width),
        one_coin=bound(1, 0.5),
        simulated=(np.abs(off["coin"][:, 99]) >= eps - 1e-9).mean(),
        delta=delta,
        rare=rare,
        last=last,
        runs=RUNS,
        shown=SHOWN,
        end_width=width[-1],
        eps=eps,
        flips=100,
        tenth=tenth,
        tenth_bound=bound(100, eps),
        worst=max(o[-1] for o in outside.values()),
        ever=max(o.max() for o in outside.values()),
        needed=math.ceil(math.log(2 / delta) / (2 * 0.05**2)),
        close=0.05,
        needed_half=math.ceil(math.log(2 / delta) / (2 * 0.025**2)),
        closer=0.025,
    )


def check(n):
    # Sums of binomial coefficients: no chance in it. One coin is always off by 1/2.
    yield "no exact tail of the coin exceeds the bound", (n.ratios <= 1).all()
    yield "and for some it comes within a factor of two", n.ratios.max() > 0.5
    yield "the funnel is where the bound is delta", np.allclose(n.closed, n.delta)
    error = math.sqrt(n.delta * (1 - n.delta) / n.runs)
    most = max(share.max() for share in n.outside.values())
    yield "at no step are more than delta outside, 4.5 errors", most <= n.delta + 4.5 * error
    error = math.sqrt(n.tenth * (1 - n.tenth) / n.runs)
    yield (
        "simulated coins have the exact tail, 4.5 errors",
        abs(n.simulated - n.tenth) < 4.5 * error,
    )
    yield "half the deviation takes four times the data", abs(n.needed_half / n.needed - 4) < 0.02


def draw(fig, n):
    panels = fig.subplots(1, 3, sharex=True, sharey=True)
    for ax, (kind, paths) in zip(panels, n.paths.items(), strict=True):
        ax.fill_between(n.steps, -n.width, n.width, color=MIST, linewidth=0)
        out = np.abs(paths) >= n.width
        ax.plot(n.steps, paths.T, color=BLUE, linewidth=1.4, alpha=0.4)
        ax.plot(n.steps, np.where(out, paths, np.nan).T, color=VERMILLION, linewidth=4)
        for sign in (-1, 1):
            ax.plot(n.steps, sign * n.width, color=INK, linewidth=3)
        ax.axhline(0, color=GREY, linewidth=1.2, linestyle=(0, (4, 3)))
        ax.set_title(kind, loc="center", weight="bold", size=16)
        ax.text(
            0.97 * n.last, -0.46, f"{100 * n.outside[kind][-1]:.1f}%\nout", ha="right", va="bottom"
        )
        ax.set(xlim=(1, n.last), ylim=(-0.5, 0.5), xticks=[1, n.last // 2, n.last])
        ax.set_yticks([-0.4, 0, 0.4], ["−0.4", "0", "0.4"])
        ax.get_xticklabels()[-1].set_ha("right")
    panels[1].set_xlabel(f"values averaged, $n$ ({n.delta:.0%} may be out)")
    panels[0].set_ylabel("mean is off by")


MUTANTS = {
    "one side only: the factor 2 is missing": ("2 * np.exp(-2 * n", "np.exp(-2 * n"),
    "the exponent is doubled": ("np.exp(-2 * n * eps**2)", "np.exp(-4 * n * eps**2)"),
    "the deviation is not squared": ("n * eps**2)", "n * eps)"),
    "the funnel lacks the factor 2": (
        "np.sqrt(np.log(2 / delta) / (2 * n))",
        "np.sqrt(np.log(2 / delta) / n)",
    ),
}
