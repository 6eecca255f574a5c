"""Rules for the words: preheader, length, links, and the text part beside the HTML part."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.gates.message import Mail
from tests.gates.page import Node, Page

WORDS_LEAST, WORDS_MOST = 900, 1300
PREHEADER_LEAST, PREHEADER_MOST = 40, 100
TEXT_SHARE = (0.8, 1.2)
LINE_MOST = 78
NEAR_TOP, NEAR_END = 120, 150
"""Words before the first and after the last way to unsubscribe, at most."""
VAGUE = frozenset(
    [
        "here",
        "click here",
        "this",
        "link",
        "this link",
        "more",
        "read more",
        "read",
        "source",
        "learn more",
        "continue",
    ]
)
LEAVE = re.compile(r"\bunsubscribe\b|\bleave (this|the) list\b", re.IGNORECASE)
ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s<>\"]+")


def words(text: str) -> int:
    """Words: what has a letter or a digit; an address counts as none."""
    return sum(any(c.isalnum() for c in word) for word in ADDRESS.sub(" ", text).split())


def addresses(text: str) -> set[str]:
    """The web and mail addresses in a plain text, without the punctuation that follows them."""
    found = set()
    for match in ADDRESS.findall(text):
        address = match.rstrip(".,;:!?'")
        while address.endswith(")") and address.count(")") > address.count("("):
            address = address[:-1].rstrip(".,;:!?'")
        found.add(address)
    return found


def preheader_faults(page: Page, mail: Mail) -> Iterator[str]:
    """The line that inboxes show behind the subject."""
    first = next((c for c in page.body.children if not isinstance(c, str) or c.strip()), None)
    if not isinstance(first, Node) or first.style.get("display") != "none":
        yield "the first thing in the body is no hidden preheader"
        return
    for name, value in (("max-height", "0"), ("overflow", "hidden"), ("mso-hide", "all")):
        if first.style.get(name) != value:
            yield f"{first.place}: the preheader's style has no {name}:{value}"
    text = " ".join("".join(c for c in first.children if isinstance(c, str)).split())
    if not PREHEADER_LEAST <= len(text) <= PREHEADER_MOST:
        yield (
            f"{first.place}: preheader of {len(text)} characters,"
            f" {PREHEADER_LEAST} to {PREHEADER_MOST} wanted"
        )
    if text.casefold() == mail.subject.casefold():
        yield f"{first.place}: the preheader is the subject once more"


def length_faults(page: Page) -> Iterator[str]:
    """Five to six minutes of reading."""
    count = words(page.body.text())
    if not WORDS_LEAST <= count <= WORDS_MOST:
        yield f"{count} words, {WORDS_LEAST} to {WORDS_MOST} wanted"


def link_faults(page: Page) -> Iterator[str]:
    """Links: underlined, and told apart by their text alone."""
    leads: dict[str, str] = {}
    for node in page.body.all("a"):
        href, text = node.attrs.get("href", ""), node.text(alts=True)
        if not re.match(r"https?://|mailto:", href):
            yield f"{node.place}: href {href[:40]!r} is neither a web nor a mail address"
        if "underline" not in node.style.get("text-decoration", ""):
            yield f"{node.place}: {text[:40]!r} is not underlined inline"
        folded = text.casefold().strip(" .:»→")
        if not folded or folded in VAGUE or ADDRESS.match(folded):
            yield f"{node.place}: link text {text[:40]!r} says not where it leads"
        elif leads.setdefault(folded, href) != href:
            yield f"{node.place}: {text[:40]!r} leads elsewhere than the link of the same text"
    yield from _leave_faults(page)


def _leave_faults(page: Page) -> Iterator[str]:
    """Gmail clips long letters: a way out stands near the top as well as at the end."""
    before: list[int] = []
    count = 0
    for piece in _pieces(page.body):
        if isinstance(piece, Node):
            if LEAVE.search(piece.text()):
                before.append(count)
        else:
            count += words(piece)
    if not before or before[0] > NEAR_TOP:
        yield f"no link to unsubscribe in the first {NEAR_TOP} words"
    if not before or count - before[-1] > NEAR_END:
        yield f"no link to unsubscribe in the last {NEAR_END} words"


def _pieces(node: Node) -> Iterator[Node | str]:
    if node.hidden:
        return
    if node.tag == "a":
        yield node
    for child in node.children:
        if isinstance(child, str):
            yield child
        else:
            yield from _pieces(child)


def text_faults(page: Page, mail: Mail) -> Iterator[str]:
    """The text part: the same links and about as many words; figures are sentences there."""
    shown = {node.attrs.get("href", "") for node in page.body.all("a")} - {""}
    written = addresses(mail.text)
    yield from (f"text part: {address} is missing" for address in sorted(shown - written))
    yield from (f"text part: {address} is not in the HTML" for address in sorted(written - shown))
    here, there = words(mail.text), words(page.body.text(alts=True))
    share = here / max(1, there)
    if not TEXT_SHARE[0] <= share <= TEXT_SHARE[1]:
        yield f"text part: {here} words, the HTML with its alt texts has {there} ({share:.2f})"
    for number, line in enumerate(mail.text.split("\n"), 1):
        if len(line) > LINE_MOST and not ADDRESS.fullmatch(line.strip()):
            yield f"text part, line {number}: {len(line)} characters, {LINE_MOST} at most"
    if re.search(
        r"</?(p|div|td|tr|table|span|a|b|i|sub|sup)\b[^>]*>|&(nbsp|amp|lt|gt);", mail.text
    ):
        yield "text part: has HTML in it"
