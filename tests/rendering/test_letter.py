import re
from dataclasses import replace
from datetime import timedelta

import pytest

from digest.domain.subscriber import Preferences
from digest.errors import CatalogError
from digest.rendering.bylines import byline
from tests.rendering.conftest import NOW, ON, concept, delivery, drawn, edition, story


@pytest.fixture
def printer(make_printer):
    return make_printer()


def read(printer, *given):
    return printer.letter(*given).filled()


@pytest.fixture
def blocks(printer):
    return [
        printer.concept_block(drawn(concept()), 1, revisit=True, on=ON),
        printer.concept_block(drawn(concept("lasso", title="Lasso")), 2, revisit=False, on=ON),
        printer.story_block(story(), 1, "4 outlets, first seen 06:12 UTC", NOW),
        printer.story_block(story(id="shelf/x", shelf=True, year=1970), 2, "From the shelf", NOW),
    ]


def test_a_letter_has_its_blocks_and_the_readers_own_links(printer, blocks):
    letter = read(printer, edition(), blocks, delivery())
    assert letter.subject == "Ridge and Lasso"
    for text in (letter.html, letter.text):
        assert text.count("https://digest.example.org/u/7.sig") == 2
        assert "https://digest.example.org/p/7.sig" in text
        assert "ada@example.org" in text
        assert "@@" not in text
    headers = dict(letter.headers)
    assert headers["List-Unsubscribe"] == (
        "<https://digest.example.org/u/7.sig>, "
        "<mailto:leave@digest.example.org?subject=unsubscribe>"
    )
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Id"] == "digest <digest.example.org>"


def test_readers_who_want_the_same_share_all_but_their_fields(printer, blocks):
    one = printer.letter(edition(), blocks, delivery())
    two = printer.letter(edition(), blocks, replace(delivery(), subscriber_id=8, address="b@x.org"))
    assert one.html is two.html
    assert one.text is two.text
    assert one.images is two.images
    assert dict(two.fields)["ADDRESS"] == "b@x.org"
    assert one.html.count("@@") == 2 * sum(one.html.count(f"@@{n}@@") for n, _ in one.fields)
    text_only = replace(delivery(), preferences=Preferences(text_only=True))
    assert printer.letter(edition(), blocks, text_only).html is None


def test_a_story_cannot_pose_as_a_place(printer):
    hostile = story(title="@@ADDRESS@@ and @@NOTHING@@", summary="@@STORIES@@")
    block = printer.story_block(hostile, 1, "x", NOW)
    letter = read(printer, edition(), [block], delivery())
    assert "&#64;&#64;ADDRESS&#64;&#64; and" in letter.html
    assert "@ @ADDRESS@ @" in letter.text
    assert letter.html.count("ada@example.org") == letter.text.count("ada@example.org") == 1


def test_every_picture_is_referenced_once_at_both_widths(printer, blocks):
    letter = read(printer, edition(), blocks, delivery())
    cids = [cid for cid, _name, _png in letter.images]
    assert len(cids) == len(set(cids)) == 4
    for cid in cids:
        assert letter.html.count(f'"cid:{cid}"') == 1
        assert cid.endswith(".20260314@digest.example.org")
    for tag in re.findall(r"<img[^>]+>", letter.html):
        width = re.search(r' width="(\d+)"', tag)[1]
        assert f"width:{width}px" in tag
        assert "max-width:100%" in tag
        assert 10 <= len(re.search(r'alt="([^"]*)"', tag)[1]) <= 250


def test_what_comes_from_outside_is_escaped(printer, blocks):
    letter = read(printer, edition(), blocks, delivery(address='"<b>"@example.org'))
    assert "A &lt;b&gt;bold&lt;/b&gt; claim &amp; its proof" in letter.html
    assert "https://lab.example/a?b=1&amp;c=2" in letter.html
    assert "&lt;all&gt; of them" in letter.html
    assert "&quot;&lt;b&gt;&quot;@example.org" in letter.html
    assert "A <b>bold</b> claim & its proof" in letter.text


def test_a_revisit_asks_first_and_answers_last(printer, blocks):
    letter = read(printer, edition(), blocks, delivery())
    for text in (letter.html, letter.text):
        assert text.index("Do you recall?") < text.index("It shrinks.")
    assert "Short example." in letter.text
    assert "Long example." not in letter.text
    assert letter.text.index("It shrinks.") > letter.text.index("A <b>bold</b> claim")


