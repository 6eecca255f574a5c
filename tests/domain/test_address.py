"""Addresses: what a sign-up form takes, what it refuses, which spellings are one mailbox."""

from __future__ import annotations

import pytest

from digest.domain.address import normalise
from digest.errors import UsageError


@pytest.mark.parametrize(
    ("given", "shown", "key"),
    [
        ("ann@example.org", "ann@example.org", "ann@example.org"),
        ("Ann.Lee@Example.ORG", "Ann.Lee@example.org", "ann.lee@example.org"),
        ("  ann@example.org\t", "ann@example.org", "ann@example.org"),
        ("ann+digest@example.org", "ann+digest@example.org", "ann+digest@example.org"),
        ("o'neil_x-1/2=3@sub.example.com", "o'neil_x-1/2=3@sub.example.com", None),
        ("ann@münchen.example", "ann@münchen.example", "ann@xn--mnchen-3ya.example"),
        ("ann@xn--mnchen-3ya.example", "ann@münchen.example", "ann@xn--mnchen-3ya.example"),
        ("ZO\u0308E@example.org", "Z\u00d6E@example.org", "z\u00f6e@example.org"),
        ("用户@例え.example", "用户@例え.example", "用户@xn--r8jz45g.example"),
        ("1@2.example", "1@2.example", "1@2.example"),
        ("a" * 64 + "@example.org", "a" * 64 + "@example.org", None),
    ],
)
def test_good_addresses(given: str, shown: str, key: str | None) -> None:
    found = normalise(given)
    assert found.shown == shown
    assert found.key == (key or shown)
    assert normalise(found.shown).key == found.key


@pytest.mark.parametrize(
    "given",
    [
        "",
        "   ",
        "ann",
        "@example.org",
        "ann@",
        "ann@@example.org",
        "ann@example",
        "ann@localhost",
        ".ann@example.org",
        "ann.@example.org",
        "an..n@example.org",
        "ann@-example.org",
        "ann@exam_ple.org",
        "ann@example..org",
        "ann@.example.org",
        "ann@example.org.",
        "an n@example.org",
        "ann@exam ple.org",
        "ann@example.org\r\nBcc: bob@example.org",
        "ann\n@example.org",
        "ann@example.org\x00",
        "\x07ann@example.org",
        '"ann lee"@example.org',
        "ann(comment)@example.org",
        "ann@[192.0.2.1]",
        "ann@[IPv6:2001:db8::1]",
        "Ann <ann@example.org>",
        "ann@example.org, bob@example.org",
        "a" * 65 + "@example.org",
        "ann@" + "a" * 64 + ".org",
        "ann@" + "a." * 126 + "org",
        "ann@host.invalid",
        "ann\u202e@example.org",
    ],
)
def test_bad_addresses_are_refused_in_one_clear_line(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        normalise(given)
    message = caught.value.message
    assert "not an address: " in message
    assert message.isprintable()
    assert len(message) < 220
    assert caught.value.hint


def test_the_message_names_the_address_and_the_fault() -> None:
    with pytest.raises(UsageError, match=r"^ann@example: not an address: .*period"):
        normalise("ann@example")
