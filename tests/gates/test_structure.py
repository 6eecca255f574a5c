"""Structure of letters, by pure Python: `make test` runs it on the sample."""

from __future__ import annotations

import pytest

from tests.gates import contrast
from tests.gates.broken import BROKEN
from tests.gates.page import matches, parse
from tests.gates.samples import sample
from tests.gates.structure import faults
from tests.gates.tools import none


def test_the_sample_letter_passes() -> None:
    none(faults(sample().eml()))


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_letter_is_seen(name: str) -> None:
    change, expected = BROKEN[name]
    letter = sample()
    change(letter)
    found = faults(letter.eml())
    assert any(expected in fault for fault in found), "\n".join(found) or "no fault was seen"


def test_a_letter_without_html_is_a_fault_not_a_crash() -> None:
    assert faults(b"Subject: x\r\n\r\nplain\r\n") == ["the letter has no text/html part"]


def test_bare_line_feeds_are_seen() -> None:
    found = faults(sample().eml().replace(b"\r\n", b"\n"))
    assert any("without CR" in fault for fault in found)


def test_a_short_letter_passes_where_the_reader_asked_for_one() -> None:
    letter = sample()
    BROKEN["short letter"][0](letter)
    assert not any("900 to" in fault for fault in faults(letter.eml(), whole=False))


def test_contrast_is_that_of_the_standard() -> None:
    # WCAG's own ends of the scale, and the grey that just passes on white.
    assert contrast.ratio((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast.ratio((0x76, 0x76, 0x76), (255, 255, 255)) == pytest.approx(4.54, abs=0.005)


def test_a_selector_that_is_not_understood_is_no_silent_miss() -> None:
    (node,) = parse("<p class='t'>x</p>").root.all("p")
    assert matches(node, "p.t")
    assert not matches(node, "div .t")
    with pytest.raises(ValueError, match="do not know the selector"):
        matches(node, "p>b+c")
