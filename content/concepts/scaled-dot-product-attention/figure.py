"""Attention weights of eight tokens for growing key sizes, with and without the scale."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import SEQUENTIAL

HEIGHT = 3.8
VARIANTS = ({"sizes": (4, 64, 1024), "tokens": 8}, {"sizes": (8, 128, 2048), "tokens": 7})

TEXTS = 100
PAIRS = 20_000  # for the variance of a score: three standard errors are 3 %
PAIR_SIZE = 64


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def scale(scores, size):
    return scores / np.sqrt(size)


def attention(q, k, v):
    weights = softmax(scale(q @ k.T, q.shape[-1]))
    return weights, weights @ v


def compute(rng, sizes, tokens):
    raw, soft, raw_tops, soft_tops = [], [], [], []
    for size in sizes:
        q, k = rng.standard_normal((2, TEXTS, tokens, size), dtype=np.float32)
        scores = q @ k.swapaxes(1, 2)
        sharp, spread = softmax(scores), softmax(scale(scores, size))
        raw.append(sharp[0])  # the first text is drawn, the tops are means over all
        soft.append(spread[0])
        raw_tops.append(sharp.max(axis=2).mean())
        soft_tops.append(spread.max(axis=2).mean())
    q, k = rng.standard_normal((2, PAIRS, PAIR_SIZE))
    scores = np.sum(q * k, axis=1)
    # The example: one query against three keys of size 4, values 10, 20, 30.
    query = np.array([[2.0, 1.0, 0.0, 1.0]])
    keys = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 1.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0]])
    values = np.array([[10.0], [20.0], [30.0]])
    weights, mix = attention(query, keys, values)
    unscaled = softmax(query @ keys.T)
    return SimpleNamespace(
        sizes=sizes,
        raw=np.array(raw),
        soft=np.array(soft),
        raw_tops=np.array(raw_tops),
        soft_tops=np.array(soft_tops),
        top_raw=raw_tops[-1],
        top_soft=soft_tops[-1],
        texts=TEXTS,
        largest=sizes[-1],
        score_variance=scores.var(),
        scaled_variance=scale(scores, PAIR_SIZE).var(),
        s1=(query @ keys.T)[0, 0],
        s2=(query @ keys.T)[0, 1],
        s3=(query @ keys.T)[0, 2],
        w1=weights[0, 0],
        w2=weights[0, 1],
        w3=weights[0, 2],
        mix=mix[0, 0],
        v1=values[0, 0],
        v2=values[1, 0],
        v3=values[2, 0],
        sharp=unscaled[0, 0],
    )


def check(n):
    yield "each query's weights sum to 1", np.allclose(n.soft.sum(axis=2), 1, atol=1e-5)
    # q . k is a sum of PAIR_SIZE products of variance 1.
    yield "a raw score has variance d_k, within 5 %", abs(n.score_variance / PAIR_SIZE - 1) < 0.05
    yield "a scaled score has variance 1, within 5 %", abs(n.scaled_variance - 1) < 0.05
    yield "scaled, the mean top weight is one for all sizes", np.ptp(n.soft_tops) < 0.05
    yield "raw, it grows with the size", (np.diff(n.raw_tops) > 0).all()
    yield "raw, it comes close to all or nothing", n.top_raw > 0.9
    yield "so it is on the drawn maps", n.raw[-1].max(axis=1).mean() > 0.75
    yield "the example's mix lies between the values", n.v1 < n.mix < n.v3


def draw(fig, n):
    panels = fig.subplots(2, 1)
    tokens = n.raw.shape[1]
    gap = 2.2  # between the maps, in cells
    middles = [place * (tokens + gap) + tokens / 2 for place in range(3)]
    rows = (
        (panels[0], n.raw, n.raw_tops, "raw"),
        (panels[1], n.soft, n.soft_tops, r"÷$\sqrt{d_k}$"),
    )
    for ax, maps, tops, name in rows:
        for middle, weights in zip(middles, maps, strict=True):
            place = (middle - tokens / 2, middle + tokens / 2, 0, tokens)
            ax.imshow(weights, cmap=SEQUENTIAL, vmin=0, vmax=1, extent=place)
        ax.set(xlim=(0, 3 * tokens + 2 * gap), ylim=(0, tokens), yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=4)
        ax.set_xticks(middles, [f"top {top:.0%}" for top in tops], weight="bold")
        ax.tick_params(length=0, pad=1)
    for middle, size in zip(middles, n.sizes, strict=True):
        panels[0].text(middle, tokens + 0.5, f"$d_k$ = {size}", ha="center")


MUTANTS = {
    "divided by d_k, not by its root": ("scores / np.sqrt(size)", "scores / size"),
    "softmax over the queries": (
        "return weights / weights.sum(axis=-1, keepdims=True)",
        "return weights / weights.sum(axis=0, keepdims=True)",
    ),
}
