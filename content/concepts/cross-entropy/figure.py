"""Cross-entropy over all forecasts of three outcomes: a bowl with its floor at the truth."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import INK, SEQUENTIAL, WHITE

HEIGHT = 3.6
COLOURS = 96
VARIANTS = (
    {"truth": (0.5, 0.3, 0.2), "belief": (0.92, 0.05, 0.03)},
    {"truth": (0.25, 0.35, 0.4), "belief": (0.05, 0.05, 0.9)},
)

DAYS = 20_000
POINTS = 201  # of the grid, a side
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])  # sun, cloud, rain


def cross_entropy(p, q):
    return -(p * np.log(q)).sum(axis=-1)


def forecast_at(x, y):
    """The three shares at a point of the triangle; a trace of each beyond its sides."""
    rain = y / CORNERS[2, 1]
    cloud = x - 0.5 * rain
    return np.maximum(np.stack([1 - cloud - rain, cloud, rain], axis=-1), 1e-9)


def compute(rng, truth, belief):
    p, q = np.array(truth), np.array(belief)
    x, y = np.meshgrid(np.linspace(0, 1, POINTS), np.linspace(0, CORNERS[2, 1], POINTS))
    forecasts = forecast_at(x, y)
    prices = cross_entropy(p, forecasts)
    weather = rng.choice(3, size=DAYS, p=p)
    bills = -np.log(q[weather])
    floor, price = -(p @ np.log(p)), float(cross_entropy(p, q))
    return SimpleNamespace(
        p=p,
        q=q,
        x=x,
        y=y,
        prices=prices,
        inside=np.abs(forecasts.sum(axis=-1) - 1) < 1e-6,
        cheapest=forecasts.reshape(-1, 3)[prices.argmin()],
        floor=floor,
        price=price,
        gap=price - floor,
        kl=(p * np.log(p / q)).sum(),
        shrug=float(cross_entropy(p, np.full(3, 1 / 3))),
        days=DAYS,
        paid=bills.mean(),
        error=bills.std() / np.sqrt(DAYS),
        **dict(zip(("p_sun", "p_cloud", "p_rain"), truth, strict=True)),
        **dict(zip(("q_sun", "q_cloud", "q_rain"), belief, strict=True)),
    )


def check(n):
    yield "the cheapest forecast is the truth", np.abs(n.cheapest - n.p).max() <= 1.5 / POINTS
    yield "its price is the entropy", abs(n.prices.min() - n.floor) < 2e-4
    yield "no forecast is cheaper", (n.prices[n.inside] >= n.floor - 1e-7).all()
    yield "the gap is the divergence from p to q", abs(n.gap - n.kl) < 1e-12
    yield "a shrug is cheaper than being too sure", n.shrug < n.price
    yield "simulated days agree within 4.5 standard errors", abs(n.paid - n.price) < 4.5 * n.error


def draw(fig, n):
    ax = fig.subplots()
    (outline,) = ax.fill(*CORNERS.T, facecolor="none", edgecolor=INK, linewidth=1.8, zorder=3)
    # Rings at equal distance near the floor, where the price is a parabola.
    levels = n.floor + np.array([0, 0.03, 0.12, 0.27, 0.48, 0.75, 1.1, 1.6, 3.2])
    shown = np.clip(n.prices, levels[0], levels[-1])
    field = ax.contourf(n.x, n.y, shown, levels=levels, cmap=SEQUENTIAL + "_r")
    rings = ax.contour(n.x, n.y, shown, levels=levels[1:-1], colors=WHITE, linewidths=1.0)
    for part in (field, rings):
        part.set_clip_path(outline)
    (sun, cloud, rain) = CORNERS
    ax.text(sun[0] - 0.03, sun[1], "sun", ha="right")
    ax.text(cloud[0] + 0.03, cloud[1], "cloud", ha="left")
    ax.text(rain[0], rain[1] + 0.02, "rain", ha="center", va="bottom")
    truth, belief = n.p @ CORNERS, n.q @ CORNERS
    line = {"arrowstyle": "-", "color": INK, "linewidth": 1.4, "shrinkA": 2, "shrinkB": 8}
    said = {"weight": "bold", "size": 16, "va": "center", "arrowprops": line}
    ax.annotate(f"truth\n{n.floor:.2f} nats", truth, (0.99, 0.62), ha="left", **said)
    ax.annotate(f"too sure\n{n.price:.2f} nats", belief, (0.01, 0.62), ha="right", **said)
    ax.plot(*truth, "*", color=INK, markersize=19)
    ax.plot(*belief, "X", color=WHITE, markeredgecolor=INK, markersize=13, zorder=4)
    ax.set_aspect("equal")
    ax.set(xlim=(-0.38, 1.38), ylim=(-0.03, 0.98))
    ax.axis("off")


MUTANTS = {
    "p and q swapped": ("-(p * np.log(q))", "-(q * np.log(p))"),
    "base 2 in the price alone": ("-(p * np.log(q))", "-(p * np.log2(q))"),
}
