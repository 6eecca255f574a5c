"""A finished letter looked over before the first reader gets it: what needs no browser.

Facts: RFC 5322 (fields; 2.1.1: lines of 998 bytes at most, 78 wanted), 2369 and 8058 (leaving),
2392 (cid); Gmail clips an HTML part at about 102 KB. What readers would suffer from and no second
look mends is `certain` and holds the edition; the rest is told.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

from digest.domain.checkup import Finding, State

CLIP: Final = 102 * 1024
"""Bytes of the HTML part from which Gmail shows only its beginning."""
PICTURES: Final = 12
PICTURE_BYTES: Final = 1_000_000
"""More of either makes a letter slow to open and dear to send."""
HTTPS: Final = "https"
"""How the finding is named that is no fault while nobody else gets the letter."""
LINE_MOST: Final = 998
LINE_WANTED: Final = 78

_ONCE: Final = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "List-Unsubscribe",
                "List-Unsubscribe-Post")  # fmt: skip
_MARK: Final = re.compile(r"\{\{[^{}\n]{1,80}\}\}|\{%[^{}\n]{1,80}%\}|@@[A-Z]{3,20}@@")
"""What a template leaves behind where it was not filled in."""
_LINK: Final = re.compile(r"https?://[^\s<>\"]+")


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and the web links of the letter."""

    findings: tuple[Finding, ...]
    links: tuple[str, ...]


