"""Addresses as they stand in reports: in angle brackets, quoted, with a type before them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_WORD: Final = "A-Za-z0-9_\u00c0-\u024f"
"""Latin letters: scripts without blanks between words run into the address."""
_ATOM: Final = rf"[{_WORD}!#$%&'*+/=?^`{{|}}~-]"
FOUND: Final = re.compile(
    rf"(?<![{_WORD}.@])((?:\"[^\"\s@<>]{{1,64}}\"|{_ATOM}[{_WORD}.!#$%&'*+/=?^`{{|}}~-]{{0,127}})"
    rf"@[{_WORD}](?:[{_WORD}.-]{{0,250}}[{_WORD}])?)",
)
"""An address in running text. It begins where no word does, so that the search stays linear."""

_IN_FIELD: Final = re.compile(r"<([^<>\s]{1,320}@[^<>\s]{1,255})>")
_ODD: Final = re.compile(r"[^\s@<>/|]{1,64}@[^\s@<>/|]{1,255}")
_DAEMON: Final = re.compile(
    r"(mailer-daemon|mail-daemon|mailerdaemon|postmaster|poostmaster|mail\.delivery\.system"
    r"|no-?reply|do-?not-?reply|abuse|fbl|feedback|bounces?|noreply)@",
    re.IGNORECASE,
)


def in_text(text: str) -> list[str]:
    """All addresses of a text, in order, without what punctuation glued to them."""
    return [clean(each) for each in FOUND.findall(text)]


def in_field(value: str) -> list[str]:
    """The addresses of a field such as To; those in angle brackets, else the bare ones."""
    return [clean(each) for each in _IN_FIELD.findall(value)] or in_text(value)


def typed(value: str) -> str:
    """The address of ``rfc822; name@example.org`` (RFC 3464, 2.3.1); empty when there is none."""
    kind, mark, rest = value.partition(";")
    if not mark:
        rest = kind
    found = in_field(rest.strip())
    if found:
        return found[0]
    # What a server calls a recipient is one, be it ever so odd ("ada@#example.org").
    odd = _ODD.fullmatch(rest.strip().strip("<>"))
    return odd[0] if odd else ""


def clean(address: str) -> str:
    """The address without brackets, quotes around the whole and dots at its end."""
    return address.strip().strip("<>").rstrip(".").removeprefix("'").removesuffix("'")


def same(one: str, other: str) -> bool:
    """Whether two spellings are one address, case aside."""
    return one.casefold() == other.casefold()


def unique(found: Iterable[str]) -> list[str]:
    """In order, each once, case aside."""
    kept: dict[str, str] = {}
    for each in found:
        if each:
            kept.setdefault(each.casefold(), each)
    return list(kept.values())


def is_daemon(address: str) -> bool:
    """Whether it is one of the names under which servers write, and nobody reads a letter."""
    return _DAEMON.match(address) is not None
