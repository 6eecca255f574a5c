"""digest stories sources|unpark|import|export, against feeds on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.feedserver import FeedServer

Run = Callable[..., "CompletedProcess[str]"]
RSS = (
    "<rss version='2.0'><channel><title>One</title><item><title>A model</title>"
    "<link>https://one.example/a</link></item></channel></rss>"
)


@pytest.fixture
def feeds() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


@pytest.fixture
def run(digest: Run, own_content: Path, feeds: FeedServer, tmp_path: Path) -> Run:
    """`digest stories ...` with the sources one (well) and two (broken)."""
    for name in ("one", "two"):
        (own_content / "sources" / f"{name}.toml").write_text(
            f'url = "{feeds.url(f"/{name}")}"\ntitle = "{name}"\nhomepage = ""\n'
            f'owner = "{name}"\nkind = "lab"\ntier = 1\n'
        )
    feeds.serve("/one", RSS)
    feeds.serve("/two", status=500)
    environ = {
        "DIGEST_PATHS__CONTENT": str(own_content),
        "DIGEST_FEEDS__ALLOW_PRIVATE": '["127.0.0.0/8"]',
        "DIGEST_FEEDS__HOST_INTERVAL_S": "0",
        "DIGEST_FEEDS__PARK_AFTER_FAILURES": "2",
    }
    return lambda *words: digest("stories", *words, **environ)


def listed(run: Run) -> dict[str, dict[str, Any]]:
    return {row["source"]: row for row in json.loads(run("sources", "--json").stdout)}


def test_a_feed_that_fails_is_parked_told_and_asked_again_on_demand(
    run: Run, feeds: FeedServer, tmp_path: Path
) -> None:
    done = run("fetch")
    assert done.returncode == 0
    assert "1 without an answer" in done.stdout
    rows = listed(run)
    assert (rows["one"]["condition"], rows["one"]["in_window"]) == ("well", 1)
    assert (rows["two"]["condition"], rows["two"]["failures"]) == ("failing", 1)

    import sqlite3

    with sqlite3.connect(tmp_path / "var" / "digest.db") as database:
        database.execute("UPDATE sources SET next_at = NULL")
    done = run("fetch")
    assert done.returncode == 1
    assert "two: failed too often and is parked" in done.stderr
    assert "1 feed parked: two" in done.stderr
    assert "parked: answered 500" in run("sources").stdout

    asked = feeds.hits("/two")
    assert run("unpark", "two", "one").stdout.splitlines() == [
        "two: is asked again in the next round",
        "one: was not parked",
    ]
    feeds.serve("/two", RSS)
    run("fetch")
    assert feeds.hits("/two") == asked + 1
    assert listed(run)["two"]["condition"] == "well"


def test_a_test_asks_all_and_keeps_nothing(run: Run, feeds: FeedServer, tmp_path: Path) -> None:
    done = run("sources", "--test")
    assert done.returncode == 1
    assert "answered 500" in done.stdout
    assert "1 of 2 feeds gave no entries; nothing was changed" in done.stderr
    assert not (tmp_path / "var" / "digest.db").exists()
    assert " well\n" in done.stdout
    done = run("sources", "onee")
    assert done.returncode == 2
    assert "did you mean one?" in done.stderr


def test_feeds_go_out_and_come_in_as_opml(run: Run, tmp_path: Path) -> None:
    assert "2 feeds" in run("export", "feeds.opml").stdout
    done = run("import", "feeds.opml")
    assert "0 added" in done.stdout
    assert "2 known already" in done.stdout
    (tmp_path / "new.opml").write_text(
        '<opml><body>\n<outline text="New" xmlUrl="https://new.example/feed"/>\n'
        '<outline text="Bad" xmlUrl="ftp://bad.example/"/>\n</body></opml>'
    )
    done = run("import", "new.opml", "--kind", "newsletter")
    assert done.returncode == 1
    assert "new.opml:3: Bad: 'ftp://bad.example/' is no http(s) address" in done.stderr
    assert "1 added" in done.stdout
    assert listed(run)["new"]["url"] == "https://new.example/feed"
