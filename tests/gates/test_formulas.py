"""Formulas: KaTeX in strict mode accepts each, and each went through the first renderer."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from digest.figures.formula import render
from tests.gates import judges, tools
from tests.gates.message import Part, read
from tests.gates.tools import none

pytestmark = pytest.mark.gate
FIRST = "mathra"
"""The renderer that draws every shipped formula; what another drew is a fallback."""


def formulas(concepts: Path) -> dict[str, str]:
    """Slug -> LaTeX of the front matter, of every card."""
    found = {}
    for card in sorted(concepts.glob("*/card.md")):
        front = card.read_text(encoding="utf-8").split("\n---", 1)[0].removeprefix("---")
        found[card.parent.name] = str(yaml.safe_load(front)["formula"])
    return found


@pytest.fixture(scope="module")
def shipped() -> dict[str, str]:
    found = formulas(tools.ROOT / "content" / "concepts")
    assert found
    return found


def pictures_not_of(shipped: dict[str, str], images: tuple[Part, ...]) -> list[str]:
    """Formula pictures of a letter that are not, byte for byte, what the first renderer draws."""
    found = []
    for image in images:
        if not image.filename.startswith("formula-"):
            continue
        slug = image.filename.removeprefix("formula-").removesuffix(".png")
        drawn = render(shipped[slug])
        if drawn.renderer != FIRST:
            found.append(f"{image.filename}: drawn by {drawn.renderer}")
        elif drawn.png != image.data:
            found.append(f"{image.filename}: is not what {FIRST} draws today")
    return found


def test_katex_accepts_every_formula(shipped: dict[str, str]) -> None:
    places = [(f"content/concepts/{slug}/card.md: formula", tex) for slug, tex in shipped.items()]
    none(judges.katex_faults(places))


@pytest.mark.parametrize(
    "latex", [r"\nosuchmacro{x}", r"\frac{1}{2", r"x_1_2", r"\text{a}é", r"\begin{aligned}x"]
)
def test_katex_refuses(latex: str) -> None:
    assert [fault.split(":")[0] for fault in judges.katex_faults([("here", latex)])] == ["here"]


def test_no_formula_needs_a_fallback(shipped: dict[str, str]) -> None:
    drawn = {slug: render(latex).renderer for slug, latex in shipped.items()}
    assert {slug: by for slug, by in drawn.items() if by != FIRST} == {}


def test_a_fallback_is_seen() -> None:
    assert render(r"\overgroup{x}").renderer != FIRST


def test_the_letters_formulas_are_the_first_renderers(eml: bytes, shipped: dict[str, str]) -> None:
    none(pictures_not_of(shipped, read(eml).images))


def test_another_picture_in_a_formulas_place_is_seen(shipped: dict[str, str]) -> None:
    slug = next(iter(shipped))
    other = Part("c", f"formula-{slug}.png", "image/png", "inline", b"x", "PNG", 2, 2, True, 0)
    assert pictures_not_of(shipped, (other,)) == [
        f"formula-{slug}.png: is not what {FIRST} draws today"
    ]
