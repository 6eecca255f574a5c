"""Texts as WordPiece numbers, as BERT's uncased English models were trained to read them.

Source: Devlin et al., arXiv:1810.04805, and the reference tokenizer of google-research/bert
(Apache-2.0). Lower case without accents, split at blanks and punctuation, each word taken apart
greedily into the longest pieces of the vocabulary.
"""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

_LONGEST_WORD: Final = 100
_ASCII_MARKS: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_CONTROLS: Final = frozenset(("Cc", "Cf", "Co", "Cs"))
_IDEOGRAPHS: Final = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


def read_vocabulary(file: Path) -> dict[str, int]:
    """Piece -> number, of a gzipped file with a piece a line."""
    lines = gzip.decompress(file.read_bytes()).decode("utf-8").split("\n")
    return {piece: number for number, piece in enumerate(lines) if piece}


class WordPiece:
    """Turns text into numbers of pieces, the marks for its beginning and end included."""

    def __init__(self, vocabulary: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._begin, self._end = vocabulary["[CLS]"], vocabulary["[SEP]"]
        self._unknown = vocabulary["[UNK]"]
        self._pieces = lru_cache(maxsize=20_000)(self._take_apart)

    def numbers(self, text: str, most: int) -> list[int]:
        """The text's numbers, cut to `most` in all (3 or more)."""
        found = [self._begin]
        for word in _words(text):
            found += self._pieces(word)
            if len(found) >= most:
                break
        return [*found[: most - 1], self._end]

    def _take_apart(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = ("##" if start else "") + word[start:end]
                if piece in self._vocabulary:
                    found.append(self._vocabulary[piece])
                    start = end
                    break
            else:
                return (self._unknown,)
        return tuple(found)


def _words(text: str) -> Iterator[str]:
    for word in _clean(text).split():
        bare = "".join(
            c for c in unicodedata.normalize("NFD", word.lower()) if unicodedata.category(c) != "Mn"
        )
        start = 0
        for at, char in enumerate(bare):
            if _is_mark(char):
                if at > start:
                    yield bare[start:at]
                yield char
                start = at + 1
        if start < len(bare):
            yield bare[start:]


def _clean(text: str) -> str:
    return "".join(
        " " if c.isspace() else f" {c} " if _is_ideograph(c) else c
        for c in text
        if c in "\t\n\r" or not (c in "\0\ufffd" or unicodedata.category(c) in _CONTROLS)
    )


def _is_ideograph(char: str) -> bool:
    point = ord(char)
    return point >= _IDEOGRAPHS[1][0] and any(low <= point <= high for low, high in _IDEOGRAPHS)


def _is_mark(char: str) -> bool:
    return char in _ASCII_MARKS or (
        not char.isascii() and unicodedata.category(char).startswith("P")
    )
