"""A message taken apart leniently: fields, parts, text. Nothing that arrives makes it raise.

The standard library's parser is stricter than the mail that comes in (its newest policy raises on
real reports) and recursive; this one reads line by line, in time linear in the message's size,
and stops at a depth and a number of parts that no honest report has.
"""

from __future__ import annotations

import binascii
import html
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.header import decode_header
from functools import cached_property
from typing import Final

MAX_BYTES: Final = 1_000_000
"""What is read of a message; a report says what it has to say long before."""
MAX_DEPTH: Final = 6
MAX_PARTS: Final = 60
MAX_FIELD: Final = 4_000
"""Characters kept of a field's value."""

_NO_CHARSETS: Final = frozenset(
    ("punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined")
)
"""Codecs of Python that are no character set; the first takes time in the square of the length."""
_FIELD: Final = re.compile(r"([!-9;-~]{1,76})[ \t]*:[ \t]*(.*)", re.DOTALL)
_PARAMETER: Final = re.compile(r';\s*([\w-]+)\*?\s*=\s*("[^"]*"|[^;\s]*)')
_TAGS: Final = re.compile(r"<(?:br|/p|/div|/tr|/h\d|/li)\b[^<>]{0,200}>", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"<(style|script|title)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_MAILTO: Final = re.compile(
    r"<a\b[^<>]{0,200}?\bhref=[\"']?mailto:([^\"'?<>\s]{3,320}+)[^<>]{0,300}+>(?=([^<]{0,200}+))",
    re.IGNORECASE,
)
"""A link to an address, and its words: an address behind a name is shown beside it."""
_TAG: Final = re.compile(r"</?[a-zA-Z!][^<>@]{0,2000}>")


