"""Letters in Chromium: widths, pictures loaded and blocked, light and dark, axe-core."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page

from tests.gates import tools
from tests.gates.message import Mail

WIDTHS = (320, 360, 640)
AXE_WIDTHS = (360, 640)
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
GRAVE = frozenset(("serious", "critical"))
AXE_RULES_LEAST = 20
"""Rules that axe must have tried on a letter; fewer mean that it did not see the page."""

_WIDE = """() => {
  const most = document.documentElement.clientWidth;
  return [...document.body.querySelectorAll('*')]
    .filter(e => e.getBoundingClientRect().right > most + 0.5)
    .slice(-3)
    .map(e => `<${e.tagName.toLowerCase()}> "${(e.innerText || e.alt || '').slice(0, 40)}"`);
}"""
_PICTURES = """() => [...document.images].map(i => ({
  name: (i.alt || '').slice(0, 40), natural: i.naturalWidth, wide: i.getBoundingClientRect().width,
  high: i.getBoundingClientRect().height, given: Number(i.getAttribute('width')),
}))"""


def with_pictures(mail: Mail) -> str:
    """The HTML part with its cid: addresses as data: addresses, so that a browser shows them."""
    data = {
        part.content_id: f"data:{part.content_type};base64,{base64.b64encode(part.data).decode()}"
        for part in mail.images
    }
    return re.sub(
        r'(src=["\'])cid:([^"\']+)', lambda m: m[1] + data.get(m[2], "cid:" + m[2]), mail.html
    )


@contextmanager
def opened(browser: Browser, html: str, width: int, scheme: Scheme) -> Iterator[Page]:
    """A page of this width with the letter in it and no network."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True
    )
    try:
        page = context.new_page()
        page.set_content(html, wait_until="load")
        yield page
    finally:
        context.close()


def layout_faults(browser: Browser, mail: Mail) -> list[str]:
    """Nothing overflows at any width, and pictures show at their size; also when blocked."""
    found: list[str] = []
    for blocked in (False, True):
        html = mail.html if blocked else with_pictures(mail)
        for width in WIDTHS:
            state = f"{width} px, images {'blocked' if blocked else 'shown'}"
            with opened(browser, html, width, "light") as page:
                wide = page.evaluate("document.documentElement.scrollWidth")
                if wide != width:
                    which = "; ".join(page.evaluate(_WIDE))
                    found.append(f"{state}: the page is {wide} px wide: {which}")
                for picture in page.evaluate(_PICTURES):
                    found += [f"{state}: {f}" for f in _picture_faults(picture, width, blocked)]
    return found


def _picture_faults(picture: dict[str, Any], width: int, blocked: bool) -> Iterator[str]:
    name, wide = picture["name"], picture["wide"]
    if blocked:
        if picture["high"] < 12:
            yield f"the alt of {name!r} is {picture['high']:.0f} px high, so nobody reads it"
        return
    if picture["natural"] == 0:
        yield f"the image {name!r} does not load"
    elif wide > picture["given"] + 0.5 or wide > width:
        yield f"the image {name!r} is {wide:.0f} px wide, {picture['given']} at most"
    elif width >= 600 and wide < picture["given"] - 0.5:
        yield f"the image {name!r} is shrunk to {wide:.0f} px of {picture['given']}"


def axe_faults(
    browser: Browser,
    mail: Mail,
    *,
    schemes: Sequence[Scheme] = SCHEMES,
    widths: Sequence[int] = AXE_WIDTHS,
) -> list[str]:
    """What axe-core calls serious or critical, in each scheme at each width."""
    source = tools.npm_file("axe-core/axe.min.js").read_text(encoding="utf-8")
    found: dict[str, None] = {}
    for scheme in schemes:
        for width in widths:
            with opened(browser, with_pictures(mail), width, scheme) as page:
                page.evaluate(source)
                result = page.evaluate("axe.run(document)")
            tried = sum(len(result[kind]) for kind in ("passes", "violations", "incomplete"))
            if tried < AXE_RULES_LEAST:
                found[f"{scheme}, {width} px: axe tried {tried} rules only"] = None
            for violation in result["violations"]:
                if violation["impact"] in GRAVE:
                    for node in violation["nodes"][:3]:
                        found[
                            f"{scheme}, {width} px: axe {violation['id']} ({violation['impact']}):"
                            f" {node['html'][:90]} {_why(node)}"
                        ] = None
    return list(found)


def _why(node: dict[str, Any]) -> str:
    checks = [*node["any"], *node["all"], *node["none"]]
    return "; ".join(check["message"] for check in checks)[:200]


def shots(browser: Browser, mail: Mail, folder: Path, name: str) -> list[Path]:
    """Pictures of the letter for people to look at; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for state, html, schemes in (
        ("", with_pictures(mail), SCHEMES),
        ("-blocked", mail.html, SCHEMES[:1]),
    ):
        for scheme in schemes:
            for width in AXE_WIDTHS:
                path = folder / f"{name}-{width}-{scheme}{state}.png"
                with opened(browser, html, width, scheme) as page:
                    page.screenshot(path=path, full_page=True)
                made.append(path)
    return made
