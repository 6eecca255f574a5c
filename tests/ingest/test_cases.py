"""Feeds as files, one case each: the head says what is expected, in feedparser's manner."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from digest.ingest.child import parse
from digest.ingest.faults import FeedError

CASES = sorted((Path(__file__).parent / "cases").glob("*.xml"))


def head(path: Path) -> tuple[list[str], list[str], str]:
    raw = path.read_bytes()
    text = raw.decode("utf-16" if raw[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8", "replace")
    formats = re.findall(r"^Format: (.+)$", text, re.MULTILINE)
    expected = re.findall(r"^Expect: (.+)$", text, re.MULTILINE)
    faults = re.findall(r"^Fault: (.+)$", text, re.MULTILINE)
    return expected, faults, formats[0] if formats else "feed"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, make_source: Any, now: datetime) -> None:
    expected, faults, form = head(path)
    assert bool(expected) != bool(faults)
    source = make_source(format=form)
    body = path.read_bytes()
    if faults:
        with pytest.raises(FeedError, match=re.escape(faults[0])):
            parse(body, source, "https://example.org/feed", "text/xml", now)
        return
    parsed = parse(body, source, "https://example.org/feed", "text/xml", now)
    names = {
        "parsed": parsed,
        "entries": parsed.entries,
        "now": now,
        "at": lambda *when: datetime(*when, tzinfo=UTC),
    }
    for line in expected:
        assert eval(line, names), f"{line}\n{parsed}"  # noqa: S307 - our own files
    for entry in parsed.entries:
        assert entry.source == source.id
        assert entry.first_seen == now
        assert not re.search(r"<[A-Za-z/!?]", entry.title + entry.lead)


def test_there_are_cases() -> None:
    assert len(CASES) >= 20
