"""WordPiece: the numbers that the reference tokenizer gives (Hugging Face's tokenizers 0.23)."""

from __future__ import annotations

import pytest

from digest import resources
from digest.embedding.wordpiece import WordPiece, read_vocabulary

MOST = 12


@pytest.fixture(scope="module")
def reader() -> WordPiece:
    return WordPiece(read_vocabulary(resources.data("wordpiece.txt.gz")))


def test_the_vocabulary_is_whole() -> None:
    vocabulary = read_vocabulary(resources.data("wordpiece.txt.gz"))
    assert len(vocabulary) == 30522
    assert (vocabulary["[PAD]"], vocabulary["[UNK]"], vocabulary["##～"]) == (0, 100, 30521)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        (
            "A court's ruling: scraping is lawful!",
            [1037, 2457, 1005, 1055, 6996, 1024, 23704, 2003, 26410, 999],
        ),
        # Accents go, typographic marks stand alone, endings are pieces.
        (
            "Café “Zürich” – naïve résumés",
            [7668, 1523, 10204, 1524, 1516, 15743, 13746, 2015],
        ),
        ("İstanbul ŁÓDŹ", [9960, 17814]),
        ("e\u0301\u0301 £$+=~", [1041, 1069, 1002, 1009, 1027, 1066]),
        ("unbelievabilities zzqxyzzy", [4895, 8671, 2666, 3567, 14680, 1062, 2480, 4160, 18037, 28753]),  # noqa: E501
        # Each ideograph is a word; kana are not.
        ("東京 は 雪", [1879, 1755, 1672, 100]),
        ("a\0b\u200bc\ufffdd\u00a0e\tf", [5925, 2094, 1041, 1042]),
        ("x" * 101, [100]),
        ("\U0001f680 launched", [100, 3390]),
        # Cut to twelve in all.
        ("GPT-5.2 beats 3,000 models", [14246, 2102, 1011, 1019, 1012, 1016, 10299, 1017, 1010, 2199]),  # noqa: E501
        (
            "one two three four five six seven eight nine ten eleven twelve",
            [2028, 2048, 2093, 2176, 2274, 2416, 2698, 2809, 3157, 2702],
        ),
    ],
)  # fmt: skip
def test_a_text_gets_the_numbers_of_the_reference(
    reader: WordPiece, text: str, numbers: list[int]
) -> None:
    assert reader.numbers(text, MOST) == [101, *numbers, 102]
