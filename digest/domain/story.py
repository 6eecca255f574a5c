"""Sources, the entries of their feeds, and the stories that entries report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of an entry whose time is not known. Feeds' entries always have one."""

NEWS: Final = timedelta(days=30)
"""What is dated before this is an old text, not news."""


@dataclass(frozen=True, slots=True)
class Source:
    """One feed, as content/sources/<id>.toml describes it.

    `kind` is lab, research, press, newsletter or community; `tier` runs from 1 (primary) to 4
    (aggregator); `owner` is who stands behind it: outlets of one owner count once. A source with
    `cite=False` counts as coverage and is never shown as the outlet. `format` is feed, jsonfeed,
    hackernews, hf-papers or arxiv-api; `filter` says that it covers more than machine learning.
    """

    id: str
    url: str
    title: str
    homepage: str
    owner: str
    kind: str
    tier: int
    format: str = "feed"
    language: str = "en"
    enabled: bool = True
    cite: bool = True
    paper: bool = False
    filter: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of one feed (Atom's word), cleaned.

    `key` identifies it within its source (guid, atom:id, else the canonical URL, else a hash of
    title and day). `url` is canonical; `title` and `lead` are plain text. `published` is in UTC:
    the feed's date where it is plausible, else `first_seen`; of an archive's old text both are that
    date, so that it never counts as news. `signals` are numbers that the source
    gives: points, comments, upvotes. `ref` is the identity of what the entry stands for: an arXiv
    id as ``arxiv:2006.11239``, else its canonical URL; two entries of one `ref` are certain links.
    """

    source: str
    key: str
    url: str
    title: str
    lead: str
    published: datetime
    first_seen: datetime
    ref: str
    authors: tuple[str, ...] = ()
    language: str = "en"
    paper: bool = False
    signals: Mapping[str, float] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Unique among all sources: ``source/key``."""
        return f"{self.source}/{self.key}"


@dataclass(frozen=True, slots=True)
class Story:
    """The entries that report one event, or one item of the evergreen shelf.

    `entries` are in order of publication; a shelf story has none. `id` is stable: the id of the
    first entry seen (``source/key``) hashed, or ``shelf/<slug>``.
    """

    id: str
    title: str
    url: str
    outlet: str
    summary: str
    published: datetime | None
    first_seen: datetime | None
    entries: tuple[Entry, ...] = ()
    outlets: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    paper: bool = False
    ref: str = ""
    shelf: bool = False
    year: int | None = None
    minutes: int | None = None
    track: str = ""
    signals: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ShelfItem:
    """A landmark paper, essay or book of content/stories/: what a slow day shows."""

    slug: str
    title: str
    authors: tuple[str, ...]
    et_al: bool
    year: int
    url: str
    venue: str
    kind: str
    track: str
    summary: str
    why: str
    minutes: int | None = None

    def as_story(self) -> Story:
        """The item as a story; its id is ``shelf/<slug>``."""
        return Story(
            id=f"shelf/{self.slug}",
            title=self.title,
            url=self.url,
            outlet=self.venue or self.byline,
            summary=self.summary,
            published=None,
            first_seen=None,
            authors=(*self.authors, "others") if self.et_al else self.authors,
            paper=self.kind == "paper",
            ref=self.url,
            shelf=True,
            year=self.year,
            minutes=self.minutes,
            track=self.track,
        )

    @property
    def byline(self) -> str:
        """``Vaswani et al.``, ``Sutton and Barto``, ``Karpathy``."""
        last = [name.split()[-1] for name in self.authors]
        if self.et_al or len(last) > 2:  # noqa: PLR2004 - one or two are named
            return f"{last[0]} et al."
        return " and ".join(last)
