"""The map of a card: what comes before it and what builds on it, drawn as SVG.

Rows from top to bottom: what its prerequisites need, its prerequisites, the card, what builds on
it. The drawing is as wide as a phone, so that its type is never scaled below reading size.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from markupsafe import Markup

from digest.domain.concept import Concept

WIDTH: Final = 340
"""CSS pixels, and units of the drawing."""
_COLUMNS: Final = 2
_NODE_WIDTH: Final = 160
_NODE_HEIGHT: Final = 44
_GAP_X: Final = 20
_GAP_Y: Final = 12
_ROW_GAP: Final = 34
_LONGEST: Final = 21
"""Letters of a title that fit into a node's line at 13 px; longer ones take two."""
_MOST: Final = 6
"""Nodes of a row; what is more is left to the lists beside the map."""


@dataclass(frozen=True, slots=True)
class _Node:
    concept: Concept
    row: int
    x: float
    y: float


def prerequisite_map(card: Concept, known: Mapping[str, Concept], root: str) -> Markup | None:
    """The map, None for a card that stands alone."""
    parents = [known[slug] for slug in card.requires if slug in known]
    grand = list(
        dict.fromkeys(
            known[slug]
            for parent in parents
            for slug in parent.requires
            if slug in known and slug not in card.requires
        )
    )
    children = [concept for concept in known.values() if card.slug in concept.requires]
    if not parents and not children:
        return None
    rows = [row[:_MOST] for row in (grand, parents, [card], children) if row]
    nodes, height = _placed(rows)
    lines = [
        _line(nodes[before], node)
        for slug, node in nodes.items()
        for before in node.concept.requires
        # From row to row only: a line past a row would run through its boxes.
        if before in nodes and nodes[before].row + 1 == node.row
    ]
    boxes = [_box(node, root, here=node.concept is card) for node in nodes.values()]
    label = f"{card.short_title}: what it needs stands above it, what builds on it below."
    return Markup(  # noqa: S704 - escaped below
        f'<svg class="map" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}" '
        f'role="group" aria-label="{escape(label)}">{"".join(lines)}{"".join(boxes)}</svg>'
    )


def _placed(rows: Sequence[Sequence[Concept]]) -> tuple[dict[str, _Node], float]:
    nodes: dict[str, _Node] = {}
    y = 2.0
    for number, row in enumerate(rows):
        for start in range(0, len(row), _COLUMNS):
            some = row[start : start + _COLUMNS]
            used = len(some) * _NODE_WIDTH + (len(some) - 1) * _GAP_X
            for place, concept in enumerate(some):
                x = (WIDTH - used) / 2 + place * (_NODE_WIDTH + _GAP_X)
                nodes.setdefault(concept.slug, _Node(concept, number, x, y))
            y += _NODE_HEIGHT + _GAP_Y
        y += _ROW_GAP - _GAP_Y
    return nodes, y - _ROW_GAP + 2


def _line(above: _Node, below: _Node) -> str:
    x1, y1 = above.x + _NODE_WIDTH / 2, above.y + _NODE_HEIGHT
    x2, y2 = below.x + _NODE_WIDTH / 2, below.y
    middle = (y1 + y2) / 2
    return f'<path d="M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}"/>'


def _box(node: _Node, root: str, *, here: bool) -> str:
    middle = node.x + _NODE_WIDTH / 2
    lines = textwrap.wrap(node.concept.short_title, _LONGEST)[:2]
    first = node.y + (27 if len(lines) == 1 else 19)
    # The blank between two lines makes them one title for those who hear it.
    words = " ".join(
        f'<tspan x="{middle:g}" y="{first + 16 * number:g}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    drawn = (
        f'<rect x="{node.x:g}" y="{node.y:g}" width="{_NODE_WIDTH}" height="{_NODE_HEIGHT}" '
        f'rx="6"/><text text-anchor="middle">{words}</text>'
    )
    if here:
        return f'<g class="here">{drawn}</g>'
    href = escape(f"{root}/concepts/{node.concept.slug}")
    return f'<a href="{href}">{drawn}</a>'
