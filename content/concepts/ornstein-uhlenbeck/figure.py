"""Ornstein-Uhlenbeck paths from one start: the mean decays, the spread settles."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, PALE_BLUE, VERMILLION, VERMILLION_INK

HEIGHT = 3.5
VARIANTS = (
    {"theta": 1.0, "sigma": 0.8, "start": 3.0},
    {"theta": 0.5, "sigma": 0.7, "start": -4.0},
)

PATHS, STEPS, SPAN = 16_000, 300, 6.0  # the span counts memory times 1/theta


def mean_at(t, theta, start):
    return start * np.exp(-theta * t)


def variance_at(t, theta, sigma):
    return sigma**2 / (2 * theta) * (1 - np.exp(-2 * theta * t))


def bell(x, sd):
    return np.exp(-(x**2) / (2 * sd**2)) / (sd * np.sqrt(2 * np.pi))


def simulate(rng, theta, sigma, start, h):
    x = np.full(PATHS, start, dtype=np.float32)
    seen = [x]
    for _ in range(STEPS):
        noise = rng.standard_normal(PATHS, dtype=np.float32)
        x = x - theta * x * h + np.float32(sigma * np.sqrt(h)) * noise
        seen.append(x)
    return np.array(seen)


def compute(rng, theta, sigma, start):
    memory = 1 / theta
    h = SPAN * memory / STEPS
    t = h * np.arange(STEPS + 1)
    paths = simulate(rng, theta, sigma, start, h)
    lag = round(memory / h)
    rest_sd = sigma / np.sqrt(2 * theta)
    edges = rest_sd * np.linspace(-4, 4, 33)
    return SimpleNamespace(
        t=t,
        drawn=paths[:, :4],
        levels=(edges[:-1] + edges[1:]) / 2,
        shares=np.histogram(paths[-1], edges)[0] / PATHS / (edges[1] - edges[0]),
        bell=bell((edges[:-1] + edges[1:]) / 2, rest_sd),
        mean=mean_at(t, theta, start),
        sd=np.sqrt(variance_at(t, theta, sigma)),
        paths_mean=paths.mean(axis=1),
        paths_sd=paths.std(axis=1),
        theta=theta,
        sigma=sigma,
        start=start,
        memory=memory,
        paths=PATHS,
        rest_sd=rest_sd,
        measured_sd=paths[-1].std(),
        mean_at_memory=paths[lag].mean(),
        exact_at_memory=start / np.e,
        correlation=np.corrcoef(paths[-1 - lag], paths[-1])[0, 1],
        h=h,
    )


def check(n):
    # The Euler step itself decays by 1 - theta*h and rests at sigma^2 / (2 theta - theta^2 h).
    error = 4.5 * n.rest_sd / np.sqrt(n.paths)
    bias = np.abs(n.mean - n.start * (1 - n.theta * n.h) ** np.arange(len(n.t)))
    yield "the mean decays as exp(-theta t)", (np.abs(n.paths_mean - n.mean) < error + bias).all()
    yield "and the bias of the step is small", bias.max() < 0.01 * abs(n.start)
    yield (
        "long-run variance within 6% (16 000 paths)",
        (abs((n.measured_sd / n.rest_sd) ** 2 - 1) < 0.06),
    )
    inner = slice(20, None)
    yield (
        "the band is the spread of the paths, within 4%",
        np.allclose(n.paths_sd[inner], n.sd[inner], rtol=0.04),
    )
    yield (
        "the last states pile up to the bell",
        (np.abs(n.shares - n.bell).max() < 0.1 * n.bell.max()),
    )
    yield "correlation over one memory time is 1/e", abs(n.correlation - np.exp(-1)) < 0.04


def draw(fig, n):
    ax, side = fig.subplots(1, 2, sharey=True, width_ratios=(3.4, 1))
    every = slice(None, None, 2)
    ax.fill_between(n.t, n.mean - 2 * n.sd, n.mean + 2 * n.sd, color=PALE_BLUE)
    ax.plot(n.t[every], n.drawn[every], color=BLUE, linewidth=1.5)
    ax.plot(n.t, n.mean, color=VERMILLION, linewidth=3.5, linestyle=(0, (3, 1)))
    words = {"color": VERMILLION_INK, "weight": "bold", "va": "center"}
    ax.text(0.3 * n.t[-1], 0.86 * n.start, "dashed: mean", **words)
    low, high = sorted((1.1 * n.start, -3.2 * np.sign(n.start) * n.rest_sd))
    ax.set(xlim=(0, n.t[-1]), ylim=(low, high))
    ax.set_yticks([tick for tick in (-4, -2, 0, 2) if low < tick < high])
    ax.set_xticks(n.memory * np.array([0, 2, 4, 6]))
    ax.set_xlabel("time (s)")
    ax.set_ylabel("x")
    side.barh(n.levels, n.shares, height=n.levels[1] - n.levels[0], color=PALE_BLUE)
    side.plot(n.bell, n.levels, color=BLUE, linewidth=3)
    side.set(xlim=(0, 1.15 * n.bell.max()), xticks=[])
    side.set_xlabel("at the end")
    side.tick_params(axis="y", length=0)


MUTANTS = {
    "noise grows with h, not with its root": ("sigma * np.sqrt(h)", "sigma * h"),
    "the 2 in the variance is lost": ("sigma**2 / (2 * theta) * (1", "sigma**2 / theta * (1"),
}
