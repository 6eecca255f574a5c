"""What characters a feed's bytes are (XML 1.0, appendix F; RFC 7303; WHATWG Encoding).

A feed is read in the charset it is in, whatever it says: servers and generators get it wrong.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

_DECLARED: Final = re.compile(r"^\ufeff?\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_DECLARATION: Final = re.compile(r"^\ufeff?\s*<\?xml[^>]*\?>")
_HEADER: Final = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML 1.0 has no place for (section 2.2)."""

_HEAD: Final = 1000
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
)
_WIDE: Final = (
    (re.compile(rb"<\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0<\0[^\0]"), "utf-16-be"),
)
_EBCDIC: Final = (b"Lo\xa7\x94", "cp037")
"""`<?xm` in every EBCDIC code page; the declaration, readable in any of them, says which."""


def text(body: bytes, content_type: str) -> str:
    """The feed's text without XML declaration, byte order mark and characters that XML forbids.

    Valid UTF-8 is UTF-8, whatever is declared. Else the first bytes, the document's declaration and
    the header decide, in this order; where that is UTF-8 all the same, the bytes that are not are
    windows-1252.
    """
    wide = _wide(body)
    if wide:
        decoded = body.decode(wide, "replace")
    elif body.startswith(_EBCDIC[0]):
        declared = _DECLARED.match(body[:_HEAD].decode(_EBCDIC[1]))
        decoded = _decode(body, declared[1] if declared else "", otherwise=_EBCDIC[1])
    else:
        try:
            decoded = body.decode("utf-8")
        except UnicodeDecodeError:
            declared = _DECLARED.match(body[:_HEAD].decode("latin-1").removeprefix("ï»¿"))
            said = declared or _HEADER.search(content_type)
            decoded = _decode(body, said[1] if said else "utf-8")
    decoded = _DECLARATION.sub("", decoded, count=1).lstrip("\ufeff \t\r\n")
    return _NO_XML.sub("", decoded)


def _wide(body: bytes) -> str:
    """The codec of two or four bytes a character, "" for others."""
    for start, name in _MARKS:
        if body.startswith(start):
            return name
    return next((name for pattern, name in _WIDE if pattern.match(body)), "")


def _decode(body: bytes, name: str, otherwise: str = "") -> str:
    if name.lower() in {"iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii"}:
        name = "windows-1252"  # as browsers read them (WHATWG Encoding, 4.2)
    if name.lower().replace("_", "-") not in {"utf-8", "utf8"}:
        try:
            decoded = body.decode(name, "replace")
        except (LookupError, ValueError):
            decoded = ""  # no charset, or a codec that makes no text, such as rot13
        if "<" in decoded:  # else it is not what it says: UTF-16 declared, one byte a character
            return decoded
    return body.decode(otherwise, "replace") if otherwise else body.decode("utf-8", _MIXED)


def _windows(error: UnicodeError) -> tuple[str, int]:
    """The bytes that are no UTF-8, as windows-1252. A handler, so that decoding stays linear."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_MIXED: Final = "digest-utf-8-or-windows-1252"
codecs.register_error(_MIXED, _windows)
