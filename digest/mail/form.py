"""The body of a letter, encoded once for all readers: literal bytes, and places between them.

Every literal is at once a piece of the MIME body, in DKIM's simple canonical form (RFC 6376,
3.4.3), and as SMTP puts it on the wire: lines end in CRLF and none begins with a dot. A place
stands between two soft line breaks (RFC 2045, 6.7, rule 5), so that what fills it cannot disturb
the lines around it:

    ...<a href=3D"=CRLF   https://example.org/u/...=CRLF   ">leave</a>...
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from html import escape
from itertools import groupby
from typing import Final, NamedTuple

from digest.domain.delivery import Letter, place
from digest.errors import DigestError
from digest.mail.encoding import (
    CRLF,
    boundary,
    encode_image_part,
    image_fingerprint,
    text_part_head,
)
from digest.mail.fields import Field, field

_SOFT: Final = b"=\r\n"
_SHORT: Final = 1024
_WIDTH: Final = 76  # RFC 2045, 6.7, rule 5
_PLAIN: Final = re.compile("[!#-%(-/:;?-~0-9]+")
"""What neither HTML nor quoted-printable writes in another way: most addresses and links."""
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Place(NamedTuple):
    """Where a reader's own field goes, in the HTML or in the text."""

    name: str
    html: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A reader's own fields with what stands between them: bytes with a %b for each place."""

    pattern: bytes
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """`head` are the header fields that belong to the body; `body` is what comes after them."""

    head: tuple[Field, ...]
    body: tuple[bytes | Run, ...]


Images = tuple[tuple[str, str, bytes], ...]


def form_of(letter: Letter) -> Form:
    """The form of a letter; made once for all letters with the same texts and images.

    The tree (RFC 2046, 2387): multipart/alternative holds text/plain first, then text/html, which
    sits in a multipart/related with its images where it has any. A letter without HTML is
    text/plain alone.
    """
    names = tuple(name for name, _ in letter.fields)
    return _form(letter.text, letter.html, letter.images, names)


def filled(form: Form, letter: Letter) -> list[bytes]:
    """The body of one reader's letter. Raises DigestError for a control character in a field."""
    own: dict[tuple[str, bool], bytes] = {}
    for name, value in letter.fields:
        if plain := _plain(value):
            own[name, False] = own[name, True] = plain
            continue
        if _CONTROL.search(value):
            raise DigestError(
                f"field {name}: {value[:80]!r} has a line break or control character",
                "take it out of the reader's address or of site.base_url",
            )
        in_text = own[name, False] = encode_field(value)
        if letter.html is not None:
            safe = escape(value)
            own[name, True] = in_text if safe == value else encode_field(safe)
    body = [
        piece
        if isinstance(piece, bytes)
        else piece.pattern % tuple([own[place] for place in piece.places])
        for piece in form.body
    ]
    if letter.html is None:
        # One line end and no empty line at the end: so DKIM's simple form is (RFC 6376, 3.4.3).
        return [b"".join(body).rstrip(CRLF) + CRLF]
    return body


def _plain(value: str) -> bytes | None:
    """What `encode_field` gives, in a tenth of its time; None where there is more to do."""
    if not _PLAIN.fullmatch(value) or len(value) % (_WIDTH - 1) == 1:
        return None
    lines = [value[i : i + _WIDTH - 1] for i in range(0, len(value), _WIDTH - 1)]
    if any(line.startswith(".") for line in lines):
        return None
    return "=\r\n".join(lines).encode("ascii") + _SOFT


def encode_field(value: str) -> bytes:
    """A reader's field in quoted-printable, with the soft break that ends it."""
    raw = binascii.b2a_qp(value.encode(), istext=False).replace(b"\n", CRLF)
    return _ended(_undotted(raw))


