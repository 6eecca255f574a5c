"""A small real letter to develop the gates with, and what to change so that each gate fails.

It has what a letter has: PNG pictures over CID, a ghost table, dark rules, a composed text part.
Nothing here comes from templates/, so that a fault there cannot hide one here.
"""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass, field
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from functools import lru_cache

from PIL import Image, ImageDraw

SITE = "https://digest.example.org"
LEAVE = f"{SITE}/u/eyJzIjoiNyJ9.c2lnbmVkLWJ5LXRoZS1zaXRl"
SUBJECT = "Shrinkage, Gibbs sampling, warm-up and two more"
PREHEADER = "A penalty halves the error of twelve noisy weights; a sampler that turns one dial."
SANS = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
PROSE = f"margin:0 0 12px;{SANS}font-size:16px;line-height:25px;color:#1f2328;"
SMALL = f"margin:0 0 8px;{SANS}font-size:14px;line-height:21px;color:#57606a;"
TITLE = "margin:0 0 8px;font-family:Georgia,serif;color:#14171a;font-weight:bold;"
FIXED = (
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'
    ' style="table-layout:fixed;width:100%;">'
)
DARK = """
@media (max-width: 600px) {
  .pad { padding-left: 18px !important; padding-right: 18px !important; }
}
@media (prefers-color-scheme: dark) {
  .page { background-color: #121212 !important; }
  .card { background-color: #1b1d1f !important; }
  .t, h1, h2, h3 { color: #e8eaed !important; }
  .small { color: #b3bac2 !important; }
  a { color: #8ec8f0 !important; }
}
[data-ogsc] .t, [data-ogsc] h1, [data-ogsc] h2, [data-ogsc] h3 { color: #e8eaed !important; }
[data-ogsc] a { color: #8ec8f0 !important; }
"""
HEAD = """<!DOCTYPE html>
<html lang="en" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="x-apple-disable-message-reformatting" content="">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
<!--[if mso]><noscript><xml xmlns:o="urn:schemas-microsoft-com:office:office">\
<o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings>\
</xml></noscript><![endif]-->
<style>{dark}</style>
</head>
"""
IDEAS = ("Shrinkage", "Gibbs sampling", "Warm-up", "Label smoothing", "Power iteration")
TALES = ("Simpler wins again", "A bug in the split", "What the index hid", "Old data", "Half bits")


