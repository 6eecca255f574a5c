"""Feeds that want to do harm: broken, hostile and huge documents, made here.

`documents(size)` yields (name, bytes, format); each must be read or refused with one line, within
the limits of time and memory. `LOOPBACK` are hosts that must never be connected to.
"""

# ruff: noqa: E501, UP031, PLR0915 - a list of documents, one a line

from __future__ import annotations

import gzip
import json
import random
import struct
from collections.abc import Iterator

RSS = "<rss version='2.0'><channel><title>t</title>%s</channel></rss>"
ITEM = (
    "<item><title>%s</title><link>https://example.org/%s</link><description>%s</description></item>"
)


def rss(items: str, head: str = "") -> bytes:
    return (head + RSS % items).encode()


def item(title: str, lead: str = "It says so.", at: object = 1) -> str:
    return ITEM % (title, at, lead)


def documents(size: int) -> Iterator[tuple[str, bytes, str]]:
    """`size` is about how large the large ones are, bytes."""
    yield from ((name, body, "feed") for name, body in _xml(size))
    for form in ("jsonfeed", "hackernews", "hf-papers"):
        for name, body in _json(size):
            yield f"{form}: {name}", body, form


def _xml(size: int) -> Iterator[tuple[str, bytes]]:
    many = size // 120
    laughs = "<!DOCTYPE r [<!ENTITY a0 'ha'>%s]>" % "".join(
        f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12)
    )
    yield "a billion laughs", rss(item("&a11;"), laughs)
    yield (
        "entities, quadratic",
        rss(item("&a;" * 20_000), f"<!DOCTYPE r [<!ENTITY a '{'x' * 40_000}'>]>"),
    )
    yield (
        "entity, external",
        rss(item("&f;"), "<!DOCTYPE r [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>"),
    )
    yield (
        "entity, parameter",
        rss(item("x"), "<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://127.0.0.1/'>%p;]>"),
    )
    yield "entity, of itself", rss(item("&a;"), "<!DOCTYPE r [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>")
    yield "doctype without end", b"<!DOCTYPE " + b"[" * size
    yield "nested deep", rss("<item>" * many + "</item>" * many)
    yield "nested deep, no end", b"<rss><channel>" + b"<a>" * (size // 3)
    yield "nested markup", rss(item("x", "&lt;div&gt;" * many))
    yield "many tiny items", rss("<item/>" * (size // 7))
    yield "many items", rss("".join(item(f"Title {n}", "Some words. " * 3, n) for n in range(many)))
    yield "one title", rss(item("word " * (size // 5)))
    yield "one word", rss(item("x" * size))
    yield "one attribute", rss(f"<item x='{'y' * size}'/>")
    yield "many attributes", rss("<item %s/>" % " ".join(f"a{n}='{n}'" for n in range(many * 10)))
    yield "one attribute twice", rss("<item a='1' a='2'><title>x</title></item>")
    yield "one tag's name", rss(f"<{'z' * size}/>")
    yield "comments without an end", b"<!--" * (size // 4)
    yield "short comments", b"<!---->" * (size // 7)
    yield "cdata without an end", rss("<![CDATA[" * (size // 9))
    yield "angle brackets", b"<" * size
    yield "ampersands", rss("&" * size)
    yield "entities half written", rss("&#" * (size // 2))
    yield "numbers of no character", rss(item("&#0;&#x110000;&#xD800;&#99999999999999;&#x1F;"))
    yield "tags that never close", rss(item("a<b" * (size // 3)))
    yield "quotes that never close", rss("<a href='" * (size // 9))
    yield (
        "namespaces",
        rss("<item>%s</item>" % "".join(f"<n{n}:a xmlns:n{n}='u{n}'/>" for n in range(many))),
    )
    yield "a prefix without namespace", rss("<item><media:title>x</media:title></item>")
    yield "NULs", rss(item("a\0b", "c\0\0d\0", "e\0"))
    yield "NULs only", bytes(size)
    yield (
        "control characters",
        rss(item("".join(map(chr, range(1, 32))) + "\x7f\x85\u202e\ufeff x")),
    )
    yield "escape sequences", rss(item("\x1b]0;title\x07\x1b[2J now", "\x9b31m red."))
    yield "every byte", rss(item("x")).replace(b"x", bytes(range(256)))
    yield (
        "UTF-8, overlong and cut",
        rss(item("x")).replace(b"x", b"\xc0\xaf\xe0\x80\x80\xf8\x88\xed\xa0\x80\xff\xc3"),
    )
    for name in ("utf-16", "utf-32", "cp037", "utf-7", "rot13", "base64", "zip", "punycode", "idna",
                 "unicode_escape", "no-such-charset", "x" * 40):  # fmt: skip
        yield (
            f"declared {name}, is not",
            f"<?xml version='1.0' encoding='{name}'?>".encode() + rss(item("é x")),
        )
    yield "UTF-16, odd length", rss(item("x")).decode().encode("utf-16") + b"\x00"
    yield "UTF-16, lone surrogates", b"\xff\xfe" + b"<\0r\0" + struct.pack("<H", 0xD800) * 2000
    yield "two declarations", b"<?xml version='1.0'?>" * 1000 + rss(item("x"))
    yield (
        "xml:base elsewhere",
        rss(item("x")).replace(b"<item", b"<item xml:base='javascript:alert(1)//'"),
    )
    yield "links to everywhere", rss("".join(
        f"<item><title>x</title><link>{url}</link></item>"
        for url in ("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://", "//",
                    "http://[::1", "http://a b/", "https://" + "a" * 5000, "http://user:pw@h.example/",
                    "https://\u202e.example/", "http://h.example:99999/", "http://%00/", "\x00")))  # fmt: skip
    yield "dates of all ages", rss("".join(
        f"<item><title>x</title><link>https://example.org/</link><pubDate>{when}</pubDate></item>"
        for when in ("0000-00-00", "9999-12-31T23:59:59+99:99", "-1", "1e400", "Mon, 99 Foo 99999", "٣",
                     "2026-02-30", "24:00", "Thu, 01 Jan 1970 00:00:60 GMT", "1" * 5000, "UT " * 3000)))  # fmt: skip
    yield "spaces in a date", rss(f"<item><pubDate>{' ' * size}x</pubDate></item>")
    yield (
        "ttl and hours of nonsense",
        rss("<ttl>99999999</ttl><skipHours><hour>99</hour><hour>-1</hour></skipHours>" + item("x")),
    )
    yield "gzip in gzip", gzip.compress(gzip.compress(rss(item("x"))))
    yield "a feed in a feed", rss(item("x", (RSS % item("y")).replace("<", "&lt;")))
    yield "half a feed", rss(item("One") + item("Two", at=2))[:-60]
    yield "an HTML page", b"<!doctype html><html><head><title>" + b"a" * size + b"</title>"
    noise = random.Random(4)  # noqa: S311 - noise
    yield "noise", noise.randbytes(size)
    whole = rss("".join(item(f"Title {n}", "Some <b>words</b> &amp; more.", n) for n in range(20)))
    for seed in range(20):
        rng, spoilt = random.Random(seed), bytearray(whole)  # noqa: S311 - noise
        for _ in range(rng.randint(1, 60)):
            at = rng.randrange(len(spoilt))
            spoilt[at : at + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
        yield f"spoilt at random, {seed}", bytes(spoilt)


def _json(size: int) -> Iterator[tuple[str, bytes]]:
    yield "nested deep", b"[" * size
    yield "nested deep in objects", b'{"a":' * (size // 5)
    yield (
        "a number",
        b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":1' + b"0" * 5000 + b"}]}",
    )
    yield (
        "infinity",
        b'{"hits":[{"points":1e999,"created_at_i":1e999,"title":"x","url":"http://e.example"}]}',
    )
    yield (
        "not a number",
        b'{"hits":[{"points":NaN,"created_at_i":NaN,"title":"x","url":"http://e.example"}]}',
    )
    yield (
        "lone surrogate",
        b'{"hits":[{"title":"\\ud800","url":"http://e.example/","objectID":"\\udfff"}]}',
    )
    wrong: list[object] = [None, True, 1, "x", [], {}, [[]], [None], {"a": None}]
    fields = ("title", "url", "id", "objectID", "points", "authors", "author", "paper", "summary",
              "created_at_i", "date_published", "content_html", "upvotes")  # fmt: skip
    for at, value in enumerate(wrong):
        row = dict.fromkeys(fields, value)
        yield (
            f"wrong types {at}",
            json.dumps(
                {
                    "version": "https://jsonfeed.org/version/1.1",
                    "title": value,
                    "items": [row, value],
                    "hits": [row, value],
                }
            ).encode(),
        )
        yield (
            f"wrong types in papers {at}",
            json.dumps(
                [{"paper": row | {"id": "2603.00001", "title": value}}, row, value]
            ).encode(),
        )
        yield f"only {value!r}", json.dumps(value).encode()


LOOPBACK = (
    *("127.0.0.1", "127.1", "127.0.0.1.", "2130706433", "0x7f000001", "017700000001", "0177.0.0.1"),
    *("0x7f.1", "0", "0.0.0.0", "localhost", "localhost.", "LOCALHOST", "①②⑦.⓪.⓪.①", "127。0。0。1"),
    *("[::1]", "[::]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:1]"),
    *("[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]"),
    *("[fc00::1]", "[fec0::1]", "[ff02::1]", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254"),
    *("100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "[fe80::1%25lo]"),
    *("user@127.0.0.1", "user:pw@127.0.0.1", "8.8.8.8@127.0.0.1", "8.8.8.8%2f@127.0.0.1", "8.8.8.8\\@127.0.0.1"),
)  # fmt: skip
