"""Titles and leads as plain text: no markup, no control characters, no boilerplate.

What comes out is text, to be escaped like any other where it goes into HTML. Even so, nothing
in it can be taken for a tag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from html import unescape
from typing import Final

import nh3

from digest.ingest.sentences import is_whole, sentences

LEAD_LENGTH: Final = 320
_TITLE_LENGTH: Final = 300
_LEAST_TWICE: Final = 5
_LONGEST_TEXT: Final = 400_000
_MARK: Final = re.compile(r"<[^<>]*>|&#?\w+;")
_WORD: Final = re.compile(r"\w[\w'’-]*")
_MARKUP_LENGTH: Final = 20_000
"""A lead is the first few hundred characters; what comes later is not looked at."""

_BLOCK: Final = (
    "p|div|br|li|ul|ol|h[1-6]|tr|td|th|table|tbody|thead|blockquote|section|article|header|footer"
    "|aside|main|nav|hr|figure|figcaption|pre|dd|dt|dl|form|details|summary"
)
_INLINE: Final = (
    "a|abbr|acronym|address|applet|area|audio|b|base|basefont|bdi|bdo|bgsound|big|blink|body|button"
    "|canvas|caption|center|cite|code|col|colgroup|data|datalist|del|dfn|dialog|dir|em|embed"
    "|fieldset|font|frame|frameset|head|hgroup|html|i|iframe|image|img|input|ins|isindex|kbd|keygen"
    "|label|layer|legend|link|listing|map|mark|marquee|math|menu|meta|meter|nobr|noembed|noframes"
    "|noscript|object|optgroup|option|output|param|picture|plaintext|progress|q|rp|rt|ruby|s|samp"
    "|script|select|slot|small|source|span|strike|strong|style|sub|sup|svg|template|textarea|tfoot"
    "|time|title|track|tt|u|var|video|wbr|xml|xmp|mi|mn|mo|mrow|msub|msup|mtext|semantics"
    "|annotation|path|g|use|set|animate|foreignobject|desc"
)
_TAG: Final = re.compile(
    rf"</?(?:{_BLOCK}|{_INLINE})(?=[\s/>:]|$)|<!--|<!\[|<!doctype|<\?", re.IGNORECASE
)
_BLOCK_TAG: Final = re.compile(rf"<(?=/?(?:{_BLOCK})(?:[\s/>]|$))", re.IGNORECASE)
_NO_CONTENT: Final = {
    *("script", "style", "figure", "figcaption", "iframe", "noscript", "svg", "template", "select"),
    *(
        "button",
        "nav",
        "audio",
        "video",
        "object",
        "textarea",
        "form",
        "noembed",
        "noframes",
        "xmp",
    ),
}
_AMPS: Final = re.compile(r"&(?:amp;)+(?=#?\w{1,31};)", re.IGNORECASE)
_ENTITY: Final = re.compile(r"&(?:#\d{1,8}|#x[0-9a-f]{1,8}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_PAIR: Final = re.compile(r"<([^<>]*)>")
_OPENS: Final = re.compile(r"<(?=[A-Za-z/!?])")
_BREAK: Final = "\x1d"
_FOLD: Final = re.compile(r"\s+")

_KEPT_FORMATS: Final = "\u200c\u200d"
"""The joiners: Persian, Indic scripts and emoji need them."""

_LINKS: Final = (
    r"(?:read (?:more|on|(?:the )?(?:full|whole|rest|entire)\b[^.!?]{0,60})|continue reading"
    r"|keep reading|learn more|view (?:article|post|full)|see more|more here)"
)
_WHERE: Final = r"(?:\s+(?:at|on|about|in|here|from)\b[^.!?]{0,120})?"
_BOILERPLATE: Final = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"\bThe post .{1,300}? (?:first appeared|appeared first) on .{1,120}$",
        r"\b(?:This (?:article|post)|It) (?:was )?(?:first|originally) (?:app|pub)[^.]{1,80}\.?$",
        r"(?:\bArticle URL: \S+\s*)?\bComments URL: \S+(?:\s*Points: \d+)?(?:\s*# Comments: \d+)?$",
        r"\bArticle URL: \S+$",
        r"\bPoints: \d+\s*# Comments: \d+$",
        r"(?:^|\s)submitted by\s+/?u/\S+(?:\s+to\s+\S+)?(?:\s*\[link\])?(?:\s*\[comments\])?$",
        r"(?:^|\s)\[link\]\s*\[comments\]$",
        r"\bContinue reading\b[^.!?]{0,160}(?:\.{3}|[…→»›>.])*$",
        rf"(?:(?<=[.!?…\]”\"')])\s*|^)[(\[]?\b{_LINKS}{_WHERE}\s*(?:\.{{3}}|[…→»›>.\])])*$",
        rf"\s[(\[]?{_LINKS}\s*(?:\.{{3}}|[…→»›>)\]])+$",
        r"\(more(?:\.{3}|…)\)$",
        r"\s*(?:[\[(]\s*(?:\.{3}|…)\s*[\])])$",
        r"(?:^|\s)(?:Comments|Permalink|Discuss|Leave a comment|Share)\s*$",
    )
)
_CUT_OFF: Final = re.compile(r"\s*(?:[\[(]\s*(?:\.{3}|…)\s*[\])]|(?:\.{3}|…))\s*$")
_TORN: Final = re.compile(r"\s+\S*\w(?:\.{3}|…)$")
_ARXIV: Final = re.compile(
    r"^arXiv:\S+\s+(?:Announce Type:\s*\S+\s+)?(?:Abstract:\s*)?|^Abstract:\s+", re.IGNORECASE
)
_ARXIV_TAIL: Final = re.compile(r"\s*\(arXiv:\S+(?:\s+\[[^\]]*\])?(?:\s+UPDATED)?\)$")
_SUFFIX: Final = re.compile(r"^(.*\S)\s+(?:[|·•:»‹«]|[-–—]{1,2})\s+(\S(?:.{0,58}\S)?)$", re.DOTALL)


def text(markup: str) -> str:
    """`markup` as one line of plain text: no tags, entities resolved (also doubly escaped ones)."""
    return " ".join(part for part in _parts(markup) if part)


def title(markup: str, outlets: Iterable[str] = ()) -> str:
    """A title of 300 characters at most, without the name of one of `outlets` at its end."""
    line = _ARXIV_TAIL.sub("", text(markup))
    names = [name for outlet in outlets if (name := _letters(outlet))]
    while True:
        before = line
        line = _once(line)
        if (split := _SUFFIX.match(line)) and _names_outlet(split[2], names):
            line = split[1]
        if line == before:
            return shorten(line, _TITLE_LENGTH)


def _once(line: str) -> str:
    """A title that says itself twice ("A model | A model"), once."""
    half = len(line) // 2
    for at in range(max(1, half - 2), min(len(line), half + 3)):
        one, other = line[:at], line[at:]
        parted = not (one[-1].isalnum() and other[0].isalnum())
        if (
            parted
            and len(one) > _LEAST_TWICE
            and _letters(one)
            and _letters(one) == _letters(other)
        ):
            return one.rstrip(" |-–—:·•")
    return line


def lead(markup: str, *, title: str = "", limit: int = LEAD_LENGTH) -> str:
    """The outlet's own first one or two sentences, at most `limit` characters.

    Whole sentences where they fit; else cut between words, with an ellipsis. "" where the markup
    says nothing but boilerplate or the title again.
    """
    raw = _parts(markup)
    parts = [part for each in raw if (part := _strip(each, limit))]
    heads = _letters(title)
    while parts and _letters(parts[0]) == heads:
        parts.pop(0)
    while len(parts) > 1 and not is_whole(parts[0]) and len(parts[0]) < len(parts[1]):
        parts.pop(0)  # a dateline, caption or heading before the first paragraph
    prose = _strip(" ".join(parts), limit)
    if not prose or _letters(prose) == heads:
        return ""
    cut_off = _CUT_OFF.search(raw[-1]) is not None
    return _first(prose, limit, cut_off=cut_off)


def words(markup: str) -> int:
    """How many words a text has; tags are none."""
    return len(_WORD.findall(_MARK.sub(" ", markup[:_LONGEST_TEXT])))


def shorten(line: str, limit: int) -> str:
    """`line`, cut between words to `limit` characters with an ellipsis where it is longer."""
    if len(line) <= limit:
        return line
    room = line[:limit]
    cut = room.rfind(" ") if line[limit - 1] != " " else limit - 1
    kept = room[:cut] if cut > limit // 2 else room[:-1]
    return kept.rstrip(" ,;:.-–—…") + "…"


def _parts(markup: str) -> list[str]:
    """The plain text of each block, in order."""
    raw = markup[:_MARKUP_LENGTH].replace(_BREAK, " ")
    while True:
        before = raw
        raw = _AMPS.sub("&", raw)
        if _TAG.search(raw):
            raw = _BLOCK_TAG.sub(f"{_BREAK}<", _protect(raw))
            raw = nh3.clean(raw, tags=set(), clean_content_tags=_NO_CONTENT)
        if _ENTITY.search(raw):
            raw = unescape(raw)
        if raw == before:
            break
    return [part for block in raw.split(_BREAK) if (part := _line(block))]


def _protect(raw: str) -> str:
    """Each < that opens no tag of HTML escaped, so that ``x<y`` and ``Vec<T>`` stay text."""
    ends = {match.start() for match in _TAG.finditer(raw)}
    return "".join(
        "&lt;" if char == "<" and at not in ends else char for at, char in enumerate(raw)
    )


def _line(block: str) -> str:
    """One line without control, format and bidi characters (Unicode: Cc, Cf, Cs, Co, Zl, Zp)."""
    line = _FOLD.sub(" ", block)
    if not line.isprintable():
        line = "".join(
            char
            for char in line
            if char in _KEPT_FORMATS or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co"}
        )
    line = unicodedata.normalize("NFC", line)
    if _OPENS.search(line):
        line = _OPENS.sub(" < ", _PAIR.sub(r"‹\1›", line))
    return _FOLD.sub(" ", line).strip()


def _strip(prose: str, limit: int) -> str:
    """`prose` without what feeds add in front, and behind where the end may be in the lead."""
    prose = _ARXIV.sub("", prose, count=1)
    while len(prose) < 3 * limit:
        before = prose
        for pattern in _BOILERPLATE:
            prose = pattern.sub("", prose).strip()
        if prose == before:
            break
    return prose


def _first(prose: str, limit: int, *, cut_off: bool) -> str:
    found = sentences(prose)
    first = found[0]
    if len(first) > limit:
        return shorten(first, limit)
    second = found[1] if len(found) > 1 else ""
    if second and is_whole(second) and len(first) + 1 + len(second) <= limit:
        return f"{first} {second}"
    if second or is_whole(first) or not cut_off:
        return first
    kept = first
    if _TORN.search(first):
        # The feed cut where its room ended: the last word may be half of one.
        kept = _TORN.sub("", first)
    return shorten(kept.rstrip(" .…,;:-–—"), limit - 1).rstrip("…") + "…"


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _names_outlet(tail: str, names: Iterable[str]) -> bool:
    said = _letters(tail)
    if not said:
        return False
    return any(
        said == name or (len(said) > 3 and (name.startswith(said) or said.startswith(name)))  # noqa: PLR2004 - shorter ones are words: "AI"
        for name in names
        if len(name) > 1
    )
