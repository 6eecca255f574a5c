from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from digest.errors import UsageError
from digest.ingest import opml

GOOD = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="1.0"><head><title>Mine</title></head><body>
<outline text="Lab">
  <outline text="The Caf\xe9 &amp; Co" xmlUrl="https://cafe.example/feed" htmlUrl="https://cafe.example/"/>
  <outline text="no address" type="rss"/>
  <outline text="script" xmlUrl="javascript:alert(1)"/>
</outline>
<outline title="&lt;b>Bold&lt;/b>" text="x" XMLURL="http://bold.example/j" type="jsonfeed"
  category="/research,/tier 2" language="de"/>
<outline text="a folder only"/>
</body></opml>
"""


def test_feeds_and_faults_have_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.opml").write_bytes(GOOD)
    found = opml.read(tmp_path / "a.opml")
    cafe, bold = found.feeds
    assert (cafe.line, cafe.title, cafe.homepage) == (4, "The Café & Co", "https://cafe.example/")
    assert (cafe.folders, cafe.format) == (("lab",), "feed")
    assert (bold.line, bold.title, bold.homepage) == (8, "Bold", "https://bold.example/")
    assert (bold.folders, bold.format, bold.language) == (("research", "tier 2"), "jsonfeed", "de")
    assert found.faults == [
        (5, "no address: it has no xmlUrl"),
        (6, "script: 'javascript:alert(1)' is no http(s) address"),
    ]


def test_what_comes_before_the_break_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.opml").write_bytes(GOOD[: GOOD.index(b"<outline title")] + b"<outline te")
    found = opml.read(tmp_path / "a.opml")
    assert [feed.url for feed in found.feeds] == ["https://cafe.example/feed"]
    assert found.faults[-1][0] == 8
    assert "breaks off" in found.faults[-1][1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is no OPML"),
        (b"<html><body/></html>", "1: is no OPML: its root is <html>"),
        (b"just text", "is no OPML"),
        (b'<!DOCTYPE o [<!ENTITY a "b">]><opml/>', "XML entities"),
        (b'<!DOCTYPE o [<!ENTITY a SYSTEM "file:///etc/passwd">]><opml>&a;</opml>', "entities"),
        (b'<?xml version="1.0" encoding="no-such"?><opml/>', "is no OPML"),
        (b"\xff\xfe\x00", "is no OPML"),
    ],
)
def test_what_is_no_opml_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.opml").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        opml.read(tmp_path / "a.opml")
    assert words in caught.value.message
    assert caught.value.hint


def test_what_is_written_is_read_again(tmp_path: Path, make_source: Any) -> None:
    source = make_source("https://a.example/?a=1&b=2", title='A "b" <c> & é', note="x\ny")
    other = make_source(id="hn", format="hackernews")
    (tmp_path / "a.opml").write_text("".join(opml.write([source, other], "t & u")), "utf-8")
    (found,) = opml.read(tmp_path / "a.opml").feeds
    assert (found.url, found.title) == (source.url, 'A "b" <c> & é'.replace("<c>", "‹c›"))
    assert found.folders == ("lab", "tier 1", "lab")
