"""Terms, versions and likeness of headlines."""

from __future__ import annotations

import pytest

from digest.domain.text import likeness, plain, template, terms, versions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OpenAI raises $350 billion", ["openai", "rais", "350b"]),
        ("OpenAI raises $350B", ["openai", "rais", "350b"]),
        ("a 12 percent cut", ["12%", "cut"]),
        ("a 12% cut", ["12%", "cut"]),
        ("1,500,000 users", ["1500000", "user"]),
        ("GPT-5.2 is out", ["gpt-5.2", "gpt"]),
        ("state-of-the-art", ["stat", "art"]),
        ("Google’s models", ["googl", "model"]),
        ("OpenAI's", ["openai"]),
        ("", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_endings_meet() -> None:
    for one, other in (
        ("launches", "launched"),
        ("training", "trained"),
        ("policies", "policy"),
        ("planned", "planning"),
        ("models", "model"),
    ):
        assert terms(one) == terms(other)
    assert terms("less") == ["less"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("GPT-5.2 beats Gemini 3", {"gpt": {"5.2"}, "gemini": {"3"}}),
        ("Claude Opus 4.5 arrives", {"opus": {"4.5"}}),
        ("o3 and o4-mini", {"o": {"3", "4"}}),
        ("Fire kills 12 in 2024", {}),
        ("Raises 350 million", {}),
    ],
)
def test_versions(title: str, expected: dict[str, set[str]]) -> None:
    assert versions(title) == expected


def test_template_masks_numbers() -> None:
    assert template("Weekly #12") == ("weekly #0", ("12",))
    assert template("Weekly #12")[0] == template("weekly #13")[0]


def test_plain_is_one_line_of_straight_characters() -> None:
    assert plain("It’s\n 1,000\u00a0ﬁles") == "It's 1000 files"


def test_likeness() -> None:
    assert likeness(frozenset("ab"), frozenset("bc")) == 0.5
    assert likeness(frozenset(), frozenset()) == 0.0
