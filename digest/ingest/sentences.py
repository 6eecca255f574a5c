"""Where sentences end: enough of it for the first one or two of a news item."""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s+["'“‘«(\[]?[^\W_a-z])|[。！？]["”’」』]*""")
_ABBREVIATIONS: Final = re.compile(
    "mr|mrs|ms|dr|prof|sen|rep|gov|gen|st|jr|sr|vs|fig|figs|eq|eqs|sec|nos|vol|pp|ed|eds"
    "|al|approx|cf|ca|etc|inc|corp|co|ltd|llc|dept|univ|est|jan|feb|mar|apr|jun|jul|aug"
    "|sep|sept|oct|nov|dec|ph",
    re.IGNORECASE,
)
_MAY_END: Final = re.compile("inc|corp|co|ltd|llc|etc|al|jr|sr", re.IGNORECASE)
"""Abbreviations after which a sentence may well end."""

_STARTERS: Final = re.compile(
    "the|a|an|it|its|this|that|these|those|in|on|at|by|but|and|or|for|from|he|she|we|they"
    "|you|i|as|if|when|while|after|before|now|with|to|there|here|what|how|why|our|their"
    "|his|her",
    re.IGNORECASE,
)
"""Words that, with a capital, begin a sentence rather than go on with a name."""

_ACRONYM: Final = re.compile(r"(?:^|[\s(\[“\"‘'])(?:[^\W\d_]\.){1,}$")
_LAST_WORD: Final = re.compile(r"([^\W\d_]+)\.$")
_NEXT_WORD: Final = re.compile(r"\s*[\"'“‘«(\[]*([^\W\d_]+)")


def sentences(text: str) -> list[str]:
    """`text` cut after each sentence. What follows the last end is the last item, if anything."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if _ends(text, start, match):
            found.append(text[start : match.end()].strip())
            start = match.end()
    if rest := text[start:].strip():
        found.append(rest)
    return found


def is_whole(sentence: str) -> bool:
    """Whether it ends as a sentence does, and not in an ellipsis."""
    bare = sentence.rstrip("\"'”’»)]」』")
    return bare.endswith((".", "!", "?", "。", "！", "？")) and not bare.endswith("..")


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match[0]
    if mark[0] != "." or mark.startswith(".."):
        return True
    before = text[max(start, match.start() - 24) : match.start() + 1]
    following = _NEXT_WORD.match(text, match.end())
    starts_anew = following is not None and _STARTERS.fullmatch(following[1]) is not None
    if _ACRONYM.search(before):
        return starts_anew and following is not None and len(following[1]) > 1
    word = _LAST_WORD.search(before)
    if word is not None and word[1].lower() == "no" and text[match.end() :].lstrip()[:1].isdigit():
        return False
    if word is None or not _ABBREVIATIONS.fullmatch(word[1]):
        return True
    return starts_anew and _MAY_END.fullmatch(word[1]) is not None
