"""Three step sizes in one bowl, and the loss over all of them: a cliff at 2 / lambda max."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    PALE_VERMILLION,
    RULE,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.8
COLOURS = 40
VARIANTS = (
    {"curvature": (1.6, 10.0), "turn": 0.45},
    {"curvature": (4.0, 25.0), "turn": 2.6},
)

SHARES = (0.8, 1.0, 1.1)  # of the limit: the three paths
SHOWN = 7  # steps of a path
STEPS = 20  # steps before the loss is read off
NEAR = 0.005  # the example: half a percent to either side of the limit
LONG = 1000


def bowl_of(curvature, turn):
    """A Hessian with these eigenvalues, its axes turned by an angle."""
    c, s = np.cos(turn), np.sin(turn)
    axes = np.array([[c, -s], [s, c]])
    return axes @ np.diag(curvature) @ axes.T


def descend(hessian, start, step, steps):
    path = [start]
    for _ in range(steps):
        path.append(path[-1] - step * hessian @ path[-1])
    return np.array(path)


def loss(hessian, theta):
    return 0.5 * np.einsum("...i,ij,...j->...", theta, hessian, theta)


def compute(rng, curvature, turn):
    hessian = bowl_of(curvature, turn)
    steepest = np.linalg.eigvalsh(hessian)[-1]
    limit = 2 / steepest
    axes = np.linalg.eigh(hessian)[1]
    start = axes @ np.array([1.05, 0.6]) + 0.02 * rng.standard_normal(2)
    start *= -np.sign(start[0])
    rates = limit * np.linspace(0, 1.16, 233)
    after = np.array([descend(hessian, start, rate, STEPS)[-1] for rate in rates])
    ratio = loss(hessian, after) / loss(hessian, start)
    first = loss(hessian, start)
    below, above = (
        loss(hessian, descend(hessian, start, share * limit, LONG)[-1]) / first
        for share in (1 - NEAR, 1 + NEAR)
    )
    x, y = np.meshgrid(np.linspace(-1.5, 1.5, 121), np.linspace(-1.5, 1.5, 121))
    return SimpleNamespace(
        hessian=hessian,
        paths=[descend(hessian, start, share * limit, SHOWN) for share in SHARES],
        marked=np.array(SHARES) * limit,
        rates=rates,
        ratio=ratio,
        x=x,
        y=y,
        height=loss(hessian, np.stack([x, y], axis=-1)),
        limit=limit,
        steepest=steepest,
        flattest=curvature[0],
        best=rates[ratio.argmin()],
        best_theory=2 / (curvature[0] + curvature[1]),
        steps=STEPS,
        long=LONG,
        rate_below=(1 - NEAR) * limit,
        rate_above=(1 + NEAR) * limit,
        below=below,
        above=above,
        tenth=1.1 * limit,
        grown=ratio[np.abs(rates - 1.1 * limit).argmin()],
    )


def check(n):
    inside = (n.rates > 0) & (n.rates < 0.999 * n.limit)
    yield "every rate below the limit lowers the loss", (n.ratio[inside] < 1).all()
    yield "half a percent below the limit the loss falls", n.below < 1e-6
    yield "half a percent above it explodes", n.above > 1e6
    # Beyond the limit every extra step multiplies the steepest error by |1 - rate * curvature|.
    wild = n.ratio[n.rates > 1.08 * n.limit]
    yield "beyond the limit, loss rises with the rate", wild[0] > 1 and (np.diff(wild) > 0).all()
    values, axes = np.linalg.eigh(n.hessian)
    across = np.abs(n.paths[1] @ axes[:, 1])
    yield "at the limit the steepest error bounces for ever", np.allclose(across, across[0])
    shrunk = np.abs(1 - n.marked[0] * values) ** SHOWN * np.abs(n.paths[0][0] @ axes)
    yield (
        "below it each direction shrinks by |1 - rate * curvature|",
        np.allclose(np.abs(n.paths[0][-1] @ axes), shrunk),
    )


def draw(fig, n):
    fig.set_layout_engine("none")  # three square bowls over one strip
    looks = ((BLUE, "o", "settles"), (INK, "s", "bounces"), (VERMILLION, "^", "explodes"))
    side = 0.285
    for column, (path, look) in enumerate(zip(n.paths, looks, strict=True)):
        colour, marker, word = look
        ax = fig.add_axes((0.035 + 0.3225 * column, 0.45, side, side * 6.0 / HEIGHT))
        levels = loss(n.hessian, n.paths[0][0]) * np.array([0.02, 0.12, 0.4, 1.0, 2.2, 4.5])
        ax.contour(n.x, n.y, n.height, levels=levels, colors=RULE, linewidths=1.2)
        ax.plot(*path.T, color=colour, marker=marker, linewidth=2.2, markersize=6.5)
        ax.plot(0, 0, "*", color=INK, markersize=13, markeredgecolor=WHITE, zorder=5)
        ax.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), xticks=[], yticks=[])
        ink = VERMILLION_INK if colour == VERMILLION else colour
        ax.set_title(word, loc="center", weight="bold", color=ink, pad=5)
        ax.spines[:].set(visible=True, color=RULE)
    ax = fig.add_axes((0.035, 0.17, 0.93, 0.245))
    level = np.log10(n.ratio)
    ax.fill_between(n.rates, level, 0, where=level <= 0, color=PALE_BLUE, linewidth=0)
    ax.fill_between(n.rates, level, 0, where=level >= 0, color=PALE_VERMILLION, linewidth=0)
    ax.axhline(0, color=GREY, linewidth=1.2)
    ax.plot([n.limit, n.limit], [level.min(), level.max()], color=INK, linewidth=1.6, dashes=(4, 2))
    ax.plot(n.rates, level, color=INK)
    for (colour, marker, _), rate in zip(looks, n.marked, strict=True):
        ax.plot(
            rate,
            np.interp(rate, n.rates, level),
            marker,
            color=colour,
            markersize=10,
            markeredgecolor=WHITE,
            markeredgewidth=1.2,
            clip_on=False,
            zorder=6,
        )
    words = {"va": "center", "ha": "center"}
    ax.text(0.66 * n.limit, 0.36 * level.min(), "loss falls", color=BLUE, **words)
    ax.text(1.085 * n.limit, 0.5 * level.min(), "grows", color=VERMILLION_INK, **words)
    ax.text(0.985 * n.limit, level.max(), r"$2/\lambda_{\max}$", ha="right", va="top")
    ax.set(xlim=(0, n.rates[-1]), yticks=[], xticks=[0, n.limit / 2, n.limit])
    ax.set_xticklabels([f"{tick:.3g}" for tick in (0, n.limit / 2, n.limit)])
    ax.set_xlabel(f"learning rate η (height: log loss, {n.steps} steps)", labelpad=1)
    ax.spines["left"].set_visible(False)


MUTANTS = {
    "the limit is 1 / lambda": ("limit = 2 / steepest", "limit = 1 / steepest"),
    "the flattest direction sets the limit": ("eigvalsh(hessian)[-1]", "eigvalsh(hessian)[0]"),
}
