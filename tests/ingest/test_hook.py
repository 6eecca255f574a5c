"""Web hooks and links over a real HTTP server on loopback."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from digest.errors import DigestError
from digest.ingest.guard import Guard, networks
from digest.ingest.hook import post
from digest.ingest.links import dead_links
from tests.hookserver import HookServer

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
LOOPBACK = Guard(networks(["127.0.0.0/8"]), section="alerts")


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server


def told(hook: HookServer, secret: str = "", guard: Guard = LOOPBACK) -> None:
    post(f"{hook.url}/x", b'{"a": 1}', secret=secret, now=NOW, guard=guard, waits_s=(0.01, 0.01))


def test_a_document_is_signed_with_its_time(hook: HookServer) -> None:
    told(hook, "a secret of the two of us")
    (came,) = hook.posts
    said = f"{came.headers['x-digest-timestamp']}.".encode() + came.body
    digits = hmac.new(b"a secret of the two of us", said, hashlib.sha256).hexdigest()
    assert came.headers["x-digest-signature"] == f"v1={digits}"
    assert came.headers["x-digest-timestamp"] == str(int(NOW.timestamp()))
    assert came.json == {"a": 1}
    told(hook)
    assert "x-digest-signature" not in hook.posts[1].headers


def test_what_is_busy_is_asked_again_a_little(hook: HookServer) -> None:
    hook.answers = [503, 429, 204]
    told(hook)
    assert len(hook.posts) == 3
    hook.answers = [500]
    with pytest.raises(DigestError, match="answered 500"):
        told(hook)
    assert len(hook.posts) == 6


@pytest.mark.parametrize(("status", "words"), [(404, "404"), (302, "redirects are not followed")])
def test_what_says_no_is_asked_once(hook: HookServer, status: int, words: str) -> None:
    hook.answers = [status]
    with pytest.raises(DigestError, match=words):
        told(hook)
    assert len(hook.posts) == 1


def test_a_private_host_must_be_named(hook: HookServer) -> None:
    with pytest.raises(DigestError, match=r"alerts\.allow_private may name its network"):
        told(hook, guard=Guard(section="alerts"))
    assert hook.posts == []


def test_only_what_a_reader_would_meet_counts_as_dead(hook: HookServer) -> None:
    hook.pages = {"/good": 200, "/no-head": 405, "/forbidden": 403, "/gone": 410, "/sick": 503}
    urls = [f"{hook.url}{path}" for path in (*hook.pages, "/nowhere")]
    dead = dead_links([*urls, "http://127.0.0.1:1/closed"], LOOPBACK, 10)
    assert {url.rpartition("/")[2] for url in dead} == {"gone", "nowhere", "closed"}
    assert sorted(hook.heads) == sorted([*hook.pages, "/nowhere"])
    refused = dead_links(urls[:1], Guard(), 10)
    assert "not a public address" in refused[urls[0]]
