"""Formulas: LaTeX as an image for the mail, as Unicode for text, as HTML inside a sentence.

mathra renders first (102 of 103 ordinary constructs, 6 ms); where it refuses, ziamath, then
matplotlib's mathtext, then the Unicode line drawn as text. `Formula.renderer` says which it was:
a shipped card must go through the first.
"""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from xml.etree import ElementTree as ET

from digest.figures.palette import INK

EM_PX: Final = 20.0
"""Type size of a formula in CSS pixels."""
SCALE: Final = 2
"""Natural pixels per CSS pixel."""
MIN_NATURAL_PX: Final = 104
"""Gmail on Android recolours images of 100 px or less in dark mode: pad beyond it."""
PADDING_PX: Final = 12
"""White around the formula in natural pixels, so that a dark page does not touch the ink."""
MAX_CSS_PX: Final = 420
"""Widest formula in CSS pixels; wider ones would be shrunk below reading size on a phone."""
GREYS: Final = 16


@dataclass(frozen=True, slots=True)
class Formula:
    """A rendered formula; `width` and `height` in CSS pixels, `text` Unicode, `speech` words."""

    png: bytes
    width: int
    height: int
    text: str
    speech: str
    renderer: str


class FormulaError(ValueError):
    """No renderer could read the LaTeX; the message is the first renderer's."""


def render(latex: str) -> Formula:
    """Render one formula in display style.

    Raises FormulaError when even the last fallback cannot read it.
    """
    import mathra  # noqa: PLC0415 - a process that only sends letters never pays for it

    try:
        result = mathra.render(latex, strict=True)
    except ValueError as refusal:
        return _fallback(latex, refusal)
    if result["warnings"]:
        return _fallback(latex, FormulaError("; ".join(map(str, result["warnings"]))))
    png, width, height = _rasterise(result["svg"])
    return Formula(png, width, height, _tidy(result["text"]), result["speech"], "mathra")


def _rasterise(svg: str) -> tuple[bytes, int, int]:
    """SVG -> grey palette PNG, padded; returns the bytes and the CSS size."""
    import resvg_py  # noqa: PLC0415

    root = ET.fromstring(svg)  # noqa: S314 - our own renderer's output
    factor = EM_PX * SCALE
    width = max(1, round(float(root.attrib["width"].removesuffix("em")) * factor))
    svg = svg.replace("currentColor", INK)
    # Glyphs are paths: looking for the system's fonts would cost 1.3 s and change nothing.
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg, width=width, background="#FFFFFF", skip_system_fonts=True
    )
    return pad(bytes(drawn))


