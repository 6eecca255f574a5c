"""Sources that speak JSON: JSON Feed 1.1, Hacker News (Algolia), Hugging Face daily papers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from digest.domain.story import Source
from digest.ingest import dates, sniff
from digest.ingest.entries import Item, Parsed, entries
from digest.ingest.faults import FeedError


def parse(body: bytes, source: Source, now: datetime) -> Parsed:
    """Read JSON by the adapter of `source.format`. Raises FeedError."""
    adapter = ADAPTERS.get(source.format)
    if adapter is None:
        known = ", ".join(("feed", "arxiv-api", *ADAPTERS))
        raise FeedError(f"the format {source.format!r} is not one of {known}")
    name, read = adapter
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as err:
        came = sniff.what_came(body)
        came = "JSON that is cut off or broken" if came == "JSON" else came
        raise FeedError(f"{came} came, not {name}") from err
    items = read(document)
    if items is None:
        raise FeedError(f"JSON of another kind came, not {name}")
    listed = list(items)
    return Parsed(entries(listed, source, now, (_text(_dict(document), "title"),)), len(listed))


def _json_feed(document: Any) -> Iterator[Item] | None:  # noqa: ANN401 - any JSON
    """https://www.jsonfeed.org/version/1.1/; an item with an external_url stands for that."""
    feed = _dict(document)
    if "jsonfeed.org/version/" not in _text(feed, "version") or not isinstance(
        feed.get("items"), list
    ):
        return None
    return (
        Item(
            url=_text(item, "external_url") or _text(item, "url") or _text(item, "id"),
            title=_text(item, "title"),
            bodies=(
                _text(item, "summary"),
                _text(item, "content_html"),
                _text(item, "content_text"),
            ),
            key=str(item.get("id") or ""),
            when=dates.from_iso(item.get("date_published"))
            or dates.from_iso(item.get("date_modified")),
            authors=_names(item.get("authors") or [item.get("author")]),
        )
        for item in map(_dict, feed["items"])
    )


def _hacker_news(document: Any) -> Iterator[Item] | None:  # noqa: ANN401 - any JSON
    """https://hn.algolia.com/api: `hits`; a story without a url is a text on the site itself."""
    hits = _dict(document).get("hits")
    if not isinstance(hits, list):
        return None
    return (
        Item(
            url=_text(hit, "url")
            or f"https://news.ycombinator.com/item?id={_text(hit, 'objectID')}",
            title=_text(hit, "title") or _text(hit, "story_title"),
            bodies=(_text(hit, "story_text"),),
            key=_text(hit, "objectID"),
            when=dates.from_epoch(hit.get("created_at_i")) or dates.from_iso(hit.get("created_at")),
            signals=_numbers(points=hit.get("points"), comments=hit.get("num_comments")),
        )
        for hit in map(_dict, hits)
    )


def _daily_papers(document: Any) -> Iterator[Item] | None:  # noqa: ANN401 - any JSON
    """https://huggingface.co/api/daily_papers: the day it was listed, midnight UTC, is its date."""
    if not isinstance(document, list):
        return None
    rows = [(row, _dict(row.get("paper"))) for row in map(_dict, document)]
    if rows and not any(_text(paper, "id") for _, paper in rows):
        return None
    return (
        Item(
            url=f"https://arxiv.org/abs/{_text(paper, 'id')}",
            title=_text(paper, "title") or _text(row, "title"),
            bodies=(_text(paper, "summary") or _text(row, "summary"),),
            key=_text(paper, "id"),
            when=_listed(paper.get("submittedOnDailyAt") or row.get("submittedOnDailyAt"))
            or dates.from_iso(row.get("publishedAt"))
            or dates.from_iso(paper.get("publishedAt")),
            authors=_names(paper.get("authors")),
            signals=_numbers(upvotes=paper.get("upvotes"), comments=row.get("numComments")),
        )
        for row, paper in rows
        if _text(paper, "id")
    )


def _listed(raw: object) -> datetime | None:
    return dates.from_iso(raw.partition("T")[0]) if isinstance(raw, str) else None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: dict[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _names(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(name for author in listed if (name := _text(_dict(author), "name")))


def _numbers(**values: object) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


ADAPTERS: Final[dict[str, tuple[str, Callable[[Any], Iterator[Item] | None]]]] = {
    "jsonfeed": ("a JSON Feed", _json_feed),
    "hackernews": ("an answer of the Hacker News search", _hacker_news),
    "hf-papers": ("a list of daily papers", _daily_papers),
}
"""Source.format -> what it is called, and its reader (None for a document of another kind)."""
