"""The same scores raised, and tripled: softmax sees the differences only."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, PALE_BLUE

HEIGHT = 3.4
COLOURS = 24
VARIANTS = (
    {"names": ("cat", "dog", "fox"), "scores": (2.0, 1.0, 0.2), "raised": 5.0, "times": 3.0},
    {"names": ("sun", "fog", "hail"), "scores": (0.5, 1.5, -0.6), "raised": 4.0, "times": 2.0},
)

DRAWS = 40_000
FAR = 1000.0


def softmax(z):
    weight = np.exp(z - z.max())
    return weight / weight.sum()


def cross_entropy(z, label):
    return -np.log(softmax(z)[label])


def slope_by_differences(z, label, step=1e-5):
    steps = step * np.eye(len(z))
    return np.array(
        [(cross_entropy(z + e, label) - cross_entropy(z - e, label)) / (2 * step) for e in steps]
    )


def compute(rng, names, scores, raised, times):
    z = np.array(scores)
    inputs = [z, z + raised, times * z]
    shares = [softmax(score) for score in inputs]
    best, second = np.argsort(z)[::-1][:2]
    # Adding standard Gumbel noise and taking the largest draws from the softmax exactly.
    noisy = z + rng.gumbel(size=(DRAWS, len(z)))
    label = int(np.argsort(z)[0])
    p = shares[0]
    return SimpleNamespace(
        names=names,
        inputs=inputs,
        shares=shares,
        drawn=np.bincount(noisy.argmax(1), minlength=len(z)) / DRAWS,
        far=softmax(z + FAR),
        label=label,
        numeric=slope_by_differences(z, label),
        slope=p - np.eye(len(z))[label],
        raised=raised,
        times=times,
        best=names[best],
        second=names[second],
        third=names[label],
        z_best=z[best],
        z_second=z[second],
        z_third=z[label],
        p_best=p[best],
        p_second=p[second],
        p_third=p[label],
        p_sharp=shares[2][best],
        odds=p[best] / p[second],
        gap=z[best] - z[second],
        draws=DRAWS,
        drawn_best=np.mean(noisy.argmax(1) == best),
    )


def check(n):
    p = n.shares[0]
    yield "the bars add up to one", all(abs(bars.sum() - 1) < 1e-12 for bars in n.shares)
    yield "raising all scores changes no bar", np.abs(n.shares[1] - p).max() < 1e-12
    yield "not even by a thousand", np.abs(n.far - p).max() < 1e-12
    error = np.sqrt(p * (1 - p) / DRAWS)
    yield (
        "Gumbel draws land with these shares, to 4.5 standard errors",
        ((np.abs(n.drawn - p) < 4.5 * error).all()),
    )
    yield "the slope of the cross-entropy is p - y", np.abs(n.numeric - n.slope).max() < 1e-6
    yield (
        "a score ahead by a gap has e to the gap times the share",
        (abs(np.log(n.odds) - n.gap) < 1e-12),
    )
    yield "multiplying sharpens", n.p_sharp > n.p_best + 0.1


def draw(fig, n):
    panels = fig.subplots(1, 3, sharey=True)
    titles = ("scores $z$", f"$z$ + {n.raised:g}", f"{n.times:g} × $z$")
    for ax, title, scores, bars in zip(panels, titles, n.inputs, n.shares, strict=True):
        top = bars == bars.max()
        places = np.arange(len(bars))
        ax.bar(places[~top], bars[~top], width=0.78, color=PALE_BLUE)
        ax.bar(places[top], bars[top], width=0.78, color=BLUE)
        for place, share in zip(places, bars, strict=True):
            ax.text(
                place,
                share + 0.02,
                f"{share:.0%}" if share >= 0.005 else "<1%",
                ha="center",
                va="bottom",
                weight="bold" if share == bars.max() else "normal",
                color=BLUE if share == bars.max() else INK,
            )
        ax.axhline(n.shares[0].max(), color=GREY, linewidth=1.2, dashes=(4, 3), zorder=0)
        ax.set_title(title, loc="center", pad=8)
        labels = [
            f"{name}\n{score:.1f}".replace("-", "−")
            for name, score in zip(n.names, scores, strict=True)
        ]
        ax.set_xticks(places, labels)
        ax.tick_params(length=0)
        ax.set(xlim=(-0.55, len(bars) - 0.45), ylim=(0, 1.1), yticks=[])
        ax.spines["left"].set_visible(False)


MUTANTS = {
    "powers of two": ("np.exp(z - z.max())", "np.exp2(z - z.max())"),
    "overflow: the largest score is not subtracted": ("np.exp(z - z.max())", "np.exp(z)"),
    "gradient with the wrong sign": ("slope=p - np.eye", "slope=-p + np.eye"),
}
