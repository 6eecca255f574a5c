"""A concept: one idea of machine learning, as its folder under content/concepts/ tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TRACKS: Final = {
    "probability-information": "Probability & information",
    "optimisation": "Optimisation",
    "linear-models": "Linear models",
    "kernels-classical": "Classical learning",
    "neural-networks": "Neural networks",
    "sequence-attention": "Sequences & attention",
    "generative-models": "Generative models",
    "reinforcement-learning": "Reinforcement learning",
    "theory-evaluation": "Theory & evaluation",
    "dynamics-sampling": "Dynamics & sampling",
    "llm-practice": "LLM practice",
}
"""Track slug -> the name that readers see, in the order of the library."""

LEVELS: Final = {1: "foundation", 2: "core", 3: "advanced"}
"""Level -> its name: 1 needs no earlier card of its track, 3 builds on several."""


@dataclass(frozen=True, slots=True)
class Related:
    """A neighbouring concept and, in one line, how it relates."""

    slug: str
    gist: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A source to read: `kind` is primary, textbook, survey or further."""

    text: str
    url: str
    kind: str = "primary"
    verified: bool = True


@dataclass(frozen=True, slots=True)
class Recall:
    """A question answerable in ten seconds, and its answer, shown apart."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Concept:
    """One card.

    Prose fields (`definition`, `body`, `example`, `why`, `scope`, `notation`, `caption`, `alt`,
    `recall`) are Markdown with fields such as ``{{ n.ratio | sig(2) }}``, filled from the numbers
    of the card's own figure, so that text and picture cannot disagree. The first paragraph of
    `example`, `why` and `scope` is the mail's short form; the page shows all of it.

    `source_hash` is the SHA-256 (hex) of the folder's files: the key of every cache.
    """

    slug: str
    title: str
    track: str
    level: int
    requires: tuple[str, ...]
    statement: str
    formula: str
    symbols: tuple[tuple[str, str], ...]
    definition: str
    body: str
    example: str
    why: str
    scope: str
    notation: str
    recall: Recall
    caption: str
    alt: str
    related: tuple[Related, ...]
    contrast: str | None
    references: tuple[Reference, ...]
    credit: str
    version: int
    source_hash: str

    @property
    def short_title(self) -> str:
        """The title without its parenthesis: ``Momentum`` for ``Momentum (heavy ball)``."""
        return self.title.split(" (")[0]

    @property
    def track_title(self) -> str:
        """The track's name as readers see it."""
        return TRACKS[self.track]

    @property
    def level_title(self) -> str:
        """The level's name as readers see it."""
        return LEVELS[self.level]
