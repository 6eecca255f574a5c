"""The figure press: a card's `draw` on a sized and styled canvas -> an opaque palette PNG."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from digest.figures import palette
from digest.figures.inspection import faults

COLOURS: Final = 64
"""Colours of the palette; smooth surfaces may ask for more."""
MAX_BYTES: Final = 48 * 1024
"""Budget of one figure in a mail, bytes."""
EDGE_PX: Final = 24
"""White baked in on every side, natural pixels: a dark page must not touch the drawing."""


@dataclass(frozen=True, slots=True)
class Plate:
    """A drawn figure: `width` and `height` in CSS pixels (half the natural size)."""

    png: bytes
    width: int
    height: int
    faults: tuple[str, ...]


Draw = Callable[[Figure, SimpleNamespace], None]


def press(
    draw: Draw, numbers: SimpleNamespace, height_in: float, *, colours: int = COLOURS
) -> Plate:
    """Draw one figure, `palette.WIDTH_IN` wide and `height_in` high (inches).

    The same numbers give the same bytes. `faults` lists what breaks the rules of content/STYLE.md,
    in words; the plate is whole all the same. Exceptions of `draw` pass through.
    """
    with mpl.rc_context(palette.STYLE):  # type: ignore[arg-type]
        figure, picture = _drawn(draw, numbers, height_in, 0)
        found = faults(figure)
        missing = EDGE_PX - _margin(picture)
        if missing > 0:
            # Markers, arrows and glyphs reach out of what the layout engine knows of, by up to
            # 10 px: the same drawing on a canvas that is smaller by that, with white around it.
            # One more, because the canvas of a fractional size loses up to a pixel.
            smaller = _drawn(draw, numbers, height_in, missing + 1)[1]
            picture = Image.new("RGB", picture.size, "white")
            picture.paste(smaller, (missing + 1, missing + 1))
    png = squeeze(picture, colours)
    if len(png) > MAX_BYTES:
        found.append(f"the picture has {len(png) / 1024:.0f} KB, {MAX_BYTES // 1024} at most")
    return Plate(png, picture.width // 2, picture.height // 2, tuple(found))


def _drawn(
    draw: Draw, numbers: SimpleNamespace, height_in: float, less_px: int
) -> tuple[Figure, Image.Image]:
    """The figure on a canvas that is `less_px` smaller on every side, and its picture."""
    less = 2 * less_px / palette.DPI
    size = (palette.WIDTH_IN - less, height_in - less)
    figure = Figure(figsize=size, dpi=palette.DPI, layout="constrained")
    edge = EDGE_PX / palette.DPI
    figure.get_layout_engine().set(w_pad=edge, h_pad=edge)  # type: ignore[union-attr, call-arg]
    canvas = FigureCanvasAgg(figure)
    draw(figure, numbers)
    canvas.draw()
    picture = Image.frombuffer(
        "RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1
    )
    return figure, picture.convert("RGB")


def _margin(picture: Image.Image) -> int:
    """White pixels between the ink and the nearest edge."""
    ink = ImageOps.invert(picture.convert("L")).getbbox()
    if ink is None:
        return min(picture.size)
    return min(ink[0], ink[1], picture.width - ink[2], picture.height - ink[3])


def squeeze(picture: Image.Image, colours: int) -> bytes:
    """An RGB picture as the smallest palette PNG of `colours` colours; repeatable bytes."""
    import oxipng  # noqa: PLC0415

    indexed = picture.quantize(
        colours, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE
    )
    out = io.BytesIO()
    indexed.save(out, "PNG")
    squeezed: bytes = oxipng.optimize_from_memory(
        out.getvalue(), level=2, strip=oxipng.StripChunks.all()
    )
    return squeezed
