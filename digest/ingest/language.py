"""Which language a headline and its lead are in, told by script and by function words.

Made to find the odd entry in another language than its feed's, not to name all languages: where a
text is short or in doubt the feed's own word stands. Each language is known by words that the
others do not share; words of several ("die", "no", "en") count for each of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

_LEAST_LETTERS: Final = 20
_LEAST_WORDS: Final = 3
_FOREIGN_SHARE: Final = 0.4

_SCRIPTS: Final = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "CJK": "zh",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "HEBREW": "he",
    "GREEK": "el",
    "DEVANAGARI": "hi",
    "THAI": "th",
}
"""First word of a letter's Unicode name -> the language most written in it."""

_WORDS: Final = {
    "en": "the of and to in is for with that on as by from are this how its at it be an was "
    "what why will can has have not new your you we their about into after than more "
    "i do no so me if or all when",
    "de": "der die das und ist nicht ein eine einen mit auf für von den dem im zu sich als auch "
    "wie wird werden bei aus nach über wurde sind zum zur oder kann neue",
    "fr": "le la les des une est pour dans que qui sur avec par pas plus du au aux ce cette son "
    "ses leur sont ont été comment et nouveau nouvelle",
    "es": "el los las una es para con por que del al se su sus como más lo en y sobre este esta "
    "son ha han nuevo nueva desde",
    "it": "il lo gli una è per con che di del della dei delle nel nella sono più come anche da "
    "questo questa ha hanno nuovo nuova e",
    "pt": "o os as uma é para com por que do da dos das no na nos nas em se mais como são ao "
    "não sua seu foi novo nova e",
    "nl": "de het een van en is voor met op niet zijn dat die te aan ook als bij naar uit wordt "
    "door over maar nieuwe",
    "sv": "och att det som en på är av för med den till har inte ett om kan från nya ska",
    "pl": "i w na z się nie do jest to że o jak dla od po za oraz przez są być który nowy",
    "tr": "ve bir bu için ile da de olarak daha çok gibi olan yeni en kadar sonra nasıl",
}
_LANGUAGES: Final[dict[str, list[str]]] = {}
for _language, _said in _WORDS.items():
    for _word in _said.split():
        _LANGUAGES.setdefault(_word, []).append(_language)
_TOKEN: Final = re.compile(r"[^\W\d_]+")


def of(text: str, declared: str) -> str:
    """The language of a text (ISO 639-1), `declared` where there is too little to tell.

    Another language is named only when it has three function words or more and twice as many as
    the declared one, or when two letters in five are of another script.
    """
    known = declared.partition("-")[0].lower()
    letters = [char for char in text if char.isalpha()]
    if len(letters) < _LEAST_LETTERS:
        return declared
    foreign = Counter(_script(char) for char in letters if char > "\u024f")
    foreign.pop("", None)
    if sum(foreign.values()) >= _FOREIGN_SHARE * len(letters):
        if foreign["ja"]:
            return declared if known == "ja" else "ja"
        found = max(sorted(foreign), key=lambda name: foreign[name])
        # One script serves several languages: the feed's own word may be any of them.
        same = {"ru": {"uk", "bg", "sr"}, "ar": {"fa", "ur"}, "zh": {"ja", "ko"}}
        return declared if known in {found} | same.get(found, set()) else found
    counts = Counter(
        language for token in _TOKEN.findall(text.lower()) for language in _LANGUAGES.get(token, ())
    )
    if not counts:
        return declared
    best = max(sorted(counts), key=lambda name: counts[name])
    sure = counts[best] >= _LEAST_WORDS and counts[best] >= 2 * counts[known]
    return best if sure and known in _WORDS else declared


def _script(char: str) -> str:
    return _SCRIPTS.get(unicodedata.name(char, "").partition(" ")[0], "")
