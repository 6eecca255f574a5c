"""Letters that must not pass: each changes one thing of the sample and names its fault."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.gates.samples import LEAVE, PREHEADER, SITE, SUBJECT, Sample, png

Break = Callable[[Sample], None]
IMG = 'width="544" height="240"'


def _header(name: str, value: str | None) -> Break:
    def change(letter: Sample) -> None:
        if value is None:
            del letter.headers[name]
        else:
            letter.headers[name] = value

    return change


def _html(old: str, new: str, count: int = 1) -> Break:
    return lambda letter: letter.swap(old, new, count)


def _text(old: str, new: str) -> Break:
    return lambda letter: letter.swap_text(old, new)


def _picture(data: bytes, index: int = 1) -> Break:
    def change(letter: Sample) -> None:
        cid, name, _ = letter.pictures[index]
        letter.pictures[index] = (cid, name, data)

    return change


def _shorten(letter: Sample) -> None:
    letter.html = re.sub(r"(<p class=\"t\"[^>]*>).*?</p>", r"\1Short.</p>", letter.html)


def _more_pictures(letter: Sample) -> None:
    cid, name, data = letter.pictures[0]
    letter.pictures.append((f"more.{cid}", name, data))


def _twice(letter: Sample) -> None:
    letter.pictures.append(letter.pictures[0])


def _renamed(letter: Sample) -> None:
    cid, _, data = letter.pictures[0]
    letter.pictures[0] = (cid, "photo.png", data)


def _charset(letter: Sample) -> None:
    letter.charset = "iso-8859-1"
    letter.html = letter.html.encode("latin-1", "xmlcharrefreplace").decode("latin-1")
    letter.text = letter.text.encode("latin-1", "replace").decode("latin-1")


def _base64(letter: Sample) -> None:
    letter.transfer = "base64"


BROKEN: dict[str, tuple[Break, str]] = {
    # header fields
    "no message-id": (_header("Message-ID", None), "Message-ID: stands 0 times"),
    "foreign message-id": (
        _header("Message-ID", "<1@other.example>"),
        "the sender's is example.org",
    ),
    "long subject": (_header("Subject", "x" * 61), "Subject: 61 characters"),
    "no date": (_header("Date", None), "header Date: stands 0"),
    "no list-id": (_header("List-Id", None), "List-Id: stands 0"),
    "bare list-id": (_header("List-Id", "digest"), "no <dotted.name>"),
    "http unsubscribe": (
        _header("List-Unsubscribe", "<http://digest.example.org/1>, <mailto:a@example.org>"),
        "one https address wanted",
    ),
    "no mail unsubscribe": (_header("List-Unsubscribe", f"<{SITE}/one/7>"), "one mailto address"),
    "no one-click": (_header("List-Unsubscribe-Post", None), "List-Unsubscribe-Post: must be"),
    "no help": (_header("List-Help", None), "List-Help: stands 0"),
    "archive without brackets": (_header("List-Archive", SITE), "<https address> wanted"),
    "junk precedence": (_header("Precedence", "junk"), "header Precedence: 'junk'"),
    # parts and sizes
    "charset": (_charset, "charset iso-8859-1, utf-8 wanted"),
    "base64 text": (_base64, "text/html: base64, quoted-printable wanted"),
    "heavy html": (_html("</body>", f"<!-- {'x' * 62_500} --></body>"), "HTML part: 8"),
    "heavy style": (_html("</style>", f"/* {'x' * 8200} */</style>"), "kept <style>: 8.5 KB"),
    "heavy figure": (_picture(png(1088, 480) + bytes(49 * 1024)), "figure-shrinkage.png: 5"),
    "heavy formula": (_picture(png(240, 104) + bytes(8 * 1024), 0), "formula-shrinkage.png: 8"),
    "heavy images": (_picture(png(1088, 480) + bytes(210 * 1024)), "all images: 2"),
    "heavy message": (_picture(png(1088, 480) + bytes(400 * 1024)), "whole message: 5"),
    "eleven images": (_more_pictures, "11 images, 10 at most"),
    "strange image": (_renamed, "begins with neither figure- nor formula-"),
    # pictures
    "no width": (_html(IMG, 'height="240"'), "width is no integer"),
    "width in percent": (_html(IMG, 'width="100%" height="240"'), "width is no integer"),
    "natural width": (_html(IMG, 'width="1088" height="240"'), "half of 1088 natural"),
    "no css width": (_html("width:544px;", ""), "no width:544px"),
    "css width only": (_html("width:544px;max-width:100%;", "width:544px;"), "no max-width:100%"),
    "no alt": (_html('alt="Formula: θ', 'title="Formula: θ'), "alt of 0 characters"),
    "short alt": (_html('alt="A staircase falls', 'alt="x" title="A'), "alt of 1 characters"),
    "long alt": (_html('alt="', f'alt="{"word " * 50}'), "10 to 250 wanted"),
    "unstyled alt": (
        _html(
            "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:14px;"
            "line-height:20px;",
            "",
        ),
        "for its alt text",
    ),
    "dangling cid": (_html("cid:figure-shrinkage", "cid:figure-gone"), "is no part of the letter"),
    "unused part": (_html("cid:figure-shrinkage", "cid:figure-gone"), "referenced 0 times"),
    "cid used twice": (
        _html("cid:figure-gibbs-sampling.", "cid:figure-shrinkage."),
        "referenced 2 times",
    ),
    "two parts of one cid": (_twice, "2 parts have this Content-ID"),
    "foreign image": (_html("cid:figure-shrinkage", "http://example.org/a"), "neither cid: nor"),
    "low image": (_picture(png(240, 100, margin=12), 0), "240 x 100, both 104"),
    "wide figure": (_picture(png(1400, 480)), "700 css pixels wide, 600 at most"),
    "wide formula": (_picture(png(900, 104), 0), "450 css pixels wide, 420 at most"),
    "transparent figure": (_picture(png(1088, 480, mode="RGBA")), "transparent"),
    "figure without margin": (_picture(png(1088, 480, margin=4)), "4 natural pixels of white"),
    "not a picture": (_picture(b"GIF89a, not really"), "PNG wanted"),
    "stretching table": (_html("table-layout:fixed;", "", 99), "stretches a phone's page"),
    # what mail programs drop
    "data address": (_html("cid:figure-shrinkage", "data:image/png;base64,AA"), "data: or"),
    "svg": (_html("</body>", '<svg width="9" height="9"></svg></body>'), "<svg>: mail programs"),
    "mathml": (_html("</body>", "<math><mi>x</mi></math></body>"), "<math>: mail programs"),
    "picture": (_html("</body>", "<picture></picture></body>"), "<picture>: mail programs"),
    "script": (_html("</body>", "<script>1</script></body>"), "<script>: mail programs"),
    "form": (_html("</body>", "<form></form></body>"), "<form>: mail programs"),
    "webp": (_html("cid:figure-shrinkage", "https://example.org/a.webp#"), "is not PNG"),
    "handler": (_html("<h1 ", '<h1 onclick="x()" '), "onclick is a script"),
    "zero type": (_html("font-size:16px", "font-size:0px"), "ZERO_FONT"),
    "zero type in the sheet": (_html("a { color", "a { font-size:0; color"), "ZERO_FONT"),
    "style in the body": (_html("</body>", "<style>p{}</style></body>"), "where Gmail drops it"),
    "import": (_html("<style>", "<style>@import 'x';"), "loads something"),
    # the frame
    "no title": (_html(f"<title>{SUBJECT}</title>", ""), "0 <title> with text"),
    "no lang": (_html('<html lang="en"', "<html"), "<html> has no lang"),
    "no wrapper": (_html('<div lang="en" dir="ltr"', "<div"), "Gmail drops <html>"),
    "layout table without role": (
        _html('<table role="presentation" width="100%"', "<table"),
        "no role",
    ),
    "ghost table without role": (
        _html('<table role="presentation" width="600"', '<table width="600"'),
        "ghost <table>",
    ),
    "no ghost table": (_html("<!--[if mso]><table", "<!--[off mso]><table"), "no ghost table"),
    "open ghost table": (_html("<!--[if mso]></td></tr></table>", "<!--[if mso]>"), "unequally"),
    "no pixels per inch": (_html("PixelsPerInch", "Pixels", 2), "no PixelsPerInch"),
    "two h1": (_html("<h2 ", "<h1 "), "2 <h1>, one wanted"),
    "skipped level": (_html("<h2 ", "<h4 "), "so one is skipped"),
    # words
    "no preheader": (_html("display:none;", ""), "no hidden preheader"),
    "preheader not hidden from Word": (_html("mso-hide:all;", ""), "no mso-hide:all"),
    "short preheader": (_html(PREHEADER, "Too short."), "preheader of 10"),
    "long preheader": (_html(PREHEADER, PREHEADER * 2), "40 to 100 wanted"),
    "preheader like subject": (_html(PREHEADER, SUBJECT), "the subject once more"),
    "short letter": (_shorten, "900 to 1300 wanted"),
    "plain link": (_html("text-decoration:underline;", ""), "is not underlined"),
    "vague link": (_html(">Simpler wins again</a>", ">here</a>"), "says not where"),
    "same text, other place": (_html(">Leave this list</a>", ">Old data</a>"), "leads elsewhere"),
    "dead link": (_html(f'href="{LEAVE}"', 'href="#"'), "neither a web nor a mail"),
    "no way out at the top": (_html(">Unsubscribe</a>", ">Settings</a>"), "in the first 120"),
    "no way out at the end": (
        _html(">Leave this list</a>", ">All editions</a>"),
        "in the last 150",
    ),
    "link missing in text": (_text("https://news.example/1\n", ""), "news.example/1 is missing"),
    "link only in text": (
        _text("FIVE IDEAS", "https://spy.example/\nFIVE IDEAS"),
        "not in the HTML",
    ),
    "text too short": (lambda letter: setattr(letter, "text", letter.text[:1500]), "text part: 2"),
    "long line": (_text("FIVE IDEAS", "word " * 20 + "FIVE IDEAS"), "78 at most"),
    "markup in text": (_text("FIVE IDEAS", "<p>FIVE&nbsp;IDEAS"), "has HTML in it"),
    # contrast
    "pale text": (_html("color:#57606a", "color:#9aa4ae"), "in light, 4.5:1 wanted"),
    "no dark ink": (_html(".small { color: #b3bac2 !important; }", ""), "in dark, 4.5:1 wanted"),
    "weak dark rule": (_html("#b3bac2 !important", "#b3bac2"), "in dark, 4.5:1 wanted"),
    "no dark rules": (_html("(prefers-color-scheme: dark)", "(max-width: 1px)"), "has no @media"),
    "unread colour": (_html("color:#1f2328", "color:var(--ink)"), "is none that all mail programs"),
}
"""Name -> (what to change, a piece of the fault that must be reported)."""
