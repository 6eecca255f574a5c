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

_SCALES: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_FAILED: Final = (DeliveryStatus.REFUSED, DeliveryStatus.EXPIRED, DeliveryStatus.UNKNOWN)


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


def bounces(
    outcomes: Sequence[tuple[date, Mapping[str, int]]], suppressed: Mapping[date, int]
) -> Plot | None:
    """The share of letters that did not arrive, edition by edition; None without an edition."""
    if not outcomes:
        return None
    rows = []
    shares = []
    for on, counts in outcomes:
        total = sum(counts.values())
        failed = sum(counts.get(status, 0) for status in _FAILED)
        shares.append(failed / total if total else 0.0)
        rows.append((on.isoformat(), str(total), str(failed), str(suppressed.get(on, 0))))
    # A scale of at least 2 %: one refused letter of a thousand must not look like a flood.
    top = next(scale for scale in _SCALES if max(shares) <= scale)
    bars = [
        _rect(n, HEIGHT * (1 - share / top), HEIGHT * share / top, "down")
        for n, share in enumerate(shares)
        if share
    ]
    letters = sum(int(row[1]) for row in rows)
    lost = sum(int(row[2]) for row in rows)
    words = (
        f"{lost} of {letters} letters were refused, expired or in doubt over {len(rows)} "
        f"edition{'s' if len(rows) > 1 else ''}; at worst {max(shares):.1%}. "
        f"The full height is {top:.0%}."
    )
    return Plot(
        _svg(bars, len(rows), HEIGHT, words),
        words,
        _day(outcomes[0][0]),
        _day(outcomes[-1][0]),
        ("edition", "letters", "not arrived", "suppressed"),
        tuple(rows),
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
