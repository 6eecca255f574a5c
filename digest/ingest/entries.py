"""Entries made from what any format says of an item: one place for keys, dates and cleaning."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from digest.domain.story import Entry, Source
from digest.ingest import clean, language, urls
from digest.ingest.dates import settle

_MOST_ENTRIES: Final = 2500
"""arXiv's combined feed has up to 2000."""

_MOST_AUTHORS: Final = 50
_KEY_LENGTH: Final = 300
_SHORT_LEAD: Final = 60
_FULL_TEXT: Final = 250
"""Words from which on a body is a text and not a summary."""
_TITLE_FROM_LEAD: Final = 120


@dataclass(frozen=True, slots=True)
class Item:
    """What a feed says of one item, uncleaned. `bodies` are markup, the outlet's summary first.

    `when` is the feed's date in UTC. `key` is the feed's own id, "" where it gives none.
    """

    url: str
    title: str
    bodies: Sequence[str] = ()
    key: str = ""
    when: datetime | None = None
    authors: Sequence[str] = ()
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A feed as read. `whole` is False where it breaks off, so that it must be asked for anew.

    `ttl_s`, `skip_hours` and `skip_days` are the feed's wishes, as in `ports.FeedState`. `items`
    counts what the feed listed.
    """

    entries: tuple[Entry, ...]
    items: int
    ttl_s: float = 0.0
    skip_hours: int = 0
    skip_days: int = 0
    whole: bool = True


def entries(
    items: Iterable[Item], source: Source, now: datetime, outlets: Sequence[str] = ()
) -> tuple[Entry, ...]:
    """The entries of `items`, each key once; items without a link or a title left out."""
    names = (source.title, source.owner, *outlets)
    found: dict[str, Entry] = {}
    for item in items:
        entry = _entry(item, source, now, names)
        if entry is not None:
            found.setdefault(entry.key, entry)
        if len(found) == _MOST_ENTRIES:
            break
    return tuple(found.values())


def _entry(item: Item, source: Source, now: datetime, names: Sequence[str]) -> Entry | None:
    url = urls.tidy(item.url)
    published = settle(item.when, now)
    if not url:
        return None
    ref = urls.ref(item.url)
    title = clean.title(item.title, names)
    lead = ""
    for body in item.bodies:
        other = clean.lead(body, title=title)
        lead = other if len(other) > len(lead) else lead
        if len(lead) >= _SHORT_LEAD:
            break
    title = title or clean.shorten(lead, _TITLE_FROM_LEAD)
    if not title:
        return None
    paper = source.paper or ref.startswith("arxiv:")
    authors = [name for author in item.authors[:_MOST_AUTHORS] if (name := clean.text(author))]
    return Entry(
        source=source.id,
        key=_key(item.key) or _key(ref),
        url=url,
        title=title,
        lead="" if lead == title else lead,
        published=published,
        first_seen=now,
        ref=ref,
        authors=tuple(dict.fromkeys(authors)),
        language=language.of(f"{title}. {lead}", source.language),
        paper=paper,
        signals=dict(item.signals) | _length(item.bodies, paper=paper),
    )


def _length(bodies: Sequence[str], *, paper: bool) -> dict[str, float]:
    """The words of a feed that carries full texts; a summary does not tell how long a text is."""
    most = 0 if paper else max(map(clean.words, bodies), default=0)
    return {"words": float(most)} if most >= _FULL_TEXT else {}


def _key(raw: str) -> str:
    """The feed's own id, without control characters; hashed where it is very long."""
    key = "".join(char for char in raw.strip() if unicodedata.category(char)[0] != "C")
    if len(key) <= _KEY_LENGTH:
        return key
    return hashlib.sha256(key.encode()).hexdigest()
