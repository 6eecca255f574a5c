"""What the learned scores look at: titles, hosts, coverage, votes, and the hour.

Three kinds of candidates, one function each. The same functions serve labelled files and the
day's own stories, so that a weight means the same in both. All that is missing is left out.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from digest.domain.relevance import is_finance, is_hype, is_news, is_unwanted, relevance
from digest.domain.scoring import Features
from digest.domain.text import host_of, terms, versions

_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gov", "net", "org"})
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_DATED: Final = re.compile(
    rf"(20\d\d)[/-](\d{{1,2}}|{'|'.join(_MONTHS)})[/-](\d{{1,2}})(?!\d)", re.IGNORECASE
)
_SIMILAR, _SAME = 0.2, 0.5
"""Cosines of two titles: below the first unlike, from the second on surely one event."""

_FRESH_DAYS, _RECENT_DAYS = 1, 4


# --- headlines ---------------------------------------------------------------------------------


def headline(
    title: str,
    url: str = "",
    *,
    reports: Sequence[float] = (),
    age_days: int | None = None,
    tier: int | None = None,
    primary: bool = False,
) -> Features:
    """A headline. `reports` are soft counts (0 to 1) of other reports of the event.

    `age_days` are whole days between publication and the day of choice; `tier` and `primary` come
    from the list of sources where the host is in it.
    """
    said = terms(title)
    numbers = {
        "relevance": relevance(title),
        "unwanted": float(bool(is_unwanted(title))),
        "hype": float(is_hype(title)),
        "finance": float(is_finance(title)),
        "news": float(is_news(title)),
        "length": len(said) / 10,
        "question": float("?" in title),
        "colon": float(":" in title),
        "digits": float(any(c.isdigit() for c in title)),
        "version": float(bool(versions(title))),
        "coverage": math.log1p(math.fsum(reports)),
        "primary": float(primary),
    }
    if tier is not None:
        numbers["tier"] = float(3 - tier)
    if age_days is not None:
        numbers["dated"] = 1.0
        numbers["fresh"] = float(age_days <= _FRESH_DAYS)
        numbers["stale"] = float(age_days > _RECENT_DAYS)
    return Features(numbers, place_signs(url) | title_signs(said))


def place_signs(url: str) -> frozenset[str]:
    """Host, registrable domain and the first two folders of the path."""
    full = url if "://" in url else f"https://{url}"
    host = host_of(full)
    if not host:
        return frozenset()
    domain = registrable(host)
    folders = [part for part in urlsplit(full).path.lower().split("/") if part][:-1]
    named = [part for part in folders[:3] if not part.isdigit()][:2]
    return frozenset({f"host={host}", f"domain={domain}", *(f"path={domain}/{p}" for p in named)})


def registrable(host: str) -> str:
    """The domain one buys: ``news.lab.example`` -> ``lab.example``; ``x.co.uk`` keeps three."""
    labels = host.split(".")
    long = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL  # noqa: PLR2004
    return ".".join(labels[-3:] if long else labels[-2:])


def title_signs(said: Sequence[str]) -> frozenset[str]:
    """The terms of a title and their neighbours, its begin and end marked."""
    framed = ["^", *said, "$"]
    return frozenset(
        {f"word={term}" for term in said} | {f"pair={a} {b}" for a, b in pairwise(framed)}
    )


def date_in(url: str) -> date | None:
    """The day that a URL names, as the press puts it there; None where it names none."""
    found = _DATED.search(url)
    if found is None:
        return None
    month = _MONTHS.get(found[2].lower()) or int(found[2])
    try:
        return date(int(found[1]), month, int(found[3]))
    except ValueError:
        return None


def soft_reports(titles: Sequence[str], context: Sequence[str] = ()) -> list[list[float]]:
    """For each title, how surely (0 to 1) each of the others and of `context` tells its event.

    Terms weigh by their rarity among all; only likenesses above 0 are listed.
    """
    sets = [frozenset(terms(text)) for text in (*titles, *context)]
    seen = Counter(term for each in sets for term in each)
    rare = {term: math.log((len(sets) + 1) / (n + 0.5)) ** 2 for term, n in seen.items()}
    size = [math.fsum(rare[t] for t in each) for each in sets]
    found: list[list[float]] = []
    for at in range(len(titles)):
        sure = []
        for other, theirs in enumerate(sets):
            shared = sets[at] & theirs
            if other == at or not shared or not size[at] or not size[other]:
                continue
            cosine = math.fsum(rare[t] for t in shared) / math.sqrt(size[at] * size[other])
            if cosine > _SIMILAR:
                sure.append(min(1.0, (cosine - _SIMILAR) / (_SAME - _SIMILAR)))
        found.append(sorted(sure, reverse=True))
    return found


# --- papers ------------------------------------------------------------------------------------

_WORDS: Final[Mapping[str, str]] = {
    "language": r"""llms?|language models?|gpt|chatgpt|transformers?|in-context|prompt\w*
        |instructions?|chain-of-thought|cot|alignment|rlhf|preferences?|fine-?tun\w+
        |pre-?train\w*|tokens?""",
    "agents": r"""agents?|agentic|multi-agent|tools?|planning|workflows?|web|gui
        |software engineering""",
    "reasoning": r"""reason\w*|math\w*|arithmetic|logic\w*|self-\w+|thinking|thoughts?|reflection
        |verif\w+""",
    "retrieval": r"""rag|retriev\w+|long-?context|context|knowledge|memory|citations?
        |documents?""",
    "vision": r"""images?|videos?|visual|vision|3d|4d|segmentation|diffusion|gaussian|splatting
        |nerf|depth|scenes?|text-to-(?:image|video|3d)|editing|avatars?|camera|motion|humans?
        |face|pose|rendering|reconstruction|style|multimodal|mllms?|l?vlms?""",
    "audio": "audio|speech|music|sound|voice|singing",
    "robots": r"robot\w*|manipulation|embodied|driving|navigation|locomotion",
    "code": r"code|coding|coder|program\w*|sql|software|github|developers?",
    "data": r"datasets?|benchmark\w*|corpus|evaluat\w+|bench",
    "survey": "surveys?|reviews?|introduction|study|analysis|perspective|overview|report",
    "efficiency": r"""efficien\w+|quanti[sz]\w+|prun\w+|compress\w+|kv|caches?|inference
        |speculative|decoding|sparse|distill\w+|lora|moe|mixture|latency""",
    "science": r"scien\w+|research|medic\w+|clinical|health|biolog\w+|chem\w+|protein\w*",
    "tongues": "multilingual|arabic|chinese|japanese|korean|indic|languages|translation",
}
_TOPICS: Final = {
    name: re.compile(rf"\b(?:{re.sub(chr(10) + ' *', '', words)})\b", re.IGNORECASE)
    for name, words in _WORDS.items()
}
_RELEASED: Final = re.compile(
    r"github\.com|open-?sourc|code (?:is|will be|are) (?:available|released)|release",
    re.IGNORECASE,
)
_CLAIMS: Final = re.compile(r"state-of-the-art|outperform", re.IGNORECASE)
_FRIDAY: Final = 4
_FIGURES: Final = re.compile(r"\d+(?:\.\d+)?\\?%|\d+x\b", re.IGNORECASE)


def paper(
    title: str,
    abstract: str = "",
    *,
    upvotes: float | None = None,
    listed: date | None = None,
) -> Features:
    """A paper; `listed` is the day it was listed (on Fridays the week's choice is mostly made)."""
    numbers = {
        "colon": float(":" in title),
        "question": float("?" in title),
        "length": len(terms(title)) / 10,
        "abstract_length": len(abstract.split()) / 200,
        "released": float(bool(_RELEASED.search(abstract))),
        "claims": float(bool(_CLAIMS.search(abstract))),
        "figures": float(bool(_FIGURES.search(abstract))),
    }
    for name, pattern in _TOPICS.items():
        numbers[f"title:{name}"] = float(bool(pattern.search(title)))
        numbers[f"abstract:{name}"] = 0.5 * bool(pattern.search(abstract))
    if upvotes is not None:
        numbers["upvotes"] = math.log1p(max(0.0, upvotes))
    if listed is not None:
        numbers["friday"] = float(listed.weekday() == _FRIDAY)
    return Features(numbers, frozenset(f"word={term}" for term in terms(title)))


# --- threads on Hacker News --------------------------------------------------------------------

_WEEKEND: Final = 5


def thread(
    *,
    points: Mapping[int, float],
    comments: Mapping[int, float],
    first_seen: datetime | None = None,
) -> Features:
    """A thread by what was known 0, 1 and 2 hours after it was first seen (UTC).

    Hours that are missing are taken to lie on the straight line through those that are known,
    and with one known hour only the growth is left out.
    """
    numbers: dict[str, float] = {}
    score, talk = _at_hours(points), _at_hours(comments)
    if score is not None and talk is not None:
        numbers["talk"] = talk[2] / (score[2] + 5)
    for name, at in (("points", score), ("comments", talk)):
        if at is None:
            continue
        numbers[name] = math.log1p(at[2])
        numbers[f"{name}_before"] = math.log1p(at[1])
        numbers[f"{name}_gained"] = math.log1p(max(0.0, at[2] - at[1]))
        if name == "points":
            numbers["points_squared"] = math.log1p(at[2]) ** 2 / 10
            numbers["points_first"] = math.log1p(at[0])
            numbers["points_early"] = math.log1p(max(0.0, at[1] - at[0]))
            speed = (max(0.0, at[2] - at[1]) + 5) / (max(0.0, at[1] - at[0]) + 5)
            numbers["speeding"] = math.log(speed)
    if first_seen is not None:
        hour = first_seen.hour + first_seen.minute / 60
        for k in (1, 2, 3):
            numbers[f"hour_sin{k}"] = math.sin(2 * math.pi * k * hour / 24)
            numbers[f"hour_cos{k}"] = math.cos(2 * math.pi * k * hour / 24)
        numbers["weekend"] = float(first_seen.weekday() >= _WEEKEND)
    return Features(numbers)


def _at_hours(known: Mapping[int, float]) -> tuple[float, float, float] | None:
    """Values at 0, 1 and 2 h, non-negative."""
    have = {hour: max(0.0, known[hour]) for hour in (0, 1, 2) if hour in known}
    if not have:
        return None
    if len(have) == 1:
        (value,) = have.values()
        return value, value, value
    first, last = min(have), max(have)
    slope = (have[last] - have[first]) / (last - first)
    full = [have.get(h, max(0.0, have[first] + slope * (h - first))) for h in (0, 1, 2)]
    return full[0], full[1], full[2]
