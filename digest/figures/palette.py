"""The colours, sizes and type of every figure (content/STYLE.md says how to use them).

A figure is 6.0 in wide at 200 dpi: 1200 px, shown at 600 CSS px in a mail and at about 330 on a
phone, where 14.5 pt type is still 11 px. The four colours keep a contrast of 3:1 or more on white
and on #121212 and stay apart under the three common colour-vision deficiencies; the pair blue and
vermillion is the furthest apart.
"""

from __future__ import annotations

from typing import Final

WHITE: Final = "#FFFFFF"
INK: Final = "#1A1A1A"
GREY: Final = "#6B6B6B"
RULE: Final = "#C8C8C8"
MIST: Final = "#EDEDED"
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#B0568C"
VERMILLION_INK: Final = "#A84A00"
GREEN_INK: Final = "#00714F"
PURPLE_INK: Final = "#8F3F70"
PALE_BLUE: Final = "#CFE3F0"
PALE_VERMILLION: Final = "#F7DCC8"
PALE_GREEN: Final = "#CDEBE1"
PALE_PURPLE: Final = "#EEDAE6"

SERIES: Final = (BLUE, VERMILLION, GREEN, PURPLE)
"""Series in order of use: two are blue and vermillion; from three on add a marker or a dash."""

ALLOWED: Final = frozenset(
    {
        WHITE, INK, GREY, RULE, MIST, BLUE, VERMILLION, GREEN, PURPLE, VERMILLION_INK, GREEN_INK,
        PURPLE_INK, PALE_BLUE, PALE_VERMILLION, PALE_GREEN, PALE_PURPLE,
    }
)  # fmt: skip
"""Every colour that an artist of a figure may carry (colour maps aside)."""

TEXT_INKS: Final = frozenset({INK, GREY, BLUE, VERMILLION_INK, GREEN_INK, PURPLE_INK, WHITE})
"""Colours in which text may be set: 4.5:1 or more on white (white: on a dark patch only)."""

SEQUENTIAL: Final = "cividis"
"""Colour map of magnitudes: even in lightness, the same to colour-blind readers."""
DIVERGING: Final = "RdBu_r"
"""Colour map of signed values around a meaningful zero."""

WIDTH_IN: Final = 6.0
DPI: Final = 200
MIN_HEIGHT_IN: Final = 2.3
MAX_HEIGHT_IN: Final = 3.8
TYPE_PT: Final = 15.0
MIN_TYPE_PT: Final = 14.5
MESSAGE_PT: Final = 17.0
"""Size of the sentence that a figure is about: its biggest text."""

STYLE: Final = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "figure.facecolor": WHITE,
    "axes.facecolor": WHITE,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 1.4,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": TYPE_PT,
    "axes.titleweight": "normal",
    "axes.labelsize": TYPE_PT,
    "axes.titlelocation": "left",
    "axes.prop_cycle": f"cycler('color', {list(SERIES)!r})",
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": RULE,
    "grid.linewidth": 1.0,
    "axes.xmargin": 0.02,
    "axes.unicode_minus": True,
    "font.family": ["DejaVu Sans"],
    "font.size": TYPE_PT,
    "text.color": INK,
    "mathtext.fontset": "dejavusans",
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": MIN_TYPE_PT,
    "ytick.labelsize": MIN_TYPE_PT,
    "xtick.major.width": 1.2,
    "ytick.major.width": 1.2,
    "xtick.major.size": 5,
    "ytick.major.size": 5,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "lines.linewidth": 3.0,
    "lines.markersize": 7.0,
    "lines.solid_capstyle": "round",
    "patch.linewidth": 0,
    "image.cmap": SEQUENTIAL,
    "svg.hashsalt": "digest",
    "path.simplify": True,
}
"""The style sheet (matplotlib rcParams) under which every `draw` runs."""


def luminance(colour: str) -> float:
    """Relative luminance 0..1 of ``#RRGGBB`` (WCAG 2.2, definition of relative luminance)."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    knee, offset = 0.04045, 0.055
    red, green, blue = (
        c / 12.92 if c <= knee else ((c + offset) / (1 + offset)) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """Contrast ratio 1..21 of two colours (WCAG 2.2, definition of contrast ratio)."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)
