"""What came instead of a feed, in words that tell the operator what to do."""

from __future__ import annotations

import re
from typing import Final

from digest.ingest import clean

_HTML: Final = re.compile(
    # Possessive: comments could else be taken together in 2^n ways before it fails.
    rb"^(?>\s+|<!--.*?-->|<\?xml[^>]*\?>)*+<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_TITLE: Final = re.compile(rb"<title[^>]*>(.{1,200}?)</title>", re.IGNORECASE | re.DOTALL)
_ROOT: Final = re.compile(rb"<([A-Za-z][\w:.-]{0,60})[\s>/]")
_MAGIC: Final = (
    (b"\x1f\x8b", "gzip data without Content-Encoding: gzip"),
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"PK\x03\x04", "a ZIP file"),
)
_HEAD: Final = 4096


def is_html(body: bytes) -> bool:
    """Whether the document says that it is an HTML page."""
    return _HTML.match(body[:_HEAD]) is not None


def what_came(body: bytes, read: bytes | None = None) -> str:
    """The kind of document `body` is, for the end of "… came, not a feed".

    `read` is its text in UTF-8, where that was found.
    """
    magic = [name for start, name in _MAGIC if body.startswith(start)]
    if magic:
        return magic[0]
    bare = (body if read is None else read).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not bare:
        return "an empty document"
    if is_html(bare):
        title = _TITLE.search(bare[: 16 * _HEAD])
        said = clean.shorten(clean.text(title[1].decode("utf-8", "replace")), 60) if title else ""
        return f"an HTML page (“{said}”)" if said else "an HTML page"
    if bare[:1] in b"{[":
        known = b"jsonfeed.org/version" in bare[:_HEAD]
        return 'a JSON Feed (its source needs format = "jsonfeed")' if known else "JSON"
    if bare[:1] == b"<":
        root = _ROOT.search(bare[: 16 * _HEAD])
        return f"XML with the root <{root[1].decode()}>" if root else "broken XML"
    return "plain text"
