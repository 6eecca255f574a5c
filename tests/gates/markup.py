"""Rules for the HTML part: images, tables, headings, language, the kept style, what is banned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.gates.message import Mail, Part
from tests.gates.page import Node, Page

STYLE_MOST = 8 * 1024
ALT_LEAST, ALT_MOST = 10, 250
NATURAL_LEAST = 104
"""Gmail on Android recolours images of 100 natural pixels or less in dark mode."""
FIGURE_WIDEST, FORMULA_WIDEST = 600, 420
MARGIN = 24
"""White around a figure, natural pixels (12 css): what a dark page may not touch."""
BANNED = [
    "svg",
    "picture",
    "source",
    "math",
    "script",
    "form",
    "input",
    "button",
    "iframe",
    "object",
    "embed",
    "link",
    "video",
    "audio",
    "base",
]


def markup_faults(page: Page) -> Iterator[str]:
    """Elements and attributes: what mail programs drop, what a screen reader needs."""
    for node in page.root.walk():
        if node.tag in BANNED:
            yield f"{node.place}: mail programs drop this element"
        for name, value in node.attrs.items():
            if name.startswith("on"):
                yield f"{node.place}: {name} is a script"
            if name in ("src", "href", "background", "srcset", "style"):
                yield from _address_faults(node, name, value)
        if _zero_type(node.style.get("font-size", "")):
            yield f"{node.place}: font-size:0 (Rspamd takes it for hidden spam, ZERO_FONT)"
    if re.search(r"font-size\s*:\s*0(?![.\d]*[1-9])", page.css):
        yield "kept <style>: font-size:0 (Rspamd takes it for hidden spam, ZERO_FONT)"
    size = len(page.css.encode())
    if size > STYLE_MOST:
        yield f"kept <style>: {size / 1024:.1f} KB, {STYLE_MOST // 1024} KB at most"
    for node in page.body.all("style"):
        yield f"{node.place}: in the body, where Gmail drops it"
    if re.search(r"@import|url\(", page.css):
        yield "kept <style>: loads something (@import or url)"


def _address_faults(node: Node, name: str, value: str) -> Iterator[str]:
    if re.search(r"\b(data|javascript):", value, re.IGNORECASE):
        yield f"{node.place}: {name} holds a data: or javascript: address"
    if re.search(r"\.(svg|webp|avif)\b", value, re.IGNORECASE) and name != "href":
        yield f"{node.place}: {name} names a picture that is not PNG"


def _zero_type(size: str) -> bool:
    return re.fullmatch(r"0(\.0*)?[a-z%]*", size.replace("!important", "").strip()) is not None


def frame_faults(page: Page) -> Iterator[str]:
    """Title, language, headings, tables, the frame for Word-Outlook."""
    titles = [node for node in page.root.all("title") if "".join(map(str, node.children)).strip()]
    if len(titles) != 1:
        yield f"{len(titles)} <title> with text, one wanted"
    for name in ("lang", "dir"):
        if not page.html.attrs.get(name):
            yield f"<html> has no {name}"
    headings = page.body.all("h1", "h2", "h3", "h4", "h5", "h6")
    if not any(_wraps(node, headings) for node in page.body.walk() if node.tag != "body"):
        yield "no element in the body has lang and dir around all headings (Gmail drops <html>)"
    levels = [int(node.tag[1]) for node in headings]
    if levels.count(1) != 1:
        yield f"{levels.count(1)} <h1>, one wanted"
    for before, node in zip([0, *levels], headings, strict=False):
        if int(node.tag[1]) > before + 1:
            yield f"{node.place}: the level before it is {before or 'none'}, so one is skipped"
        if not node.text():
            yield f"{node.place}: empty heading"
    for node in page.body.all("table"):
        if node.attrs.get("role") != "presentation" and not node.all("th"):
            yield f"{node.place}: no role=presentation, and no header cell of a data table"
    ghosts = [(line, text) for line, text in page.comments if text.startswith("[if")]
    for line, text in ghosts:
        for tag in re.findall(r"<table\b[^>]*>", text):
            if 'role="presentation"' not in tag:
                yield f"HTML line {line}, ghost <table>: no role=presentation"
    together = "".join(text for _, text in ghosts)
    if "<table" not in together:
        yield "no ghost table for Word-Outlook (<!--[if mso]><table ...)"
    elif together.count("<table") != together.count("</table"):
        yield "the ghost tables for Word-Outlook are opened and closed unequally often"
    if "PixelsPerInch" not in together:
        yield "no PixelsPerInch block: Word-Outlook scales images on some screens"


def _wraps(node: Node, headings: list[Node]) -> bool:
    if not (node.attrs.get("lang") and node.attrs.get("dir")):
        return False
    inside = set(map(id, node.walk()))
    return all(id(heading) in inside for heading in headings)


def image_faults(page: Page, mail: Mail) -> Iterator[str]:
    """Pictures: referenced once each, opaque PNG, both widths, an alt, readable when blocked."""
    parts = {part.content_id: part for part in mail.images}
    for cid, count in Counter(part.content_id for part in mail.images).items():
        if count > 1:
            yield f"image {cid}: {count} parts have this Content-ID"
    images = page.root.all("img")
    sources = [node.attrs.get("src", "") for node in images]
    seen = Counter(src.removeprefix("cid:") for src in sources if src.startswith("cid:"))
    for cid in parts:
        if seen[cid] != 1:
            yield f"image {cid}: referenced {seen[cid]} times, once wanted"
    for node, src in zip(images, sources, strict=True):
        if src.startswith("cid:"):
            part = parts.get(src.removeprefix("cid:"))
            if part is None:
                yield f"{node.place}: {src} is no part of the letter"
            else:
                yield from _size_faults(node, part)
        elif not src.startswith("https://"):
            yield f"{node.place}: src {src[:40]!r} is neither cid: nor https:"
        yield from _img_faults(node)
    for part in mail.images:
        yield from _part_faults(part)


def _size_faults(node: Node, part: Part) -> Iterator[str]:
    for name, natural in (("width", part.width), ("height", part.height)):
        given = node.attrs.get(name, "")
        if not given.isdigit() or int(given) * 2 != natural:
            yield f"{node.place}: {name}={given!r}, half of {natural} natural pixels wanted"


def _img_faults(node: Node) -> Iterator[str]:
    style, width = node.style, node.attrs.get("width", "")
    for name in ("width", "height"):
        if not node.attrs.get(name, "").isdigit():
            yield f"{node.place}: {name} is no integer (Word-Outlook reads the attribute)"
    if style.get("width") != f"{width}px":
        yield f"{node.place}: inline style has no width:{width}px (Apple Mail reads the style)"
    for name, value in (("max-width", "100%"), ("height", "auto")):
        if style.get(name) != value:
            yield f"{node.place}: inline style has no {name}:{value}, so a phone overflows"
    alt = node.attrs.get("alt", "")
    if not ALT_LEAST <= len(alt) <= ALT_MOST:
        yield f"{node.place}: alt of {len(alt)} characters, {ALT_LEAST} to {ALT_MOST} wanted"
    for name in ("font-family", "font-size", "color"):
        if not any(name in above.style for above in node.above()):
            yield f"{node.place}: no inline {name} for its alt text, when images are blocked"
    if not any(t.style.get("table-layout") == "fixed" for t in node.above() if t.tag == "table"):
        yield f"{node.place}: in no table-layout:fixed table, so it stretches a phone's page"


def _part_faults(part: Part) -> Iterator[str]:
    name = part.filename or part.content_id
    if part.format != "PNG" or part.content_type != "image/png":
        yield f"{name}: {part.format} as {part.content_type}, PNG wanted"
        return
    if not part.opaque:
        yield f"{name}: transparent, so it shows the ground of a dark page"
    if min(part.width, part.height) < NATURAL_LEAST:
        yield f"{name}: {part.width} x {part.height}, both {NATURAL_LEAST} natural pixels or more"
    widest = FORMULA_WIDEST if name.startswith("formula-") else FIGURE_WIDEST
    if part.width > 2 * widest:
        yield f"{name}: {part.width / 2:.0f} css pixels wide, {widest} at most"
    if name.startswith("figure-") and part.margin < MARGIN:
        yield f"{name}: {part.margin} natural pixels of white at an edge, {MARGIN} wanted"
