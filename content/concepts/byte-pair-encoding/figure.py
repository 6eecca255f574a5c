"""Byte-pair encoding, learnt from a small text: letters grow into pieces, pieces into words."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from digest.figures.palette import BLUE, GREY, INK, MIST, PALE_BLUE, WHITE

HEIGHT = 3.3
WEATHER = """
the weather is turning and the wind is rising the old captain is watching the water and
thinking of the other weather the sailors are singing and pulling the ropes nothing is
changing the rain is falling and the father of the boy is waiting in the harbour whether
the weather is fair or the weather is foul the captain is going and the boy is staying
there is the light in the tower and there is the sea the wind is strong and the ship is
leaving the mother is walking along the water and the gulls are calling over the rocks
"""
BAKERY = """
the baker opened the shop and the bread cooled on the shelf she counted the loaves and
wanted more the children looked at the cakes and pointed at the better ones he started the
oven and she turned the butter the letter for the baker waited on the counter the older
customers talked about the weather and the younger ones played in the street she handed the
change over and asked after the daughter later the baker cleaned the tables and closed the
shutters and the cat rested near the heater the water boiled and the butter melted
"""
VARIANTS = (
    {"text": WEATHER, "phrase": "the weather is singing", "stages": (0, 4, 12, 100)},
    {"text": BAKERY, "phrase": "she wanted the heater", "stages": (0, 10, 30, 100)},
)

WORDS = 4000  # words of the training text, drawn from the sample above
MERGES = 100


def pair_counts(words, splits):
    """How often each pair of neighbours occurs in the whole text."""
    found = {}
    for word, times in words.items():
        for pair in pairwise(splits[word]):
            found[pair] = found.get(pair, 0) + times
    return found


def joined(tokens, pair):
    out = []
    for token in tokens:
        if out and (out[-1], token) == pair:
            out[-1] += token
            continue
        out.append(token)
    return out


def learn(words):
    """Merges in order, the count of each, and the tokens of the text after each."""
    splits = {word: list(word) for word in words}
    lengths = [sum(times * len(splits[word]) for word, times in words.items())]
    merges, counts = [], []
    for _ in range(MERGES):
        found = pair_counts(words, splits)
        best = max(found, key=lambda pair: (found[pair], pair))
        merges.append(best)
        counts.append(found[best])
        splits = {word: joined(tokens, best) for word, tokens in splits.items()}
        lengths.append(sum(times * len(splits[word]) for word, times in words.items()))
    return merges, np.array(counts), np.array(lengths)


def encode(word, merges):
    tokens = list(word)
    for pair in merges:
        tokens = joined(tokens, pair)
    return tokens


def spaced(text):
    """Words with the space before them, as GPT-2 cuts them; a dot makes the space visible."""
    return ["·" + word for word in text.split()]


def compute(rng, text, phrase, stages):
    drawn = rng.choice(spaced(text), WORDS)
    kinds, times = np.unique(drawn, return_counts=True)
    words = dict(zip(kinds.tolist(), times.tolist(), strict=True))
    merges, counts, lengths = learn(words)
    rows = [[encode(word, merges[:stage]) for word in spaced(phrase)] for stage in stages]
    sizes = [sum(len(tokens) for tokens in row) for row in rows]
    unseen = "together"
    return SimpleNamespace(
        words=words,
        merges=merges,
        counts=counts,
        lengths=lengths,
        stages=stages,
        phrase=phrase,
        rows=rows,
        sizes=sizes,
        before=sizes[0],
        after=sizes[-1],
        total=WORDS,
        steps=MERGES,
        first=" ".join("".join(pair) for pair in merges[:4]),
        first_count=int(counts[0]),
        last_count=int(counts[-1]),
        saved=1 - lengths[-1] / lengths[0],
        per_word_before=lengths[0] / WORDS,
        per_word_after=lengths[-1] / WORDS,
        unseen=unseen,
        unseen_tokens=" + ".join(encode("·" + unseen, merges)),
    )


def check(n):
    text = "".join(word * times for word, times in n.words.items())
    coded = [token for word, times in n.words.items() for token in encode(word, n.merges) * times]
    yield "decoding gives the text back, letter by letter", "".join(coded) == text
    yield "and takes the tokens that were counted", len(coded) == n.lengths[-1]
    yield "no merge ever adds tokens", np.all(np.diff(n.lengths) <= 0)
    doubles = np.array([a == b for a, b in n.merges])
    saved = -np.diff(n.lengths)
    yield "each merge saves one token an occurrence", np.all((saved == n.counts) | doubles)
    # A new pair is never commoner than the pair that made it: counts can only fall.
    yield "the commonest pairs go first", np.all(np.diff(n.counts) <= 0)
    yield "over 40 % fewer tokens after 100 merges", n.saved > 0.4
    yield (
        "what is drawn spells the phrase",
        all(
            "".join(token for word in row for token in word) == "".join(spaced(n.phrase))
            for row in n.rows
        ),
    )


def draw(fig, n):
    ax = fig.subplots()
    columns = n.before
    for line, (stage, row, size) in enumerate(zip(n.stages, n.rows, n.sizes, strict=True)):
        left = 0
        for word in row:
            for token in word:
                width = len(token)
                whole = len(word) == 1
                colour = BLUE if whole else PALE_BLUE if width > 1 else MIST
                ax.barh(line, width - 0.18, left=left + 0.09, height=0.6, color=colour)
                for place, letter in enumerate(token):
                    style = {"color": WHITE if whole else INK, "ha": "center", "va": "center"}
                    ax.text(left + place + 0.5, line, letter, size=16, **style)
                left += width
        ax.text(-0.9, line, f"{stage}", ha="right", va="center", size=16)
        ax.text(columns + 2.4, line, f"{size}", ha="right", va="center", size=17, weight="bold")
    ax.text(-0.9, -0.8, "merges", ha="right", va="center", color=GREY)
    ax.text(columns + 2.4, -0.8, "tokens", ha="right", va="center", weight="bold")
    ax.set(xlim=(-4.2, columns + 2.4), ylim=(len(n.rows) - 0.6, -1.05))
    ax.axis("off")


MUTANTS = {
    "merges the rarest pair": ("best = max(found", "best = min(found"),
    "counts distinct words, not the text": ("found.get(pair, 0) + times", "found.get(pair, 0) + 1"),
}
