import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering import markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a $x_t$ b", 'a <i>x</i><sub class="s"><i>t</i></sub> b'),
        (
            "two $x_1$ and $y_1$",
            'two <i>x</i><sub class="s">1</sub> and <i>y</i><sub class="s">1</sub>',
        ),
        ("`code_with_x` *em*", "<code>code_with_x</code> <em>em</em>"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[a](https://example.org)", '<a href="https://example.org">a</a>'),
        ("[a](javascript:alert)", "[a](javascript:alert)"),
        ("costs $5", "costs $5"),
        ("a & b", "a &amp; b"),
    ],
)
def test_inline(text, html):
    assert str(markdown.inline(text)) == html


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a $x_{t-1}$ b", "a xₜ₋₁ b"),
        ("`code` and *em* and **strong**", "code and em and strong"),
        ("[a](https://example.org)", "a (https://example.org)"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("snake_case_name", "snake_case_name"),
    ],
)
def test_plain(text, plain):
    assert markdown.plain(text) == plain


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="$"), max_size=200))
def test_no_text_becomes_markup_of_its_own(text):
    html = str(markdown.inline(text))
    assert "<script" not in html.lower()
    assert "onerror=" not in html.lower() or "<img" not in html.lower() or "&lt;" in html


def test_the_short_form_is_the_first_paragraph():
    assert markdown.first_paragraph("a\nb\n\nc") == "a\nb"
