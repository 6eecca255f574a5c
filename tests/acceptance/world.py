"""The made-up outlets of `tests/workflows/stream.py` as real feeds, with all that goes wrong.

Each outlet has a server of its own on loopback, so that what reaches it can be judged by itself:
how many requests at once, how far apart, and whether its wishes were kept. `World.turn(now)` says
what each feed shows from then on; the time is the test's, the pauses between requests are real.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from html import escape
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from digest.domain.story import Entry, Story
from tests.feedserver import FeedServer, Reply
from tests.workflows import stream as made

LISTED: Final = 40
"""Entries that a feed shows, newest first: enough for the longest outage."""

NAMES: Final = {"courier": "Le Courriér", "evening": "Evening Nøws", "gazette": "Gazette “Ünl”"}
ENCODINGS: Final = {"courier": "iso-8859-1", "evening": "utf-16", "herald": "utf-8-sig",
                    "gazette": "windows-1252", "letter": "utf-8"}  # fmt: skip
FORMATS: Final = {"hackernews": "hackernews", "papers": "hf-papers"}
START: Final = datetime.combine(made.FIRST, time(0), UTC)
SECRET: Final = "Zoë Müller"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What an outlet's server does on the days [first, last] of the stream, 0 the first."""

    outlet: str
    first: int
    last: int
    reply: Reply


TROUBLES: Final = (
    Trouble("lab-one", 6, 8, Reply(b"", 500)),
    Trouble("morning", 9, 9, Reply(cut_at=200)),
    Trouble("lists", 11, 11, Reply(b"<html><title>Down for maintenance</title></html>")),
    Trouble("herald", 13, 13, Reply(hang=True)),
    Trouble("lab-two", 17, 18, Reply(huge=30_000_000)),
    Trouble("letter", 21, 21, Reply(status=302, location="http://[::1]/")),
    Trouble("papers", 24, 24, Reply(b'{"error": "try again"}')),
    Trouble("hackernews", 26, 27, Reply(b"", 503)),
    Trouble("evening", 29, 31, Reply(b"", 404)),
)
MOVED: Final = ("courier", 14)
"""From that day on its address is a permanent redirect; six days later it is gone."""
BUSY: Final = (("morning", 20, "seconds"), ("lab-three", 33, "date"))
"""On that day an outlet answers 429 and wants to be left alone for twelve hours."""
BUSY_H: Final = 12
CLOSED: Final = ("gazette", 45)
"""From that day on 410."""


@dataclass(slots=True)
class World:
    """The servers and what they have shown."""

    stream: made.Stream
    servers: dict[str, FeedServer]
    shown: dict[str, set[str]] = field(default_factory=dict)
    asked: dict[str, list[datetime]] = field(default_factory=dict)
    _counted: dict[str, int] = field(default_factory=dict)

    def resolve(self, host: str, port: int) -> list[str]:
        """The address of an outlet's host. Raises OSError for any other but an address itself."""
        del port
        with suppress(ValueError):
            return [str(ip_address(host))]
        name = host.removesuffix(".example")
        if name not in self.servers:
            raise OSError(f"no host {host}")
        return [self.servers[name].host]

    def url(self, outlet: str, path: str = "/feed.xml") -> str:
        """The address of an outlet's feed."""
        return self.servers[outlet].url(path, f"{outlet}.example")

    def turn(self, now: datetime) -> None:
        """From now on the feeds show what had come by `now`, or what their trouble is."""
        day = (now.date() - made.FIRST).days
        for outlet, server in self.servers.items():
            entries = [e for e in self.by_outlet(outlet) if e.published <= now][-LISTED:]
            trouble = next(
                (t.reply for t in TROUBLES if t.outlet == outlet and t.first <= day <= t.last), None
            )
            body = document(outlet, entries)
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            good = Reply(body, etag=etag, gzip=outlet == "morning")
            moved = outlet == MOVED[0] and day >= MOVED[1]
            for busy, on, form in BUSY:
                if outlet == busy and day == on and now.hour < BUSY_H:
                    until = now.replace(hour=0) + timedelta(hours=BUSY_H)
                    wish = str(int((until - now).total_seconds()))
                    if form == "date":
                        wish = format_datetime(until, usegmt=True)
                    trouble = Reply(b"", 429, {"Retry-After": wish})
            if outlet == CLOSED[0] and day >= CLOSED[1]:
                trouble = Reply(b"", 410)
            if trouble is not None and trouble.cut_at is not None:
                trouble = Reply(body, cut_at=trouble.cut_at)
            if trouble is None:
                self.shown.setdefault(outlet, set()).update(e.key for e in entries)
            elif moved:
                raise AssertionError("a moved outlet has no other trouble")
            server.serve_each("/feed.xml", trouble or good)
            if moved:
                gone = day >= MOVED[1] + 6
                away = Reply(b"", 404) if gone else Reply(b"", 301, location="/rss/all")
                server.serve_each("/feed.xml", away)
                server.serve_each("/rss/all", good)

    def note(self, now: datetime) -> None:
        """After a round: which outlets were asked in it."""
        for outlet, server in self.servers.items():
            if len(server.requests) > self._counted.get(outlet, 0):
                self.asked.setdefault(outlet, []).append(now)
            self._counted[outlet] = len(server.requests)

    def by_outlet(self, outlet: str) -> list[Entry]:
        """An outlet's entries, oldest first."""
        found = [e for e in self.stream.entries if e.source == outlet]
        return sorted(found, key=lambda e: (e.published, e.key))

    def event_of(self, story: Story) -> str:
        """The event that most of a story's entries tell."""
        told = [event(entry) for entry in story.entries]
        return max(sorted(set(told)), key=told.count)


