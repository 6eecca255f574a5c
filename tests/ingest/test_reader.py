"""The reader against a real server: what it asks, what it takes, when it gives up."""

from __future__ import annotations

import gzip
import threading
import time
import tracemalloc
import zlib
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest

import digest
from digest.ingest.reader import HttpFeedReader
from digest.ports import FeedState


def test_a_feed_becomes_entries_and_a_state(
    server: Any, read: Any, rss: Any, now: datetime
) -> None:
    server.serve("/feed", rss("One", "Two"), etag='W/"a b"', last_modified="whatever, verbatim")
    result = read(server.url("/feed"), contact="mailto:ops@example.org")
    assert [entry.title for entry in result.entries] == ["One", "Two"]
    assert result.fault == ""
    assert result.state == FeedState(
        source="example",
        etag='W/"a b"',
        last_modified="whatever, verbatim",
        last_success=now,
        last_tried=now,
    )
    asked = server.requests[0].headers
    assert asked["user-agent"] == f"digest/{digest.__version__} (+mailto:ops@example.org)"
    assert "if-none-match" not in asked
    assert "cookie" not in asked


def test_validators_go_back_verbatim_and_304_is_a_success(
    server: Any, read: Any, rss: Any, now: datetime
) -> None:
    server.serve("/feed", rss("One"), etag='W/"x"', last_modified="Tue, 10 Mar 2026 01:02:03 GMT")
    first = read(server.url("/feed"))
    result = read(server.url("/feed"), replace(first.state, failures=3, parked=True))
    asked = server.requests[1].headers
    assert asked["if-none-match"] == 'W/"x"'
    assert asked["if-modified-since"] == "Tue, 10 Mar 2026 01:02:03 GMT"
    assert result.not_modified
    assert result.entries == ()
    assert result.fault == ""
    assert (result.state.etag, result.state.failures, result.state.parked) == ('W/"x"', 0, False)
    assert result.state.last_success == now


def test_a_feed_that_breaks_off_is_asked_for_anew(server: Any, read: Any, rss: Any) -> None:
    server.serve("/feed", rss("One", "Two", "Three")[:-60], etag='"1"')
    result = read(server.url("/feed"))
    assert [entry.title for entry in result.entries] == ["One", "Two"]
    assert result.state.etag == ""


@pytest.mark.parametrize(
    ("status", "words"), [(404, "answered 404 Not Found"), (500, "answered 500"), (204, "204")]
)
def test_other_answers_are_failures_with_backoff(
    server: Any, read: Any, status: int, words: str, now: datetime
) -> None:
    server.serve("/feed", status=status)
    result = read(server.url("/feed"), FeedState("example", failures=2, etag='"kept"'))
    assert words in result.fault
    assert result.fault.startswith("example: ")
    assert server.url("/feed") in result.fault
    assert result.state.failures == 3
    assert result.state.etag == '"kept"'
    assert not result.state.parked
    assert timedelta(minutes=16) <= result.state.next_at - now <= timedelta(minutes=24)


def test_a_feed_is_parked_after_its_last_allowed_failure(server: Any, read: Any) -> None:
    server.serve("/feed", status=500)
    assert read(server.url("/feed"), FeedState("example", failures=9)).state.parked
    assert not read(server.url("/feed"), FeedState("example", failures=8)).state.parked


def test_410_parks_at_once(server: Any, read: Any) -> None:
    server.serve("/feed", status=410)
    result = read(server.url("/feed"))
    assert result.state.parked
    assert "410" in result.state.message


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_both_forms(server: Any, read: Any, status: int, now: datetime) -> None:
    server.serve("/s", status=status, headers={"Retry-After": "3600"})
    assert read(server.url("/s")).state.next_at == now + timedelta(hours=1)
    date = format_datetime(now + timedelta(hours=2), usegmt=True)
    server.serve("/d", status=status, headers={"Retry-After": date})
    assert read(server.url("/d")).state.next_at == now + timedelta(hours=2)
    server.serve("/far", status=status, headers={"Retry-After": "99999999999"})
    assert read(server.url("/far")).state.next_at == now + timedelta(hours=24)


