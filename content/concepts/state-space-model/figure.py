"""One input through a bank of fading, swinging states: run step by step, and as a convolution."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, DIVERGING, GREY, INK, VERMILLION, VERMILLION_INK, WHITE

HEIGHT = 3.7
COLOURS = 96
VARIANTS = (
    {"pulses": ((12, 1.0), (75, -0.8)), "slowest": 60.0},
    {"pulses": ((8, -1.0), (40, 1.0), (96, 0.7)), "slowest": 45.0},
)

STATES = 12
STEPS = 160


def bank(rng, slowest):
    """Diagonal A (complex: fade and swing), B and C; each state has its own time scale."""
    fade = np.geomspace(3.0, slowest, STATES)
    swing = 2 * np.pi / np.geomspace(9.0, 90.0, STATES)
    a = np.exp(-1 / fade + 1j * swing)
    b = np.ones(STATES)
    # Slow states count forwards, fast ones backwards: the answer swells before it fades.
    c = (0.5 + rng.random(STATES)) * np.where(np.arange(STATES) < STATES // 2, -1, 1) / STATES
    return a, b, c


def recurrence(x, a, b, c):
    """Serial: one state, updated step by step."""
    h, states, y = np.zeros(len(a), complex), [], []
    for value in x:
        h = a * h + b * value
        states.append(h)
        y.append((c @ h).real)
    return np.array(states), np.array(y)


def kernel(a, b, c, length):
    """C A^k B for k = 0, 1, 2, ...: the answer to a single one at step 0."""
    powers = a ** np.arange(length)[:, None]
    return (powers @ (b * c)).real


def convolve(x, k):
    """Parallel: one product of Fourier transforms, padded so that the end does not wrap."""
    size = 2 * len(x)
    return np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(k, size), size)[: len(x)]


def scan(x, a, b):
    """Parallel, without Fourier: pairs of steps are merged, doubling their reach each round."""
    factor, value = np.tile(a, (len(x), 1)), b * x[:, None].astype(complex)
    reach, rounds = 1, 0
    while reach < len(x):
        value[reach:] = value[reach:] + factor[reach:] * value[:-reach]
        factor[reach:] = factor[reach:] * factor[:-reach]
        reach, rounds = 2 * reach, rounds + 1
    return value, rounds


def compute(rng, pulses, slowest):
    a, b, c = bank(rng, slowest)
    x = 0.04 * rng.standard_normal(STEPS)
    for step, height in pulses:
        x[step] += height
    states, serial = recurrence(x, a, b, c)
    k = kernel(a, b, c, STEPS)
    parallel = convolve(x, k)
    merged, rounds = scan(x, a, b)
    pulse = np.zeros(STEPS)
    pulse[0] = 1.0
    return SimpleNamespace(
        x=x,
        states=states.real,
        serial=serial,
        parallel=parallel,
        kernel=k,
        answer=recurrence(pulse, a, b, c)[1],
        gap=np.abs(serial - parallel).max(),
        scan_gap=np.abs(merged - states).max(),
        rounds=rounds,
        steps=STEPS,
        count=STATES,
        scale=np.abs(serial).max(),
        pulses=pulses,
        pulse_count=len(pulses),
        small_y=recurrence(np.array([1.0, 0, 0]), np.array([0.5]), np.ones(1), np.array([2.0]))[1],
        y0=2.0,
        y1=1.0,
        y2=0.5,
        long_steps=512,
        long_rounds=int(np.log2(512)),
    )


def check(n):
    yield "step by step and convolution agree", n.gap < 1e-10
    yield "so does the scan", n.scan_gap < 1e-10
    yield "the kernel is the answer to a single pulse", np.allclose(n.kernel, n.answer, atol=1e-10)
    yield "the small example is right", np.allclose(n.small_y, [n.y0, n.y1, n.y2])
    yield "the states fade: at the end the first is gone", abs(n.states[-1, 0]) < 0.5
    yield "rounds are the logarithm of the steps", n.rounds == int(np.ceil(np.log2(n.steps)))


def draw(fig, n):
    axes = fig.subplots(3, 1, sharex=True, height_ratios=[0.62, 1.25, 1.2])
    steps = np.arange(n.steps)
    top, middle, below = axes
    top.vlines(steps, 0, n.x, color=GREY, linewidth=1.6)
    for step, _ in n.pulses:
        top.plot(step, n.x[step], "o", color=INK, markersize=8)
    reach = 1.25 * np.abs(n.x).max()
    top.set(ylim=(-reach, reach), yticks=[0], yticklabels=["input $x$"])
    middle.imshow(
        n.states.T,
        cmap=DIVERGING,
        vmin=-1.0,
        vmax=1.0,
        aspect="auto",
        interpolation="nearest",
    )
    middle.set(yticks=[(n.count - 1) / 2], yticklabels=["states $h$"])
    below.plot(steps, n.serial, color=BLUE, linewidth=3)
    dots = slice(2, None, 6)
    below.plot(
        steps[dots], n.parallel[dots], "o", color=VERMILLION, mec=WHITE, mew=0.8, markersize=8
    )
    low, high = n.serial.min(), n.serial.max()
    room = high - low
    below.set(ylim=(low - 0.12 * room, high + 0.12 * room), yticks=[0], yticklabels=["output $y$"])
    for ax in axes:
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        ax.set(xlim=(-0.5, n.steps - 0.5), xticks=[])
    below.set_xlabel("line: step by step", color=BLUE, weight="bold", loc="left")
    below.text(
        1.0,
        -0.06,
        "dots: convolution",
        color=VERMILLION_INK,
        weight="bold",
        ha="right",
        va="top",
        transform=below.transAxes,
    )


MUTANTS = {
    "the kernel starts one step late": (
        "powers = a ** np.arange(length)[:, None]",
        "powers = a ** np.arange(1, length + 1)[:, None]",
    ),
    "the convolution wraps around": ("size = 2 * len(x)", "size = len(x)"),
}
