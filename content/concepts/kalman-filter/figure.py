"""A drone's path from noisy positions: readings, truth, the filter and its 95% circles."""

import math
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, PALE_BLUE

HEIGHT = 3.7
VARIANTS = (
    {"noise": 12.0, "agility": 0.4, "seconds": 40},
    {"noise": 15.0, "agility": 0.6, "seconds": 40},
)

RUNS = 300
DT = 1.0
F = np.array([[1, DT], [0, 1]])  # position and velocity, for each axis alike
H = np.array([[1.0, 0.0]])
SPEED = np.array([6.0, 0.0])  # at the start, metres per second
SPEED_DOUBT = 3.0
LEVEL = 0.95
CIRCLE = math.sqrt(-2 * math.log(1 - LEVEL))  # 95% of a round Gaussian lie within 2.45 sd


def gain(P, R):
    return P @ H.T @ np.linalg.inv(H @ P @ H.T + R)


def fly(rng, Q, R, seconds):
    """True states and readings: arrays of (seconds, runs, axes), a state of two numbers."""
    state = np.zeros((RUNS, 2, 2))
    state[..., 1] = SPEED + SPEED_DOUBT * rng.standard_normal((RUNS, 2))
    state[..., 0] = math.sqrt(R) * rng.standard_normal((RUNS, 2))
    root = np.linalg.cholesky(Q)
    states, readings = [], []
    for _ in range(seconds):
        state = state @ F.T + rng.standard_normal((RUNS, 2, 2)) @ root.T
        states.append(state)
        readings.append(state[..., 0] + math.sqrt(R) * rng.standard_normal((RUNS, 2)))
    return np.array(states), np.array(readings)


def track(readings, Q, R):
    m = np.zeros((*readings.shape[1:], 2))
    m[..., 1] = SPEED
    P = np.diag([R, SPEED_DOUBT**2])
    estimates, sds, gains, surprises = [], [], [], []
    for z in readings:
        m, P = m @ F.T, F @ P @ F.T + Q
        surprise = z - m[..., 0]
        K = gain(P, R)
        surprises.append((surprise**2).mean() / (H @ P @ H.T + R).item())
        m = m + surprise[..., None] * K[:, 0]
        P = P - K @ H @ P
        estimates.append(m)
        sds.append(math.sqrt(P[0, 0]))
        gains.append(K[0, 0])
    return np.array(estimates), np.array(sds), np.array(gains), np.array(surprises)


def distance(a, b):
    """Root mean square distance in the plane."""
    return float(np.sqrt(((a - b) ** 2).sum(axis=-1).mean()))


def compute(rng, noise, agility, seconds):
    Q = agility * np.array([[DT**3 / 3, DT**2 / 2], [DT**2 / 2, DT]])
    R = noise**2
    states, readings = fly(rng, Q, R, seconds)
    estimates, sds, gains, surprises = track(readings, Q, R)
    truth, filtered = states[..., 0], estimates[..., 0]
    error = filtered - truth
    # The flight that is drawn: of those that fit the frame, the one with the most typical error.
    east, north = np.moveaxis(np.ptp(truth, axis=0), -1, 0)
    off = np.sqrt((error**2).sum(axis=-1).mean(axis=0))
    fits = (np.abs(north / east - 0.45) < 0.12) & (np.abs(east - 200) < 40)
    shown = np.where(fits, np.abs(off - np.median(off)), 1e9).argmin()
    return SimpleNamespace(
        noise=noise,
        seconds=seconds,
        runs=RUNS,
        level=LEVEL,
        truth=truth[:, shown],
        readings=readings[:, shown],
        filtered=filtered[:, shown],
        sds=sds,
        gains=gains,
        gain_first=gains[0],
        gain_last=gains[-1],
        surprises=surprises,
        surprise=surprises.mean(),
        off_reading=distance(readings[:, shown], truth[:, shown]),
        off_filter=distance(filtered[:, shown], truth[:, shown]),
        rms_reading=distance(readings, truth),
        rms_filter=distance(filtered, truth),
        covered=(np.hypot(*np.moveaxis(error, -1, 0)) < CIRCLE * sds[:, None]).mean(),
        claimed=float(np.sqrt(2 * (sds**2).mean())),
    )


def check(n):
    # 300 flights x 2 axes x 40 seconds of independent surprises: standard error 0.009.
    yield "squared surprises average one, 5 errors", abs(n.surprise - 1) < 0.046
    yield "the filter is off by 65% of the readings at most", n.rms_filter < 0.65 * n.rms_reading
    # Errors of a flight are correlated over some 5 s: about 4800 independent ones.
    yield "its covariance tells its error, to 5%", abs(n.rms_filter / n.claimed - 1) < 0.05
    yield "95% of positions lie in the circles", abs(n.covered - LEVEL) < 0.015
    yield "the gain falls and settles", n.gains[0] > n.gains[-1] + 0.1
    yield "settled means settled", np.ptp(n.gains[-5:]) < 1e-3


def draw(fig, n):
    ax = fig.subplots()
    angle = np.linspace(0, 2 * math.pi, 80)
    circle = np.stack([np.cos(angle), np.sin(angle)])
    for at in range(n.seconds):
        ring = n.filtered[at][:, None] + CIRCLE * n.sds[at] * circle
        ax.fill(*ring, color=PALE_BLUE, zorder=1)
    ax.plot(*n.readings.T, "x", color=GREY, markersize=8, markeredgewidth=1.8, zorder=2)
    ax.plot(*n.truth.T, color=INK, linewidth=2, linestyle=(0, (3, 1.5)), zorder=4)
    ax.plot(*n.filtered.T, color=BLUE, linewidth=3.2, zorder=3)
    ax.plot(*n.filtered[-1], "o", color=BLUE, markersize=11, zorder=5)
    ax.set_aspect("equal", adjustable="datalim")
    ax.locator_params(nbins=4)
    ax.set(xlabel="east (m)", ylabel="north (m)")
    ax.set_title(f"× readings: {n.off_reading:.0f} m off", color=GREY, pad=10)
    ax.set_title(
        f"filter: {n.off_filter:.0f} m off", color=BLUE, weight="bold", loc="right", pad=10
    )


MUTANTS = {
    "noise taken for its variance": (
        "np.linalg.inv(H @ P @ H.T + R)",
        "np.linalg.inv(H @ P @ H.T + math.sqrt(R))",
    ),
    "uncertainty never grows": ("F @ P @ F.T + Q", "F @ P @ F.T"),
}