def encode_literal(text: str, *, last: bool) -> bytes:
    """Text in quoted-printable, UTF-8, lines of 76 or less, none with a dot at its beginning.

    Line ends of any kind become CRLF. Unless it is the `last` of its part, it ends at a line's
    beginning.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")
    raw = lines.encode("utf-8", "replace")
    body = binascii.b2a_qp(raw, istext=True)
    if CRLF not in raw:  # it takes the line end of its soft breaks from the text's own first one
        body = body.replace(b"\n", CRLF)
    body = _undotted(body)
    return body if last else _ended(body)


def _undotted(body: bytes) -> bytes:
    """No line begins with a dot, so none has to be doubled (RFC 5321, 4.5.2)."""
    if not body.startswith(b".") and b"\n." not in body:
        return body
    lines: list[bytes] = []
    for line in body.split(CRLF):
        rest = line
        while rest.startswith(b"."):
            longer = b"=2E" + rest[1:]
            if len(longer) <= _WIDTH:
                rest = longer
                break
            # The line grew too long: its first half becomes a line of its own.
            cut = _cut(longer, _WIDTH - 1)
            lines.append(longer[:cut] + b"=")
            rest = longer[cut:]
        lines.append(rest)
    return CRLF.join(lines)


def _ended(body: bytes) -> bytes:
    """The body up to the beginning of a line, with a soft break where it has none of its own."""
    if not body or body.endswith(CRLF):
        return body
    last = body.rpartition(CRLF)[2]
    if len(last) < _WIDTH:
        return body + _SOFT
    start = len(body) - len(last)
    cut = start + _cut(last, _WIDTH - 6)
    rest = body[cut:]
    if rest.startswith(b"."):
        rest = b"=2E" + rest[1:]
    return body[:cut] + _SOFT + rest + _SOFT


def _cut(line: bytes, at: int) -> int:
    """Where to break a line at `at` or before, but not inside an encoded byte such as =3D."""
    for back in (1, 2):
        if line[at - back : at - back + 1] == b"=":
            return at - back
    return at


@lru_cache(maxsize=32)
def _form(text: str, html: str | None, images: Images, names: tuple[str, ...]) -> Form:
    if html is None:
        return _alone(text, names)
    text_body = _pieces(text, names, html=False)
    html_body = _pieces(html, names, html=True)
    pictures = [encode_image_part(cid.strip("<>"), *rest) for cid, *rest in images]
    # They depend on nothing but what readers share: same form, same marks.
    marks = [sha256(text.encode("utf-8", "replace")).digest()]
    marks += [sha256(html.encode("utf-8", "replace")).digest()]
    marks += [image_fingerprint(picture) for picture in pictures]
    outer = boundary("alt", marks).encode()
    inner = boundary("rel", marks).encode()
    body: list[bytes | Place] = [b"--", outer, CRLF, text_part_head("plain"), *text_body]
    body += [CRLF, b"--", outer, CRLF]
    if pictures:
        body += [b'Content-Type: multipart/related; type="text/html";\r\n boundary="', inner]
        body += [b'"\r\n\r\n--', inner, CRLF]
    body += [text_part_head("html"), *html_body]
    for picture in pictures:
        body += [CRLF, b"--", inner, CRLF, picture]
    if pictures:
        body += [CRLF, b"--", inner, b"--"]
    body += [CRLF, b"--", outer, b"--\r\n"]
    kind = b'Content-Type: multipart/alternative;\r\n boundary="' + outer + b'"\r\n'
    return Form((field("Content-Type", kind),), _joined(body))


def _alone(text: str, names: tuple[str, ...]) -> Form:
    body = _pieces(text, names, html=False)
    kind, coding = text_part_head("plain").split(CRLF)[:2]
    head = (
        field("Content-Type", kind + CRLF),
        field("Content-Transfer-Encoding", coding + CRLF),
    )
    return Form(head, _joined(body))


def _pieces(text: str, names: tuple[str, ...], *, html: bool) -> list[bytes | Place]:
    if not names:
        return [encode_literal(text, last=True)]
    split = re.split(f"({'|'.join(re.escape(place(name)) for name in names)})", text)
    pieces: list[bytes | Place] = []
    for number, piece in enumerate(split):
        if number % 2:
            pieces.append(Place(piece.strip("@"), html))
        elif piece:
            pieces.append(encode_literal(piece, last=number == len(split) - 1))
    return pieces


def _joined(pieces: list[bytes | Place]) -> tuple[bytes | Run, ...]:
    """Few parts: neighbours as one, and what is short with the places beside it.

    To copy a few bytes costs less than to look at each by itself.
    """
    joined: list[bytes | Run] = []
    for literal, run in groupby(_literals_joined(pieces), _is_long):
        some = list(run)
        if literal:
            joined += [piece for piece in some if isinstance(piece, bytes)]
            continue
        pattern = b"".join(
            piece.replace(b"%", b"%%") if isinstance(piece, bytes) else b"%b" for piece in some
        )
        joined.append(Run(pattern, tuple(piece for piece in some if isinstance(piece, Place))))
    return tuple(joined)


def _literals_joined(pieces: list[bytes | Place]) -> list[bytes | Place]:
    joined: list[bytes | Place] = []
    for literal, run in groupby(pieces, lambda piece: isinstance(piece, bytes)):
        if literal:
            joined.append(b"".join(piece for piece in run if isinstance(piece, bytes)))
        else:
            joined.extend(run)
    return joined


def _is_long(piece: bytes | Place) -> bool:
    return isinstance(piece, bytes) and len(piece) >= _SHORT
