"""Plots of /admin, drawn here as SVG: bars only; words and numbers stand beside them as HTML.

So text keeps its size on a telephone, and colours come from the style sheet, light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from markupsafe import Markup

from digest.domain.delivery import DeliveryStatus

HEIGHT: Final = 100
STEP: Final = 10
BAR: Final = 7
"""Units of the drawing; it is stretched to the page's width."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing, what it says in a sentence, its first and last mark, and its numbers."""

    svg: Markup
    words: str
    first: str
    last: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def growth(came: Mapping[date, int], left: Mapping[date, int], today: date, days: int) -> Plot:
    """Readers who came, above the line, and who left, below it, day by day."""
    dates = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    ups, downs = [came.get(d, 0) for d in dates], [left.get(d, 0) for d in dates]
    most_up, most_down = max([*ups, 1]), max(downs)
    zero = HEIGHT * most_up / (most_up + most_down)
    unit = HEIGHT / (most_up + most_down)
    bars = [_rect(n, zero - up * unit, up * unit, "up") for n, up in enumerate(ups) if up]
    bars += [_rect(n, zero, down * unit, "down") for n, down in enumerate(downs) if down]
    words = f"{sum(ups)} came and {sum(downs)} left in {days} days; most in a day: {max(ups)} came."
    return Plot(
        _svg(bars, days, zero, words),
        words,
        _day(dates[0]),
        _day(dates[-1]),
        ("day", "came", "left"),
        tuple(
            (d.isoformat(), str(up), str(down))
            for d, up, down in zip(dates, ups, downs, strict=True)
            if up or down
        ),
    )


BACK: Final = ("hard", "soft", "complaint")
"""What is drawn upwards, from the line on; absence notes, of which nothing follows, go down."""


def came_in(
    found: Mapping[date, Mapping[str, int]],
    outcomes: Sequence[tuple[date, Mapping[str, int]]],
    today: date,
    days: int,
) -> Plot:
    """What came in about letters, day by day, beside what was refused at once (by edition)."""
    dates = [today - timedelta(days=back) for back in range(days - 1, -1, -1)]
    refused = {on: counts.get(DeliveryStatus.REFUSED, 0) for on, counts in outcomes}
    lines = [found.get(on, {}) for on in dates]
    most_up = max(sum(line.get(kind, 0) for kind in BACK) for line in lines) or 1
    most_down = max(line.get("auto-reply", 0) for line in lines)
    zero = HEIGHT * most_up / (most_up + most_down)
    unit = HEIGHT / (most_up + most_down)
    bars = []
    for place, line in enumerate(lines):
        top = zero
        for kind in BACK:
            if number := line.get(kind, 0):
                top -= number * unit
                bars.append(_rect(place, top, number * unit, kind))
        if number := line.get("auto-reply", 0):
            bars.append(_rect(place, zero, number * unit, "away"))
    total = {kind: sum(line.get(kind, 0) for line in lines) for kind in (*BACK, "auto-reply")}
    words = (
        f"From the line up {total['hard']} hard and {total['soft']} soft bounces and "
        f"{total['complaint']} complaint{'s' * (total['complaint'] != 1)}, below it "
        f"{total['auto-reply']} absence note{'s' * (total['auto-reply'] != 1)}, in {days} days."
    )
    return Plot(
        _svg(bars, days, zero, words),
        words,
        _day(dates[0]),
        _day(dates[-1]),
        ("day", "hard", "soft", "complaints", "absences", "not proven", "refused at once"),
        tuple(
            (
                on.isoformat(),
                *(str(line.get(kind, 0)) for kind in (*BACK, "auto-reply", "unproven")),
                str(refused.get(on, 0)),
            )
            for on, line in zip(dates, lines, strict=True)
            if line or refused.get(on, 0)
        ),
    )


def _rect(place: int, top: float, height: float, kind: str) -> str:
    x = place * STEP + (STEP - BAR) / 2
    return f'<rect class="{kind}" x="{x:g}" y="{top:.2f}" width="{BAR}" height="{height:.2f}"/>'


def _svg(bars: Sequence[str], count: int, zero: float, words: str) -> Markup:
    width = count * STEP
    body = Markup("").join(map(Markup, bars))
    return Markup(
        '<svg class="bars" viewBox="0 0 {w} {h}" preserveAspectRatio="none" role="img" '
        'aria-label="{words}">{body}<path class="zero" d="M0 {zero:.2f}H{w}"/></svg>'
    ).format(w=width, h=HEIGHT, words=words, body=body, zero=zero)


def _day(on: date) -> str:
    return f"{on.day} {on:%b}"
