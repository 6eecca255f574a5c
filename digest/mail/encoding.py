"""The bytes of mail: header fields, body parts, addresses on the wire. Pure functions, no clock.

What may be used again is cached: an image is base64-encoded once, however many readers get it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from email.header import Header
from functools import lru_cache
from hashlib import sha256

import idna

from digest.errors import DigestError, UsageError

CRLF = b"\r\n"
_WIDTH = 78  # RFC 5322, 2.1.1: lines should have 78 characters or less

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_FIELD_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322, 3.6.8
_PLAIN_PHRASE = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]+", re.ASCII)
_LONG_WORD = re.compile(r"[^ ]{61}")  # no room to fold, so an encoded word cuts it
_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~\u00a1-\U0010ffff-]+", re.ASCII)  # RFC 5322, 6531
_QUOTED_LOCAL = re.compile(r'"(?:[^"\\]|\\.)+"')
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?|\[[\w.:]+\]", re.ASCII)
_ADDRESS_BAD = re.compile("[\x00-\x20\x7f-\xa0<>\u2028\u2029\ud800-\udfff]")
_ADDRESS_OCTETS = 254  # RFC 5321, 4.5.3.1.3: a path has 256 octets with its angle brackets


# --- addresses ---------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def wire_address(address: str) -> str:
    """The address as it goes into an envelope and a header: its domain in ASCII (IDNA 2008).

    A local part outside ASCII stays as it is; it needs a server with SMTPUTF8 (RFC 6531).
    Idempotent. Raises UsageError for what cannot be an address, among them every address with a
    control character, a space or an angle bracket: servers read such ones in more ways than one.
    """
    local, at, domain = address.rpartition("@")
    if _ADDRESS_BAD.search(address) or not at:
        raise _no_address(address)
    if not (_LOCAL.fullmatch(local) or _QUOTED_LOCAL.fullmatch(local)):
        raise _no_address(address)
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as fault:
            raise _no_address(address) from fault
    if not _DOMAIN.fullmatch(domain):
        raise _no_address(address)
    wire = f"{local}@{domain}"
    if len(wire.encode()) > _ADDRESS_OCTETS:
        raise _no_address(address)
    return wire


def _no_address(address: str) -> UsageError:
    return UsageError(
        f"{address[:80]!r} is no address that mail can be sent to",
        "write it as name@example.org, without spaces, angle brackets or a display name",
    )


# --- header fields -----------------------------------------------------------------------------


@lru_cache(maxsize=256)
def text_field(name: str, value: str) -> bytes:
    """An unstructured header field such as Subject, with its CRLF.

    ASCII stays readable, folded at 78; the rest becomes encoded words (RFC 2047). Raises
    DigestError for a control character or line break in the value.
    """
    _refuse_breaks(name, value)
    value = value.strip(" ")
    if value.isascii() and "=?" not in value and not _LONG_WORD.search(value):
        return folded(name, value)
    return _field(name, _encoded_words(name, value))


def verbatim_field(name: str, value: str) -> bytes:
    """A header field that is never encoded, such as List-Unsubscribe, with its CRLF.

    Folded between its words only, so that a URL stays in one piece. Raises DigestError for a
    character outside printable ASCII.
    """
    _refuse_breaks(name, value)
    if not value.isascii():
        raise DigestError(
            f"header {name}: {value[:80]!r} has characters outside ASCII",
            "write such characters of a URL in percent-encoding",
        )
    return folded(name, value.strip(" "))


def address_field(name: str, display: str, address: str) -> bytes:
    """A header field with one address, such as From, with its CRLF.

    `address` is one of `wire_address`. Raises DigestError for a line break in `display`.
    """
    _refuse_breaks(name, display)
    display = display.strip(" ")
    if not display:
        return _field(name, address)
    return _phrase_field(name, display, f"<{address}>")


def list_id_field(name: str, value: str) -> bytes:
    """List-Id (RFC 2919): a phrase and a name in angle brackets, with its CRLF.

    Raises DigestError for a line break, or for a name outside ASCII.
    """
    phrase, bracket, rest = value.rpartition("<")
    if value.isascii() or not bracket or not rest.isascii():
        return verbatim_field(name, value)
    _refuse_breaks(name, value)
    return _phrase_field(name, phrase.strip(' "'), f"<{rest.strip()}")


@lru_cache(maxsize=64)
def check_name(name: str) -> None:
    """Raise DigestError for what is no name of a header field."""
    if not _FIELD_NAME.fullmatch(name):
        raise DigestError(f"{name[:80]!r} is no name of a header field", "see RFC 5322, 3.6.8")


def _refuse_breaks(name: str, value: str) -> None:
    check_name(name)
    if _FORBIDDEN.search(value):
        raise DigestError(
            f"header {name}: {value[:80]!r} has a line break or control character",
            "take it out where the value comes from: a setting, a card's title or a feed's",
        )


def folded(name: str, value: str) -> bytes:
    """A field of ASCII words, broken between them where a line has more than 78 characters."""
    if len(name) + 2 + len(value) <= _WIDTH:
        return f"{name}: {value}\r\n".encode("ascii")
    line, *words = f"{name}: {value}".split(" ")
    done: list[str] = []
    for number, word in enumerate(words):
        # Never before the first word (an empty first line is read badly by some) or a space.
        if number and word and len(line) + 1 + len(word) > _WIDTH:
            done.append(line)
            line = ""
        line = f"{line} {word}"
    return "\r\n".join([*done, line, ""]).encode("ascii")


def _field(name: str, value: str) -> bytes:
    return f"{name}: {value}\r\n".encode()


def _encoded_words(name: str, value: str) -> str:
    words = Header(value, "utf-8", maxlinelen=76, header_name=name)
    return words.encode(linesep="\r\n", maxlinelen=76)


def _phrase_field(name: str, phrase: str, bracket: str) -> bytes:
    if not phrase.isascii() or "=?" in phrase or _LONG_WORD.search(phrase):
        phrase = _encoded_words(name, phrase)
    elif not _PLAIN_PHRASE.fullmatch(phrase):
        phrase = '"' + re.sub(r'(["\\])', r"\\\1", phrase) + '"'
    start = f"{name}: {phrase}"
    last = start.rpartition("\r\n")[2]
    gap = " " if len(last) + 1 + len(bracket) <= _WIDTH else "\r\n "
    return f"{start}{gap}{bracket}\r\n".encode()


# --- body parts --------------------------------------------------------------------------------


def text_part_head(subtype: str) -> bytes:
    """The header of a text part, with its empty line: UTF-8, quoted-printable (RFC 2045).

    Always UTF-8: Gmail clips iso-8859-1 at any size.
    """
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode("ascii")


@lru_cache(maxsize=48)
def encode_image_part(content_id: str, filename: str, png: bytes) -> bytes:
    """An inline PNG with its own header: base64 in lines of 76, `Content-ID: <...>` (RFC 2392).

    `content_id` is name.date@domain, without angle brackets. Raises DigestError when it or the
    file name has characters that a header cannot carry as they are.
    """
    if not re.fullmatch(r"[\w.!#$%&'*+/=^`{|}~-]+@[\w.-]+", content_id, re.ASCII):
        raise DigestError(
            f"{content_id[:80]!r} is no Content-ID", "it has the form name.date@example.org"
        )
    if not re.fullmatch(r"[\w.+-]{1,60}", filename, re.ASCII):
        raise DigestError(
            f"{filename[:80]!r} cannot name an image in a letter",
            "use at most 60 letters, digits, dots and hyphens",
        )
    return (
        "Content-Type: image/png\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{content_id}>\r\n"
        f'Content-Disposition: inline; filename="{filename}"\r\n\r\n'
    ).encode("ascii") + base64.encodebytes(png).rstrip(b"\n").replace(b"\n", CRLF)


@lru_cache(maxsize=48)
def image_fingerprint(part: bytes) -> bytes:
    """SHA-256 of an encoded image, taken once."""
    return sha256(part).digest()


def boundary(kind: str, fingerprints: Sequence[bytes]) -> str:
    """A MIME boundary that depends on nothing but the content: same letter, same bytes.

    It starts with ``=_``, which neither quoted-printable nor base64 can write (RFC 2045, 6.7), so
    it cannot occur in any part.
    """
    return f"=_{kind}_{sha256(b''.join(fingerprints)).hexdigest()[:32]}"
