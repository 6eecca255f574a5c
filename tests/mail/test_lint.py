"""Each fault of a letter that is looked for, in a letter that has it; and one that has none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from digest.domain.delivery import Letter
from digest.mail.lint import CLIP, lint
from digest.mail.message import envelope
from digest.settings import MailSettings

LEAVE = "https://digest.example.org/u/token"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
HTML = f"""<html><body><p id="a">One idea <a href="https://lab.example/1">of a lab</a></p>
<img src="cid:f.1@digest.example.org" alt="A curve that falls">
<a href="mailto:editor@digest.example.org?subject=x">an error</a>
<a href="{LEAVE}">Unsubscribe</a></body></html>"""
TEXT = f"One idea https://lab.example/1\n\nUnsubscribe: {LEAVE}\n"


def raw(
    html: str | None = HTML, text: str = TEXT, subject: str = "One idea", leave: str = LEAVE
) -> bytes:
    letter = Letter(
        subject,
        html,
        text,
        (("f.1@digest.example.org", "f.png", PNG),) if html else (),
        (
            ("List-Unsubscribe", f"<{leave}>, <mailto:editor@digest.example.org>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    )
    return envelope(
        letter,
        recipient="ada@example.org",
        message_id="1@digest.example.org",
        date=datetime(2026, 3, 14, tzinfo=UTC),
        mail=MailSettings(from_address="editor@digest.example.org"),
    ).data


def found(data: bytes, outside: tuple[str, ...] = ()) -> list[tuple[bool, str]]:
    looked = lint(data, lambda link: link == LEAVE, LEAVE, outside)
    return [(each.holds, f"{each.name}: {each.words}") for each in looked.findings]


def test_a_good_letter_has_none_and_its_links_are_told() -> None:
    assert found(raw()) == []
    assert lint(raw(), lambda _: True, LEAVE).links == ("https://lab.example/1", LEAVE)
    assert found(raw(html=None)) == []


BROKEN: list[tuple[str, Callable[[], bytes], str]] = [
    ("mark", lambda: raw(HTML.replace("One idea", "One {{ concept.title }}")), "was not filled in"),
    ("tag", lambda: raw(text=TEXT + "{% endfor %}"), "{% endfor %} was not filled in"),
    ("place", lambda: raw(text=TEXT + "@@PREFERENCES@@"), "@@PREFERENCES@@ was not filled in"),
    ("subject", lambda: raw(subject="{{ subject }}"), "was not filled in"),
    ("relative", lambda: raw(HTML.replace("https://lab.example/1", "/1")), "leads nowhere"),
    ("no host", lambda: raw(HTML.replace("https://lab.example/1", "https:///1")), "leads nowhere"),
    ("script", lambda: raw(HTML.replace("https://lab.example/1", "javascript:x")), "leads nowhere"),
    ("no picture", lambda: raw(HTML.replace("cid:f.1", "cid:f.2")), "is not in the letter"),
    ("no way out", lambda: raw(HTML.replace(LEAVE, "https://x.example")), "no link to leave"),
    ("no way out in words", lambda: raw(text="One idea\n"), "the text part has no link to leave"),
    ("no words", lambda: raw(text=" \n"), "text part: it is missing or empty"),
    ("another's signature", lambda: raw(leave=f"{LEAVE}x"), "does not bear our signature"),
    ("no one-click", lambda: raw().replace(b"List-Unsubscribe-Post", b"X-Post"), "stands 0 times"),
    ("two subjects", lambda: b"Subject: two\r\n" + raw(), "Subject stands 2 times"),
    ("long line", lambda: raw() + b"x" * 999 + b"\r\n", "a line has 999 bytes"),
    ("bare LF", lambda: raw() + b"x\n", "ends without CR"),
]


@pytest.mark.parametrize(("make", "words"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_what_readers_would_suffer_from_holds_the_edition(
    make: Callable[[], bytes], words: str
) -> None:
    assert any(words in said for holds, said in found(make()) if holds), found(make())


ODD: list[tuple[str, Callable[[], bytes], str]] = [
    ("alt", lambda: raw(HTML.replace("A curve that falls", " ")), "no words for when pictures"),
    ("ids", lambda: raw(HTML.replace("<a href", '<a id="a" href', 1)), "2 elements have the id"),
    ("clipped", lambda: raw(HTML + "<!-- " + "x " * (CLIP // 2) + "-->"), "Gmail hides"),
    ("wide", lambda: raw() + b"x" * 200 + b"\r\n", "a line of the body has 200 bytes"),
]


@pytest.mark.parametrize(("make", "words"), [o[1:] for o in ODD], ids=[o[0] for o in ODD])
def test_what_is_odd_is_told_and_holds_nothing(make: Callable[[], bytes], words: str) -> None:
    assert [holds for holds, _ in found(make())] == [False]
    assert words in found(make())[0][1]


def test_a_headline_about_templates_holds_nothing() -> None:
    mark = "{{ user.name }}"
    letter = raw(HTML.replace("One idea", mark), TEXT + mark)
    assert [holds for holds, _ in found(letter, (f"Why {mark} is unsafe",))] == [False]
