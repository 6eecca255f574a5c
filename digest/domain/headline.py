"""The subject and the preheader: what an inbox shows of an edition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

MAX_SUBJECT: Final = 60
"""Characters of a subject that inboxes show on a desktop; phones show about 40."""
PREHEADER: Final = (40, 100)
"""Least and most characters of the preview line."""

_MORE: Final = ("", " and one more", " and two more", " and three more", " and four more")


def subject(titles: Sequence[str]) -> str:
    """``Momentum, Entropy, Markov chain and two more``: as many titles as fit in 60 characters.

    Without any title it is ``Five stories of machine learning``.
    """
    if not titles:
        return "Five stories of machine learning"
    for shown in range(len(titles), 0, -1):
        line = _join(titles[:shown], len(titles) - shown)
        if len(line) <= MAX_SUBJECT:
            return line
    return cut(titles[0], MAX_SUBJECT)


def _join(titles: Sequence[str], left_out: int) -> str:
    if left_out:
        return ", ".join(titles) + _MORE[min(left_out, len(_MORE) - 1)]
    return " and ".join([", ".join(titles[:-1]), titles[-1]] if len(titles) > 1 else titles)


def preheader(stories: Sequence[str], statements: Sequence[str]) -> str:
    """The line after the subject: the first stories' titles, else the first statements."""
    line = ""
    for text in (*stories, *statements):
        joined = f"{line} · {text}" if line else text
        if len(joined) > PREHEADER[1]:
            return cut(joined, PREHEADER[1]) if len(line) < PREHEADER[0] else line
        line = joined
        if len(line) >= 2 * PREHEADER[0]:
            break
    if len(line) < PREHEADER[0]:
        line = f"{line} · Ideas with computed figures, and what is worth reading".lstrip(" ·")
    return line


def cut(text: str, most: int) -> str:
    """At most `most` characters, cut between words, with an ellipsis where cut."""
    if len(text) <= most:
        return text
    return text[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:·-") + "…"
