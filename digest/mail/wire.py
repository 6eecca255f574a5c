"""The message as it follows DATA: CRLF at every line end, each leading dot doubled, once.

A bare CR or LF must not go out (RFC 5321, 2.3.8): servers that take one for a line end can be made
to see two messages in one (CVE-2023-51764). Letters are built so that nothing is left to do: then
their parts are looked at, those that readers share only once, and go out as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from digest.mail.encoding import CRLF

_SHARED: Final = 4096
"""Parts of so many bytes are taken for shared, and what was seen in them is remembered."""

_APART: Final = b"\0"
"""What a CR and an LF of two neighbours would be hidden without; no mail has it."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A message ready to follow DATA; `size` in bytes. `ascii` and `ascii_head` are about 8BITMIME
    and SMTPUTF8: whether all of it, and whether its header, is ASCII.
    """

    parts: Sequence[bytes]
    size: int
    ascii: bool
    ascii_head: bool


def wire_parts(parts: Sequence[bytes]) -> Wire:
    """The parts of a message, made safe. Costs next to nothing for a letter of ours."""
    size = sum(map(len, parts))
    # What is a reader's own is looked at in one go.
    plain, ascii_ = _look(_APART.join([part for part in parts if len(part) < _SHARED]))
    for part in parts:
        if len(part) >= _SHARED:
            clean, seven = _looked_at(part)
            plain = plain and clean
            ascii_ = ascii_ and seven
    # A line end may lie between two parts only if it is whole, which `_look` has seen to.
    if not plain or not parts or not parts[-1].endswith(CRLF):
        body = wire_body(b"".join(parts))
        parts, size = (body,), len(body)
    if ascii_:
        return Wire(parts, size, ascii=True, ascii_head=True)
    head = b"".join(parts).partition(b"\r\n\r\n")[0]
    return Wire(parts, size, ascii=False, ascii_head=head.isascii())


def _look(part: bytes) -> tuple[bool, bool]:
    """Whether a part is as the wire wants it wherever it stands; whether it is ASCII."""
    ends = part.count(CRLF)
    plain = (
        ends == part.count(b"\n")
        and ends == part.count(b"\r")
        and not part.startswith(b".")
        and b"\n." not in part
        and b"\0." not in part
    )
    return plain, part.isascii()


_looked_at = lru_cache(maxsize=32)(_look)


def wire_body(data: bytes) -> bytes:
    """Any message as it follows DATA; the end-of-data line is not part of it."""
    ends = data.count(CRLF)
    if ends != data.count(b"\n") or ends != data.count(b"\r"):
        data = data.replace(CRLF, b"\n").replace(b"\r", b"\n").replace(b"\n", CRLF)
    if not data.endswith(CRLF):
        data += CRLF
    if data.startswith(b"."):
        data = b"." + data
    return data.replace(b"\r\n.", b"\r\n..")