def test_a_byte_at_a_time_is_given_up_in_time(server: Any, read: Any, rss: Any) -> None:
    server.serve("/feed", rss("One"), drip_s=0.05)
    began = time.monotonic()
    result = read(server.url("/feed"), timeout_s=0.5)
    assert time.monotonic() - began < 3
    assert "no answer within 0.5 s" in result.fault
    assert result.state.failures == 1


def test_silence_is_given_up_in_time(server: Any, read: Any) -> None:
    server.serve("/feed", hang=True)
    assert "no answer within 0.3 s" in read(server.url("/feed"), timeout_s=0.3).fault


def test_200_mb_out_of_200_kb_stops_at_the_cap(server: Any, read: Any) -> None:
    server.serve("/feed", huge=200_000_000)
    tracemalloc.start()
    try:
        result = read(server.url("/feed"), timeout_s=20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "larger than 5 000 000 bytes" in result.fault
    assert peak < 40_000_000


def test_size_counts_after_decompression_and_up_front(server: Any, read: Any, rss: Any) -> None:
    body = rss("One", extra="<!--" + "x" * 20_000 + "-->")
    server.serve("/gzip", body, gzip=True)
    assert "larger than 10 000 bytes" in read(server.url("/gzip"), max_bytes=10_000).fault
    server.serve("/plain", body)
    assert "larger than 10 000 bytes" in read(server.url("/plain"), max_bytes=10_000).fault
    assert len(read(server.url("/gzip"), max_bytes=30_000).entries) == 1


@pytest.mark.parametrize("how", ["members", "deflate", "raw", "padded"])
def test_compressed_forms(server: Any, read: Any, rss: Any, how: str) -> None:
    body, coding = rss("One"), "gzip"
    if how == "members":
        sent = gzip.compress(body[:50]) + gzip.compress(body[50:])
    elif how == "padded":
        sent = gzip.compress(body) + bytes(64)
    else:
        squeeze = zlib.compressobj(wbits=15 if how == "deflate" else -15)
        sent, coding = squeeze.compress(body) + squeeze.flush(), "deflate"
    server.serve("/feed", sent, headers={"Content-Encoding": coding})
    assert [entry.title for entry in read(server.url("/feed")).entries] == ["One"]


@pytest.mark.parametrize(
    ("coding", "sent", "words"),
    [
        ("br", b"abc", "compressed as 'br'"),
        ("gzip", b"not gzip at all", "broken"),
        ("gzip", gzip.compress(b"<rss/>" * 500, mtime=0)[:30], "cut off"),
    ],
    ids=["unknown coding", "no gzip", "cut off"],
)
def test_bad_compression_is_a_fault(
    server: Any, read: Any, coding: str, sent: bytes, words: str
) -> None:
    server.serve("/feed", sent, headers={"Content-Encoding": coding})
    assert words in read(server.url("/feed")).fault


def test_a_connection_that_breaks_off(server: Any, read: Any, rss: Any) -> None:
    server.serve("/feed", rss("One"), cut_at=30)
    assert "the connection broke off" in read(server.url("/feed")).fault


def test_nobody_listens(read: Any, another_server: Any) -> None:
    gone = another_server()
    gone.close()
    assert "no connection to 127.0.0.1" in read(gone.url("/feed")).fault


def test_a_name_that_does_not_resolve(read: Any) -> None:
    def resolve(host: str, port: int) -> Any:
        raise OSError("no")

    fault = read("http://feeds.example/", resolve=resolve).fault
    assert "the name feeds.example cannot be resolved" in fault


def test_what_is_no_feed_says_what_came(server: Any, read: Any) -> None:
    server.serve("/feed", "<!DOCTYPE html><title>Log in</title>", content_type="text/html")
    assert "an HTML page (“Log in”) came, not a feed" in read(server.url("/feed")).fault


def test_passwords_stay_out_of_messages(server: Any, read: Any) -> None:
    server.serve("/feed", status=500)
    url = server.url("/feed").replace("//", "//user:hunter2@")
    result = read(url)
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "hunter2" not in result.fault + result.state.message


def test_cookies_are_not_kept(server: Any, read: Any, rss: Any) -> None:
    server.serve("/old", status=302, location="/new", headers={"Set-Cookie": "id=1; Path=/"})
    server.serve("/new", rss("One"))
    assert len(read(server.url("/old")).entries) == 1
    assert "cookie" not in server.requests[1].headers


# --- redirects ----------------------------------------------------------------------------------


def test_five_redirects_are_followed_and_six_are_not(server: Any, read: Any, rss: Any) -> None:
    for hop in range(6):
        server.serve(f"/{hop}", status=302, location=f"/{hop + 1}")
    server.serve("/6", rss("One"))
    assert len(read(server.url("/1")).entries) == 1
    assert "more than 5 redirects" in read(server.url("/0")).fault


def test_a_permanent_redirect_seen_three_times_is_believed(
    server: Any, read: Any, rss: Any, reply: Any
) -> None:
    server.serve_each("/old", *(reply(status=each, location="/new") for each in (301, 308, 301)))
    server.serve("/new", rss("One"))
    state = FeedState("example")
    for seen in (1, 2):
        state = read(server.url("/old"), state).state
        assert (state.url, state.moved_to, state.moved_seen) == ("", server.url("/new"), seen)
    state = read(server.url("/old"), state).state
    assert (state.url, state.moved_to, state.moved_seen) == (server.url("/new"), "", 0)
    asked = server.hits("/old")
    assert read(server.url("/old"), state).entries
    assert server.hits("/old") == asked


def test_temporary_redirects_and_other_targets_start_the_count_anew(
    server: Any, read: Any, rss: Any
) -> None:
    server.serve("/old", status=302, location="/new")
    server.serve("/new", rss("One"))
    state = FeedState("example", moved_to=server.url("/new"), moved_seen=2)
    assert read(server.url("/old"), state).state.moved_seen == 0
    server.serve("/old", status=301, location="/new")
    other = replace(state, moved_to="https://example.org/elsewhere")
    assert read(server.url("/old"), other).state.moved_seen == 1
    server.serve("/new", status=500)
    assert read(server.url("/old"), state).state.url == ""


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("file:///etc/passwd", "http and https addresses only"),
        ("gopher://127.0.0.1/", "http and https addresses only"),
        ("http://10.0.0.1/", "10.0.0.1, which is not a public address"),
        ("http://[::ffff:10.0.0.1]/", "not a public address"),
        ("http://169.254.169.254/latest/meta-data/", "not a public address"),
        ("", "without saying where to"),
    ],
)
def test_redirects_out_of_bounds(server: Any, read: Any, location: str, words: str) -> None:
    server.serve("/feed", status=302, location=location)
    assert words in read(server.url("/feed")).fault


