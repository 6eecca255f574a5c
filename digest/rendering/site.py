"""What the site shows: a card as the parts of its page, a block of the letter as a part of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml import html as lxml_html
from markupsafe import Markup

from digest.domain.concept import Concept
from digest.domain.edition import Block, Image
from digest.figures.formula import mathml
from digest.ports import Drawn
from digest.rendering import markdown

_FIELD: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_LAYOUT: Final = frozenset({"table", "tbody", "tr", "td"})
_KEPT: Final = frozenset({"class", "href", "src", "alt", "width", "height", "lang"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its address from the site's root; sizes in CSS pixels."""

    src: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CardView:
    """A concept, ready for a page: HTML fragments, and plain text where a name says so.

    `whole` is False until its figure was computed: the numbers in its prose are then missing.
    """

    concept: Concept
    whole: bool
    statement: Markup
    statement_plain: str
    formula: Markup
    symbols: tuple[tuple[Markup, Markup], ...]
    definition: Markup
    body: Markup
    example: Markup
    why: Markup
    scope: Markup
    notation: Markup
    caption: Markup
    alt: str
    question: Markup
    answer: Markup
    figure: Picture | None


def card_view(concept: Concept, drawn: Drawn | None, root: str) -> CardView:
    """The parts of a card's page; without a drawing its fields are dots and it has no figure."""

    def prose(name: str) -> str:
        if drawn is not None:
            return str(getattr(drawn, name))
        raw = {
            "question": concept.recall.question,
            "answer": concept.recall.answer,
        }.get(name) or str(getattr(concept, name))
        return _FIELD.sub("…", raw)

    return CardView(
        concept=concept,
        whole=drawn is not None,
        statement=markdown.inline(concept.statement),
        statement_plain=markdown.plain(concept.statement),
        formula=Markup(mathml(concept.formula)),  # noqa: S704 - made here from a card's LaTeX
        symbols=tuple(
            (Markup(mathml(symbol, display=False)), markdown.inline(words))  # noqa: S704 - as above
            for symbol, words in concept.symbols
        ),
        definition=markdown.html(prose("definition")),
        body=markdown.html(prose("body")),
        example=markdown.html(prose("example")),
        why=markdown.html(prose("why")),
        scope=markdown.html(prose("scope")),
        notation=markdown.html(prose("notation")),
        caption=markdown.inline(prose("caption")),
        alt=markdown.plain(prose("alt")),
        question=markdown.inline(prose("question")),
        answer=markdown.inline(prose("answer")),
        figure=None if drawn is None else picture(drawn.figure, root),
    )


def picture(image: Image, root: str) -> Picture:
    """Where a picture is served: under the hash of its content."""
    return Picture(f"{root}/images/{image.sha256}.png", image.width, image.height)


def block_html(block: Block, base_url: str, root: str) -> Markup:
    """A block of the letter for a page: without its layout tables and inlined styles.

    Nothing else is taken from it or added, so that an edition's page says what its letter said.
    """
    tree = lxml_html.fragment_fromstring(block.html, create_parent="div")
    images = {image.name: image for image in block.images}
    for element in list(tree.iter()):
        if element is tree or not isinstance(element.tag, str):
            continue
        if element.tag in _LAYOUT:
            if "box" in (element.get("class") or "").split():
                element.tag = "div"
                _strip(element)
            else:
                element.drop_tag()
            continue
        _strip(element)
        if element.tag == "img":
            _place(element, images, root)
        elif element.tag == "a":
            href = element.get("href") or ""
            if href.startswith(base_url + "/"):
                element.set("href", root + href.removeprefix(base_url))
    return _inside(tree)


def answer_html(block: Block) -> Markup:
    """The answer of a concept that came back, as it stood at the end of the letter."""
    tree = lxml_html.fragment_fromstring(block.answer_html, create_parent="div")
    for element in tree.iter():
        _strip(element)
    return _inside(tree)


def _strip(element: Any) -> None:  # noqa: ANN401 - lxml has no types
    for name in list(element.attrib):
        if name not in _KEPT or (name in {"width", "height"} and element.tag != "img"):
            del element.attrib[name]


def _place(element: Any, images: Mapping[str, Image], root: str) -> None:  # noqa: ANN401 - as above
    source = element.get("src") or ""
    for name, image in images.items():
        if source.startswith(f"cid:{name}.") or source.endswith(f"/images/{image.sha256}.png"):
            element.set("src", f"{root}/images/{image.sha256}.png")
            element.set("class", "formula-img" if name.startswith("formula-") else "figure-img")
            element.set("loading", "lazy")
            return
    element.attrib.pop("src", None)  # a picture that is not this edition's


def _inside(tree: Any) -> Markup:  # noqa: ANN401 - as above
    parts = [tree.text or ""]
    parts += [lxml_html.tostring(child, encoding="unicode") for child in tree]
    return Markup("".join(parts).strip())  # noqa: S704 - serialised from a tree of our own letter
