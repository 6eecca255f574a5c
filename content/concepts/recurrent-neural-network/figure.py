"""The echo of one small input in a recurrent state, for three sizes of the recurrent matrix."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import DIVERGING

HEIGHT = 3.7
VARIANTS = (
    {"radii": (0.9, 1.0, 1.1), "steps": 40},
    {"radii": (0.8, 1.0, 1.2), "steps": 25},
)

UNITS = 40
SHOWN = 10  # units drawn
PULSE = 1e-4  # small: tanh is straight here


def run(w, drive, steps):
    """States of h = tanh(W h + x), where x is `drive` at step 0 and nothing later."""
    h = np.tanh(drive)
    states = [h]
    for _ in range(steps):
        h = np.tanh(w @ h)
        states.append(h)
    return np.array(states)


def compute(rng, radii, steps):
    # A random turn of space: all its eigenvalues have size 1, so rho * turn has radius rho.
    turn = np.linalg.qr(rng.standard_normal((UNITS, UNITS)))[0]
    drive = PULSE * rng.choice([-1.0, 1.0], UNITS)
    echoes = np.array([run(rho * turn, drive, steps) for rho in radii]) / PULSE
    left = np.linalg.norm(echoes, axis=2) / np.linalg.norm(echoes[:, :1], axis=2)
    slopes = [np.polyfit(np.arange(steps + 1), np.log(row), 1)[0] for row in left]
    large = run(radii[2] * turn, np.sign(drive), 400)
    return SimpleNamespace(
        echoes=echoes,
        left=left,
        slopes=np.array(slopes),
        radii=np.array(radii),
        steps=steps,
        fading=radii[0],
        growing=radii[2],
        faded=left[0, -1],
        kept=left[1, -1],
        grown=left[2, -1],
        half_life=np.log(0.5) / slopes[0],
        ceiling=np.abs(large).max(),
    )


def check(n):
    # Without further input the echo is W^t x, of length rho^t: its log is a straight line.
    for rho, slope in zip(n.radii, n.slopes, strict=True):
        yield f"at {rho} the echo changes by rho a step", abs(slope - np.log(rho)) < 0.01 * 0.1
    yield "below one it fades", n.faded < 0.05
    yield "at one it is kept", abs(n.kept - 1) < 0.01
    yield "above one it grows", n.grown > 20
    yield "tanh keeps every state below 1", n.ceiling < 1


def draw(fig, n):
    panels = fig.subplots(3, 1, sharex=True)
    ends = (f"{n.faded:.1%} left", "all left", f"{n.grown:.0f} times as loud")
    for ax, echo, rho, end in zip(panels, n.echoes, n.radii, ends, strict=True):
        ax.imshow(
            echo[:, :SHOWN].T,
            cmap=DIVERGING,
            vmin=-2.6,
            vmax=2.6,
            aspect="auto",
            interpolation="nearest",
        )
        ax.set_title(rf"$\rho$ = {rho:g}", weight="bold", pad=4)
        ax.set_title(end, loc="right", pad=4)
        ax.set(yticks=[])
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    panels[2].set_xticks(range(0, n.steps + 1, n.steps // 4 // 5 * 5))
    panels[2].set_xlabel("steps since the input")


MUTANTS = {
    "the matrix is applied twice a step": ("np.tanh(w @ h)", "np.tanh(w @ w @ h)"),
    "the input comes again at each step": ("np.tanh(w @ h)", "np.tanh(w @ h + drive)"),
}
