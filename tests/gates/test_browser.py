"""The letter in Chromium. Pictures of it lie in var/gates/ afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.gates import browser as chromium
from tests.gates import tools
from tests.gates.message import read
from tests.gates.samples import sample
from tests.gates.tools import none

pytestmark = pytest.mark.gate
SHOTS = tools.ROOT / "var" / "gates"


def test_the_letter_fits_every_width(browser: Browser, eml: bytes) -> None:
    none(chromium.layout_faults(browser, read(eml)))


def test_the_letter_has_no_serious_axe_fault(browser: Browser, eml: bytes) -> None:
    none(chromium.axe_faults(browser, read(eml)))


def test_the_letter_is_pictured(browser: Browser, eml: bytes, letter: Path) -> None:
    name = f"{letter.parent.name}-{letter.stem}"
    for path in chromium.shots(browser, read(eml), SHOTS, name):
        with Image.open(path) as shot:
            assert shot.width in chromium.AXE_WIDTHS
            assert len(shot.convert("RGB").getcolors(1 << 24) or []) > 2, f"{path} is blank"


def test_the_sample_passes(browser: Browser, good: bytes) -> None:
    mail = read(good)
    none(chromium.layout_faults(browser, mail))
    none(chromium.axe_faults(browser, mail))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("width:544px;max-width:100%;", "width:544px;", "the page is"),
        ("Shrinkage is written", f"{'x' * 90} is written", "the page is"),
        ("cid:figure-shrinkage", "cid:figure-gone", "does not load"),
        ('width="544"', 'width="300"', "300 at most"),
        ("width:544px", "width:400px", "shrunk to 400 px"),
        (
            "display:block;width:120px",
            "max-height:4px;display:block;width:120px",
            "nobody reads it",
        ),
    ],
    ids=["wide image", "long word", "no image", "too wide", "shrunk", "unreadable alt"],
)
def test_a_letter_that_does_not_fit_is_seen(
    browser: Browser, old: str, new: str, expected: str
) -> None:
    letter = sample()
    letter.swap(old, new)
    found = chromium.layout_faults(browser, read(letter.eml()))
    assert any(expected in fault for fault in found), found


@pytest.mark.parametrize(
    ("old", "new", "scheme", "expected"),
    [
        ('alt="A staircase', 'data-alt="A staircase', "light", "axe image-alt (critical)"),
        ("color:#57606a", "color:#b0b8c0", "light", "axe color-contrast (serious)"),
        (".t, h1", "h1", "dark", "dark, 360 px: axe color-contrast"),
        ('<html lang="en"', "<html", "light", "axe html-has-lang (serious)"),
    ],
    ids=["no alt", "pale", "dark on dark", "no lang"],
)
def test_a_letter_that_axe_refuses_is_seen(
    browser: Browser, old: str, new: str, scheme: chromium.Scheme, expected: str
) -> None:
    letter = sample()
    letter.swap(old, new)
    found = chromium.axe_faults(browser, read(letter.eml()), schemes=(scheme,), widths=(360,))
    assert any(expected in fault for fault in found), found
