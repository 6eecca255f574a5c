"""Temperature: how the shares of the next word spread from one certain word to all alike."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    INK,
    PALE_BLUE,
    PALE_GREEN,
    PALE_PURPLE,
    PALE_VERMILLION,
    WHITE,
)

HEIGHT = 3.5
VARIANTS = (
    {
        "prompt": "The cat sat on the",
        "words": ("mat", "sofa", "roof", "keyboard", "moon"),
        "scores": (4.1, 3.0, 2.2, 1.2, -0.4),
    },
    {
        "prompt": "For dinner we had",
        "words": ("pizza", "pasta", "soup", "curry", "clouds"),
        "scores": (3.2, 2.7, 2.1, 1.6, -1.5),
    },
)

COLD, HOT = 0.5, 2.0
DRAWS = 2000
BANDS = (BLUE, PALE_BLUE, PALE_GREEN, PALE_VERMILLION, PALE_PURPLE)


def shares(z, T):
    weights = np.exp((z - z.max()) / T)
    return weights / weights.sum()


def entropy(p):
    return -np.sum(p * np.log(np.maximum(p, 1e-300)))


def compute(rng, prompt, words, scores):
    z = np.array(scores)
    heat = np.geomspace(0.1, 10, 161)
    drawn = {T: rng.choice(len(z), DRAWS, p=shares(z, T)) for T in (COLD, 1.0, HOT)}
    return SimpleNamespace(
        prompt=prompt,
        words=words,
        top=words[0],
        last=words[-1],
        scores=z,
        heat=heat,
        bands=np.array([shares(z, T) for T in heat]),
        drawn=drawn,
        draws=DRAWS,
        cold=COLD,
        hot=HOT,
        top_cold=shares(z, COLD)[0],
        top_one=shares(z, 1.0)[0],
        top_hot=shares(z, HOT)[0],
        lead=z[0] - z[1],
        odds_one=np.exp(z[0] - z[1]),
        odds_cold=shares(z, COLD)[0] / shares(z, COLD)[1],
        odds_hot=shares(z, HOT)[0] / shares(z, HOT)[1],
        last_cold=int(np.sum(drawn[COLD] == len(z) - 1)),
        last_hot=int(np.sum(drawn[HOT] == len(z) - 1)),
        choices_cold=np.exp(entropy(shares(z, COLD))),
        choices_hot=np.exp(entropy(shares(z, HOT))),
    )


def check(n):
    spread = np.array([entropy(p) for p in n.bands])
    yield "entropy rises with T all along the drawn range", np.diff(spread).min() > 0
    # Its slope in closed form: dH/dT = Var(z) / T^3, the variance taken under p.
    variance = n.bands @ n.scores**2 - (n.bands @ n.scores) ** 2
    slope = np.gradient(spread, n.heat, edge_order=2)
    exact = variance / n.heat**3
    yield "and at the rate Var(z) / T^3", np.abs(slope - exact).max() < 0.01 * exact.max()
    one = np.array([np.exp(n.scores - np.log(np.exp(n.scores).sum()))])
    root = one ** (1 / n.heat[:, None])
    powers = root / root.sum(1, keepdims=True)
    yield "p at T is p at 1 to the power 1/T, scaled", np.allclose(powers, n.bands, atol=1e-12)
    yield "cold: the top word is certain", shares(n.scores, 0.02)[0] > 0.999
    flat = entropy(shares(n.scores, 1000.0))
    yield "hot: within 1e-3 nats of uniform", abs(flat - np.log(len(n.scores))) < 1e-3
    for T, top in ((n.cold, n.top_cold), (1.0, n.top_one), (n.hot, n.top_hot)):
        seen = np.mean(n.drawn[T] == 0)
        room = 4.5 * np.sqrt(top * (1 - top) / n.draws)
        yield f"T = {T}: draws agree within 4.5 standard errors", abs(seen - top) < room


def draw(fig, n):
    ax = fig.subplots()
    x = np.log10(n.heat)
    tops = np.cumsum(n.bands, axis=1)
    floor = np.zeros(len(x))
    for band, colour in enumerate(BANDS):
        ax.fill_between(x, floor, tops[:, band], color=colour, linewidth=0)
        ax.plot(x, tops[:, band], color=WHITE, linewidth=1.6)
        middle = (floor[-1] + tops[-1, band]) / 2
        weight = "bold" if band == 0 else "normal"
        ink = BLUE if band == 0 else INK
        ax.text(1.04, middle, n.words[band], va="center", color=ink, weight=weight)
        floor = tops[:, band]
    ax.axvline(0, color=INK, linewidth=1.6, linestyle=(0, (4, 3)))
    ax.plot(0, n.top_one, "o", color=INK, markersize=9, zorder=5)
    ax.text(0.06, n.top_one + 0.01, f"{n.top_one:.0%}", weight="bold", va="bottom")
    words = "nearly always\nthe favourite"
    ax.text(-0.93, 0.08, words, color=WHITE, weight="bold", size=16, va="bottom")
    ax.set(xlim=(-1, 1), ylim=(0, 1), yticks=[0, 0.5, 1])
    ax.set_yticklabels(["0", "50%", "100%"])
    ax.set_xticks([-1, np.log10(0.3), 0, np.log10(3), 1], ["0.1", "0.3", "1", "3", "10"])
    ax.set_xlabel("temperature $T$")
    ax.set_title(f"“{n.prompt} …”", size=17)
    ax.spines[:].set_visible(False)
    ax.tick_params(axis="y", length=0)


MUTANTS = {
    "scores multiplied by T": ("np.exp((z - z.max()) / T)", "np.exp((z - z.max()) * T)"),
    "temperature on probabilities, not on scores": (
        "np.exp((z - z.max()) / T)",
        "np.exp(np.exp(z - z.max()) / T)",
    ),
}