@dataclass(slots=True)
class _Page:
    links: list[str] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    pictures: list[tuple[str, str | None]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = _Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note links, ids and pictures."""
        given = dict(attrs)
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"] or "")
        if tag == "img":
            self.page.pictures.append((given.get("src") or "", given.get("alt")))
        if given.get("id"):
            self.page.ids[str(given["id"])] += 1


def lint(
    raw: bytes, signed: Callable[[str], bool], leave: str, outside: Sequence[str] = ()
) -> Looked:
    """Look a message over. `signed` tells whether a link to leave bears our signature.

    `leave` is the reader's own link to leave; `outside` are texts that came with stories: what
    looks like a template's mark in them is somebody's headline.
    """
    message = email.message_from_bytes(raw, policy=email.policy.default)
    if not isinstance(message, EmailMessage):  # the default policy makes no other
        raise TypeError(type(message))
    text, html = _words(message, "plain"), _words(message, "html")
    reader = _Reader()
    reader.feed(html)
    page = reader.page
    found = [
        *_fields(message, signed),
        *_lines(raw),
        *_parts(text, html),
        *_marks((str(message["Subject"] or ""), text, html), outside),
        *_links(page, text, html, leave),
        *_pictures(page, message),
    ]
    web = [link for link in page.links if link.startswith("http")] or _LINK.findall(text)
    return Looked(tuple(found), tuple(dict.fromkeys(web)))


def _broken(what: str, words: str, hint: str = "") -> Finding:
    return Finding(f"letter: {what}", State.FAIL, words, hint, certain=True)


def _odd(what: str, words: str, hint: str = "") -> Finding:
    return Finding(f"letter: {what}", State.WARN, words, hint)


def _words(message: EmailMessage, kind: str) -> str:
    for part in message.walk():
        if part.get_content_type() == f"text/{kind}":
            return str(part.get_content())
    return ""


def _fields(message: EmailMessage, signed: Callable[[str], bool]) -> Iterator[Finding]:
    for name in _ONCE:
        count = len(message.get_all(name, []))
        if count != 1:
            yield _broken("header", f"{name} stands {count} times, once wanted")
    ways = re.findall(r"<([^<>]*)>", "".join(str(message["List-Unsubscribe"] or "").split()))
    web = [
        way for way in ways if urlsplit(way).scheme in {"https", "http"} and urlsplit(way).netloc
    ]
    if len(web) != 1:
        yield _broken("leaving", f"List-Unsubscribe needs one web address, it has {len(web)}")
    elif not signed(web[0]):
        yield _broken(
            "leaving",
            "the link to leave does not bear our signature: nobody could leave by it",
            "give all senders the same secret_key",
        )
    elif not web[0].startswith("https:"):
        yield _odd(
            HTTPS,
            "the link to leave is not https: mail programs show no button",
            "put the site behind https and set site.base_url to it",
        )
    if not any(way.startswith("mailto:") for way in ways):
        yield _odd("leaving", "List-Unsubscribe has no mailto: address")
    if str(message["List-Unsubscribe-Post"] or "") != "List-Unsubscribe=One-Click":
        yield _broken("leaving", "List-Unsubscribe-Post is not List-Unsubscribe=One-Click")


def _lines(raw: bytes) -> Iterator[Finding]:
    if raw.count(b"\n") != raw.count(b"\r\n"):
        yield _broken("lines", "a line ends without CR (RFC 5322, 2.3)")
    longest = max(map(len, raw.split(b"\r\n")))
    if longest > LINE_MOST:
        yield _broken("lines", f"a line has {longest} bytes, {LINE_MOST} at most")
    body = raw.partition(b"\r\n\r\n")[2]
    wide = max(map(len, body.split(b"\r\n")))
    if LINE_WANTED < wide <= LINE_MOST:
        yield _odd("lines", f"a line of the body has {wide} bytes, {LINE_WANTED} wanted")


def _parts(text: str, html: str) -> Iterator[Finding]:
    if not text.strip():
        yield _broken("text part", "it is missing or empty")
    size = len(html.encode())
    if size > CLIP:
        yield _odd(
            "size",
            f"the HTML part has {size / 1024:.0f} KB: Gmail hides what comes after about 102 KB",
            "fewer concepts or stories: edition.concepts, edition.stories",
        )


def _marks(parts: Sequence[str], outside: Sequence[str]) -> Iterator[Finding]:
    marks = {mark for part in parts for mark in _MARK.findall(part)}
    for mark in sorted(marks):
        if any(mark in words for words in outside):
            yield _odd("template", f"{mark} stands there; it came with a story")
        else:
            yield _broken(
                "template",
                f"{mark} was not filled in",
                "look at the letter (digest send --dry-run), and at paths.templates",
            )


def _links(page: _Page, text: str, html: str, leave: str) -> Iterator[Finding]:
    for link in dict.fromkeys(page.links):
        parts = urlsplit(link)
        if parts.scheme == "mailto" and "@" in parts.path:
            continue
        if parts.scheme not in {"https", "http"} or not parts.hostname:
            yield _broken("links", f"{link[:80]!r} leads nowhere: it is no web or mail address")
    for name, shown in (("text", leave in text), ("HTML", leave in page.links or not html)):
        if not shown:
            yield _broken("leaving", f"the {name} part has no link to leave")
    for name, count in page.ids.items():
        if count > 1:
            yield _odd("markup", f"{count} elements have the id {name[:40]!r}")


def _pictures(page: _Page, message: EmailMessage) -> Iterator[Finding]:
    inside = {
        str(part["Content-ID"]).strip("<> "): len(part.get_payload(decode=True) or b"")
        for part in message.walk()
        if part.get_content_maintype() == "image"
    }
    for source, alt in page.pictures:
        if source.startswith("cid:"):
            if source.removeprefix("cid:") not in inside:
                yield _broken("pictures", f"{source[:80]} is not in the letter")
        elif not (urlsplit(source).scheme in {"https", "http"} and urlsplit(source).hostname):
            yield _broken("pictures", f"{source[:80]!r} is no web address")
        if not (alt or "").strip():
            yield _odd("pictures", f"{source[:80]} has no words for when pictures are blocked")
    if len(page.pictures) > PICTURES:
        yield _odd("pictures", f"there are {len(page.pictures)}, {PICTURES} at most wanted")
    size = sum(inside.values())
    if size > PICTURE_BYTES:
        yield _odd(
            "pictures", f"they have {size / 1e6:.1f} MB", 'set mail.images = "hosted" to link them'
        )
