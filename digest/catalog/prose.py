"""Numbers in prose: ``{{ n.name | filter(arg) }}`` is filled from what the figure computed.

No expressions, only a name and a filter, so that a card cannot compute in its prose.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

Scalar = float | int | str

FIELD: Final = re.compile(
    r"\{\{\s*n\.(?P<name>\w+)\s*(?:\|\s*(?P<filter>\w+)\s*(?:\(\s*(?P<arg>\d*)\s*\))?\s*)?\}\}"
)
_ANY_FIELD: Final = re.compile(r"\{\{.*?\}\}", re.DOTALL)


class ProseError(ValueError):
    """A field names no number or filter; the message says which and what there is."""


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _sig(value: float, digits: int) -> str:
    """`digits` significant digits, thousands set apart by a thin space, no exponent below 1e6."""
    if value == 0 or not math.isfinite(value):
        return _minus(f"{value:g}")
    size = math.floor(math.log10(abs(value)))
    if size >= 6 or size < -5:  # noqa: PLR2004 - beyond it zeros are hard to count
        mantissa, exponent = f"{value:.{max(0, digits - 1)}e}".split("e")
        return _minus(f"{mantissa} × 10^{int(exponent)}")
    rounded = round(value, digits - 1 - size)
    size = math.floor(math.log10(abs(rounded))) if rounded else 0
    return _dec(rounded, max(0, digits - 1 - size))


def _dec(value: float, digits: int) -> str:
    return _minus(f"{value:,.{digits}f}".replace(",", " "))


def _pct(value: float, digits: int) -> str:
    return _minus(f"{100 * value:.{digits}f}%")


_FILTERS: Final[Mapping[str, tuple[Callable[[float, int], str], int]]] = {
    "sig": (_sig, 2),
    "dec": (_dec, 2),
    "pct": (_pct, 0),
    "int": (lambda value, _digits: _dec(round(value), 0), 0),
}
"""Filter -> (function, digits when none are given)."""


def fields(text: str) -> list[str]:
    """The names of all numbers that a text quotes, in order."""
    return [match["name"] for match in FIELD.finditer(text)]


def fill(text: str, numbers: Mapping[str, Scalar]) -> str:
    """Fill every field of `text`.

    Raises ProseError for a name that `compute` did not return, an unknown filter, or a field that
    is not of the form above.
    """
    for match in _ANY_FIELD.finditer(text):
        if not FIELD.fullmatch(match.group(0)):
            raise ProseError(
                f"{match.group(0)}: a field is {{{{ n.name | sig(2) }}}}, nothing more"
            )
    return FIELD.sub(lambda match: _value(match, numbers), text)


def _value(match: re.Match[str], numbers: Mapping[str, Scalar]) -> str:
    name, filter_name = match["name"], match["filter"]
    if name not in numbers:
        known = ", ".join(sorted(numbers)) or "none"
        raise ProseError(f"n.{name}: compute() returns no such number (there are: {known})")
    value = numbers[name]
    if filter_name is None:
        return value if isinstance(value, str) else _minus(str(value))
    if filter_name not in _FILTERS:
        raise ProseError(f"filter {filter_name!r} is not one of {', '.join(_FILTERS)}")
    function, digits = _FILTERS[filter_name]
    if isinstance(value, str):
        raise ProseError(f"n.{name} is text and takes no filter")
    return function(float(value), int(match["arg"]) if match["arg"] else digits)
