"""RSS 0.9x, 1.0, 2.0 and Atom by feedparser, from bytes, leniently.

feedparser's own sanitiser is off: every text goes through `clean`, which keeps no markup at all.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin

import feedparser

from digest.domain.story import Source
from digest.ingest import charset, dates, sniff, urls
from digest.ingest.entries import Item, Parsed, entries
from digest.ingest.faults import FeedError

_CLOSED: Final = re.compile(rb"</(?:[\w-]+:)?(?:rss|feed|rdf|channel)\s*(?:>|\Z)", re.IGNORECASE)
_TTL: Final = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>")
_SKIP: Final = re.compile(rb"<skipHours>(.{0,2000}?)</skipHours>", re.DOTALL)
_SKIP_DAYS: Final = re.compile(rb"<skipDays>(.{0,1000}?)</skipDays>", re.DOTALL)
_DAY: Final = re.compile(rb"<day>\s*([A-Za-z]{6,9})\s*</day>")
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOUR: Final = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>")
_BARE: Final = re.compile(r"&(?!#?\w{1,31};)|&#(x[0-9a-fA-F]{1,30}|[0-9]{1,31});")
_SURROGATES: Final = range(0xD800, 0xE000)
_LAST_CHARACTER: Final = 0x10FFFF
_CDATA: Final = "<![CDATA["
_XML: Final = b"<?xml version='1.0' encoding='utf-8'?>"
_MOST_ITEMS: Final = 5000
_CHANNEL: Final = 100_000
_REVISED: Final = ("replace", "replace-cross")
_ARXIV_ERROR: Final = "arxiv.org/api/errors"


def parse(body: bytes, source: Source, url: str, content_type: str, now: datetime) -> Parsed:
    """Read a feed that came from `url`. Raises FeedError where it is none.

    A feed that is not well formed is read as far as it goes; the last entry of one that breaks
    off is left out, as half of it may be missing.
    """
    came = body
    read = charset.text(body, content_type)
    bare = read.encode()
    if sniff.is_html(bare) or not bare.strip():
        raise FeedError(f"{sniff.what_came(came, bare)} came, not a feed")
    body = _XML + _escaped(read).encode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = feedparser.parse(  # type: ignore[attr-defined, no-untyped-call]
            body,
            response_headers={"content-type": "application/xml"},
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    raw = found.entries[:_MOST_ITEMS]
    if not raw and not found.version:
        raise FeedError(f"{sniff.what_came(came, bare)} came, not a feed")
    whole = _CLOSED.search(body[-2000:]) is not None
    if not whole:
        raw = raw[:-1]
        if not raw:
            raise FeedError(f"the feed breaks off after {len(body)} bytes, before its first entry")
    if source.format == "arxiv-api" and raw and _ARXIV_ERROR in _text(raw[0], "id"):
        raise FeedError(f"arXiv answered: {_text(raw[0], 'summary')[:200]}")
    ttl = _TTL.search(body[:_CHANNEL])
    skip = _SKIP.search(body[:_CHANNEL])
    hours = {int(hour) % 24 for hour in _HOUR.findall(skip[1])} if skip else set()
    skip = _SKIP_DAYS.search(body[:_CHANNEL])
    days = {day.decode().lower() for day in _DAY.findall(skip[1])} if skip else set()
    return Parsed(
        entries(_items(raw, source, url), source, now, (_text(found.feed, "title"),)),
        items=len(raw),
        ttl_s=int(ttl[1]) * 60.0 if ttl else 0.0,
        skip_hours=sum(1 << hour for hour in hours),
        skip_days=sum(1 << number for number, day in enumerate(_DAYS) if day in days),
        whole=whole,
    )


def _escaped(text: str) -> str:
    """Each bare & escaped and each number of no character replaced, but in CDATA.

    feedparser would fail over the latter. Piece by piece: linear also where no CDATA ends.
    """
    outside, *sections = text.split(_CDATA)
    pieces = [_BARE.sub(_reference, outside)]
    for section in sections:
        inside, end, outside = section.partition("]]>")
        pieces += [_CDATA, inside, end, _BARE.sub(_reference, outside)]
    return "".join(pieces)


def _reference(found: re.Match[str]) -> str:
    if found[1] is None:
        return "&amp;"
    number = int(found[1][1:], 16) if found[1][0] == "x" else int(found[1])
    return found[0] if 0 < number <= _LAST_CHARACTER and number not in _SURROGATES else "\ufffd"


def _items(raw: list[Any], source: Source, base: str) -> Iterator[Item]:
    for entry in raw:
        if _text(entry, "arxiv_announce_type") in _REVISED:
            continue  # a new version of an old paper is no news
        link = _link(entry, base)
        paper = urls.ref(link)
        yield Item(
            url=link,
            title=_text(entry, "title"),
            bodies=(_text(entry, "summary"), *_contents(entry)),
            key=paper if source.format == "arxiv-api" else _text(entry, "id"),
            when=_when(entry),
            authors=_authors(entry, split=paper.startswith("arxiv:")),
        )


def _link(entry: Any, base: str) -> str:  # noqa: ANN401 - feedparser has no types
    """The first of its links that may be followed; an RSS guid may be one.

    feedparser knows xml:base but not where the feed came from: its keys would not stay as given.
    """
    link = _text(entry, "link").strip()
    if link:
        with contextlib.suppress(ValueError):
            link = urljoin(base, link)
    candidates = (_text(entry, "feedburner_origlink"), link, _text(entry, "id"))
    return next((each for each in candidates if urls.tidy(each)), "")


def _contents(entry: Any) -> Iterator[str]:  # noqa: ANN401 - feedparser has no types
    for content in dict.get(entry, "content") or ():
        if isinstance(value := content.get("value"), str):
            yield value


def _when(entry: Any) -> datetime | None:  # noqa: ANN401 - feedparser has no types
    for name in ("published", "updated", "created"):
        when = dates.from_struct(dict.get(entry, f"{name}_parsed"), _text(entry, name))
        if when is not None:
            return when
    return None


def _authors(entry: Any, *, split: bool) -> tuple[str, ...]:  # noqa: ANN401 - as above
    listed = dict.get(entry, "authors") or ()
    names = [str(author.get("name") or "") for author in listed]
    if split and len(names) == 1:
        names = names[0].split(", ")
    return tuple(name for name in names if name)


def _text(entry: Any, name: str) -> str:  # noqa: ANN401 - feedparser has no types
    """A value where it is a string. dict.get: feedparser's own passes one field for another."""
    value = dict.get(entry, name)
    return value if isinstance(value, str) else ""
