"""The rules of content/STYLE.md that can be read off a drawn figure, each fault in words."""

from __future__ import annotations

from typing import Final

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from digest.figures import palette

MAX_PANELS: Final = 5
MAX_TICKS: Final = 6
MIN_LINE_PT: Final = 1.0
MIN_DATA_LINE_PT: Final = 1.4
SLACK_PX: Final = 2


def faults(figure: Figure) -> list[str]:
    """What breaks a rule in a figure whose canvas has been drawn; empty when all is well.

    Rules: all text inside the canvas and 14.5 pt or more, in an ink of the palette; colours of
    lines and patches from the palette; no legend box; at most five panels and six tick labels an
    axis; opaque white ground; size within the budget.
    """
    found = [*_canvas(figure), *_texts(figure), *_colours(figure)]
    panels = [axes for axes in figure.axes if axes.get_visible()]
    if len(panels) > MAX_PANELS + _colour_bars(panels):
        found.append(f"{len(panels)} panels, {MAX_PANELS} at most")
    for axes in panels:
        if axes.get_legend() is not None:
            found.append("a legend box: put labels on the lines instead")
        found.extend(_ticks(axes))
    return found


def _colour_bars(panels: list[Axes]) -> int:
    return sum(1 for axes in panels if axes.get_label() == "<colorbar>")


def _canvas(figure: Figure) -> list[str]:
    found = []
    width, height = figure.get_size_inches()
    if abs(width - palette.WIDTH_IN) > 1e-6:  # noqa: PLR2004 - rounding of a float
        found.append(f"the figure is {width:.2f} in wide, not {palette.WIDTH_IN}")
    if not palette.MIN_HEIGHT_IN <= height <= palette.MAX_HEIGHT_IN:
        found.append(
            f"the figure is {height:.2f} in high, outside "
            f"{palette.MIN_HEIGHT_IN} to {palette.MAX_HEIGHT_IN}"
        )
    if to_hex(figure.get_facecolor()).upper() != palette.WHITE:
        found.append("the ground is not opaque white")
    return found


def _shown_texts(figure: Figure) -> list[Text]:
    hidden: set[int] = set()
    for axes in figure.axes:
        if not axes.get_visible() or not axes.axison:
            hidden.update(id(t) for t in [*axes.get_xticklabels(), *axes.get_yticklabels()])
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                # Ticks beyond the view are kept by matplotlib and never drawn.
                if not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                    hidden.update((id(tick.label1), id(tick.label2)))
    return [
        text
        for text in figure.findobj(Text)
        if isinstance(text, Text)
        and text.get_text().strip()
        and text.get_visible()
        and id(text) not in hidden
    ]


def _texts(figure: Figure) -> list[str]:
    found = []
    width, height = figure.canvas.get_width_height()
    for text in _shown_texts(figure):
        words = text.get_text().replace("\n", " ")
        box = text.get_window_extent()
        if box.width and (
            box.x0 < -SLACK_PX
            or box.y0 < -SLACK_PX
            or box.x1 > width + SLACK_PX
            or box.y1 > height + SLACK_PX
        ):
            found.append(f"text {words!r} runs out of the canvas")
        if float(text.get_fontsize()) < palette.MIN_TYPE_PT - 0.01:
            found.append(
                f"text {words!r} is {text.get_fontsize():g} pt, {palette.MIN_TYPE_PT} at least"
            )
        ink = to_hex(text.get_color()).upper()
        if ink not in palette.TEXT_INKS:
            found.append(f"text {words!r} is {ink}, no ink of the palette")
    return found


def _colours(figure: Figure) -> list[str]:
    found = set()
    for axes in figure.axes:
        if axes.get_label() == "<colorbar>":
            continue
        for line in axes.lines:
            found.update(_line(line))
        for patch in axes.patches:
            for part, colour in (("face", patch.get_facecolor()), ("edge", patch.get_edgecolor())):
                rgba = to_rgba(colour)
                if rgba[3] > 0 and _foreign(colour):
                    found.add(f"a patch has the {part} colour {to_hex(colour).upper()}: not ours")
        for collection in axes.collections:
            if collection.get_array() is not None:  # coloured by a map
                continue
            for colour in (*collection.get_facecolor(), *collection.get_edgecolor()):
                if colour[3] > 0 and _foreign(colour):
                    found.add(f"a collection has the colour {to_hex(colour).upper()}: not ours")
    return sorted(found)


def _line(line: Line2D) -> list[str]:
    found = []
    drawn = line.get_linestyle() not in {"None", "", " "}
    if drawn and line.get_visible():
        if _foreign(line.get_color()):
            found.append(f"a line has the colour {to_hex(line.get_color()).upper()}: not ours")
        limit = MIN_LINE_PT if _is_guide(line) else MIN_DATA_LINE_PT
        if line.get_linewidth() < limit:
            found.append(f"a line is {line.get_linewidth():g} pt, {limit} at least")
    return found


def _is_guide(line: Line2D) -> bool:
    return to_hex(line.get_color()).upper() in {palette.GREY, palette.RULE, palette.MIST}


def _foreign(colour: object) -> bool:
    return to_hex(colour).upper() not in palette.ALLOWED  # type: ignore[arg-type]


def _ticks(axes: Axes) -> list[str]:
    found = []
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        low, high = sorted(axis.get_view_interval())
        shown = [
            tick
            for tick in axis.get_major_ticks()
            if low - 1e-9 <= tick.get_loc() <= high + 1e-9 and tick.label1.get_text().strip()
        ]
        if axes.axison and len(shown) > MAX_TICKS:
            found.append(f"{len(shown)} tick labels on a {name} axis, {MAX_TICKS} at most")
    return found
