"""Card prose: Markdown with ``$maths$`` as mail-safe HTML, and as plain text."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markupsafe import Markup

from digest.figures.formula import inline_html, unicode_line

_MATHS: Final = re.compile(r"\$([^$\n]+)\$")
_MARK: Final = "\ue000{}\ue001"
_MARKED: Final = re.compile("\ue000(\\d+)\ue001")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "typographer": False})


def html(text: str) -> Markup:
    """A section as HTML paragraphs. Raw HTML in it is shown as text, not obeyed."""
    return _with_maths(text, lambda parser, marked: parser.render(marked))


def inline(text: str) -> Markup:
    """One paragraph as HTML without the `<p>` around it."""
    return _with_maths(text, lambda parser, marked: parser.renderInline(" ".join(marked.split())))


def _with_maths(text: str, render: object) -> Markup:
    formulas: list[str] = []

    def keep(match: re.Match[str]) -> str:
        formulas.append(inline_html(match[1]))
        return _MARK.format(len(formulas) - 1)

    # Maths is set aside first: Markdown would read x_1 and y_1 as emphasis.
    marked = _MATHS.sub(keep, text)
    rendered: str = render(_parser(), marked)  # type: ignore[operator]
    return Markup(_MARKED.sub(lambda match: formulas[int(match[1])], rendered).strip())  # noqa: S704


def plain(text: str) -> str:
    """Prose as plain text: Unicode maths, links as ``words (address)``, no emphasis marks."""
    text = _MATHS.sub(lambda match: unicode_line(match[1]), text)
    text = re.sub(r"\[([^\]]+)\]\((\S+?)\)", r"\1 (\2)", text)
    text = re.sub(r"(?<!\w)[*_]{1,2}(?=\S)(.+?)(?<=\S)[*_]{1,2}(?!\w)", r"\1", text)
    return text.replace("`", "").strip()


def first_paragraph(text: str) -> str:
    """The short form of a section, which the mail shows."""
    return text.strip().split("\n\n", 1)[0]
