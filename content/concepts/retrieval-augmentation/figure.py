"""Retrieval by angle: the passages inside the narrowest cone around the question are fetched."""

from types import SimpleNamespace

import numpy as np

from digest.figures.palette import (
    BLUE,
    GREY,
    INK,
    PALE_BLUE,
    PALE_GREEN,
    PALE_PURPLE,
    PALE_VERMILLION,
    VERMILLION,
    VERMILLION_INK,
    WHITE,
)

HEIGHT = 3.6
VARIANTS = (
    {"asked": 1, "tilt": -14.0, "k": 6},
    {"asked": 2, "tilt": -12.0, "k": 6},
)

TOPICS = (("sailing", 24.0, PALE_GREEN, "o"), ("baking", 88.0, PALE_VERMILLION, "s"))
TOPICS += (("chess", 152.0, PALE_PURPLE, "^"),)
PER_TOPIC = 20
PASSAGES, DIMENSIONS, QUESTIONS = 2000, 64, 400
CLEAR, VAGUE = 0.05, 0.3  # noise added to each coordinate of a passage to make a question


def cosine(q, d):
    lengths = np.linalg.norm(q, axis=-1)[..., None] * np.linalg.norm(d, axis=-1)
    return q @ d.T / lengths


def unit(v):
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


def nearest(q, d, k):
    return np.argsort(-cosine(q, d), kind="stable")[:k]


def flat_library(rng):
    """Passages in the plane: the topic sets the direction, wording and length the rest."""
    spread = [np.sort(at + rng.normal(0, 15, PER_TOPIC)) for _, at, _, _ in TOPICS]
    angle = np.radians(np.clip(np.concatenate(spread), 8, 172))
    # Golden-ratio steps: neighbours in angle differ in length, so the picture does not clump.
    length = 0.6 + 1.55 * (0.618034 * np.arange(len(angle)) % 1)
    return length[:, None] * np.c_[np.cos(angle), np.sin(angle)]


def recalls(rng, noise):
    """Rank of the right passage among many, for questions that resemble it."""
    library = unit(rng.standard_normal((PASSAGES, DIMENSIONS)))
    questions = library[:QUESTIONS] + noise * rng.standard_normal((QUESTIONS, DIMENSIONS))
    score = cosine(questions, library)
    right = np.diagonal(score)
    rank = (score > right[:, None]).sum(1)
    return np.array([np.mean(rank < k) for k in (1, 2, 5, 10, 50)]), right


def compute(rng, asked, tilt, k):
    passages = flat_library(rng)
    direction = np.radians(TOPICS[asked][1] + tilt)
    question = np.array([np.cos(direction), np.sin(direction)])
    chosen = nearest(question, passages, k)
    by_distance = np.argsort(np.linalg.norm(passages - question, axis=1))[:k]
    clear, clear_cos = recalls(rng, CLEAR)
    vague, vague_cos = recalls(rng, VAGUE)
    return SimpleNamespace(
        passages=passages,
        question=question,
        chosen=chosen,
        k=k,
        topic=TOPICS[asked][0],
        worst=cosine(question, passages[chosen]).min(),
        half_angle=np.degrees(np.arccos(min(1, cosine(question, passages[chosen]).min()))),
        missed=k - len(set(chosen.tolist()) & set(by_distance.tolist())),
        count=len(passages),
        library=PASSAGES,
        dimensions=DIMENSIONS,
        questions=QUESTIONS,
        clear=clear,
        vague=vague,
        clear_first=clear[0],
        vague_first=vague[0],
        vague_ten=vague[3],
        vague_fifty=vague[4],
        cosines=((CLEAR, clear_cos), (VAGUE, vague_cos)),
    )


def check(n):
    score = cosine(n.question, n.passages)
    rest = np.delete(score, n.chosen)
    yield "no passage outside the cone is closer in angle", rest.max() <= n.worst
    angles = np.arctan2(n.passages[:, 1], n.passages[:, 0])
    asked = np.arctan2(n.question[1], n.question[0])
    yield "the score is the cosine of the angle between", np.allclose(score, np.cos(angles - asked))
    longer = n.passages * np.linspace(0.2, 5, n.count)[:, None]
    same = np.array_equal(nearest(n.question, longer, n.k), n.chosen)
    yield "stretching passages changes no ranking", same
    apart = np.sum((unit(n.question) - unit(n.passages)) ** 2, axis=1)
    yield "for unit vectors it is 1 - distance^2 / 2", np.allclose(score, 1 - apart / 2, atol=1e-12)
    for noise, seen in n.cosines:
        # Noise of variance s^2 in each of 64 directions: cosine near 1 / sqrt(1 + 64 s^2).
        expected = 1 / np.sqrt(1 + n.dimensions * noise**2)
        yield (
            f"noise {noise}: the right passage has that cosine",
            abs(seen.mean() - expected) < 0.03,
        )
    yield "recall never falls with k", min(np.diff(n.clear).min(), np.diff(n.vague).min()) >= 0
    yield "a clear question finds its passage first", n.clear_first > 0.95
    yield "a vague one needs a longer list", n.vague_ten > n.vague_first + 0.1


def draw(fig, n):
    fig.set_layout_engine("none")
    ax = fig.add_axes((0.02, 0.03, 0.96, 0.94))
    centre = np.arctan2(n.question[1], n.question[0])
    arc = centre + np.radians(np.linspace(-n.half_angle, n.half_angle, 30))
    rim = 2.28 * np.c_[np.cos(arc), np.sin(arc)]
    ax.fill(*np.vstack([[0, 0], rim]).T, color=PALE_BLUE, linewidth=0)
    rim_tip = 2.28 * n.question
    ax.plot([0, rim_tip[0]], [0, rim_tip[1]], color=VERMILLION, linewidth=2.5)
    for index, (_, _, colour, marker) in enumerate(TOPICS):
        here = slice(index * PER_TOPIC, (index + 1) * PER_TOPIC)
        ax.scatter(
            *n.passages[here].T, s=75, c=colour, marker=marker, edgecolors=GREY, linewidths=1
        )
    ax.scatter(*n.passages[n.chosen].T, s=150, c=BLUE, edgecolors=WHITE, linewidths=1.4, zorder=4)
    ax.plot(*rim_tip, "*", color=VERMILLION, markersize=24, markeredgecolor=WHITE, zorder=6)
    ax.plot(0, 0, "o", color=INK, markersize=8, zorder=6)
    for (name, _, _, _), place in zip(
        TOPICS, ((1.5, -0.2), (-0.6, 2.46), (-1.5, -0.2)), strict=True
    ):
        ax.text(*place, name, ha="center", va="center", size=16)
    bold = {"weight": "bold", "va": "center", "size": 16}
    ax.text(rim_tip[0], rim_tip[1] + 0.3, "question", color=VERMILLION_INK, ha="center", **bold)
    ax.text(-2.6, 2.46, f"{n.k} fetched", color=BLUE, **bold)
    ax.set(xlim=(-2.6, 2.6), ylim=(-0.34, 2.66), aspect="equal")
    ax.axis("off")


MUTANTS = {
    "dot product, not divided by the lengths": ("q @ d.T / lengths", "q @ d.T"),
    "the least similar first": ("np.argsort(-cosine(q, d)", "np.argsort(cosine(q, d)"),
}
