import re

import pytest

from digest.catalog.card import CardError, read_card
from digest.catalog.rules import read_and_check, sentences, symbols

KNOWN = {"momentum", "gradient-descent", "nesterov-acceleration", "adam"}


def faults_of(folder):
    return [str(fault) for fault in read_and_check(folder, KNOWN)[1]]


def test_a_sound_card_has_no_fault(momentum):
    assert faults_of(momentum) == []


def test_a_card_is_read_whole(momentum):
    card = read_card(momentum)
    assert (card.slug, card.track, card.level) == ("momentum", "optimisation", 1)
    assert card.requires == ("gradient-descent",)
    assert card.short_title == "Momentum"
    assert card.references[0].url.startswith("https://doi.org/10.1016")
    assert len(card.source_hash) == 64


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("level: 1", "level: 4", r"card.md:\d+: level: 4 is not 1, 2 or 3"),
        ("track: optimisation", "track: cooking", r"card.md:3: track: 'cooking' is none of"),
        ("version: 1\n", "", "version: is missing"),
        ("version: 1\n", "version: 1\ncolour: red\n", "colour: is no key of a card"),
        ("title: Momentum", "title: 'Momentum", "front matter is no YAML"),
        ("title: M", "title: X\ntitle: M", "'title' is given twice"),
        ("## Scope", "## Scoop", "section `## Scope` is missing"),
        ("## Scope\n", "## Scope\n\n## Extra\n", "`## Extra` is no section|`## Scope` is empty"),
        ("requires: [gradient-descent]", "requires: gradient-descent", "must be a list of slugs"),
        ("---\n", "", "no front matter"),
    ],
)
def test_a_card_that_cannot_be_understood_says_where(spoil, old, new, words):
    folder = spoil("card.md", old, new)
    with pytest.raises(CardError, match=words) as raised:
        read_card(folder)
    assert str(folder / "card.md") in str(raised.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("remembers direction:", "remembers direction " * 6 + ":", "statement: .* characters, 110"),
        ("[gradient-descent]", "[gradient-decent]", "requires: 'gradient-decent' is no concept"),
        ("  adam: adds", "  adamm: adds", "related: 'adamm' is no concept"),
        ("contrast: nesterov-acceleration", "contrast: entropy", "must stand among `related`"),
        ("  '\\beta': share", "  '\\gamma': share", r"\\beta stands in the formula"),
        ("  '\\eta': learning rate", "  '\\eta': rate\n  'q': nothing", "q is explained and not"),
        ("\\beta v_{t-1}+", "\\beta v_{t-1}+\\undefinedmacro ", "only the fallback|no renderer"),
        (
            "Plain gradient descent has",
            "Plain gradient descent simply has",
            "avoid the word 'simply'",
        ),
        ("{{ n.steps }} steps of size", "25 steps of size", "Example: 25 is typed by hand"),
        (
            "{{ n.steps }} steps: momentum ends {{ n.closer | sig(2) }}",
            "far: ends",
            "quotes no number",
        ),
        ("kind: primary", "kind: rumour", "kind 'rumour' is none of"),
        ("https://doi.org", "doi.org", "is no link"),
        ("1964", "long ago", "names no year"),
        ("is this formula, and", "is this formula. Also,", "more than one sentence"),
        ("Gradients that keep", "word " * 50 + "Gradients that keep", r"Definition: \d+ words"),
    ],
)
def test_each_rule_is_held(spoil, old, new, words):
    folder = spoil("card.md", old, new)
    found = faults_of(folder)
    assert any(re.search(words, fault) for fault in found), found


def test_a_long_sentence_is_quoted_by_its_start(spoil):
    folder = spoil(
        "card.md", "Along the flat floor", "Along the very flat" + ", flat and flat" * 6 + " floor"
    )
    assert any(
        re.search(r"In depth: \d+ words in a sentence, 25 at most: 'Along the very", fault)
        for fault in faults_of(folder)
    )


@pytest.mark.parametrize(
    ("latex", "found"),
    [
        (r"v_t=\beta v_{t-1}+\nabla L(\theta_{t-1})", {"v", "t", r"\beta", "L", r"\theta"}),
        (r"\frac{1}{n}\sum_{i=1}^n x_i", {"n", "i", "x"}),
        (r"D_{\mathrm{KL}}(p\|q)", {"D", "KL", "p", "q"}),
        (r"\mathrm{arg\,max}_\theta p", {r"\theta", "p"}),
    ],
)
def test_symbols_of_a_formula(latex, found):
    assert symbols(latex) == found


def test_sentences_are_told_apart():
    assert len(sentences("One is 0.5 long. Two, e.g. this. Three?\n\nFour")) >= 4