@dataclass(frozen=True)
class Part:
    """A message or a part of one: its fields (lower-case name -> values) and its body."""

    fields: dict[str, list[str]]
    body: bytes
    parts: tuple[Part, ...] = field(default=())

    def get(self, name: str) -> str:
        """The first field of a name, unfolded, or an empty string."""
        values = self.fields.get(name)
        return values[0] if values else ""

    @cached_property
    def kind(self) -> str:
        """The media type in lower case, text/plain where none is given."""
        said = self.get("content-type").partition(";")[0].strip().lower()
        return said if re.fullmatch(r"[\w.+-]+/[\w.+-]+", said) else "text/plain"

    def parameter(self, name: str) -> str:
        """A parameter of Content-Type."""
        for key, value in _PARAMETER.findall(";" + self.get("content-type").partition(";")[2]):
            if key.lower() == name:
                return str(value).strip('"')
        return ""

    @cached_property
    def text(self) -> str:
        """The body decoded, markup taken off where it is HTML."""
        text = decoded(self.body, self.get("content-transfer-encoding"), self.parameter("charset"))
        return plain_text(text) if self.kind == "text/html" else text

    def walk(self) -> Iterator[Part]:
        """This part and all in it, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse(raw: bytes) -> Part:
    """The message in parts. CR, LF and CRLF end a line alike."""
    lines = _lines(raw[:MAX_BYTES])
    if lines and lines[0].startswith((b"From ", b">From ")):
        del lines[0]  # an mbox's separator
    return _part(lines, 0, [MAX_PARTS])


def _lines(raw: bytes) -> list[bytes]:
    """The lines; several CR before a LF are one line end, as careless servers make them."""
    *whole, last = raw.split(b"\n")
    ended = [line.rstrip(b"\r") for line in whole]
    return [each for line in [*ended, last] for each in line.split(b"\r")]


def _part(lines: list[bytes], depth: int, left: list[int]) -> Part:
    fields, body = _head(lines)
    part = Part(fields, b"\n".join(body))
    if depth >= MAX_DEPTH:
        return part
    if part.kind.startswith("multipart/"):
        mark = part.parameter("boundary").encode("latin-1", "replace")
        inner = list(_between(body, b"--" + mark, left)) if mark else []
        if inner:
            found = tuple(_part(each, depth + 1, left) for each in inner)
            return Part(fields, part.body, found)
    elif (
        part.kind in {"message/rfc822", "message/global", "message/partial"}
        and "base64" not in part.get("content-transfer-encoding").lower()
    ):
        start = next((i for i, line in enumerate(body) if line.strip()), len(body))
        return Part(fields, part.body, (_part(body[start:], depth + 1, left),))
    return part


def _between(lines: list[bytes], mark: bytes, left: list[int]) -> Iterator[list[bytes]]:
    """The lines of each part; a missing last mark ends with the message."""
    current: list[bytes] | None = None
    for line in lines:
        if line.startswith(mark):
            rest = line[len(mark) :].strip()
            if rest in {b"", b"--"}:
                if current is not None:
                    yield current
                if rest or left[0] <= 0:
                    return
                left[0] -= 1
                current = []
                continue
        if current is not None:
            current.append(line)
    if current is not None:
        yield current


def _head(lines: list[bytes]) -> tuple[dict[str, list[str]], list[bytes]]:
    """The fields and the lines after them."""
    fields: dict[str, list[str]] = {}
    values: list[str] | None = None
    for index, line in enumerate(lines):
        text = line.decode("utf-8", "replace")
        if not text.strip():
            return fields, lines[index + 1 :]
        if text[0] in " \t":
            if values is not None and len(values[-1]) < MAX_FIELD:
                values[-1] += " " + text.strip()
            continue
        found = _FIELD.match(text)
        if not found:
            # No field and no blank line: the body has begun, as some servers do it.
            if fields:
                return fields, lines[index:]
            continue
        values = fields.setdefault(found[1].lower(), [])
        values.append(found[2].strip()[:MAX_FIELD])
    return fields, []


def fields_of(text: str) -> dict[str, list[str]]:
    """The fields at the head of a text (the quoted head of a letter)."""
    return _head([line.encode("utf-8", "replace") for line in text.split("\n")])[0]


def decoded(body: bytes, encoding: str, charset: str) -> str:
    """Bytes as text; a wrong encoding or an unknown charset gives replacement characters."""
    how = encoding.strip().lower()
    try:
        if how == "base64":
            body = binascii.a2b_base64(re.sub(rb"[^A-Za-z0-9+/=]", b"", body))
        elif how == "quoted-printable":
            body = quopri.decodestring(body)
    except (ValueError, binascii.Error):
        pass
    return _text(body, charset).replace("\r\n", "\n").replace("\r", "\n")


def _text(raw: bytes, charset: str) -> str:
    """Bytes as text that can be encoded again: some codecs give lone surrogates."""
    name = charset.strip().lower().replace("-", "_") or "utf_8"
    if name in _NO_CHARSETS:
        name = "utf_8"
    try:
        text = raw.decode(name, "replace")
    except (LookupError, ValueError, AssertionError):
        text = raw.decode("utf-8", "replace")
    return text.encode("utf-8", "replace").decode("utf-8")


def plain_text(page: str) -> str:
    """A page as lines of text."""
    text = _UNSEEN.sub(" ", page) if page.lower().count("<style") < MAX_PARTS else page
    text = _MAILTO.sub(lambda found: "" if "@" in found[2] else f"{found[1]} ", text)
    return html.unescape(_TAG.sub(" ", _TAGS.sub("\n", text))).replace("\xa0", " ")


def unencoded(value: str) -> str:
    """A field's value with its encoded words (RFC 2047) read, in one line."""
    if "=?" not in value:
        return value
    try:
        pieces = [
            _text(piece, charset or "latin-1") if isinstance(piece, bytes) else piece
            for piece, charset in decode_header(value.encode("ascii", "replace").decode())
        ]
    except (HeaderParseError, LookupError, ValueError, AssertionError):
        return value
    return " ".join("".join(pieces).split())
