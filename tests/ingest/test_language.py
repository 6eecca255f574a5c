"""Entries in another language than their feed's."""

from __future__ import annotations

import pytest

from digest.ingest import language


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The new language model is available to all developers", "en"),
        ("Das neue Sprachmodell ist jetzt auch für Unternehmen verfügbar", "de"),
        ("Le nouveau modèle est disponible pour les chercheurs", "fr"),
        ("El nuevo modelo de lenguaje para la educación en los países", "es"),
        ("Il nuovo modello della società è disponibile per gli sviluppatori", "it"),
        ("Het nieuwe taalmodel is beschikbaar voor alle ontwikkelaars", "nl"),
        ("新しい言語モデルを発表しました。オープンソースです", "ja"),
        ("新的大型语言模型已经向所有开发者开放使用并提供下载", "zh"),
        ("Новая языковая модель доступна для всех желающих", "ru"),
        # Too short, or names only: the feed's own word stands.
        ("Quill 3 Pro", "en"),
        ("Die Zukunft", "en"),
        ("Attention Is All You Need, Mamba, Quill Large, Hyena", "en"),
        ("Naïve Bayes für alle: a Kaggle post-mortem in four parts", "en"),
    ],
)
def test_of(text: str, found: str) -> None:
    assert language.of(text, "en") == found


def test_a_declared_language_stands_in_doubt() -> None:
    assert language.of("Новая языковая модель доступна для всех", "uk") == "uk"
    assert language.of("新的大型语言模型已经向所有开发者开放使用并提供下载", "zh-cn") == "zh-cn"
    assert language.of("The model of the year is out and it is new", "en-GB") == "en-GB"
    assert language.of("The model of the year is out and it is new", "de") == "en"
    assert language.of("The model of the year is out and it is new", "eo") == "eo"
    assert language.of("", "en") == "en"


@pytest.mark.parametrize(
    "title",
    ["Six things I wish I knew when I began", "No meetings, no deadlines, no full-time employees"],
)
def test_small_english_words_are_nobody_elses(title: str) -> None:
    assert language.of(title, "en") == "en"
