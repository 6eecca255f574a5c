import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.domain.headline import MAX_SUBJECT, PREHEADER, cut, preheader, subject

LINE = st.text(st.characters(categories=["L", "Nd", "Zs"]), min_size=1, max_size=120).filter(
    str.strip
)


@pytest.mark.parametrize(
    ("titles", "line"),
    [
        (["Entropy"], "Entropy"),
        (["Entropy", "Momentum"], "Entropy and Momentum"),
        (["Entropy", "Momentum", "Adam"], "Entropy, Momentum and Adam"),
        (
            [
                "Learning-rate stability limit",
                "Scaled dot-product attention",
                "Adam",
                "ReLU",
                "PCA",
            ],
            "Learning-rate stability limit and four more",
        ),
        ([], "Five stories of machine learning"),
    ],
)
def test_subject(titles, line):
    assert subject(titles) == line


@given(st.lists(LINE, max_size=5))
def test_a_subject_always_fits(titles):
    assert 0 < len(subject(titles)) <= MAX_SUBJECT


@given(st.lists(LINE, max_size=5), st.lists(LINE, max_size=5))
def test_a_preheader_always_fits(stories, statements):
    low, high = PREHEADER
    assert low <= len(preheader(stories, statements)) <= high


def test_cut_is_between_words():
    assert cut("one two three", 9) == "one two…"
    assert cut("short", 9) == "short"
