"""The process in which feeds are parsed: `python -m digest.ingest.child`.

A feed is somebody else's text, and regular expressions and XML parsers have been brought to their
knees by less. So it is read here, with limits: memory as set below, no files, and an end by
`parsers.py` when it takes too long. Requests and replies are JSON behind a length of four bytes;
no pickle, so that nothing which goes wrong here can reach further than wrong entries.
"""

from __future__ import annotations

import json
import resource
import struct
import sys
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO, Final

from digest.domain.story import Entry, Source
from digest.ingest import adapters, feeds
from digest.ingest.entries import Parsed
from digest.ingest.faults import FeedError

LENGTH: Final = struct.Struct(">I")
MEMORY_BASE: Final = 256 * 1024 * 1024
MEMORY_PER_BYTE: Final = 60
"""Measured: 32 MB before the first feed; at most 26 bytes per byte of 5 MB of tiny items."""


def parse(body: bytes, source: Source, url: str, content_type: str, now: datetime) -> Parsed:
    """Read a feed of any format. Raises FeedError where it is none."""
    if source.format in {"feed", "arxiv-api"}:
        return feeds.parse(body, source, url, content_type, now)
    return adapters.parse(body, source, now)


def request(source: Source, url: str, content_type: str, now: datetime) -> bytes:
    """What is asked, in front of the feed's bytes."""
    return json.dumps(
        {
            "source": asdict(source),
            "url": url,
            "content_type": content_type,
            "now": now.isoformat(),
        }
    ).encode()


def reply(parsed: Parsed) -> bytes:
    """The feed as read, for the way back."""
    document = asdict(parsed)
    for entry in document["entries"]:
        entry["published"] = entry["published"].isoformat()
        entry["first_seen"] = entry["first_seen"].isoformat()
    return json.dumps(document).encode()


def received(raw: bytes) -> Parsed:
    """The feed from a reply. Raises FeedError where the reply is a fault."""
    document: dict[str, Any] = json.loads(raw)
    if "fault" in document:
        raise FeedError(str(document["fault"]))
    document["entries"] = tuple(
        Entry(
            **entry
            | {
                "published": datetime.fromisoformat(entry["published"]),
                "first_seen": datetime.fromisoformat(entry["first_seen"]),
                "authors": tuple(entry["authors"]),
            }
        )
        for entry in document["entries"]
    )
    return Parsed(**document)


def _limit(most_bytes: int) -> None:
    memory = MEMORY_BASE + MEMORY_PER_BYTE * most_bytes
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))


def _answer(head: bytes, body: bytes) -> bytes:
    try:
        asked = json.loads(head)
        found = parse(
            body,
            Source(**asked["source"]),
            asked["url"],
            asked["content_type"],
            datetime.fromisoformat(asked["now"]),
        )
        return reply(found)
    except FeedError as err:
        fault = err.message
    except MemoryError:
        fault = "the feed needs more memory to be read than a feed may"
    except Exception as err:  # noqa: BLE001 - a parser may fail in any way on any bytes; one feed must not stop the rest
        fault = f"the feed cannot be read ({type(err).__name__}: {err})"[:300]
    return json.dumps({"fault": fault}).encode()


def _take(stream: BinaryIO) -> bytes | None:
    length = stream.read(LENGTH.size)
    return stream.read(LENGTH.unpack(length)[0]) if len(length) == LENGTH.size else None


def main() -> None:
    """Answer until the other end closes."""
    _limit(int(sys.argv[1]))
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while (head := _take(stdin)) is not None and (body := _take(stdin)) is not None:
        raw = _answer(head, body)
        stdout.write(LENGTH.pack(len(raw)) + raw)
        stdout.flush()


if __name__ == "__main__":
    main()
