"""The address guard: addresses judged, connections pinned, TLS still checks the name."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Any

import pytest

from digest.ingest.guard import is_public
from digest.ports import FeedState

CERTIFICATE = Path(__file__).parent / "cases" / "feeds.example.pem"


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1"),
        *("192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1"),
        *("198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1"),
        *("::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::808:808"),
        *("100::1", "2001::1", "2001:0:808:808::", "2001:db8::1", "2002:7f00:1::", "2002:a00:1::"),
        *("3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1"),
    ],
)
def test_addresses_that_feeds_are_never_at(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "151.101.1.140", "::ffff:8.8.8.8", "64:ff9b::808:808"),
        *("2606:4700::1111", "2a00:1450:4001::200e", "2002:808:808::1"),
    ],
)
def test_addresses_of_the_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:7f00:1]"]
)
def test_loopback_in_disguise_is_refused(read: Any, server: Any, host: str) -> None:
    result = read(server.url("/feed", host), allow_private=[])
    assert "not a public address" in result.fault
    assert result.state.failures == 1
    assert server.requests == []


def test_one_bad_address_refuses_the_host(read: Any, server: Any) -> None:
    fault = read("http://feeds.example/", resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"]).fault
    assert "feeds.example is at 10.0.0.1" in fault


def test_ports_other_than_80_and_443_need_an_allowed_network(read: Any) -> None:
    fault = read("http://feeds.example:22/", resolve=lambda host, port: ["8.8.8.8"]).fault
    assert "port 22 of feeds.example" in fault


def test_the_connection_goes_to_the_address_that_was_judged(
    read: Any, server: Any, rss: Any
) -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    server.serve("/feed", rss("One"))
    result = read(server.url("/feed", "rebind.example"), resolve=lambda host, port: next(answers))
    assert len(result.entries) == 1
    assert next(answers) == ["10.0.0.1"]  # asked once, so there was no second answer to fall for
    assert server.requests[0].headers["host"] == f"rebind.example:{server.port}"


def test_each_hop_is_judged_anew(read: Any, server: Any) -> None:
    answers = iter([["127.0.0.1"], ["192.168.1.1"]])
    server.serve("/feed", status=302, location="http://other.example/")
    fault = read(server.url("/feed", "one.example"), resolve=lambda host, port: next(answers)).fault
    assert "other.example is at 192.168.1.1" in fault


def test_the_next_address_is_tried_when_one_is_dead(read: Any, server: Any, rss: Any) -> None:
    server.serve("/feed", rss("One"))
    url = server.url("/feed", "two.example")
    result = read(url, resolve=lambda host, port: ["127.0.0.9", "127.0.0.1"])
    assert len(result.entries) == 1


@pytest.mark.parametrize("url", ["ftp://example.org/", "file:///etc/passwd", "feed", "http:///x"])
def test_other_schemes_are_refused(read: Any, url: str) -> None:
    assert "http and https addresses only" in read(url).fault


@pytest.fixture
def tls_server(another_server: Any) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    names: list[str | None] = []
    context.sni_callback = lambda sock, name, ctx: names.append(name)
    server = another_server(tls=context)
    server.names = names
    return server


def test_tls_speaks_and_checks_the_hosts_name(read: Any, tls_server: Any, rss: Any) -> None:
    tls_server.serve("/feed", rss("One"))
    trust = ssl.create_default_context(cafile=str(CERTIFICATE))

    def ask(host: str, context: Any) -> Any:
        return read(
            tls_server.url("/feed", host),
            resolve=lambda host, port: ["127.0.0.1"],
            ssl_context=context,
        )

    assert len(ask("feeds.example", trust).entries) == 1
    assert tls_server.names == ["feeds.example"]
    assert "certificate verify failed" in ask("other.example", trust).fault
    assert "certificate verify failed" in ask("feeds.example", None).fault


def test_https_is_not_left_for_http(read: Any, tls_server: Any, server: Any, rss: Any) -> None:
    server.serve("/feed", rss("One"))
    tls_server.serve("/feed", status=301, location=server.url("/feed"))
    result = read(
        tls_server.url("/feed", "feeds.example"),
        resolve=lambda host, port: ["127.0.0.1"],
        ssl_context=ssl.create_default_context(cafile=str(CERTIFICATE)),
    )
    assert "redirected from https to http://" in result.fault
    assert server.requests == []


def test_a_state_may_hold_the_address_to_ask(read: Any, server: Any, rss: Any) -> None:
    server.serve("/new", rss("One"))
    result = read("http://old.example/", FeedState("example", url=server.url("/new")))
    assert len(result.entries) == 1
