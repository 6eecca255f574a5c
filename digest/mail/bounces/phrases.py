"""What servers say, as reasons.

A phrase that several reasons share belongs to the mildest: an address is called dead only in plain
words. The words themselves are in `words_alive`, `words_dead`, `words_report` and, for other
languages, `words_tongues`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from digest.domain.inbound import Reason
from digest.mail.bounces import words_alive, words_dead, words_tongues
from digest.mail.bounces.addresses import FOUND

_WHO: Final = (
    r"(?:user|recipient|receiver|mailbox|account|address|addressee|alias"
    r"|e-?mail address|e-?mail account)"
)


def any_of(lines: str) -> str:
    """A table of one regular expression a line as one expression."""
    each = [line.strip() for line in lines.split("\n")]
    return "(?:" + "|".join(line for line in each if line).replace("WHO", _WHO) + ")"


def _compiled(
    table: tuple[tuple[Reason, str], ...],
) -> tuple[tuple[Reason, re.Pattern[str]], ...]:
    return tuple((reason, re.compile(any_of(lines), re.IGNORECASE)) for reason, lines in table)


_MILD: Final = _compiled(((Reason.MAILBOX_FULL, words_tongues.FULL), *words_alive.MILD))
_FINAL: Final = _compiled((*words_dead.DEAD_WORDS, (Reason.USER_UNKNOWN, words_tongues.DEAD)))
_OTHER: Final = _compiled(words_alive.REST)
_DIRECTORY: Final = re.compile(any_of(words_dead.DIRECTORY), re.IGNORECASE)
_SENDER: Final = re.compile(
    any_of(words_alive.ABOUT_SENDER + words_tongues.ABOUT_SENDER), re.IGNORECASE
)


_US: Final = re.compile(any_of(words_alive.ABOUT_US + words_tongues.ABOUT_US), re.IGNORECASE)
_FOLD: Final = re.compile(r"[ \t]*\n[ \t]+")
_CODES: Final = re.compile(r"(?<=\s)[45]\d\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3}\s)?")
_AROUND: Final = re.compile(r"[\[<({\"']*\s?@\s?[\])>}\"':]*")
_MARKS: Final = re.compile(r"[_*\s]+")


def bare(words: str) -> str:
    """The same without addresses, folds, codes amid a line, and marks between words.

    So that "User [a@example.org] does not exist", "MAILBOX_NOT_FOUND" and a reply over several
    lines are what they say.
    """
    text = _CODES.sub("", _FOLD.sub(" ", words))
    text = _AROUND.sub(" ", FOUND.sub("@", text))
    return "\n".join(_MARKS.sub(" ", line) for line in text.split("\n"))


@lru_cache(maxsize=64)
def mild(words: str) -> Reason | None:
    """A reason that leaves the address alive and is said in words of its own."""
    return _first(_MILD, words)


@lru_cache(maxsize=64)
def final(words: str) -> Reason | None:
    """A reason for which the address is dead, if the words say so."""
    return _first(_FINAL, words)


def other(words: str) -> Reason | None:
    """What is left: trouble on the way, or an objection in general words."""
    return _first(_OTHER, words)


def first_hand(words: str) -> bool:
    """Whether an unknown user is said by who knows, so that it matters not when."""
    return _DIRECTORY.search(words) is not None


def about_sender(reply: str, words: str) -> bool:
    """Whether a server's reply objects to the sender or, where there is none, the words do."""
    if reply:
        return bool(_SENDER.search(reply) or _US.search(reply))
    return _SENDER.search(words) is not None


def _first(table: tuple[tuple[Reason, re.Pattern[str]], ...], words: str) -> Reason | None:
    both = f"{words}\n{bare(words)}"
    return next((reason for reason, pattern in table if pattern.search(both)), None)
