from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.ingest import clean
from digest.ingest.sentences import sentences

FRAGMENTS = [
    *("<script>", "</script>", "<b>", "</b>", "<p>", "<img src=x onerror=alert(1)>", "<!--", "-->"),
    *("&lt;", "&gt;", "&amp;", "&amp;lt;", "&#60;", "&#x3c;", "&#0;", "&#38;#60;", "<", ">", "&"),
    *("<![CDATA[", "]]>", "<svg/onload=x>", "<style>", "\u202e", "\u200b", "\x00", "\x1b", "\x1d"),
    *("<T>", "a<b", "&notanentity;", "&lt", "<?php", "?>", "</", "<textarea>", "<plaintext>"),
    *("Read more", "…", "The post X appeared first on Y.", " | Example", ". ", "U.S. ", "e\u0301"),
]
MARKUP = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=14).map(
    "".join
)


@given(MARKUP)
@settings(max_examples=200, deadline=None)
def test_text_is_plain_whatever_comes(markup: str) -> None:
    plain = clean.text(markup)
    assert not re.search(r"<[A-Za-z/!?]", plain)
    assert all(
        unicodedata.category(char) not in {"Cc", "Cs", "Co"}
        and (unicodedata.category(char) != "Cf" or char in "\u200c\u200d")
        for char in plain
    )
    assert plain == " ".join(plain.split())
    assert clean.text(plain) == plain


@given(MARKUP)
@settings(max_examples=100, deadline=None)
def test_titles_and_leads_are_plain_short_and_stable(markup: str) -> None:
    title = clean.title(markup, ["Example"])
    lead = clean.lead(markup)
    assert len(title) <= 300
    assert len(lead) <= clean.LEAD_LENGTH
    assert not re.search(r"<[A-Za-z/!?]", title)
    assert not re.search(r"<[A-Za-z/!?]", lead)
    assert clean.title(title, ["Example"]) == title


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<IMG SRC=JaVaScRiPt:alert(1)>",
        "<svg><animate onbegin=alert(1)>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--><img onerror=alert(1)>'>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&amp;lt;script&amp;gt;alert(1)&amp;lt;/script&amp;gt;",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
        "<<b>script>alert(1)<</b>/script>",
        "<a href='data:text/html,<script>alert(1)</script>'>x",
        "<!--[if gte IE 4]><script>alert(1)</script><![endif]-->",
        "<x onclick=alert(1)>y",
        "\x00<\x00script>alert(1)",
        "<\u200bscript>alert(1)</\u200bscript>",
    ],
)
def test_no_attack_survives_as_markup(attack: str) -> None:
    for made in (clean.text(attack), clean.title(attack), clean.lead(attack)):
        assert not re.search(r"<[A-Za-z/!?]", made)
        assert not re.search(r"&(?:lt|#60|#x3c);", made, re.IGNORECASE)


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("Gemini 3 is here | TechCrunch", "Gemini 3 is here"),
        ("Gemini 3 is here - The Verge", "Gemini 3 is here"),
        ("GPT-5 - fast – The Verge AI", "GPT-5 - fast"),
        ("State of AI - part two", "State of AI - part two"),
        ("TechCrunch | TechCrunch", "TechCrunch"),
        ("STOP SHOUTING", "STOP SHOUTING"),
        ("Show HN: Tiny", "Show HN: Tiny"),
        ("A Paper (arXiv:2401.00001v1 [cs.LG])", "A Paper"),
        ("The Verge", "The Verge"),
        ("  Two\n lines\u00a0here ", "Two lines here"),
        ("Spoof\u202egnp.exe \u2066x\u2069", "Spoofgnp.exe x"),
        ("می\u200cخواهم 👩\u200d🔬", "می\u200cخواهم 👩\u200d🔬"),
        ("Cafe\u0301", "Café"),
        ("Gemini 3 is here | Gemini 3 is here", "Gemini 3 is here"),
        ("Gemini 3 is here Gemini 3 is here - The Verge", "Gemini 3 is here"),
        ("OpenAI: OpenAI launches", "OpenAI: OpenAI launches"),
    ],
)
def test_titles(raw: str, want: Any) -> None:
    assert clean.title(raw, ["TechCrunch AI", "TechCrunch", "The Verge"]) == want


LONG = "A sentence that goes on " + "and on " * 60 + "to its end."


@pytest.mark.parametrize(
    ("raw", "want"),
    [
        ("One. Two. Three.", "One. Two."),
        ("<h2>Heading</h2><p>First thing said. Second.</p>", "First thing said. Second."),
        (
            "The U.S. Senate met. It voted on v2.0 of it.",
            "The U.S. Senate met. It voted on v2.0 of it.",
        ),
        (
            "Models, e.g. Claude and others, grew. More.",
            "Models, e.g. Claude and others, grew. More.",
        ),
        ("A first sentence. The second breaks [&#8230;]", "A first sentence."),
        ("Only a fragment that breaks [&hellip;]", "Only a fragment that breaks…"),
        ("No full stop at all", "No full stop at all"),
        ("Said so. Continue reading →", "Said so."),
        ("Said so. Read more", "Said so."),
        ("Said so.<br><a>Read the full story at The Verge.</a>", "Said so."),
        ("Read more books, says a study.", "Read more books, says a study."),
        ("Said so. The post Title appeared first on Example.", "Said so."),
        (
            "Article URL: https://a.example Comments URL: http://b.example Points: 3 # Comments: 1",
            "",
        ),
        ("Something. Comments URL: https://b.example Points: 3 # Comments: 1", "Something."),
        ("arXiv:2401.00001v1 Announce Type: replace-cross Abstract: We do.", "We do."),
        ("submitted by /u/ada [link] [comments]", ""),
        # Where the feed's room ended, the last word may be half of one.
        ("<p>The model beats all others and is avail…</p>", "The model beats all others and is…"),
        ("It is out. The model is avail...", "It is out."),
        ("The model is out [&#8230;]", "The model is out…"),
        ("A Title", ""),
        ("", ""),
    ],
)
def test_leads(raw: str, want: Any) -> None:
    assert clean.lead(raw, title="A Title") == want


def test_a_long_sentence_is_cut_between_words() -> None:
    lead = clean.lead(LONG)
    assert len(lead) <= 320
    assert lead.endswith("…")
    assert LONG.startswith(lead[:-1] + " ")


def test_a_second_sentence_that_does_not_fit_is_left_out() -> None:
    assert clean.lead("Short one. " + LONG) == "Short one."


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("He lives in the U.S. The end.", 2),
        ("The U.S. Senate met.", 1),
        ("Dr. Smith and J. Doe et al. wrote it.", 1),
        ("Acme Inc. said so.", 1),
        ("It was bought by Acme Inc. The price is secret.", 2),
        ("See Fig. 3 and No. 5 of vol. 2.", 1),
        ("Really?! Yes. “Quoted.” Next.", 4),
        ("Version 3.5 is out. 20 labs use it.", 2),
        ("它发布了。然后呢？", 2),
        ("At 5 p.m. Monday it ended.", 1),
        ("Python vs. Rust.", 1),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count
    assert " ".join(sentences(text)).replace(" ", "") == text.replace(" ", "")


def test_words_are_counted_without_markup() -> None:
    assert clean.words("<p class='a b'>Two&nbsp;words</p><br/>and don’t stop") == 5
    assert clean.words("") == 0
