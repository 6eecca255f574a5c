"""Latent diffusion in small: a linear codec, and noise turned into an image in the code alone."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, SEQUENTIAL

HEIGHT = 3.5
COLOURS = 48
VARIANTS = (
    {"stretch": (1.0, 1.0), "code": 36},
    {"stretch": (0.6, 1.8), "code": 36},
)

SIDE = 24
IMAGES = 140
SAMPLES = 700
STEPS = 1000
TIMES = (1000, 300, 150, 50, 0)


def clouds(rng, stretch):
    """Smooth random pictures: cosine waves, the short ones weaker, and a little grain."""
    place = (np.arange(SIDE) + 0.5) / SIDE
    frequency = np.arange(10)
    waves = np.cos(np.pi * frequency[:, None] * place)
    down, across = (frequency * s for s in stretch)
    power = 1 / (1 + 0.35 * (down[:, None] ** 2 + across**2)) ** 1.5
    power[0, 0] = 0.2
    heights = power * rng.standard_normal((IMAGES, 10, 10))
    pictures = (waves.T @ heights @ waves).reshape(IMAGES, -1)
    pictures /= pictures.std()
    return pictures + 0.05 * rng.standard_normal(pictures.shape)


def compute(rng, stretch, code):
    x = clouds(rng, stretch)
    mean = x.mean(0)
    _, vectors = np.linalg.eigh((x - mean) @ (x - mean).T)
    basis = vectors[:, -code:].T @ (x - mean)  # principal axes by way of the smaller matrix
    basis /= np.linalg.norm(basis, axis=1, keepdims=True)
    raw = (x - mean) @ basis.T
    scale = raw.std()  # one number for all: Stable Diffusion's is 1 / 0.18215

    def encode(pictures):
        return (pictures - mean) @ basis.T / scale

    def decode(codes):
        return mean + codes * scale @ basis

    z = encode(x)
    spread = z.var(0)  # the codes are uncorrelated; their exact noised score needs no more
    beta = np.linspace(1e-4, 0.02, STEPS)
    signal = np.concatenate([[1.0], np.cumprod(1 - beta)])
    clock = np.unique(np.r_[np.arange(0, STEPS + 1, 10), np.arange(0, 100, 2)])[::-1]
    sample = rng.standard_normal((SAMPLES, code))
    seen = {STEPS: sample}
    for t, later in pairwise(clock):
        kept, next_kept = signal[t], signal[later]
        guess = np.sqrt(1 - kept) * sample / (kept * spread + 1 - kept)
        clean = (sample - np.sqrt(1 - kept) * guess) / np.sqrt(kept)
        sample = np.sqrt(next_kept) * clean + np.sqrt(1 - next_kept) * guess
        if later in TIMES:
            seen[int(later)] = sample
    rebuilt = decode(z)
    made = np.cov(sample.T)
    contrasts = (sample**2).sum(1)
    shown = np.argsort(contrasts)[int(0.8 * SAMPLES)]  # a lively one, not a rare one
    return SimpleNamespace(
        data=x[:5].reshape(5, SIDE, SIDE),
        path=np.array([decode(seen[t][shown]) for t in TIMES]).reshape(5, SIDE, SIDE),
        pixels=SIDE * SIDE,
        code=code,
        smaller=SIDE * SIDE / code,
        images=IMAGES,
        samples=SAMPLES,
        steps=len(clock) - 1,
        start=STEPS,
        kept=1 - ((x - rebuilt) ** 2).sum() / ((x - mean) ** 2).sum(),
        apart=np.linalg.norm(made - np.diag(spread)) / np.linalg.norm(spread),
        contrast=decode(sample).std(0).mean() / x.std(0).mean(),
        round_trip=np.abs(encode(decode(sample)) - sample).max(),
        big_pixels=512 * 512 * 3,
        big_code=64 * 64 * 4,
        big_ratio=512 * 512 * 3 / (64 * 64 * 4),
    )


def check(n):
    yield "Stable Diffusion's code is 48 times smaller", n.big_ratio == 48
    yield "the toy codec keeps 95 % of the pixel variance", n.kept >= 0.95
    # 700 samples: the leading variance has a relative error of sqrt(2 / 700), 5.3 %.
    yield "the codes made have the covariance of the data's", n.apart < 0.25
    yield "decoded, they have the contrast of the data within 10 %", abs(n.contrast - 1) < 0.1
    yield "decoding loses nothing of a code", n.round_trip < 1e-10


def mosaic(pictures):
    """Five pictures in a row with white between them."""
    gap = np.full((SIDE, 3), np.nan)
    return np.hstack([part for picture in pictures for part in (picture, gap)][:-1])


def draw(fig, n):
    axes = fig.subplots(2, 1)
    looks = (
        (n.data, f"images: {n.pixels} numbers each", INK),
        (n.path, f"new, from a code of {n.code} numbers", BLUE),
    )
    for ax, (pictures, title, ink) in zip(axes, looks, strict=True):
        ax.imshow(mosaic(pictures), cmap=SEQUENTIAL, vmin=-2.6, vmax=2.6, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(title, color=ink, weight="bold", size=16)
    centres = (SIDE + 3) * np.arange(5) + SIDE / 2
    axes[1].set_xticks(centres, [f"$t$ = {TIMES[0]}", *(str(t) for t in TIMES[1:])])
    axes[1].tick_params(length=0)


MUTANTS = {
    "the signal's fading is left out of the score": (
        "(kept * spread + 1 - kept)",
        "(spread + 1 - kept)",
    ),
    "the decoder forgets the scale of the code": (
        "mean + codes * scale @ basis",
        "mean + codes @ basis",
    ),
}
