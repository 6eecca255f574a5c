"""Four heads, each wired to look for one thing, over one sentence."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import SEQUENTIAL

HEIGHT = 3.8
VARIANTS = (
    {"sentence": "the dog saw the cat", "order": (0, 1, 2, 3)},
    {"sentence": "no rain no rainbow today", "order": (1, 0, 3, 2)},
)

SIZE = 24  # of a token's vector
HEADS = 4
HEAD = SIZE // HEADS
SHARP = 10.0  # strength of the wired scores
NAMES = ("previous", "same word", "first", "all alike")


def softmax(scores):
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def head(x, w_query, w_key, w_value):
    """Attention weights of one head, and what it reports."""
    shares = softmax((x @ w_query) @ (x @ w_key).T / np.sqrt(w_query.shape[1]))
    return shares, shares @ (x @ w_value)


def multi_head(x, queries, keys, values, w_out):
    """All heads, joined side by side and mixed by one matrix."""
    maps, reports = [], []
    for w_query, w_key, w_value in zip(queries, keys, values, strict=True):
        shares, report = head(x, w_query, w_key, w_value)
        maps.append(shares)
        reports.append(report)
    return np.array(maps), reports, np.concatenate(reports, axis=1) @ w_out


def tokens(words):
    """Each token's vector: one-hot place, one-hot word, a constant."""
    kinds = sorted(set(words))
    x = np.zeros((len(words), SIZE))
    for place, word in enumerate(words):
        x[place, place] = 1
        x[place, 8 + kinds.index(word)] = 1
        x[place, SIZE - 1] = 1
    return x


def wiring(length):
    """Queries and keys for the four rules: previous, same word, first, all alike."""
    queries, keys = np.zeros((2, HEADS, SIZE, HEAD))
    for place in range(length):
        queries[0, place, max(place - 1, 0)] = SHARP
        keys[0, place, place] = 1
        queries[1, 8 + place, place] = SHARP
        keys[1, 8 + place, place] = 1
    queries[2, SIZE - 1, 0] = SHARP
    keys[2, 0, 0] = 1
    return queries, keys


def compute(rng, sentence, order):
    words = sentence.split()
    x = tokens(words)
    queries, keys = wiring(len(words))
    queries, keys = queries[list(order)], keys[list(order)]
    values = rng.standard_normal((HEADS, SIZE, HEAD)) / np.sqrt(SIZE)
    w_out = rng.standard_normal((SIZE, SIZE)) / np.sqrt(SIZE)
    maps, reports, joined = multi_head(x, queries, keys, values, w_out)
    strips = np.split(w_out, HEADS)
    added = sum(report @ strip for report, strip in zip(reports, strips, strict=True))
    twin = max(words, key=words.count)
    second = len(words) - 1 - words[::-1].index(twin)
    asked = dict(zip(order, maps, strict=True))
    return SimpleNamespace(
        words=words,
        maps=maps,
        order=order,
        names=[NAMES[k] for k in order],
        joined=joined,
        added=added,
        heads=HEADS,
        twin=twin,
        before=words[second - 1],
        share_previous=asked[0][second, second - 1],
        share_same=asked[1][second, words.index(twin)],
        share_first=asked[2][second, 0],
        share_all=asked[3][second, 0],
        second=second,
        size=512,
        slice=512 // 8,
        weights=4 * 512**2,
        counted=[3 * h * 512 * (512 // h) + 512**2 for h in (1, 2, 4, 8)],
    )


def check(n):
    yield "each row sums to 1", np.allclose(n.maps.sum(axis=2), 1, atol=1e-12)
    asked = dict(zip(n.order, n.maps, strict=True))
    places = np.arange(len(n.words))
    yield (
        "a head looks at the previous token",
        (asked[0][places, np.maximum(places - 1, 0)] > 0.9).all(),
    )
    same = np.array([[a == b for b in n.words] for a in n.words])
    yield "a head looks at the same word", (np.where(same, asked[1], 0).sum(axis=1) > 0.9).all()
    yield "a head looks at the first token", (asked[2][:, 0] > 0.9).all()
    yield "a head looks at all alike", np.allclose(asked[3], 1 / len(n.words))
    yield "joined and mixed is the sum over heads", np.allclose(n.joined, n.added, atol=1e-10)
    yield "weights do not depend on the number of heads", set(n.counted) == {n.weights}


def draw(fig, n):
    panels = fig.subplots(2, 2, sharex=True, sharey=True)
    size = len(n.words)
    for ax, weights, name in zip(panels.flat, n.maps, n.names, strict=True):
        ax.imshow(weights, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
        ax.set_title(name, weight="bold", pad=4)
        ax.set(xticks=[])
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
    panels[0, 0].set_yticks(range(size), n.words)


MUTANTS = {
    "all heads share the first head's keys": (
        "shares, report = head(x, w_query, w_key, w_value)",
        "shares, report = head(x, w_query, keys[0], w_value)",
    ),
    "the strips of the output matrix are swapped": (
        "strips = np.split(w_out, HEADS)",
        "strips = np.split(w_out, HEADS)[::-1]",
    ),
}
