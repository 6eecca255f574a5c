"""The picture that a shared link shows elsewhere: 1200 x 630 px (ogp.me), drawn from a title.

Pillow and the fonts that come with matplotlib's files; matplotlib itself is not imported.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from digest.figures.palette import GREY, INK, RULE, VERMILLION, VERMILLION_INK, WHITE

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

SIZE: Final = (1200, 630)
_MARGIN: Final = 72
_PAPER: Final = "#F4F4F1"


def poster(
    kicker: str, title: str, lines: Sequence[str] = (), figure: bytes | None = None, name: str = ""
) -> bytes:
    """A PNG: a small line, a title, up to five lines below it, a figure (PNG) where there is one.

    `name` is the publisher's, at the foot. What does not fit is cut with an ellipsis.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - a process that sends letters has no use

    sheet = Image.new("RGB", SIZE, _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((36, 36, SIZE[0] - 36, SIZE[1] - 36), fill=WHITE, outline=RULE, width=2)
    draw.ellipse((_MARGIN, 82, _MARGIN + 18, 100), fill=VERMILLION)
    draw.text((_MARGIN + 32, 75), kicker, font=_font("DejaVuSans", 26), fill=VERMILLION_INK)
    whole = SIZE[0] - 2 * _MARGIN
    y = 118.0
    for line in _lines(title, _font("DejaVuSerif-Bold", 50), whole, 2):
        y = _write(draw, line, y)
    top = round(y) + 18
    width = whole if figure is None else 440
    for text in lines[:5]:
        y += 14
        for line in _lines(text, _font("DejaVuSans", 26), width, 6):
            if y < SIZE[1] - 130:
                y = _write(draw, line, y)
    if name:
        draw.text((_MARGIN, SIZE[1] - 92), name, font=_font("DejaVuSerif-Bold", 26), fill=GREY)
    if figure is not None:
        _place(sheet, Image.open(io.BytesIO(figure)).convert("RGB"), top)
    out = io.BytesIO()
    sheet.quantize(64, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def _lines(text: str, font: FreeTypeFont, width: int, most: int) -> list[tuple[str, FreeTypeFont]]:
    """A text in up to `most` lines of `width` pixels, the last one cut where need be."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > most:
        last = f"{lines[most - 1]} …"
        while font.getlength(last) > width and " " in last[:-2]:
            last = last[:-2].rsplit(" ", 1)[0] + " …"
        lines = [*lines[: most - 1], last]
    return [(line, font) for line in lines]


def _write(draw: ImageDraw, line: tuple[str, FreeTypeFont], y: float) -> float:
    """Write a line; returns where the next one begins."""
    text, font = line
    draw.text((_MARGIN, y), text, font=font, fill=INK)
    return y + font.size * 1.25


def _place(sheet: Image, figure: Image, top: int) -> None:
    """Put a figure below the title, on the right."""
    left, right, bottom = 540, SIZE[0] - 60, SIZE[1] - 56
    factor = min((right - left) / figure.width, (bottom - top) / figure.height)
    figure = figure.resize((round(figure.width * factor), round(figure.height * factor)))
    sheet.paste(figure, (right - figure.width, top + (bottom - top - figure.height) // 2))


@cache
def _font(name: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont  # noqa: PLC0415

    spec = find_spec("matplotlib")  # finds the folder, imports nothing
    folders = list(spec.submodule_search_locations or []) if spec else []
    return ImageFont.truetype(Path(folders[0]) / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf", size)