def pad(png: bytes) -> tuple[bytes, int, int]:
    """Centre a picture on white with `PADDING_PX` around it; both sides even and large enough."""
    from PIL import Image, ImageOps  # noqa: PLC0415

    ink = Image.open(io.BytesIO(png)).convert("L")
    width = _even(max(MIN_NATURAL_PX, ink.width + 2 * PADDING_PX))
    height = _even(max(MIN_NATURAL_PX, ink.height + 2 * PADDING_PX))
    canvas = Image.new("L", (width, height), 255)
    # Left-aligned: the letter is, and on a phone nothing is lost on the right.
    canvas.paste(ink, (PADDING_PX, (height - ink.height) // 2))
    grey = ImageOps.posterize(canvas, 4).point(lambda v: min(255, v * 255 // 240))
    out = io.BytesIO()
    grey.quantize(GREYS, dither=Image.Dither.NONE).save(out, "PNG")
    return _squeeze(out.getvalue()), width // SCALE, height // SCALE


def _even(pixels: int) -> int:
    return pixels + pixels % 2


def _squeeze(png: bytes) -> bytes:
    import oxipng  # noqa: PLC0415

    squeezed: bytes = oxipng.optimize_from_memory(png, level=2, strip=oxipng.StripChunks.all())
    return squeezed


def _fallback(latex: str, refusal: ValueError) -> Formula:
    text = unicode_line(latex)
    for name, draw in (("ziamath", _ziamath), ("mathtext", _mathtext)):
        try:
            png, width, height = draw(latex)
        except Exception:  # noqa: BLE001, S112 - any failure means: the next renderer
            continue
        return Formula(png, width, height, text, text, name)
    try:
        png, width, height = _mathtext(text, plain=True)
    except Exception as last:
        raise FormulaError(str(refusal)) from last
    return Formula(png, width, height, text, text, "unicode")


def _ziamath(latex: str) -> tuple[bytes, int, int]:
    import resvg_py  # noqa: PLC0415
    import ziamath.zmath  # noqa: PLC0415
    from latex2mathml import converter  # noqa: PLC0415

    # It draws a macro that it does not know as its letters and says nothing; the MathML between
    # still has the backslash.
    unknown = re.search(r"\\[A-Za-z]+", converter.convert(latex))
    if unknown:
        raise FormulaError(f"ziamath does not know {unknown[0]}")
    svg = ziamath.zmath.Latex(latex, size=EM_PX * SCALE, color=INK).svg()
    return pad(bytes(resvg_py.svg_to_bytes(svg_string=svg, background="#FFFFFF")))


def _mathtext(latex: str, *, plain: bool = False) -> tuple[bytes, int, int]:
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    points = EM_PX * SCALE * 72 / 100
    with rc_context({"mathtext.fontset": "stix", "font.family": "DejaVu Sans"}):
        figure = Figure(figsize=(0.1, 0.1), dpi=100)
        FigureCanvasAgg(figure)
        figure.text(0, 0, latex if plain else f"${latex}$", fontsize=points, color=INK)
        out = io.BytesIO()
        figure.savefig(
            out, format="png", bbox_inches="tight", pad_inches=0.02, metadata={"Software": None}
        )
    return pad(out.getvalue())


# --- one line of Unicode, and HTML inside a sentence --------------------------------------------

_SUB = dict(
    zip(
        "0123456789+−-=()aehijklmnoprstuvxβγρφχ",
        "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
        strict=True,
    )
)
_SUP = dict(
    zip(
        "0123456789+−-=()abcdefghijklmnoprstuvwxyzTβγδφχ⊤⋆∗′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵝᵞᵟᵠᵡᵀ⋆*′",
        strict=True,
    )
)


@lru_cache(maxsize=4096)
def linear(latex: str) -> str:
    """Inline LaTeX as mathra's one-line form, with ``_(…)`` and ``^(…)`` for scripts.

    Raises FormulaError where it is no LaTeX.
    """
    import mathra  # noqa: PLC0415

    try:
        return _tidy(mathra.render(latex, display=False, strict=True)["text"])
    except ValueError as error:
        raise FormulaError(f"${latex}$: {error}") from error


def _tidy(line: str) -> str:
    """`mathra` spaces every operator; inside a script it is set tight, as TeX does."""

    def tight(match: re.Match[str]) -> str:
        return match.group(0).replace(" ", "")

    line = re.sub(r"[_^]\((?:[^()]|\([^()]*\))*\)", tight, line)
    line = re.sub(r"(?<=\))(?=(?:log|ln|exp|min|max|sin|cos|tanh)\b)", " ", line)
    line = re.sub(r"\s+", " ", line.replace("∣", "|").replace("max )", "max)")).strip()
    return unicodedata.normalize("NFC", line)


def unicode_line(latex: str) -> str:
    """LaTeX as plain Unicode: ``xₜ₋₁`` where the characters exist, else ``x_(t−1)``."""
    try:
        line = linear(latex)
    except FormulaError:
        return latex
    return _SCRIPT.sub(_unicode_script, line)


_SCRIPT = re.compile(
    r"(?P<kind>[_^])(?:\((?P<group>(?:[^()]|\([^()]*\))*)\)|(?P<one>\d+|[^\s(){}]))"
)


def _unicode_script(match: re.Match[str]) -> str:
    table = _SUB if match["kind"] == "_" else _SUP
    inner = match["group"] if match["group"] is not None else match["one"]
    if all(char in table for char in inner):
        return "".join(table[char] for char in inner)
    return match.group(0)


def inline_html(latex: str) -> str:
    """LaTeX inside a sentence as HTML with ``<i> <sub> <sup>``, which every mail client shows."""
    return _html(linear(latex))


def _html(line: str) -> str:
    out: list[str] = []
    position = 0
    for match in _SCRIPT.finditer(line):
        out.append(_letters(line[position : match.start()]))
        tag = "sub" if match["kind"] == "_" else "sup"
        inner = match["group"] if match["group"] is not None else match["one"]
        out.append(f'<{tag} class="s">{_html(inner)}</{tag}>')
        position = match.end()
    out.append(_letters(line[position:]))
    return "".join(out)


@lru_cache(maxsize=1024)
def mathml(latex: str, *, display: bool = True) -> str:
    """LaTeX as MathML for a page, with the Unicode line as its text for programs that need one.

    Where the converter does not know a macro, the Unicode line alone.
    """
    from html import escape  # noqa: PLC0415

    from latex2mathml import converter  # noqa: PLC0415 - pages want it, letters do not

    line = unicode_line(latex)
    try:
        made = converter.convert(latex, display="block" if display else "inline")
    except Exception:  # noqa: BLE001 - its errors have no common base
        made = ""
    if not made or re.search(r"\\[A-Za-z]", made):
        return f'<span class="line">{escape(line)}</span>'
    # As an operator, the sign of a transpose would get an operator's space around it.
    made = made.replace("<mo>&#x022A4;</mo>", "<mi>&#x022A4;</mi>")
    return made.replace("<math ", f'<math alttext="{escape(line)}" ', 1)


_WORDS = frozenset({"ln", "if", "at", "in", "of", "or", "to", "is", "for", "and", "KL", "SE"})


def _letters(text: str) -> str:
    """Variables in italics: Greek letters, and one or two Latin letters that are no word."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    parts = re.split(r"(&[a-z]+;)", escaped)

    def variable(match: re.Match[str]) -> str:
        return match[0] if match[0] in _WORDS else f"<i>{match[0]}</i>"

    run = re.compile(
        r"[α-ωϕϵ][\u0300-\u036f]*|(?<![A-Za-zÀ-ÿ])(?:[A-Za-zÀ-ÿ][\u0300-\u036f]*){1,2}(?![A-Za-zÀ-ÿ])"
    )
    return "".join(p if p.startswith("&") else run.sub(variable, p) for p in parts)
