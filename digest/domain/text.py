"""Headlines and leads as terms: words, numbers with their unit, versions, names.

Written for English news. A term is a plain string, so that counting and comparing need nothing
but dictionaries: ``model``, ``350b`` (from "$350 billion"), ``gpt-5.2`` (and its family ``gpt``).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

STOP_WORDS: Final = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being
    below between both but by can could did do does doing don down during each few for from further
    had has have having he her here hers him his how i if in into is it its itself just like may me
    might more most must my no nor not now of off on once only or other our ours out over own per
    said same say says she should so some such than that the their theirs them then there these
    they this those through to too under until up upon us very via was we were what when where
    which while who whom why will with within without would you your yours
    """.split()  # noqa: SIM905 - a word list reads best as a paragraph
)
"""Words that say nothing of what a text is about."""

MODEL_FAMILIES: Final = frozenset(
    """
    alphafold aya bert chatgpt claude codestral codex command cosmos deepseek devstral dbrx ernie
    falcon fable flux gemini gemma glm gpt granite grok haiku hunyuan imagen jamba kimi kling lfm
    llama llava magistral minimax mistral mixtral molmo mythos nano nemotron nova olmo opus phi
    pixtral qwen qwq runway seedance seed smollm sonnet sora starcoder stablelm veo voxtral whisper
    yi
    """.split()  # noqa: SIM905 - a word list reads best as a paragraph
)
"""Names of model series, whose number is a version even when written apart ("Gemini 3")."""

SAME_EVENT: Final = 0.5
"""Likeness of two titles from which they count as one event."""

_SCALE: Final = {
    **dict.fromkeys(("thousand", "k"), "k"),
    **dict.fromkeys(("million", "m", "mn", "mln"), "m"),
    **dict.fromkeys(("billion", "b", "bn", "bln"), "b"),
    **dict.fromkeys(("trillion", "t", "tn", "trn"), "t"),
    **dict.fromkeys(("percent", "%"), "%"),
}
_TOKEN: Final = re.compile(r"[^\W_]+(?:[.'’/-][^\W_]+)*%?", re.UNICODE)
_NUMBER: Final = re.compile(r"(\d+(?:[.]\d+)?)([a-z]{1,3}|%)?")
_VERSION: Final = re.compile(r"\b([A-Za-z][A-Za-z]*)(-|\s)?[vV]?(\d+(?:\.\d+)*)(?![\d.]*\d)")
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}\b)")
_LONGEST_VERSION: Final = 4
_SHORT: Final = 4
_ENDINGS: Final = (("ings", 8), ("ing", 6), ("ed", 5), ("es", 5), ("s", 4))


def plain(text: str) -> str:
    """The text in NFKC with straight apostrophes, single blanks and numbers without commas."""
    straight = text
    if not text.isascii():
        straight = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
    return " ".join(_THOUSANDS.sub("", straight).split())


def terms(text: str) -> list[str]:
    """The terms of a text in order, stop words left out, plurals and endings taken off."""
    found: list[str] = []
    words = _TOKEN.findall(plain(text).lower())
    skip = False
    for at, word in enumerate(words):
        if skip:
            skip = False
            continue
        number = _NUMBER.fullmatch(word) if word[0].isdecimal() else None
        if number:
            following = words[at + 1] if at + 1 < len(words) else ""
            unit = _SCALE.get(number[2] or "", number[2] or "")
            if not unit and len(following) > 1 and following in _SCALE:
                unit, skip = _SCALE[following], True
            found.append(number[1] + unit)
        else:
            found.extend(_parts(word))
    return found


@lru_cache(maxsize=100_000)
def _parts(word: str) -> tuple[str, ...]:
    """The terms of a token that is no number."""
    if not word.isalpha() and any(c.isdigit() for c in word):
        return word, *(stem(p) for p in re.split(r"[^a-z]+", word) if len(p) > 1)
    parts = re.split(r"[./-]", word.removesuffix("'s").replace("'", ""))
    return tuple(stem(p) for p in parts if len(p) > 1 and p not in STOP_WORDS)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The word without plural and verb endings: a light stemmer, enough to meet a paraphrase."""
    if word.endswith("ies") and len(word) > _SHORT:
        return word[:-3] + "y"
    for ending, least in _ENDINGS:
        if word.endswith(ending) and len(word) >= least and not word.endswith(("ss", "us", "is")):
            root = word.removesuffix(ending)
            if (
                ending.endswith(("ing", "ings", "ed"))
                and root[-1] == root[-2]
                and len(root) >= _SHORT
            ):
                root = root[:-1]
            return root.removesuffix("e")
    return word.removesuffix("e") if len(word) > _SHORT else word


def versions(text: str) -> dict[str, frozenset[str]]:
    """Product name -> versions named: "GPT-5.2 beats Gemini 3" gives gpt: 5.2 and gemini: 3.

    A number is a version when a hyphen or nothing parts it from a name ("GPT-5", "o3"), when it
    has a point ("Claude 4.5"), or when the name is a known model series ("Gemini 3").
    """
    found: dict[str, set[str]] = {}
    for name, joint, number in _VERSION.findall(plain(text)):
        low = name.lower()
        if low in STOP_WORDS or len(number.replace(".", "")) > _LONGEST_VERSION:
            continue
        apart = joint.isspace() if joint else False
        if apart and low not in MODEL_FAMILIES and not ("." in number and name[0].isupper()):
            continue
        found.setdefault(low, set()).add(number)
    return {name: frozenset(numbers) for name, numbers in found.items()}


def template(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with numbers masked, and the numbers: "Weekly #12" and "#13" share the first."""
    low = plain(text).lower()
    numbers = re.findall(r"\d+(?:\.\d+)*", low)
    return re.sub(r"\d+(?:\.\d+)*", "0", low), tuple(numbers)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two sets of terms share, 0 to 1 (Dice: twice the shared over the sum)."""
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def host_of(url: str) -> str:
    """The host of a URL without ``www.``, empty where there is none."""
    return (urlsplit(url).hostname or "").removeprefix("www.")
