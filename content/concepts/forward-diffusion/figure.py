"""The forward chain of diffusion, really run: a shape of points drowns in noise step by step."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, MIST, PALE_BLUE, RULE, SEQUENTIAL

HEIGHT = 3.6
COLOURS = 32
VARIANTS = (
    {"shape": "spiral", "schedule": "linear", "times": (0, 100, 300, 1000)},
    {"shape": "pair of rings", "schedule": "cosine", "times": (0, 250, 500, 1000)},
)

STEPS = 1000
POINTS = 4_000
DRAWN = 600
PIXEL = 0.8


def spiral(rng):
    """Points on a spiral with unit variance an axis, and where each one sits along the arm."""
    along = np.sqrt(rng.random(POINTS))
    angle = 3 * np.pi * along
    return angle[:, None] / 6 * np.c_[np.cos(angle), np.sin(angle)], np.round(5 * along) / 5


def rings(rng):
    """Points on an inner and an outer ring."""
    outer = rng.random(POINTS) < 2 / 3
    angle = rng.uniform(0, 2 * np.pi, POINTS)
    radius = np.where(outer, 2.0, 0.9)
    return radius[:, None] * np.c_[np.cos(angle), np.sin(angle)], outer * 0.9


def noise_schedule(name):
    if name == "linear":  # Ho et al. 2020, section 4
        return np.linspace(1e-4, 0.02, STEPS)
    # Nichol and Dhariwal 2021, equation 17: the running product falls as a squared cosine.
    time = np.arange(STEPS + 1) / STEPS
    product = np.cos((time + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.minimum(1 - product[1:] / product[:-1], 0.999)


def compute(rng, shape, schedule, times):
    x0, tone = {"spiral": spiral, "pair of rings": rings}[shape](rng)
    x0 = x0 + 0.05 * rng.standard_normal(x0.shape)
    x0 = (x0 - x0.mean(0)) / x0.std(0)
    beta = noise_schedule(schedule)
    signal = np.concatenate([[1.0], np.cumprod(1 - beta)])  # share of the variance left of x0
    x, clouds = x0, {0: x0}
    for t in range(1, STEPS + 1):
        noise = rng.standard_normal(x.shape)
        x = np.sqrt(1 - beta[t - 1]) * x + np.sqrt(beta[t - 1]) * noise
        if t in times:
            clouds[t] = x
    return SimpleNamespace(
        clouds=clouds,
        tone=tone,
        shape=shape,
        schedule=schedule,
        signal=signal,
        steps=STEPS,
        first_beta=beta[0],
        last_beta=beta[-1],
        half=int(np.argmax(signal < 0.5)),
        early=times[1],
        later=times[2],
        share_early=signal[times[1]],
        share_later=signal[times[2]],
        share_end=signal[-1],
        one_in=1 / signal[-1],
        pixel=PIXEL,
        pixel_early=np.sqrt(signal[times[1]]) * PIXEL,
        noise_early=np.sqrt(1 - signal[times[1]]),
        pixel_later=np.sqrt(signal[times[2]]) * PIXEL,
        noise_later=np.sqrt(1 - signal[times[2]]),
    )


def check(n):
    x0 = n.clouds[0]
    size = x0.size  # a variance of that many normal values has the relative error sqrt(2 / size)
    for t, x in n.clouds.items():
        if t == 0:
            continue
        kept, spread = np.sqrt(n.signal[t]), np.sqrt(1 - n.signal[t])
        rest = (x - kept * x0).var() / spread**2
        yield f"t = {t}: noise has variance 1 - alpha-bar", abs(rest - 1) < 4.5 * np.sqrt(2 / size)
        slope = (x * x0).sum() / (x0**2).sum()
        yield (
            f"t = {t}: the start is scaled by its square root",
            abs(slope - kept) < 4.5 * spread / np.sqrt(size),
        )
    last = n.clouds[n.steps]
    within = (np.abs(last) < 1).mean()
    yield "the end is standard normal: 68.27 % within one", abs(within - 0.6827) < 0.024
    yield "less than a thousandth of the signal is left", n.share_end < 1e-3


def draw(fig, n):
    fig.set_layout_engine("none")  # four square clouds over one strip, edge to edge
    side = 0.228
    for column, (t, x) in enumerate(n.clouds.items()):
        ax = fig.add_axes((0.022 + 0.2427 * column, 0.505, side, side * 6.0 / HEIGHT))
        ax.scatter(
            *x[:DRAWN].T,
            c=n.tone[:DRAWN],
            s=6,
            linewidths=0,
            cmap=SEQUENTIAL,
            vmax=1.2,
            antialiased=False,
        )
        ax.set(xlim=(-2.9, 2.9), ylim=(-2.9, 2.9), xticks=[], yticks=[])
        ax.set_title(f"$t$ = {t}", loc="center")
        ax.spines[:].set(visible=True, color=RULE)
    ax = fig.add_axes((0.045, 0.195, 0.9, 0.26))
    steps = np.arange(n.steps + 1)
    ax.fill_between(steps, n.signal, 1, color=MIST, linewidth=0)
    ax.fill_between(steps, 0, n.signal, color=PALE_BLUE, linewidth=0)
    ax.plot(steps, n.signal, color=BLUE)
    marked = list(n.clouds)
    ax.plot(marked, n.signal[marked], "o", color=INK, markersize=8, clip_on=False, zorder=5)
    ax.text(0.03 * n.steps, 0.24, "signal", color=BLUE, weight="bold", va="center")
    ax.text(0.98 * n.steps, 0.66, "noise", color=INK, weight="bold", ha="right", va="center")
    ax.set(xlim=(0, n.steps), ylim=(0, 1), xticks=marked, yticks=[])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("share of the variance after $t$ steps", labelpad=2)


MUTANTS = {
    "signal shrinks by 1 - beta, without the root": (
        "x = np.sqrt(1 - beta[t - 1]) * x",
        "x = (1 - beta[t - 1]) * x",
    ),
    "noise is scaled by its variance, not its deviation": (
        "np.sqrt(beta[t - 1]) * noise",
        "beta[t - 1] * noise",
    ),
    "noise is added without shrinking the signal": (
        "x = np.sqrt(1 - beta[t - 1]) * x",
        "x = 1.0 * x",
    ),
}