# --- many feeds ---------------------------------------------------------------------------------


def test_hosts_are_asked_at_once_and_results_come_as_they_finish(
    another_server: Any, make_reader: Any, make_source: Any, rss: Any, now: datetime
) -> None:
    servers = [another_server(f"127.0.0.{at}") for at in range(1, 6)]
    slow = threading.Barrier(5, timeout=5)
    for each in servers:
        each.serve("/feed", rss("One"))
        each._next = lambda path, before=each._next: (slow.wait(), before(path))[1]
    wanted = [
        (make_source(each.url("/feed"), f"s{at}"), FeedState(f"s{at}"))
        for at, each in enumerate(servers)
    ]
    results = list(make_reader().read(wanted, now, 10))
    assert sorted(result.state.source for result in results) == [f"s{at}" for at in range(5)]
    assert all(len(result.entries) == 1 for result in results)


def test_one_bad_feed_does_not_stop_the_rest(
    server: Any, make_reader: Any, make_source: Any, rss: Any, now: datetime
) -> None:
    server.serve("/good", rss("One"))
    server.serve("/bad", "nonsense")
    wanted = [
        (make_source(server.url(f"/{name}"), name), FeedState(name))
        for name in ("bad", "missing", "good")
    ]
    by_name = {each.state.source: each for each in make_reader().read(wanted, now, 10)}
    assert len(by_name["good"].entries) == 1
    assert "plain text came, not a feed" in by_name["bad"].fault
    assert "404" in by_name["missing"].fault


