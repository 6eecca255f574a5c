"""The message's bytes: what was put in comes out again, and nothing else gets in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage, MIMEPart
from email.policy import default
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.domain.delivery import Letter
from digest.errors import DigestError, UsageError
from digest.mail import encoding, fields, message
from digest.mail.message import envelope
from digest.settings import MailSettings
from tests.mail.conftest import MAIL, PNG, WHEN, a_letter, an_envelope

PROSE = st.text(st.sampled_from(".\n =-_\t") | st.characters(exclude_categories=["Cs", "Cc"]))
VISIBLE = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"])
TITLES = st.lists(st.text(VISIBLE, min_size=1, max_size=90), min_size=1, max_size=8).map(" ".join)


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=default)
    for part in message.walk():
        assert part.defects == []
        for value in part.values():
            assert not value.defects, (value, value.defects)
    return message


def build(letter: Letter, mail: MailSettings = MAIL, **changes: Any) -> bytes:
    given_: dict[str, Any] = {
        "recipient": "ada@example.org",
        "message_id": "1.ada@example.org",
        "date": WHEN,
    }
    return envelope(letter, mail=mail, **(given_ | changes)).data


def text_of(part: MIMEPart) -> str:
    return str(part.get_content()).replace("\r\n", "\n")


# --- the tree ----------------------------------------------------------------------------------


def test_the_tree_of_a_letter_with_images() -> None:
    letter = a_letter(images=(*a_letter().images, ("b.d@example.org", "b.png", PNG * 9)))
    message = parsed(an_envelope(letter).data)
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "image/png",
    ]
    text, related = message.iter_parts()
    assert related.get_param("type") == "text/html"
    html, *images = related.iter_parts()
    assert text_of(text) == letter.text
    assert text_of(html) == letter.html
    for part in (text, html):
        assert part["Content-Type"] == f'{part.get_content_type()}; charset="utf-8"'
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
    for part, (content_id, filename, png) in zip(images, letter.images, strict=True):
        assert part.get_content() == png
        assert part["Content-ID"] == f"<{content_id}>"
        assert part["Content-Disposition"] == f'inline; filename="{filename}"'
        assert part["Content-Transfer-Encoding"] == "base64"


def test_the_tree_without_images_and_without_html() -> None:
    plain = parsed(an_envelope(a_letter(images=(), html=None)).data)
    assert plain.get_content_type() == "text/plain"
    assert text_of(plain) == a_letter().text
    both = parsed(an_envelope(a_letter(images=())).data)
    assert [part.get_content_type() for part in both.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@given(PROSE, PROSE | st.none(), st.lists(st.binary(min_size=1, max_size=400), max_size=3))
def test_what_goes_in_comes_out(text: str, html: str | None, pngs: list[bytes]) -> None:
    images = tuple((f"i{n}.d@example.org", f"i{n}.png", png) for n, png in enumerate(pngs))
    data = build(Letter("x", html, text, images, ()))
    assert data.endswith(b"\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", data)
    assert max(map(len, data.split(b"\r\n"))) <= 78
    _, _, body = data.partition(b"\r\n\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 76
    parts = [part for part in parsed(data).walk() if not part.is_multipart()]
    if html is None:
        assert text_of(parts[0]) in {text, text + "\n"}
    else:
        assert [text_of(part) for part in parts[:2]] == [text, html]
        assert [part.get_content() for part in parts[2:]] == pngs
    # A mark of a boundary stands where this program put one, and nowhere else.
    marks = re.findall(rb'boundary="([^"]+)"', data)
    assert len(set(marks)) == len(marks)
    assert all(mark.startswith(b"=_") for mark in marks)  # what no encoded part can contain
    for mark, count in zip(marks, [3, len(pngs) + 2], strict=False):
        assert data.count(mark) == count + 1


@pytest.mark.parametrize("nasty", ["--=_alt_0123", "=_", "\r\n--=_rel_x--\r\n", "Content-Type: x"])
def test_a_boundary_cannot_be_forged(nasty: str) -> None:
    text = f"{nasty}\n{nasty}"
    data = build(a_letter(text=text, html=f"<p>{text}</p>"))
    marks = [mark.decode() for mark in re.findall(rb'boundary="([^"]+)"', data)]
    forged = "\n".join(f"--{mark}\nContent-Type: text/html\n\nx\n--{mark}--" for mark in marks)
    message = parsed(build(a_letter(text=forged, html=forged)))
    assert len(list(message.walk())) == 5
    assert text_of(next(iter(message.iter_parts()))) == forged


def test_long_lines_without_a_break_keep_crlf() -> None:
    data = build(a_letter(html=None, images=(), text="ä" * 500))
    assert not re.search(rb"(?<!\r)\n", data)
    assert text_of(parsed(data)).rstrip("\n") == "ä" * 500


def test_line_ends_of_any_kind_and_lone_surrogates() -> None:
    data = build(a_letter(html=None, images=(), text="a\rb\r\nc\nd\ud83d\n"))
    assert text_of(parsed(data)) == "a\nb\nc\nd?\n"


# --- determinism -------------------------------------------------------------------------------


def test_same_input_same_bytes() -> None:
    first = an_envelope()
    encoding.encode_image_part.cache_clear()
    encoding.image_fingerprint.cache_clear()
    encoding.text_field.cache_clear()
    message._subject.cache_clear()
    assert an_envelope() == first


def test_boundaries_follow_the_content() -> None:
    seen = {
        tuple(re.findall(rb'boundary="([^"]+)"', build(letter)))
        for letter in (
            a_letter(),
            a_letter(text="x"),
            a_letter(html="x"),
            a_letter(images=(("fig.2026-11-03@example.org", "momentum.png", PNG + b"x"),)),
        )
    }
    assert len(seen) == 4


def test_images_are_encoded_once_for_all_letters() -> None:
    first, *others = [an_envelope(recipient=f"r{n}@example.org") for n in range(200)]
    (image,) = [part for part in first.parts if b"image/png" in part]
    assert all(any(part is image for part in other.parts) for other in others)


# --- the header --------------------------------------------------------------------------------


def test_the_header_in_order_and_in_full() -> None:
    mail = MailSettings(
        from_name="Ada, the digest",
        from_address="digest@example.org",
        reply_to="answers@example.org",
    )
    data = build(a_letter(), mail)
    assert data.partition(b"\r\n\r\n")[0].decode().split("\r\n")[:-2] == [
        'From: "Ada, the digest" <digest@example.org>',
        "To: ada@example.org",
        "Reply-To: answers@example.org",
        "Subject: Momentum, and four more",
        "Date: Tue, 03 Nov 2026 07:00:00 +0000",
        "Message-ID: <1.ada@example.org>",
        "List-Id: digest <digest.example.org>",
        f"List-Unsubscribe: <https://example.org/u/{'k' * 90}>,",
        " <mailto:leave@example.org?subject=leave>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "MIME-Version: 1.0",
        "Content-Language: en",
    ]


def test_the_return_path() -> None:
    assert an_envelope().sender == "bounces@example.org"
    bare = MailSettings(from_address="digest@example.org")
    result = envelope(a_letter(), recipient="a@b.example", message_id="1@x", date=WHEN, mail=bare)
    assert (result.sender, result.recipient, result.message_id) == (
        "digest@example.org",
        "a@b.example",
        "1@x",
    )


@given(TITLES)
def test_any_subject_comes_out(subject: str) -> None:
    data = build(a_letter(subject=subject))
    assert parsed(data)["Subject"] == subject
    head = data.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert max(map(len, head.split(b"\r\nList-Id")[0].split(b"\r\n"))) <= 78


@given(TITLES)
def test_any_display_name_comes_out(name: str) -> None:
    field = encoding.address_field("From", name, "digest@example.org")
    assert field.isascii()
    assert max(map(len, field.split(b"\r\n"))) <= 78
    # Not with policy.default: up to Python 3.13 it keeps the space between two encoded words.
    shown, address = parseaddr(field.decode("ascii").removeprefix("From: ").replace("\r\n", ""))
    assert (str(make_header(decode_header(shown))), address) == (name, "digest@example.org")


def test_a_subject_that_looks_encoded_is_text() -> None:
    subject = "=?utf-8?q?gotcha?="
    assert parsed(build(a_letter(subject=subject)))["Subject"] == subject


def test_a_list_id_with_a_name_outside_ascii() -> None:
    data = build(a_letter(headers=(("List-Id", "Tägliches <digest.example.org>"),)))
    assert b"<digest.example.org>" in data
    assert parsed(data)["List-Id"] == "Tägliches <digest.example.org>"


def test_other_headers_may_be_outside_ascii() -> None:
    data = build(a_letter(headers=(("X-Topic", "Größe"), ("Precedence", "bulk"))))
    assert parsed(data)["X-Topic"] == "Größe"
    assert parsed(data)["Precedence"] == "bulk"


def test_a_zone_is_kept_and_a_naive_date_refused() -> None:
    zone = timezone(timedelta(hours=2))
    data = build(a_letter(), date=datetime(2026, 7, 1, 9, tzinfo=zone))
    assert b"\r\nDate: Wed, 01 Jul 2026 09:00:00 +0200\r\n" in data
    with pytest.raises(ValueError, match="aware"):
        build(a_letter(), date=datetime(2026, 7, 1, 9, tzinfo=UTC).replace(tzinfo=None))


BREAKS = [
    "\r\nBcc: eve@example.org",
    "\nBcc: e@x",
    "\rBcc: e@x",
    "\r\n\r\n<b>",
    "\x00",
    "\x0b",
    "\x1b",
]
BREAKS += ["\x7f", "\x85", "\u2028Bcc: e@x", "\ud800"]


@pytest.mark.parametrize("tail", BREAKS)
def test_header_injection(tail: str) -> None:
    """Every value that a person or a feed can reach."""
    bad = f"x{tail}"
    hostile = [
        a_letter(subject=bad),
        a_letter(language=bad),
        a_letter(headers=(("List-Unsubscribe", f"<https://example.org/{bad}>"),)),
        a_letter(headers=(("List-Id", f"{bad} <digest.example.org>"),)),
        a_letter(headers=(("List-Id", f"ü{bad} <digest.example.org>"),)),
        a_letter(headers=(("X-Topic", bad),)),
        a_letter(headers=((f"X-{bad}", "y"),)),
        a_letter(images=((f"{bad}@example.org", "a.png", PNG),)),
        a_letter(images=(("a@example.org", bad, PNG),)),
        a_letter(images=(("a@example.org", f'"{bad}', PNG),)),
    ]
    for letter in hostile:
        with pytest.raises(DigestError):
            build(letter)
    with pytest.raises(DigestError):
        build(a_letter(), message_id=f"{bad}@x")
    with pytest.raises(DigestError):
        build(a_letter(), recipient=f"{bad}@example.org")
    mail = MailSettings(from_address="digest@example.org")
    for name in ("from_name", "from_address", "reply_to", "bounce_address"):
        # model_copy goes round the settings' own checks: the last lock is what is tried here.
        worse = mail.model_copy(update={name: bad if name == "from_name" else f"{bad}@b.example"})
        with pytest.raises(DigestError):
            build(a_letter(), worse)


@pytest.mark.parametrize(
    ("head", "names"),
    [
        (b"A: b\r\nB: c\n\r\n", ["A", "B"]),
        (b"A: b\rB: c\r\n", ["A"]),
        (b"A: b\nB: c\r\n", ["A"]),
        (b"A: b\r\nB: c\r\n", ["A"]),
        (b"A: b\r\n", ["A", "B"]),
        (b"A: b\r\n\r\nbody\r\n", ["A"]),
        (b" A: b\r\n", []),
        (b"A: b\r\n \r\n", ["A"]),
        (b"A: \x00\r\n", ["A"]),
        (b"A: b", ["A"]),
        (b"A: " + b"x" * 1000 + b"\r\n", ["A"]),
    ],
)
def test_the_last_lock(head: bytes, names: list[str]) -> None:
    with pytest.raises(DigestError, match="header is broken"):
        fields.scan_fields(head, names)


@pytest.mark.parametrize(
    "name", ["Subject", "bcc", "Content-Type", "FROM", "Message-Id", "Received"]
)
def test_a_letter_cannot_bring_the_program_s_own_headers(name: str) -> None:
    with pytest.raises(DigestError, match="written by the program"):
        build(a_letter(headers=((name, "x"),)))


def test_a_url_is_never_encoded_or_cut() -> None:
    url = f"https://example.org/u/{'k' * 300}"
    data = build(a_letter(headers=(("List-Unsubscribe", f"<{url}>"),)))
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in data
    with pytest.raises(DigestError, match="percent-encoding"):
        build(a_letter(headers=(("List-Archive", "<https://example.org/ü>"),)))


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("ada@example.org", "ada@example.org"),
        ("a.b+c_d'e@sub.example.org", "a.b+c_d'e@sub.example.org"),
        ("ada@localhost", "ada@localhost"),
        ("ada@[192.0.2.1]", "ada@[192.0.2.1]"),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
        ("राजीव@example.org", "राजीव@example.org"),
    ],
)
def test_wire_address(address: str, wire: str) -> None:
    assert encoding.wire_address(address) == wire
    assert encoding.wire_address(wire) == wire


@pytest.mark.parametrize(
    "address",
    [
        *("", "@", "ada", "ada@", "@example.org", "a b@x.example", "<a@x.example>", "a@x.example>"),
        *(
            "a,b@x.example",
            "a;b@x.example",
            "a@b@x.example",
            "a@x.example,b@y.example",
            "a@-ü.example",
        ),
        "a@x..example",
        "a\u00a0b@x.example",
        "a\u2028@x.example",
        f"{'a' * 250}@x.example",
        "a@x\x85y",
        "a@x.example SIZE=1",
        '"a b"@x.example',
        '"a"b"@x.example',
        "a@x.example\r\n",
        "a\ud800@x.example",
    ],
)
def test_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="no address"):
        encoding.wire_address(address)


def test_an_international_recipient_in_the_header() -> None:
    data = build(a_letter(), recipient="jürgen@bücher.example")
    assert "\r\nTo: jürgen@xn--bcher-kva.example\r\n".encode() in data
