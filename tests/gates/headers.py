"""Rules for the outside of a letter: header fields, the tree of parts, sizes.

Facts: Gmail clips an HTML part at about 102 KB; RFC 5322 (fields), 2369 and 2919 (List-*),
8058 (one-click unsubscribe), 2387 (multipart/related), 2392 (cid).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parseaddr, parsedate_to_datetime
from urllib.parse import urlsplit

from tests.gates.message import Mail

KB = 1024
HTML_MOST, MESSAGE_MOST = 80 * KB, 500 * KB
IMAGES_MOST, IMAGES_COUNT = 200 * KB, 10
FIGURE_MOST, FORMULA_MOST = 48 * KB, 8 * KB
SUBJECT_MOST = 60
ONE_EACH = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "List-Id",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Archive",
    "List-Help",
)
LOCAL = frozenset(("localhost", "127.0.0.1", "::1"))


def header_faults(mail: Mail) -> Iterator[str]:
    """Header fields: all there, once, and in the form that mail servers act on."""
    for name in ONE_EACH:
        count = len(mail.message.get_all(name, []))
        if count != 1:
            yield f"header {name}: stands {count} times, once wanted"
    if not 1 <= len(mail.subject) <= SUBJECT_MOST:
        yield f"header Subject: {len(mail.subject)} characters, 1 to {SUBJECT_MOST} wanted"
    sender = parseaddr(str(mail.message["From"] or ""))[1]
    domain = sender.rpartition("@")[2].lower()
    identity = str(mail.message["Message-ID"] or "").strip()
    form = re.fullmatch(r"<([^<>\s@]+)@([^<>\s@]+)>", identity)
    if form is None:
        yield f"header Message-ID: {identity!r} is not of the form <unique@domain>"
    elif form[2].lower() != domain:
        yield f"header Message-ID: domain {form[2]}, the sender's is {domain}"
    try:
        if parsedate_to_datetime(str(mail.message["Date"] or "")).tzinfo is None:
            yield "header Date: no zone"
    except ValueError:
        yield f"header Date: {mail.message['Date']!r} is no date"
    yield from _list_faults(mail)
    for name, values in (
        ("Auto-Submitted", ("auto-generated",)),
        ("Precedence", ("bulk", "list")),
    ):
        yield from (
            f"header {name}: {value!r}, one of {', '.join(values)} wanted"
            for value in mail.all(name)
            if value not in values
        )


def _list_faults(mail: Mail) -> Iterator[str]:
    if not re.search(r"<[a-z0-9-]+(\.[a-z0-9-]+)+>$", "".join(mail.all("List-Id")), re.IGNORECASE):
        yield f"header List-Id: {mail.all('List-Id')} has no <dotted.name> at its end"
    ways = re.findall(r"<([^<>]*)>", "".join(mail.all("List-Unsubscribe")))
    if sum(is_web(way) for way in ways) != 1:
        yield f"header List-Unsubscribe: one https address wanted, has {ways}"
    if sum(way.startswith("mailto:") for way in ways) != 1:
        yield f"header List-Unsubscribe: one mailto address wanted, has {ways}"
    if mail.all("List-Unsubscribe-Post") != ["List-Unsubscribe=One-Click"]:
        yield "header List-Unsubscribe-Post: must be List-Unsubscribe=One-Click (RFC 8058)"
    for name in ("List-Archive", "List-Help"):
        value = "".join(mail.all(name))
        if not (is_web(value.strip("<>")) and value.startswith("<") and value.endswith(">")):
            yield f"header {name}: {value!r}, <https address> wanted"


def is_web(address: str) -> bool:
    """Whether it is an https address; http will do on this machine, as in a dry run."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)
    )


def tree_faults(mail: Mail) -> Iterator[str]:
    """Parts: text first, utf-8, quoted-printable; images inline and beside the HTML."""
    wanted = ["multipart/alternative", "text/plain"]
    if mail.images:
        wanted.append("multipart/related")
    wanted += ["text/html", *("image/png" for _ in mail.images)]
    if list(mail.order) != wanted:
        yield f"the tree of parts is {' '.join(mail.order)}; wanted {' '.join(wanted)}"
    for kind, part in (("text/plain", mail.text_part), ("text/html", mail.html_part)):
        if part.get_content_charset() != "utf-8":
            yield f"{kind}: charset {part.get_content_charset()}, utf-8 wanted (else Gmail clips)"
        encoding = str(part.get("Content-Transfer-Encoding", "7bit")).lower()
        if encoding != "quoted-printable":
            yield f"{kind}: {encoding}, quoted-printable wanted"
    for part in mail.message.walk():
        if part.get_content_type() == "multipart/related" and part.get_param("type") != "text/html":
            yield 'multipart/related: the parameter type="text/html" is missing (RFC 2387)'
    for image in mail.images:
        if image.disposition != "inline" or not image.filename:
            yield f"image {image.content_id}: not inline with a file name"
    if mail.raw.count(b"\n") != mail.raw.count(b"\r\n"):
        yield "a line of the message ends without CR (RFC 5322, 2.3)"
    longest = max(len(line) for line in mail.raw.split(b"\r\n"))
    if longest > 998:
        yield f"a line of the message has {longest} bytes, 998 at most (RFC 5322, 2.1.1)"


def size_faults(mail: Mail) -> Iterator[str]:
    """Budgets in bytes (1 KB = 1,024), as decoded; the message as it travels."""
    yield from _over("HTML part", len(mail.html.encode()), HTML_MOST)
    yield from _over("whole message", len(mail.raw), MESSAGE_MOST)
    yield from _over("all images", sum(len(image.data) for image in mail.images), IMAGES_MOST)
    if len(mail.images) > IMAGES_COUNT:
        yield f"{len(mail.images)} images, {IMAGES_COUNT} at most"
    for image in mail.images:
        if image.filename.startswith("figure-"):
            yield from _over(image.filename, len(image.data), FIGURE_MOST)
        elif image.filename.startswith("formula-"):
            yield from _over(image.filename, len(image.data), FORMULA_MOST)
        else:
            yield f"{image.filename}: the name begins with neither figure- nor formula-"


def _over(what: str, size: int, most: int) -> Iterator[str]:
    if size > most:
        yield f"{what}: {size / KB:.1f} KB, {most / KB:.0f} KB at most"
