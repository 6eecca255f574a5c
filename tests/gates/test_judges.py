"""The letter before emailens, html-validate, vnu and SpamAssassin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gates import judges
from tests.gates.message import read
from tests.gates.samples import sample
from tests.gates.structure import faults
from tests.gates.tools import none

pytestmark = pytest.mark.gate
Judge = Callable[[str, Path], list[str]]
HTML_JUDGES: dict[str, Judge] = {
    "emailens": judges.emailens_faults,
    "html-validate": judges.html_validate_faults,
    "vnu": judges.vnu_faults,
}


def test_the_letter_is_well_built(eml: bytes) -> None:
    none(faults(eml))


@pytest.mark.parametrize("judge", HTML_JUDGES)
def test_the_letter_passes(eml: bytes, judge: str, tmp_path: Path) -> None:
    none(HTML_JUDGES[judge](read(eml).html, tmp_path))


def test_the_letter_is_no_spam(eml: bytes) -> None:
    none(judges.spam_faults(eml))


@pytest.mark.parametrize("judge", HTML_JUDGES)
def test_the_sample_passes(good: bytes, judge: str, tmp_path: Path) -> None:
    none(HTML_JUDGES[judge](read(good).html, tmp_path))


def test_the_sample_is_no_spam(good: bytes) -> None:
    none(judges.spam_faults(good))


BAD_STYLE = "display:flex;position:absolute;filter:blur(1px);transform:scale(2);float:left;"


@pytest.mark.parametrize(
    ("judge", "old", "new", "expected"),
    [
        ("emailens", "<h1 ", "<form action='x'><input></form><h1 ", "error: "),
        ("emailens", 'href="https://news', 'href="http://news', "warnings, 8 at most"),
        ("emailens", 'alt="A staircase', 'data-alt="A staircase', "accessibility "),
        ("emailens", '<p class="t" style="', f'<p class="t" style="{BAD_STYLE}', "compatibility: "),
        ("html-validate", "<h2 ", "<h4>Deep</h4><h2 ", "heading-level"),
        ("html-validate", "</h1>", "</h1></b>", "close-order"),
        ("html-validate", "<h1 ", '<h1 align="left" ', "no-deprecated-attr"),
        ("vnu", "<h1 ", '<h1 color="red" ', "not allowed"),
        ("vnu", "font-size:28px", "font-szie:28px", "font-szie"),
        ("vnu", "mso-hide:all", "moz-hide:all", "moz-hide"),
        ("vnu", "</h1>", "", "child of element “h1”"),
    ],
)
def test_a_bad_page_is_seen(judge: str, old: str, new: str, expected: str, tmp_path: Path) -> None:
    letter = sample()
    letter.swap(old, new, 99 if judge == "emailens" else 1)
    found = HTML_JUDGES[judge](letter.html, tmp_path)
    assert any(expected in fault for fault in found), found


def test_spam_is_seen() -> None:
    letter = sample()
    letter.headers["Subject"] = "YOU WON!!! Get $$$ NOW, 100% FREE"
    letter.headers["From"] = '"Bank" <a1b2c3d4e5@example.org>'
    letter.swap("Shrinkage is written", "Dear friend, viagra, lottery, million dollars: click here")
    letter.swap("font-size:16px", "font-size:0px", 9)
    del letter.headers["Date"]
    assert any("at most" in fault for fault in judges.spam_faults(letter.eml()))
