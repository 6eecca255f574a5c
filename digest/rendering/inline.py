"""CSS into style attributes, once per block, by premailer."""

from __future__ import annotations

import logging
import re

from premailer.premailer import Premailer

_BODY = re.compile(r"<body[^>]*>(.*)</body>", re.DOTALL)


def inline_page(page: str, css: str) -> str:
    """A whole page with `css` inlined; ``<style data-premailer="ignore">`` stays in the head."""
    return _transform(page.replace("</head>", f"<style>{css}</style></head>", 1))


def inline_fragment(fragment: str, css: str) -> str:
    """A piece of a body with `css` inlined."""
    page = (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><style>'
        f"{css}</style></head><body>{fragment}</body></html>"
    )
    match = _BODY.search(_transform(page))
    if match is None:  # premailer always writes a body
        raise AssertionError(page[:200])
    return match.group(1).strip()


def _transform(page: str) -> str:
    # Its defaults turn width="544" into "100%", strip !important from kept sheets, float images.
    result: str = Premailer(
        page,
        strip_important=False,
        disable_basic_attributes=["width", "height", "bgcolor"],
        align_floating_images=False,
        allow_network=False,
        disable_validation=True,
        remove_classes=False,
        preserve_inline_attachments=True,
        cssutils_logging_level=logging.CRITICAL,
    ).transform()
    return result
