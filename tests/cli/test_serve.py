"""`digest serve scheduler` and `digest stories`, run as programs."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from tests.feedserver import FeedServer

RSS = """<?xml version='1.0'?><rss version='2.0'><channel><title>Lab</title>
<item><title>A language model that proves theorems</title><link>https://lab.example/1</link>
<description>The model proves two theorems. Its weights are open.</description></item>
</channel></rss>"""


@pytest.fixture
def content_with_feed(own_content):
    with FeedServer() as feeds:
        feeds.serve("/feed", RSS)
        feeds.serve("/down", status=503)
        for slug in ("feed", "down"):
            (own_content / "sources" / f"{slug}.toml").write_text(
                f'url = "{feeds.url(f"/{slug}")}"\ntitle = "{slug}"\nhomepage = ""\n'
                f'owner = "{slug}"\nkind = "lab"\ntier = 1\n'
            )
        yield {
            "DIGEST_PATHS__CONTENT": str(own_content),
            "DIGEST_FEEDS__ALLOW_PRIVATE": '["127.0.0.0/8"]',
            "DIGEST_FEEDS__HOST_INTERVAL_S": "0",
        }


def test_stories_are_fetched_listed_and_told_apart_from_faults(digest, content_with_feed):
    done = digest("stories", "fetch", **content_with_feed)
    assert done.returncode == 0, done.stderr
    assert "1 new entries" in done.stdout
    assert "down: " in done.stderr
    assert "proves theorems" in digest("stories", "list", **content_with_feed).stdout
    listed = json.loads(digest("stories", "sources", "--json", **content_with_feed).stdout)
    told = {row["source"]: (row["condition"], row["message"]) for row in listed}
    assert told["feed"] == ("well", "")
    assert told["down"][0] == "failing"
    assert "503" in told["down"][1]


def test_a_dry_run_asks_the_feeds_when_it_has_no_fresh_story(digest, content_with_feed):
    done = digest("send", "--dry-run", **content_with_feed, DIGEST_FEEDS__DRY_RUN_BUDGET_S="10")
    assert "asking the feeds" in done.stdout, done.stderr
    assert "A language model that proves theorems (feed)" in done.stdout
    assert done.stdout.count("From the shelf:") == 4


def test_the_first_letter_has_news_although_nobody_has_fetched_any(digest, content_with_feed, smtp):
    more = content_with_feed | {
        "DIGEST_SMTP__PORT": str(smtp.settings().port),
        "DIGEST_FEEDS__DRY_RUN_BUDGET_S": "10",
    }
    one = digest("send", "--to", "me@example.org", **more)
    assert "A language model that proves theorems (feed)" in one.stdout, one.stderr
    assert "From the shelf" in digest("send", "--to", "me@example.org", "--no-fetch", **more).stdout
    done = digest("send", **more)
    assert "A language model that proves theorems (feed)" in done.stdout, done.stderr
    assert "asking the feeds" not in digest("send", **more).stdout, "it is published"


def test_once_does_what_is_due_and_a_second_time_nothing(digest, content_with_feed, smtp):
    more = content_with_feed | {"DIGEST_SMTP__PORT": str(smtp.settings().port)}
    hour = time.gmtime().tm_hour
    digest("subscribers", "add", "ada@example.org", "--hour", str(hour), **more)
    for _ in range(2):
        done = digest("serve", "scheduler", "--once", **more)
        assert done.returncode == 0, done.stderr
    assert len(smtp.letters) == 1


def test_the_scheduler_works_until_it_is_told_to_stop(
    content_with_feed, smtp, tmp_path, press_cache
):
    environ = {
        **{name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ},
        **content_with_feed,
        "DIGEST_SMTP__PORT": str(smtp.settings().port),
        "DIGEST_PATHS__CACHE": str(press_cache),
    }
    command = [sys.executable, "-m", "digest"]
    hour = str(time.gmtime().tm_hour)
    subprocess.run(
        [*command, "subscribers", "add", "ada@example.org", "--hour", hour],
        cwd=tmp_path, env=environ, check=True, capture_output=True,
    )  # fmt: skip
    both = [
        subprocess.Popen(
            [*command, "serve", "scheduler"],
            cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    deadline = time.monotonic() + 60
    while not smtp.letters and time.monotonic() < deadline:
        time.sleep(0.1)
    said = []
    for process in both:
        process.send_signal(signal.SIGTERM)
    for process in both:
        said.append(process.communicate(timeout=60)[1])
        assert process.returncode == 0, said[-1]
    assert len(smtp.letters) == 1, said
    assert all("leaving" in text and "Traceback" not in text for text in said), said


def test_the_site_serves_until_it_is_told_to_stop(tmp_path, own_content, digest):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = digest("serve", "web", "--port", str(port))
        assert done.returncode == 2
        assert f"127.0.0.1:{port}: cannot listen: another program listens there" in done.stderr
    environ = os.environ | {"DIGEST_PATHS__CONTENT": str(own_content)}
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", "serve", "web", "--port", "0"],
        cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    line = process.stderr.readline()
    try:
        address = re.search(r"serving (http://127\.0\.0\.1:\d+)", line)
        assert address, line
        page = httpx.get(f"{address[1]}/concepts/", timeout=30)
        assert page.status_code == 200
        assert "Momentum" in page.text
        assert "server" not in page.headers
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[1]
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert "/concepts/" not in rest, "what readers open is not logged"
