"""Contrast of text to its ground, from the inline colours, in light and under our dark rules.

WCAG 2.2, 1.4.3: 4.5:1; letters are held to it at every size. Chromium's axe asks the same of what
it paints; this one needs no browser and names the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.gates.page import Node, Page, Rule, matches, rules

WANTED = 4.5
Colour = tuple[int, int, int]
_NAMED: dict[str, Colour] = {"black": (0, 0, 0), "white": (255, 255, 255)}
_NONE = frozenset(("transparent", "inherit", "none", "initial"))


def colour(value: str) -> Colour | None:
    """A CSS colour; None for one that shows what lies behind it. Raises ValueError for others."""
    text = value.replace("!important", "").strip().lower()
    if text in _NONE:
        return None
    if text in _NAMED:
        return _NAMED[text]
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        text = "#" + "".join(digit * 2 for digit in text[1:])
    if re.fullmatch(r"#[0-9a-f]{6}", text):
        return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
    form = re.fullmatch(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)", text)
    if form:
        return int(form[1]), int(form[2]), int(form[3])
    raise ValueError(f"the colour {value!r} is none that all mail programs read; write #rrggbb")


def ratio(one: Colour, other: Colour) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def faults(page: Page) -> list[str]:
    """Texts with too little contrast, and colours that cannot be read, in light and in dark."""
    dark = [rule for rule in rules(page.css) if "prefers-color-scheme: dark" in _spaced(rule.media)]
    found: dict[str, None] = {}
    for scheme, sheet in (("light", []), ("dark", dark)):
        for node in _with_text(page.body):
            try:
                ink = _inherited(node, "color", sheet) or (0, 0, 0)
                ground = _ground(node, sheet) or (255, 255, 255)
            except ValueError as unread:
                found[f"{node.place}: {unread}"] = None
                continue
            got = ratio(ink, ground)
            if got < WANTED:
                what = node.text(alts=True)[:30]
                found[
                    f"{node.place}: contrast {got:.1f}:1 in {scheme}, {WANTED}:1 wanted"
                    f" ({_hex(ink)} on {_hex(ground)}, {what!r})"
                ] = None
    if not dark:
        found["the kept <style> has no @media (prefers-color-scheme: dark) rule"] = None
    return list(found)


def _spaced(media: str) -> str:
    return re.sub(r"\s*:\s*", ": ", media)


def _with_text(body: Node) -> Iterator[Node]:
    """Elements that have text of their own, and images (their alt is text when blocked)."""
    for node in body.walk():
        if node.hidden:
            continue
        own = any(isinstance(c, str) and c.replace("\xa0", " ").strip() for c in node.children)
        if own or node.tag == "img":
            yield node


def _declared(node: Node, names: tuple[str, ...], sheet: list[Rule]) -> str | None:
    """What holds on one element: the last important rule of the sheet, else the inline style."""
    inline = next((node.style[name] for name in names if name in node.style), None)
    if inline is None and "background-color" in names:
        inline = node.attrs.get("bgcolor")
    ruled: str | None = None
    for rule in sheet:
        for name in names:
            value = rule.style.get(name)
            if value is None or not matches(node, rule.selector):
                continue
            if "!important" in value or inline is None:
                ruled = value
    return ruled or inline


def _inherited(node: Node, name: str, sheet: list[Rule]) -> Colour | None:
    for above in node.above():
        value = _declared(above, (name,), sheet)
        if value is not None and (found := colour(value)) is not None:
            return found
        if above.tag == "a" and name == "color" and above.attrs.get("href"):
            return (0, 0, 238)  # a link without a colour of its own is the browser's blue
    return None


def _ground(node: Node, sheet: list[Rule]) -> Colour | None:
    for above in node.above():
        value = _declared(above, ("background-color", "background"), sheet)
        if value is not None and (found := colour(value)) is not None:
            return found
    return None


def _luminance(rgb: Colour) -> float:
    def linear(byte: int) -> float:
        share = byte / 255
        return float(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(byte) for byte in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _hex(rgb: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
