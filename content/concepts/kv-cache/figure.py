"""Writing a text token by token: what is computed with and without the cache, and its memory."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, INK, MIST, VERMILLION, VERMILLION_INK

HEIGHT = 3.0
VARIANTS = (
    {"tokens": 12, "prompt": 4, "model": {"L": 32, "kv": 32, "few": 8}},
    {"tokens": 14, "prompt": 6, "model": {"L": 80, "kv": 64, "few": 8}},
)

WIDTH, HEADS = 32, 4
HEAD_WIDTH, CONTEXT, HALF = 128, 4096, 2  # of the large model; HALF: bytes of a 16-bit number


def cache_bytes(L, H_kv, d_h, T, b):
    return 2 * L * H_kv * d_h * T * b


def softmax(z):
    weights = np.exp(z - z.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def heads(x):
    """(tokens, width) -> (heads, tokens, width of a head)"""
    return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)


def attend(q, K, V, mask=0.0):
    scores = heads(q) @ heads(K).transpose(0, 2, 1) / np.sqrt(WIDTH / HEADS)
    return (softmax(scores + mask) @ heads(V)).transpose(1, 0, 2).reshape(len(q), -1)


def block(x, Wq, Wk, Wv, first):
    """Plain causal attention over all tokens; only outputs from `first` on are asked for."""
    mask = np.triu(np.full((len(x), len(x)), -np.inf), 1)
    return attend(x @ Wq, x @ Wk, x @ Wv, mask)[first:]


def compute(rng, tokens, prompt, model):
    L, kv, few = model["L"], model["kv"], model["few"]
    Wq, Wk, Wv = rng.standard_normal((3, WIDTH, WIDTH)) / np.sqrt(WIDTH)
    x = rng.standard_normal((tokens, WIDTH))
    K, V = x[:prompt] @ Wk, x[:prompt] @ Wv  # the prompt is read once
    computed = np.zeros((tokens, tokens), dtype=int)  # step, position: 2 computed, 1 from the cache
    computed[prompt - 1, :prompt] = 2
    stepwise, afresh = [], []
    for t in range(prompt, tokens):
        new = x[t : t + 1]
        K, V = np.vstack([K, new @ Wk]), np.vstack([V, new @ Wv])
        stepwise.append(attend(new @ Wq, K, V)[0])
        afresh.append(block(x[: t + 1], Wq, Wk, Wv, t)[0])
        computed[t, :t], computed[t, t] = 1, 2
    full = block(x, Wq, Wk, Wv, prompt)
    shown = computed[prompt - 1 :]
    many = cache_bytes(L, kv, HEAD_WIDTH, CONTEXT, HALF)
    return SimpleNamespace(
        stepwise=np.array(stepwise),
        afresh=np.array(afresh),
        full=full,
        cache=np.array([K, V]),
        shown=shown,
        tokens=tokens,
        prompt=prompt,
        new=tokens - prompt,
        with_cache=int((shown == 2).sum()),
        without=int((shown > 0).sum()),
        L=L,
        H=kv,
        few=few,
        d_h=HEAD_WIDTH,
        T=CONTEXT,
        b=HALF,
        gib=many / 2**30,
        grouped_gib=cache_bytes(L, few, HEAD_WIDTH, CONTEXT, HALF) / 2**30,
        token_mib=cache_bytes(L, kv, HEAD_WIDTH, 1, HALF) / 2**20,
        thinner=kv / few,
        crowd=16,
        crowd_gib=16 * many / 2**30,
    )


def check(n):
    yield (
        "with the cache: the same outputs as all at once",
        np.allclose(n.stepwise, n.full, atol=1e-10),
    )
    yield (
        "and as computing everything afresh each step",
        np.allclose(n.stepwise, n.afresh, atol=1e-10),
    )
    t, p = n.tokens, n.prompt
    yield "each token's key and value are computed once", n.with_cache == t
    afresh = (t * (t + 1) - p * (p - 1)) // 2
    yield "without the cache the steps add up to a triangle", n.without == afresh
    held = cache_bytes(1, HEADS, WIDTH // HEADS, t, n.cache.itemsize)
    yield "the formula is the size of the arrays held", held == n.cache.nbytes
    published = {(32, 32): 2.0, (80, 64): 10.0}
    yield "32 layers of 32 heads take 2 GiB, 80 of 64 take 10", n.gib == published[n.L, n.H]


def draw(fig, n):
    axes = fig.subplots(1, 2)
    names = ("without", "with the cache")
    for ax, name, cached in zip(axes, names, (False, True), strict=True):
        rows, columns = n.shown.shape
        kept, made = (MIST, BLUE) if cached else (VERMILLION, VERMILLION)
        for state, colour in ((1, kept), (2, made)):
            y, x = np.nonzero(n.shown == state)
            ax.bar(x, 0.84, width=0.84, bottom=y - 0.42, color=colour)
        count = n.with_cache if cached else n.without
        ax.set(xlim=(-0.6, columns - 0.4), ylim=(rows - 0.4, -0.6), xticks=[], yticks=[])
        ax.set_aspect("equal")
        ax.spines[:].set_visible(False)
        ax.set_title(name, loc="center", size=17, pad=4)
        ink = BLUE if cached else VERMILLION_INK
        ax.set_xlabel(f"{count} computed", color=ink, weight="bold", size=17)
    axes[0].set_ylabel("step", color=INK)


MUTANTS = {
    "values are forgotten: keys counted only": ("2 * L * H_kv", "1 * L * H_kv"),
    "the newest token cannot see itself": (
        "stepwise.append(attend(new @ Wq, K, V)[0])",
        "stepwise.append(attend(new @ Wq, K[:-1], V[:-1])[0])",
    ),
}