@dataclass
class Sample:
    """A letter under construction: change any field, then `eml()`."""

    html: str
    text: str
    pictures: list[tuple[str, str, bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    charset: str = "utf-8"
    transfer: str = "quoted-printable"

    def swap(self, old: str, new: str, count: int = 1) -> None:
        """Exchange a piece of the HTML. Raises ValueError where it is not there."""
        if old not in self.html:
            raise ValueError(f"the sample letter has no {old!r}")
        self.html = self.html.replace(old, new, count)

    def swap_text(self, old: str, new: str) -> None:
        """Exchange a piece of the text part. Raises ValueError where it is not there."""
        if old not in self.text:
            raise ValueError(f"the sample letter's text has no {old!r}")
        self.text = self.text.replace(old, new, 1)

    def eml(self) -> bytes:
        """The message, with CRLF."""
        message = EmailMessage(policy=SMTP)
        for name, value in self.headers.items():
            message[name] = value
        message.set_content(self.text, cte=self.transfer, charset=self.charset)
        message.add_alternative(self.html, subtype="html", cte=self.transfer, charset=self.charset)
        body = message.get_payload()[1]  # type: ignore[index]
        assert isinstance(body, MIMEPart)
        for cid, name, data in self.pictures:
            body.add_related(
                data, "image", "png", cid=f"<{cid}>", disposition="inline", filename=name
            )
        if self.pictures:
            body.set_param("type", "text/html")
        return message.as_bytes()


def sample() -> Sample:
    """A letter that passes every gate."""
    blocks: list[str] = []
    lines: list[str] = []
    pictures: list[tuple[str, str, bytes]] = []
    for number, title in enumerate(IDEAS, 1):
        slug = title.lower().replace(" ", "-")
        for kind, size in (("formula", (240, 104)), ("figure", (1088, 480))):
            name = f"{kind}-{slug}"
            pictures.append((f"{name}.20260314@example.org", f"{name}.png", png(*size)))
        blocks.append(_idea(number, title, slug))
        lines.append(_idea_text(number, title, slug))
    for number, title in enumerate(TALES, 1):
        blocks.append(_tale(number, title))
        lines.append(_tale_text(number, title))
    return Sample(
        html=HEAD.format(subject=SUBJECT, dark=DARK) + _body("\n".join(blocks)),
        text=_text("\n\n".join(lines)),
        pictures=pictures,
        headers={
            "From": "digest <letters@example.org>",
            "To": "reader@example.org",
            "Subject": SUBJECT,
            "Date": "Sat, 14 Mar 2026 06:00:00 +0000",
            "Message-ID": "<20260314.0123456789abcdef@example.org>",
            "List-Id": "digest <digest.example.org>",
            "List-Unsubscribe": f"<{SITE}/one/7>, <mailto:leave@example.org?subject=unsubscribe>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "List-Archive": f"<{SITE}/editions/>",
            "List-Help": f"<{SITE}/help>",
        },
    )


@lru_cache
def png(width: int, height: int, *, margin: int = 24, mode: str = "L") -> bytes:
    """A picture of a falling staircase on white, `margin` natural pixels from every edge."""
    white: int | tuple[int, ...] = 255 if mode == "L" else (255, 255, 255, 0)
    black: int | tuple[int, ...] = 0 if mode == "L" else (0, 0, 0, 255)
    picture = Image.new(mode, (width, height), white)
    pen = ImageDraw.Draw(picture)
    wide, high = width - 2 * margin, height - 2 * margin
    for step in range(8):
        left, top = margin + wide * step // 8, margin + high * step // 8
        pen.rectangle((left, top, margin + wide * (step + 1) // 8 - 1, top + 3), fill=black)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def _prose(number: int, title: str) -> tuple[str, str, str]:
    definition = (
        f"{title} is written here in plain words so that the gates have something to read. "
        f"The first sentence says what it does, the second when it holds, and the third where "
        f"it stops. In paragraph {number} the weights move by {number} percent, which is little, "
        f"yet after {number * 40} rounds they stand where a careful reader expects them."
    )
    example = (
        f"Example. Take {number + 11} coins and throw each of them {number * 20} times. The mean "
        f"share of heads lies near one half, and its spread shrinks with the square root of the "
        f"throws. With {number * 80} throws in place of {number * 20} the spread is half as wide."
    )
    why = (
        f"Why it matters. The optimiser of library number {number} takes this step each time that "
        "it is called, and most training runs of this year have called it a million times."
    )
    return definition, example, why


def _alt(title: str, kind: str) -> str:
    if kind == "formula":
        return f"Formula: θ ← θ − η ∇L(θ) for {title.lower()}"
    return f"A staircase falls from left to right in eight even steps. It stands for {title}."


def _img(title: str, slug: str, kind: str, width: int, height: int) -> str:
    return (
        f'<img src="cid:{kind}-{slug}.20260314@example.org" width="{width}" height="{height}"'
        f' alt="{_alt(title, kind)}" style="display:block;width:{width}px;max-width:100%;'
        f"height:auto;{SANS}font-size:14px;line-height:20px;color:#1f2328;"
        'background-color:#ffffff;">'
    )


def _link(address: str, text: str) -> str:
    return f'<a href="{address}" style="color:#00588c;text-decoration:underline;">{text}</a>'


def _idea(number: int, title: str, slug: str) -> str:
    definition, example, why = _prose(number, title)
    card = _link(f"{SITE}/concepts/{slug}", f"The whole card on {title}")
    return f"""{FIXED}
<tr><td class="pad" style="padding:20px 28px 8px;">
<h3 style="{TITLE}font-size:22px;line-height:29px;">{number}. {title}</h3>
<p class="t" style="{PROSE}">{definition}</p>
{_img(title, slug, "formula", 120, 52)}</td></tr>
<tr><td>{_img(title, slug, "figure", 544, 240)}</td></tr>
<tr><td class="pad" style="padding:10px 28px 8px;">
<p class="t" style="{PROSE}">{example}</p>
<p class="t" style="{PROSE}">{why}</p>
<p class="small" style="{SMALL}">{card}</p>
</td></tr>
</table>"""


def _idea_text(number: int, title: str, slug: str) -> str:
    pieces = [f"{number}. {title.upper()}"]
    definition, example, why = _prose(number, title)
    pieces += [definition, f"    {_alt(title, 'formula')}", f"[Figure] {_alt(title, 'figure')}"]
    pieces += [example, why, f"The whole card on {title}:\n{SITE}/concepts/{slug}"]
    return "\n\n".join(map(_wrap, pieces))


def _story(number: int, title: str) -> str:
    return (
        f"Story {number}, {title}, tells in two sentences what was found and how it was measured. "
        f"The gain is {number} points on a test that nobody trained on, and the code is open."
    )


def _tale(number: int, title: str) -> str:
    link = _link(f"https://news.example/{number}", title)
    return f"""{FIXED}
<tr><td class="pad" style="padding:16px 28px 8px;">
<h3 style="{TITLE}font-size:19px;line-height:26px;">{link}</h3>
<p class="t" style="{PROSE}">{_story(number, title)}</p>
<p class="small" style="{SMALL}">Example Gazette, {number} hours ago. Why here: three outlets
carried it.</p>
</td></tr>
</table>"""


def _tale_text(number: int, title: str) -> str:
    return "\n".join(
        (
            f"{number}. {title}",
            f"https://news.example/{number}",
            _wrap(_story(number, title)),
            f"Example Gazette, {number} hours ago. Why here: three outlets carried it.",
        )
    )


FOOT = (
    "digest: five ideas and five stories of machine learning, every morning. You get this because "
    "reader@example.org is subscribed. Written at 1 Example Street, Springfield, IL 62701, USA."
)


def _body(blocks: str) -> str:
    return f"""<body class="page" style="margin:0;padding:0;background-color:#f4f4f1;">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;">{PREHEADER}</div>
<div lang="en" dir="ltr" class="page" style="background-color:#f4f4f1;">
{FIXED}<tr><td align="center">
<!--[if mso]><table role="presentation" width="600" align="center"><tr><td><![endif]-->
<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" border="0"
 class="card" style="table-layout:fixed;width:100%;max-width:600px;background-color:#ffffff;\
text-align:left;">
<tr><td class="pad" style="padding:24px 28px;">
<h1 style="{TITLE}font-size:28px;line-height:35px;">{SUBJECT}</h1>
<p class="small" style="{SMALL}">Six minutes. {_link(LEAVE, "Unsubscribe")}</p>
<h2 style="{TITLE}font-size:21px;line-height:28px;">Five ideas and five stories</h2>
</td></tr>
<tr><td>
{blocks}
</td></tr>
<tr><td class="pad" style="padding:18px 28px;">
<p class="small" style="{SMALL}">{FOOT}</p>
<p class="small" style="{SMALL}">{_link(LEAVE, "Leave this list")}</p>
</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr></table>
</div>
</body>
</html>
"""


def _text(blocks: str) -> str:
    return "\n\n".join(
        (
            SUBJECT.upper(),
            f"Six minutes. Unsubscribe:\n{LEAVE}",
            "FIVE IDEAS AND FIVE STORIES",
            blocks,
            _wrap(FOOT),
            f"Leave this list:\n{LEAVE}\n",
        )
    )


def _wrap(text: str) -> str:
    return "\n".join(
        line if line.startswith("http") else textwrap.fill(line, 78, break_on_hyphens=False)
        for line in text.split("\n")
    )
