"""A picture as a sum of rank-one layers: what the first 1, 4 and 16 of them show."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, VERMILLION, VERMILLION_INK

HEIGHT = 3.6
COLOURS = 48
VARIANTS = (
    {"sun": (0.68, 0.3), "peaks": (0.24, 0.62, 0.9)},
    {"sun": (0.3, 0.26), "peaks": (0.1, 0.45, 0.8)},
)

SIDE = 96
RANKS = (1, 4, 16)


def landscape(rng, sun, peaks):
    """Brightness 0 to 1: a sky with a sun, three mountains, a lake that mirrors them."""
    x = np.linspace(0, 1, SIDE)
    down, across = np.meshgrid(x, x, indexing="ij")
    shore = 0.66
    up = np.where(down <= shore, down, 2 * shore - down)  # below the shore: the mirror image
    picture = 0.45 + 0.35 * up / shore
    disc = np.hypot(across - sun[0], up - sun[1])
    picture = picture + 0.3 * np.exp(-((disc / 0.22) ** 2))
    picture[disc < 0.1] = 1.0
    for peak, height in zip(peaks, (0.3, 0.22, 0.34), strict=True):
        summit = peak + 0.03 * rng.uniform(-1, 1)
        slope = shore - height + 0.9 * np.abs(across - summit)
        picture = np.where(up > slope, 0.3 - 0.3 * (up - slope), picture)
    lake = down > shore
    ripples = 0.06 * np.sin(2 * np.pi * (down * 14 + 1.5 * across))
    return np.where(lake, 0.7 * picture + ripples, picture)


def layers(U, sigma, Vt, k):
    """The sum of the first k rank-one layers."""
    return (U[:, :k] * sigma[:k]) @ Vt[:k]


def compute(rng, sun, peaks):
    A = landscape(rng, sun, peaks)
    U, sigma, Vt = np.linalg.svd(A)
    copies = [layers(U, sigma, Vt, k) for k in RANKS]
    everyone = np.arange(1, 41)
    missed = np.array([((A - layers(U, sigma, Vt, k)) ** 2).sum() for k in everyone])
    # A rival of rank 4: the same number of columns and rows, drawn by chance and fitted to A.
    basis = np.linalg.qr(A[:, rng.choice(SIDE, RANKS[1], replace=False)])[0]
    rival = basis @ (basis.T @ A)
    total = (A**2).sum()
    error = np.sqrt(missed / total)
    return SimpleNamespace(
        A=A,
        sigma=sigma,
        copies=copies,
        rival=rival,
        ranks=everyone,
        missed=missed,
        error=error,
        side=SIDE,
        pixels=SIDE**2,
        k=RANKS[-1],
        first_sigma=sigma[0],
        second_sigma=sigma[1],
        error_one=error[RANKS[0] - 1],
        error_four=error[RANKS[1] - 1],
        error_many=error[RANKS[-1] - 1],
        rival_error=np.linalg.norm(A - rival) / np.sqrt(total),
        stored=RANKS[-1] * (2 * SIDE + 1),
        stored_four=RANKS[1] * (2 * SIDE + 1),
        share=RANKS[-1] * (2 * SIDE + 1) / SIDE**2,
        share_four=RANKS[1] * (2 * SIDE + 1) / SIDE**2,
    )


def check(n):
    tail = (n.sigma**2).sum() - np.cumsum(n.sigma**2)
    yield (
        "squared error of k layers is the sum of the dropped sigma squared",
        np.allclose(n.missed, tail[n.ranks - 1], atol=1e-8),
    )
    yield (
        "k layers have rank k",
        all(np.linalg.matrix_rank(c) == k for c, k in zip(n.copies, RANKS, strict=True)),
    )
    four = np.linalg.norm(n.A - n.copies[1])
    yield "no worse than a rank-4 fit to chance columns", four < np.linalg.norm(n.A - n.rival)
    yield "16 layers miss less than 8%", n.error_many < 0.08
    yield "and need less than two fifths of the numbers", n.share < 0.4


def draw(fig, n):
    grid = fig.add_gridspec(2, 4, height_ratios=[1, 1])
    pictures = (*n.copies, n.A)
    names = (*(f"$k$ = {k}" for k in RANKS), "all")
    for column, (picture, name) in enumerate(zip(pictures, names, strict=True)):
        ax = fig.add_subplot(grid[0, column])
        ax.imshow(picture, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(name, loc="center", weight="bold", color=INK)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    ax = fig.add_subplot(grid[1, :])
    error = 100 * n.error
    ax.plot(n.ranks, error, color=BLUE)
    for k in RANKS:
        value = error[k - 1]
        ax.plot(k, value, "o", color=VERMILLION, markersize=10, zorder=5)
        ax.annotate(
            f"{value:.0f}%",
            (k, value),
            (8, 5),
            textcoords="offset points",
            color=VERMILLION_INK,
            weight="bold",
        )
    ax.set(xlim=(0, 40.5), xticks=[1, 4, 16, 28, 40], yticks=[0, 10, 20])
    ax.set_ylim(0, 27)
    ax.set_xlabel("layers kept, $k$")
    ax.set_ylabel("error (%)")
    ax.grid(axis="y")
    ax.spines["left"].set_color(GREY)


MUTANTS = {
    "the layers are not weighted by sigma": ("(U[:, :k] * sigma[:k])", "U[:, :k]"),
    "keeps the smallest layers": (
        "(U[:, :k] * sigma[:k]) @ Vt[:k]",
        "(U[:, -k:] * sigma[-k:]) @ Vt[-k:]",
    ),
}
