"""Links hold as long as they should, for one purpose only; ids and seeds never change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from digest.domain import tokens
from digest.domain.tokens import Purpose, keyed_hash, message_id, read, seed, sign
from digest.errors import UsageError

KEY = "first-key-of-thirty-two-characters"
OLD = "older-key-of-thirty-two-characters"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("purpose", Purpose)
def test_a_token_gives_its_subject_back(purpose: Purpose) -> None:
    token = sign([KEY], purpose, "ann@example.org", NOW)
    assert read([KEY], purpose, token, NOW + timedelta(hours=23)) == "ann@example.org"
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_confirming_ends_after_seven_days_to_the_second() -> None:
    token = sign([KEY], Purpose.CONFIRM, "42", NOW)
    assert read([KEY], Purpose.CONFIRM, token, NOW + timedelta(days=7, seconds=-1)) == "42"
    with pytest.raises(UsageError, match="ended on 2026-03-08") as caught:
        read([KEY], Purpose.CONFIRM, token, NOW + timedelta(days=7))
    assert "subscribe again" in caught.value.hint


def test_unsubscribing_never_ends_and_stays_the_same() -> None:
    token = sign([KEY], Purpose.UNSUBSCRIBE, "42", NOW)
    assert token == sign([KEY], Purpose.UNSUBSCRIBE, "42", NOW + timedelta(days=400))
    assert read([KEY], Purpose.UNSUBSCRIBE, token, NOW + timedelta(days=36_500)) == "42"


def test_a_token_serves_its_own_purpose_only() -> None:
    for made in Purpose:
        token = sign([KEY], made, "42", NOW)
        for asked in set(Purpose) - {made}:
            with pytest.raises(UsageError, match="not valid"):
                read([KEY], asked, token, NOW)


def test_keys_rotate() -> None:
    before = sign([OLD], Purpose.UNSUBSCRIBE, "42", NOW)
    assert read([KEY, OLD], Purpose.UNSUBSCRIBE, before, NOW) == "42"
    after = sign([KEY, OLD], Purpose.UNSUBSCRIBE, "42", NOW)
    assert read([KEY], Purpose.UNSUBSCRIBE, after, NOW) == "42"
    with pytest.raises(UsageError):
        read([KEY], Purpose.UNSUBSCRIBE, before, NOW)
    with pytest.raises(ValueError, match="needs a key"):
        sign([], Purpose.UNSUBSCRIBE, "42", NOW)
    with pytest.raises(ValueError, match="needs a key"):
        read([""], Purpose.UNSUBSCRIBE, after, NOW)


def test_every_changed_character_is_noticed() -> None:
    token = sign([KEY], Purpose.CONFIRM, "42", NOW)
    for at, character in enumerate(token):
        other = token[:at] + ("A" if character != "A" else "B") + token[at + 1 :]
        try:
            subject = read([KEY], Purpose.CONFIRM, other, NOW)
        except UsageError:
            continue
        # Base64 leaves bits of the last character unused: such a spelling says the same.
        assert at == len(token) - 1
        assert subject == "42"
    for bad in ("", ".", token[:-5], token + "x", "\u00fc" + token, token * 50):
        with pytest.raises(UsageError):
            read([KEY], Purpose.CONFIRM, bad, NOW)


def test_keyed_hash_is_hmac_sha256() -> None:
    # Computed with: printf 'suppress\0a@example.org' | openssl dgst -sha256 -hmac key
    expected = "14f4de80ad300b7dfeea69da579bffa28a56e88988d64bdea2328a3b1961ecc7"
    assert keyed_hash("key", "suppress", "a@example.org") == expected
    assert keyed_hash("key", "other", "a@example.org") != expected
    assert keyed_hash("yek", "suppress", "a@example.org") != expected


def test_message_ids_are_stable_unique_and_silent() -> None:
    on = date(2026, 3, 1)
    one = message_id(KEY, on, 7, "news.example.org")
    assert one == message_id(KEY, on, 7, "news.example.org")
    local, _, domain = one.partition("@")
    assert domain == "news.example.org"
    assert local.startswith("20260301.")
    assert len(local) == 41
    many = {message_id(KEY, on, reader, "example.org") for reader in range(2000)}
    assert len(many) == 2000
    assert message_id(OLD, on, 7, "news.example.org") != one


def test_seeds_come_from_sha256_of_date_and_reader() -> None:
    # Computed with: printf '2026-03-01/7' | sha256sum | cut -c-16
    assert seed(date(2026, 3, 1), 7) == 0x08DCD00070236105
    assert seed(date(2026, 3, 1), 8) != seed(date(2026, 3, 1), 7)
    assert seed(date(2026, 3, 11), 7) != seed(date(2026, 3, 1), 17)


@pytest.mark.parametrize("subject", ["0", "7", "123456", "a1b2c3" * 8, "ü", "a b", 'a"b', ""])
def test_the_short_way_gives_the_same_token(subject):
    for purpose in (Purpose.UNSUBSCRIBE, Purpose.PREFERENCES):
        token = tokens.sign(["k" * 32, "o" * 32], purpose, subject, NOW)
        assert token == str(tokens._serializer(["k" * 32, "o" * 32], purpose).dumps({"s": subject}))
        assert tokens.read(["k" * 32], purpose, token, NOW) == subject
