"""Hostile feeds, small here and large in scripts/torture: read or refused with one clear line."""

# ruff: noqa: E501 - replies, one a line

from __future__ import annotations

import itertools
import resource
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from digest.ingest import urls
from digest.ports import FeedState
from tests.ingest import hostile

ROUND_S = 20
_watched: list[set[Any]] = []


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watched and args[0].family != socket.AF_UNIX:
        _watched[-1].add(args[1][:2])


sys.addaudithook(_audit)


@contextmanager
def connections() -> Iterator[set[Any]]:
    """Every (address, port) that this process tries to connect to, whoever does it."""
    _watched.append(set())
    try:
        yield _watched[-1]
    finally:
        _watched.pop()


def test_hostile_documents_are_read_or_refused_with_one_line(
    server: Any, make_reader: Any, make_source: Any, now: Any
) -> None:
    wanted = []
    for at, (name, body, form) in enumerate(hostile.documents(20_000)):
        server.serve(f"/{at}", body)
        wanted.append(
            (make_source(server.url(f"/{at}", "127.0.0.1"), name, format=form), FeedState(name))
        )
    began = time.monotonic()
    results = list(make_reader(timeout_s=60).read(wanted, now, 120))
    assert time.monotonic() - began < ROUND_S * 3  # a busy machine; alone it takes 3 s
    assert len(results) == len(wanted) > 150
    for result in results:
        name = result.state.source
        assert "\n" not in result.fault
        assert len(result.fault) < 600
        assert "given to all feeds" not in result.fault
        assert "within 20 s" not in result.fault, name
        for entry in result.entries:
            told = f"{entry.title}{entry.lead}{entry.url}{entry.key}"
            assert not any(char < " " or "\x7f" <= char < "\xa0" for char in told), name
            assert "root:" not in told, name
            assert urls.tidy(entry.url) == entry.url, name
    read = {result.state.source for result in results if result.entries}
    assert {"NULs", "declared utf-16, is not", "half a feed", "gzip in gzip"} - read == {
        "gzip in gzip"
    }
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 700_000  # KB


@pytest.mark.parametrize("host", hostile.LOOPBACK)
def test_nothing_private_is_connected_to(host: str, read: Any, server: Any) -> None:
    with connections() as seen:
        for port in (80, server.port):
            result = read(f"http://{host}:{port}/feed", allow_private=[])
            assert result.fault
            assert "\n" not in result.fault
    # Names of no host are looked up at most; nothing is connected to but a name server.
    assert {(where, port) for where, port in seen if port != 53} == set()
    assert server.requests == []


@pytest.mark.parametrize("host", hostile.LOOPBACK)
def test_nor_after_a_redirect(host: str, read: Any, server: Any) -> None:
    server.serve("/feed", status=302, location=f"http://{host}:{server.port}/secret")

    def resolve(name: str, port: int) -> list[str]:
        if name == "outside.example":
            return ["127.0.0.7"]
        return [str(found[4][0]) for found in socket.getaddrinfo(name, port)]

    # One address of loopback stands for the outside; the rest of it stays private.
    with connections() as seen:
        url = server.url("/feed", "outside.example")
        result = read(url, allow_private=["127.0.0.7/32"], resolve=resolve)
    assert result.fault
    assert {where for where, port in seen if port != 53} <= {"127.0.0.7"}
    assert server.hits("/secret") == 0


@pytest.fixture
def server(another_server: Callable[..., Any]) -> Any:
    return another_server("0.0.0.0")


def test_a_name_that_changes_its_mind(read: Any, server: Any, rss: Any) -> None:
    server.serve("/feed", rss("One"))
    turns = itertools.cycle(
        [["8.8.8.8"], ["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"]]
    )
    with connections() as seen:
        for _ in range(8):
            read(
                server.url("/feed", "rebind.example"),
                allow_private=[],
                timeout_s=0.4,
                connect_timeout_s=0.3,
                resolve=lambda host, port: next(turns),
            )
    assert {where for where, _ in seen} <= {"8.8.8.8"}
    assert server.requests == []


def test_redirects_in_a_circle(read: Any, server: Any) -> None:
    server.serve("/a", status=301, location="/b")
    server.serve("/b", status=308, location="/a")
    result = read(server.url("/a", "127.0.0.1"))
    assert "more than 5 redirects" in result.fault
    assert result.state.url == ""
    assert len(server.requests) == 6


@pytest.fixture
def raw() -> Iterator[Callable[..., str]]:
    """A server that says what it likes: `raw(first, again)` sends `again` until hung up on."""
    listening = [socket.create_server(("127.0.0.1", 0))]
    threads = []

    def start(first: bytes, again: bytes = b"", pause_s: float = 0.0) -> str:
        listener = listening[0]

        def serve() -> None:
            with listener.accept()[0] as sock:
                sock.recv(65536)
                try:
                    sock.sendall(first)
                    while again:
                        sock.sendall(again)
                        time.sleep(pause_s)
                except OSError:
                    return

        threads.append(threading.Thread(target=serve, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    for thread in threads:
        thread.join(5)
    listening[0].close()


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("first", "again", "words"),
    [
        (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 4096 + b"\r\n", "larger than"),
        (OK + b"\r\n", b"<item/>" * 9000, "larger than"),
        (OK + b"Content-Length: 99999999999999999999\r\n\r\n", b"", "larger than"),
        (OK + b"Content-Length: -1\r\n\r\n", b"", "broke off"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nZZZ\r\n", b"", "broke off"),
        (OK, b"X-Long: " + b"y" * 4000 + b"\r\n", "broke off"),
        (OK + b"X: " + b"y" * 300_000, b"", "broke off"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 50, "no answer within"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", b"", "broke off"),
        (b"\x15\x03\x01\x00\x02\x02\x28", b"", "broke off"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n", b"", "no address"),
        (b"HTTP/1.1 999 \x1b[2J\r\nContent-Length: 0\r\n\r\n", b"", "answered 999"),
    ],
)  # fmt: skip
def test_servers_that_speak_badly(
    read: Any, raw: Any, first: bytes, again: bytes, words: str
) -> None:
    began = time.monotonic()
    result = read(raw(first, again), timeout_s=2, max_bytes=200_000)
    assert time.monotonic() - began < 8
    assert words in result.fault
    assert result.fault.isprintable()
    assert result.state.failures == 1
