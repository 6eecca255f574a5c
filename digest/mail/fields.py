"""A header field ready for a letter: its bytes, looked over, and DKIM's canonical form of them.

Most fields of a letter are the same for every reader: they are made, looked over and brought into
canonical form once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from digest.errors import DigestError
from digest.mail.encoding import CRLF, folded

_PLAIN_WIDTH: Final = 900  # no line of it can come near the 998 of RFC 5322
_WORDS: Final = re.compile("[!-~]+(?: [!-~]+)*")
_HARD_WIDTH: Final = 998  # RFC 5322, 2.1.1: lines must have 998 octets or less
_FIELD_LINE: Final = re.compile(rb"([!-9;-~]+):(?: [\x20-\x7e\x80-\xff]*)?")
_FOLDED_LINE: Final = re.compile(rb" [\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff]")
_ONE_FIELD: Final = re.compile(
    _FIELD_LINE.pattern + rb"\r\n(?:" + _FOLDED_LINE.pattern + rb"\r\n)*"
)
_SPACE: Final = re.compile(rb"[ \t]+")


class Field(NamedTuple):
    """A field by name, as it is written (with its CRLF), and in relaxed form (with one, too)."""

    name: str
    raw: bytes
    canonical: bytes


def plain_field(name: str, value: str) -> Field | None:
    """A field of ASCII words with a space between two; None where the value is none such.

    Nothing in it can end the field, and its relaxed form is the value itself: so it takes a third
    of the time of `field`. Three fields of a letter are made anew for each reader.
    """
    if len(value) > _PLAIN_WIDTH or not _WORDS.fullmatch(value):
        return None
    return Field(name, folded(name, value), f"{name.lower()}:{value}\r\n".encode("ascii"))


def field(name: str, raw: bytes) -> Field:
    """A field, once its bytes are sure to hold it and nothing more. Raises as `scan_fields`."""
    one = _ONE_FIELD.fullmatch(raw)
    if one is None or len(raw) > _HARD_WIDTH or one[1] != name.encode():
        scan_fields(raw, [name])
    return Field(name, raw, relaxed(raw) + CRLF)


def relaxed(raw: bytes) -> bytes:
    """A header field in relaxed form (RFC 6376, 3.4.2), without a CRLF at its end."""
    name, _, value = raw.replace(CRLF, b"").partition(b":")
    return name.rstrip().lower() + b":" + _SPACE.sub(b" ", value).strip(b" ")


def scan_fields(head: bytes, names: Sequence[str]) -> bytes:
    """`head` itself, once it is sure to hold the fields `names` in that order, and nothing more.

    The last lock against header injection: it looks at the final bytes (CVE-2024-6923 is how the
    standard library once let a line break through). Raises DigestError for a bare CR or LF, a
    control character, a line of more than 998 octets, an empty line, a missing or added field.
    """
    lines = head.split(CRLF)
    if lines.pop():
        raise _broken("the header does not end in CRLF")
    found: list[str] = []
    for line in lines:
        if len(line) > _HARD_WIDTH:
            raise _broken(f"a line of {len(line)} octets: {line[:60]!r}...")
        if begun := _FIELD_LINE.fullmatch(line):
            found.append(begun[1].decode("ascii"))
        elif not found or not _FOLDED_LINE.fullmatch(line):
            raise _broken(f"a control character or a stray line: {line[:80]!r}")
    if found != list(names):
        raise _broken(f"the fields {', '.join(found)} in place of {', '.join(names)}")
    return head


def _broken(what: str) -> DigestError:
    return DigestError(
        f"the letter's header is broken: {what}",
        "look for a line break in site.title, mail.from_name or an edition's subject",
    )
