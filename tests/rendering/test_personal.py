"""What a reader prefers shows in their letter."""

import re

import pytest

from digest.domain.subscriber import Preferences
from digest.rendering.letter import LetterPrinter
from tests.rendering.conftest import NOW, ON, concept, delivery, drawn, edition, story

CARDS = {
    "ridge": concept(),
    "lasso": concept("lasso", title="Lasso"),
    "entropy": concept("entropy", title="Entropy", track="probability-information", level=1),
}


@pytest.fixture
def printer(make_printer):
    made: LetterPrinter = make_printer()
    made._concepts = lambda: CARDS
    return made


@pytest.fixture
def blocks(printer):
    return [
        printer.concept_block(drawn(CARDS["ridge"]), 1, revisit=True, on=ON),
        printer.concept_block(drawn(CARDS["lasso"]), 2, revisit=False, on=ON),
        printer.concept_block(drawn(CARDS["entropy"]), 3, revisit=True, on=ON),
        printer.story_block(story(), 1, "4 outlets, first seen 06:12 UTC", NOW),
    ]


def letter(printer, blocks, **wants):
    return printer.letter(edition(), blocks, delivery(preferences=Preferences(**wants)))


def titles(made) -> list[str]:
    return re.findall(r"^(\d\. [A-Z()\s]+)$", made.text, re.MULTILINE)


def test_concepts_above_the_level_are_left_out_and_the_rest_numbered_anew(printer, blocks):
    made = letter(printer, blocks, level=1)
    assert titles(made)[0] == "1. ENTROPY"
    assert len(titles(made)) == 1
    assert made.subject == "Entropy"
    assert re.findall(r'class="num"[^>]*>(\d)<', made.html) == ["1", "1"]
    assert len(made.images) == 2
    answers = made.text.split("ANSWERS")[1]
    assert answers.count("1. Entropy.") == 1
    assert "Ridge" not in answers


def test_a_level_that_fits_nothing_leaves_the_easiest(printer, blocks):
    made = letter(printer, blocks[:2] + blocks[3:], level=1)
    assert len(titles(made)) == 1
    assert "RIDGE" in titles(made)[0]


def test_tracks_cared_for_come_first_and_survive_a_lower_number(printer, blocks):
    made = letter(printer, blocks, tracks=frozenset({"probability-information"}), concepts=2)
    assert [title.split(". ")[1].split(" ")[0] for title in titles(made)] == ["ENTROPY", "RIDGE"]
    assert [title[0] for title in titles(made)] == ["1", "2"]
    assert made.subject == "Entropy and Ridge"


def test_pictures_come_as_the_reader_wants_them_whatever_the_publisher_does(make_printer):
    for site in ("cid", "hosted"):
        printer = make_printer(images=site)
        block = printer.concept_block(drawn(CARDS["ridge"]), 1, revisit=False, on=ON)
        hosted = letter(printer, [block], images="hosted")
        inside = letter(printer, [block], images="cid")
        assert hosted.images == ()
        assert "cid:" not in hosted.html
        assert hosted.html.count("https://digest.example.org/images/") == 2
        assert len(inside.images) == 2
        for cid, _name, _png in inside.images:
            assert inside.html.count(f'src="cid:{cid}"') == 1
        assert "/images/" not in inside.html


def test_a_reader_without_wishes_gets_the_edition_and_the_library_is_not_read(printer, blocks):
    def unread():
        raise AssertionError("the library was read")

    before = letter(printer, blocks)
    printer._concepts = unread
    assert letter(printer, blocks) == before
    assert before.subject == "Ridge and Lasso"