def test_one_request_at_a_time_per_host_with_a_pause(
    server: Any, make_reader: Any, make_source: Any, rss: Any, now: datetime
) -> None:
    for at in range(3):
        server.serve(f"/{at}", rss("One"))
    wanted = [(make_source(server.url(f"/{at}"), f"s{at}"), FeedState(f"s{at}")) for at in range(3)]
    reader = make_reader(host_interval_s=0.3)
    assert len(list(reader.read(wanted, now, 10))) == 3
    list(reader.read(wanted[:1], now, 10))
    at = [request.at for request in server.requests]
    assert all(later - earlier >= 0.3 for earlier, later in pairwise(at))
    assert server.busiest == 1


def test_the_budget_ends_the_call_and_is_nobodys_failure(
    server: Any, another_server: Any, make_reader: Any, make_source: Any, rss: Any, now: datetime
) -> None:
    server.serve("/hang", hang=True)
    other = another_server("127.0.0.2")
    other.serve("/feed", rss("One"))
    before = FeedState("hang", failures=2, etag='"e"')
    wanted = [
        (make_source(server.url("/hang"), "hang"), before),
        (make_source(server.url("/queued"), "queued"), FeedState("queued")),
        (make_source(other.url("/feed"), "good"), FeedState("good")),
    ]
    began = time.monotonic()
    by_name = {each.state.source: each for each in make_reader(timeout_s=60).read(wanted, now, 1.5)}
    assert time.monotonic() - began < 2.5
    assert len(by_name["good"].entries) == 1
    message = "no answer within the 1.5 s given to all feeds"
    assert by_name["hang"].fault == by_name["queued"].fault == message
    assert by_name["hang"].state == replace(before, last_tried=now, message=message)


def test_a_budget_of_nothing_asks_nobody(
    server: Any, make_reader: Any, make_source: Any, now: datetime
) -> None:
    wanted = [(make_source(server.url("/feed")), FeedState("example"))]
    (result,) = make_reader().read(wanted, now, 0)
    assert "within the 0 s" in result.fault
    assert server.requests == []
    assert list(make_reader().read([], now, 5)) == []


def test_a_resolver_that_sleeps_does_not_hold_up_the_end(
    make_reader: Any, make_source: Any, now: datetime
) -> None:
    release = threading.Event()

    def resolve(host: str, port: int) -> Any:
        release.wait(10)
        return ["127.0.0.1"]

    wanted = [(make_source("http://slow.example/feed"), FeedState("example"))]
    began = time.monotonic()
    (result,) = make_reader(resolve=resolve).read(wanted, now, 0.5)
    assert time.monotonic() - began < 1.5
    assert "given to all feeds" in result.fault
    release.set()


def test_who_stops_listening_ends_the_round(
    server: Any, another_server: Any, make_reader: Any, make_source: Any, now: datetime, rss: Any
) -> None:
    server.serve("/hang", hang=True)
    other = another_server("127.0.0.2")
    other.serve("/feed", rss("One"))
    wanted = [
        (make_source(server.url("/hang"), "hang"), FeedState("hang")),
        (make_source(other.url("/feed"), "good"), FeedState("good")),
    ]
    began = time.monotonic()
    results = make_reader(timeout_s=60).read(wanted, now, 60)
    assert next(iter(results)).state.source == "good"
    results.close()
    assert time.monotonic() - began < 5


def test_states_are_dated_now_and_what_has_passed_since(
    server: Any, make_source: Any, settings: Any, rss: Any, now: datetime
) -> None:
    ticks = iter(now.replace(year=2030) + timedelta(seconds=second) for second in range(0, 90, 7))
    server.serve("/feed", rss("One"))
    reader = HttpFeedReader(settings(), lambda: next(ticks))
    (result,) = reader.read([(make_source(server.url("/feed")), FeedState("example"))], now, 10)
    assert result.state.last_success == now + timedelta(seconds=7)
    assert result.entries[0].first_seen == now