def test_a_reader_gets_as_much_as_they_want(printer, blocks):
    wants = Preferences(concepts=1, stories=1)
    letter = read(printer, edition(), blocks, delivery(preferences=wants))
    assert "Lasso" not in letter.html.split("Read it online")[1].split("Nearby")[0]
    assert len(letter.images) == 2
    assert "One idea" in letter.html
    assert "One story that matters" in letter.html
    none = read(printer, edition(), blocks, delivery(preferences=Preferences(stories=0)))
    assert "that matter" not in none.html


def test_text_only_has_no_html_and_no_pictures(printer, blocks):
    letter = read(
        printer, edition(), blocks, delivery(preferences=replace(Preferences(), text_only=True))
    )
    assert letter.html is None
    assert letter.images == ()
    assert "RIDGE" in letter.text


def test_hosted_pictures_are_linked_by_their_content(make_printer):
    printer = make_printer(images="hosted")
    block = printer.concept_block(drawn(concept()), 1, revisit=False, on=ON)
    letter = read(printer, edition(), [block], delivery())
    assert letter.images == ()
    for image in block.images:
        assert f'src="https://digest.example.org/images/{image.sha256}.png"' in letter.html


def test_a_slow_day_is_said(printer):
    one = [
        printer.story_block(story(id="shelf/x", shelf=True, year=1970), 1, "From the shelf", NOW)
    ]
    assert "No news reached us today" in read(printer, edition(), one, delivery()).html
    both = [printer.story_block(story(), 1, "x", NOW), *(replace(b, slot=2) for b in one)]
    assert (
        "one of these is a landmark from our shelf"
        in read(printer, edition(), both, delivery()).html
    )


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (0.2, "within the hour"),
        (1, "1 hour ago"),
        (5, "5 hours ago"),
        (72, "3 days ago"),
        (-3, "within"),
    ],
)
def test_age(printer, ago, words):
    block = printer.story_block(story(published=NOW - timedelta(hours=ago)), 1, "x", NOW)
    assert words in block.html
    assert words in block.text


def test_lines_of_the_text_part_are_short_but_for_links(printer, blocks):
    letter = read(printer, edition(), blocks, delivery())
    for line in letter.text.splitlines():
        assert len(line) <= 78 or "https://" in line or "mailto:" in line


def test_both_forms_have_the_same_links(printer, blocks):
    letter = read(printer, edition(), blocks, delivery())
    in_html = {link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', letter.html)}
    in_text = set(re.findall(r"(?:https://|mailto:)\S+", letter.text))
    assert in_html == in_text


def test_the_same_input_gives_the_same_letter(make_printer):
    made = []
    for _ in range(2):
        printer = make_printer()
        block = printer.concept_block(drawn(concept()), 1, revisit=False, on=ON)
        made.append(read(printer, edition(), [block], delivery()))
    assert made[0] == made[1]


def test_operators_templates_take_the_place_of_ours(make_printer, tmp_path):
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "_story.html.jinja").write_text("<p>ours: {{ story.title }}</p>")
    block = make_printer(tmp_path).story_block(story(), 1, "x", NOW)
    assert "ours: A &lt;b&gt;bold" in block.html
    assert "A <b>bold</b> claim" in block.text


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ nothing }}", r"_story.html.jinja:1: 'nothing' is undefined"),
        ("a\n{% if %}", r"_story.html.jinja:2: "),
        ("{{ story.__class__.__mro__ }}", "unsafe|undefined"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "unsafe|undefined"),
        ("{% include 'email/nothing.jinja' %}", "nothing.jinja: the template is missing"),
    ],
)
def test_a_broken_template_is_named(make_printer, tmp_path, template, words):
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "_story.html.jinja").write_text(template)
    with pytest.raises(CatalogError, match=words):
        make_printer(tmp_path).story_block(story(), 1, "x", NOW)


def test_a_byline_has_authors_arxiv_id_and_minutes_where_known() -> None:
    def said(**known: object) -> str:
        return byline(
            story(**{"authors": (), "minutes": None, "ref": "https://a.example/"} | known)
        )

    assert said() == ""
    assert said(minutes=4) == "4 min"
    assert said(ref="arxiv:2601.00001", authors=("A. B", "C. D")) == "A. B, C. D · arXiv 2601.00001"
    four = ("A. A", "B. B", "C. C", "D. D")
    assert said(authors=four, minutes=2) == "A. A, B. B, C. C and others · 2 min"