@contextmanager
def world(seed: int = 0) -> Iterator[World]:
    """The outlets, listening."""
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(FeedServer(f"127.0.1.{number}"))
            for number, name in enumerate(made.SOURCES, start=1)
        }
        yield World(made.make(seed), servers)


def write_sources(at: World, folder: Path) -> None:
    """The outlets as content/sources/<id>.toml."""
    folder.mkdir(parents=True)
    for name, source in made.SOURCES.items():
        told = {
            "url": at.url(name),
            "title": NAMES.get(name, source.title),
            "homepage": source.homepage,
            "owner": source.owner,
            "kind": source.kind,
            "tier": source.tier,
            "cite": source.cite,
            "paper": source.paper,
            "format": FORMATS.get(name, "feed"),
        }
        lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in told.items())
        (folder / f"{name}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


# --- what feeds look like -----------------------------------------------------------------------


def event(entry: Entry) -> str:
    """The event an entry of ours tells: part of the key the feeds carry."""
    return entry.key.partition("/")[0]


def document(outlet: str, entries: list[Entry]) -> bytes:
    """An outlet's feed in its format and encoding, newest entry first."""
    newest = list(reversed(entries))
    if outlet == "hackernews":
        return json.dumps({"hits": [_hit(entry) for entry in newest]}).encode()
    if outlet == "papers":
        return json.dumps([_paper(entry) for entry in newest]).encode()
    name = NAMES.get(outlet, made.SOURCES[outlet].title)
    items = [_item(entry, name) for entry in newest]
    # A feed now and then lists an item twice.
    text = "".join(items[:1] + items)
    encoding = ENCODINGS.get(outlet, "utf-8")
    # One declares what it is not; one says nothing and is not UTF-8.
    said = {"courier": "utf-8", "gazette": "windows-1252"}.get(
        outlet, encoding.removesuffix("-sig")
    )
    head = "" if outlet == "herald" else f'<?xml version="1.0" encoding="{said}"?>'
    if outlet in {"morning", "letter"}:
        text = f'{head}<feed xmlns="http://www.w3.org/2005/Atom"><title>{name}</title>{text}</feed>'
    else:
        text = f'{head}<rss version="2.0"><channel><title>{name}</title>{text}</channel></rss>'
    return text.encode(encoding, "xmlcharrefreplace")


def _item(entry: Entry, outlet: str) -> str:
    luck = int(hashlib.sha256(entry.key.encode()).hexdigest(), 16) % 100
    when = {
        0: None,
        1: entry.published.replace(year=2036, day=1),
        2: entry.published.replace(year=2019, day=1),
        3: entry.published.replace(year=1970, day=1),
    }.get(luck, entry.published)
    title = escape(f"{entry.title} | {outlet}" if luck % 2 else entry.title)
    link = escape(f"{entry.url}?utm_source=feed&utm_medium=rss" if luck % 3 else entry.url)
    if entry.source in {"morning", "letter"}:
        date = f"<updated>{when.isoformat()}</updated>" if when else ""
        return (
            f'<entry><id>{entry.key}</id><title type="html">{escape(title)}</title>'
            f'<link href="{link}"/>{date}<author><name>{SECRET}</name></author></entry>'
        )
    date = f"<pubDate>{format_datetime(when)}</pubDate>" if when else ""
    return (
        f"<item><guid>{entry.key}</guid><title>{title}</title><link>{link}</link>{date}"
        f"<author>{SECRET}</author></item>"
    )


def _hit(entry: Entry) -> dict[str, Any]:
    return {
        "objectID": entry.key,
        "title": entry.title,
        "url": entry.url,
        "points": entry.signals["points"],
        "num_comments": 3,
        "created_at_i": int(entry.published.timestamp()),
    }


def _paper(entry: Entry) -> dict[str, Any]:
    listed = f"{entry.published:%Y-%m-%dT%H:%M:%S.000Z}"
    return {
        "paper": {
            "id": entry.key,
            "title": entry.title,
            "summary": "",
            "authors": [{"name": SECRET}],
            "publishedAt": listed,
            "upvotes": int(entry.signals["upvotes"]),
        },
        "publishedAt": listed,
    }
