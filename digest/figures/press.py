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
from PIL import Image

from digest.figures import palette
from digest.figures.inspection import faults

COLOURS: Final = 64
"""Colours of the palette; smooth surfaces may ask for more."""
MAX_BYTES: Final = 48 * 1024
"""Budget of one figure in a mail, bytes."""
EDGE_PX: Final = 24
"""White baked in on every side, natural pixels: dark pages must not touch the drawing."""


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
        figure = Figure(
            figsize=(palette.WIDTH_IN, height_in), dpi=palette.DPI, layout="constrained"
        )
        edge = EDGE_PX / palette.DPI
        figure.get_layout_engine().set(w_pad=edge, h_pad=edge)  # type: ignore[union-attr, call-arg]
        canvas = FigureCanvasAgg(figure)
        draw(figure, numbers)
        canvas.draw()
        found = faults(figure)
        raw = Image.frombuffer(
            "RGBA", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBA", 0, 1
        ).convert("RGB")
    png = squeeze(raw, colours)
    if len(png) > MAX_BYTES:
        found.append(f"the picture has {len(png) / 1024:.0f} KB, {MAX_BYTES // 1024} at most")
    return Plate(png, raw.width // 2, raw.height // 2, tuple(found))


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
