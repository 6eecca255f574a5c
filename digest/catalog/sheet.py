"""The contact sheet: every figure at mail and phone size, light, dark and grey, on one page."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape

from digest.figures.formula import MAX_CSS_PX
from digest.ports import Drawn

_STYLE = f"""
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 24px; color: #1f2328; background: #f4f4f1; }}
h2 {{ font: bold 20px Georgia, serif; margin: 36px 0 4px; }}
p {{ margin: 2px 0 10px; max-width: 70ch; }}
.row {{ display: flex; flex-wrap: wrap; gap: 14px; align-items: flex-start; }}
.dark {{ background: #121212; padding: 12px 0; }}
.grey img {{ filter: grayscale(1); }}
img {{ display: block; height: auto; background: #fff; }}
.mail {{ width: 600px; }} .phone {{ width: 328px; }} .formula {{ max-width: {MAX_CSS_PX}px; }}
figcaption {{ font-size: 13px; color: #57606a; }} figure {{ margin: 0; }}
"""


def contact_sheet(drawings: Iterable[Drawn]) -> str:
    """An HTML page of its own, in the order given, variants of a concept one below the other."""
    parts = []
    for drawn in drawings:
        card = drawn.concept
        figure, formula = (_data(image.png) for image in (drawn.figure, drawn.formula))
        sizes = "".join(
            f'<figure class="{kind}"><img class="{size}" src="{figure}" alt="{escape(drawn.alt)}">'
            f"<figcaption>{label}</figcaption></figure>"
            for kind, size, label in (
                ("", "mail", "mail, 600 px"),
                ("", "phone", "phone, 328 px"),
                ("dark", "phone", "on a dark page"),
                ("grey", "phone", "in grey"),
            )
        )
        parts.append(
            f"<h2>{escape(card.title)}, variant {drawn.variant}</h2>"
            f"<p>{escape(card.track_title)}, {card.level_title}, "
            f"{len(drawn.figure.png) / 1024:.0f} KB</p>"
            f'<p><img class="formula" width="{drawn.formula.width}" src="{formula}" '
            f'alt="{escape(drawn.formula_text)}"></p>'
            f'<div class="row">{sizes}</div><p>{escape(drawn.caption)}</p>'
        )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title>'
        f"<style>{_STYLE}</style></head><body><h1>Contact sheet</h1>{''.join(parts)}</body></html>"
    )


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
